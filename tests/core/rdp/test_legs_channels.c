/* tests/core/rdp/test_legs_channels.c - which channels pass, and which stay silent. */
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include "core/pdu/autodetect.h"
#include "core/pdu/dvc.h"
#include "core/pdu/mcs.h"
#include "core/pdu/multitransport.h"
#include "core/pdu/sec.h"
#include "core/pdu/svc.h"
#include "core/rdp/dvcs.h"

static void all_channels(struct sp_gcc_client *gcc)
{
	static const char *const names[] = {"rdpdr", "CLIPRDR", "rdpsnd", "drdynvc", "mine"};

	memset(gcc->channel, 0, sizeof(gcc->channel));
	gcc->n_channels = SP_LEN(names);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(gcc->channel[i].name, sizeof(gcc->channel[i].name), "%s", names[i]);
		gcc->channel[i].options = SP_GCC_CHANNEL_INITIALIZED | SP_GCC_CHANNEL_COMPRESS_RDP |
				SP_GCC_CHANNEL_COMPRESS;
	}
	gcc->core.early_capability_flags |= SP_GCC_CS_DYNVC_GFX;
}

enum {
	RDPDR,
	CLIPRDR,
	RDPSND,
	DRDYNVC,
	MINE
};

static struct chain_conf all_conf(struct sp_legs_rules rules)
{
	struct chain_conf conf = chain_default;

	conf.user.gcc = all_channels;
	conf.legs.rules = rules;
	return conf;
}

static struct sp_span chunk_of(struct sp_wr *w, const void *p, size_t n)
{
	static uint8_t buf[4096];

	sp_wr_fixed(w, buf, sizeof(buf));
	sp_svc_write(w,
			&(struct sp_svc_chunk){.total = (uint32_t)n,
					.flags = SP_SVC_FIRST | SP_SVC_LAST,
					.data = sp_span(p, n)});
	return sp_span(buf, w->n);
}

