/* app/doctor_port.c - who listens on our port, from where it can be reached, and what the filter does. */
#include <arpa/inet.h>
#include <dirent.h>
#include <glob.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/firewall.h"
#include "host/io/fdio.h"
#include "scan/public.h"

#define G APP_DOCTOR_PORT
#define LISTEN_STATE 0x0a
#define RULES_MAX ((size_t)4 * 1024 * 1024)

/* ---- who listens ---- */

/* "0100007F:0D3D" or the 32 digits of IPv6, each group of eight in this machine's order. */
static bool read_address(const char *text, uint8_t addr[16], size_t *n, uint32_t *port)
{
	const char *colon = strchr(text, ':');
	size_t digits = colon != NULL ? (size_t)(colon - text) : 0;

	if (digits != 8 && digits != 32) {
		return false;
	}
	memset(addr, 0, 16);
	*n = digits / 2;
	for (size_t i = 0; i < digits / 8; i++) {
		char group[9] = "";
		memcpy(group, text + 8 * i, 8);
		uint32_t v = (uint32_t)strtoul(group, NULL, 16);
		memcpy(addr + 4 * i, &v, 4);
	}
	*port = (uint32_t)strtoul(colon + 1, NULL, 16);
	return true;
}

/* The socket that listens there: its number, 0 for none. */
static uint64_t find_socket(const struct sp_conf_listen *l)
{
	FILE *f = fopen(l->family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
	char line[512], local[80];
	unsigned long long inode, found = 0;
	unsigned state;
	uint8_t addr[16];
	uint32_t port;
	size_t n;

	while (f != NULL && found == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*s %79s %*s %x %*s %*s %*s %*s %*s %llu", local, &state,
				    &inode) == 3 &&
				state == LISTEN_STATE && read_address(local, addr, &n, &port) &&
				port == l->port && memcmp(addr, l->addr, n) == 0) {
			found = inode;
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return found;
}

static bool holds(const char *pid, const char *wanted)
{
	char path[300], to[64];
	struct dirent *e;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	DIR *dir = opendir(path);
	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1);
		if (n > 0) {
			to[n] = '\0';
			found = strcmp(to, wanted) == 0;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return found;
}

/* The program that has the socket; empty when that is not to be seen. */
static void holder(uint64_t inode, char *name, size_t cap)
{
	char wanted[48], path[64];
	DIR *dir = opendir("/proc");
	struct dirent *e;

	name[0] = '\0';
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	while (dir != NULL && name[0] == '\0' && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] < '0' || '9' < e->d_name[0] || !holds(e->d_name, wanted)) {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		FILE *f = fopen(path, "re");
		if (f != NULL && fgets(name, (int)cap, f) != NULL) {
			name[strcspn(name, "\n")] = '\0';
		}
		if (f != NULL) {
			fclose(f);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

static void listener(struct app_doctor *d, const struct sp_conf_listen *l)
{
	uint64_t inode = find_socket(l);
	char name[64];

	if (inode == 0) {
		bool runs = !app_doctor_found(d, "service.runs");
		app_doctor_say(d, G, "listens", runs ? APP_DOCTOR_BAD : APP_DOCTOR_INFO, l->text,
				"nobody listens there%s", runs ? ", though the service runs" : "");
		if (runs) {
			app_doctor_todo(d, "a change of listen needs a restart: %s",
					app_doctor_restart(d));
		}
		return;
	}
	holder(inode, name, sizeof(name));
	if (name[0] == '\0') {
		app_doctor_say(d, G, "listens", APP_DOCTOR_UNKNOWN, l->text,
				"somebody listens there; who it is only root may see");
	} else if (strcmp(name, "sallyportd") != 0) {
		app_doctor_say(d, G, "listens", APP_DOCTOR_BAD, l->text,
				"not we but %s listens there", name);
		app_doctor_todo(d, "stop that program, or choose another port (listen)");
	} else {
		app_doctor_say(d, G, "listens", APP_DOCTOR_OK, l->text,
				"the service listens there");
	}
}

/* ---- from where it is reached ---- */

/* An address that is routed in the internet. */
static bool is_public(const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN];
	const void *a = NULL;

	if (sa->sa_family == AF_INET) {
		a = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	} else if (sa->sa_family == AF_INET6) {
		a = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	}
	return a != NULL && inet_ntop(sa->sa_family, a, text, sizeof(text)) != NULL &&
			sp_scan_public(text);
}

static bool listens_at(const struct sp_conf *c, const struct sockaddr *sa)
{
	static const uint8_t zero[16];

	for (size_t i = 0; i < c->n_listen; i++) {
		const struct sp_conf_listen *l = &c->listen[i];
		bool any = memcmp(l->addr, zero, sizeof(zero)) == 0;
		const void *a = sa->sa_family == AF_INET
				? (const void *)&((const struct sockaddr_in *)(const void *)sa)
						  ->sin_addr
				: (const void *)&((const struct sockaddr_in6 *)(const void *)sa)
						  ->sin6_addr;

		bool both = l->family == AF_INET6 && !l->six_only;

		if ((any && (both || l->family == sa->sa_family)) ||
				(l->family == sa->sa_family &&
						memcmp(l->addr, a,
								sa->sa_family == AF_INET
										? 4
										: 16) == 0)) {
			return true;
		}
	}
	return false;
}

static void reached(struct app_doctor *d)
{
	char list[200] = "", text[INET6_ADDRSTRLEN];
	struct ifaddrs *all = NULL;
	size_t n = 0;

	if (getifaddrs(&all) != 0) {
		app_doctor_say(d, G, "public", APP_DOCTOR_UNKNOWN, NULL,
				"this machine's addresses cannot be listed");
		return;
	}
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !is_public(i->ifa_addr) ||
				!listens_at(d->conf, i->ifa_addr)) {
			continue;
		}
		size_t at = strlen(list);
		const void *a = i->ifa_addr->sa_family == AF_INET
				? (const void *)&((const struct sockaddr_in *)(const void *)
								  i->ifa_addr)
						  ->sin_addr
				: (const void *)&((const struct sockaddr_in6 *)(const void *)
								  i->ifa_addr)
						  ->sin6_addr;
		inet_ntop(i->ifa_addr->sa_family, a, text, sizeof(text));
		snprintf(list + at, sizeof(list) - at, "%s%s", n > 0 ? ", " : "", text);
		n++;
	}
	freeifaddrs(all);
	if (n > 0) {
		app_doctor_say(d, G, "public", APP_DOCTOR_INFO, NULL,
				"it listens at public address%s %s: whoever scans the internet "
				"finds it, unless a filter closes it",
				n > 1 ? "es" : "", list);
	} else {
		app_doctor_say(d, G, "public", APP_DOCTOR_OK, NULL,
				"it listens at no public address of this machine");
	}
}

