/* host/lib/totp.c - see totp.h; the codes are liboath's. */
#include "host/lib/totp.h"

#include <ctype.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define ISSUER "Sallyport"

uint64_t sp_totp_step(int64_t unix_time)
{
	return unix_time > 0 ? (uint64_t)unix_time / SP_TOTP_PERIOD : 0;
}

int sp_totp_code(const uint8_t secret[SP_TOTP_SECRET], uint64_t step, char out[SP_TOTP_DIGITS + 1])
{
	int rc = oath_hotp_generate((const char *)secret, SP_TOTP_SECRET, step, SP_TOTP_DIGITS,
			false, OATH_HOTP_DYNAMIC_TRUNCATION, out);

	if (rc != OATH_OK) {
		sp_wipe(out, SP_TOTP_DIGITS + 1);
		return SP_EBUG;
	}
	return SP_OK;
}

static bool is_code(const char *code)
{
	return strspn(code, "0123456789") == SP_TOTP_DIGITS && code[SP_TOTP_DIGITS] == '\0';
}

int sp_totp_find(
		const uint8_t secret[SP_TOTP_SECRET], const char *code, int64_t now, uint64_t *step)
{
	uint64_t middle = sp_totp_step(now);
	char want[SP_TOTP_DIGITS + 1];
	int found = SP_EAUTH;

	*step = 0;
	if (!is_code(code)) {
		return SP_EARG;
	}
	for (uint64_t s = middle - (middle > 0 ? SP_TOTP_WINDOW : 0); s <= middle + SP_TOTP_WINDOW;
			s++) {
		int rc = sp_totp_code(secret, s, want);
		unsigned differ = 0;

		if (rc != SP_OK) {
			return rc;
		}
		for (size_t i = 0; i < SP_TOTP_DIGITS; i++) {
			differ |= (unsigned)(want[i] ^ code[i]);
		}
		if (differ == 0) {
			*step = s;
			found = SP_OK;
		}
	}
	sp_wipe(want, sizeof(want));
	return found;
}

bool sp_totp_text(const uint8_t secret[SP_TOTP_SECRET], char out[SP_TOTP_TEXT])
{
	char *text = NULL;
	size_t n = 0;
	bool ok = oath_base32_encode((const char *)secret, SP_TOTP_SECRET, &text, &n) == OATH_OK &&
			n == SP_TOTP_TEXT - 1;

	memset(out, 0, SP_TOTP_TEXT);
	if (ok) {
		memcpy(out, text, n);
	}
	if (text != NULL) {
		sp_wipe(text, n);
		free(text);
	}
	return ok;
}

int sp_totp_parse(const char *text, uint8_t secret[SP_TOTP_SECRET])
{
	char packed[SP_TOTP_TEXT] = "";
	char *bytes = NULL;
	size_t n = 0, len = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '-' || *text == '=') {
			continue;
		}
		if (len == SP_TOTP_TEXT - 1) {
			return SP_EARG;
		}
		packed[len++] = (char)toupper((unsigned char)*text);
	}
	if (len != SP_TOTP_TEXT - 1 || strspn(packed, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != len) {
		return SP_EARG;
	}
	int rc = oath_base32_decode(packed, len, &bytes, &n) == OATH_OK && n == SP_TOTP_SECRET
			? SP_OK
			: SP_EARG;
	if (rc == SP_OK) {
		memcpy(secret, bytes, SP_TOTP_SECRET);
	}
	if (bytes != NULL) {
		sp_wipe(bytes, n);
		free(bytes);
	}
	sp_wipe(packed, sizeof(packed));
	return rc;
}

bool sp_totp_uri(const uint8_t secret[SP_TOTP_SECRET], const char *user, char out[SP_TOTP_URI])
{
	char text[SP_TOTP_TEXT], name[3 * 64 + 1];
	size_t n = 0;

	for (; *user != '\0' && n + 3 < sizeof(name); user++) {
		bool plain = isalnum((unsigned char)*user) || strchr("._-@", *user) != NULL;

		n += (size_t)snprintf(name + n, sizeof(name) - n, plain ? "%c" : "%%%02X",
				(unsigned char)*user);
	}
	name[n] = '\0';
	bool ok = *user == '\0' && sp_totp_text(secret, text);
	int len = snprintf(out, SP_TOTP_URI,
			"otpauth://totp/" ISSUER ":%s?secret=%s&issuer=" ISSUER
			"&algorithm=SHA1&digits=%d&period=%d",
			name, ok ? text : "", SP_TOTP_DIGITS, SP_TOTP_PERIOD);
	sp_wipe(text, sizeof(text));
	return ok && 0 < len && len < SP_TOTP_URI;
}
