/* tests/core/auth/flow_credssp.c - whole logins, good and bad, cut and out of order. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/spnego.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "duo.h"
#include "host/lib/crypto_nettle.h"

static struct duo d;

static void assert_good(void)
{
	assert_int_equal(d.client_rc, SP_CREDSSP_DONE);
	assert_int_equal(d.server_rc, SP_CREDSSP_DONE);
	const struct sp_credssp_login *l = sp_credssp_server_login(d.server);
	assert_non_null(l);
	assert_string_equal(l->user, d.client_conf.user);
	assert_string_equal(l->domain, d.client_conf.domain ? d.client_conf.domain : "");
	unit_assert_span(sp_span(l->password.p, l->password.n), d.client_conf.password);
}

/* The server refused, and said no more than "logon failure". */
static void assert_refused(int rc, const char *why)
{
	assert_int_equal(d.server_rc, rc);
	if (why) {
		assert_string_equal(sp_credssp_server_why(d.server), why);
	}
	assert_null(sp_credssp_server_login(d.server));
	assert_int_equal(d.client_rc, SP_EAUTH);
	assert_int_equal(sp_credssp_client_status(d.client), SP_STATUS_LOGON_FAILURE);
	size_t last = d.n_messages - 1;
	unit_assert_span(sp_span(d.message[last].p, d.message[last].n),
			unit_hex("300d a003 020106 a406 0204c000006d"));
}

static void test_good(void **state)
{
	for (int spnego = 0; spnego <= 1; spnego++) {
		for (uint32_t version = 5; version <= 6; version++) {
			duo_init(&d);
			d.client_conf.spnego = spnego;
			d.client_conf.version = version;
			duo_run(&d);
			assert_good();
			assert_int_equal(d.n_messages, spnego ? 7 : 5);
			assert_string_equal(sp_credssp_server_workstation(d.server), "laptop");
			duo_finish(&d);
		}
	}
}

static void test_names(void **state)
{
	static const char *const names[][2] = {{"demo", "CORP"}, {"demo@corp.example", ""},
			{"d\xC3\xA9mo", "m\xC3\xBCnchen"}, {"user@corp#target#492817", ""},
			{"\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD", NULL}, {"x", "y"}};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		duo_init(&d);
		d.client_conf.user = names[i][0];
		d.client_conf.domain = names[i][1];
		duo_run(&d);
		assert_good();
		duo_finish(&d);
	}
}

static void test_passwords(void **state)
{
	char longest[256];

	memset(longest, 'p', sizeof(longest));
	longest[255] = 0;
	const char *const words[] = {
			"", "p\xC3\xA4ssw\xC3\xB6rd \xE2\x82\xAC \xF0\x9F\x94\x91", longest};
	for (size_t i = 0; i < SP_LEN(words); i++) {
		duo_init(&d);
		d.password = words[i];
		d.client_conf.password = sp_span(words[i], strlen(words[i]));
		duo_run(&d);
		assert_good();
		duo_finish(&d);
	}
}

static void test_wrong_password(void **state)
{
	for (int spnego = 0; spnego <= 1; spnego++) {
		duo_init(&d);
		d.client_conf.spnego = spnego;
		d.client_conf.password = sp_span("Secret123", 9);
		duo_run(&d);
		assert_true(d.asked);
		assert_refused(SP_EAUTH, "ntlm.NTProofStr");
		duo_finish(&d);
	}
}

static void test_unknown_user(void **state)
{
	struct duo wrong;

	duo_init(&d);
	d.client_conf.password = sp_span("other", 5);
	duo_run(&d);
	assert_refused(SP_EAUTH, "ntlm.NTProofStr");
	wrong = d;
	duo_finish(&d);
	/* Known or not: the same messages of the same sizes. */
	duo_init(&d);
	d.client_conf.password = sp_span("other", 5);
	d.password = NULL;
	duo_run(&d);
	assert_refused(SP_EAUTH, "ntlm.NTProofStr");
	assert_int_equal(d.n_messages, wrong.n_messages);
	for (size_t i = 0; i < d.n_messages; i++) {
		assert_int_equal(d.message[i].n, wrong.message[i].n);
	}
	unit_assert_span(sp_span(d.message[3].p, d.message[3].n),
			sp_span(wrong.message[3].p, wrong.message[3].n));
	duo_finish(&d);
}

