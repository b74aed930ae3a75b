/* tests/core/rdp/test_legs.c - what the gate changes on the way, holds back and makes up for. */
#include "chain.h"

#include <string.h>

#include "core/pdu/svc.h"
#include "core/pdu/active.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/final.h"
#include "core/pdu/logon.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/pointer.h"
#include "host/lib/crypto_nettle.h"

static const struct sp_legs_arc ours = {.present = true, .logon_id = 42, .bits = "sixteen bytes!!"};

static void read_caps(const struct chain_log *log, bool demand, struct sp_caps *caps)
{
	struct sp_active active;
	struct sp_share s;
	struct sp_rd r;

	assert_true(chain_find(
			log, demand ? SP_SHARE_DEMAND_ACTIVE : SP_SHARE_CONFIRM_ACTIVE, 0, &s));
	sp_rd_init(&r, s.body.p, s.body.n);
	assert_int_equal(demand ? sp_active_demand_read(&r, &active)
				: sp_active_confirm_read(&r, &active),
			SP_OK);
	sp_rd_init(&r, active.sets.p, active.sets.n);
	assert_int_equal(sp_caps_read(&r, caps), SP_OK);
}

/* ---- capabilities ---- */

static void rich_caps(struct sp_caps *caps)
{
	memset(caps->order.support, 1, sizeof(caps->order.support));
	caps->order.ex_flags = 6;
	caps->order.desktop_save_size = 230400;
	sp_caps_add(caps, SP_CAPS_BITMAPCACHE_REV2);
	caps->cache2.n = 3;
	caps->cache2.cache[0].entries = 600;
	caps->brush_level = 1;
	caps->glyph.level = 3;
	caps->glyph.cache[0].entries = 254;
	caps->glyph.cache[0].cell = 4;
	caps->offscreen = (struct sp_caps_offscreen){1, 7680, 100};
	sp_caps_add(caps, SP_CAPS_DRAWNINEGRID);
	caps->ninegrid = (struct sp_caps_ninegrid){1, 2560, 256};
	caps->vc.flags = SP_VC_COMPR_SC;
	caps->general.extra_flags |= SP_GENERAL_AUTORECONNECT;
	caps->pointer.color_cache = caps->pointer.cache = 20;
}

/* Toward the target: no orders, no caches with a history, no compression, one pointer less. */
static void test_confirm_changed(void **state)
{
	static const uint8_t none[32];
	struct chain_conf conf = chain_default;
	struct sp_caps caps;
	struct chain c;

	conf.user.caps = rich_caps;
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_OK);
	read_caps(&c.to_desk, false, &caps);
	assert_memory_equal(caps.order.support, none, sizeof(none));
	assert_int_equal(caps.order.ex_flags, 0);
	assert_int_equal(caps.order.desktop_save_size, 0);
	assert_int_equal(caps.cache2.n, 0);
	assert_int_equal(caps.brush_level, 0);
	assert_int_equal(caps.glyph.level, 0);
	assert_int_equal(caps.glyph.cache[0].entries, 0);
	assert_false(sp_caps_has(&caps, SP_CAPS_OFFSCREENCACHE));
	assert_false(sp_caps_has(&caps, SP_CAPS_DRAWNINEGRID));
	assert_int_equal(caps.vc.flags, 0);
	assert_int_equal(caps.vc.chunk_size, SP_SVC_CHUNK_MAX);
	assert_int_equal(caps.pointer.cache, 19);
	assert_int_equal(caps.pointer.color_cache, 19);
	/* The target knows nothing of reconnecting; the client was told it does. */
	assert_false(caps.general.extra_flags & SP_GENERAL_AUTORECONNECT);
	assert_true(caps.general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT);
	/* What belongs to the two of them is as it was. */
	assert_int_equal(caps.bitmap.width, 1024);
	assert_int_equal(caps.max_request, 4u << 20);
	chain_finish(&c);
}

static void test_demand_changed(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_caps caps;
	struct chain c;

	chain_open(&c, &conf);
	read_caps(&c.to_user, true, &caps);
	assert_false(caps.general.extra_flags & SP_GENERAL_AUTORECONNECT);
	assert_int_equal(caps.vc.flags, 0);
	chain_finish(&c);
	conf.legs.arc = ours;
	chain_open(&c, &conf);
	read_caps(&c.to_user, true, &caps);
	assert_true(caps.general.extra_flags & SP_GENERAL_AUTORECONNECT);
	chain_finish(&c);
}

