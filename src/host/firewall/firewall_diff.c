/* host/firewall/firewall_diff.c - wanted and loaded rules compared by whom they let pass. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "host/firewall/firewall.h"

#define SHOWN 4 /* networks that a sentence names */

struct diff {
	const struct sp_firewall *want, *is;
	void (*tell)(void *arg, const char *text);
	void *arg;
	int n;
};

sp_printf(2, 3) static void tell(struct diff *d, const char *fmt, ...)
{
	char text[SP_FIREWALL_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->tell(d->arg, text);
	d->n++;
}

/* ---- what is guarded ---- */

static bool same_door(const struct sp_firewall_door *a, const struct sp_firewall_door *b)
{
	return a->family == b->family && a->any == b->any && a->port == b->port &&
			memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static void door_text(const struct sp_firewall_door *d, char *out, size_t cap)
{
	char addr[INET6_ADDRSTRLEN] = "";

	if (!d->any) {
		inet_ntop((int)d->family, d->addr, addr, sizeof(addr));
		snprintf(out, cap, d->family == AF_INET ? "%s:%u" : "[%s]:%u", addr, d->port);
	} else {
		snprintf(out, cap, "port %u of every %saddress", d->port,
				d->family == AF_INET                    ? "IPv4 "
						: d->family == AF_INET6 ? "IPv6 "
									: "");
	}
}

static bool has_door(const struct sp_firewall *f, const struct sp_firewall_door *d)
{
	for (size_t i = 0; i < f->n_doors; i++) {
		if (same_door(&f->door[i], d)) {
			return true;
		}
	}
	return false;
}

static void doors(struct diff *d)
{
	char text[96];

	for (size_t i = 0; i < d->want->n_doors; i++) {
		const struct sp_firewall_door *door = &d->want->door[i];
		if (!has_door(d->is, door)) {
			door_text(door, text, sizeof(text));
			tell(d, "%s is not guarded (listen = \"%s\")", text, door->listen);
		}
	}
	for (size_t i = 0; i < d->is->n_doors; i++) {
		if (!has_door(d->want, &d->is->door[i])) {
			door_text(&d->is->door[i], text, sizeof(text));
			tell(d, "%s is guarded, and nothing of ours listens there", text);
		}
	}
}

/* ---- who may come ---- */

static bool comes_by(const struct sp_firewall_entry *e, const char *iface)
{
	bool by = e->n_ifaces == 0;

	for (size_t i = 0; !by && iface != NULL && i < e->n_ifaces; i++) {
		by = strcmp(e->iface[i], iface) == 0;
	}
	return by;
}

/* All who may come by this interface; NULL: by one that no rule names. */
static int effective(const struct sp_firewall *f, const char *iface, bool six, struct sp_nets *out)
{
	int rc = SP_OK;

	*out = (struct sp_nets){.six = six};
	for (size_t i = 0; rc == SP_OK && i < f->n_entries; i++) {
		const struct sp_firewall_entry *e = &f->entry[i];
		if (comes_by(e, iface)) {
			rc = sp_nets_join(out, six ? &e->six : &e->four);
		}
	}
	sp_nets_merge(out);
	return rc;
}

static void some(const struct sp_nets *s, char *out, size_t cap)
{
	char one[SP_NETS_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < s->n && i < SHOWN && n < cap; i++) {
		sp_nets_text(s, i, one);
		int k = snprintf(out + n, cap - n, "%s%s", i > 0 ? ", " : "", one);
		n += k > 0 ? (size_t)k : 0;
	}
	if (s->n > SHOWN && n < cap) {
		snprintf(out + n, cap - n, " and %zu more", s->n - SHOWN);
	}
}

/* What one lets in by this interface and the other does not. */
static int only(const struct sp_firewall *a, const struct sp_firewall *b, const char *iface,
		bool six, struct sp_nets *out)
{
	struct sp_nets x, y;
	int rc = effective(a, iface, six, &x), rc2 = effective(b, iface, six, &y);

	*out = (struct sp_nets){.six = six};
	if (rc == SP_OK && rc2 == SP_OK) {
		rc = sp_nets_less(&x, &y, out);
	}
	sp_nets_finish(&x);
	sp_nets_finish(&y);
	return rc != SP_OK ? rc : rc2;
}

/* The same without what was said of all interfaces already. */
static int only_here(const struct sp_firewall *a, const struct sp_firewall *b, const char *iface,
		bool six, struct sp_nets *out)
{
	struct sp_nets here, any = {.six = six};
	int rc = only(a, b, iface, six, &here);

	*out = (struct sp_nets){.six = six};
	if (rc == SP_OK && iface != NULL) {
		rc = only(a, b, NULL, six, &any);
	}
	if (rc == SP_OK) {
		rc = sp_nets_less(&here, &any, out);
	}
	sp_nets_finish(&here);
	sp_nets_finish(&any);
	return rc;
}

static int sources(struct diff *d, const char *iface, bool six)
{
	char text[SP_FIREWALL_TEXT - 128], by[48] = " by any interface";
	struct sp_nets more, less;

	if (iface != NULL) {
		snprintf(by, sizeof(by), " by the interface %s", iface);
	}
	int rc = only_here(d->is, d->want, iface, six, &more);
	int rc2 = only_here(d->want, d->is, iface, six, &less);
	if (rc == SP_OK && rc2 == SP_OK && more.n > 0) {
		some(&more, text, sizeof(text));
		tell(d, "lets in %s%s, whom no rule of the configuration lets in", text, by);
	}
	if (rc == SP_OK && rc2 == SP_OK && less.n > 0) {
		some(&less, text, sizeof(text));
		tell(d, "does not let in %s%s, whom a rule of the configuration lets in", text, by);
	}
	sp_nets_finish(&more);
	sp_nets_finish(&less);
	return rc != SP_OK ? rc : rc2;
}

/* Is this the first time that the interface is named, in both together? */
static bool first_time(const struct diff *d, const struct sp_firewall *f, size_t e, size_t i)
{
	const char *name = f->entry[e].iface[i];

	for (const struct sp_firewall *g = d->want;; g = d->is) {
		for (size_t k = 0; k < g->n_entries; k++) {
			for (size_t m = 0; m < g->entry[k].n_ifaces; m++) {
				if (g == f && k == e && m == i) {
					return true;
				}
				if (strcmp(g->entry[k].iface[m], name) == 0) {
					return false;
				}
			}
		}
		if (g == d->is) {
			return true;
		}
	}
}

static int interfaces(struct diff *d, const struct sp_firewall *f)
{
	int rc = SP_OK;

	for (size_t e = 0; e < f->n_entries; e++) {
		for (size_t i = 0; rc == SP_OK && i < f->entry[e].n_ifaces; i++) {
			if (!first_time(d, f, e, i)) {
				continue;
			}
			rc = sources(d, f->entry[e].iface[i], false);
			if (rc == SP_OK) {
				rc = sources(d, f->entry[e].iface[i], true);
			}
		}
	}
	return rc;
}

/* ---- the rest ---- */

static void rate(struct diff *d, const struct sp_firewall_rate *want,
		const struct sp_firewall_rate *is, const char *family)
{
	if (!is->there) {
		tell(d, "does not limit how often somebody connects (%s)", family);
	} else if (is->rate != want->rate || is->burst != want->burst) {
		tell(d,
				"lets one source make %u connections per second and %u at once "
				"(%s); "
				"the configuration says %u and %u (limits)",
				is->rate, is->burst, family, want->rate, want->burst);
	}
}

int sp_firewall_diff(const struct sp_firewall *want, const struct sp_firewall *is,
		void (*fn)(void *arg, const char *text), void *arg)
{
	struct diff d = {.want = want, .is = is, .tell = fn, .arg = arg};
	int rc = SP_OK;

	if (!is->there && want->n_doors == 0) {
		return 0;
	}
	if (!is->there) {
		tell(&d, "the table inet " SP_FIREWALL_TABLE " is not loaded");
		return d.n;
	}
	if (!is->hooked && (want->n_doors > 0 || is->n_doors > 0)) {
		tell(&d, "its chain \"input\" does not see the packets that come in");
	}
	doors(&d);
	if (want->n_doors > 0 && is->n_doors > 0) {
		if (!is->lo) {
			tell(&d, "does not let in this machine itself");
		}
		if (!is->closed) {
			tell(&d, "does not close the port to everybody else");
		}
		rc = sources(&d, NULL, false);
		if (rc == SP_OK) {
			rc = sources(&d, NULL, true);
		}
		if (rc == SP_OK) {
			rc = interfaces(&d, want);
		}
		if (rc == SP_OK) {
			rc = interfaces(&d, is);
		}
		rate(&d, &want->four, &is->four, "IPv4");
		rate(&d, &want->six, &is->six, "IPv6");
	}
	for (size_t i = 0; i < is->n_strange; i++) {
		tell(&d, "has a rule that is none of ours (%s)", is->strange[i]);
	}
	return rc == SP_OK ? d.n : rc;
}