static void test_versions(void **state)
{
	for (uint32_t v = 2; v <= 4; v++) {
		duo_init(&d);
		d.client_conf.version = v;
		duo_run(&d);
		assert_int_equal(d.server_rc, SP_EPROTO);
		assert_string_equal(sp_credssp_server_why(d.server), "credssp.version");
		assert_false(d.asked);
		/* Version 2 does not know errorCode. */
		assert_int_equal(d.n_messages, v == 2 ? 1 : 2);
		assert_int_equal(d.client_rc, v == 2 ? SP_CREDSSP_MORE : SP_EAUTH);
		duo_finish(&d);
	}
	/* Nor does version 5. */
	duo_init(&d);
	d.client_conf.version = 5;
	d.password = "other";
	duo_run(&d);
	assert_int_equal(d.server_rc, SP_EAUTH);
	assert_int_equal(d.n_messages, 3);
	duo_finish(&d);
}

static void new_version(struct duo *x, size_t index, uint8_t *p, size_t *n)
{
	const int *at = x->arg;

	if ((int)index == at[0]) {
		/* The version stands behind the outermost header. */
		size_t head = p[1] < 0x80 ? 2 : 2u + (p[1] & 0x7F);

		p[head + 4] = (uint8_t)at[1];
	}
}

static void test_version_changes(void **state)
{
	for (int i = 2; i <= 4; i += 2) {
		int arg[2] = {i, 5};

		duo_init(&d);
		d.tamper = new_version;
		d.arg = arg;
		duo_run(&d);
		assert_int_equal(d.server_rc, SP_EFIELD);
		assert_string_equal(sp_credssp_server_why(d.server), "credssp.version");
		duo_finish(&d);
	}
	/* A client from the future is one of version 6; it is so in every message. */
	int arg[2] = {0, 7};
	duo_init(&d);
	d.tamper = new_version;
	d.arg = arg;
	duo_run(&d);
	assert_int_equal(d.server_rc, SP_EFIELD);
	assert_int_equal(d.n_messages, 4);
	duo_finish(&d);
	/* The client holds the server to the same. */
	int back[2] = {3, 5};
	duo_init(&d);
	d.tamper = new_version;
	d.arg = back;
	duo_run(&d);
	assert_int_equal(d.client_rc, SP_EFIELD);
	duo_finish(&d);
	int old[2] = {1, 4};
	duo_init(&d);
	d.tamper = new_version;
	d.arg = old;
	duo_run(&d);
	assert_int_equal(d.client_rc, SP_EPROTO);
	assert_string_equal(sp_credssp_client_why(d.client), "credssp.version");
	duo_finish(&d);
}

/* Flips one bit of the message, counted over all its bits. */
struct flip {
	size_t index, bit;
};

static void flip_bit(struct duo *x, size_t index, uint8_t *p, size_t *n)
{
	const struct flip *f = x->arg;

	if (index == f->index) {
		p[f->bit / 8] ^= (uint8_t)(1 << f->bit % 8);
	}
}

static bool inside(struct sp_span s, const uint8_t *p)
{
	return s.p && s.p <= p && p < s.p + s.n;
}

/*
 * No bit of the client's messages may change without the login failing, but for those that
 * neither the MIC, nor a signature, nor DER covers: version 6 of the first message has no bit
 * like that, as it is compared with the next one.
 */
static void test_every_bit(void **state)
{
	for (size_t index = 0; index <= 4; index++) {
		duo_init(&d);
		duo_run(&d);
		size_t bits = d.message[index].n * 8;
		duo_finish(&d);
		for (size_t bit = 0; bit < bits; bit++) {
			struct flip f = {index, bit};

			duo_init(&d);
			d.tamper = flip_bit;
			d.arg = &f;
			duo_run(&d);
			if (d.server_rc == SP_CREDSSP_DONE) {
				struct sp_credssp_request r;
				const uint8_t *at = d.message[index].p + bit / 8;
				struct sp_span m = {d.message[index].p, d.message[index].n};

				assert_int_equal(sp_credssp_request_read(m, &r), SP_OK);
				/* The nonce that travels with authInfo has done its work. */
				assert_true(index == 4 && inside(r.client_nonce, at));
			}
			assert_true(d.server_rc != SP_CREDSSP_DONE ||
					sp_credssp_server_login(d.server));
			duo_finish(&d);
		}
	}
}

