/* scan/probe_http.c - see probe_http.h. */
#include "scan/probe_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/err.h"
#include "scan/probe_login.h"

#define LINES_MAX 128
#define NTLM_MAX 128

/* ---- asking ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put(struct sp_wr *w, const char *text)
{
	sp_wr_put(w, text, strlen(text));
}

static void base64(struct sp_wr *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
				(i + 2 < n ? p[i + 2] : 0);

		sp_wr_u8(w, (uint8_t)digits[v >> 18]);
		sp_wr_u8(w, (uint8_t)digits[v >> 12 & 63]);
		sp_wr_u8(w, (uint8_t)(i + 1 < n ? digits[v >> 6 & 63] : '='));
		sp_wr_u8(w, (uint8_t)(i + 2 < n ? digits[v & 63] : '='));
	}
}

void sp_probe_http_write(struct sp_wr *w, enum sp_scan_path path, const char *host, uint16_t port,
		uint32_t ntlm)
{
	/* [MS-TSGU] 3.3.5.1, [MS-RPCH] 2.1.2.1.2; KdcProxy wants a POST, and says so. */
	static const char *const lines[SP_SCAN_PATH_COUNT] = {
			[SP_SCAN_RDWEB] = "GET /RDWeb/",
			[SP_SCAN_RDG] = "RDG_OUT_DATA /remoteDesktopGateway/",
			[SP_SCAN_RPC] = "RPC_OUT_DATA /rpc/rpcproxy.dll?localhost:3388",
			[SP_SCAN_KDC] = "GET /KdcProxy",
	};
	bool v6 = strchr(host, ':') != NULL;
	char where[SP_SCAN_TEXT + 32];
	uint8_t token[NTLM_MAX];
	struct sp_wr t;

	/* The interface is of our side only. */
	snprintf(where, sizeof(where), port == 443 ? "%s%.*s%s" : "%s%.*s%s:%u", v6 ? "[" : "",
			(int)strcspn(host, v6 ? "%" : ""), host, v6 ? "]" : "", port);
	put(w, lines[path]);
	put(w, " HTTP/1.1\r\nHost: ");
	put(w, where);
	put(w, "\r\nUser-Agent: sallyport-scan\r\nAccept: */*\r\n");
	if (path == SP_SCAN_RDG) {
		put(w, "RDG-Connection-Id: {5A11D012-5CA4-4A11-8000-000000000000}\r\n");
	}
	if (ntlm != 0) {
		sp_wr_fixed(&t, token, sizeof(token));
		sp_probe_ntlm_write(&t);
		put(w,
				ntlm & SP_SCAN_AUTH_NTLM ? "Authorization: NTLM "
							 : "Authorization: Negotiate ");
		base64(w, t.p, t.n);
		put(w, "\r\n");
	}
	put(w, "\r\n");
}

/* ---- reading ---- */

/* Where in the alphabet; -1: nowhere. */
static int digit(uint8_t c)
{
	const char *at = c ? memchr(digits, c, sizeof(digits) - 1) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t sp_probe_base64_read(struct sp_span in, uint8_t *out, size_t cap)
{
	uint32_t v = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n && n < cap; i++) {
		int d = digit(in.p[i]);
		if (d < 0) {
			break;
		}
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(v >> bits);
		}
	}
	return n;
}

static struct sp_span trim(struct sp_span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s = sp_span(s.p + 1, s.n - 1);
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
		s.n--;
	}
	return s;
}

static bool same(struct sp_span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool contains(struct sp_span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++) {
		if (strncasecmp((const char *)s.p + i, word, n) == 0) {
			return true;
		}
	}
	return false;
}

/* What stands before the separator; s is then what stands behind it. */
static struct sp_span cut(struct sp_span *s, char separator)
{
	const uint8_t *at = s->n > 0 ? memchr(s->p, separator, s->n) : NULL;
	struct sp_span head = at ? sp_span(s->p, (size_t)(at - s->p)) : *s;

	*s = at ? sp_span(at + 1, s->n - head.n - 1) : sp_span(s->p, 0);
	return head;
}

/* One challenge, or a parameter of the one before it. */
static void authenticate(struct sp_span part, bool first, struct sp_probe_http *out)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} schemes[] = {{"Basic", SP_SCAN_AUTH_BASIC}, {"NTLM", SP_SCAN_AUTH_NTLM},
			{"Negotiate", SP_SCAN_AUTH_NEGOTIATE}, {"Bearer", SP_SCAN_AUTH_BEARER}};
	struct sp_span rest = trim(part), scheme = cut(&rest, ' ');

	for (size_t i = 0; i < SP_LEN(schemes); i++) {
		if (!same(scheme, schemes[i].name)) {
			continue;
		}
		out->auth |= schemes[i].bit;
		if ((schemes[i].bit & (SP_SCAN_AUTH_NTLM | SP_SCAN_AUTH_NEGOTIATE)) &&
				out->token.n == 0) {
			out->token = trim(rest);
		}
		return;
	}
	if (first && scheme.n > 0) {
		out->auth |= SP_SCAN_AUTH_OTHER;
	}
}

