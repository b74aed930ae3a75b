/* host/firewall/firewall.c - what the configuration wants of the packet filter, and as text for nft. */
#include "host/firewall/firewall.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"

void sp_firewall_finish(struct sp_firewall *f)
{
	for (size_t i = 0; i < f->n_entries; i++) {
		sp_nets_finish(&f->entry[i].four);
		sp_nets_finish(&f->entry[i].six);
	}
	sp_free(f->entry);
	memset(f, 0, sizeof(*f));
}

/* ---- what is wanted ---- */

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

static bool loopback(const struct sp_conf_listen *l)
{
	return l->family == AF_INET ? l->addr[0] == 127 : all_zero(l->addr, 15) && l->addr[15] == 1;
}

static int add_door(
		struct sp_firewall *f, const struct sp_conf_listen *l, char why[SP_FIREWALL_TEXT])
{
	struct sp_firewall_door *d = &f->door[f->n_doors];

	if (loopback(l)) {
		return SP_OK;
	}
	if (l->port == 0) {
		snprintf(why, SP_FIREWALL_TEXT,
				"listen: \"%s\" takes any free port: no rule can name it", l->text);
		return SP_EARG;
	}
	*d = (struct sp_firewall_door){.family = l->family, .port = l->port, .listen = l->text};
	d->any = all_zero(l->addr, sizeof(l->addr));
	memcpy(d->addr, l->addr, sizeof(d->addr));
	if (d->any && d->family == AF_INET6 && !l->six_only) {
		d->family = 0; /* such a listener gets connections of IPv4 too */
	}
	f->n_doors++;
	return SP_OK;
}

static int add_rule(
		struct sp_firewall *f, const struct sp_conf_rule *rule, char why[SP_FIREWALL_TEXT])
{
	struct sp_firewall_entry *e = &f->entry[f->n_entries++];
	int rc = SP_OK;

	e->rule = rule;
	e->six.six = true;
	for (size_t i = 0; i < rule->n_interfaces; i++) {
		/* The kernel has no objection, but nft has no way to write such a name. */
		if (strpbrk(rule->interfaces[i], "\"\\") != NULL) {
			snprintf(why, SP_FIREWALL_TEXT,
					"rules: \"%s\": nft cannot name the interface %s",
					rule->name, rule->interfaces[i]);
			return SP_EARG;
		}
		memcpy(e->iface[e->n_ifaces++], rule->interfaces[i], SP_FIREWALL_IFACE);
	}
	for (size_t i = 0; rc == SP_OK && i < rule->n_from; i++) {
		const struct sp_conf_net *n = &rule->from[i];
		rc = sp_nets_add_prefix(
				n->family == AF_INET6 ? &e->six : &e->four, n->addr, n->bits);
	}
	if (rule->n_from == 0) {
		rc = sp_nets_add_all(&e->four);
		if (rc == SP_OK) {
			rc = sp_nets_add_all(&e->six);
		}
	}
	sp_nets_merge(&e->four);
	sp_nets_merge(&e->six);
	return rc;
}

int sp_firewall_want(struct sp_firewall *f, const struct sp_conf *c, char why[SP_FIREWALL_TEXT])
{
	int rc = SP_OK;

	memset(f, 0, sizeof(*f));
	snprintf(why, SP_FIREWALL_TEXT, "out of memory");
	f->there = f->hooked = f->lo = f->closed = true;
	f->four = f->six = (struct sp_firewall_rate){true, c->limits.rate, c->limits.burst};
	f->entry = sp_calloc(c->n_rules + 1, sizeof(*f->entry));
	if (f->entry == NULL) {
		return SP_ENOMEM;
	}
	for (size_t i = 0; rc == SP_OK && i < c->n_listen; i++) {
		rc = add_door(f, &c->listen[i], why);
	}
	for (size_t i = 0; rc == SP_OK && i < c->n_rules; i++) {
		rc = add_rule(f, &c->rule[i], why);
	}
	if (rc != SP_OK) {
		sp_firewall_finish(f);
	}
	return rc;
}

bool sp_firewall_open(const struct sp_firewall *f)
{
	for (size_t i = 0; i < f->n_entries; i++) {
		const struct sp_firewall_entry *e = &f->entry[i];
		if (e->n_ifaces == 0 && (sp_nets_all(&e->four) || sp_nets_all(&e->six))) {
			return true;
		}
	}
	return false;
}

