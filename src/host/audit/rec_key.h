/* host/audit/rec_key.h - auditors' keys: who can read recordings, as a file and as a word. */
#ifndef SP_HOST_AUDIT_REC_KEY_H
#define SP_HOST_AUDIT_REC_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/audit/rec.h"

#define SP_REC_KEY 32
#define SP_REC_KEY_ID 8
#define SP_REC_PUBLIC_TEXT 64 /* "x25519:" and base64, with its NUL */

/* The public half: what the configuration names. */
struct sp_rec_auditor {
	uint8_t pk[SP_REC_KEY];
};

/* Both halves; wiped by its owner with sp_rec_key_wipe(). */
struct sp_rec_key {
	uint8_t pk[SP_REC_KEY], sk[SP_REC_KEY];
};

/* "x25519:BASE64", as in the configuration's auditors. SP_EFIELD. */
sp_nodiscard int sp_rec_auditor_read(const char *text, struct sp_rec_auditor *out);
void sp_rec_auditor_text(const struct sp_rec_auditor *a, char out[SP_REC_PUBLIC_TEXT]);
/* The first bytes of its hash: by these a recording names its readers. */
void sp_rec_auditor_id(const struct sp_rec_auditor *a, uint8_t out[SP_REC_KEY_ID]);

sp_nodiscard int sp_rec_key_make(struct sp_rec_key *out);
void sp_rec_key_wipe(struct sp_rec_key *k);
/* Makes a new file, mode 0600; SP_EDENIED when there is one already, SP_ESYS. */
sp_nodiscard int sp_rec_key_save(
		const struct sp_rec_key *k, const char *path, char why[SP_REC_WHY]);
/* Refuses a file that group or others may touch. SP_ENOTFOUND, SP_EDENIED, SP_EFIELD, SP_ESYS. */
sp_nodiscard int sp_rec_key_load(struct sp_rec_key *out, const char *path, char why[SP_REC_WHY]);

#endif