/* A target that keeps bitmaps for good asks for keys that nobody is to send. */
static void test_persistent_keys(void **state)
{
	struct sp_share s;
	struct sp_data_marks m;
	struct sp_caps caps = {0};
	struct chain c;
	size_t mark;

	chain_open(&c, &chain_default);
	struct sp_rdp *desk = c.desk.server;
	sp_client_default_caps(&caps, 1024, 768, 32);
	sp_caps_add(&caps, SP_CAPS_BITMAPCACHE_HOSTSUPPORT);
	caps.cache_host = 1;
	mark = sp_rdp_send_begin(desk, SP_MCS_IO_CHANNEL);
	sp_share_deactivate_write(&desk->wr, SP_MCS_SERVER_USER, desk->share_id);
	sp_active_demand_write(&desk->wr, SP_MCS_SERVER_USER,
			&(struct sp_active){.share_id = 0x77770001, .source = sp_span("RDP", 4)},
			&caps);
	assert_int_equal(sp_rdp_send_end(desk, mark), SP_OK);
	c.desk.server->share_id = 0x77770001;
	c.desk.server->state = SP_RDP_WAIT_CONFIRM_ACTIVE;
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	read_caps(&c.to_user, true, &caps);
	assert_false(sp_caps_has(&caps, SP_CAPS_BITMAPCACHE_HOSTSUPPORT));
	/* The two PDUs of one packet both arrived, and the share id as it was. */
	assert_int_equal(c.user.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_int_equal(sp_rdp_share_id(c.user.client), 0x77770001);
	assert_true(chain_find(&c.to_desk, SP_SHARE_CONFIRM_ACTIVE, 0, &s));

	static const struct sp_final_keys keys = {.flags = SP_KEYS_FIRST | SP_KEYS_LAST};
	m = sp_rdp_data_begin(c.user.client, SP_DATA_PERSISTENT_LIST);
	sp_final_keys_write(&c.user.client->wr, &keys);
	assert_int_equal(sp_rdp_data_end(c.user.client, m), SP_OK);
	chain_run(&c);
	assert_int_equal(chain_count(&c.to_desk, SP_SHARE_DATA, SP_DATA_PERSISTENT_LIST), 0);
	assert_int_equal(c.err, SP_OK);
	chain_finish(&c);
}

/* ---- cookies ---- */

static void reconnects(struct sp_caps *caps)
{
	caps->general.extra_flags |= SP_GENERAL_AUTORECONNECT | SP_GENERAL_LONG_CREDENTIALS;
}

static void read_info(const struct chain *c, struct sp_logon *out)
{
	const struct sp_wr *w = &c->user.saw_client.session_info;
	struct sp_rd r;

	sp_rd_init(&r, w->p, w->n);
	assert_int_equal(sp_logon_read(&r, out), SP_OK);
}

static void say_logon(struct chain *c, const struct sp_logon *info)
{
	struct sp_data_marks m = sp_rdp_data_begin(c->desk.server, SP_DATA_SAVE_SESSION_INFO);

	sp_logon_write(&c->desk.server->wr, info);
	assert_int_equal(sp_rdp_data_end(c->desk.server, m), SP_OK);
	chain_run(c);
	assert_int_equal(c->err, SP_OK);
}

/* The target sends none: ours goes after the font map, to who takes it, and once. */
static void test_cookie_without_target(void **state)
{
	struct sp_server_desktop d = {800, 600, 32};
	struct chain_conf conf = chain_default;
	struct sp_legs_arc next = {.present = true, .logon_id = 43, .bits = "another of them"};
	struct sp_logon info;
	struct chain c;

	conf.legs.arc = ours;
	chain_open(&c, &conf);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], 0); /* did not announce it */
	chain_finish(&c);

	conf.user.caps = reconnects;
	chain_open(&c, &conf);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], 1);
	read_info(&c, &info);
	assert_int_equal(info.type, SP_LOGON_EXTENDED);
	assert_true(info.has_cookie);
	assert_int_equal(info.cookie_logon_id, 42);
	assert_memory_equal(info.cookie, ours.bits, 16);
	assert_int_equal(sp_server_activate(c.desk.server, &d, 1), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], 1);
	/* Rotated by the keeper. */
	assert_int_equal(sp_legs_set_arc(c.legs, &next), SP_OK);
	chain_run(&c);
	read_info(&c, &info);
	assert_int_equal(info.cookie_logon_id, 43);
	chain_finish(&c);

	conf.legs.arc.present = false;
	chain_open(&c, &conf);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], 0);
	chain_finish(&c);
}

