/* host/firewall/firewall_json.c - what is loaded, as nft tells it in JSON. */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"
#include "host/firewall/firewall.h"

/* What the expressions of one rule say together. */
struct rule {
	const char *chain;
	uint32_t family; /* 0: both */
	bool strange; /* it says something else besides */
	bool daddr, saddr, dport, syn;
	size_t n_ports, n_ifaces;
	uint32_t port[16];
	char iface[SP_FIREWALL_IFACES][SP_FIREWALL_IFACE];
	struct sp_nets to, four, six;
	const char *target; /* of goto or jump */
	bool accept, drop, set;
	struct sp_firewall_rate rate;
};

struct reader {
	struct sp_firewall *f;
	bool nomem;
	size_t room; /* entries that there is memory for */
	bool shut; /* the door's rule for everybody else came already */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* ---- values: one, a range, a prefix, or a set of them ---- */

static bool number(const json_t *v, uint32_t *out)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < 0 || n > UINT32_MAX) {
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

static bool address(const struct sp_nets *s, const json_t *v, uint8_t out[SP_NETS_ADDR])
{
	memset(out, 0, SP_NETS_ADDR);
	return json_is_string(v) &&
			inet_pton(s->six ? AF_INET6 : AF_INET, json_string_value(v),
					s->six ? out : out + 12) == 1;
}

/* False when it is none; the caller's nomem when there is no room for it. */
static bool add_net(struct reader *r, struct sp_nets *s, const json_t *v)
{
	const json_t *prefix = json_object_get(v, "prefix"), *range = json_object_get(v, "range");
	uint8_t lo[SP_NETS_ADDR], hi[SP_NETS_ADDR];
	uint32_t bits;
	int rc;

	if (prefix != NULL) {
		if (!address(s, json_object_get(prefix, "addr"), lo) ||
				!number(json_object_get(prefix, "len"), &bits)) {
			return false;
		}
		rc = sp_nets_add_prefix(s, s->six ? lo : lo + 12, bits);
	} else if (range != NULL) {
		if (!address(s, json_array_get(range, 0), lo) ||
				!address(s, json_array_get(range, 1), hi)) {
			return false;
		}
		rc = sp_nets_add(s, lo, hi);
	} else {
		if (!address(s, v, lo)) {
			return false;
		}
		rc = sp_nets_add(s, lo, lo);
	}
	r->nomem = r->nomem || rc == SP_ENOMEM;
	return rc == SP_OK;
}

static bool add_port(struct rule *u, const json_t *v)
{
	return u->n_ports < SP_LEN(u->port) && number(v, &u->port[u->n_ports++]);
}

static bool add_iface(struct rule *u, const json_t *v)
{
	const char *s = json_string_value(v);
	char *to = u->n_ifaces < SP_FIREWALL_IFACES ? u->iface[u->n_ifaces] : NULL;
	size_t n = 0;

	if (s == NULL || to == NULL) {
		return false;
	}
	for (; *s != '\0' && n + 1 < SP_FIREWALL_IFACE; s++) {
		if (s[0] == '*' && s[1] == '\0') {
			return false; /* stands for other names */
		}
		if (s[0] == '\\' && s[1] == '*') {
			s++;
		}
		to[n++] = *s;
	}
	to[n] = '\0';
	u->n_ifaces++;
	return *s == '\0';
}

/* ---- expressions ---- */

static bool is_payload(const json_t *v, const char *protocol, const char *field)
{
	const json_t *p = json_object_get(v, "payload");

	return p != NULL && strcmp(text_of(p, "protocol"), protocol) == 0 &&
			strcmp(text_of(p, "field"), field) == 0;
}

static bool is_meta(const json_t *v, const char *key)
{
	const json_t *m = json_object_get(v, "meta");

	return m != NULL && strcmp(text_of(m, "key"), key) == 0;
}

static bool bind_family(struct rule *u, uint32_t family)
{
	bool fits = u->family == 0 || u->family == family;

	u->family = family;
	return fits;
}

/* The four flags in whatever nesting of lists and of "|" this nft writes them. */
static uint32_t flags_of(const json_t *v, int depth)
{
	static const char *const names[] = {"fin", "syn", "rst", "ack"};
	uint32_t all = 0;
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v)) {
		for (i = 0; i < SP_LEN(names); i++) {
			if (strcmp(json_string_value(v), names[i]) == 0) {
				return 1u << i;
			}
		}
		return 0x80;
	}
	if (depth > 4) {
		return 0x80;
	}
	json_array_foreach(v, i, item)
	{
		all |= flags_of(item, depth + 1);
	}
	json_object_foreach((json_t *)v, key, item)
	{
		all |= flags_of(item, depth + 1);
	}
	return all;
}