static bool has(const struct sp_gcc_client *gcc, const char *name)
{
	for (size_t i = 0; i < gcc->n_channels; i++) {
		if (strcmp(gcc->channel[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Something that its filter, where there is one, lets through from that side. */
static struct sp_span word_for(struct sp_wr *w, const struct sp_gcc_channel *ch, bool client)
{
	if (sp_dvcs_same_name(ch->name, "cliprdr")) {
		return chunk_of(w, "\x07\0\0\0\x04\0\0\0\0\0\0", 12); /* no capabilities */
	}
	if (sp_dvcs_same_name(ch->name, "rdpdr")) {
		return chunk_of(w, client ? "rDNC\0\0\0\0\0\0\0\0\0\0\0" : "rDnI\x01\0\x0d\0\0\0\0",
				client ? 16 : 12); /* a name; an announcement */
	}
	return chunk_of(w, "hello", 5);
}

/* From the client on its number; what the target saw of it, or -1. */
static int to_desk(struct chain *c, size_t index)
{
	struct sp_wr w;
	size_t before = c->desk.saw_server.n[SP_EV_CHANNEL];

	const struct sp_gcc_channel *ch = &sp_rdp_client_gcc(c->user.server)->channel[index];

	assert_int_equal(sp_rdp_send_channel(c->user.client, index, word_for(&w, ch, true)), SP_OK);
	chain_run(c);
	assert_int_equal(c->err, SP_OK);
	return c->desk.saw_server.n[SP_EV_CHANNEL] == before ? -1 : c->desk.saw_server.channel.p[0];
}

static int to_user(struct chain *c, size_t index)
{
	struct sp_wr w;
	size_t before = c->user.saw_client.n[SP_EV_CHANNEL];

	const struct sp_gcc_channel *ch = &c->gcc.channel[index];

	assert_int_equal(
			sp_rdp_send_channel(c->desk.server, index, word_for(&w, ch, false)), SP_OK);
	chain_run(c);
	assert_int_equal(c->err, SP_OK);
	return c->user.saw_client.n[SP_EV_CHANNEL] == before ? -1 : c->user.saw_client.channel.p[0];
}

/* What is told next of a channel. */
static void settled(struct chain *c, bool dynamic, bool open, const char *name)
{
	struct sp_legs_channel ch;
	uint32_t lost;

	assert_true(sp_legs_channel(c->legs, &ch, &lost));
	assert_string_equal(ch.name, name);
	assert_int_equal(ch.dynamic, dynamic);
	assert_int_equal(ch.open, open);
	assert_int_equal(lost, 0);
}

static void test_mapped_by_name(void **state)
{
	struct chain_conf conf = all_conf((struct sp_legs_rules){.clipboard = true, .sound = true});
	struct chain c;

	chain_open(&c, &conf);
	assert_int_equal(c.gcc.n_channels, 3); /* CLIPRDR, rdpsnd, drdynvc */
	for (size_t i = 0; i < c.gcc.n_channels; i++) {
		assert_int_equal(c.gcc.channel[i].options, SP_GCC_CHANNEL_INITIALIZED);
	}
	assert_int_equal(to_desk(&c, CLIPRDR), 0);
	assert_int_equal(to_desk(&c, RDPSND), 1);
	assert_int_equal(to_user(&c, 0), CLIPRDR);
	assert_int_equal(to_user(&c, 1), RDPSND);
	/* Denied: it has a number on the user's side, and goes nowhere. */
	assert_int_equal(to_desk(&c, RDPDR), -1);
	assert_int_equal(to_desk(&c, MINE), -1);
	assert_true(sp_rdp_is_active(c.user.client));
	struct sp_legs_channel ch;
	uint32_t lost;
	size_t open = 0, shut = 0;
	while (sp_legs_channel(c.legs, &ch, &lost)) {
		assert_false(ch.dynamic);
		open += ch.open;
		shut += !ch.open;
	}
	assert_int_equal(open, 3);
	assert_true(shut >= 2); /* rdpdr and a private one */
	chain_finish(&c);
}

static void test_rules(void **state)
{
	static const struct {
		struct sp_legs_rules rules;
		const char *there[6], *not_there[6];
	} rows[] = {
			{{0}, {"drdynvc"}, {"rdpdr", "CLIPRDR", "rdpsnd", "mine"}},
			{{.clipboard = true}, {"drdynvc", "CLIPRDR"}, {"rdpdr", "rdpsnd", "mine"}},
			{{.sound = true}, {"drdynvc", "rdpsnd"}, {"rdpdr", "CLIPRDR", "mine"}},
			/* Windows wants sound announced for drives. */
			{{.drive = {.read = true}}, {"drdynvc", "rdpdr", "rdpsnd"},
					{"CLIPRDR", "mine"}},
			/* Our own desktops do not. */
			{{.drive = {.read = true}, .own = true}, {"drdynvc", "rdpdr"},
					{"CLIPRDR", "mine", "rdpsnd"}},
			/* Printers and the like alone go by the same channel. */
			{{.drive = {.other = true}}, {"drdynvc", "rdpdr"},
					{"CLIPRDR", "rdpsnd", "mine"}},
			/* Its letter case makes no other channel of the clipboard. */
			{{.other = true}, {"drdynvc", "mine"}, {"rdpdr", "CLIPRDR", "rdpsnd"}},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_gcc_client gcc = {0};
		static struct sp_info info;

		pair_gcc(&gcc, &pair_default);
		all_channels(&gcc);
		pair_info(&info);
		sp_legs_shape(&gcc, &info, &rows[i].rules);
		for (size_t k = 0; rows[i].there[k]; k++) {
			assert_true(has(&gcc, rows[i].there[k]));
		}
		for (size_t k = 0; rows[i].not_there[k]; k++) {
			assert_false(has(&gcc, rows[i].not_there[k]));
		}
		assert_int_equal(!(info.flags & SP_INFO_NOAUDIOPLAYBACK), rows[i].rules.sound);
	}
}

static void twice(struct sp_gcc_client *gcc)
{
	static const char *const names[] = {"drdynvc", "mine", "DRDYNVC", "Mine", "drdynvc"};

	memset(gcc->channel, 0, sizeof(gcc->channel));
	gcc->n_channels = SP_LEN(names);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(gcc->channel[i].name, sizeof(gcc->channel[i].name), "%s", names[i]);
	}
}

/* Only the first of a name is there: else what is denied would go by the one nobody looks at. */
static void test_named_twice(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.user.gcc = twice;
	conf.legs.rules = (struct sp_legs_rules){.other = true};
	chain_open(&c, &conf);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.gcc.n_channels, 2);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(to_desk(&c, i), i == 1 ? 1 : -1); /* no such message of drdynvc */
	}
	assert_int_equal(to_user(&c, 0), -1);
	assert_int_equal(to_user(&c, 1), 1);
	chain_finish(&c);
}

/* With drives alone rdpsnd is told, and what comes on it goes nowhere. */
static void test_sound_for_drives(void **state)
{
	struct chain_conf conf = all_conf((struct sp_legs_rules){.drive = {.read = true}});
	struct chain c;

	chain_open(&c, &conf);
	assert_string_equal(c.gcc.channel[1].name, "rdpsnd");
	assert_int_equal(to_user(&c, 1), -1);
	assert_int_equal(to_desk(&c, RDPSND), -1);
	assert_int_equal(to_user(&c, 0), RDPDR);
	chain_finish(&c);
}

static void drives_only(struct sp_gcc_client *gcc)
{
	gcc->n_channels = 1;
}

static void test_sound_not_announced(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.user.gcc = drives_only;
	chain_open(&c, &conf);
	assert_int_equal(c.gcc.n_channels, 2);
	assert_string_equal(c.gcc.channel[1].name, "rdpsnd");
	assert_int_equal(to_user(&c, 1), -1);
	assert_int_equal(to_desk(&c, 0), 0);
	chain_finish(&c);
}

/* Said while our own desktop stood: kept for the target, in order, up to a bound. */
static void test_early_data(void **state)
{
	struct chain_conf conf = all_conf(chain_default.legs.rules);
	static uint8_t big[1600];
	struct sp_wr w;
	struct chain c;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	assert_int_equal(sp_rdp_send_channel(c.user.client, MINE, chunk_of(&w, "one", 3)), SP_OK);
	assert_int_equal(sp_rdp_send_channel(c.user.client, RDPSND, chunk_of(&w, "two", 3)), SP_OK);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 2);
	assert_int_equal(c.desk.saw_server.channel.p[0], RDPSND);
	assert_memory_equal(c.desk.saw_server.channel.p + 1 + SP_SVC_HEADER, "two", 3);
	chain_finish(&c);

	chain_start(&c, &conf);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(sp_rdp_send_channel(c.user.client, MINE,
						 chunk_of(&w, big, sizeof(big))),
				SP_OK);
	}
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 65536 / (1600 + 8 + 5));
	chain_finish(&c);
}

