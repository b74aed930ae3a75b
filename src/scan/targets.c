/* scan/targets.c - see targets.h. */
#include "scan/targets.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/loop.h"
#include "scan/public.h"
#include "scan/targets_part.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024)
#define DEFAULT_PORT 3389
#define NONE_THERE "the name has no address"

struct sp_targets *sp_targets_create(void)
{
	struct sp_targets *t = sp_calloc(1, sizeof(*t));

	if (t) {
		t->port[0] = DEFAULT_PORT;
		t->n_ports = 1;
	}
	return t;
}

void sp_targets_destroy(struct sp_targets *t)
{
	for (size_t i = 0; t && i < t->n; i++) {
		sp_free(t->v[i].addr);
	}
	if (t) {
		sp_free(t->v);
		sp_free(t->lone);
		sp_free(t);
	}
}

static struct sp_target *grow(struct sp_targets *t)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		struct sp_target *v = sp_realloc(t->v, cap * sizeof(*v));

		if (!v) {
			return NULL;
		}
		t->v = v;
		t->cap = cap;
	}
	memset(&t->v[t->n], 0, sizeof(*t->v));
	return &t->v[t->n++];
}

static int refuse(char why[SP_WHY_MAX], const char *text, const char *what)
{
	snprintf(why, SP_WHY_MAX, "%.150s: %s", text, what);
	return SP_EARG;
}

/* ---- reading ---- */

static bool number_of(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *out <= max;
}

/* "fe80::1%eth0": such an address means nothing without its interface. */
static bool zoned(const char *text, struct sp_addr *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');
	size_t n = zone ? (size_t)(zone - text) : 0;

	if (!(0 < n && n < sizeof(host))) {
		return false;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	out->u.v6.sin6_family = AF_INET6;
	out->u.v6.sin6_scope_id = if_nametoindex(zone + 1);
	out->n = sizeof(out->u.v6);
	return inet_pton(AF_INET6, host, &out->u.v6.sin6_addr) == 1 &&
			IN6_IS_ADDR_LINKLOCAL(&out->u.v6.sin6_addr) && out->u.v6.sin6_scope_id != 0;
}

static bool address_of(const char *text, struct sp_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (strchr(text, '%')) {
		return zoned(text, out);
	}
	if (inet_pton(AF_INET, text, &out->u.v4.sin_addr) == 1) {
		out->u.v4.sin_family = AF_INET;
		out->n = sizeof(out->u.v4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &out->u.v6.sin6_addr) == 1) {
		out->u.v6.sin6_family = AF_INET6;
		out->n = sizeof(out->u.v6);
		return true;
	}
	return false;
}

static uint8_t *bytes_of(struct sp_addr *a, size_t *n)
{
	bool v4 = a->u.ss.ss_family == AF_INET;

	*n = v4 ? 4 : 16;
	return v4 ? (uint8_t *)&a->u.v4.sin_addr : a->u.v6.sin6_addr.s6_addr;
}

void sp_target_step(struct sp_addr *a, uint64_t by)
{
	size_t n;
	uint8_t *p = bytes_of(a, &n);

	while (n > 0 && by > 0) {
		by += p[--n];
		p[n] = (uint8_t)by;
		by >>= 8;
	}
}

/* "10.0.0.0/24": bits behind the prefix that are set are no harm. */
static int add_range(struct sp_targets *t, const char *text, char *slash, char why[SP_WHY_MAX])
{
	struct sp_addr a;
	unsigned long prefix;
	size_t n;

	*slash = '\0';
	bool address = !strchr(text, '%') && address_of(text, &a);
	*slash = '/';
	if (!address) {
		return refuse(why, text, "a range begins with an address");
	}
	uint8_t *p = bytes_of(&a, &n);
	if (!number_of(slash + 1, n * 8, &prefix)) {
		return refuse(why, text, "not the length of a prefix");
	}
	size_t bits = n * 8 - prefix;
	if (bits > SP_TARGETS_RANGE_BITS) {
		return refuse(why, text, "more than 16,777,216 addresses");
	}
	for (size_t i = prefix; i < n * 8; i++) {
		p[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	}
	struct sp_target *v = grow(t);
	struct sp_addr *first = sp_calloc(1, sizeof(*first));
	if (!v || !first) {
		sp_free(first);
		return SP_ENOMEM;
	}
	v->addr = first;
	v->n = 1;
	v->range = UINT64_C(1) << bits;
	/* The network's own address and that of all its hosts are nobody's. */
	if (n == 4 && bits >= 2) {
		sp_target_step(&a, 1);
		v->range -= 2;
	}
	*first = a;
	return SP_OK;
}

static bool name_ok(const char *host)
{
	for (const char *c = host; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c)) {
			return false;
		}
	}
	return host[0] != '\0' && host[0] != '-';
}

