/* host/firewall/firewall.h - who may reach our port by the packet filter: as wanted, and as loaded. */
#ifndef SP_HOST_FIREWALL_FIREWALL_H
#define SP_HOST_FIREWALL_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "host/conf/conf.h"
#include "host/firewall/nets.h"

/*
 * nftables' table "inet sallyport" is ours; nothing else is touched. Its chain "input" sends what
 * comes to our listeners into "door", which lets pass who may come and drops the others; who may
 * come goes through "rate". So the table can close our port, and neither opens what another table
 * closes nor closes anything that is not ours.
 */
#define SP_FIREWALL_TABLE "sallyport"
#define SP_FIREWALL_PRIORITY (-10) /* before the usual filters, at 0 */
#define SP_FIREWALL_DOORS 64
#define SP_FIREWALL_ENTRIES 512
#define SP_FIREWALL_IFACES 64
#define SP_FIREWALL_IFACE 16
#define SP_FIREWALL_STRANGE 16
#define SP_FIREWALL_OTHERS 32
#define SP_FIREWALL_TEXT 512
#define SP_FIREWALL_PRINT_MAX (4u << 20)
#define SP_FIREWALL_JSON_MAX (32u << 20)

/* What is guarded: a port at an address. */
struct sp_firewall_door {
	uint32_t family; /* AF_INET, AF_INET6; 0: both */
	bool any; /* at every address of the family */
	uint8_t addr[16];
	uint32_t port;
	const char *listen; /* as it was written; NULL when it was loaded */
};

/* Some who may come: from these networks, by these interfaces. */
struct sp_firewall_entry {
	size_t n_ifaces; /* 0: by any */
	char iface[SP_FIREWALL_IFACES][SP_FIREWALL_IFACE];
	struct sp_nets four, six; /* merged */
	const struct sp_conf_rule *rule; /* NULL when it was loaded */
};

struct sp_firewall_rate {
	bool there;
	uint32_t rate, burst; /* new connections per second, and at once after a pause */
};

struct sp_firewall {
	bool there; /* the table is */
	bool hooked; /* packets to this machine go through it, in the wanted place */
	bool lo; /* connections of this machine to itself pass */
	bool closed; /* everybody else is dropped */
	struct sp_firewall_rate four, six;
	size_t n_doors;
	struct sp_firewall_door door[SP_FIREWALL_DOORS];
	size_t n_entries;
	struct sp_firewall_entry *entry;
	/* Loaded only: rules of our table that mean something else than ours do. */
	size_t n_strange;
	char strange[SP_FIREWALL_STRANGE][80];
	/* Loaded only: others who look at packets to this machine. */
	size_t n_others;
	char others[SP_FIREWALL_OTHERS][104]; /* "ip filter INPUT, which drops by default" */
	bool others_drop; /* one of them drops by default */
	bool docker, ufw, firewalld;
};

/* Accepts a zeroed one. */
void sp_firewall_finish(struct sp_firewall *f);
/* What the configuration wants; borrows it. SP_ENOMEM; SP_EARG and why. */
sp_nodiscard int sp_firewall_want(
		struct sp_firewall *f, const struct sp_conf *c, char why[SP_FIREWALL_TEXT]);
/* Does everybody get to the port, by any interface? */
bool sp_firewall_open(const struct sp_firewall *f);
/*
 * Of what is wanted: text that `nft -f -` loads in one piece, with where each line comes from.
 * file: the configuration's name; again: the command, as a shell reads it, that prints this.
 */
void sp_firewall_print(const struct sp_firewall *f, const struct sp_conf *c, const char *file,
		const char *again, struct sp_wr *out);
/* firewall_json.c: what is loaded, out of what `nft -j list ruleset` says. SP_EFIELD and why. */
sp_nodiscard int sp_firewall_read(
		struct sp_firewall *f, struct sp_span json, char why[SP_FIREWALL_TEXT]);
/*
 * firewall_diff.c: tells each difference of meaning in a sentence; how many there are. Negative
 * when there was no memory.
 */
sp_nodiscard int sp_firewall_diff(const struct sp_firewall *want, const struct sp_firewall *is,
		void (*tell)(void *arg, const char *text), void *arg);

#endif