/* ---- dynamic channels ---- */

static struct sp_span create_chunk(struct sp_wr *w, uint32_t id, const char *name)
{
	static uint8_t message[512];
	struct sp_wr m;

	sp_wr_fixed(&m, message, sizeof(message));
	sp_dvc_create_write(&m, id, name);
	return chunk_of(w, message, m.n);
}

static bool opens(struct sp_legs_rules rules, const char *name)
{
	static struct sp_dvcs d;
	struct sp_dvcs_result out;
	struct sp_svc_chunk answer;
	struct sp_wr w;
	struct sp_rd r;

	sp_dvcs_init(&d, &rules);
	struct sp_span chunk = create_chunk(&w, 7, name);
	sp_dvcs_target(&d, chunk, &out);
	if (out.pass.n > 0) {
		unit_assert_span(out.pass, chunk);
		assert_null(out.refused);
		assert_int_equal(out.answer.n, 0);
		return true;
	}
	assert_string_equal(out.refused, name);
	sp_rd_init(&r, out.answer.p, out.answer.n);
	assert_int_equal(sp_svc_read(&r, &answer), SP_OK);
	assert_int_equal(answer.flags, SP_SVC_FIRST | SP_SVC_LAST);
	assert_int_equal(answer.total, answer.data.n);
	unit_assert_span(answer.data, unit_hex("10 07 250200c0"));
	return false;
}

