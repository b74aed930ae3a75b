/* host/lib/totp.h - one-time codes by time ([RFC 6238], SHA-1, 6 digits, 30 s) and their secrets. */
#ifndef SP_HOST_LIB_TOTP_H
#define SP_HOST_LIB_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"

#define SP_TOTP_SECRET 20
#define SP_TOTP_DIGITS 6
#define SP_TOTP_PERIOD 30
#define SP_TOTP_WINDOW 1u /* steps before and after now whose codes are taken */
#define SP_TOTP_TEXT 33 /* the secret in base 32, and a NUL */
#define SP_TOTP_URI 384

/* The step that a time belongs to. */
uint64_t sp_totp_step(int64_t unix_time);
/* The code of a step: six digits and a NUL. */
sp_nodiscard int sp_totp_code(
		const uint8_t secret[SP_TOTP_SECRET], uint64_t step, char out[SP_TOTP_DIGITS + 1]);
/*
 * SP_OK and the step whose code this is, the latest one around now; SP_EAUTH when there is none.
 * Takes the same time for right and wrong codes. SP_EARG when it is not six digits.
 */
sp_nodiscard int sp_totp_find(const uint8_t secret[SP_TOTP_SECRET], const char *code, int64_t now,
		uint64_t *step);

/* Base 32 in capitals; false without memory. */
bool sp_totp_text(const uint8_t secret[SP_TOTP_SECRET], char out[SP_TOTP_TEXT]);
/* The way back, also from lower case and groups; SP_EARG when it is no secret of this length. */
sp_nodiscard int sp_totp_parse(const char *text, uint8_t secret[SP_TOTP_SECRET]);
/* otpauth://totp/Sallyport:USER?secret=..., what an authenticator takes; false without memory. */
bool sp_totp_uri(const uint8_t secret[SP_TOTP_SECRET], const char *user, char out[SP_TOTP_URI]);

#endif
