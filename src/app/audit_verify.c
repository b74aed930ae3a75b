/* app/audit_verify.c - `sallyport audit` verify and prune: the proof, and what may be forgotten. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/audit.h"
#include "app/json.h"
#include "app/when.h"
#include "host/io/fdio.h"

#define NS UINT64_C(1000000000)
#define KEY_FILE_MAX 1024

/* The root of trust: typed, in a file, or beside the audit. */
static bool find_key(const struct app_audit *a, uint8_t out[SP_SIGN_PUBLIC])
{
	char text[KEY_FILE_MAX + 1];
	struct sp_rcbuf *b;

	if (a->key == NULL) {
		if (sp_audit_first(a->dir, out) == SP_OK) {
			return true;
		}
		app_fail(a->dir,
				SP_AUDIT_FIRST_FILE " cannot be read; give the first public key "
						    "with --key");
		return false;
	}
	if (sp_audit_key_parse(a->key, out)) {
		return true;
	}
	if (sp_file_read(a->key, KEY_FILE_MAX, &b) != SP_OK) {
		app_fail(a->key, "neither 64 hex digits nor a file with them");
		return false;
	}
	snprintf(text, sizeof(text), "%.*s", (int)b->n, (const char *)b->p);
	sp_rcbuf_unref(b);
	if (!sp_audit_key_parse(text, out)) {
		app_fail(a->key, "no public key in it: 64 hex digits");
		return false;
	}
	return true;
}

/* "17:0123..." */
static bool find_at(const struct app_audit *a, uint64_t *seq, uint8_t hash[SP_RECORD_HASH])
{
	char *end;

	*seq = 0;
	if (a->at == NULL) {
		return true;
	}
	*seq = strtoull(a->at, &end, 10);
	if (a->at[0] < '0' || '9' < a->at[0] || *seq == 0 || *end != ':' ||
			!sp_audit_key_parse(end + 1, hash)) {
		app_usage(a->w.self, "--at: %s: not like 17:HASH with 64 hex digits", a->at);
		return false;
	}
	return true;
}

static void print_json(const struct sp_chain *c, int rc, const char *root)
{
	char hash[2 * SP_RECORD_HASH + 1];

	sp_audit_key_text(c->hash, hash);
	printf("{\"whole\": %s, \"first\": %" PRIu64 ", \"last\": %" PRIu64
	       ", \"records\": %" PRIu64 ", \"checkpoints\": %" PRIu64 ", \"keys\": %" PRIu64
	       ", \"clock_steps\": %" PRIu64 ", \"recovered\": %" PRIu64
	       ", \"hash\": \"%s\", \"key\": \"%s\", \"bad\": ",
			rc == SP_OK ? "true" : "false", c->first, c->seq, c->records,
			c->checkpoints, c->turns + 1, c->steps, c->recovered, hash, root);
	if (rc == SP_OK) {
		fputs("null, \"why\": null}\n", stdout);
		return;
	}
	printf("%" PRIu64 ", \"why\": ", c->bad);
	app_json_text(stdout, c->why);
	fputs("}\n", stdout);
}

static void print_whole(const struct app_audit *a, const struct sp_chain *c, const char *root)
{
	char hash[2 * SP_RECORD_HASH + 1], when[APP_WHEN];

	sp_audit_key_text(c->hash, hash);
	printf("whole: %" PRIu64 " records, %" PRIu64 " to %" PRIu64 "\n", c->records, c->first,
			c->seq);
	printf("the last one: %" PRIu64 ":%s\n", c->seq, hash);
	if (c->checkpoints > 0) {
		app_when_text((int64_t)(c->checkpoint_ns / NS), a->zone, when);
		printf("checkpoints: %" PRIu64 ", the last one of record %" PRIu64 " on %s\n",
				c->checkpoints, c->checkpoint_seq, when);
	}
	printf("signed by: %" PRIu64 " key%s, the first one %s%s\n", c->turns + 1,
			c->turns == 0 ? "" : "s, each named by the one before", root,
			a->key == NULL ? " (from the audit's own directory)" : "");
	if (c->steps > 0 || c->recovered > 0) {
		printf("the clock was set %" PRIu64 " times; %" PRIu64
		       " times the service did not end in order\n",
				c->steps, c->recovered);
	}
}

int app_audit_verify(struct app_audit *a)
{
	static struct sp_chain c;
	uint8_t root[SP_SIGN_PUBLIC], hash[SP_RECORD_HASH] = {0};
	char text[2 * SP_SIGN_PUBLIC + 1];
	uint64_t seq;

	if (!find_at(a, &seq, hash)) {
		return APP_USAGE;
	}
	if (!find_key(a, root)) {
		return APP_FAILED;
	}
	sp_audit_key_text(root, text);
	int rc = sp_audit_verify(a->st, root, seq, hash, &c);
	if (a->w.json) {
		print_json(&c, rc, text);
	} else if (rc == SP_OK) {
		print_whole(a, &c, text);
	} else {
		printf("NOT whole: %s\n", c.why);
		if (c.seq > 0 && c.seq < c.bad) {
			printf("what is before that is as it was written\n");
		}
	}
	return rc == SP_OK ? APP_OK : APP_FAILED;
}

int app_audit_prune(struct app_audit *a)
{
	uint64_t n;
	int rc = sp_audit_prune(a->st, a->until_ns, a->admin, sp_audit_now(), &n);

	if (rc != SP_OK) {
		return app_fail("prune", "%s", sp_audit_store_why(a->st));
	}
	printf("%" PRIu64 " record%s removed\n", n, n == 1 ? "" : "s");
	return APP_OK;
}