static void test_dynamic_rules(void **state)
{
	struct sp_legs_rules none = {0}, other = {.other = true};
	static const char *const always[] = {"Microsoft::Windows::RDS::Graphics",
			"Microsoft::Windows::RDS::Input", "Microsoft::Windows::RDS::DisplayControl",
			"Microsoft::Windows::RDS::Geometry::v08.01", "ECHO"};

	for (size_t i = 0; i < SP_LEN(always); i++) {
		assert_true(opens(none, always[i]));
	}
	assert_false(opens(none, "URBDRC"));
	assert_true(opens(other, "URBDRC"));
	assert_false(opens(other, "AUDIO_INPUT"));
	assert_false(opens(other, "audio_input"));
	assert_false(opens(other, "AUDIO_PLAYBACK_DVC"));
	assert_false(opens(other, "rdpdr"));
	assert_false(opens(other, ""));
	assert_true(opens((struct sp_legs_rules){.microphone = true}, "AUDIO_INPUT"));
	assert_true(opens((struct sp_legs_rules){.sound = true}, "AUDIO_PLAYBACK_LOSSY_DVC"));
}

static size_t passes(struct sp_dvcs *d, const char *hex)
{
	struct sp_dvcs_result out;
	struct sp_span m = unit_hex(hex);
	struct sp_wr w;

	sp_dvcs_target(d, chunk_of(&w, m.p, m.n), &out);
	return out.pass.n;
}

static bool client_passes(struct sp_dvcs *d, const char *hex, bool *input)
{
	struct sp_span m = unit_hex(hex);
	struct sp_wr w;

	return sp_dvcs_client(d, chunk_of(&w, m.p, m.n), input);
}

static struct sp_span piece(struct sp_wr *w, uint32_t flags, const char *hex)
{
	static uint8_t buf[64];

	sp_wr_fixed(w, buf, sizeof(buf));
	sp_svc_write(w, &(struct sp_svc_chunk){.total = 9, .flags = flags, .data = unit_hex(hex)});
	return sp_span(buf, w->n);
}

/* A later chunk is compressed no more than the first one is. */
static void test_dynamic_compressed(void **state)
{
	static struct sp_dvcs d;
	struct sp_legs_rules rules = {0};
	struct sp_dvcs_result out;
	struct sp_wr w;
	bool input;

	sp_dvcs_init(&d, &rules);
	sp_dvcs_target(&d, create_chunk(&w, 5, "ECHO"), &out);
	sp_dvcs_target(&d, piece(&w, SP_SVC_FIRST, "30 05 aa"), &out);
	assert_true(out.pass.n > 0);
	sp_dvcs_target(&d, piece(&w, SP_SVC_COMPRESSED, "aa"), &out);
	assert_int_equal(out.pass.n, 0);
	sp_dvcs_target(&d, piece(&w, SP_SVC_LAST, "aa"), &out);
	assert_int_equal(out.pass.n, 0);
	assert_true(sp_dvcs_client(&d, piece(&w, SP_SVC_FIRST, "30 05 aa"), &input));
	assert_false(sp_dvcs_client(&d, piece(&w, SP_SVC_COMPRESSED, "aa"), &input));
	assert_false(sp_dvcs_client(&d, piece(&w, SP_SVC_LAST, "aa"), &input));
}

