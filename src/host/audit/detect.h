/* host/audit/detect.h - the rules of detection: what is told becomes an alert where it looks like an attack. */
#ifndef SP_HOST_AUDIT_DETECT_H
#define SP_HOST_AUDIT_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "host/audit/event.h"
#include "host/conf/alert.h"

/*
 * Without clock and without I/O: records in, alerts out. The same records with the same parameters
 * give the same alerts, whether they are fed as they come or years later. What it remembers is
 * bounded: of each thing the latest few thousand.
 */
struct sp_detect;

/* A kept record. */
struct sp_detect_record {
	const struct sp_audit_view *v;
	uint64_t seq; /* from 1 */
	int64_t wall; /* seconds since 1970 */
	bool placed; /* where src.ip is, in degrees: lat, lon */
	double lat, lon;
};

struct sp_detect_alert {
	enum sp_alert_rule rule;
	enum sp_severity severity;
	enum sp_alert_action action;
	uint64_t first, last; /* sequences of the first and the last event behind it */
	uint64_t conn; /* of the last one; 0: none */
	int64_t wall; /* of the last one */
	char session[SP_CONF_NAME], user[SP_CONF_NAME], target[SP_CONF_NAME];
	char ip[64], net[64], device[SP_CONF_NAME];
	char text[256]; /* for people */
};

/* "Password spray", "T1110.003", and the usual severity; static. */
const char *sp_detect_title(uint32_t rule);
const char *sp_detect_attack(uint32_t rule);
enum sp_severity sp_detect_severity(uint32_t rule);

/*
 * NULL without memory. `key` seeds the hashes of names that others choose; random, where that is
 * not for a test. Takes a reference to the configuration.
 */
sp_nodiscard struct sp_detect *sp_detect_create(struct sp_conf *conf, const uint64_t key[2]);
/* Accepts NULL. */
void sp_detect_destroy(struct sp_detect *d);
/* Other parameters from now on; what was seen stays. */
void sp_detect_reload(struct sp_detect *d, struct sp_conf *conf);

/* By rising seq; one that was seen is left out. */
void sp_detect_feed(struct sp_detect *d, const struct sp_detect_record *r);
/* It is this late: for what is missed rather than seen. */
void sp_detect_tick(struct sp_detect *d, int64_t wall);
/*
 * The next alert, until false. After a restart first feed all that was kept since the state was
 * saved, then ask: alerts that were kept already are fed as well, and not told again.
 */
bool sp_detect_next(struct sp_detect *d, struct sp_detect_alert *out);
/* Learns from what it is fed and tells nothing, for records from before it was there. */
void sp_detect_quiet(struct sp_detect *d, bool quiet);
/* The last sequence that it was fed. */
uint64_t sp_detect_last(const struct sp_detect *d);

/* The alert as an event to be kept. */
void sp_detect_event(const struct sp_detect_alert *a, struct sp_audit_event *out);

#define SP_DETECT_STATE_MAX (96u << 20)

/* All that it remembers; SP_ENOMEM, SP_ESPACE. */
sp_nodiscard int sp_detect_save(const struct sp_detect *d, struct sp_wr *w);
/* Into one that was just created. On failure (SP_EFIELD, ...) it remembers nothing. */
sp_nodiscard int sp_detect_load(struct sp_detect *d, struct sp_span state);

#endif
