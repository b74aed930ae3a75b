/* tests/core/rdp/test_relay.c - user, gate and target in memory: activation, ids, what passes. */
#include "chain.h"

#include <string.h>

#include "core/pdu/active.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/final.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/redirect.h"

static void test_one_activation(void **state)
{
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(c.err, SP_OK);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_true(sp_rdp_is_active(c.desk.server));
	assert_int_equal(c.user.saw_client.n[SP_EV_DEMAND_ACTIVE], 1);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 0);
	/* The share id is the target's; the user ids are each leg's own. */
	assert_int_equal(sp_rdp_share_id(c.user.client), sp_rdp_share_id(c.desk.server));
	assert_int_equal(sp_rdp_share_id(c.user.server), sp_rdp_share_id(c.desk.server));
	chain_finish(&c);
}

static uint16_t sync_target(const struct chain_log *log)
{
	struct sp_share s;
	struct sp_rd r;
	uint16_t target;

	assert_true(chain_find(log, SP_SHARE_DATA, SP_DATA_SYNCHRONIZE, &s));
	sp_rd_init(&r, s.body.p, s.body.n);
	assert_int_equal(sp_final_sync_read(&r, &target), SP_OK);
	return target;
}

static void no_channels(struct sp_gcc_client *gcc)
{
	gcc->has_net = false;
	gcc->n_channels = 0;
}

/* Initiator, channel, pduSource, targetUser and grantId are numbers of a leg. */
static void test_ids(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_final_control control;
	struct sp_share s;
	struct sp_rd r;
	struct chain c;

	conf.legs.rules = (struct sp_legs_rules){0}; /* so that the legs' numbers differ */
	chain_open(&c, &conf);
	uint16_t user = sp_rdp_user_id(c.user.client), desk = sp_rdp_user_id(c.desk.server);
	assert_int_not_equal(user, desk);
	assert_int_equal(sync_target(&c.to_user), user);
	assert_int_equal(sync_target(&c.to_desk), SP_MCS_SERVER_USER);
	assert_true(chain_find(&c.to_user, SP_SHARE_DATA, SP_DATA_CONTROL, &s));
	sp_rd_init(&r, s.body.p, s.body.n);
	assert_int_equal(sp_final_control_read(&r, &control), SP_OK);
	assert_int_equal(control.action, SP_CONTROL_GRANTED);
	assert_int_equal(control.grant_id, user);
	assert_int_equal(control.control_id, SP_MCS_SERVER_USER);
	assert_true(chain_find(&c.to_user, SP_SHARE_DEMAND_ACTIVE, 0, &s));
	assert_int_equal(s.source, SP_MCS_SERVER_USER);
	assert_true(chain_find(&c.to_desk, SP_SHARE_CONFIRM_ACTIVE, 0, &s));
	assert_int_equal(s.source, desk);
	assert_true(chain_find(&c.to_desk, SP_SHARE_DATA, SP_DATA_FONT_LIST, &s));
	assert_int_equal(s.source, desk);
	chain_finish(&c);
}

static void test_input_and_picture_pass(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_UNICODE, .code = 0x20ac};
	static uint8_t body[50000];
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(sp_legs_input_us(c.legs), 0);
	c.now = 77;
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	assert_int_equal(sp_client_refresh(c.user.client, 1, 2, 3, 4), SP_OK);
	memset(body, 0x5a, sizeof(body));
	assert_int_equal(sp_server_update(c.desk.server, SP_FP_BITMAP, sp_span(body, sizeof(body))),
			SP_OK);
	chain_run(&c);
	assert_int_equal(sp_legs_input_us(c.legs), 77);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 1);
	assert_int_equal(((struct sp_input_event *)c.desk.saw_server.inputs.p)->code, 0x20ac);
	assert_int_equal(c.desk.saw_server.n[SP_EV_REFRESH], 1);
	assert_int_equal(c.user.saw_client.updates.n, sizeof(body) + 1);
	chain_finish(&c);
}