/* ---- the packet filter ---- */

static void tell(void *arg, const char *text)
{
	struct app_doctor *d = arg;

	app_doctor_say(d, G, "firewall", APP_DOCTOR_WARN, NULL, "%s", text);
	app_doctor_todo(d, "%s | nft -f -", app_doctor_own(d, "firewall"));
}

void app_doctor_firewall(struct app_doctor *d, const struct sp_firewall *is)
{
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall want;

	if (sp_firewall_want(&want, d->conf, why) != SP_OK) {
		app_doctor_say(d, G, "firewall", APP_DOCTOR_UNKNOWN, NULL, "%s", why);
		return;
	}
	int n = sp_firewall_diff(&want, is, tell, d);
	if (n == 0 && want.n_doors == 0) {
		app_doctor_say(d, G, "firewall", APP_DOCTOR_OK, NULL,
				"no filter is needed: it listens on this machine only");
	} else if (n == 0) {
		app_doctor_say(d, G, "firewall", APP_DOCTOR_OK, NULL,
				"the filter lets in whom the configuration lets in");
	} else if (n < 0) {
		app_doctor_say(d, G, "firewall", APP_DOCTOR_UNKNOWN, NULL, "%s", sp_err_text(n));
	}
	if (want.n_doors > 0 && (is->ufw || is->firewalld || is->docker)) {
		app_doctor_say(d, G, "filters", APP_DOCTOR_INFO, NULL,
				"also seen:%s%s%s; what they close stays closed",
				is->ufw ? " ufw" : "", is->firewalld ? " firewalld" : "",
				is->docker ? " docker" : "");
	}
	sp_firewall_finish(&want);
}

