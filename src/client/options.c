/* client/options.c - see options.h. */
#include "client/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/layout.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tcp.h"

#define DEFAULT_PORT 3389
#define DEFAULT_WIDTH 1024
#define DEFAULT_HEIGHT 768

void sp_options_init(struct sp_options *o)
{
	*o = (struct sp_options){.width = DEFAULT_WIDTH, .height = DEFAULT_HEIGHT, .depth = 32};
	sp_trust_default_file(o->trust.file);
}

int sp_options_value(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0) {
		return 0;
	}
	if (argv[*i][n] == '=') {
		*value = argv[*i] + n + 1;
		return 1;
	}
	if (argv[*i][n] != '\0') {
		return 0;
	}
	if (*i + 1 >= argc) {
		return -1;
	}
	*value = argv[++*i];
	return 1;
}

int sp_options_seconds(const char *text, unsigned max, uint64_t *out_us)
{
	char *end;
	double v;

	if (!isdigit((unsigned char)text[0])) {
		return SP_EARG; /* no sign, no "inf", no blank */
	}
	v = strtod(text, &end);
	if (*end != '\0' || !(v >= 0 && v <= max)) {
		return SP_EARG;
	}
	*out_us = (uint64_t)(v * 1e6 + 0.5);
	return SP_OK;
}

/* "WxH,WxH+X+Y": several monitors, the first one being the primary. */
static int take_monitors(struct sp_options *o, const char *v)
{
	char one[64];

	o->monitors.n = 0;
	for (const char *at = v;; at++) {
		size_t n = strcspn(at, ",");

		if (!(n < sizeof(one))) {
			return SP_EARG;
		}
		memcpy(one, at, n);
		one[n] = '\0';
		if (sp_layout_add(&o->monitors, one) != SP_OK) {
			return SP_EARG;
		}
		at += n;
		if (*at == '\0') {
			break;
		}
	}
	struct sp_rect all = sp_display_bounds(&o->monitors);
	o->width = (uint16_t)all.w;
	o->height = (uint16_t)all.h;
	return sp_display_check(&o->monitors) ? SP_EARG : SP_OK;
}

static int take_size(struct sp_options *o, const char *v)
{
	char *end;

	if (strpbrk(v, ",+@")) {
		return take_monitors(o, v);
	}
	o->monitors.n = 0;
	if (!isdigit((unsigned char)v[0])) {
		return SP_EARG;
	}
	unsigned long w = strtoul(v, &end, 10);
	if (*end != 'x' || !isdigit((unsigned char)end[1])) {
		return SP_EARG;
	}
	unsigned long h = strtoul(end + 1, &end, 10);
	if (*end != '\0' || !(SP_SESSION_MIN_SIDE <= w && w <= SP_SESSION_MAX_SIDE) ||
			!(SP_SESSION_MIN_SIDE <= h && h <= SP_SESSION_MAX_SIDE)) {
		return SP_EARG;
	}
	o->width = (uint16_t)w;
	o->height = (uint16_t)h;
	return SP_OK;
}

static int take_depth(struct sp_options *o, const char *v)
{
	static const char *const names[] = {"32", "24", "16", "15"};
	static const uint8_t depths[] = {32, 24, 16, 15};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			o->depth = depths[i];
			return SP_OK;
		}
	}
	return SP_EARG;
}

static int take_codec(struct sp_options *o, const char *v)
{
	static const char *const names[] = {[SP_SESSION_CODEC_AUTO] = "auto",
			[SP_SESSION_CODEC_BITMAP] = "bitmap",
			[SP_SESSION_CODEC_RFX] = "rfx",
			[SP_SESSION_CODEC_NSC] = "nsc",
			[SP_SESSION_CODEC_GFX] = "gfx",
			[SP_SESSION_CODEC_GFX_RFX] = "gfx-rfx",
			[SP_SESSION_CODEC_AVC420] = "avc420",
			[SP_SESSION_CODEC_AVC444] = "avc444"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			o->codec = (enum sp_session_codec)i;
			return SP_OK;
		}
	}
	return SP_EARG;
}

static int take_compression(struct sp_options *o, const char *v)
{
	o->plain = strcmp(v, "off") == 0;
	return o->plain || strcmp(v, "on") == 0 ? SP_OK : SP_EARG;
}

