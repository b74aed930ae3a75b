/* tests/core/rdp/test_relay.c - user, gate and target in memory: one activation, ids rewritten. */
#include "pair.h"

#include <string.h>

#include "core/pdu/fastpath.h"

/* user <-> front | back <-> desk, where front and back are the gate's two legs. */
struct chain {
	struct pair user; /* the user's client and the gate's server */
	struct pair desk; /* the gate's client and the target's server */
	bool open;
};

static void forward(struct sp_rdp *from, struct sp_rdp *to)
{
	struct sp_event ev;

	while (sp_rdp_next(from, &ev)) {
		if (ev.kind == SP_EV_LICENSED) {
			assert_int_equal(sp_server_relay(to), SP_OK);
		} else if (ev.kind == SP_EV_RELAY) {
			assert_int_equal(sp_rdp_send_relay(to, ev.relay.kind, ev.relay.index,
							 ev.relay.data),
					SP_OK);
		}
	}
}

/* All output of one machine into another, one PDU of the gate's legs at a time. */
static bool move(struct pair *p, struct sp_rdp *from, struct sp_rdp *to, struct sp_rdp *other,
		bool to_server)
{
	struct sp_rcbuf *b;
	bool moved = false;

	while ((b = sp_rdp_out(from)) != NULL) {
		size_t at = 0;

		while (at < b->n) {
			int used = sp_rdp_feed(to, b->p + at, b->n - at, 1);

			assert_true(used > 0);
			at += (size_t)used;
			if (other) {
				forward(to, other);
			} else {
				pair_events(p, to, to_server);
			}
		}
		sp_rcbuf_unref(b);
		moved = true;
	}
	return moved;
}

static void run(struct chain *c)
{
	while (move(&c->user, c->user.client, c->user.server, c->desk.client, true) |
			move(&c->desk, c->desk.client, c->desk.server, NULL, true) |
			move(&c->desk, c->desk.server, c->desk.client, c->user.server, false) |
			move(&c->user, c->user.server, c->user.client, NULL, false)) {
	}
}

static void open_chain(struct chain *c)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct pair_conf conf = pair_default, local = pair_default;

	memset(c, 0, sizeof(*c));
	pair_start(&c->user, &conf, 0);
	c->user.hold = true;
	pair_run(&c->user);
	assert_int_equal(c->user.saw_server.n[SP_EV_LOGON], 1);
	assert_int_equal(c->user.saw_client.n[SP_EV_LICENSED], 0); /* the licence is held */

	local.offer = local.ask = SP_PROTO_RDP;
	local.no_channels = true;
	pair_start(&c->desk, &local, 0);
	sp_rdp_destroy(c->desk.client);
	gcc = *sp_rdp_client_gcc(c->user.server);
	gcc.has_net = false;
	gcc.n_channels = 0;
	pair_info(&info);
	c->desk.client = sp_client_create(
			&(struct sp_client_conf){.gcc = &gcc, .info = &info, .relay = true}, 1);
	assert_non_null(c->desk.client);
	run(c);
}

static void test_one_activation(void **state)
{
	struct chain c;

	open_chain(&c);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_true(sp_rdp_is_active(c.desk.server));
	assert_int_equal(c.user.saw_client.n[SP_EV_DEMAND_ACTIVE], 1);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 0);
	/* The share id is the target's; the user ids are each leg's own. */
	assert_int_equal(sp_rdp_share_id(c.user.client), sp_rdp_share_id(c.desk.server));
	assert_int_not_equal(sp_rdp_user_id(c.user.client), sp_rdp_user_id(c.desk.server));
	pair_finish(&c.user);
	pair_finish(&c.desk);
}

static void test_input_and_picture_pass(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_UNICODE, .code = 0x20ac};
	static uint8_t body[50000];
	struct chain c;

	open_chain(&c);
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	assert_int_equal(sp_client_refresh(c.user.client, 1, 2, 3, 4), SP_OK);
	memset(body, 0x5a, sizeof(body));
	assert_int_equal(sp_server_update(c.desk.server, SP_FP_BITMAP, sp_span(body, sizeof(body))),
			SP_OK);
	run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 1);
	assert_int_equal(((struct sp_input_event *)c.desk.saw_server.inputs.p)->code, 0x20ac);
	assert_int_equal(c.desk.saw_server.n[SP_EV_REFRESH], 1);
	assert_int_equal(c.user.saw_client.updates.n, sizeof(body) + 1);
	pair_finish(&c.user);
	pair_finish(&c.desk);
}

/* The target knows none of the user's channels: what is said there goes nowhere, and ends nothing. */
static void test_channel_of_one_leg(void **state)
{
	static const uint8_t chunk[] = {4, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c', 'd'};
	struct chain c;

	open_chain(&c);
	assert_int_equal(sp_rdp_send_channel(c.user.client, 2, sp_span(chunk, sizeof(chunk))),
			SP_OK);
	run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 0);
	assert_true(sp_rdp_is_active(c.desk.server));
	pair_finish(&c.user);
	pair_finish(&c.desk);
}

static void test_target_resizes(void **state)
{
	struct sp_server_desktop d = {800, 600, 32};
	struct chain c;

	open_chain(&c);
	assert_int_equal(sp_server_activate(c.desk.server, &d, 1), SP_OK);
	run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_int_equal(sp_rdp_peer_caps(c.user.client)->bitmap.width, 800);
	pair_finish(&c.user);
	pair_finish(&c.desk);
}

/* A desktop drawn by the gate first (the greeter), then the target's. */
static void test_own_desktop_first(void **state)
{
	struct sp_server_desktop d = {1024, 768, 32};
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};
	struct chain c = {0};
	struct pair_conf local = pair_default;
	static struct sp_gcc_client gcc;
	static struct sp_info info;

	pair_start(&c.user, &pair_default, 0);
	c.user.hold = true;
	pair_run(&c.user);
	assert_int_equal(sp_server_activate(c.user.server, &d, 1), SP_OK);
	pair_run(&c.user);
	assert_true(sp_rdp_is_active(c.user.server));

	local.offer = local.ask = SP_PROTO_RDP;
	local.no_channels = true;
	pair_start(&c.desk, &local, 0);
	sp_rdp_destroy(c.desk.client);
	pair_gcc(&gcc, &local);
	pair_info(&info);
	c.desk.client = sp_client_create(
			&(struct sp_client_conf){.gcc = &gcc, .info = &info, .relay = true}, 1);
	/* The target is there; the client does not know it yet and goes on with its input. */
	while (move(&c.desk, c.desk.client, c.desk.server, NULL, true) |
			move(&c.desk, c.desk.server, c.desk.client, c.user.server, false)) {
	}
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	assert_int_equal(sp_client_refresh(c.user.client, 1, 2, 3, 4), SP_OK);
	run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 0);
	assert_int_equal(c.desk.saw_server.n[SP_EV_REFRESH], 0);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_int_equal(c.user.saw_client.n[SP_EV_DEMAND_ACTIVE], 2);
	assert_int_equal(c.user.saw_client.n[SP_EV_LICENSED], 1);
	assert_true(sp_rdp_is_active(c.user.client));
	assert_true(sp_rdp_is_active(c.desk.server));
	/* From now on it is the target's. */
	assert_int_equal(sp_client_input(c.user.client, &ev, 1), SP_OK);
	run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_INPUT], 1);
	pair_finish(&c.user);
	pair_finish(&c.desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_one_activation),
			cmocka_unit_test(test_input_and_picture_pass),
			cmocka_unit_test(test_channel_of_one_leg),
			cmocka_unit_test(test_target_resizes),
			cmocka_unit_test(test_own_desktop_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
