/* tests/scan/test_talk.c - whole conversations with a server in memory, cut at every byte and bent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/credssp.h"
#include "core/auth/ntlm.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/x224.h"
#include "scan/probe_offer.h"
#include "scan/probe_talk.h"
#include "tls_kit.h"
#include "unit.h"

#define CONFIRM_SSL "030000130ed000001234000201080001000000"
#define CONFIRM_HYBRID "030000130ed00000123400021f080002000000"
#define CONFIRM_RDP "030000130ed000001234000201080000000000"
#define CONFIRM_BARE "0300000b06d00000123400"
#define FAILURE "030000130ed000001234000300080005000000"

static struct sp_talk_env env;

/* ---- the server: a confirm, then TLS if there is to be any, then one answer in it ---- */

struct server {
	struct sp_span confirm;
	bool is_tls;
	struct sp_span answer; /* to the first bytes within TLS, or behind the confirm */
	size_t limit; /* of bytes in all, then it closes */
	uint32_t seed; /* not 0: bends what it says */
	struct sp_tls_ctx *ctx;
	struct sp_tls *tls;
	bool confirmed, answered;
	size_t said;
};

static void say(struct server *s, struct sp_talk *t, struct sp_span bytes)
{
	size_t room = s->limit - s->said, n = bytes.n < room ? bytes.n : room;

	if (n == 0) {
		return;
	}
	if (s->seed) {
		uint8_t *bad = unit_bent(sp_span(bytes.p, n), n, &s->seed);
		sp_talk_feed(t, bad, n);
		free(bad);
	} else {
		for (size_t i = 0; i < n; i += 100) {
			sp_talk_feed(t, bytes.p + i, n - i < 100 ? n - i : 100);
		}
	}
	s->said += n;
}

static void flush_tls(struct server *s, struct sp_talk *t)
{
	struct sp_rcbuf *b = sp_tls_take(s->tls);

	if (b) {
		say(s, t, sp_span(b->p, b->n));
		sp_rcbuf_unref(b);
	}
}

static void hear(struct server *s, struct sp_talk *t, struct sp_span heard)
{
	uint8_t plain[4096];

	if (!s->confirmed && s->confirm.n > 0) {
		s->confirmed = true;
		say(s, t, s->confirm);
		return;
	}
	if (!s->is_tls) {
		say(s, t, s->answered ? sp_span(NULL, 0) : s->answer);
		s->answered = true;
		return;
	}
	if (!s->tls) {
		s->tls = sp_tls_server(s->ctx);
	}
	if (!s->tls) {
		return;
	}
	(void)!sp_tls_feed(s->tls, heard.p, heard.n);
	while (sp_tls_read(s->tls, plain, sizeof(plain)) > 0) {
		(void)!sp_tls_write(s->tls, s->answer.p, s->answer.n);
	}
	flush_tls(s, t);
}

/* Until nobody has anything to say; the result is copied. */
static struct sp_talk_result run(struct server *s, const struct sp_probe_task *task)
{
	static struct sp_talk_result r;
	struct sp_talk *t = sp_talk_create(&env, task);
	uint8_t bytes[65536];

	memset(&r, 0, sizeof(r));
	if (!t) {
		r.end = SP_TALK_FAILED;
		return r;
	}
	for (int i = 0; i < 50; i++) {
		struct sp_span out = sp_talk_out(t);

		if (out.n == 0 || sp_talk_result(t)->end != SP_TALK_GOES_ON) {
			break;
		}
		assert_in_range(out.n, 1, sizeof(bytes));
		memcpy(bytes, out.p, out.n);
		sp_talk_sent(t, out.n);
		hear(s, t, sp_span(bytes, out.n));
	}
	sp_talk_stop(t, SP_TALK_CLOSED);
	r = *sp_talk_result(t);
	assert_int_not_equal(r.end, SP_TALK_GOES_ON);
	sp_talk_destroy(t);
	sp_tls_destroy(s->tls);
	s->tls = NULL;
	s->confirmed = s->answered = false;
	return r;
}

static struct sp_probe_task task(enum sp_probe_then then)
{
	struct sp_probe_task t = {.then = then,
			.ask = SP_SCAN_ASK_EARLY,
			.host = "localhost",
			.want_cert = true,
			.version = SP_HELLO_TLS12,
			.methods = 3,
			.port = 443,
			.paths = 15};

	t.n_ciphers = sp_probe_offer(SP_PROBE_OFFER_ANY, NULL, 0, t.cipher);
	t.group = sp_probe_offer_groups(SP_PROBE_OFFER_ANY, &t.n_groups);
	return t;
}

static struct sp_tls_ctx *context(void)
{
	const struct kit_pair *pair = kit_pair("EC");
	char why[SP_WHY_MAX];

	return sp_tls_server_ctx(&(struct sp_tls_server_conf){.chain_pem = kit_span(pair->cert),
						 .key_pem = kit_span(pair->key)},
			why);
}

/* ---- tests ---- */