/* The first packet of a connection. */
static bool is_syn(const json_t *left, const json_t *right)
{
	const json_t *and = json_object_get(left, "&");

	return is_payload(json_array_get(and, 0), "tcp", "flags") &&
			flags_of(json_array_get(and, 1), 0) == 0xf && flags_of(right, 0) == 2;
}

/* One value of what a match compares with. */
static bool match_one(struct reader *r, struct rule *u, const json_t *left, const json_t *v)
{
	if (is_meta(left, "iifname") || is_meta(left, "iif")) {
		return add_iface(u, v);
	}
	if (is_payload(left, "tcp", "dport")) {
		u->dport = true;
		return add_port(u, v);
	}
	if (is_payload(left, "ip", "saddr") || is_payload(left, "ip6", "saddr")) {
		bool six = is_payload(left, "ip6", "saddr");
		u->saddr = true;
		return add_net(r, six ? &u->six : &u->four, v);
	}
	u->daddr = true;
	return add_net(r, &u->to, v);
}

static bool match(struct reader *r, struct rule *u, const json_t *m)
{
	const json_t *left = json_object_get(m, "left"), *right = json_object_get(m, "right");
	const json_t *set = json_object_get(right, "set"), *item;
	bool fits = true;
	size_t i;

	if (strcmp(text_of(m, "op"), "==") != 0) {
		return false;
	}
	if (is_syn(left, right)) {
		u->syn = true;
		return true;
	}
	if (is_meta(left, "nfproto")) {
		const char *name = json_string_value(right);
		return name != NULL &&
				bind_family(u, strcmp(name, "ipv4") == 0 ? AF_INET : AF_INET6);
	}
	if (is_meta(left, "l4proto")) {
		return json_is_string(right) && strcmp(json_string_value(right), "tcp") == 0;
	}
	bool four = is_payload(left, "ip", "saddr") || is_payload(left, "ip", "daddr");
	bool six = is_payload(left, "ip6", "saddr") || is_payload(left, "ip6", "daddr");
	bool from = is_payload(left, "ip", "saddr") || is_payload(left, "ip6", "saddr");
	bool by = is_meta(left, "iifname") || is_meta(left, "iif");
	bool port = is_payload(left, "tcp", "dport");
	if (!four && !six && !by && !port) {
		return false;
	}
	/* Two that must hold together are not what two in a set are. */
	if (port ? u->dport : by ? u->n_ifaces > 0 : from ? u->saddr : u->daddr) {
		return false;
	}
	if (four || six) {
		fits = bind_family(u, four ? AF_INET : AF_INET6);
		u->to.six = six;
	}
	if (set == NULL) {
		return match_one(r, u, left, right) && fits;
	}
	json_array_foreach((json_t *)set, i, item)
	{
		fits = match_one(r, u, left, item) && fits;
	}
	return fits;
}

/* add @recent4 { ip saddr limit rate over 10/second burst 20 packets } */
static bool set_rate(struct rule *u, const json_t *s)
{
	const json_t *elem = json_object_get(s, "elem"), *and = json_object_get(elem, "&");
	const json_t *limit =
			json_object_get(json_array_get(json_object_get(s, "stmt"), 0), "limit");
	bool six = is_payload(json_array_get(and, 0), "ip6", "saddr");
	const char *mask = json_string_value(json_array_get(and, 1));

	if (!is_payload(elem, "ip", "saddr") &&
			!(six && mask != NULL && strcmp(mask, "ffff:ffff:ffff:ffff::") == 0)) {
		return false;
	}
	u->set = true;
	u->rate.there = true;
	return bind_family(u, six ? AF_INET6 : AF_INET) &&
			number(json_object_get(limit, "rate"), &u->rate.rate) &&
			number(json_object_get(limit, "burst"), &u->rate.burst) &&
			strcmp(text_of(limit, "per"), "second") == 0 &&
			json_is_true(json_object_get(limit, "inv"));
}

static bool expression(struct reader *r, struct rule *u, const char *name, const json_t *v)
{
	if (strcmp(name, "match") == 0) {
		return match(r, u, v);
	}
	if (strcmp(name, "goto") == 0 || strcmp(name, "jump") == 0) {
		u->target = text_of(v, "target");
		return true;
	}
	if (strcmp(name, "set") == 0) {
		return set_rate(u, v);
	}
	if (strcmp(name, "accept") == 0) {
		u->accept = true;
		return true;
	}
	if (strcmp(name, "drop") == 0 || strcmp(name, "reject") == 0) {
		u->drop = true;
		return true;
	}
	/* They decide nothing. */
	return strcmp(name, "counter") == 0 || strcmp(name, "log") == 0;
}

