/* host/conf/ship.c - see ship.h. */
#include "host/conf/ship.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/conf/part.h"
#include "host/conf/words.h"

static const char *const types[] = {[SP_SHIP_FILE] = "file",
		[SP_SHIP_SYSLOG] = "syslog",
		[SP_SHIP_JOURNALD] = "journald",
		[SP_SHIP_WEBHOOK] = "webhook"};

static const char *const formats[] = {[SP_SHIP_JSON] = "json",
		[SP_SHIP_RFC5424] = "rfc5424",
		[SP_SHIP_CEF] = "cef",
		[SP_SHIP_OCSF] = "ocsf"};

const char *sp_ship_type_word(uint32_t type)
{
	return type < SP_SHIP_TYPES ? types[type] : "?";
}

static void read_type(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;
	int i = sp_conf_choice(r, s, types, SP_LEN(types));

	d->type = i > 0 ? (enum sp_ship_type)i : SP_SHIP_FILE;
}

static void read_format(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;
	int i = sp_conf_choice(r, s, formats, SP_LEN(formats));

	d->format = i > 0 ? (enum sp_ship_format)i : SP_SHIP_JSON;
}

/* It is the name of a file, and stands in metrics. */
static void read_name(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (!sp_words_name(text) || strchr(text, '@') != NULL) {
		sp_conf_mistake(r, s, "name: \"%s\" is no name (a-z, 0-9, . _ -)", text);
		return;
	}
	snprintf(d->name, sizeof(d->name), "%s", text);
}

static void read_path(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_path(r, s, ((struct sp_conf_ship *)to)->path);
}

static void read_ca(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;

	sp_conf_read_path(r, s, d->ca);
	sp_conf_check_file(r, s, d->ca);
}

static void read_secret(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;

	sp_conf_read_path(r, s, d->secret);
	sp_conf_check_file(r, s, d->secret);
}

static void read_loopback(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &((struct sp_conf_ship *)to)->loopback);
}

/* "host:port" or "[v6]:port"; a port of 0: the one given. */
static bool split(const char *text, size_t n, uint32_t port, struct sp_conf_ship *d)
{
	const char *end = text + n, *host = text, *colon = NULL;
	size_t host_n = n;

	if (n > 0 && text[0] == '[') {
		const char *close = memchr(text, ']', n);
		if (close == NULL) {
			return false;
		}
		host = text + 1;
		host_n = (size_t)(close - host);
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(text, ':', n);
		host_n = colon != NULL ? (size_t)(colon - text) : n;
	}
	if (colon != NULL) {
		size_t digits = strspn(colon + 1, "0123456789");
		if (*colon != ':' || !(1 <= digits && digits <= 5) || colon + 1 + digits != end) {
			return false;
		}
		port = (uint32_t)strtoul(colon + 1, NULL, 10);
	}
	if (!(1 <= port && port <= 65535) || !(1 <= host_n && host_n < sizeof(d->host))) {
		return false;
	}
	memcpy(d->host, host, host_n);
	d->host[host_n] = '\0';
	d->port = port;
	return strspn(d->host,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_"
			       "-") == host_n;
}

static void read_address(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	d->tls = strncmp(text, "tls:", 4) == 0;
	if (strncmp(text, "udp:", 4) == 0) {
		sp_conf_mistake(r, s,
				"address: \"%s\": over UDP records would be lost unseen; "
				"tcp: or tls:",
				text);
	} else if ((!d->tls && strncmp(text, "tcp:", 4) != 0) ||
			!split(text + 4, strlen(text + 4), 0, d)) {
		sp_conf_mistake(r, s,
				"address: \"%s\" is not of the form \"tls:HOST:PORT\" or "
				"\"tcp:HOST:PORT\"",
				text);
	}
}

static void read_url(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_ship *d = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	d->tls = strncmp(text, "https://", 8) == 0;
	const char *host = text + (d->tls ? 8 : 7);
	if (!d->tls && strncmp(text, "http://", 7) != 0) {
		sp_conf_mistake(r, s, "url: \"%s\" is not of the form \"https://HOST/PATH\"", text);
		return;
	}
	size_t n = strcspn(host, "/?#");
	int k = snprintf(d->resource, sizeof(d->resource), "%s%s", host[n] == '/' ? "" : "/",
			host + n);
	bool good = 0 < k && (size_t)k < sizeof(d->resource);
	/* It goes into a line of a request: nothing but what an address may have. */
	for (const char *p = d->resource; good && *p != '\0'; p++) {
		good = '!' <= *p && *p <= '~' && *p != '#';
	}
	if (!good || memchr(host, '@', n) != NULL || !split(host, n, d->tls ? 443 : 80, d)) {
		sp_conf_mistake(r, s, "url: \"%s\" is not of the form \"https://HOST/PATH\"", text);
	}
}

static const struct sp_conf_key ship_keys[] = {
		{"type", read_type},
		{"name", read_name},
		{"format", read_format},
		{"path", read_path},
		{"address", read_address},
		{"ca", read_ca},
		{"url", read_url},
		{"secret", read_secret},
		{"loopback", read_loopback},
};

/* Which keys a type takes, and which it needs. */
static const struct {
	const char *key;
	uint32_t takes, needs; /* bits: 1 << type */
} uses[] = {
#define T(type) (1u << SP_SHIP_##type)
		{"format", T(FILE) | T(SYSLOG), 0},
		{"path", T(FILE) | T(JOURNALD), T(FILE)},
		{"address", T(SYSLOG), T(SYSLOG)},
		{"ca", T(SYSLOG) | T(WEBHOOK), 0},
		{"url", T(WEBHOOK), T(WEBHOOK)},
		{"secret", T(WEBHOOK), T(WEBHOOK)},
		{"loopback", T(WEBHOOK), 0},
#undef T
};