static void test_negotiation(void **state)
{
	static const struct {
		const char *hex;
		enum sp_scan_answer answer;
		uint32_t selected, code;
		bool bare;
	} rows[] = {
			{CONFIRM_SSL, SP_SCAN_SELECTED, 1, 0, false},
			{CONFIRM_BARE, SP_SCAN_SELECTED, 0, 0, true},
			{FAILURE, SP_SCAN_DENIED, 0, 5, false},
			{CONFIRM_SSL "00", SP_SCAN_NONSENSE, 0, 0, false},
			{"5353482d322e30", SP_SCAN_NONSENSE, 0, 0, false},
			{"0300ffff", SP_SCAN_NONSENSE, 0, 0, false},
			{"0300000902f0802180", SP_SCAN_NONSENSE, 0, 0, false},
			{"", SP_SCAN_CLOSED, 0, 0, false},
			{"0300", SP_SCAN_CLOSED, 0, 0, false},
	};
	struct sp_probe_task k = task(SP_PROBE_NEGOTIATE);

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct server s = {.confirm = unit_hex(rows[i].hex), .limit = SIZE_MAX};
		struct sp_talk_result r = run(&s, &k);

		assert_int_equal(r.nego.answer, rows[i].answer);
		assert_int_equal(r.nego.selected, rows[i].selected);
		assert_int_equal(r.nego.code, rows[i].code);
		assert_int_equal(r.nego.bare, rows[i].bare);
	}
}

static void test_hello(void **state)
{
	struct server s = {.confirm = unit_hex(CONFIRM_SSL),
			.is_tls = true,
			.limit = SIZE_MAX,
			.ctx = context()};
	struct sp_probe_task k = task(SP_PROBE_HELLO);

	(void)state;
	struct sp_talk_result r = run(&s, &k);
	assert_int_equal(r.end, SP_TALK_ANSWERED);
	assert_true(r.negotiated);
	assert_int_equal(r.hello.kind, SP_HELLO_ACCEPTED);
	assert_int_equal(r.cert.seen, 1);
	assert_int_equal(r.cert.key, SP_SCAN_KEY_EC);
	assert_int_equal(r.cert.key_bits, 256);
	assert_int_equal(r.cert.self_signed, 1);
	assert_int_equal(r.cert.trusted, SP_SCAN_NO);
	assert_int_equal(r.cert.name_matches, SP_SCAN_YES);
	size_t all = s.said;
	for (size_t cut = 0; cut < all - 8; cut++) {
		s.said = 0;
		s.limit = cut;
		r = run(&s, &k);
		assert_int_equal(r.end, SP_TALK_CLOSED);
		assert_int_equal(r.cert.seen, 0);
	}
	s.limit = SIZE_MAX;
	s.seed = 5;
	for (int i = 0; i < 300; i++) {
		(void)run(&s, &k);
	}
	/* What is not TLS after all. */
	struct server other = {.confirm = unit_hex(CONFIRM_SSL),
			.answer = unit_hex("485454502f"),
			.limit = SIZE_MAX};
	assert_int_equal(run(&other, &k).end, SP_TALK_NONSENSE);
	/* What needs no TLS, since nobody wants it. */
	struct server rdp = {.confirm = unit_hex(CONFIRM_RDP), .limit = SIZE_MAX};
	r = run(&rdp, &k);
	assert_int_equal(r.end, SP_TALK_ANSWERED);
	assert_false(r.negotiated);
	sp_tls_ctx_destroy(s.ctx);
}

static struct sp_span challenge(uint8_t *room, size_t cap)
{
	static const uint8_t end[4];
	uint8_t token[128];
	struct sp_wr t, w;
	struct sp_ntlm_challenge m = {.flags = (uint32_t)(SP_NTLM_UNICODE | SP_NTLM_TARGET_INFO),
			.target_name = unit_hex("43004f00"),
			.target_info = sp_span(end, sizeof(end))};

	sp_wr_fixed(&t, token, sizeof(token));
	sp_ntlm_challenge_write(&t, &m);
	sp_wr_fixed(&w, room, cap);
	sp_credssp_request_write(&w,
			&(struct sp_credssp_request){
					.version = 6, .nego_token = sp_span(t.p, t.n)});
	return sp_span(w.p, w.n);
}