/* ---- as text ---- */

sp_printf(2, 3) static void say(struct sp_wr *w, const char *fmt, ...)
{
	char text[3072];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (0 <= n && (size_t)n < sizeof(text)) {
		sp_wr_put(w, text, (size_t)n);
	} else {
		sp_wr_fail(w, SP_ESPACE);
	}
}

/* A name inside a comment: one that holds a line feed must not become a line of its own. */
static void say_name(struct sp_wr *w, const char *name)
{
	for (; *name != '\0'; name++) {
		sp_wr_u8(w, (uint8_t)*name < 0x20 || *name == 0x7f ? '?' : (uint8_t)*name);
	}
}

static void say_place(struct sp_wr *w, const struct sp_conf_rule *rule)
{
	sp_wr_u8(w, '"');
	say_name(w, rule->name);
	sp_wr_u8(w, '"');
	if (rule->line > 0) {
		say(w, " (");
		say_name(w, rule->file);
		say(w, ":%u)", rule->line);
	}
}

static void say_door(struct sp_wr *w, const struct sp_firewall_door *d)
{
	char addr[INET6_ADDRSTRLEN] = "";

	say(w, "\t\t# listen = \"%s\"%s\n\t\t", d->listen, d->family == 0 ? ": IPv4 too" : "");
	if (d->any && d->family != 0) {
		say(w, "meta nfproto %s ", d->family == AF_INET ? "ipv4" : "ipv6");
	} else if (!d->any) {
		inet_ntop((int)d->family, d->addr, addr, sizeof(addr));
		say(w, "%s daddr %s ", d->family == AF_INET ? "ip" : "ip6", addr);
	}
	say(w, "tcp dport %u goto door\n", d->port);
}

/* A star at the end would stand for other names too, and the kernel allows more than nft does. */
static void say_iface(struct sp_wr *w, const char *name)
{
	sp_wr_u8(w, '"');
	for (; *name != '\0'; name++) {
		if (*name == '*') {
			sp_wr_u8(w, '\\');
		}
		sp_wr_u8(w, (uint8_t)*name);
	}
	sp_wr_u8(w, '"');
}

static void say_ifaces(struct sp_wr *w, const struct sp_firewall_entry *e)
{
	if (e->n_ifaces == 0) {
		return;
	}
	say(w, "iifname %s", e->n_ifaces > 1 ? "{ " : "");
	for (size_t i = 0; i < e->n_ifaces; i++) {
		say(w, "%s", i > 0 ? ", " : "");
		say_iface(w, e->iface[i]);
	}
	say(w, "%s", e->n_ifaces > 1 ? " } " : " ");
}

static void say_nets(struct sp_wr *w, const struct sp_nets *s)
{
	char text[SP_NETS_TEXT];

	say(w, "%s saddr { ", s->six ? "ip6" : "ip");
	for (size_t i = 0; i < s->n; i++) {
		sp_nets_text(s, i, text);
		say(w, "%s%s", i > 0 ? ", " : "", text);
	}
	say(w, " } ");
}

static void say_family(struct sp_wr *w, const struct sp_firewall_entry *e, const struct sp_nets *s)
{
	if (s->n == 0) {
		return;
	}
	say(w, "\t\t");
	say_ifaces(w, e);
	if (sp_nets_all(s)) {
		say(w, "meta nfproto %s ", s->six ? "ipv6" : "ipv4");
	} else {
		say_nets(w, s);
	}
	say(w, "goto rate\n");
}

static void say_entry(struct sp_wr *w, const struct sp_firewall_entry *e)
{
	const struct sp_conf_rule *r = e->rule;
	bool from = r->n_from > 0, by = r->n_interfaces > 0;

	say(w, "\t\t# rules: ");
	say_place(w, r);
	say(w, ": %s%s%s%s\n", from ? "from" : "", from && by ? " and " : "", by ? "interface" : "",
			from || by ? "" : "has neither from nor interface");
	if (r->n_countries > 0) {
		say(w, "\t\t# (its countries are asked by the service only)\n");
	}
	if (sp_nets_all(&e->four) && sp_nets_all(&e->six)) {
		say(w, "\t\t");
		say_ifaces(w, e);
		say(w, "goto rate\n");
	} else {
		say_family(w, e, &e->four);
		say_family(w, e, &e->six);
	}
}