/* Data, close and the use of an id again. */
static void test_dynamic_data(void **state)
{
	static struct sp_dvcs d;
	struct sp_legs_rules rules = {0};
	struct sp_dvcs_result out;
	struct sp_wr w;
	bool input;

	sp_dvcs_init(&d, &rules);
	assert_true(passes(&d, "50 00 0300 0000 0000 0000 0000") > 0); /* capabilities */
	assert_true(client_passes(&d, "50 00 0300", &input));
	assert_int_equal(passes(&d, "30 05 aa"), 0); /* never created */
	sp_dvcs_target(&d, create_chunk(&w, 5, "Microsoft::Windows::RDS::Input"), &out);
	assert_true(out.pass.n > 0);
	assert_true(client_passes(&d, "10 05 00000000", &input));
	assert_false(input);
	assert_true(client_passes(&d, "30 05 aa", &input));
	assert_true(input);
	assert_true(passes(&d, "30 05 aa") > 0);
	assert_true(passes(&d, "60 05 ff aa") > 0);
	assert_false(client_passes(&d, "30 06 aa", &input)); /* nobody opened it */
	/* Close by the target: the client still answers, then it is over. */
	assert_true(passes(&d, "40 05") > 0);
	assert_true(client_passes(&d, "40 05", &input));
	assert_int_equal(passes(&d, "30 05 aa"), 0);
	assert_false(client_passes(&d, "30 05 aa", &input));
	/* The same number for one that may not be. */
	sp_dvcs_target(&d, create_chunk(&w, 5, "ECHO"), &out);
	assert_true(out.pass.n > 0);
	sp_dvcs_target(&d, create_chunk(&w, 5, "AUDIO_INPUT"), &out);
	assert_int_equal(out.pass.n, 0);
	assert_int_equal(passes(&d, "30 05 aa"), 0);
	/* And for one that the client does not have. */
	sp_dvcs_target(&d, create_chunk(&w, 5, "ECHO"), &out);
	assert_true(client_passes(&d, "10 05 250200c0", &input));
	assert_int_equal(passes(&d, "30 05 aa"), 0);
	/* Soft sync belongs to UDP; nonsense to nobody. */
	assert_int_equal(passes(&d, "80 00"), 0);
	assert_int_equal(passes(&d, "33"), 0);
	assert_int_equal(passes(&d, ""), 0);
	assert_int_equal(d.n, 0);
}

static void test_dynamic_many(void **state)
{
	static struct sp_dvcs d;
	struct sp_legs_rules rules = {.other = true};
	struct sp_dvcs_result out;
	struct sp_wr w;

	sp_dvcs_init(&d, &rules);
	for (uint32_t id = 0; id < SP_DVCS_MAX; id++) {
		sp_dvcs_target(&d, create_chunk(&w, id, "x"), &out);
		assert_true(out.pass.n > 0);
	}
	sp_dvcs_target(&d, create_chunk(&w, SP_DVCS_MAX, "x"), &out);
	assert_int_equal(out.pass.n, 0);
	assert_true(out.answer.n > 0);
}

/* A create request, cut at every byte. */
static void test_dynamic_pieces(void **state)
{
	static const char *const names[] = {"ECHO", "AUDIO_INPUT"};
	static struct sp_dvcs d;
	struct sp_legs_rules rules = {0};
	struct sp_dvcs_result out;

	for (size_t k = 0; k < SP_LEN(names); k++) {
		uint8_t message[64], chunk[128];
		struct sp_wr m, w;

		sp_wr_fixed(&m, message, sizeof(message));
		sp_dvc_create_write(&m, 0x1234, names[k]);
		/* Its head has to be in the first piece. */
		for (size_t cut = 3; cut < m.n; cut++) {
			sp_dvcs_init(&d, &rules);
			for (size_t i = 0; i < 2; i++) {
				struct sp_svc_chunk part = {.total = (uint32_t)m.n,
						.flags = i == 0 ? SP_SVC_FIRST : SP_SVC_LAST,
						.data = i == 0 ? sp_span(message, cut)
							       : sp_span(message + cut, m.n - cut)};

				sp_wr_fixed(&w, chunk, sizeof(chunk));
				sp_svc_write(&w, &part);
				sp_dvcs_target(&d, sp_span(chunk, w.n), &out);
				if (i == 0) {
					assert_int_equal(out.pass.n + out.answer.n, 0);
				}
			}
			assert_int_equal(out.pass.n > 0, k == 0);
			assert_int_equal(out.answer.n > 0, k == 1);
			if (k == 0) {
				unit_assert_span(sp_span(out.pass.p + SP_SVC_HEADER,
								 out.pass.n - SP_SVC_HEADER),
						sp_span(message, m.n));
			}
		}
	}
	/* One that claims to be long is refused at once; one that lies is dropped. */
	struct sp_span lie = unit_hex("00100000 01000000 1009 4543");
	sp_dvcs_init(&d, &rules);
	sp_dvcs_target(&d, lie, &out);
	assert_true(out.answer.n > 0);
	uint8_t flood[SP_SVC_HEADER + 1600] = {20};
	sp_dvcs_target(&d, unit_hex("14000000 01000000 1009 4543"), &out);
	assert_int_equal(out.pass.n + out.answer.n, 0);
	sp_dvcs_target(&d, sp_span(flood, sizeof(flood)), &out);
	sp_dvcs_target(&d, unit_hex("14000000 02000000 48"), &out);
	assert_int_equal(out.pass.n + out.answer.n, 0);
}