static void test_login(void **state)
{
	uint8_t room[512];
	struct server s = {.confirm = unit_hex(CONFIRM_HYBRID),
			.is_tls = true,
			.limit = SIZE_MAX,
			.ctx = context(),
			.answer = challenge(room, sizeof(room))};
	struct sp_probe_task k = task(SP_PROBE_LOGIN);

	(void)state;
	struct sp_talk_result r = run(&s, &k);
	assert_int_equal(r.end, SP_TALK_ANSWERED);
	assert_int_equal(r.ntlm.challenged, 1);
	assert_int_equal(r.ntlm.credssp, 6);
	assert_string_equal(r.ntlm.target, "CO");
	assert_int_equal(r.cert.seen, 1);
	/* The server's bytes differ from time to time, so only that it ends is to be said. */
	for (size_t cut = 0, all = s.said; cut < all; cut += 13) {
		s.said = 0;
		s.limit = cut;
		(void)run(&s, &k);
	}
	s.limit = SIZE_MAX;
	s.seed = 9;
	for (int i = 0; i < 100; i++) {
		(void)run(&s, &k);
	}
	s.seed = 0;
	/* Damaged and endless answers within TLS. */
	s.answer = unit_hex("3003a00100");
	assert_int_equal(run(&s, &k).end, SP_TALK_NONSENSE);
	s.answer = unit_hex("ffff");
	assert_int_equal(run(&s, &k).end, SP_TALK_NONSENSE);
	/* No login where only TLS was selected. */
	s.confirm = unit_hex(CONFIRM_SSL);
	assert_false(run(&s, &k).negotiated);
	sp_tls_ctx_destroy(s.ctx);
}

static void test_web(void **state)
{
	static const char yes[] = "HTTP/1.1 401 no\r\nWWW-Authenticate: Negotiate\r\n"
				  "WWW-Authenticate: NTLM\r\nContent-Length: 3\r\n\r\nabc";
	static const char last[] = "HTTP/1.1 404 no\r\nConnection: close\r\n\r\nabc";
	static const char more[] = "HTTP/1.1 404 no\r\nContent-Length: 2\r\n\r\nabc";
	struct server s = {.is_tls = true, .limit = SIZE_MAX, .ctx = context()};
	struct sp_probe_task k = task(SP_PROBE_WEB);

	(void)state;
	s.answer = sp_span(yes, sizeof(yes) - 1);
	struct sp_talk_result r = run(&s, &k);
	assert_int_equal(r.end, SP_TALK_ANSWERED);
	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		assert_int_equal(r.http[i].status, 401);
		assert_int_equal(r.http[i].auth, SP_SCAN_AUTH_NEGOTIATE | SP_SCAN_AUTH_NTLM);
	}
	s.answer = sp_span(last, sizeof(last) - 1);
	r = run(&s, &k);
	assert_int_equal(r.http[0].status, 404);
	assert_int_equal(r.http[1].status, 0);
	s.answer = sp_span(more, sizeof(more) - 1);
	r = run(&s, &k);
	assert_int_equal(r.http[0].status, 404);
	assert_int_equal(r.http[1].status, 0);
	s.answer = unit_hex("00");
	assert_int_equal(run(&s, &k).end, SP_TALK_NONSENSE);
	s.seed = 11;
	s.answer = sp_span(yes, sizeof(yes) - 1);
	for (int i = 0; i < 100; i++) {
		(void)run(&s, &k);
	}
	sp_tls_ctx_destroy(s.ctx);
}

static void test_mcs(void **state)
{
	struct server s = {.confirm = unit_hex(CONFIRM_RDP), .limit = SIZE_MAX};
	struct sp_probe_task k = task(SP_PROBE_MCS);

	(void)state;
	s.answer = unit_vector("spec/"
			       "MS-RDPBCGR-4.1.4-server-mcs-connect-response-pdu-with-gcc-"
			       "conference-create-r.hex");
	(void)run(&s, &k);
	s.answer = unit_hex("0300000902f0802180");
	assert_int_equal(run(&s, &k).end, SP_TALK_NONSENSE);
	s.answer = unit_hex("0100");
	assert_int_equal(run(&s, &k).end, SP_TALK_NONSENSE);
	s.answer = unit_hex("0300ffff00");
	assert_int_equal(run(&s, &k).end, SP_TALK_CLOSED);
}

static void test_memory(void **state)
{
	uint8_t room[512];
	struct server s = {.confirm = unit_hex(CONFIRM_HYBRID),
			.is_tls = true,
			.limit = SIZE_MAX,
			.ctx = context(),
			.answer = challenge(room, sizeof(room))};

	(void)state;
	for (enum sp_probe_then then = SP_PROBE_HELLO; then <= SP_PROBE_LOGIN; then++) {
		struct sp_probe_task k = task(then);

		for (long i = 0; i < 12; i++) {
			sp_mem_fail_after(i);
			(void)run(&s, &k);
			sp_mem_fail_after(-1);
		}
	}
	sp_tls_ctx_destroy(s.ctx);
}

static int start(void **state)
{
	char why[SP_WHY_MAX];

	(void)state;
	assert_int_equal(sp_tls_init(), SP_OK);
	env.tls = sp_tls_look_ctx(why);
	env.roots = sp_cert_roots_create(sp_span(NULL, 0));
	return env.tls && env.roots ? 0 : 1;
}

static int stop(void **state)
{
	(void)state;
	sp_tls_ctx_destroy(env.tls);
	sp_cert_roots_destroy(env.roots);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_negotiation),
			cmocka_unit_test(test_hello),
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_web),
			cmocka_unit_test(test_mcs),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
