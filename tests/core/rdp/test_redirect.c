/* tests/core/rdp/test_redirect.c - a client that is sent elsewhere, and one that comes from there. */
#include "pair.h"

#include <string.h>

#include "core/pdu/rdstls.h"
#include "core/pdu/redirect.h"

/* ---- sent away ---- */

/* A server that has let its client in, and a redirection in place of its desktop. */
static void redirect(struct pair *p, bool relay, uint32_t flags)
{
	static const uint8_t token[] = "Cookie: msts=1.2.3\r\n";
	struct sp_redirect msg = {.session_id = 7,
			.flags = SP_LB_LOAD_BALANCE_INFO | flags,
			.load_balance_info = sp_span(token, sizeof(token) - 1)};
	struct pair_conf conf = pair_default;
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	uint8_t buf[512];
	struct sp_wr w;

	conf.offer = conf.ask = SP_PROTO_RDP;
	pair_start(p, &conf, 0);
	sp_rdp_destroy(p->client);
	pair_gcc(&gcc, &conf);
	pair_info(&info);
	p->client = sp_client_create(
			&(struct sp_client_conf){.gcc = &gcc, .info = &info, .relay = relay}, 1);
	p->hold = true;
	pair_run(p);
	assert_int_equal(p->saw_server.n[SP_EV_LOGON], 1);
	assert_int_equal(sp_server_relay(p->server), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_redirect_share_write(&w, sp_rdp_user_id(p->server), &msg);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(sp_rdp_send_relay(p->server, SP_RELAY_IO, 0, sp_span(buf, w.n)), SP_OK);
}

/* Feeds the client what the server said; the packet of the redirection, if there was one. */
static bool redirected(struct pair *p, struct sp_redirect *out)
{
	struct sp_rcbuf *b;
	bool found = false;

	while ((b = sp_rdp_out(p->server)) != NULL) {
		for (size_t at = 0; at < b->n;) {
			struct sp_event ev;
			int used = sp_rdp_feed(p->client, b->p + at, b->n - at, 1);

			assert_true(used > 0);
			at += (size_t)used;
			while (sp_rdp_next(p->client, &ev)) {
				struct sp_rd r;

				if (ev.kind != SP_EV_REDIRECT) {
					assert_int_equal(ev.kind, SP_EV_LICENSED);
					continue;
				}
				found = true;
				sp_rd_init(&r, ev.redirect.p, ev.redirect.n);
				assert_int_equal(sp_redirect_share_read(&r, out), SP_OK);
			}
		}
		sp_rcbuf_unref(b);
	}
	return found;
}

static void test_sent_away(void **state)
{
	struct sp_redirect msg;
	struct pair p;

	for (int relay = 0; relay < 2; relay++) {
		redirect(&p, relay, 0);
		assert_true(redirected(&p, &msg));
		assert_int_equal(msg.session_id, 7);
		assert_string_equal(sp_rdp_state_name(p.client), "closed");
		/* Nothing that follows is listened to. */
		assert_int_equal(sp_rdp_feed(p.client, (const uint8_t *)"abc", 3, 1), 3);
		pair_finish(&p);
		/* One that only informs changes nothing. */
		redirect(&p, relay, SP_LB_NOREDIRECT);
		assert_false(redirected(&p, &msg));
		assert_string_equal(sp_rdp_state_name(p.client), "wait demand active");
		pair_finish(&p);
	}
}

/* ---- and back in by RDSTLS ---- */

static struct sp_rdp *selected(uint32_t protocol)
{
	struct pair_conf conf = pair_default;
	struct sp_x224_confirm confirm = {.kind = SP_X224_CONFIRM_RESPONSE, .selected = protocol};
	struct sp_rcbuf *b;
	struct sp_event ev;
	uint8_t buf[64];
	struct sp_wr w;

	conf.ask = SP_PROTO_SSL | protocol;
	struct sp_rdp *c = pair_client(&conf);
	assert_non_null(c);
	while ((b = sp_rdp_out(c)) != NULL) {
		sp_rcbuf_unref(b);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_confirm_write(&w, &confirm);
	assert_int_equal(sp_rdp_feed(c, buf, w.n, 1), (int)w.n);
	assert_true(sp_rdp_next(c, &ev));
	assert_int_equal(ev.kind, SP_EV_START_TLS);
	assert_int_equal(sp_rdp_tls_done(c), SP_OK);
	return c;
}

/* Byte by byte; the token is the whole PDU. */
static void feed_token(struct sp_rdp *c, const struct sp_wr *pdu)
{
	struct sp_event ev;

	for (size_t i = 0; i < pdu->n; i++) {
		assert_false(sp_rdp_next(c, &ev));
		assert_int_equal(sp_rdp_feed(c, pdu->p + i, 1, 1), 1);
	}
	assert_true(sp_rdp_next(c, &ev));
	assert_int_equal(ev.kind, SP_EV_AUTH_TOKEN);
	unit_assert_span(ev.token, sp_span(pdu->p, pdu->n));
	assert_int_equal(sp_rdp_feed(c, (const uint8_t *)"x", 1, 1), 0); /* until it is answered */
}

static void test_rdstls(void **state)
{
	struct sp_rdp *c = selected(SP_PROTO_RDSTLS);
	struct sp_rcbuf *b;
	uint8_t buf[64];
	struct sp_wr w;

	assert_null(sp_rdp_out(c)); /* the server begins */
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_rdstls_capabilities_write(&w);
	feed_token(c, &w);
	assert_int_equal(sp_rdp_auth_send(c, sp_span("request", 7)), SP_OK);
	b = sp_rdp_out(c);
	assert_non_null(b);
	unit_assert_span(sp_span(b->p, b->n), sp_span("request", 7));
	sp_rcbuf_unref(b);
	sp_wr_reset(&w);
	sp_rdstls_response_write(&w, SP_RDSTLS_SUCCESS);
	feed_token(c, &w);
	assert_int_equal(sp_rdp_auth_done(c, 0), SP_OK);
	assert_string_equal(sp_rdp_state_name(c), "wait connect response");
	b = sp_rdp_out(c);
	assert_non_null(b);
	sp_rcbuf_unref(b);
	sp_rdp_destroy(c);
}

static void test_rdstls_wrong(void **state)
{
	static const char *const wrong[] = {"0100 0200 0100", "3025a003020106", "0300 0013 0e d0",
			"0100 0000 0100 0100"};

	for (size_t i = 0; i < SP_LEN(wrong); i++) {
		struct sp_rdp *c = selected(SP_PROTO_RDSTLS);
		struct sp_span in = unit_hex(wrong[i]);

		assert_int_equal(sp_rdp_feed(c, in.p, in.n, 1), SP_EFIELD);
		assert_string_equal(sp_rdp_what(c), "rdstls.PduType");
		sp_rdp_destroy(c);
	}
}

/* The result of a login may be here before its owner knows that it is over. */
static void test_early_result(void **state)
{
	static const uint8_t good[4] = {0}, bad[4] = {5, 0, 0, 0};
	struct sp_event ev;

	for (int i = 0; i < 2; i++) {
		const uint8_t *result = i == 0 ? good : bad;
		struct sp_rdp *c = selected(SP_PROTO_HYBRID_EX);

		assert_true(sp_rdp_next(c, &ev)); /* the client begins */
		assert_int_equal(ev.kind, SP_EV_AUTH_TOKEN);
		assert_int_equal(sp_rdp_auth_send(c, sp_span("request", 7)), SP_OK);
		assert_int_equal(sp_rdp_feed(c, result, 1, 1), 0);
		assert_int_equal(sp_rdp_feed(c, result, 4, 1), 0);
		assert_false(sp_rdp_next(c, &ev));
		assert_int_equal(sp_rdp_auth_done(c, 0), SP_OK);
		assert_int_equal(sp_rdp_feed(c, result, 4, 1), i == 0 ? 4 : SP_EDENIED);
		if (i == 0) {
			assert_string_equal(sp_rdp_state_name(c), "wait connect response");
		}
		sp_rdp_destroy(c);
	}
	/* Anything else is what it was. */
	struct sp_rdp *c = selected(SP_PROTO_HYBRID_EX);
	assert_true(sp_rdp_next(c, &ev));
	assert_int_equal(sp_rdp_feed(c, (const uint8_t *)"\1\2\3\4", 4, 1), SP_EFIELD);
	sp_rdp_destroy(c);
	c = selected(SP_PROTO_HYBRID);
	assert_true(sp_rdp_next(c, &ev));
	assert_int_equal(sp_rdp_feed(c, good, 4, 1), SP_EFIELD);
	sp_rdp_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sent_away),
			cmocka_unit_test(test_rdstls),
			cmocka_unit_test(test_rdstls_wrong),
			cmocka_unit_test(test_early_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
