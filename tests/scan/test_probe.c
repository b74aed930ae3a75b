/* tests/scan/test_probe.c - which questions come after which answers, and what both make of an endpoint. */
#include <string.h>

#include "core/base/err.h"
#include "scan/probe.h"
#include "unit.h"

/* What a server says under another name in the cookie than under ours. */
struct other {
	enum sp_scan_answer answer;
	uint32_t code;
};

/* Requires NLA; the TLS inside is not played. */
static void answer(struct sp_talk_result *r, const struct sp_probe_task *task,
		const struct other *other)
{
	bool nla = task->ask == SP_SCAN_ASK_EARLY || task->ask == SP_SCAN_ASK_CREDSSP;

	memset(r, 0, sizeof(*r));
	r->end = SP_TALK_ANSWERED;
	r->nego.answer = nla ? SP_SCAN_SELECTED : SP_SCAN_DENIED;
	r->nego.selected = task->ask == SP_SCAN_ASK_EARLY ? 8 : nla ? 2 : 0;
	r->nego.code = nla ? 0 : 5;
	if (task->other_name) {
		r->nego.answer = other->answer;
		r->nego.code = other->code;
	}
}

static enum sp_scan_tri by_cookie(const struct other *other, unsigned *times)
{
	static struct sp_probe p;
	static struct sp_talk_result r;
	struct sp_probe_order order = {.number = 1};
	struct sp_probe_task task;
	unsigned asked = 0;

	*times = 0;
	assert_int_equal(sp_addr_parse("127.0.0.1:3389", &order.to), SP_OK);
	sp_probe_begin(&p, &order, 0);
	while (sp_probe_next(&p, &task)) {
		assert_in_range(++asked, 1, 100);
		*times += task.other_name;
		answer(&r, &task, other);
		sp_probe_answer(&p, &task, &r);
	}
	assert_true(sp_scan_facts_valid(&p.facts));
	assert_int_equal(p.facts.reach, SP_SCAN_RDP);
	return (enum sp_scan_tri)p.facts.by_cookie;
}

/* Two answers may differ; one and none say nothing of a balancer. */
static void test_by_cookie(void **state)
{
	static const struct {
		struct other other;
		enum sp_scan_tri want;
	} rows[] = {{{SP_SCAN_SELECTED, 0}, SP_SCAN_NO}, {{SP_SCAN_DENIED, 2}, SP_SCAN_YES},
			{{SP_SCAN_CLOSED, 0}, SP_SCAN_UNKNOWN},
			{{SP_SCAN_TIMEOUT, 0}, SP_SCAN_UNKNOWN}};
	unsigned times;

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(by_cookie(&rows[i].other, &times), rows[i].want);
		assert_int_equal(times, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_by_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