/* Over both legs: the microphone's channel is refused, and the client never hears of it. */
static void test_dynamic_over_legs(void **state)
{
	struct chain_conf conf = all_conf((struct sp_legs_rules){.sound = true});
	struct sp_wr w;
	struct chain c;

	chain_open(&c, &conf);
	assert_int_equal(c.gcc.n_channels, 2); /* rdpsnd, drdynvc */
	struct sp_legs_channel ch;
	uint32_t lost;
	while (sp_legs_channel(c.legs, &ch, &lost)) {
	}
	assert_int_equal(sp_rdp_send_channel(c.desk.server, 1, create_chunk(&w, 3, "AUDIO_INPUT")),
			SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], 0);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 1);
	unit_assert_span(sp_span(c.desk.saw_server.channel.p + 1, c.desk.saw_server.channel.n - 1),
			unit_hex("06000000 03000000 10 03 250200c0"));
	assert_int_equal(sp_rdp_send_channel(c.desk.server, 1,
					 create_chunk(&w, 4, "Microsoft::Windows::RDS::Graphics")),
			SP_OK);
	chain_run(&c);
	assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], 1);
	assert_int_equal(c.user.saw_client.channel.p[0], DRDYNVC);
	settled(&c, true, false, "AUDIO_INPUT");
	settled(&c, true, true, "Microsoft::Windows::RDS::Graphics");
	assert_false(sp_legs_channel(c.legs, &ch, &lost));
	chain_finish(&c);
}

/* ---- the message channel, and the blocks that belong to it ---- */

static void with_flags(struct sp_gcc_client *gcc)
{
	gcc->core.early_capability_flags |= SP_GCC_CS_NETCHAR_AUTODETECT | SP_GCC_CS_HEARTBEAT |
			SP_GCC_CS_DYNVC_GFX | SP_GCC_CS_RELATIVE_MOUSE;
	gcc->has_multitransport = true;
	gcc->multitransport_flags = 0x305;
	gcc->has_cluster = true;
	gcc->cluster_flags = 0x7F;
	gcc->redirected_session_id = 9;
}

static void shaped(struct sp_gcc_client *gcc, bool message, bool drdynvc, uint8_t bpp)
{
	struct sp_legs_rules rules = {0};
	static struct sp_info info;

	memset(gcc, 0, sizeof(*gcc));
	pair_gcc(gcc, &pair_default);
	all_channels(gcc);
	with_flags(gcc);
	sp_gcc_client_set_bpp(&gcc->core, bpp);
	gcc->has_msgchannel = message;
	if (!drdynvc) {
		gcc->n_channels = DRDYNVC;
	}
	pair_info(&info);
	info.flags |= SP_INFO_COMPRESSION | 0x200 | SP_INFO_AUDIOCAPTURE;
	snprintf(info.shell, sizeof(info.shell), "cmd.exe");
	info.has_arc = true;
	sp_legs_shape(gcc, &info, &rules);
	assert_int_equal(info.password.n, 0);
	assert_false(info.has_arc);
	assert_string_equal(info.shell, "");
	assert_false(info.flags &
			(SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_TYPE | SP_INFO_AUDIOCAPTURE));
	assert_false(gcc->has_multitransport);
	assert_true(gcc->has_cluster);
	assert_int_equal(gcc->cluster_flags, 0x0D); /* REDIRECTION_SUPPORTED, version 4 */
	assert_int_equal(gcc->redirected_session_id, 0);
}