static void say_head(struct sp_wr *w, const struct sp_firewall *f, const struct sp_conf *c,
		const char *file, const char *again)
{
	say(w, "#!/usr/sbin/nft -f\n# Made by `sallyport firewall` from ");
	say_name(w, file);
	say(w,
			".\n"
			"# To load it, in one piece:  ");
	say_name(w, again);
	say(w,
			" | nft -f -\n"
			"# To have it at each start:  EXAMPLES in sallyport-firewall(1)\n"
			"# To take it away:           nft delete table inet " SP_FIREWALL_TABLE "\n"
			"#\n"
			"# It closes the ports of Sallyport to everybody whom no rule can let in, "
			"and\n"
			"# touches nothing else: no other port, and no other table. What another "
			"table\n"
			"# closes (ufw, firewalld, a hoster) stays closed.\n");
	if (f->n_doors == 0) {
		say(w,
				"#\n# The service listens on this machine only (listen): there is "
				"nothing to "
				"close.\n");
	} else if (f->n_entries == 0) {
		say(w,
				"#\n# There are no rules: nobody may do anything, so nobody gets "
				"to the "
				"port.\n");
	}
	if (c->metrics.family != 0 && !loopback(&c->metrics)) {
		say(w, "#\n# Not closed by it: metrics (%s). No key says who may ask there.\n",
				c->metrics.text);
	}
	for (size_t i = 0; f->n_doors > 0 && i < f->n_entries; i++) {
		const struct sp_firewall_entry *e = &f->entry[i];
		if (e->n_ifaces == 0 && (sp_nets_all(&e->four) || sp_nets_all(&e->six))) {
			say(w, "#\n# WARNING: everybody gets to the port, since ");
			say_place(w, e->rule);
			say(w,
					" is for\n# all networks. Give every rule a `from` or an "
					"`interface`.\n");
			break;
		}
	}
}

/* What a listener has is remembered for a minute; a source of IPv6 is its /64, as in the service. */
static void say_rate(struct sp_wr *w, const struct sp_firewall_rate *r, bool six)
{
	say(w,
			"\t\ttcp flags & (fin | syn | rst | ack) == syn add @recent%s { %s limit "
			"rate over "
			"%u/second burst %u packets } counter drop\n",
			six ? "6" : "4", six ? "ip6 saddr & ffff:ffff:ffff:ffff::" : "ip saddr",
			r->rate, r->burst);
}

void sp_firewall_print(const struct sp_firewall *f, const struct sp_conf *c, const char *file,
		const char *again, struct sp_wr *w)
{
	say_head(w, f, c, file, again);
	/* The first line makes sure that there is something to delete; nft does it all or nothing. */
	say(w,
			"\ntable inet " SP_FIREWALL_TABLE "\ndelete table inet " SP_FIREWALL_TABLE
			"\n\n"
			"table inet " SP_FIREWALL_TABLE " {\n");
	if (f->n_doors > 0) {
		say(w,
				"\tset recent4 { type ipv4_addr; size 65535; flags "
				"dynamic,timeout; timeout "
				"1m; }\n"
				"\tset recent6 { type ipv6_addr; size 65535; flags "
				"dynamic,timeout; timeout "
				"1m; }\n\n");
		say(w,
				"\tchain rate {\n\t\t# limits: rate = %u, burst = %u: new "
				"connections of one "
				"address, or IPv6 /64\n",
				f->four.rate, f->four.burst);
		say_rate(w, &f->four, false);
		say_rate(w, &f->six, true);
		say(w,
				"\t}\n\n\tchain door {\n\t\t# this machine itself\n\t\tiifname "
				"\"lo\" "
				"accept\n");
		for (size_t i = 0; i < f->n_entries; i++) {
			say_entry(w, &f->entry[i]);
		}
		say(w, "\t\t# nobody else\n\t\tcounter drop\n\t}\n\n");
	}
	say(w,
			"\tchain input {\n"
			"\t\ttype filter hook input priority %d; policy accept;\n",
			SP_FIREWALL_PRIORITY);
	for (size_t i = 0; i < f->n_doors; i++) {
		say_door(w, &f->door[i]);
	}
	say(w, "\t}\n}\n");
}