/* The target's cookie stays with us; the client gets ours in its place. */
static void test_cookie_of_target(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_logon theirs = {.type = SP_LOGON_EXTENDED,
			.has_cookie = true,
			.cookie_logon_id = 5,
			.cookie = "the target's own",
			.has_error = true,
			.error_type = 2,
			.error_data = 3};
	struct sp_legs_arc arc;
	struct sp_logon info;
	struct chain c;

	conf.legs.arc = ours;
	conf.user.caps = reconnects;
	chain_open(&c, &conf);
	assert_false(sp_legs_take_arc(c.legs, &arc));
	say_logon(&c, &theirs);
	read_info(&c, &info);
	assert_int_equal(info.cookie_logon_id, 42);
	assert_memory_equal(info.cookie, ours.bits, 16);
	assert_true(info.has_error);
	assert_int_equal(info.error_type, 2);
	assert_true(sp_legs_take_arc(c.legs, &arc));
	assert_true(arc.present);
	assert_int_equal(arc.logon_id, 5);
	assert_memory_equal(arc.bits, theirs.cookie, 16);
	assert_false(sp_legs_take_arc(c.legs, &arc));
	/* The other forms pass. */
	say_logon(&c, &(struct sp_logon){.type = SP_LOGON_V2, .session_id = 3, .user = "demo"});
	read_info(&c, &info);
	assert_int_equal(info.type, SP_LOGON_V2);
	assert_string_equal(info.user, "demo");
	chain_finish(&c);

	/* Without one of ours nothing is left of it, and the error stays. */
	conf.legs.arc.present = false;
	chain_open(&c, &conf);
	say_logon(&c, &theirs);
	read_info(&c, &info);
	assert_false(info.has_cookie);
	assert_true(info.has_error);
	theirs.has_error = false;
	size_t before = c.user.saw_client.n[SP_EV_SESSION_INFO];
	say_logon(&c, &theirs);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], before);
	assert_true(sp_legs_take_arc(c.legs, &arc));
	chain_finish(&c);
}

/* What cannot be read might be a cookie. */
static void test_session_info_damaged(void **state)
{
	struct sp_data_marks m;
	struct chain c;

	chain_open(&c, &chain_default);
	m = sp_rdp_data_begin(c.desk.server, SP_DATA_SAVE_SESSION_INFO);
	sp_wr_le32(&c.desk.server->wr, SP_LOGON_EXTENDED);
	sp_wr_le16(&c.desk.server->wr, 500);
	assert_int_equal(sp_rdp_data_end(c.desk.server, m), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.user.saw_client.n[SP_EV_SESSION_INFO], 0);
	chain_finish(&c);
}

/* [MS-RDPBCGR] 4.3 has no example under TLS: HMAC-MD5 of 32 zeros, by another program. */
static void test_proof(void **state)
{
	struct sp_legs_arc arc = {.present = true, .logon_id = 7};
	static struct sp_info info;

	for (size_t i = 0; i < 16; i++) {
		arc.bits[i] = (uint8_t)i;
	}
	pair_info(&info);
	sp_legs_prove(&info, &sp_crypto_nettle, &arc);
	assert_true(info.has_arc);
	assert_int_equal(info.tail, SP_INFO_TAIL_ARC);
	assert_int_equal(info.arc.logon_id, 7);
	unit_assert_span(sp_span(info.arc.verifier, 16),
			unit_hex("b639c8731638618b707972aa6e96cf90"));
	pair_info(&info);
	arc.present = false;
	sp_legs_prove(&info, &sp_crypto_nettle, &arc);
	assert_false(info.has_arc);
}

/* ---- the time of our own desktop ---- */

static void type(struct chain *c, uint16_t code, uint8_t key)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = code, .key = key};

	assert_int_equal(sp_client_input(c->user.client, &ev, 1), SP_OK);
}

static const struct sp_input_event *desk_inputs(const struct chain *c, size_t *n)
{
	*n = c->desk.saw_server.inputs.n / sizeof(struct sp_input_event);
	return (const struct sp_input_event *)c->desk.saw_server.inputs.p;
}

