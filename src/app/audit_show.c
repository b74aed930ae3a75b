/* app/audit_show.c - `sallyport audit` list, tail and export: records, one a line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "app/audit.h"
#include "app/when.h"
#include "host/audit/render.h"
#include "host/audit/story.h"

#define NS UINT64_C(1000000000)
#define LOOK_NS 300000000 /* between two looks for what is new */

static bool is(const struct sp_audit_view *v, enum sp_field field, const char *text)
{
	return text == NULL || sp_audit_is(v, field, text);
}

bool app_audit_wanted(
		const struct app_audit *a, const struct sp_record *r, const struct sp_audit_view *v)
{
	if (!(a->since_ns <= r->wall_ns && r->wall_ns < a->until_ns && a->least <= v->severity)) {
		return false;
	}
	if (a->event != NULL) {
		const char *name = sp_audit_name(v->kind);
		size_t n = strlen(a->event);
		if (strncmp(name, a->event, n) != 0 || (name[n] != '\0' && name[n] != '.')) {
			return false;
		}
	}
	return is(v, SP_F_SESSION, a->session) &&
			(is(v, SP_F_USER, a->user) || is(v, SP_F_CLAIMED_USER, a->user));
}

static int put_story(struct app_audit *a, const struct sp_record *r, const struct sp_audit_view *v)
{
	char when[APP_WHEN], head[APP_WHEN + 32];

	app_when_text((int64_t)(r->wall_ns / NS), a->zone, when);
	int n = snprintf(head, sizeof(head), "%s #%-6" PRIu64 " ", when, r->seq);
	if (0 < n && (size_t)n < sizeof(head)) {
		sp_wr_put(&a->line, head, (size_t)n);
	}
	return sp_story(v, &a->line);
}

static int print_as(struct app_audit *a, enum sp_render form, const struct sp_record *r,
		const struct sp_audit_view *v)
{
	sp_wr_reset(&a->line);
	int rc = form == SP_RENDER_COUNT ? put_story(a, r, v) : sp_render(form, r, v, &a->line);
	if (rc != SP_OK) {
		app_fail("audit", "record %" PRIu64 ": %s", r->seq, sp_err_text(rc));
		return rc;
	}
	fwrite(a->line.p, 1, a->line.n, stdout);
	a->printed++;
	return SP_OK;
}

int app_audit_print(struct app_audit *a, const struct sp_record *r, const struct sp_audit_view *v)
{
	int rc = print_as(a, a->form, r, v);

	putchar('\n');
	return rc;
}

int app_audit_finish(const struct app_audit *a, int rc)
{
	if (rc == SP_EDB) {
		return app_fail("audit", "%s", sp_audit_store_why(a->st));
	}
	if (a->damaged > 0) {
		return app_fail("audit",
				"%" PRIu64
				" records cannot be read; `sallyport audit verify` names "
				"the first",
				a->damaged);
	}
	return rc == SP_OK ? APP_OK : APP_FAILED;
}

/* ---- the last ones, the oldest of them first ---- */

struct last {
	struct app_audit *a;
	uint64_t *seq; /* room for a->most */
	uint64_t n;
};

static int note_last(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct last *l = user;

	if (app_audit_wanted(l->a, r, v)) {
		l->seq[l->n++] = r->seq;
	}
	return l->n < l->a->most ? SP_OK : 1;
}

/* Calls fn for what is wanted: all of it, or the last a->most. */
static int each(struct app_audit *a, sp_audit_each_fn fn)
{
	uint64_t first, last, end;
	int rc = sp_audit_last(a->st, &end);

	if (rc == SP_OK) {
		rc = sp_audit_between(a->st, a->since_ns, a->until_ns, &first, &last);
	}
	if (rc != SP_OK) {
		return rc;
	}
	last = last < end ? last : end;
	if (a->most == 0) {
		return sp_audit_each(a->st, first, last, false, fn, a, &a->damaged);
	}
	a->most = a->most < last ? a->most : last;
	struct last l = {.a = a, .seq = calloc(a->most + 1, sizeof(*l.seq))};
	if (l.seq == NULL) {
		return SP_ENOMEM;
	}
	if (a->most > 0) {
		rc = sp_audit_each(a->st, first, last, true, note_last, &l, &a->damaged);
	}
	while (rc == SP_OK && l.n > 0) {
		uint64_t seq = l.seq[--l.n];
		rc = sp_audit_each(a->st, seq, seq, false, fn, a, NULL);
	}
	free(l.seq);
	return rc;
}

/* ---- list ---- */

static int list_one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct app_audit *a = user;

	if (!app_audit_wanted(a, r, v)) {
		return SP_OK;
	}
	if (!a->w.json) {
		return app_audit_print(a, r, v);
	}
	fputs(a->printed > 0 ? ",\n " : "[", stdout);
	return print_as(a, SP_RENDER_JSON, r, v);
}

int app_audit_list(struct app_audit *a)
{
	int rc = each(a, list_one);

	if (a->w.json) {
		fputs(a->printed > 0 ? "]\n" : "[]\n", stdout);
	}
	return app_audit_finish(a, rc);
}

/* ---- tail ---- */

static int tail_one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	return app_audit_print(user, r, v);
}

int app_audit_tail(struct app_audit *a)
{
	const struct timespec pause = {0, LOOK_NS};
	uint64_t seen = 0, last = 0;
	int rc = sp_audit_last(a->st, &seen);

	if (rc == SP_OK && a->most > 0) {
		rc = each(a, tail_one);
	}
	while (rc == SP_OK && a->follow && fflush(stdout) == 0) {
		nanosleep(&pause, NULL);
		rc = sp_audit_last(a->st, &last);
		if (rc == SP_OK && seen < last) {
			rc = sp_audit_each(a->st, seen + 1, last, false, tail_one, a, &a->damaged);
			seen = last;
		}
	}
	return app_audit_finish(a, rc);
}

/* ---- export ---- */

static int export_one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct app_audit *a = user;

	return app_audit_wanted(a, r, v) ? app_audit_print(a, r, v) : SP_OK;
}

int app_audit_export(struct app_audit *a)
{
	return app_audit_finish(a, each(a, export_one));
}