static void change_hash(struct duo *x, size_t index, uint8_t *p, size_t *n)
{
	struct sp_credssp_request r;

	if (sp_credssp_request_read(sp_span(p, *n), &r) != SP_OK) {
		return;
	}
	if (index == *(const size_t *)x->arg && r.pub_key_auth.p) {
		p[r.pub_key_auth.p - p + 20] ^= 0x80;
	}
}

static void test_pub_key(void **state)
{
	size_t index = 2;

	duo_init(&d);
	d.tamper = change_hash;
	d.arg = &index;
	duo_run(&d);
	assert_refused(SP_EAUTH, "credssp.pubKeyAuth");
	duo_finish(&d);

	/* The server's answer: no credentials leave. */
	index = 3;
	duo_init(&d);
	d.tamper = change_hash;
	d.arg = &index;
	duo_run(&d);
	assert_int_equal(d.client_rc, SP_EDENIED);
	assert_int_equal(d.n_messages, 4);
	duo_finish(&d);

	/* Somebody in the middle with another certificate. */
	duo_init(&d);
	d.client_conf.public_key = sp_span("another key", 11);
	duo_run(&d);
	assert_refused(SP_EAUTH, "credssp.pubKeyAuth");
	duo_finish(&d);
}

static void test_channel_binding(void **state)
{
	static const uint8_t ours[32] = {1}, other[32] = {2};
	struct sp_span o = {ours, 32}, x = {other, 32}, none = {NULL, 0};
	const struct {
		struct sp_span client, server;
		bool good;
	} cases[] = {{o, o, true}, {none, o, true}, {o, none, true}, {x, o, false}};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		duo_init(&d);
		d.client_conf.endpoint_hash = cases[i].client;
		d.server_conf.endpoint_hash = cases[i].server;
		duo_run(&d);
		if (cases[i].good) {
			assert_good();
		} else {
			assert_refused(SP_EAUTH, "ntlm.MsvAvChannelBindings");
			assert_false(d.asked);
		}
		duo_finish(&d);
	}
}

/* A CHALLENGE_MESSAGE that somebody changed on its way: the client's answer betrays it. */
static void change_challenge(struct duo *x, size_t index, uint8_t *p, size_t *n)
{
	static const uint8_t name[] = {'S', 0, 'A', 0, 'L', 0, 'L', 0, 'Y', 0};

	for (size_t i = 0; index == 1 && i + sizeof(name) <= *n; i++) {
		if (memcmp(p + i, name, sizeof(name)) == 0) {
			p[i] = 'X';
		}
	}
}

static void test_changed_pairs(void **state)
{
	duo_init(&d);
	d.tamper = change_challenge;
	duo_run(&d);
	assert_refused(SP_EAUTH, "ntlm.AvPair");
	duo_finish(&d);
}

static void test_clock(void **state)
{
	/* The client sends our own time back, so its clock does not matter. */
	duo_init(&d);
	d.client_conf.filetime = 1;
	duo_run(&d);
	assert_good();
	duo_finish(&d);
}

static void test_no_leak(void **state)
{
	duo_init(&d);
	duo_run(&d);
	struct sp_credssp_request r;
	assert_int_equal(sp_credssp_request_read(sp_span(d.message[1].p, d.message[1].n), &r),
			SP_OK);
	/* VERSION of CHALLENGE_MESSAGE: no product, no build. */
	unit_assert_span(sp_span(r.nego_token.p + 48, 8), unit_hex("000000000000000f"));
	duo_finish(&d);
}

