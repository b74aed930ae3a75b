/* client/options.h - what every client command takes: where to, as whom, how large, whom to trust. */
#ifndef SP_CLIENT_OPTIONS_H
#define SP_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/session.h"
#include "core/chan/display.h"
#include "host/io/fdio.h"
#include "host/lib/totp.h"

/* Strings point into argv. */
struct sp_options {
	char host[256];
	uint16_t port;
	const char *user, *domain; /* NULL when not given */
	bool password_stdin;
	const char *target; /* of a Sallyport service; NULL when not given */
	/* A one-time code, or the secret that makes them; at most one is given. */
	const char *code;
	bool has_totp;
	uint8_t totp[SP_TOTP_SECRET];
	char name[SP_SESSION_NAME]; /* of sp_options_name() */
	uint16_t width, height; /* around all monitors */
	struct sp_display_layout monitors; /* n 0: one of this size */
	uint8_t depth;
	enum sp_session_codec codec;
	bool plain;
	enum sp_session_security security;
	struct sp_trust trust;
};

void sp_options_init(struct sp_options *o);
/*
 * When argv[*i] is one of --size --user --target --code --totp-secret --domain --password-stdin --depth --codec --compression --trust --sec (also
 * "--size=WxH"), takes it and its value and moves *i to the last argument used. 1: taken; 0:
 * something else; -1: not valid, and why says so.
 */
sp_nodiscard int sp_options_take(
		struct sp_options *o, int argc, char **argv, int *i, char why[SP_WHY_MAX]);
/*
 * The user name as it is sent: with the target, where one is given, and with the one-time code of
 * now, where one is given or can be made: "user#target", "user##code", "user#target#code". NULL without a user, or when it does not fit.
 */
sp_nodiscard const char *sp_options_name(struct sp_options *o, int64_t unix_time);
/* "HOST[:PORT]"; SP_EARG. */
sp_nodiscard int sp_options_address(struct sp_options *o, const char *text);
/*
 * The value of option name at argv[*i], from "--name VALUE" or "--name=VALUE": 1 and *value (*i
 * moved), 0 for another option, -1 when the value is missing.
 */
sp_nodiscard int sp_options_value(
		const char *name, int argc, char **argv, int *i, const char **value);
/* "1.5" within 0 and max, which it may equal, as microseconds; SP_EARG. */
sp_nodiscard int sp_options_seconds(const char *text, unsigned max, uint64_t *out_us);

#endif