/* Frame acknowledgement, monitor layout and the rest of the small ones. */
static void test_small_pdus_pass(void **state)
{
	struct sp_misc_monitors monitors = {
			.n = 1, .m = {{.right = 1023, .bottom = 767, .primary = true}}};
	struct sp_data_marks m;
	struct chain c;

	chain_open(&c, &chain_default);
	m = sp_rdp_data_begin(c.user.client, SP_DATA_FRAME_ACKNOWLEDGE);
	sp_misc_u32_write(&c.user.client->wr, 5);
	assert_int_equal(sp_rdp_data_end(c.user.client, m), SP_OK);
	m = sp_rdp_data_begin(c.desk.server, SP_DATA_MONITOR_LAYOUT);
	sp_misc_monitors_write(&c.desk.server->wr, &monitors);
	assert_int_equal(sp_rdp_data_end(c.desk.server, m), SP_OK);
	m = sp_rdp_data_begin(c.desk.server, SP_DATA_SET_KEYBOARD_INDICATORS);
	sp_misc_leds_write(&c.desk.server->wr, &(struct sp_misc_leds){.leds = 4});
	assert_int_equal(sp_rdp_data_end(c.desk.server, m), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(chain_count(&c.to_desk, SP_SHARE_DATA, SP_DATA_FRAME_ACKNOWLEDGE), 1);
	assert_int_equal(chain_count(&c.to_user, SP_SHARE_DATA, SP_DATA_MONITOR_LAYOUT), 1);
	assert_int_equal(
			chain_count(&c.to_user, SP_SHARE_DATA, SP_DATA_SET_KEYBOARD_INDICATORS), 1);
	chain_finish(&c);
}

static void test_error_info_passes(void **state)
{
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(sp_legs_error_info(c.legs), 0);
	assert_int_equal(sp_server_end(c.desk.server, 0xC), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.error_info, 0xC);
	assert_int_equal(sp_legs_error_info(c.legs), 0xC);
	chain_finish(&c);
}

static void test_target_resizes(void **state)
{
	struct sp_server_desktop d = {800, 600, 32};
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(sp_server_activate(c.desk.server, &d, 1), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_int_equal(sp_rdp_peer_caps(c.user.client)->bitmap.width, 800);
	chain_finish(&c);
}

static void cannot_resize(struct sp_caps *caps)
{
	caps->bitmap.resize = false;
}

/* The target's size is what counts; a client that cannot follow is told, not shown half of it. */
static void test_size_of_target(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.width = 640;
	conf.height = 480;
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_OK);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_int_equal(sp_rdp_peer_caps(c.user.client)->bitmap.width, 640);
	chain_finish(&c);

	conf.user.caps = cannot_resize;
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_EDENIED);
	assert_string_equal(sp_legs_what(c.legs), "client cannot change its desktop's size");
	assert_false(sp_rdp_is_active(c.desk.server));
	chain_finish(&c);

	conf.width = conf.height = 0;
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_OK);
	chain_finish(&c);
}

/* A desktop drawn by the gate first (the greeter), then the target's. */
static void test_own_desktop_first(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	uint32_t own = sp_rdp_share_id(c.user.client);
	chain_target(&c);
	assert_true(sp_rdp_is_active(c.user.server));
	/* The client does not know the target yet and goes on with its input. */
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	assert_int_equal(sp_client_refresh(c.user.client, 1, 2, 3, 4), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 0);
	assert_int_equal(c.desk.saw_server.n[SP_EV_REFRESH], 0);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEMAND_ACTIVE], 2);
	assert_int_equal(c.user.saw_client.n[SP_EV_LICENSED], 1);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_true(sp_rdp_is_active(c.desk.server));
	assert_int_not_equal(sp_rdp_share_id(c.user.client), own);
	/* From now on it is the target's. */
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	chain_run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 1);
	chain_finish(&c);
}

/* The target is ready while our own desktop is only being set up. */
static void test_target_before_own_desktop(void **state)
{
	struct sp_server_desktop own = {1024, 768, 32, true};
	struct chain c;

	chain_start(&c, &chain_default);
	assert_int_equal(sp_server_activate(c.user.server, &own, 1), SP_OK);
	struct sp_rcbuf *b, *held[8];
	size_t n = 0;
	while ((b = sp_rdp_out(c.user.server)) != NULL && n < SP_LEN(held)) {
		held[n++] = b; /* on the way to the client */
	}
	chain_target(&c);
	chain_run(&c);
	assert_true(sp_legs_waiting(c.legs));
	assert_false(sp_legs_relaying(c.legs));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sp_rdp_feed(c.user.client, held[i]->p, held[i]->n, 1), held[i]->n);
		pair_events(&c.user, c.user.client, false);
		sp_rcbuf_unref(held[i]);
	}
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_false(sp_legs_waiting(c.legs));
	assert_true(sp_legs_active(c.legs));
	assert_true(sp_rdp_is_active(c.user.client));
	assert_int_equal(sp_rdp_share_id(c.user.client), sp_rdp_share_id(c.desk.server));
	chain_finish(&c);
}