static bool is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1) {
		return (ntohl(v4.s_addr) >> 24) == 127;
	}
	return strcmp(host, "localhost") == 0 ||
			(inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static void check(struct sp_conf_reader *r, const config_setting_t *group, struct sp_conf_ship *d)
{
	for (size_t i = 0; i < SP_LEN(uses); i++) {
		const config_setting_t *s = config_setting_get_member(group, uses[i].key);

		if (s != NULL && (uses[i].takes & 1u << d->type) == 0) {
			sp_conf_mistake(r, s, "%s: is not for type \"%s\"", uses[i].key,
					types[d->type]);
		} else if (s == NULL && (uses[i].needs & 1u << d->type) != 0) {
			sp_conf_mistake(r, group, "ship: %s is missing", uses[i].key);
		}
	}
	const config_setting_t *ca = config_setting_get_member(group, "ca");
	if (ca != NULL && !d->tls && d->host[0] != '\0') {
		sp_conf_mistake(r, ca, "ca: there is no TLS to check");
	}
	if (d->type == SP_SHIP_WEBHOOK && d->host[0] != '\0' && !d->tls &&
			!(d->loopback && is_loopback(d->host))) {
		sp_conf_mistake(r, config_setting_get_member(group, "url"),
				"url: http is for this machine only, with loopback = true; https");
	}
	if (d->type == SP_SHIP_SYSLOG && d->host[0] != '\0' && !d->tls && !is_loopback(d->host)) {
		sp_conf_warn(r, config_setting_get_member(group, "address"),
				"address: without TLS the records can be read and changed on "
				"their way");
	}
	if (d->type == SP_SHIP_SYSLOG && config_setting_get_member(group, "format") == NULL) {
		d->format = SP_SHIP_RFC5424;
	}
	if (d->type == SP_SHIP_JOURNALD && d->path[0] == '\0') {
		snprintf(d->path, sizeof(d->path), SP_SHIP_JOURNAL);
	}
}

/* FNV-1a: the same destination has the same name wherever it stands in the list. */
static void add_up(uint32_t *sum, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		*sum = (*sum ^ (uint8_t)*p) * 16777619u;
	}
	*sum = (*sum ^ 0xff) * 16777619u;
}

static void make_name(struct sp_conf_ship *d)
{
	uint32_t sum = 2166136261u;
	char port[16];

	if (d->name[0] != '\0') {
		return;
	}
	snprintf(port, sizeof(port), "%u", d->port);
	add_up(&sum, d->path);
	add_up(&sum, d->host);
	add_up(&sum, port);
	add_up(&sum, d->resource);
	snprintf(d->name, sizeof(d->name), "%s-%08x", types[d->type], sum);
}

static void read_one(struct sp_conf_reader *r, const config_setting_t *group)
{
	struct sp_conf *c = r->c;
	struct sp_conf_ship *d = &c->ship[c->n_ship];
	size_t before = r->errors->n;

	if (!config_setting_is_group(group)) {
		sp_conf_mistake(r, group, "ship: must be a list of groups, ( { ... } )");
		return;
	}
	if (config_setting_get_member(group, "type") == NULL) {
		sp_conf_mistake(r, group, "ship: type is missing");
		return;
	}
	sp_conf_read_group(r, group, ship_keys, SP_LEN(ship_keys), d);
	if (r->errors->n == before) {
		check(r, group, d);
	}
	make_name(d);
	for (size_t i = 0; i < c->n_ship; i++) {
		if (strcmp(c->ship[i].name, d->name) == 0) {
			sp_conf_mistake(r, group, "ship: \"%s\" is there twice", d->name);
			return;
		}
	}
	c->n_ship++;
}

void sp_conf_read_ship(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	int n = config_setting_length(s);

	if (!config_setting_is_list(s)) {
		sp_conf_mistake(r, s, "ship: must be a list of groups, ( { ... } )");
		return;
	}
	if (n > SP_CONF_SHIPS) {
		sp_conf_mistake(r, s, "ship: must have at most %d destinations", SP_CONF_SHIPS);
		return;
	}
	if (r->c->ship == NULL) {
		r->c->ship = sp_calloc(SP_CONF_SHIPS, sizeof(*r->c->ship));
	}
	if (r->c->ship == NULL) {
		r->nomem = true;
		return;
	}
	for (int i = 0; i < n; i++) {
		read_one(r, config_setting_get_elem(s, (unsigned)i));
	}
}

void sp_conf_read_metrics(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const char *text = sp_conf_text_of(r, s);

	r->metrics = s;
	if (text != NULL && !sp_conf_parse_listen(text, &r->c->metrics)) {
		sp_conf_mistake(r, s,
				"metrics: \"%s\" is no numeric address with a port "
				"(\"127.0.0.1:9388\")",
				text);
	}
}

void sp_conf_review_metrics(struct sp_conf_reader *r)
{
	const struct sp_conf_listen *l = &r->c->metrics;
	char host[INET6_ADDRSTRLEN];

	if (l->family != 0 && !r->c->metrics_remote &&
			inet_ntop((int)l->family, l->addr, host, sizeof(host)) != NULL &&
			!is_loopback(host)) {
		sp_conf_mistake(r, r->metrics,
				"metrics: \"%s\" is no address of this machine alone; anybody may "
				"ask there (metrics-remote = true allows it)",
				l->text);
	}
}
