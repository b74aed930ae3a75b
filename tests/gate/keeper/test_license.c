/* tests/gate/keeper/test_license.c - a target's licences by way of sp-net: asked for, kept, forgotten. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"

static struct sp_msg_license m;

static void say(const char *client, const char *license, uint32_t drop)
{
	memset(&m, 0, sizeof(m));
	m.n = (uint32_t)strlen(license);
	m.drop = drop;
	snprintf(m.client, sizeof(m.client), "%s", client);
	memcpy(m.p, license, m.n);
	assert_int_equal(sp_mon_say(rig.net, LICENSE, &m), SP_OK);
}

/* Asks; what is kept has to be this. */
static void kept(const char *client, const char *license)
{
	say(client, "", 0);
	expect(rig.net, SP_MSG_LICENSE);
	assert_string_equal(rig.in.body.license.client, client);
	assert_int_equal(rig.in.body.license.n, strlen(license));
	assert_memory_equal(rig.in.body.license.p, license, strlen(license));
}

static void test_kept(void **state)
{
	with_db1();
	connect_one();
	to_given();
	kept("LAPTOP", "");
	say("LAPTOP", "a licence", 0);
	expect_nothing(rig.net);
	kept("LAPTOP", "a licence");
	kept("OTHER", "");
	say("LAPTOP", "a newer one", 0);
	kept("LAPTOP", "a newer one");
	/* The target did not take it. */
	say("LAPTOP", "", 1);
	expect_nothing(rig.net);
	kept("LAPTOP", "");
	say("LAPTOP", "", 1);
	expect_nothing(rig.net);
	assert_false(was_ended());
	disconnect();
}

static void test_not_before(void **state)
{
	connect_one();
	log_in();
	say("LAPTOP", "", 0);
	turn();
	assert_true(was_ended());
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_kept),
			cmocka_unit_test(test_not_before),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