/*
 * "10.0.0.300", "10.1", "0x7f000001", "10.0.0.1-20": no name ends like that, and the C library would
 * make an address out of some of them that nobody meant.
 */
static bool numeric_name(const char *host)
{
	size_t n = strlen(host);

	n -= n > 0 && host[n - 1] == '.';
	size_t at = n;
	while (at > 0 && host[at - 1] != '.') {
		at--;
	}
	const char *label = host + at;
	n -= at;
	if (n > 1 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
		return strspn(label + 2, "0123456789abcdefABCDEF") + 2 >= n;
	}
	return strspn(label, at > 0 ? "0123456789-" : "0123456789") >= n;
}

static int add_host(struct sp_targets *t, const char *text, char why[SP_WHY_MAX])
{
	struct sp_addr a;
	char host[SP_SCAN_TEXT];
	uint16_t port = 0, other = 1;

	/* A port that is 0, whatever it is where there is none. */
	if (sp_addr_split(text, 1, host, sizeof(host), &other) != SP_OK ||
			sp_addr_split(text, 0, host, sizeof(host), &port) != SP_OK || other == 0) {
		return refuse(why, text, "neither a name, an address, nor one with a port");
	}
	bool numeric = address_of(host, &a);
	if (!numeric && !name_ok(host)) {
		return refuse(why, text,
				strchr(host, '%') ? "no link-local address with an interface of "
						    "this machine"
						  : "neither a name nor an address");
	}
	if (!numeric && numeric_name(host)) {
		return refuse(why, text, "no address; a network is written 10.0.0.0/24");
	}
	struct sp_target *v = grow(t);
	if (!v) {
		return SP_ENOMEM;
	}
	memcpy(v->host, host, sizeof(host));
	v->port = port;
	v->name = !numeric;
	if (numeric) {
		v->addr = sp_calloc(1, sizeof(a));
		if (!v->addr) {
			return SP_ENOMEM;
		}
		*v->addr = a;
		v->n = 1;
	}
	return SP_OK;
}

/* As our own reports write places: without what a URI has around one. */
static const char *bare(const char *text, int *n)
{
	static const char scheme[] = "rdp://";
	const char *place = strncasecmp(text, scheme, sizeof(scheme) - 1) == 0
			? text + sizeof(scheme) - 1
			: text;

	*n = (int)strnlen(place, SP_SCAN_TEXT);
	*n -= place != text && *n > 0 && place[*n - 1] == '/';
	return place;
}

static int add_one(struct sp_targets *t, const char *text, char why[SP_WHY_MAX])
{
	char copy[SP_SCAN_TEXT];
	int n = 0;
	const char *place = bare(text, &n);

	n = snprintf(copy, sizeof(copy), "%.*s", n, place);

	if (!(n > 0 && (size_t)n < sizeof(copy))) {
		return refuse(why, text, n > 0 ? "too long" : "empty");
	}
	if (t->n >= SP_TARGETS_MAX) {
		return refuse(why, text, "too many targets");
	}
	char *slash = strchr(copy, '/');
	int rc = slash ? add_range(t, copy, slash, why) : add_host(t, copy, why);
	if (rc == SP_ENOMEM) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(rc));
	}
	return rc;
}

int sp_targets_add_file(struct sp_targets *t, const char *path, char why[SP_WHY_MAX])
{
	struct sp_rcbuf *file;
	char said[SP_WHY_MAX], *save = NULL;
	unsigned line = 0;

	bool in = strcmp(path, "-") == 0;
	int rc = sp_file_read(in ? "/dev/stdin" : path, FILE_MAX, &file);
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%.150s: %s", path,
				rc == SP_ESYS || rc == SP_ENOTFOUND ? strerror(errno)
								    : sp_err_text(rc));
		return rc;
	}
	char *text = sp_calloc(1, file->n + 1);
	if (text) {
		memcpy(text, file->p, file->n);
	}
	rc = text ? SP_OK : SP_ENOMEM;
	/* Editors of Windows begin a text like that. */
	save = text && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	for (char *at; rc == SP_OK && (at = strsep(&save, "\n"));) {
		char *words = at, *word;

		line++;
		at[strcspn(at, "#")] = '\0';
		while (rc == SP_OK && (word = strsep(&words, " \t\r,"))) {
			rc = *word ? add_one(t, word, said) : SP_OK;
		}
	}
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%.80s:%u: %.150s", path, line,
				rc == SP_ENOMEM ? sp_err_text(rc) : said);
	}
	sp_free(text);
	sp_rcbuf_unref(file);
	return rc;
}

