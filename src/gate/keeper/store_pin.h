/* gate/keeper/store_pin.h - the keys that targets showed when they were seen first. */
#ifndef SP_GATE_KEEPER_STORE_PIN_H
#define SP_GATE_KEEPER_STORE_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_PIN_SIZE 32 /* SHA-256 of SubjectPublicKeyInfo */
#define SP_PINS_MAX 4096

struct sp_pin {
	char target[SP_TEXT_TARGET];
	char host[SP_TEXT_HOST]; /* "10.0.0.5:3389" */
	uint8_t spki[SP_PIN_SIZE];
	int64_t first_seen;
	bool changed; /* another key was shown later, and refused */
	uint8_t offered[SP_PIN_SIZE];
	int64_t offered_at;
};

enum sp_pin_result {
	SP_PIN_FAILED, /* the store cannot be read or written: trust nobody */
	SP_PIN_SAME,
	SP_PIN_FIRST, /* never seen before: now it is written down, durably */
	SP_PIN_CHANGED, /* another one than before, which is noted; `out` has both */
};

/* What to think of the key that a target's host shows, in one step. */
sp_nodiscard enum sp_pin_result sp_store_pin_check(struct sp_store *st, const char *target,
		const char *host, const uint8_t spki[SP_PIN_SIZE], int64_t now, struct sp_pin *out);
sp_nodiscard int sp_store_pin_get(
		struct sp_store *st, const char *target, const char *host, struct sp_pin *out);
/* By target; fn returns false to stop. */
sp_nodiscard int sp_store_pin_list(
		struct sp_store *st, bool (*fn)(void *arg, const struct sp_pin *p), void *arg);
/* The next key it shows is a first one again, at all of its hosts. SP_ENOTFOUND: none there. */
sp_nodiscard int sp_store_pin_forget(struct sp_store *st, const char *target);

#endif
