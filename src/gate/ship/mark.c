/* gate/ship/mark.c - see mark.h. */
#include "gate/ship/mark.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/io/fdio.h"

size_t sp_mark_write(const struct sp_mark *m, char out[SP_MARK_MAX])
{
	char hash[2 * SP_RECORD_HASH + 1];

	for (size_t i = 0; i < SP_RECORD_HASH; i++) {
		snprintf(hash + 2 * i, 3, "%02x", m->hash[i]);
	}
	int n = snprintf(out, SP_MARK_MAX,
			"sallyport ship 1\nseq %" PRIu64 "\nhash %s\ntime %" PRIu64
			"\nmissed %" PRIu64 "\n",
			m->seq, hash, m->wall_ns, m->missed);
	return (size_t)n;
}

static bool take(struct sp_span *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || memcmp(s->p, word, n) != 0) {
		return false;
	}
	s->p += n;
	s->n -= n;
	return true;
}

static bool take_num(struct sp_span *s, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < s->n && '0' <= s->p[n] && s->p[n] <= '9') {
		uint64_t d = (uint64_t)(s->p[n] - '0');
		if (*out > (UINT64_MAX - d) / 10) {
			return false;
		}
		*out = *out * 10 + d;
		n++;
	}
	s->p += n;
	s->n -= n;
	return n > 0;
}

static int digit(uint8_t c)
{
	return '0' <= c && c <= '9' ? c - '0' : 'a' <= c && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hash(struct sp_span *s, uint8_t out[SP_RECORD_HASH])
{
	if (s->n < 2 * SP_RECORD_HASH) {
		return false;
	}
	for (size_t i = 0; i < SP_RECORD_HASH; i++) {
		int a = digit(s->p[2 * i]), b = digit(s->p[2 * i + 1]);
		if (a < 0 || b < 0) {
			return false;
		}
		out[i] = (uint8_t)(a << 4 | b);
	}
	s->p += 2 * SP_RECORD_HASH;
	s->n -= 2 * SP_RECORD_HASH;
	return true;
}

int sp_mark_read(struct sp_span text, struct sp_mark *out)
{
	struct sp_span s = text;

	memset(out, 0, sizeof(*out));
	bool good = take(&s, "sallyport ship 1\nseq ") && take_num(&s, &out->seq) &&
			take(&s, "\nhash ") && take_hash(&s, out->hash) && take(&s, "\ntime ") &&
			take_num(&s, &out->wall_ns) && take(&s, "\nmissed ") &&
			take_num(&s, &out->missed) && take(&s, "\n") && s.n == 0;
	return good && out->seq < INT64_MAX ? SP_OK : SP_EFIELD;
}

int sp_mark_folder(const char *path)
{
	char aside[PATH_MAX], file[PATH_MAX];
	struct stat st;
	/* No destination has a name with that sign. */
	int n = snprintf(aside, sizeof(aside), "%s@mark", path);
	int k = snprintf(file, sizeof(file), "%s/" SP_MARK_FILE, path);

	if (!((size_t)n < sizeof(aside) && (size_t)k < sizeof(file))) {
		errno = ENAMETOOLONG;
		return SP_ESYS;
	}
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && rename(path, aside) != 0) {
		return SP_ESYS;
	}
	if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
			(rename(aside, file) != 0 && errno != ENOENT)) {
		return SP_ESYS;
	}
	return SP_OK;
}

int sp_mark_load(const char *path, struct sp_mark *out)
{
	struct sp_rcbuf *b;
	int rc = sp_file_read(path, SP_MARK_MAX, &b);

	memset(out, 0, sizeof(*out));
	if (rc == SP_OK) {
		rc = sp_mark_read(sp_span(b->p, b->n), out);
		sp_rcbuf_unref(b);
	}
	return rc;
}

int sp_mark_save(const char *path, const struct sp_mark *m)
{
	char text[SP_MARK_MAX];

	return sp_file_write(path, 0600, sp_span(text, sp_mark_write(m, text)));
}