static int take_security(struct sp_options *o, const char *v)
{
	static const char *const names[] = {[SP_SESSION_AUTO] = "auto",
			[SP_SESSION_NLA] = "nla",
			[SP_SESSION_TLS] = "tls"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			o->security = (enum sp_session_security)i;
			return SP_OK;
		}
	}
	return SP_EARG;
}

static int take_trust(struct sp_options *o, const char *v)
{
	return sp_trust_parse(v, &o->trust);
}

static int take_user(struct sp_options *o, const char *v)
{
	o->user = v;
	return v[0] && strlen(v) < SP_SESSION_NAME ? SP_OK : SP_EARG;
}

static int take_target(struct sp_options *o, const char *v)
{
	o->target = v;
	return v[0] && !strchr(v, '#') && strlen(v) < SP_SESSION_NAME ? SP_OK : SP_EARG;
}

static int take_domain(struct sp_options *o, const char *v)
{
	o->domain = v;
	return strlen(v) < SP_SESSION_NAME ? SP_OK : SP_EARG;
}

static int take_code(struct sp_options *o, const char *v)
{
	o->code = v;
	return strlen(v) == SP_TOTP_DIGITS && strspn(v, "0123456789") == SP_TOTP_DIGITS ? SP_OK
											: SP_EARG;
}

static int take_totp(struct sp_options *o, const char *v)
{
	o->has_totp = true;
	return sp_totp_parse(v, o->totp);
}

int sp_options_take(struct sp_options *o, int argc, char **argv, int *i, char why[SP_WHY_MAX])
{
	static const struct {
		const char *name;
		int (*take)(struct sp_options *o, const char *v);
		const char *want;
	} options[] = {
			{"--size", take_size,
					"not WIDTHxHEIGHT, each from 200 to 8192, nor such "
					"monitors side by "
					"side"},
			{"--user", take_user, "not a user name"},
			{"--target", take_target, "not a target name"},
			{"--code", take_code, "not a code of six digits"},
			{"--totp-secret", take_totp, "not 32 letters and digits of base 32"},
			{"--domain", take_domain, "not a domain name"},
			{"--depth", take_depth, "not 32, 24, 16 or 15"},
			{"--codec", take_codec,
					"not auto, bitmap, rfx, nsc, gfx, gfx-rfx, avc420 or "
					"avc444"},
			{"--compression", take_compression, "not on or off"},
			{"--sec", take_security, "not nla, tls or auto"},
			{"--trust", take_trust, "not ask, ca, first-seen or pin:SHA256"},
	};

	if (strcmp(argv[*i], "--password-stdin") == 0) {
		o->password_stdin = true;
		return 1;
	}
	for (size_t k = 0; k < SP_LEN(options); k++) {
		const char *v = NULL;
		int rc = sp_options_value(options[k].name, argc, argv, i, &v);

		if (rc < 0) {
			snprintf(why, SP_WHY_MAX, "%s: value missing", options[k].name);
			return -1;
		}
		if (rc == 0) {
			continue;
		}
		if (options[k].take(o, v) != SP_OK) {
			snprintf(why, SP_WHY_MAX, "%s %.80s: %s", options[k].name, v,
					options[k].want);
			return -1;
		}
		return 1;
	}
	return 0;
}

const char *sp_options_name(struct sp_options *o, int64_t unix_time)
{
	char made[SP_TOTP_DIGITS + 1];
	const char *code = o->code;

	if (o->user == NULL) {
		return NULL;
	}
	if (o->has_totp && code == NULL) {
		if (sp_totp_code(o->totp, sp_totp_step(unix_time), made) != SP_OK) {
			return NULL;
		}
		code = made;
	}
	bool named = o->target != NULL || strchr(o->user, '#') != NULL;
	int n = snprintf(o->name, sizeof(o->name), "%s%s%s%s%s", o->user,
			o->target != NULL ? "#" : "", o->target != NULL ? o->target : "",
			code == NULL            ? ""
					: named ? "#"
						: "##",
			code != NULL ? code : "");
	sp_wipe(made, sizeof(made));
	return 0 < n && (size_t)n < sizeof(o->name) ? o->name : NULL;
}

int sp_options_address(struct sp_options *o, const char *text)
{
	int rc = sp_addr_split(text, DEFAULT_PORT, o->host, sizeof(o->host), &o->port);

	return rc == SP_OK && o->host[0] && o->port != 0 ? SP_OK : SP_EARG;
}
