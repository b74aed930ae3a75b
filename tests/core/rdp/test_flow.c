/* tests/core/rdp/test_flow.c - the whole sequence, joined in memory and split at every byte. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/fastpath.h"

static void assert_active(struct pair *p)
{
	assert_int_equal(p->server_err, SP_OK);
	assert_int_equal(p->client_err, SP_OK);
	assert_true(sp_rdp_is_active(p->server));
	assert_true(sp_rdp_is_active(p->client));
	assert_int_equal(p->saw_server.n[SP_EV_LOGON], 1);
	assert_int_equal(p->saw_client.n[SP_EV_LICENSED], 1);
}

static void test_every_split(void **state)
{
	for (size_t chunk = 0; chunk < 40; chunk++) {
		struct pair p;

		pair_start(&p, &pair_default, chunk);
		pair_run(&p);
		assert_active(&p);
		assert_string_equal(sp_rdp_info(p.server)->user, "demo");
		assert_int_equal(sp_rdp_client_gcc(p.server)->core.desktop_width, 1024);
		assert_int_equal(sp_rdp_user_id(p.server), sp_rdp_user_id(p.client));
		pair_finish(&p);
	}
}

static void test_variants(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	conf.skip_joins = true;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	pair_finish(&p);

	conf.no_channels = true;
	conf.ask = SP_PROTO_SSL | SP_PROTO_HYBRID;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	assert_int_equal(sp_client_protocol(p.client), SP_PROTO_HYBRID);
	pair_finish(&p);

	conf.offer = conf.ask = SP_PROTO_RDP; /* a private socket pair */
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	assert_int_equal(p.saw_server.n[SP_EV_START_TLS], 0);
	pair_finish(&p);
}

static void test_refused_protocols(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	/* TLS only, where the login must come first. */
	conf.ask = SP_PROTO_SSL;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_int_equal(p.server_err, SP_EDENIED);
	assert_int_equal(p.client_err, SP_EDENIED);
	assert_int_equal(sp_client_failure(p.client), SP_X224_HYBRID_REQUIRED);
	pair_finish(&p);

	/* Standard security, and a client too old to negotiate. */
	conf.ask = SP_PROTO_RDP;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_int_equal(p.server_err, SP_EDENIED);
	assert_int_equal(sp_client_failure(p.client), SP_X224_HYBRID_REQUIRED);
	pair_finish(&p);
}

/* With HYBRID nothing is said after the credentials: the client goes on without waiting. */
static void test_connect_initial_behind_token(void **state)
{
	static const uint8_t token[] = {0x30, 0x03, 0x02, 0x01, 0x06};
	struct pair_conf conf = pair_default;
	struct sp_event ev;
	struct sp_rcbuf *out;
	struct pair p;

	conf.ask = SP_PROTO_HYBRID;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	struct sp_rdp *server = pair_server(&conf);
	assert_int_equal(sp_rdp_feed(server, p.sent[0]->p, p.sent[0]->n, 1), p.sent[0]->n);
	while (sp_rdp_next(server, &ev)) {
	}
	assert_int_equal(sp_rdp_tls_done(server), SP_OK);
	assert_int_equal(sp_rdp_feed(server, token, sizeof(token), 1), sizeof(token));
	assert_true(sp_rdp_next(server, &ev));
	assert_int_equal(ev.kind, SP_EV_AUTH_TOKEN);
	/* The login is with its owner: what follows waits, whatever it is. */
	assert_int_equal(sp_rdp_feed(server, p.sent[2]->p, p.sent[2]->n, 1), 0);
	assert_int_equal(sp_rdp_auth_done(server, 0), SP_OK);
	assert_int_equal(sp_rdp_feed(server, p.sent[2]->p, p.sent[2]->n, 1), p.sent[2]->n);
	while ((out = sp_rdp_out(server)) != NULL) {
		sp_rcbuf_unref(out);
	}
	sp_rdp_destroy(server);
	pair_finish(&p);
}

static void test_early_denial(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	conf.early_result = 5;
	pair_start(&p, &conf, 1);
	pair_run(&p);
	assert_int_equal(p.client_err, SP_EDENIED);
	assert_string_equal(sp_rdp_what(p.client), "authorizationResult");
	assert_int_equal(p.saw_server.n[SP_EV_LOGON], 0);
	pair_finish(&p);
}

static void test_input(void **state)
{
	struct sp_input_event ev[] = {
			{.kind = SP_INPUT_SCANCODE, .code = 0x1e},
			{.kind = SP_INPUT_SCANCODE, .code = 0x1e, .key = SP_KEY_RELEASE},
			{.kind = SP_INPUT_UNICODE, .code = 0x20ac},
			{.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_MOVE, .x = 100, .y = 200},
			{.kind = SP_INPUT_SYNC, .flags = SP_LOCK_NUM},
	};
	struct pair p;

	pair_start(&p, &pair_default, 3);
	pair_run(&p);
	assert_int_equal(sp_client_input(p.client, ev, 5), SP_OK);
	pair_run(&p);
	assert_int_equal(p.saw_server.inputs.n, sizeof(ev));
	const struct sp_input_event *got = (const void *)p.saw_server.inputs.p;
	assert_int_equal(got[1].key & SP_KEY_RELEASE, SP_KEY_RELEASE);
	assert_int_equal(got[2].code, 0x20ac);
	assert_int_equal(got[3].x, 100);
	assert_int_equal(got[4].flags, SP_LOCK_NUM);
	assert_int_equal(sp_client_input(p.client, ev, 0), SP_EARG);
	pair_finish(&p);
}