int sp_targets_add(struct sp_targets *t, const char *text, char why[SP_WHY_MAX])
{
	return text[0] == '@' ? sp_targets_add_file(t, text + 1, why) : add_one(t, text, why);
}

static int add_port(struct sp_targets *t, unsigned long port, char why[SP_WHY_MAX])
{
	for (size_t i = 0; i < t->n_ports; i++) {
		if (t->port[i] == port) {
			return SP_OK;
		}
	}
	if (t->n_ports == SP_TARGETS_PORTS) {
		return refuse(why, "ports", "too many");
	}
	t->port[t->n_ports++] = (uint16_t)port;
	return SP_OK;
}

int sp_targets_ports(struct sp_targets *t, const char *list, char why[SP_WHY_MAX])
{
	char copy[512], *save = copy, *word;
	int rc = SP_OK;

	snprintf(copy, sizeof(copy), "%s", list);
	t->n_ports = 0;
	while (rc == SP_OK && (word = strsep(&save, ","))) {
		char *dash = strchr(word, '-');
		unsigned long from, to;

		if (dash) {
			*dash = '\0';
		}
		if (strlen(list) >= sizeof(copy) || !number_of(word, 65535, &from) || from == 0 ||
				(dash && !number_of(dash + 1, 65535, &to))) {
			return refuse(why, list, "not a list of ports");
		}
		to = dash ? to : from;
		for (unsigned long p = from; rc == SP_OK && p <= to; p++) {
			rc = add_port(t, p, why);
		}
	}
	return rc == SP_OK && t->n_ports == 0 ? refuse(why, list, "no ports") : rc;
}

/* ---- names ---- */

static bool known(const struct sp_target *v, const struct addrinfo *a)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->addr[i].n == a->ai_addrlen &&
				memcmp(&v->addr[i].u, a->ai_addr, a->ai_addrlen) == 0) {
			return true;
		}
	}
	return false;
}

static int take_addresses(struct sp_target *v, const struct addrinfo *list)
{
	size_t n = 0;

	for (const struct addrinfo *a = list; a && n < SP_TARGETS_ADDRESSES; a = a->ai_next) {
		n++;
	}
	v->addr = sp_calloc(n + 1, sizeof(*v->addr));
	if (!v->addr) {
		return SP_ENOMEM;
	}
	for (; list && v->n < n; list = list->ai_next) {
		if ((list->ai_family == AF_INET || list->ai_family == AF_INET6) &&
				!known(v, list)) {
			memcpy(&v->addr[v->n].u, list->ai_addr, list->ai_addrlen);
			v->addr[v->n++].n = list->ai_addrlen;
		}
	}
	return SP_OK;
}

const char *sp_targets_why(int err)
{
	switch (err) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return NONE_THERE;
	case EAI_INPROGRESS:
	case EAI_AGAIN:
		return "no name server answered for it";
	default:
		return "the name could not be looked up";
	}
}

static bool answered(struct gaicb **list, int n)
{
	for (int i = 0; i < n; i++) {
		if (gai_error(list[i]) == EAI_INPROGRESS) {
			return false;
		}
	}
	return true;
}

/*
 * Waits until all are answered or the time is over. gai_suspend() would leave what it waits with on
 * its stack when an answer comes just then, and the library's threads write there later.
 */
static void wait_for(struct gaicb **list, int n, uint64_t deadline_us)
{
	struct timespec step = {.tv_nsec = 1000000};

	while (!answered(list, n) && sp_now_us() < deadline_us) {
		nanosleep(&step, NULL);
		step.tv_nsec = step.tv_nsec < 32000000 ? 2 * step.tv_nsec : step.tv_nsec;
	}
}

