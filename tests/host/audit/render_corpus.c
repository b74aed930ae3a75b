/*
 * tests/host/audit/render_corpus.c - hostile records in every format, for parsers that are not ours; with a folder
 * as argument, as an audit in there.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "host/audit/render.h"
#include "host/audit/store.h"

/* What a peer may send where somebody later reads a line. */
static const char *const corpus[] = {
		"alice",
		"line\r\nfeed\n",
		"\n<13>1 2026-01-01T00:00:00Z h sallyport - alert [rdp@32473 seq=\"1\"] forged",
		"\"}\n{\"seq\": 1, \"event\": \"forged\"}",
		"\033[2J\033]0;title\007",
		"quote\" backslash\\ bracket] open[ pipe| equals= comma, brace}",
		"\\\\\" \\] \\| \\= \\n \\u0000 \\x00 %s %n",
		"a=b c=d src=10.0.0.1 act=forged",
		"CEF:0|x|y|z|1|n|10|",
		"\xe2\x80\xae"
		"gnp.exe",
		"\xe2\x81\xa6left\xe2\x81\xa9 \xd8\x9c \xe2\x80\x8f",
		"sep\xe2\x80\xa8"
		"ara\xe2\x80\xa9tor nel\xc2\x85",
		"\x80\xff\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80 cut\xe2\x82",
		"\xf0\x9f\x9a\x80 \xf3\xa0\x81\x81 \xc3\xa4\xc3\xb6 \xe4\xb8\xad",
		"\ttab\vvt\x7f"
		"del\x01",
		" leading and trailing ",
		"]]>&<>'`$(touch /tmp/x);--",
		"\xef\xbb\xbf"
		"bom",
};

static const enum sp_field fields[] = {SP_F_REASON, SP_F_TEXT, SP_F_USER, SP_F_TARGET, SP_F_NAME,
		SP_F_SRC_IP, SP_F_SRC_COUNTRY, SP_F_CLAIMED_USER, SP_F_CLAIMED_CLIENT,
		SP_F_ALERT_TITLE, SP_F_OBJECT, SP_F_SRC_OWNER, SP_F_CLAIMED_JA4, SP_F_SESSION,
		SP_F_RULE};

static char huge[10 * 1024 + 1];

static struct sp_audit_store *store;

static void hex(struct sp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		printf("%02x", s.p[i]);
	}
}

static int emit(const char *text, enum sp_audit_kind kind, uint64_t seq)
{
	struct sp_audit_event e;
	struct sp_audit_view v;
	struct sp_record r = {.seq = seq, .mono_ns = 12345, .wall_ns = 1795411867123456789u};

	snprintf(r.host, sizeof(r.host), "%.64s", text);
	memset(r.hash, 0xab, sizeof(r.hash));
	sp_audit_init(&e, kind, SP_OUTCOME_DENIED);
	for (size_t i = 0; i < SP_LEN(fields); i++) {
		sp_audit_text(&e, fields[i], text);
	}
	sp_audit_num(&e, SP_F_CONN, UINT64_MAX);
	sp_audit_num(&e, SP_F_SRC_PORT, 54321);
	sp_audit_num(&e, SP_F_SRC_ASN, 64500);
	sp_audit_num(&e, SP_F_BYTES_IN, 1000);
	sp_audit_num(&e, SP_F_BYTES_OUT, 9000);
	sp_audit_bytes(&e, SP_F_SHA256, "\0\xff\n", 3);
	if (sp_audit_read(sp_span(e.b, e.n), &v) != SP_OK) {
		return 1;
	}
	printf("record host=");
	hex(sp_span(r.host, strlen(r.host)));
	for (size_t i = 0; i < v.n; i++) {
		printf(" %s=", sp_field_name(v.f[i].field));
		if (v.f[i].type == SP_FIELD_NUM) {
			printf("%llu", (unsigned long long)v.f[i].num);
		} else {
			hex(v.f[i].bytes);
		}
	}
	putchar('\n');
	if (store != NULL) {
		return sp_audit_note(store, &e, sp_audit_now()) == SP_OK ? 0 : 1;
	}
	for (uint32_t form = 0; form < SP_RENDER_COUNT; form++) {
		struct sp_wr w;
		sp_wr_init(&w, SP_RENDER_MAX);
		if (sp_render((enum sp_render)form, &r, &v, &w) != SP_OK) {
			return 1;
		}
		printf("%s ", sp_render_name(form));
		fwrite(w.p, 1, w.n, stdout);
		putchar('\n');
		sp_wr_finish(&w);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char why[SP_AUDIT_WHY];
	static const char *const fill[] = {"x", "\xe2\x80\xae", "\"", "\xff"};
	uint64_t seq = 0;
	int bad = 0;

	if (argc > 1) {
		store = sp_audit_store_open(argv[1], NULL, sp_audit_now(), why);
		if (store == NULL) {
			fprintf(stderr, "%s\n", why);
			return 1;
		}
	}
	for (size_t i = 0; i < SP_LEN(corpus); i++) {
		bad |= emit(corpus[i], SP_AUDIT_AUTH_FAIL, ++seq);
		bad |= emit(corpus[i], SP_AUDIT_ALERT, ++seq);
		bad |= emit(corpus[i], SP_AUDIT_FILE_TRANSFER, ++seq);
	}
	for (size_t i = 0; i < SP_LEN(fill); i++) {
		huge[0] = '\0';
		for (size_t n = 0; n + strlen(fill[i]) < sizeof(huge); n += strlen(fill[i])) {
			memcpy(huge + n, fill[i], strlen(fill[i]) + 1);
		}
		bad |= emit(huge, SP_AUDIT_SESSION_START, ++seq);
	}
	/* One of each kind. */
#define X(name, number, text, severity, win) bad |= emit("plain", SP_AUDIT_##name, ++seq);
	SP_AUDIT_MAP(X)
#undef X
	sp_audit_store_close(store);
	return bad;
}