static bool number(struct sp_span s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!('0' <= s.p[i] && s.p[i] <= '9') || i == 15) {
			return false;
		}
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return s.n > 0;
}

static void header(struct sp_span name, struct sp_span value, struct sp_probe_http *out)
{
	if (same(name, "WWW-Authenticate")) {
		bool first = true;

		while (value.n > 0) {
			authenticate(cut(&value, ','), first, out);
			first = false;
		}
	} else if (same(name, "Server") && out->server[0] == '\0') {
		size_t n = value.n < sizeof(out->server) ? value.n : sizeof(out->server) - 1;

		for (size_t i = 0; i < n; i++) {
			bool printable = 0x20 <= value.p[i] && value.p[i] < 0x7F;

			out->server[i] = printable ? (char)value.p[i] : '?';
		}
	} else if (same(name, "Content-Length")) {
		out->has_length = number(value, &out->length);
		out->close |= !out->has_length;
	} else if (same(name, "Transfer-Encoding")) {
		out->close = true; /* nobody here reads chunks */
	} else if (same(name, "Connection")) {
		out->close |= contains(value, "close");
	} else if (same(name, "Location")) {
		out->to_rdweb = contains(value, "/RDWeb");
	}
}

static bool status_line(struct sp_span line, struct sp_probe_http *out)
{
	uint64_t status;
	struct sp_span version = cut(&line, ' '), code = cut(&line, ' ');

	if (version.n != 8 || memcmp(version.p, "HTTP/1.", 7) != 0 || code.n != 3 ||
			!number(code, &status) || !(100 <= status && status <= 599)) {
		return false;
	}
	out->close = version.p[7] == '0';
	out->status = (uint16_t)status;
	return true;
}

int sp_probe_http_read(struct sp_span in, struct sp_probe_http *out)
{
	struct sp_span left = in;
	unsigned lines = 0;

	memset(out, 0, sizeof(*out));
	if (in.n > 0 && memcmp(in.p, "HTTP/1.", in.n < 7 ? in.n : 7) != 0) {
		return SP_EPROTO;
	}
	while (left.n > 0 && memchr(left.p, '\n', left.n)) {
		struct sp_span line = cut(&left, '\n');

		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		if (lines > 0 && line.n == 0) {
			out->close |= !out->has_length && out->status != 204 && out->status != 304;
			return (int)(in.n - left.n);
		}
		if (++lines > LINES_MAX) {
			return SP_ELIMIT;
		}
		if (lines == 1) {
			if (!status_line(line, out)) {
				return SP_EFIELD;
			}
			continue;
		}
		struct sp_span name = cut(&line, ':');
		header(name, trim(line), out);
	}
	return in.n < SP_PROBE_HTTP_HEAD ? 0 : SP_ELIMIT;
}

/* ---- what it means ---- */

enum sp_scan_tri sp_probe_http_present(
		enum sp_scan_path path, const struct sp_probe_http *m, bool all_same)
{
	/* Who says one thing to everything says nothing about this path. */
	bool microsoft = strncasecmp(m->server, "Microsoft", 9) == 0;

	switch (m->status) {
	case 0:
		return SP_SCAN_UNKNOWN;
	case 401:
		return all_same && !microsoft ? SP_SCAN_UNKNOWN : SP_SCAN_YES;
	case 200:
		if (path == SP_SCAN_RDG || path == SP_SCAN_RPC) {
			/* A verb that few other servers know. */
			return all_same && !microsoft ? SP_SCAN_UNKNOWN : SP_SCAN_YES;
		}
		return microsoft && path == SP_SCAN_RDWEB ? SP_SCAN_YES : SP_SCAN_UNKNOWN;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return path == SP_SCAN_RDWEB && m->to_rdweb ? SP_SCAN_YES : SP_SCAN_NO;
	case 400:
	case 405:
	case 411:
	case 415:
	case 500:
		return path == SP_SCAN_KDC && (microsoft || m->status == 405) ? SP_SCAN_YES
									      : SP_SCAN_NO;
	case 403:
	case 503:
		return microsoft ? SP_SCAN_UNKNOWN : SP_SCAN_NO;
	default:
		return SP_SCAN_NO;
	}
}