int sp_targets_resolve(struct sp_targets *t, uint64_t deadline_us)
{
	/* The C library's threads may write here after the deadline: these are never freed then. */
	static const struct addrinfo hints = {
			.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct gaicb *cb = sp_calloc(t->n + 1, sizeof(*cb));
	struct gaicb **list = sp_calloc(t->n + 1, sizeof(*list));
	char(*names)[SP_SCAN_TEXT] = sp_calloc(t->n + 1, sizeof(*names));
	size_t *of = sp_calloc(t->n + 1, sizeof(*of));
	int n = 0, rc = cb && list && names && of ? sp_targets_once(t) : SP_ENOMEM;
	bool late = false;

	for (size_t i = 0; rc == SP_OK && i < t->n; i++) {
		if (t->v[i].name && !t->v[i].again) {
			memcpy(names[n], t->v[i].host, sizeof(names[n]));
			cb[n] = (struct gaicb){.ar_name = names[n], .ar_request = &hints};
			of[n] = i;
			list[n] = &cb[n];
			n++;
		}
	}
	if (rc == SP_OK && n > 0 && getaddrinfo_a(GAI_NOWAIT, list, n, NULL) != 0) {
		rc = SP_ESYS;
	}
	if (rc == SP_OK) {
		wait_for(list, n, deadline_us);
	}
	for (int i = 0; rc == SP_OK && i < n; i++) {
		int err = gai_error(list[i]);

		t->v[of[i]].why = sp_targets_why(err);
		if (err == EAI_INPROGRESS && gai_cancel(list[i]) != EAI_CANCELED) {
			late = true;
		} else if (err == 0) {
			rc = take_addresses(&t->v[of[i]], cb[i].ar_result);
			freeaddrinfo(cb[i].ar_result);
		}
	}
	if (!late) {
		sp_free(cb);
		sp_free(names);
	}
	sp_free(list);
	sp_free(of);
	return rc;
}

/* ---- whose addresses they are ---- */

static bool local(const struct sp_addr *a)
{
	char text[SP_ADDR_TEXT_MAX];

	sp_addr_host_text(a, text);
	return !sp_scan_public(text);
}

bool sp_targets_public(const struct sp_targets *t, char out[SP_ADDR_TEXT_MAX])
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->v[i].n; k++) {
			struct sp_addr a = t->v[i].addr[k];

			if (local(&a) && t->v[i].range > 1) {
				/* No range is as large as that it could reach over a local one. */
				sp_target_step(&a, t->v[i].range - 1);
			}
			if (!local(&a)) {
				sp_addr_host_text(&a, out);
				return true;
			}
		}
	}
	return false;
}

/* ---- one after the other ---- */

static uint64_t addresses(const struct sp_target *v)
{
	return v->again ? 0 : v->range ? v->range : v->n;
}

bool sp_targets_empty(const struct sp_targets *t)
{
	return t->n == 0;
}

uint64_t sp_targets_count(const struct sp_targets *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		n += addresses(&t->v[i]) * (t->v[i].port ? 1 : t->n_ports) - t->v[i].elsewhere;
	}
	return n;
}

static void fill(
		const struct sp_targets *t, const struct sp_target *v, struct sp_scan_endpoint *out)
{
	uint16_t port = v->port ? v->port : t->port[t->at_port];

	out->to = v->range ? v->addr[0] : v->addr[t->at_addr];
	if (v->range) {
		char text[SP_ADDR_TEXT_MAX];

		sp_target_step(&out->to, t->at_addr);
		sp_addr_host_text(&out->to, text);
		snprintf(out->host, sizeof(out->host), "%s", text);
	} else {
		memcpy(out->host, v->host, sizeof(out->host));
	}
	if (out->to.u.ss.ss_family == AF_INET) {
		out->to.u.v4.sin_port = htons(port);
	} else {
		out->to.u.v6.sin6_port = htons(port);
	}
	out->lone = v->range == 0;
}

int sp_targets_next(struct sp_targets *t, struct sp_scan_endpoint *out, bool *first,
		char why[SP_WHY_MAX])
{
	while (t->at < t->n) {
		const struct sp_target *v = &t->v[t->at];

		memset(out, 0, sizeof(*out));
		if (t->at_addr >= addresses(v)) {
			t->at++;
			t->at_addr = 0;
			if (v->n == 0 && !v->again) {
				memcpy(out->host, v->host, sizeof(out->host));
				out->to.u.v4.sin_family = AF_INET;
				out->to.u.v4.sin_port = htons(v->port ? v->port : t->port[0]);
				out->lone = true;
				snprintf(why, SP_WHY_MAX, "%s", v->why ? v->why : NONE_THERE);
				return SP_ENOTFOUND;
			}
			continue;
		}
		fill(t, v, out);
		*first = t->at_port == 0;
		bool elsewhere = v->elsewhere > 0 &&
				sp_target_elsewhere(t, &out->to, t->port[t->at_port]);
		if (++t->at_port >= (v->port ? 1 : t->n_ports)) {
			t->at_port = 0;
			t->at_addr++;
		}
		if (elsewhere) {
			continue;
		}
		return 1;
	}
	return 0;
}
