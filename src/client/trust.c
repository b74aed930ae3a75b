/* client/trust.c - see trust.h. */
#include "client/trust.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"

#define MAX_FILE (1u << 20)
#define MAX_NAME 300 /* host and port */
#define HEX 64

int sp_trust_parse(const char *text, struct sp_trust *out)
{
	if (strcmp(text, "ask") == 0) {
		out->mode = SP_TRUST_ASK;
	} else if (strcmp(text, "ca") == 0) {
		out->mode = SP_TRUST_CA;
	} else if (strcmp(text, "first-seen") == 0) {
		out->mode = SP_TRUST_FIRST_SEEN;
	} else if (strncmp(text, "pin:", 4) == 0 && sp_cert_pin_parse(text, out->pin) == SP_OK) {
		out->mode = SP_TRUST_PIN;
	} else {
		return SP_EARG;
	}
	return SP_OK;
}

void sp_trust_default_file(char out[SP_TRUST_PATH])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = 0;

	out[0] = '\0';
	if (config && config[0] == '/') {
		n = snprintf(out, SP_TRUST_PATH, "%s/sallyport/known_hosts", config);
	} else if (home && home[0] == '/') {
		n = snprintf(out, SP_TRUST_PATH, "%s/.config/sallyport/known_hosts", home);
	}
	if (!(n < SP_TRUST_PATH)) {
		out[0] = '\0';
	}
}

/* "host:port", "[v6]:port", lower case. */
static void name_of(const char *host, uint16_t port, char out[MAX_NAME])
{
	snprintf(out, MAX_NAME, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	for (char *c = out; *c; c++) {
		*c = (char)tolower((unsigned char)*c);
	}
}

int sp_trust_lookup(const char *file, const char *host, uint16_t port, const uint8_t sha256[32],
		uint8_t seen[32], size_t *line)
{
	struct sp_rcbuf *b = NULL;
	char name[MAX_NAME], hex[HEX + 1];
	int rc = sp_file_read(file, MAX_FILE, &b), found = SP_ENOTFOUND;

	*line = 0;
	if (rc != SP_OK) {
		return rc;
	}
	name_of(host, port, name);
	size_t n_name = strlen(name);
	for (size_t at = 0; at < b->n && found != SP_OK && found != SP_EFIELD;) {
		const char *p = (const char *)b->p + at;
		const char *end = memchr(p, '\n', b->n - at);
		size_t n = end ? (size_t)(end - p) : b->n - at;

		at += n + 1;
		*line += 1;
		while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == ' ' || p[n - 1] == '\t')) {
			n--;
		}
		if (!(n >= n_name && strncasecmp(p, name, n_name) == 0 &&
				    (n == n_name || p[n_name] == ' ' || p[n_name] == '\t'))) {
			continue;
		}
		size_t skip = n_name;
		while (skip < n && (p[skip] == ' ' || p[skip] == '\t')) {
			skip++;
		}
		if (n - skip != HEX) {
			found = SP_EFIELD;
			break;
		}
		memcpy(hex, p + skip, HEX);
		hex[HEX] = '\0';
		if (sp_cert_pin_parse(hex, seen) != SP_OK) {
			found = SP_EFIELD;
		} else {
			found = memcmp(seen, sha256, 32) == 0 ? SP_OK : SP_EDENIED;
		}
	}
	sp_rcbuf_unref(b);
	return found;
}

static enum sp_trust_verdict judge_changed(const struct sp_trust *t, const struct sp_trust_cert *c,
		const uint8_t seen[32], char why[SP_TRUST_WHY])
{
	char was[SP_CERT_PRINT_MAX], is[SP_CERT_PRINT_MAX], name[MAX_NAME];

	sp_cert_print(seen, was);
	sp_cert_print(c->cert_sha256, is);
	name_of(c->host, c->port, name);
	snprintf(why, SP_TRUST_WHY,
			"the certificate has changed\n"
			"  seen before: %s\n"
			"  shown now:   %s\n"
			"Either the server has a new one, or somebody stands in between. When you "
			"know that it\n"
			"is new, remove the line of %s from %s,\n"
			"or give --trust pin:%s",
			was, is, name, t->file, is);
	return SP_TRUST_NO;
}