/* The wrong message in each state: every message of a good login at every place of another. */
static void test_wrong_state(void **state)
{
	static struct duo good;

	for (int spnego = 0; spnego <= 1; spnego++) {
		duo_init(&good);
		good.client_conf.spnego = spnego;
		duo_run(&good);
		for (size_t at = 0; at < good.n_messages; at += 2) {
			for (size_t which = 0; which < good.n_messages; which++) {
				struct sp_wr w;
				int rc = SP_CREDSSP_MORE;

				if (which == at) {
					continue;
				}
				duo_init(&d);
				duo_create(&d);
				sp_wr_init(&w, SP_CREDSSP_MAX);
				for (size_t i = 0; i <= at && rc >= 0; i += 2) {
					size_t m = i == at ? which : i;

					sp_wr_reset(&w);
					rc = duo_server(&d,
							sp_span(good.message[m].p,
									good.message[m].n),
							&w);
				}
				assert_true(rc < 0);
				assert_null(sp_credssp_server_login(d.server));
				/* And it stays shut. */
				sp_wr_reset(&w);
				assert_int_equal(
						duo_server(&d,
								sp_span(good.message[at].p,
										good.message[at].n),
								&w),
						SP_ESTATE);
				assert_int_equal(w.n, 0);
				sp_wr_finish(&w);
				duo_finish(&d);
			}
		}
		duo_finish(&good);
	}
}

/* A recorded login played again meets another challenge. */
static void test_replay(void **state)
{
	static struct duo good;
	struct sp_wr w;
	int rc = SP_CREDSSP_MORE;

	duo_init(&good);
	duo_run(&good);
	duo_init(&d);
	d.challenge.challenge[0] ^= 1;
	duo_create(&d);
	sp_wr_init(&w, SP_CREDSSP_MAX);
	for (size_t i = 0; i < good.n_messages && rc >= 0; i += 2) {
		sp_wr_reset(&w);
		rc = duo_server(&d, sp_span(good.message[i].p, good.message[i].n), &w);
	}
	assert_int_equal(rc, SP_EAUTH);
	assert_string_equal(sp_credssp_server_why(d.server), "ntlm.NTProofStr");
	sp_wr_finish(&w);
	duo_finish(&d);
	/* A message twice, after the login was complete. */
	sp_wr_init(&w, SP_CREDSSP_MAX);
	assert_int_equal(duo_server(&good, sp_span(good.message[4].p, good.message[4].n), &w),
			SP_ESTATE);
	assert_null(sp_credssp_server_login(good.server));
	sp_wr_finish(&w);
	duo_finish(&good);
}

static void cut_server(struct sp_span cut, void *arg)
{
	struct duo *good = *(struct duo **)arg;
	size_t at = *(size_t *)(void *)((struct duo **)arg + 1);
	struct sp_wr w;
	int rc = SP_CREDSSP_MORE;

	duo_init(&d);
	d.client_conf = good->client_conf;
	duo_create(&d);
	sp_wr_init(&w, SP_CREDSSP_MAX);
	for (size_t i = at % 2; i < at && rc >= 0 && at % 2 == 0; i += 2) {
		sp_wr_reset(&w);
		rc = duo_server(&d, sp_span(good->message[i].p, good->message[i].n), &w);
	}
	sp_wr_reset(&w);
	if (at % 2 == 0) {
		assert_true(duo_server(&d, cut, &w) < 0);
	} else {
		sp_wr_reset(&w);
		rc = sp_credssp_client_step(d.client, (struct sp_span){NULL, 0}, &w);
		assert_int_equal(rc, SP_CREDSSP_MORE);
		assert_true(sp_credssp_client_step(d.client, cut, &w) < 0);
	}
	sp_wr_finish(&w);
	duo_finish(&d);
}

static void test_truncated(void **state)
{
	static struct duo good;

	for (int spnego = 0; spnego <= 1; spnego++) {
		duo_init(&good);
		good.client_conf.spnego = spnego;
		duo_run(&good);
		for (size_t at = 0; at < good.n_messages; at++) {
			struct {
				struct duo *good;
				size_t at;
			} arg = {&good, at};

			unit_truncate(sp_span(good.message[at].p, good.message[at].n), cut_server,
					&arg);
		}
		duo_finish(&good);
	}
}

static void test_no_memory(void **state)
{
	for (int spnego = 0; spnego <= 1; spnego++) {
		bool good = false;

		for (long n = 0; !good && n < 200; n++) {
			duo_init(&d);
			d.client_conf.spnego = spnego;
			sp_mem_fail_after(n);
			duo_run(&d);
			sp_mem_fail_after(-1);
			good = d.client && d.server && d.server_rc == SP_CREDSSP_DONE;
			if (d.server && !good) {
				assert_null(sp_credssp_server_login(d.server));
			}
			duo_finish(&d);
		}
		assert_true(good);
	}
}

