/* gate/ship/sink_hook.c - alerts as signed POST requests, one at a time, to one address. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "gate/ship/http.h"
#include "gate/ship/sink.h"
#include "gate/ship/wire.h"
#include "host/io/loop.h"
#include "host/lib/sign.h"

#define TIME_US 30000000 /* for all of one request */
#define HEAD_MAX 2048

struct hook {
	struct sp_sink base;
	const struct sp_conf_ship *c;
	struct sp_tls_ctx *tls;
	struct sp_span secret; /* borrowed */
};

static struct hook *of(struct sp_sink *s)
{
	return (struct hook *)s;
}

/* ---- where it may call ---- */

static bool v4_wanted(uint32_t a, bool loopback)
{
	static const struct {
		uint32_t net, mask;
	} never[] = {
			{0x00000000, 0xff000000}, /* "this" network */
			{0xa9fe0000, 0xffff0000}, /* of the link, and metadata at 169.254.169.254 */
			{0x646464c8, 0xffffffff}, /* metadata at 100.100.100.200 */
			{0xc0000000, 0xffffff00}, /* 192.0.0.0/24: of protocols */
			{0xe0000000, 0xe0000000}, /* multicast and what is behind it */
	};

	if (a >> 24 == 127) {
		return loopback;
	}
	for (size_t i = 0; i < SP_LEN(never); i++) {
		if ((a & never[i].mask) == never[i].net) {
			return false;
		}
	}
	return !loopback;
}

static uint32_t v4_of(const uint8_t p[4])
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool v6_wanted(const uint8_t p[16], bool loopback)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t self[16] = {[15] = 1}, none[16] = {0};
	static const uint8_t metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};

	if (memcmp(p, mapped, sizeof(mapped)) == 0 || memcmp(p, nat64, sizeof(nat64)) == 0) {
		return v4_wanted(v4_of(p + 12), loopback);
	}
	if (memcmp(p, self, sizeof(self)) == 0) {
		return loopback;
	}
	bool link = p[0] == 0xfe && (p[1] & 0xc0) == 0x80;
	return !loopback && !link && p[0] != 0xff && memcmp(p, none, sizeof(none)) != 0 &&
			memcmp(p, metadata, sizeof(metadata)) != 0;
}

/* Asked with the very address that is about to be called, so that no name can change in between. */
static bool wanted(const struct sp_addr *to, const void *user)
{
	const struct sp_conf_ship *c = user;

	return sp_sink_hook_wanted(to, c->loopback);
}

bool sp_sink_hook_wanted(const struct sp_addr *to, bool loopback)
{
	if (to->u.sa.sa_family == AF_INET) {
		return v4_wanted(ntohl(to->u.v4.sin_addr.s_addr), loopback);
	}
	return to->u.sa.sa_family == AF_INET6 && v6_wanted(to->u.v6.sin6_addr.s6_addr, loopback);
}

/* ---- what it says ---- */

static int add(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	if (v->kind != SP_AUDIT_ALERT) {
		return SP_OK;
	}
	int rc = sp_render(SP_RENDER_JSON, r, v, w);
	return rc == SP_OK ? 1 : rc;
}

/* The signature is over the time, a full stop, and the body. */
static size_t make_head(const struct hook *h, struct sp_span body, char head[HEAD_MAX])
{
	char stamp[32], hex[2 * SP_SHA256 + 1], port[8] = "";
	bool usual = h->c->port == (h->c->tls ? 443 : 80);
	bool v6 = strchr(h->c->host, ':') != NULL;
	uint8_t mac[SP_SHA256];
	int n = snprintf(stamp, sizeof(stamp), "%lld.", (long long)time(NULL));

	sp_hmac_sha256(h->secret, sp_span(stamp, (size_t)n), body, mac);
	for (size_t i = 0; i < sizeof(mac); i++) {
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	}
	if (!usual) {
		snprintf(port, sizeof(port), ":%u", h->c->port);
	}
	n = snprintf(head, HEAD_MAX,
			"POST %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: sallyport\r\n"
			"Content-Type: application/json\r\nContent-Length: %zu\r\n"
			"X-Sallyport-Timestamp: %.*s\r\nX-Sallyport-Signature: sha256=%s\r\n"
			"Connection: close\r\n\r\n",
			h->c->resource, v6 ? "[" : "", h->c->host, v6 ? "]" : "", port, body.n,
			n - 1, stamp, hex);
	return (size_t)n;
}

static int answer(struct sp_wire *w, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	uint8_t in[SP_HTTP_MAX];
	size_t n = 0;

	for (;;) {
		int got = sp_wire_get(w, in + n, sizeof(in) - n, deadline_us, why);
		if (got < 0) {
			return got;
		}
		n += (size_t)got;
		int status = sp_http_status_read(sp_span(in, n));
		if (status < 0) {
			snprintf(why, SP_WHY_MAX, "the answer is no HTTP");
		}
		if (status != 0) {
			return status;
		}
	}
}

static int put(struct sp_sink *s, struct sp_span batch)
{
	struct hook *h = of(s);
	uint64_t deadline = sp_now_us() + TIME_US;
	struct sp_wire w;
	char head[HEAD_MAX];
	int rc = sp_wire_open(&w, h->c->host, (uint16_t)h->c->port, h->tls, wanted, h->c, deadline,
			s->why);

	if (rc != SP_OK) {
		/* Another day the name may have another address. */
		return rc == SP_EDENIED ? SP_ESYS : rc;
	}
	size_t n = make_head(h, batch, head);
	rc = sp_wire_put(&w, sp_span(head, n), deadline, s->why);
	if (rc == SP_OK) {
		rc = sp_wire_put(&w, batch, deadline, s->why);
	}
	int status = rc == SP_OK ? answer(&w, deadline, s->why) : rc;
	sp_wire_close(&w);
	if (status < 0) {
		return status;
	}
	if (200 <= status && status < 300) {
		return SP_OK;
	}
	snprintf(s->why, sizeof(s->why), "the answer is %d%s", status,
			300 <= status && status < 400 ? ", which is not followed" : "");
	/* Of these it can be said that the same words will never be right. */
	return status == 400 || status == 413 || status == 422 ? SP_EDENIED : SP_ESYS;
}

static int look(struct sp_sink *s)
{
	return SP_OK;
}

static void reset(struct sp_sink *s)
{
}

static void destroy(struct sp_sink *s)
{
	sp_tls_ctx_destroy(of(s)->tls);
	sp_free(s);
}

struct sp_sink *sp_sink_hook(
		const struct sp_conf_ship *c, const struct sp_sink_files *f, char why[SP_WHY_MAX])
{
	static const struct sp_sink_impl impl = {
			.add = add, .put = put, .look = look, .reset = reset, .destroy = destroy};
	struct hook *h = sp_calloc(1, sizeof(*h));

	if (h == NULL) {
		snprintf(why, SP_WHY_MAX, "out of memory");
		return NULL;
	}
	h->base = (struct sp_sink){.impl = &impl, .fd = -1, .from_now = true};
	h->c = c;
	h->secret = f->secret;
	if (c->tls) {
		h->tls = sp_tls_client_ctx(f->ca, why);
		if (h->tls == NULL) {
			destroy(&h->base);
			return NULL;
		}
	}
	return &h->base;
}