static void test_locks_replayed(void **state)
{
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC, .flags = SP_LOCK_NUM};
	struct chain_conf conf = chain_default;
	const struct sp_input_event *in;
	struct chain c;
	size_t n;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	chain_target(&c);
	chain_run(&c);
	desk_inputs(&c, &n);
	assert_int_equal(n, 0); /* nobody said which locks are on */
	chain_finish(&c);

	chain_start(&c, &conf);
	assert_int_equal(sp_client_input(c.user.client, &sync, 1), SP_OK);
	type(&c, 0x3A, 0);
	type(&c, 0x3A, 0); /* held: a repetition switches nothing */
	type(&c, 0x3A, SP_KEY_RELEASE);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	in = desk_inputs(&c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(in[0].kind, SP_INPUT_SYNC);
	assert_int_equal(in[0].flags, SP_LOCK_NUM | SP_LOCK_CAPS);
	assert_int_equal(sp_legs_input_us(c.legs), 0); /* the person did nothing at the target */
	chain_finish(&c);
}

/* Told, and pressed, while the Deactivate All was on its way. */
static void test_in_between(void **state)
{
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC, .flags = SP_LOCK_CAPS};
	struct chain_conf conf = chain_default;
	const struct sp_input_event *in;
	struct chain c;
	size_t n;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	chain_target(&c);
	/* The target's sequence alone: the user's leg turns, and the client has not heard of it. */
	struct sp_rcbuf *b;
	while (!sp_legs_relaying(c.legs)) {
		chain_run_target(&c);
	}
	assert_int_equal(sp_client_input(c.user.client, &sync, 1), SP_OK);
	type(&c, 28, 0);
	while ((b = sp_rdp_out(c.user.client)) != NULL) {
		assert_int_equal(sp_rdp_feed(c.user.server, b->p, b->n, 1), b->n);
		sp_rcbuf_unref(b);
	}
	chain_run(&c);
	type(&c, 28, SP_KEY_RELEASE);
	chain_run(&c);
	in = desk_inputs(&c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(in[0].kind, SP_INPUT_SYNC);
	assert_int_equal(in[0].flags, SP_LOCK_CAPS);
	chain_finish(&c);
}

/* The Enter that ended the greeter is released at the target. */
static void test_releases_swallowed(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_input_event mixed[3] = {
			{.kind = SP_INPUT_SCANCODE, .code = 28, .key = SP_KEY_RELEASE},
			{.kind = SP_INPUT_SCANCODE, .code = 30},
			{.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_BUTTON1, .x = 5, .y = 6}};
	struct sp_input_event click = {
			.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN};
	const struct sp_input_event *in;
	struct chain c;
	size_t n;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	type(&c, 28, 0);
	type(&c, 28, SP_KEY_EXTENDED); /* another key */
	assert_int_equal(sp_client_input(c.user.client, &click, 1), SP_OK);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(sp_client_input(c.user.client, mixed, 3), SP_OK);
	chain_run(&c);
	in = desk_inputs(&c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(in[0].code, 30);
	assert_int_equal(in[0].key, 0);
	type(&c, 28, SP_KEY_RELEASE | SP_KEY_EXTENDED);
	chain_run(&c);
	desk_inputs(&c, &n);
	assert_int_equal(n, 1);
	/* Each once only; what is pressed here is released here. */
	type(&c, 28, 0);
	type(&c, 28, SP_KEY_RELEASE);
	chain_run(&c);
	desk_inputs(&c, &n);
	assert_int_equal(n, 3);
	chain_finish(&c);
}

/* The same on the slow path. */
static void test_releases_swallowed_slowly(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_input_event mixed[2] = {
			{.kind = SP_INPUT_SCANCODE, .code = 28, .key = SP_KEY_RELEASE},
			{.kind = SP_INPUT_SCANCODE, .code = 30}};
	const struct sp_input_event *in;
	struct sp_data_marks m;
	struct chain c;
	size_t n;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	type(&c, 28, 0);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	m = sp_rdp_data_begin(c.user.client, SP_DATA_INPUT);
	sp_input_write(&c.user.client->wr, mixed, 2);
	assert_int_equal(sp_rdp_data_end(c.user.client, m), SP_OK);
	chain_run(&c);
	in = desk_inputs(&c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(in[0].code, 30);
	chain_finish(&c);
}

static void test_suppress_replayed(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_data_marks m;
	struct chain c;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	m = sp_rdp_data_begin(c.user.client, SP_DATA_SUPPRESS_OUTPUT);
	sp_misc_suppress_write(&c.user.client->wr, &(struct sp_misc_suppress){.allow = false});
	assert_int_equal(sp_rdp_data_end(c.user.client, m), SP_OK);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_SUPPRESS], 1);
	chain_finish(&c);
	chain_start(&c, &conf);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(c.desk.saw_server.n[SP_EV_SUPPRESS], 0);
	chain_finish(&c);
}