static int no_random(void *out, size_t n)
{
	return SP_ESYS;
}

static void test_no_random(void **state)
{
	struct sp_crypto c = sp_crypto_nettle;
	struct sp_wr w;

	c.random = no_random;
	duo_init(&d);
	duo_create(&d);
	sp_credssp_client_destroy(d.client);
	d.client = sp_credssp_client_create(&c, &d.client_conf);
	sp_wr_init(&w, SP_CREDSSP_MAX);
	assert_int_equal(sp_credssp_client_step(d.client, (struct sp_span){NULL, 0}, &w),
			SP_CREDSSP_MORE);
	struct sp_wr back;
	sp_wr_init(&back, SP_CREDSSP_MAX);
	assert_int_equal(duo_server(&d, sp_span(w.p, w.n), &back), SP_CREDSSP_MORE);
	sp_wr_reset(&w);
	assert_int_equal(sp_credssp_client_step(d.client, sp_span(back.p, back.n), &w), SP_ESYS);
	assert_int_equal(w.n, 0);
	sp_wr_finish(&w);
	sp_wr_finish(&back);
	duo_finish(&d);
}

static void test_bad_conf(void **state)
{
	char big[600];

	memset(big, 'a', sizeof(big));
	big[599] = 0;
	duo_init(&d);
	struct sp_credssp_client_conf c = d.client_conf;
	c.user = "";
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c.user = big;
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c = d.client_conf;
	c.password = sp_span("a\0b", 3);
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c.password = sp_span(big, 256);
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c.password = sp_span(big, 600);
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c = d.client_conf;
	c.public_key.n = 0;
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	c = d.client_conf;
	c.version = 7;
	assert_null(sp_credssp_client_create(&sp_crypto_nettle, &c));
	struct sp_credssp_server_conf s = {.public_key = sp_span(big, 0)};
	assert_null(sp_credssp_server_create(&sp_crypto_nettle, &s));
}

/* The owner's calls out of turn are refused like the peer's. */
static void test_owner_out_of_turn(void **state)
{
	uint8_t key[16] = {0};
	struct sp_wr w;

	sp_wr_init(&w, SP_CREDSSP_MAX);
	duo_init(&d);
	duo_create(&d);
	assert_null(sp_credssp_server_query(d.server));
	assert_int_equal(
			sp_credssp_server_verdict(d.server, SP_CREDSSP_PROVED, key, &w), SP_ESTATE);
	duo_finish(&d);
	duo_create(&d);
	assert_int_equal(sp_credssp_server_challenge(d.server, &d.challenge, &w), SP_ESTATE);
	duo_finish(&d);
	/* Names without an end, and no names. */
	for (int i = 0; i < 2; i++) {
		struct sp_credssp_challenge ch = d.challenge;

		if (i == 0) {
			memset(ch.dns_domain, 'x', sizeof(ch.dns_domain));
		} else {
			ch.netbios_domain[0] = 0;
		}
		duo_create(&d);
		struct sp_wr first;
		sp_wr_init(&first, SP_CREDSSP_MAX);
		assert_int_equal(
				sp_credssp_client_step(d.client, (struct sp_span){NULL, 0}, &first),
				SP_CREDSSP_MORE);
		assert_int_equal(sp_credssp_server_step(d.server, sp_span(first.p, first.n), &w),
				SP_CREDSSP_ASK_CHALLENGE);
		assert_int_equal(sp_credssp_server_challenge(d.server, &ch, &w), SP_EARG);
		sp_wr_finish(&first);
		duo_finish(&d);
	}
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_passwords),
			cmocka_unit_test(test_wrong_password),
			cmocka_unit_test(test_unknown_user),
			cmocka_unit_test(test_versions),
			cmocka_unit_test(test_version_changes),
			cmocka_unit_test(test_every_bit),
			cmocka_unit_test(test_pub_key),
			cmocka_unit_test(test_channel_binding),
			cmocka_unit_test(test_changed_pairs),
			cmocka_unit_test(test_clock),
			cmocka_unit_test(test_no_leak),
			cmocka_unit_test(test_wrong_state),
			cmocka_unit_test(test_replay),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_no_random),
			cmocka_unit_test(test_bad_conf),
			cmocka_unit_test(test_owner_out_of_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