static bool mentions(const char *path, const char *what)
{
	struct sp_rcbuf *file;
	bool found = false;

	if (sp_file_read(path, RULES_MAX, &file) == SP_OK) {
		found = what[0] == '\0' ||
				(file->n > 0 &&
						memmem(file->p, file->n, what, strlen(what)) !=
								NULL);
		sp_rcbuf_unref(file);
	}
	return found;
}

/* Does one of these files mention it? Names may have wildcards. */
static bool any_mentions(const char *root, const char *const names[], size_t n, const char *what)
{
	bool found = false;
	char path[PATH_MAX];
	glob_t g;

	for (size_t i = 0; !found && i < n; i++) {
		snprintf(path, sizeof(path), "%s%s", root, names[i]);
		if (glob(path, 0, NULL, &g) != 0) {
			continue;
		}
		for (size_t k = 0; !found && k < g.gl_pathc; k++) {
			found = mentions(g.gl_pathv[k], what);
		}
		globfree(&g);
	}
	return found;
}

/* Would the rules be loaded again: by nftables.service, or by what somebody wrote for it? */
static bool comes_back(const char *root)
{
	static const char *const wants[] = {"/etc/systemd/system/*.target.wants/nftables.service"};
	static const char *const own[] = {"/etc/systemd/system/*.service",
			"/etc/systemd/system/*.service.d/*.conf", "/etc/network/if-pre-up.d/*"};
	static const char *const conf[] = {"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"};
	static const char *const more[] = {"/etc/nftables.d/*", "/etc/nftables/*"};
	bool included = any_mentions(root, conf, SP_LEN(conf), "/etc/nftables");

	if (any_mentions(root, own, SP_LEN(own), "sallyport firewall")) {
		return true;
	}
	return any_mentions(root, wants, SP_LEN(wants), "") &&
			(any_mentions(root, conf, SP_LEN(conf), "inet sallyport") ||
					(included &&
							any_mentions(root, more, SP_LEN(more),
									"inet sallyport")));
}

void app_doctor_firewall_start(struct app_doctor *d, const char *root)
{
	if (comes_back(root)) {
		app_doctor_say(d, G, "firewall-start", APP_DOCTOR_OK, NULL,
				"its rules are loaded again when this machine starts");
	} else {
		app_doctor_say(d, G, "firewall-start", APP_DOCTOR_WARN, NULL,
				"nothing that is known here loads its rules again when this "
				"machine starts");
		app_doctor_todo(d, "man sallyport-firewall, EXAMPLES: nftables.service");
	}
}

void app_doctor_port(struct app_doctor *d)
{
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall is;

	for (size_t i = 0; i < d->conf->n_listen; i++) {
		listener(d, &d->conf->listen[i]);
	}
	reached(d);
	int rc = app_firewall_loaded(&is, why);
	if (rc == SP_OK) {
		app_doctor_firewall(d, &is);
		if (is.there && is.n_doors > 0 && d->installed) {
			app_doctor_firewall_start(d, "");
		}
		sp_firewall_finish(&is);
	} else if (!app_doctor_away(d->conf)) {
		struct sp_firewall none = {.there = false};
		app_doctor_firewall(d, &none);
	} else {
		app_doctor_say(d, G, "firewall", APP_DOCTOR_UNKNOWN, NULL,
				"the packet filter cannot be looked at: %s", why);
	}
}