/* ---- rules ---- */

static void strange(struct sp_firewall *f, const char *chain, json_int_t handle)
{
	if (f->n_strange < SP_FIREWALL_STRANGE) {
		snprintf(f->strange[f->n_strange++], sizeof(f->strange[0]),
				"chain %.32s, handle %lld", chain, (long long)handle);
	}
}

/* An address of a listener: one, and not a network. */
static bool single(const struct sp_range *g)
{
	return memcmp(g->lo, g->hi, SP_NETS_ADDR) == 0;
}

static bool take_doors(struct sp_firewall *f, const struct rule *u)
{
	size_t n_to = u->daddr ? u->to.n : 1;

	if (u->target == NULL || strcmp(u->target, "door") != 0 || !u->dport || u->saddr ||
			u->n_ifaces > 0 || u->syn || u->set) {
		return false;
	}
	for (size_t i = 0; i < n_to * u->n_ports; i++) {
		struct sp_firewall_door *d = &f->door[f->n_doors];
		const struct sp_range *g = u->daddr ? &u->to.r[i / u->n_ports] : NULL;

		if (f->n_doors == SP_FIREWALL_DOORS || (g != NULL && !single(g))) {
			return false;
		}
		*d = (struct sp_firewall_door){.family = u->family,
				.any = g == NULL,
				.port = u->port[i % u->n_ports]};
		if (g != NULL) {
			size_t first = u->to.six ? 0 : 12;
			memcpy(d->addr, g->lo + first, SP_NETS_ADDR - first);
		}
		f->n_doors++;
	}
	return true;
}

/* Makes room for one more. */
static struct sp_firewall_entry *new_entry(struct reader *r)
{
	struct sp_firewall *f = r->f;

	if (f->n_entries == r->room) {
		size_t room = r->room > 0 ? 2 * r->room : 16;
		void *p = sp_realloc(f->entry, room * sizeof(*f->entry));
		if (p == NULL) {
			r->nomem = true;
			return NULL;
		}
		f->entry = p;
		r->room = room;
	}
	struct sp_firewall_entry *e = &f->entry[f->n_entries++];
	memset(e, 0, sizeof(*e));
	e->six.six = true;
	return e;
}

static bool take_entry(struct reader *r, struct rule *u)
{
	struct sp_firewall_entry *e = r->f->n_entries < SP_FIREWALL_ENTRIES ? new_entry(r) : NULL;
	int rc = SP_OK;

	if (e == NULL) {
		return false;
	}
	e->n_ifaces = u->n_ifaces;
	memcpy(e->iface, u->iface, sizeof(e->iface));
	/* The lists of addresses move over. */
	struct sp_nets none = {.six = false}, none6 = {.six = true};
	e->four = u->four;
	e->six = u->six;
	u->four = none;
	u->six = none6;
	if (!u->saddr && u->family != AF_INET6) {
		rc = sp_nets_add_all(&e->four);
	}
	if (!u->saddr && u->family != AF_INET && rc == SP_OK) {
		rc = sp_nets_add_all(&e->six);
	}
	sp_nets_merge(&e->four);
	sp_nets_merge(&e->six);
	r->nomem = r->nomem || rc != SP_OK;
	return rc == SP_OK;
}

static bool take_guard(struct reader *r, struct rule *u)
{
	struct sp_firewall *f = r->f;
	bool bare = u->n_ifaces == 0 && !u->saddr && u->family == 0;

	if (r->shut) {
		return true; /* no packet gets there */
	}
	if (u->dport || u->daddr || u->syn || u->set) {
		return false;
	}
	if (u->drop && bare) {
		r->shut = f->closed = true;
		return true;
	}
	if (u->accept && u->n_ifaces == 1 && strcmp(u->iface[0], "lo") == 0 && !u->saddr) {
		f->lo = true;
		return true;
	}
	return u->target != NULL && strcmp(u->target, "rate") == 0 && take_entry(r, u);
}

static bool take_rate(struct sp_firewall *f, const struct rule *u)
{
	if (!u->set || !u->syn || !u->drop || u->dport || u->daddr || u->saddr || u->n_ifaces > 0) {
		return false;
	}
	*(u->family == AF_INET6 ? &f->six : &f->four) = u->rate;
	return true;
}