static void test_early_flags(void **state)
{
	struct sp_gcc_client gcc;
	const uint16_t *f = &gcc.core.early_capability_flags;

	shaped(&gcc, true, true, 32);
	assert_true(gcc.has_msgchannel);
	assert_true(*f & SP_GCC_CS_NETCHAR_AUTODETECT);
	assert_true(*f & SP_GCC_CS_HEARTBEAT);
	assert_true(*f & SP_GCC_CS_DYNVC_GFX);
	assert_true(*f & SP_GCC_CS_RELATIVE_MOUSE);
	assert_true(*f & SP_GCC_CS_SKIP_CHANNELJOIN);
	shaped(&gcc, false, true, 32);
	assert_false(gcc.has_msgchannel);
	assert_false(*f & (SP_GCC_CS_NETCHAR_AUTODETECT | SP_GCC_CS_HEARTBEAT));
	assert_true(*f & SP_GCC_CS_DYNVC_GFX);
	shaped(&gcc, true, false, 32);
	assert_false(*f & SP_GCC_CS_DYNVC_GFX);
	shaped(&gcc, true, true, 24);
	assert_false(*f & SP_GCC_CS_DYNVC_GFX);
}

static size_t count_messages(
		const struct chain_log *log, uint16_t channel, uint16_t flag, struct sp_span *last)
{
	size_t n = 0;

	for (size_t i = 0; i < log->n; i++) {
		struct sp_mcs m;
		struct sp_rd r;
		uint16_t flags;

		sp_rd_init(&r, log->pdu[i]->p, log->pdu[i]->n);
		if ((log->pdu[i]->p[0] & 3) != 3 || sp_mcs_read(&r, &m) != SP_OK ||
				m.channel != channel || channel == 0) {
			continue;
		}
		sp_rd_init(&r, m.data.p, m.data.n);
		if (sp_sec_read(&r, &flags) == SP_OK && (flags & flag)) {
			*last = sp_rd_rest(&r);
			n++;
		}
	}
	return n;
}

static void send_rtt(struct sp_rdp *s, uint16_t type, uint16_t sequence)
{
	size_t mark = sp_rdp_send_begin(s, s->message_id);

	sp_sec_write(&s->wr, SP_SEC_AUTODETECT_REQ);
	sp_autodetect_write(&s->wr, &(struct sp_autodetect){.type = type, .sequence = sequence});
	assert_int_equal(sp_rdp_send_end(s, mark), SP_OK);
}

/* At connect time the gate answers; afterwards the client does, so that the figures are its own. */
static void test_autodetect(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_server_desktop d = {1024, 768, 32};
	struct sp_autodetect ad;
	struct sp_span last;
	struct sp_rd r;
	struct chain c;

	conf.user.gcc = with_flags;
	chain_start(&c, &conf);
	chain_target(&c);
	c.desk.hold = true;
	chain_run(&c);
	uint16_t desk = c.desk.server->message_id, user = c.user.client->message_id;
	assert_int_not_equal(desk, 0);
	send_rtt(c.desk.server, SP_AD_RTT_REQUEST_CONNECT, 11);
	chain_run(&c);
	assert_int_equal(count_messages(&c.to_user, user, SP_SEC_AUTODETECT_REQ, &last), 0);
	assert_int_equal(count_messages(&c.to_desk, desk, SP_SEC_AUTODETECT_RSP, &last), 1);
	assert_int_equal(sp_server_activate(c.desk.server, &d, 1), SP_OK);
	chain_run(&c);
	assert_true(sp_legs_active(c.legs));
	send_rtt(c.desk.server, SP_AD_RTT_REQUEST, 12);
	chain_run(&c);
	assert_int_equal(count_messages(&c.to_user, user, SP_SEC_AUTODETECT_REQ, &last), 1);
	assert_int_equal(count_messages(&c.to_desk, desk, SP_SEC_AUTODETECT_RSP, &last), 2);
	sp_rd_init(&r, last.p, last.n);
	assert_int_equal(sp_autodetect_read(&r, &ad), SP_OK);
	assert_int_equal(ad.sequence, 12);
	chain_finish(&c);
}