/* ---- a pointer of our own ---- */

static uint8_t xor_mask[32 * 96], and_mask[32 * 4];
static const struct sp_pointer box = {.bpp = 24,
		.width = 32,
		.height = 32,
		.xor_mask = {xor_mask, sizeof(xor_mask)},
		.and_mask = {and_mask, sizeof(and_mask)}};

static void test_pointer_over(void **state)
{
	static const uint8_t slot3[] = {3, 0};
	const struct sp_wr *up;
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(sp_legs_pointer_side(c.legs), 384);
	up = &c.user.saw_client.updates;
	assert_int_equal(sp_server_update(c.desk.server, SP_FP_CACHED, sp_span(slot3, 2)), SP_OK);
	chain_run(&c);
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	chain_run(&c);
	assert_int_equal(up->p[0], SP_FP_POINTER);
	assert_int_equal(up->p[3], 24); /* the last slot of 25 */
	/* The target moves its own: ours comes again. */
	size_t before = c.user.saw_client.n[SP_EV_UPDATE];
	assert_int_equal(sp_server_update(c.desk.server, SP_FP_CACHED, sp_span(slot3, 2)), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE], before + 2);
	assert_int_equal(up->p[0], SP_FP_CACHED);
	assert_int_equal(up->p[1], 24);
	/* Taken away: what the target showed last is there again. */
	assert_int_equal(sp_legs_point(c.legs, NULL), SP_OK);
	chain_run(&c);
	assert_int_equal(up->p[0], SP_FP_CACHED);
	assert_int_equal(up->p[1], 3);
	before = c.user.saw_client.n[SP_EV_UPDATE];
	assert_int_equal(sp_legs_point(c.legs, NULL), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE], before);
	chain_finish(&c);
}

static void test_pointer_restored(void **state)
{
	struct chain c;

	chain_open(&c, &chain_default);
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	assert_int_equal(sp_legs_point(c.legs, NULL), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.updates.p[0], SP_FP_PTR_DEFAULT);
	assert_int_equal(sp_server_update(c.desk.server, SP_FP_PTR_NULL, sp_span("", 0)), SP_OK);
	chain_run(&c);
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	assert_int_equal(sp_legs_point(c.legs, NULL), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.updates.p[0], SP_FP_PTR_NULL);
	chain_finish(&c);
}

/* Fragments of an update stand in a row: ours waits for the last one. */
static void test_pointer_between_fragments(void **state)
{
	static uint8_t body[40000];
	struct sp_wr w;
	struct chain c;

	chain_open(&c, &chain_default);
	sp_wr_init(&w, 1 << 20);
	sp_fp_update_write(&w, SP_FP_BITMAP, sp_span(body, sizeof(body)));
	struct sp_rcbuf *b = sp_wr_take(&w);
	assert_non_null(b);
	assert_int_equal(sp_rdp_feed(c.desk.client, b->p, b->n, 1), SP_FP_MAX);
	struct sp_event ev;
	while (sp_rdp_next(c.desk.client, &ev)) {
		assert_int_equal(sp_legs_target(c.legs, &ev), SP_OK);
	}
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE], 0);
	for (size_t at = SP_FP_MAX; at < b->n;) {
		int used = sp_rdp_feed(c.desk.client, b->p + at, b->n - at, 1);

		assert_true(used > 0);
		at += (size_t)used;
		while (sp_rdp_next(c.desk.client, &ev)) {
			assert_int_equal(sp_legs_target(c.legs, &ev), SP_OK);
		}
	}
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE], 2);
	assert_int_equal(c.user.saw_client.updates.p[0], SP_FP_POINTER);
	sp_rcbuf_unref(b);
	chain_finish(&c);
}

/* A target that never ends an update: what waits for that does not grow. */
static void test_pointer_never_sent(void **state)
{
	struct sp_event ev = {.kind = SP_EV_RELAY};
	static uint8_t bits[96 * 96 * 4];
	struct sp_pointer large = {.bpp = 24,
			.width = 96,
			.height = 96,
			.xor_mask = {bits, 96 * 96 * 3},
			.and_mask = {bits, 96 * 12}};
	struct chain c;

	chain_open(&c, &chain_default);
	ev.relay.kind = SP_RELAY_FASTPATH;
	ev.relay.data = unit_hex("00 06 21 0100 aa");
	assert_int_equal(sp_legs_target(c.legs, &ev), SP_OK);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(sp_legs_point(c.legs, &large), SP_OK);
	}
	chain_finish(&c);
}

