/* host/conf/alert.h - `alerts`: which rules of detection there are, and what each may be told. */
#ifndef SP_HOST_CONF_ALERT_H
#define SP_HOST_CONF_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/conf/conf.h"

/* X(name, "number", "word"): the word is the key in the configuration. Kept for ever. */
#define SP_ALERT_MAP(X) \
	X(BRUTE_FORCE, "D01", "brute-force") \
	X(SPRAY, "D02", "spray") \
	X(SPRAY_WIDE, "D02", "spray-distributed") \
	X(SPRAY_SLOW, "D03", "spray-slow") \
	X(SUCCESS_AFTER, "D04", "success-after-failures") \
	X(TRAVEL, "D05", "impossible-travel") \
	X(NEW_DEVICE, "D06", "new-device") \
	X(NEW_COUNTRY, "D06", "new-country") \
	X(NEW_NETWORK, "D06", "new-network") \
	X(NEW_TARGET, "D06", "new-target") \
	X(OFF_HOURS, "D07", "off-hours") \
	X(LONG_SESSION, "D08", "long-session") \
	X(IDLE_SESSION, "D08", "idle-session") \
	X(MANY_TARGETS, "D09", "many-targets") \
	X(NEW_PATH, "D10", "new-path") \
	X(VOLUME, "D11", "volume") \
	X(PROBING, "D12", "probing") \
	X(TOKEN_MISUSE, "D13", "token-misuse") \
	X(ADMIN_TAMPER, "D14", "admin-tamper") \
	X(DORMANT, "D15", "dormant-user") \
	X(SHARED_USE, "D16", "shared-use") \
	X(ENUMERATION, "D17", "enumeration") \
	X(CLAIMS_CHANGED, "D18", "claims-changed") \
	X(TARGET_CERT, "D19", "target-certificate")

enum sp_alert_rule {
#define X(name, number, word) SP_ALERT_##name,
	SP_ALERT_MAP(X)
#undef X
	SP_ALERT_RULES
};

/* What follows, besides the alert itself. */
enum sp_alert_action {
	SP_ALERT_TELL, /* "alert": nothing */
	SP_ALERT_STEP_UP, /* "step-up": off the line, and a second factor again to come back */
	SP_ALERT_PAUSE, /* "pause": likewise, and the password too */
	SP_ALERT_END, /* "end": the session ends */
	SP_ALERT_ACTIONS
};

#define SP_ALERT_EXEMPT 16
#define SP_ALERT_HOURS 8
#define SP_ALERT_TARGETS 64
#define SP_ALERT_COUNT_MAX 64 /* of whatever is counted one by one */

/* A rule's parameters; those that it has not are 0. */
struct sp_conf_alert {
	bool enabled;
	uint32_t action; /* enum sp_alert_action */
	uint32_t again_s; /* the same matter is not told again for so long */
	uint32_t count; /* failures, users, targets, events, logins */
	uint32_t count2; /* networks, new targets */
	uint32_t times; /* what is usual, so many times */
	uint32_t within_s; /* or longer than */
	uint32_t days; /* so long things are remembered */
	uint32_t learn_s; /* a user's first time, in which nothing is new */
	uint32_t km, kmh;
	uint32_t late_s;
	uint64_t bytes;
	size_t n_exempt, n_users;
	struct sp_conf_net exempt[SP_ALERT_EXEMPT]; /* sources that do not count */
	char users[SP_ALERT_EXEMPT][SP_CONF_NAME]; /* users that do not count */
};

struct sp_conf_alerts {
	struct sp_conf_alert rule[SP_ALERT_RULES];
	size_t n_critical;
	char critical[SP_ALERT_TARGETS][SP_CONF_NAME]; /* names of targets */
	size_t n_hours; /* 0: learned for each user */
	struct sp_conf_hours hours[SP_ALERT_HOURS];
};

/* "brute-force", "D01", "step-up"; static. */
const char *sp_alert_word(uint32_t rule);
const char *sp_alert_number(uint32_t rule);
const char *sp_alert_action_word(uint32_t action);
/* The defaults of every rule. */
void sp_conf_alerts_default(struct sp_conf_alerts *a);

#endif
