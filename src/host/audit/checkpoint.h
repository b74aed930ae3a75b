/* host/audit/checkpoint.h - who signs the audit: a key for each day, the next one's name signed by it. */
#ifndef SP_HOST_AUDIT_CHECKPOINT_H
#define SP_HOST_AUDIT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/audit/event.h"
#include "host/audit/record.h"
#include "host/lib/sign.h"

#define SP_AUDIT_WHY 256
#define SP_AUDIT_KEY_FILE "key" /* secrets of today and of the day after */
#define SP_AUDIT_FIRST_FILE "first.pub" /* the first public key, in hex: the root of trust */

/* What a signature is for; each signs bytes of its own. */
enum sp_audit_signs {
	SP_SIGNS_HEAD, /* this record is the last one */
	SP_SIGNS_CHECKPOINT, /* all up to this record; and who signs next */
	SP_SIGNS_RETENTION, /* what is up to this record may be gone */
	SP_SIGNS_COUNT
};

/* Two secrets: who has both can write on from now, but what older keys signed he cannot forge. */
struct sp_audit_keys {
	uint32_t day; /* since 1970; the first key's */
	uint8_t seed[2][SP_SIGN_SEED]; /* of now and of the next day */
	uint8_t key[2][SP_SIGN_PUBLIC];
};

/*
 * Reads the key file of a directory. With `create` an audit begins: the file is made where there is
 * none, and its public key of now becomes the root of trust beside it. SP_ENOTFOUND; SP_EDENIED when
 * others may read it; SP_EFIELD when it is damaged; SP_ESYS; and why.
 */
sp_nodiscard int sp_audit_keys_open(struct sp_audit_keys *k, const char *dir, bool create,
		uint32_t day, char why[SP_AUDIT_WHY]);
/*
 * A new day: the next key signs from now on, and there is a new next one. The old secret is
 * overwritten on the disk and in memory. Not before a checkpoint that names the next key is durable.
 */
sp_nodiscard int sp_audit_keys_turn(
		struct sp_audit_keys *k, const char *dir, uint32_t day, char why[SP_AUDIT_WHY]);
/* Wipes the secrets. */
void sp_audit_keys_finish(struct sp_audit_keys *k);
/* Reads the root of trust beside the key file: 64 hex digits. SP_ENOTFOUND, SP_EFIELD, SP_ESYS. */
sp_nodiscard int sp_audit_first(const char *dir, uint8_t out[SP_SIGN_PUBLIC]);
/* 64 hex digits; what follows them must be white space. */
bool sp_audit_key_parse(const char *text, uint8_t out[SP_SIGN_PUBLIC]);
void sp_audit_key_text(const uint8_t key[SP_SIGN_PUBLIC], char out[2 * SP_SIGN_PUBLIC + 1]);

/* What a signature says of the chain. `next` is looked at for CHECKPOINT only, else it is zeroes. */
struct sp_audit_signed {
	enum sp_audit_signs what;
	uint64_t seq;
	uint8_t hash[SP_RECORD_HASH];
	uint8_t key[SP_SIGN_PUBLIC], next[SP_SIGN_PUBLIC];
	uint8_t sign[SP_SIGN_SIZE];
};

/* Signs with today's key, and names it and the next one. */
void sp_audit_sign(const struct sp_audit_keys *k, enum sp_audit_signs what, uint64_t seq,
		const uint8_t hash[SP_RECORD_HASH], struct sp_audit_signed *out);
/* Is the signature that of s->key? */
bool sp_audit_signed_good(const struct sp_audit_signed *s);
/* As an event: audit.checkpoint or audit.retention, to which more may be added. */
void sp_audit_signed_event(const struct sp_audit_signed *s, struct sp_audit_event *e);
/* Out of such an event; SP_EFIELD where something is missing or has another size. */
sp_nodiscard int sp_audit_signed_read(const struct sp_audit_view *v, struct sp_audit_signed *out);

#endif
