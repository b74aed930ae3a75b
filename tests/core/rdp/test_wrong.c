/* tests/core/rdp/test_wrong.c - cut, wrong and damaged PDUs in every state of the server. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

static struct pair good;

/* Places of the PDUs in good.sent. */
enum {
	PDU_JOIN_IO = 5,
	PDU_CLIENT_INFO = 10,
	PDU_CONFIRM_ACTIVE = 11,
	PDU_FONT_LIST = 15,
};

static int setup(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 1};

	pair_start(&good, &pair_default, 0);
	pair_run(&good);
	if (!sp_rdp_is_active(good.server) || sp_client_input(good.client, &ev, 1) != SP_OK ||
			sp_client_refresh(good.client, 0, 0, 9, 9) != SP_OK) {
		return -1;
	}
	pair_run(&good);
	return sp_client_end(good.client) == SP_OK ? (pair_run(&good), 0) : -1;
}

static int teardown(void **state)
{
	pair_finish(&good);
	return 0;
}

struct outcome {
	int rc;
	bool logon, active;
};

/* Feeds bytes to the server, answering for its owner, as far as they are taken. */
static void feed(struct sp_rdp *server, const uint8_t *p, size_t n, struct outcome *o)
{
	size_t at = 0;

	while (at < n && o->rc >= 0) {
		uint8_t *copy = malloc(n - at);

		memcpy(copy, p + at, n - at);
		o->rc = sp_rdp_feed(server, copy, n - at, 1);
		pair_answer(server, &o->logon, &o->active);
		free(copy);
		if (o->rc == 0) {
			return;
		}
		at += o->rc > 0 ? (size_t)o->rc : 0;
	}
}

/* The PDUs before number i, which bring the server into the state that expects i. */
static struct sp_rdp *in_state(size_t i, struct outcome *o)
{
	struct sp_rdp *server = pair_server(&pair_default);

	memset(o, 0, sizeof(*o));
	for (size_t k = 0; k < i; k++) {
		feed(server, good.sent[k]->p, good.sent[k]->n, o);
		assert_true(o->rc >= 0);
	}
	return server;
}

static void test_cut_at_every_byte(void **state)
{
	for (size_t i = 0; i < good.n_sent; i++) {
		for (size_t n = 0; n < good.sent[i]->n; n++) {
			struct outcome o;
			struct sp_rdp *server = in_state(i, &o);
			bool logon = o.logon;

			feed(server, good.sent[i]->p, n, &o);
			/* A cut PDU is waited for; it changes nothing. */
			assert_true(o.rc >= 0);
			assert_int_equal(o.logon, logon);
			sp_rdp_destroy(server);
		}
	}
}

static void test_wrong_pdu_in_every_state(void **state)
{
	size_t refused = 0;

	for (size_t i = 0; i < good.n_sent; i++) {
		for (size_t k = 0; k < good.n_sent; k++) {
			struct outcome o;

			if (k == i) {
				continue;
			}
			struct sp_rdp *server = in_state(i, &o);
			bool logon = o.logon, active = o.active;
			feed(server, good.sent[k]->p, good.sent[k]->n, &o);
			refused += o.rc < 0;
			/*
			 * Joins of single channels and most of the finalization may be left out; the
			 * joins of user and I/O channel, Client Info, Confirm Active may not.
			 */
			if (o.logon && !logon) {
				assert_true(k == PDU_CLIENT_INFO && i > PDU_JOIN_IO);
			}
			if (o.active && !active) {
				assert_true(k == PDU_FONT_LIST && i > PDU_CONFIRM_ACTIVE);
			}
			sp_rdp_destroy(server);
		}
	}
	assert_true(refused > good.n_sent * 6);
}

/* Each is answered, so one that may come at any time would be a way to make us queue answers. */
static void test_no_join_after_logon(void **state)
{
	for (size_t i = PDU_CLIENT_INFO + 1; i < good.n_sent; i++) {
		struct outcome o;
		struct sp_rdp *server = in_state(i, &o);

		feed(server, good.sent[PDU_JOIN_IO]->p, good.sent[PDU_JOIN_IO]->n, &o);
		assert_int_equal(o.rc, SP_ESTATE);
		sp_rdp_destroy(server);
	}
}

static void test_every_byte_changed(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < good.n_sent; i++) {
		for (size_t at = 0; at < good.sent[i]->n; at++) {
			for (size_t v = 0; v < sizeof(values); v++) {
				struct outcome o;
				struct sp_rdp *server = in_state(i, &o);
				uint8_t *copy = malloc(good.sent[i]->n);

				memcpy(copy, good.sent[i]->p, good.sent[i]->n);
				copy[at] = values[v];
				feed(server, copy, good.sent[i]->n, &o);
				free(copy);
				/* And whatever it became, the rest of the sequence may follow. */
				for (size_t k = i + 1; k < good.n_sent && o.rc > 0; k++) {
					feed(server, good.sent[k]->p, good.sent[k]->n, &o);
				}
				sp_rdp_destroy(server);
			}
		}
	}
}

static void test_garbage(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	uint32_t x = 1;

	for (size_t i = 0; i < good.n_sent; i++) {
		struct outcome o;
		struct sp_rdp *server = in_state(i, &o);
		uint8_t noise[512];

		for (size_t k = 0; k < sizeof(noise); k++) {
			x = x * 1103515245u + 12345u;
			noise[k] = (uint8_t)(x >> 16);
		}
		noise[0] = 0x55; /* neither TPKT, fast path nor a TSRequest */
		feed(server, noise, sizeof(noise), &o);
		assert_true(o.rc < 0 || o.rc == 0);
		sp_rdp_destroy(server);
		server = in_state(i, &o);
		feed(server, (const uint8_t *)http, sizeof(http) - 1, &o);
		assert_true(o.rc < 0 || o.rc == 0);
		sp_rdp_destroy(server);
	}
}

/* A stranger's first packet is refused by its length alone, before it is gathered. */
static void test_first_packet_too_long(void **state)
{
	static const uint8_t header[] = {3, 0, 1, 4}; /* 260 bytes */
	struct sp_rdp *server = pair_server(&pair_default);

	assert_int_equal(sp_rdp_feed(server, header, sizeof(header), 1), SP_ELIMIT);
	assert_string_equal(sp_rdp_what(server), "tpkt.length");
	sp_rdp_destroy(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_cut_at_every_byte),
			cmocka_unit_test(test_wrong_pdu_in_every_state),
			cmocka_unit_test(test_no_join_after_logon),
			cmocka_unit_test(test_every_byte_changed),
			cmocka_unit_test(test_first_packet_too_long),
			cmocka_unit_test(test_garbage),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
