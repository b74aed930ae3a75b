/* fuzz/fuzz_detect_state.c - a saved state of the detection: what is taken can be worked with and saved. */
#include <stdlib.h>

#include "host/audit/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct sp_detect *d)
{
	static const enum sp_audit_kind kinds[] = {SP_AUDIT_AUTH_FAIL, SP_AUDIT_AUTH_OK,
			SP_AUDIT_SESSION_START, SP_AUDIT_FILE_TRANSFER, SP_AUDIT_SESSION_END};
	struct sp_detect_alert alert;
	struct sp_audit_event e;
	struct sp_audit_view v;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		sp_audit_init(&e, kinds[i], SP_OUTCOME_OK);
		sp_audit_text(&e, SP_F_USER, "alice");
		sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.7");
		sp_audit_text(&e, SP_F_SESSION, "s");
		sp_audit_text(&e, SP_F_WAY, "out");
		sp_audit_num(&e, SP_F_BYTES, 1000);
		struct sp_detect_record r = {
				.v = &v, .seq = sp_detect_last(d) + 1, .wall = 1700000000};
		if (sp_audit_read(sp_span(e.b, e.n), &v) != SP_OK) {
			abort();
		}
		sp_detect_feed(d, &r);
	}
	while (sp_detect_next(d, &alert)) {
		sp_detect_event(&alert, &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t key[2] = {1, 2};
	static struct sp_conf conf;
	struct sp_wr w;

	if (conf.refs == 0) {
		sp_conf_default(&conf);
	}
	struct sp_detect *d = sp_detect_create(&conf, key);
	if (d == NULL) {
		return 0;
	}
	if (sp_detect_load(d, sp_span(data, size)) == SP_OK) {
		feed(d);
		sp_wr_init(&w, SP_DETECT_STATE_MAX);
		if (sp_detect_save(d, &w) != SP_OK) {
			abort();
		}
		sp_wr_finish(&w);
	}
	sp_detect_destroy(d);
	return 0;
}