static int fast_from_target(const char *hex)
{
	struct sp_span pdu = unit_hex(hex);
	struct chain c;

	chain_open(&c, &chain_default);
	size_t before = c.user.saw_client.n[SP_EV_UPDATE];
	sp_wr_span(&c.desk.server->wr, pdu);
	assert_int_equal(sp_rdp_flush(c.desk.server), SP_OK);
	chain_run(&c);
	int err = c.err;
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE] - before, err == SP_OK);
	chain_finish(&c);
	return err;
}

/* What nobody agreed to, or nobody can read, is not for the client to take apart. */
static void test_fast_output_checked(void **state)
{
	assert_int_equal(fast_from_target("00 05 05 0000"), SP_OK);
	assert_int_equal(fast_from_target("00 06 85 00 0000"), SP_OK);
	assert_int_equal(fast_from_target("00 07 85 21 0100 aa"), SP_EPROTO);
	assert_int_equal(fast_from_target("00 06 05 0500 aa"), SP_ESHORT);
}

static void small_pointer(struct sp_caps *caps)
{
	caps->pointer.cache = 0;
	sp_caps_drop(caps, SP_CAPS_LARGE_POINTER);
	caps->general.extra_flags &= (uint16_t)~SP_GENERAL_FASTPATH_OUTPUT;
}

static void no_pointer(struct sp_caps *caps)
{
	caps->pointer.cache = caps->pointer.color_cache = 0;
}

static void test_pointer_sizes(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_pointer p;
	struct sp_share s;
	struct sp_rd r;
	struct chain c;

	conf.user.caps = small_pointer;
	chain_open(&c, &conf);
	assert_int_equal(sp_legs_pointer_side(c.legs), 32);
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	chain_run(&c);
	assert_true(chain_find(&c.to_user, SP_SHARE_DATA, SP_DATA_POINTER, &s));
	sp_rd_init(&r, s.body.p, s.body.n);
	assert_int_equal(sp_pointer_slow_read(&r, &p), SP_OK);
	assert_int_equal(p.kind, SP_POINTER_COLOR);
	assert_int_equal(p.cache, 24);
	chain_finish(&c);
	conf.user.caps = no_pointer;
	chain_open(&c, &conf);
	assert_int_equal(sp_legs_pointer_side(c.legs), 0);
	assert_int_equal(sp_legs_point(c.legs, &box), SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_UPDATE], 0);
	chain_finish(&c);
}

/* Nobody offered compression; who uses it all the same says something that cannot be judged. */
static void test_compressed(void **state)
{
	struct sp_data_marks m;
	struct chain c;

	for (int from_user = 0; from_user < 2; from_user++) {
		chain_open(&c, &chain_default);
		struct sp_rdp *from = from_user ? c.user.client : c.desk.server;
		m = sp_rdp_data_begin(from, SP_DATA_UPDATE);
		sp_wr_fill_u8(&from->wr, m.share + 15, SP_SHARE_COMPRESSED | 1);
		sp_wr_le32(&from->wr, 0);
		assert_int_equal(sp_rdp_data_end(from, m), SP_OK);
		chain_run(&c);
		assert_int_equal(c.err, SP_EPROTO);
		chain_finish(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_confirm_changed),
			cmocka_unit_test(test_demand_changed),
			cmocka_unit_test(test_persistent_keys),
			cmocka_unit_test(test_cookie_without_target),
			cmocka_unit_test(test_cookie_of_target),
			cmocka_unit_test(test_session_info_damaged),
			cmocka_unit_test(test_pointer_never_sent),
			cmocka_unit_test(test_fast_output_checked),
			cmocka_unit_test(test_proof),
			cmocka_unit_test(test_locks_replayed),
			cmocka_unit_test(test_in_between),
			cmocka_unit_test(test_releases_swallowed),
			cmocka_unit_test(test_releases_swallowed_slowly),
			cmocka_unit_test(test_suppress_replayed),
			cmocka_unit_test(test_pointer_over),
			cmocka_unit_test(test_pointer_restored),
			cmocka_unit_test(test_pointer_between_fragments),
			cmocka_unit_test(test_pointer_sizes),
			cmocka_unit_test(test_compressed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
