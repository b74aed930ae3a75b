/* tests/gate/keeper/test_conn_talk.c - the conversation as sp-net sees it. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"

/* The code in the name: one question less, and good once all the same. */
static void test_code_in_name(void **state)
{
	char name[64];

	for (int again = 0; again < 2; again++) {
		connect_one();
		rig.conf.mfa = SP_CONF_MFA_ENROLLED;
		snprintf(name, sizeof(name), "Carol#desktop#%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		done(SP_DONE_OK, SP_WHY_OK, name);
		assert_int_equal(verdict().ask, 1);
		assert_int_equal(
				sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
		expect(rig.net, SP_MSG_PROMPT);
		assert_int_equal(rig.in.body.prompt.kind, again ? SP_PROMPT_CODE : SP_PROMPT_DONE);
		if (again) {
			assert_int_equal(rig.in.body.prompt.tries, 2);
			assert_non_null(strstr(rig.in.body.prompt.text, "used already"));
		} else {
			open_target();
		}
		disconnect();
	}
	/* A proof alone spends nothing: clients connect twice. */
	rig.unix_s += 300;
	for (int i = 0; i < 2; i++) {
		connect_one();
		snprintf(name, sizeof(name), "carol##%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		disconnect();
	}
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, name);
	verdict();
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_DONE);
	disconnect();
	/* Who has no second factor is let through by "enrolled". */
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in();
	assert_int_equal(verdict().ask, 0);
	open_target();
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_code_in_name),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