static void send_transport(struct sp_rdp *s)
{
	size_t mark = sp_rdp_send_begin(s, s->message_id);

	sp_sec_write(&s->wr, SP_SEC_TRANSPORT_REQ);
	sp_multitransport_request_write(
			&s->wr, &(struct sp_multitransport_request){.id = 77, .protocol = 1});
	assert_int_equal(sp_rdp_send_end(s, mark), SP_OK);
}

/* An invitation to UDP, before and after the Demand Active; and a heartbeat, which passes. */
static void test_multitransport(void **state)
{
	struct sp_multitransport_response answer;
	struct sp_server_desktop d = {1024, 768, 32};
	struct sp_span last;
	struct sp_rd r;
	struct chain c;

	chain_start(&c, &chain_default);
	chain_target(&c);
	c.desk.hold = true;
	chain_run(&c);
	send_transport(c.desk.server);
	chain_run(&c);
	assert_int_equal(sp_server_activate(c.desk.server, &d, 1), SP_OK);
	chain_run(&c);
	send_transport(c.desk.server);
	size_t mark = sp_rdp_send_begin(c.desk.server, c.desk.server->message_id);
	sp_sec_write(&c.desk.server->wr, SP_SEC_HEARTBEAT);
	sp_autodetect_heartbeat_write(&c.desk.server->wr,
			&(struct sp_autodetect_heartbeat){.period = 10, .warn = 2, .reconnect = 3});
	assert_int_equal(sp_rdp_send_end(c.desk.server, mark), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	uint16_t user = c.user.client->message_id, desk = c.desk.server->message_id;
	assert_int_equal(count_messages(&c.to_user, user, SP_SEC_TRANSPORT_REQ, &last), 0);
	assert_int_equal(count_messages(&c.to_user, user, SP_SEC_HEARTBEAT, &last), 1);
	assert_int_equal(count_messages(&c.to_desk, desk, SP_SEC_TRANSPORT_RSP, &last), 2);
	sp_rd_init(&r, last.p, last.n);
	assert_int_equal(sp_multitransport_response_read(&r, &answer), SP_OK);
	assert_int_equal(answer.id, 77);
	assert_int_equal(answer.result, SP_MULTITRANSPORT_ABORT);
	chain_finish(&c);
}

static void no_message(struct sp_gcc_client *gcc)
{
	gcc->has_msgchannel = false;
}

static void test_no_message_channel(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.user.gcc = no_message;
	chain_open(&c, &conf);
	assert_int_equal(c.user.client->message_id, 0);
	assert_int_equal(c.desk.server->message_id, 0);
	assert_true(sp_rdp_is_active(c.user.client));
	chain_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_mapped_by_name),
			cmocka_unit_test(test_rules),
			cmocka_unit_test(test_named_twice),
			cmocka_unit_test(test_sound_for_drives),
			cmocka_unit_test(test_sound_not_announced),
			cmocka_unit_test(test_early_data),
			cmocka_unit_test(test_dynamic_rules),
			cmocka_unit_test(test_dynamic_data),
			cmocka_unit_test(test_dynamic_compressed),
			cmocka_unit_test(test_dynamic_many),
			cmocka_unit_test(test_dynamic_pieces),
			cmocka_unit_test(test_dynamic_over_legs),
			cmocka_unit_test(test_early_flags),
			cmocka_unit_test(test_autodetect),
			cmocka_unit_test(test_multitransport),
			cmocka_unit_test(test_no_message_channel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