static enum sp_trust_verdict judge_seen(
		const struct sp_trust *t, const struct sp_trust_cert *c, char why[SP_TRUST_WHY])
{
	char is[SP_CERT_PRINT_MAX];
	uint8_t seen[32];
	size_t line = 0;
	int rc = SP_ENOTFOUND;

	if (t->file[0]) {
		rc = sp_trust_lookup(t->file, c->host, c->port, c->cert_sha256, seen, &line);
	}
	switch (rc) {
	case SP_OK:
		return SP_TRUST_YES;
	case SP_EDENIED:
		return judge_changed(t, c, seen, why);
	case SP_ENOTFOUND:
		sp_cert_print(c->cert_sha256, is);
		snprintf(why, SP_TRUST_WHY, "certificate not seen before%s%s\n  SHA-256 %s",
				c->complaint ? ": " : "", c->complaint ? c->complaint : "", is);
		return t->mode == SP_TRUST_ASK ? SP_TRUST_UNSURE : SP_TRUST_NEW;
	case SP_EFIELD:
		snprintf(why, SP_TRUST_WHY, "%s:%zu: line damaged", t->file, line);
		return SP_TRUST_NO;
	default:
		snprintf(why, SP_TRUST_WHY, "%s: %s", t->file,
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		return SP_TRUST_NO;
	}
}

enum sp_trust_verdict sp_trust_judge(
		const struct sp_trust *t, const struct sp_trust_cert *c, char why[SP_TRUST_WHY])
{
	char is[SP_CERT_PRINT_MAX];

	why[0] = '\0';
	switch (t->mode) {
	case SP_TRUST_CA:
		if (c->complaint) {
			snprintf(why, SP_TRUST_WHY, "certificate not trusted: %s", c->complaint);
			return SP_TRUST_NO;
		}
		return SP_TRUST_YES;
	case SP_TRUST_PIN:
		if (memcmp(t->pin, c->cert_sha256, 32) == 0 ||
				memcmp(t->pin, c->spki_sha256, 32) == 0) {
			return SP_TRUST_YES;
		}
		sp_cert_print(c->cert_sha256, is);
		snprintf(why, SP_TRUST_WHY,
				"certificate is not the pinned one\n  shown: SHA-256 %s", is);
		return SP_TRUST_NO;
	default:
		return judge_seen(t, c, why);
	}
}

/* The folders above the file, as far as they are missing. */
static int make_folders(const char *file)
{
	char path[SP_TRUST_PATH];

	snprintf(path, sizeof(path), "%s", file);
	for (char *c = path + 1; *c; c++) {
		if (*c == '/') {
			*c = '\0';
			if (mkdir(path, 0700) != 0 && errno != EEXIST) {
				return SP_ESYS;
			}
			*c = '/';
		}
	}
	return SP_OK;
}

int sp_trust_remember(const struct sp_trust *t, const struct sp_trust_cert *c)
{
	char name[MAX_NAME], line[MAX_NAME + HEX + 4];
	uint8_t last = '\n';
	struct stat st;

	if (make_folders(t->file) != SP_OK) {
		return SP_ESYS;
	}
	int fd = open(t->file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		return SP_ESYS;
	}
	/* Somebody's editor may have left the last line without its end. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1) {
		last = '\n';
	}
	name_of(c->host, c->port, name);
	int n = snprintf(line, sizeof(line), "%s%s ", last == '\n' ? "" : "\n", name);
	for (int i = 0; i < 32; i++) {
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%02x", c->cert_sha256[i]);
	}
	line[n++] = '\n';
	/* One write, so that two clients do not mix their lines. */
	ssize_t done = write(fd, line, (size_t)n);
	int saved = errno;
	close(fd);
	errno = done < 0 ? saved : ENOSPC;
	return done == n ? SP_OK : SP_ESYS;
}