static void read_rule(struct reader *r, const json_t *o)
{
	struct rule u = {.chain = text_of(o, "chain"), .six.six = true};
	const json_t *expr = json_object_get(o, "expr"), *item, *value;
	const char *name;
	bool ours = true;
	size_t i;

	json_array_foreach((json_t *)expr, i, item)
	{
		json_object_foreach((json_t *)item, name, value)
		{
			ours = expression(r, &u, name, value) && ours;
		}
	}
	if (ours && strcmp(u.chain, "input") == 0) {
		ours = take_doors(r->f, &u);
	} else if (ours && strcmp(u.chain, "door") == 0) {
		ours = take_guard(r, &u);
	} else if (ours) {
		ours = strcmp(u.chain, "rate") == 0 && take_rate(r->f, &u);
	}
	if (!ours) {
		strange(r->f, u.chain, json_integer_value(json_object_get(o, "handle")));
	}
	sp_nets_finish(&u.to);
	sp_nets_finish(&u.four);
	sp_nets_finish(&u.six);
}

/* ---- tables and chains ---- */

static bool ours(const json_t *o, const char *key)
{
	return strcmp(text_of(o, "family"), "inet") == 0 &&
			strcmp(text_of(o, key), SP_FIREWALL_TABLE) == 0;
}

static void read_chain(struct sp_firewall *f, const json_t *o)
{
	const char *name = text_of(o, "name"), *table = text_of(o, "table");
	bool input = strcmp(text_of(o, "hook"), "input") == 0;
	bool drops = strcmp(text_of(o, "policy"), "drop") == 0;

	f->ufw = f->ufw || strncmp(name, "ufw", 3) == 0;
	f->docker = f->docker || strncmp(name, "DOCKER", 6) == 0 ||
			strncmp(table, "docker", 6) == 0;
	f->firewalld = f->firewalld || strcmp(table, "firewalld") == 0;
	if (!input) {
		return;
	}
	if (ours(o, "table")) {
		f->hooked = f->hooked ||
				(strcmp(name, "input") == 0 && !drops &&
						strcmp(text_of(o, "type"), "filter") == 0);
		return;
	}
	f->others_drop = f->others_drop || drops;
	if (f->n_others < SP_FIREWALL_OTHERS) {
		snprintf(f->others[f->n_others++], sizeof(f->others[0]), "%.8s %.32s %.32s%s",
				text_of(o, "family"), table, name,
				drops ? ", which drops by default" : "");
	}
}

/* One flag, or a list of them. */
static bool has_flag(const json_t *flags, const char *name)
{
	const json_t *item;
	size_t i;

	if (json_is_string(flags)) {
		return strcmp(json_string_value(flags), name) == 0;
	}
	json_array_foreach((json_t *)flags, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0) {
			return true;
		}
	}
	return false;
}

int sp_firewall_read(struct sp_firewall *f, struct sp_span json, char why[SP_FIREWALL_TEXT])
{
	struct reader r = {.f = f};
	bool dormant = false;
	json_error_t e;
	json_t *item;
	size_t i;

	memset(f, 0, sizeof(*f));
	json_t *root = json_loadb((const char *)json.p, json.n, 0, &e);
	const json_t *list = json_object_get(root, "nftables");
	if (!json_is_array(list)) {
		snprintf(why, SP_FIREWALL_TEXT, "what nft says is no JSON of its kind%s%.80s",
				root == NULL ? ": " : "", root == NULL ? e.text : "");
		json_decref(root);
		return SP_EFIELD;
	}
	json_array_foreach((json_t *)list, i, item)
	{
		const json_t *table = json_object_get(item, "table");
		const json_t *chain = json_object_get(item, "chain");
		const json_t *rule = json_object_get(item, "rule");

		if (table != NULL && ours(table, "name")) {
			f->there = true;
			dormant = has_flag(json_object_get(table, "flags"), "dormant");
		}
		f->firewalld = f->firewalld ||
				(table != NULL && strcmp(text_of(table, "name"), "firewalld") == 0);
		if (chain != NULL) {
			read_chain(f, chain);
		}
		if (rule != NULL && ours(rule, "table")) {
			read_rule(&r, rule);
		}
	}
	/* It is there, and its chains see nothing. */
	f->hooked = f->hooked && !dormant;
	json_decref(root);
	if (r.nomem) {
		sp_firewall_finish(f);
		snprintf(why, SP_FIREWALL_TEXT, "out of memory");
		return SP_ENOMEM;
	}
	return SP_OK;
}