static void test_updates(void **state)
{
	size_t sizes[] = {1, 4, 16000, SP_FP_MAX_DATA, SP_FP_MAX_DATA + 1, 200000};
	struct pair p;

	pair_start(&p, &pair_default, 4096);
	pair_run(&p);
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		uint8_t *body = malloc(sizes[i]);

		for (size_t k = 0; k < sizes[i]; k++) {
			body[k] = (uint8_t)(k * 7 + i);
		}
		assert_int_equal(sp_server_update(p.server, SP_FP_BITMAP, sp_span(body, sizes[i])),
				SP_OK);
		pair_run(&p);
		assert_int_equal(p.saw_client.updates.n, sizes[i] + 1);
		assert_int_equal(p.saw_client.updates.p[0], SP_FP_BITMAP);
		assert_memory_equal(p.saw_client.updates.p + 1, body, sizes[i]);
		free(body);
	}
	assert_int_equal(p.saw_client.n[SP_EV_UPDATE], SP_LEN(sizes));
	pair_finish(&p);
}

static void test_channels(void **state)
{
	static const uint8_t chunk[] = {4, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c', 'd'};
	struct pair p;

	pair_start(&p, &pair_default, 5);
	pair_run(&p);
	assert_int_equal(sp_rdp_send_channel(p.client, 1, sp_span(chunk, sizeof(chunk))), SP_OK);
	assert_int_equal(sp_rdp_send_channel(p.server, 2, sp_span(chunk, sizeof(chunk))), SP_OK);
	assert_int_equal(sp_rdp_send_channel(p.server, 3, sp_span(chunk, sizeof(chunk))), SP_EARG);
	pair_run(&p);
	assert_int_equal(p.saw_server.channel.p[0], 1);
	assert_int_equal(p.saw_client.channel.p[0], 2);
	assert_memory_equal(p.saw_client.channel.p + 1, chunk, sizeof(chunk));
	pair_finish(&p);
}

static void test_reactivation(void **state)
{
	struct sp_server_desktop d = {1600, 900, 32};
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 1};
	struct pair p;

	pair_start(&p, &pair_default, 0);
	pair_run(&p);
	uint32_t before = sp_rdp_share_id(p.client);
	/* Input that crosses our Deactivate All is dropped, not an error. */
	assert_int_equal(sp_client_input(p.client, &ev, 1), SP_OK);
	assert_int_equal(sp_server_activate(p.server, &d, p.now), SP_OK);
	pair_run(&p);
	assert_int_equal(p.server_err, SP_OK);
	assert_int_equal(p.client_err, SP_OK);
	assert_int_equal(p.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_int_equal(p.saw_server.n[SP_EV_ACTIVE], 2);
	assert_int_not_equal(sp_rdp_share_id(p.client), before);
	assert_int_equal(sp_rdp_peer_caps(p.client)->bitmap.width, 1600);
	pair_finish(&p);
}

static void test_end(void **state)
{
	struct pair p;

	pair_start(&p, &pair_default, 1);
	pair_run(&p);
	assert_int_equal(
			sp_server_end(p.server, SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION), SP_OK);
	pair_run(&p);
	assert_int_equal(p.saw_client.error_info, SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION);
	assert_int_equal(p.saw_client.n[SP_EV_CLOSED], 1);
	assert_int_equal(sp_server_update(p.server, 1, sp_span("x", 1)), SP_EARG);
	pair_finish(&p);

	pair_start(&p, &pair_default, 1);
	pair_run(&p);
	assert_int_equal(sp_client_end(p.client), SP_OK);
	pair_run(&p);
	assert_int_equal(p.saw_server.n[SP_EV_CLOSED], 1);
	assert_int_equal(p.saw_server.reason, 3);
	pair_finish(&p);
}

/* The target could not be had: the client has its reason although it has no licence yet. */
static void test_end_before_the_licence(void **state)
{
	struct pair p;

	pair_start(&p, &pair_default, 1);
	p.hold = true;
	pair_run(&p);
	assert_int_equal(p.saw_server.n[SP_EV_LOGON], 1);
	assert_int_equal(sp_server_end(p.server, SP_ERRINFO_SERVER_DENIED_CONNECTION), SP_OK);
	pair_run(&p);
	assert_int_equal(p.client_err, SP_OK);
	assert_int_equal(p.saw_client.error_info, SP_ERRINFO_SERVER_DENIED_CONNECTION);
	assert_int_equal(p.saw_client.n[SP_EV_CLOSED], 1);
	pair_finish(&p);
}

static void test_deadlines(void **state)
{
	struct sp_rdp *server = pair_server(&pair_default);

	assert_int_equal(sp_rdp_deadline(server), 30000001);
	assert_int_equal(sp_rdp_feed(server, NULL, 0, 30000000), 0);
	assert_int_equal(sp_rdp_feed(server, NULL, 0, 30000001), SP_ETIMEOUT);
	assert_string_equal(sp_rdp_what(server), "wait x224 request");
	assert_int_equal(sp_rdp_feed(server, (const uint8_t *)"x", 1, 30000002), SP_ETIMEOUT);
	sp_rdp_destroy(server);
}

/* The first flight of a client, which leaves the server waiting for TLS. */
static void feed_request(struct sp_rdp *server, uint64_t now)
{
	struct pair p;
	struct sp_event ev;

	pair_start(&p, &pair_default, 0);
	pair_run(&p);
	assert_int_equal(sp_rdp_feed(server, p.sent[0]->p, p.sent[0]->n, now), p.sent[0]->n);
	while (sp_rdp_next(server, &ev)) {
	}
	pair_finish(&p);
}

static void test_steps_have_deadlines(void **state)
{
	struct sp_server_conf conf = {.protocols = SP_PROTO_HYBRID_EX,
			.logon_deadline_us = 30,
			.active_deadline_us = 60,
			.request_deadline_us = 5,
			.tls_deadline_us = 10};
	struct sp_rdp *server = sp_server_create(&conf, 100);

	assert_int_equal(sp_rdp_deadline(server), 105);
	feed_request(server, 104);
	assert_int_equal(sp_rdp_deadline(server), 114);
	assert_int_equal(sp_rdp_tls_done(server), SP_OK);
	assert_int_equal(sp_rdp_deadline(server), 130);
	assert_int_equal(sp_rdp_auth_done(server, 0), SP_OK);
	assert_int_equal(sp_rdp_deadline(server), 190);
	sp_rdp_destroy(server);

	server = sp_server_create(&conf, 100);
	feed_request(server, 104);
	assert_int_equal(sp_rdp_feed(server, NULL, 0, 114), SP_ETIMEOUT);
	assert_string_equal(sp_rdp_what(server), "wait tls");
	sp_rdp_destroy(server);

	/* A step never outlives the whole. */
	conf.logon_deadline_us = 4;
	server = sp_server_create(&conf, 100);
	assert_int_equal(sp_rdp_deadline(server), 104);
	feed_request(server, 103);
	assert_int_equal(sp_rdp_deadline(server), 104);
	sp_rdp_destroy(server);

	/* Steps can be limited without the whole. */
	conf.logon_deadline_us = 0;
	server = sp_server_create(&conf, 100);
	feed_request(server, 104);
	assert_int_equal(sp_rdp_deadline(server), 114);
	assert_int_equal(sp_rdp_tls_done(server), SP_OK);
	assert_int_equal(sp_rdp_deadline(server), 0);
	sp_rdp_destroy(server);
}

/* What came by CredSSP need not lie here a second time; without NLA it is the login. */
static void test_password_is_not_kept(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	assert_int_equal(sp_rdp_info(p.server)->password.n, 0);
	pair_finish(&p);
	conf.offer = conf.ask = SP_PROTO_SSL;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_active(&p);
	assert_int_equal(sp_rdp_info(p.server)->password.n, 4);
	pair_finish(&p);
}

/* Fails each allocation once: the connection ends with an error, nothing leaks or crashes. */
static void test_no_memory(void **state)
{
	struct pair p;

	pair_start(&p, &pair_default, 0);
	pair_run(&p);
	for (long after = 0; after < 200; after++) {
		struct sp_rdp *server = pair_server(&pair_default);
		bool logon = false, active = false;
		int rc = SP_OK;

		assert_non_null(server);
		sp_mem_fail_after(after);
		for (size_t i = 0; i < p.n_sent && rc >= 0; i++) {
			size_t at = 0;

			while (rc >= 0 && at < p.sent[i]->n) {
				rc = sp_rdp_feed(server, p.sent[i]->p + at, p.sent[i]->n - at, 1);
				pair_answer(server, &logon, &active);
				if (rc == 0) {
					break;
				}
				at += rc > 0 ? (size_t)rc : 0;
			}
			if (rc == 0) {
				break; /* an answer of the owner failed */
			}
		}
		sp_mem_fail_after(-1);
		sp_rdp_destroy(server);
		if (active) {
			pair_finish(&p);
			return; /* all allocations were had */
		}
	}
	fail_msg("the sequence never got all its memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_every_split),
			cmocka_unit_test(test_variants),
			cmocka_unit_test(test_refused_protocols),
			cmocka_unit_test(test_connect_initial_behind_token),
			cmocka_unit_test(test_early_denial),
			cmocka_unit_test(test_input),
			cmocka_unit_test(test_updates),
			cmocka_unit_test(test_channels),
			cmocka_unit_test(test_reactivation),
			cmocka_unit_test(test_end),
			cmocka_unit_test(test_end_before_the_licence),
			cmocka_unit_test(test_deadlines),
			cmocka_unit_test(test_steps_have_deadlines),
			cmocka_unit_test(test_password_is_not_kept),
			cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