/* A target that sends us on is another machine's business; the client hears nothing of it. */
static void test_redirection(void **state)
{
	static const uint8_t token[] = "Cookie: msts=1.2.3";
	struct sp_redirect redirect = {.flags = SP_LB_LOAD_BALANCE_INFO,
			.load_balance_info = {token, sizeof(token) - 1}};
	struct chain c;
	size_t mark;

	chain_start(&c, &chain_default);
	chain_target(&c);
	c.desk.hold = true;
	chain_run(&c);
	size_t before = c.to_user.n;
	struct sp_rdp *s = c.desk.server;
	/* The licence, then the redirection where the Demand Active is due. */
	assert_int_equal(sp_server_relay(s), SP_OK);
	mark = sp_rdp_send_begin(s, SP_MCS_IO_CHANNEL);
	sp_redirect_share_write(&s->wr, SP_MCS_SERVER_USER, &redirect);
	assert_int_equal(sp_rdp_send_end(s, mark), SP_OK);
	struct sp_rcbuf *b;
	struct sp_event ev;
	bool seen = false;
	while ((b = sp_rdp_out(s)) != NULL) {
		assert_int_equal(sp_rdp_feed(c.desk.client, b->p, b->n, 1), b->n);
		while (sp_rdp_next(c.desk.client, &ev)) {
			if (ev.kind == SP_EV_REDIRECT) {
				struct sp_redirect in;
				struct sp_rd r;

				sp_rd_init(&r, ev.redirect.p, ev.redirect.n);
				assert_int_equal(sp_redirect_share_read(&r, &in), SP_OK);
				assert_int_equal(in.load_balance_info.n, sizeof(token) - 1);
				seen = true;
			}
		}
		sp_rcbuf_unref(b);
	}
	assert_true(seen);
	chain_run(&c);
	assert_int_equal(c.to_user.n, before);
	assert_false(sp_legs_relaying(c.legs));
	/* We went there, and it is what the client gets. */
	pair_finish(&c.desk);
	chain_target(&c);
	chain_run(&c);
	assert_true(sp_rdp_is_active(c.user.client));
	chain_finish(&c);

	chain_open(&c, &chain_default);
	before = c.to_user.n;
	mark = sp_rdp_send_begin(c.desk.server, SP_MCS_IO_CHANNEL);
	sp_redirect_share_write(&c.desk.server->wr, SP_MCS_SERVER_USER, &redirect);
	assert_int_equal(sp_rdp_send_end(c.desk.server, mark), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_EDENIED);
	assert_int_equal(c.to_user.n, before);
	chain_finish(&c);
}

/* What a target says before its Demand Active is not for the client, but for an error. */
static void test_error_before_demand(void **state)
{
	struct chain c;
	struct sp_event ev;
	struct sp_rcbuf *b;
	bool seen = false;

	chain_start(&c, &chain_default);
	chain_target(&c);
	c.desk.hold = true;
	chain_run(&c);
	assert_int_equal(sp_server_relay(c.desk.server), SP_OK);
	assert_int_equal(sp_server_end(c.desk.server, 0x10), SP_OK);
	while ((b = sp_rdp_out(c.desk.server)) != NULL) {
		assert_int_equal(sp_rdp_feed(c.desk.client, b->p, b->n, 1), b->n);
		sp_rcbuf_unref(b);
		while (sp_rdp_next(c.desk.client, &ev)) {
			seen = seen || (ev.kind == SP_EV_ERROR_INFO && ev.error_info == 0x10);
		}
	}
	assert_true(seen);
	assert_false(sp_legs_relaying(c.legs));
	chain_finish(&c);
}

/* A target that is licensed and then says nothing runs into the deadline. */
static void test_deadline_until_demand(void **state)
{
	struct pair_conf local = pair_default;
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_rdp *client;
	struct pair p;

	local.offer = local.ask = SP_PROTO_RDP;
	pair_start(&p, &local, 0);
	p.hold = true;
	sp_rdp_destroy(p.client);
	pair_gcc(&gcc, &local);
	pair_info(&info);
	client = p.client = sp_client_create(&(struct sp_client_conf){.gcc = &gcc,
							     .info = &info,
							     .relay = true,
							     .deadline_us = 1000},
			1);
	pair_run(&p);
	assert_int_equal(sp_server_relay(p.server), SP_OK); /* the licence, and no more */
	pair_run(&p);
	assert_int_equal(p.saw_client.n[SP_EV_LICENSED], 1);
	assert_int_equal(sp_rdp_deadline(client), 1001);
	assert_int_equal(sp_rdp_feed(client, NULL, 0, 1001), SP_ETIMEOUT);
	assert_string_equal(sp_rdp_what(client), "wait demand active");
	pair_finish(&p);
}

static void test_user_without_channels(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.user.gcc = no_channels;
	conf.legs.rules = (struct sp_legs_rules){0};
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_OK);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_false(c.gcc.has_net);
	chain_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_one_activation),
			cmocka_unit_test(test_ids),
			cmocka_unit_test(test_input_and_picture_pass),
			cmocka_unit_test(test_small_pdus_pass),
			cmocka_unit_test(test_error_info_passes),
			cmocka_unit_test(test_target_resizes),
			cmocka_unit_test(test_size_of_target),
			cmocka_unit_test(test_own_desktop_first),
			cmocka_unit_test(test_target_before_own_desktop),
			cmocka_unit_test(test_redirection),
			cmocka_unit_test(test_error_before_demand),
			cmocka_unit_test(test_deadline_until_demand),
			cmocka_unit_test(test_user_without_channels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
