/* core/pdu/hello.c - see hello.h. */
#include "core/pdu/hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_HELLO 1
#define RANDOM 32

enum {
	EXT_SERVER_NAME = 0,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SUPPORTED_VERSIONS = 43,
};

/* RFC 8701: values that mean nothing and are there so that servers stay used to new ones. */
static bool is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void add(struct sp_rd *r, struct sp_hello_list *to, uint16_t v, const char *what)
{
	if (is_grease(v)) {
		return;
	}
	if (!(to->n < SP_HELLO_LIST)) {
		sp_rd_fail(r, SP_ELIMIT, what);
		return;
	}
	to->v[to->n++] = v;
}

static void list(struct sp_rd *r, struct sp_hello_list *to, const char *what)
{
	while (sp_rd_ok(r) == SP_OK && sp_rd_left(r) > 0) {
		add(r, to, sp_rd_be16(r), what);
	}
}

/* RFC 7301 3.1: the first name of the list. */
static int alpn(struct sp_rd body, struct sp_hello *out)
{
	struct sp_rd names = sp_rd_sub(&body, sp_rd_be16(&body));
	struct sp_span name = sp_rd_span(&names, sp_rd_u8(&names));

	if (sp_rd_ok(&names) == SP_OK && name.n > 0) {
		out->has_alpn = true;
		out->alpn[0] = name.p[0];
		out->alpn[1] = name.p[name.n - 1];
	}
	return sp_rd_end(&body);
}

static int signatures(struct sp_rd body, struct sp_hello *out)
{
	struct sp_rd r = sp_rd_sub(&body, sp_rd_be16(&body));

	list(&r, &out->signatures, "hello.signature_algorithms");
	return sp_rd_end(&r) == SP_OK ? sp_rd_end(&body) : r.err;
}

/* RFC 8446 4.2.1: of those the highest counts, and not what stands at the beginning. */
static int versions(struct sp_rd body, struct sp_hello *out)
{
	struct sp_rd r = sp_rd_sub(&body, sp_rd_u8(&body));
	uint16_t highest = 0;

	while (sp_rd_ok(&r) == SP_OK && sp_rd_left(&r) > 0) {
		uint16_t v = sp_rd_be16(&r);
		highest = !is_grease(v) && v > highest ? v : highest;
	}
	if (sp_rd_end(&r) != SP_OK) {
		return r.err;
	}
	out->version = highest != 0 ? highest : out->version;
	return sp_rd_end(&body);
}

static int extension(struct sp_rd *r, struct sp_hello *out)
{
	uint16_t type = sp_rd_be16(r);
	struct sp_rd body = sp_rd_sub(r, sp_rd_be16(r));

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	add(r, &out->extensions, type, "hello.extensions");
	switch (type) {
	case EXT_SERVER_NAME:
		out->name = true;
		return SP_OK;
	case EXT_SIGNATURE_ALGORITHMS:
		return signatures(body, out);
	case EXT_ALPN:
		return alpn(body, out);
	case EXT_SUPPORTED_VERSIONS:
		return versions(body, out);
	default:
		return SP_OK;
	}
}

static int extensions(struct sp_rd *r, struct sp_hello *out)
{
	struct sp_rd all = sp_rd_sub(r, sp_rd_be16(r));

	while (sp_rd_ok(&all) == SP_OK && sp_rd_left(&all) > 0) {
		int rc = extension(&all, out);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return sp_rd_end(&all);
}

int sp_hello_read(struct sp_rd *r, struct sp_hello *out)
{
	memset(out, 0, sizeof(*out));
	uint8_t type = sp_rd_u8(r);
	uint32_t high = sp_rd_u8(r), low = sp_rd_be16(r);
	struct sp_rd body = sp_rd_sub(r, high << 16 | low);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (type != CLIENT_HELLO) {
		return sp_rd_fail(r, SP_ESTATE, "hello.msg_type");
	}
	out->version = sp_rd_be16(&body);
	sp_rd_skip(&body, RANDOM);
	sp_rd_skip(&body, sp_rd_u8(&body)); /* legacy_session_id */
	struct sp_rd ciphers = sp_rd_sub(&body, sp_rd_be16(&body));
	list(&ciphers, &out->ciphers, "hello.cipher_suites");
	sp_rd_skip(&body, sp_rd_u8(&body)); /* legacy_compression_methods */
	if (sp_rd_end(&ciphers) != SP_OK || sp_rd_ok(&body) != SP_OK) {
		return sp_rd_ok(&body) != SP_OK ? body.err : ciphers.err;
	}
	if (sp_rd_left(&body) > 0) {
		int rc = extensions(&body, out);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return sp_rd_end(&body) == SP_OK ? sp_rd_end(r) : body.err;
}

/* ---- JA4 ---- */

static const char *version_text(uint16_t v)
{
	switch (v) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	default:
		return "00";
	}
}

static bool plain(uint8_t c)
{
	return ('0' <= c && c <= '9') || ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z');
}

static void alpn_text(const struct sp_hello *h, char out[3])
{
	static const char hex[] = "0123456789abcdef";

	memcpy(out, "00", 3);
	if (h->has_alpn && plain(h->alpn[0]) && plain(h->alpn[1])) {
		out[0] = (char)h->alpn[0];
		out[1] = (char)h->alpn[1];
	} else if (h->has_alpn) {
		out[0] = hex[h->alpn[0] >> 4];
		out[1] = hex[h->alpn[1] & 15];
	}
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* "002f,1301"; of extensions those are left out that vary with what is visited. */
static void write_list(struct sp_wr *w, const struct sp_hello_list *from, bool ext, bool sort)
{
	struct sp_hello_list l = *from;
	char text[8];
	bool first = true;

	if (sort) {
		qsort(l.v, l.n, sizeof(l.v[0]), by_value);
	}
	for (size_t i = 0; i < l.n; i++) {
		if (ext && (l.v[i] == EXT_SERVER_NAME || l.v[i] == EXT_ALPN)) {
			continue;
		}
		int n = snprintf(text, sizeof(text), first ? "%04x" : ",%04x", l.v[i]);
		sp_wr_put(w, text, (size_t)n);
		first = false;
	}
}

void sp_hello_ja4(
		const struct sp_hello *h, char start[11], struct sp_wr *ciphers, struct sp_wr *exts)
{
	char protocol[3];

	alpn_text(h, protocol);
	snprintf(start, 11, "t%s%c%02zu%02zu%s", version_text(h->version), h->name ? 'd' : 'i',
			h->ciphers.n < 99 ? h->ciphers.n : 99,
			h->extensions.n < 99 ? h->extensions.n : 99, protocol);
	write_list(ciphers, &h->ciphers, false, true);
	write_list(exts, &h->extensions, true, true);
	if (exts->n > 0 && h->signatures.n > 0) {
		sp_wr_u8(exts, '_');
		write_list(exts, &h->signatures, false, false);
	}
}
