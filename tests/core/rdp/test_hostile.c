/* tests/core/rdp/test_hostile.c - cut, wrong and damaged PDUs in every state of the client. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "core/pdu/errinfo.h"
#include "core/pdu/fastpath.h"

static struct pair good;

/* Places of the PDUs in good.told. */
enum {
	PDU_CONNECT_RESPONSE = 2,
	PDU_LICENSE = 10,
	PDU_DEMAND_ACTIVE = 11,
	PDU_FONT_MAP = 15,
};

static int setup(void **state)
{
	static const uint8_t picture[40] = {1, 0, 0, 0};
	struct sp_server_desktop d = {.width = 800, .height = 600, .bpp = 32};

	pair_start(&good, &pair_default, 0);
	pair_run(&good);
	if (!sp_rdp_is_active(good.client) || good.n_told != PDU_FONT_MAP + 1 ||
			sp_server_update(good.server, SP_FP_BITMAP,
					sp_span(picture, sizeof(picture))) != SP_OK ||
			sp_server_update(good.server, SP_FP_PTR_NULL, sp_span(NULL, 0)) != SP_OK ||
			sp_server_logon_notify(good.server) != SP_OK) {
		return -1;
	}
	pair_run(&good);
	if (sp_server_activate(good.server, &d, 1) != SP_OK) {
		return -1;
	}
	pair_run(&good);
	if (sp_server_end(good.server, SP_ERRINFO_IDLE_TIMEOUT) != SP_OK) {
		return -1;
	}
	pair_run(&good);
	return good.client_err;
}

static int teardown(void **state)
{
	pair_finish(&good);
	return 0;
}

struct outcome {
	int rc;
	bool licensed, active;
};

/* Feeds bytes to the client, answering for its owner, as far as they are taken. */
static void feed(struct sp_rdp *client, const uint8_t *p, size_t n, struct outcome *o)
{
	size_t at = 0;

	while (at < n && o->rc >= 0) {
		uint8_t *copy = malloc(n - at);

		memcpy(copy, p + at, n - at);
		o->rc = sp_rdp_feed(client, copy, n - at, 1);
		pair_answer_client(client, &o->licensed, &o->active);
		free(copy);
		if (o->rc == 0) {
			return;
		}
		at += o->rc > 0 ? (size_t)o->rc : 0;
	}
}

/* The PDUs before number i, which bring the client into the state that expects i. */
static struct sp_rdp *in_state(size_t i, struct outcome *o)
{
	struct sp_rdp *client = pair_client(&pair_default);

	memset(o, 0, sizeof(*o));
	pair_answer_client(client, &o->licensed, &o->active);
	for (size_t k = 0; k < i; k++) {
		feed(client, good.told[k]->p, good.told[k]->n, o);
		assert_true(o->rc >= 0);
	}
	return client;
}

static void test_cut_at_every_byte(void **state)
{
	for (size_t i = 0; i < good.n_told; i++) {
		for (size_t n = 0; n < good.told[i]->n; n++) {
			struct outcome o;
			struct sp_rdp *client = in_state(i, &o);
			bool licensed = o.licensed;

			feed(client, good.told[i]->p, n, &o);
			assert_true(o.rc >= 0);
			assert_int_equal(o.licensed, licensed);
			sp_rdp_destroy(client);
		}
	}
}

static void test_wrong_pdu_in_every_state(void **state)
{
	size_t refused = 0;

	for (size_t i = 0; i < good.n_told; i++) {
		for (size_t k = 0; k < good.n_told; k++) {
			struct outcome o;

			if (k == i) {
				continue;
			}
			struct sp_rdp *client = in_state(i, &o);
			bool licensed = o.licensed, active = o.active;
			feed(client, good.told[k]->p, good.told[k]->n, &o);
			refused += o.rc < 0;
			/* No licence before all joins, no activation without a Demand Active. */
			if (o.licensed && !licensed) {
				assert_true(k == PDU_LICENSE && i == PDU_LICENSE);
			}
			if (o.active && !active) {
				assert_true(i > PDU_DEMAND_ACTIVE);
			}
			sp_rdp_destroy(client);
		}
	}
	assert_true(refused > good.n_told * 6);
}

static void test_every_byte_changed(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < good.n_told; i++) {
		for (size_t at = 0; at < good.told[i]->n; at++) {
			for (size_t v = 0; v < sizeof(values); v++) {
				struct outcome o;
				struct sp_rdp *client = in_state(i, &o);
				uint8_t *copy = malloc(good.told[i]->n);

				memcpy(copy, good.told[i]->p, good.told[i]->n);
				copy[at] = values[v];
				feed(client, copy, good.told[i]->n, &o);
				free(copy);
				/* And whatever it became, the rest of the sequence may follow. */
				for (size_t k = i + 1; k < good.n_told && o.rc > 0; k++) {
					feed(client, good.told[k]->p, good.told[k]->n, &o);
				}
				sp_rdp_destroy(client);
			}
		}
	}
}

/* A server that turns out to want Standard RDP Security gets no Client Info from us. */
static void test_no_standard_security(void **state)
{
	static const uint8_t plain[] = {3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0};
	struct outcome o;
	struct sp_rdp *client = in_state(0, &o);

	feed(client, plain, sizeof(plain), &o);
	assert_int_equal(o.rc, SP_EPROTO);
	assert_string_equal(sp_rdp_what(client), "x224.selectedProtocol");
	sp_rdp_destroy(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_cut_at_every_byte),
			cmocka_unit_test(test_wrong_pdu_in_every_state),
			cmocka_unit_test(test_every_byte_changed),
			cmocka_unit_test(test_no_standard_security),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
