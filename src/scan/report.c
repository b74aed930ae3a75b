/* scan/report.c - see report.h */
#include "scan/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "scan/report_part.h"

static const struct {
	const char *name;
	const struct sp_scan_renderer *as;
} formats[SP_SCAN_FORMAT_COUNT] = {[SP_SCAN_FORMAT_TEXT] = {"text", &sp_scan_as_text},
		[SP_SCAN_FORMAT_JSON] = {"json", &sp_scan_as_json},
		[SP_SCAN_FORMAT_JSONL] = {"jsonl", &sp_scan_as_jsonl},
		[SP_SCAN_FORMAT_HTML] = {"html", &sp_scan_as_html},
		[SP_SCAN_FORMAT_SARIF] = {"sarif", &sp_scan_as_sarif},
		[SP_SCAN_FORMAT_JUNIT] = {"junit", &sp_scan_as_junit},
		[SP_SCAN_FORMAT_PROMETHEUS] = {"prometheus", &sp_scan_as_prometheus},
		[SP_SCAN_FORMAT_CSV] = {"csv", &sp_scan_as_csv}};

const char *sp_scan_format_name(enum sp_scan_format f)
{
	return (unsigned)f < SP_SCAN_FORMAT_COUNT ? formats[f].name : "?";
}

enum sp_scan_format sp_scan_format_of(const char *name)
{
	for (unsigned i = 0; i < SP_SCAN_FORMAT_COUNT; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			return (enum sp_scan_format)i;
		}
	}
	return SP_SCAN_FORMAT_COUNT;
}

struct sp_scan_report *sp_scan_report_create(const struct sp_scan_report_options *o, FILE *out)
{
	struct sp_scan_report *r = sp_calloc(1, sizeof(*r));

	if (r == NULL) {
		return NULL;
	}
	r->o = *o;
	r->out = out;
	r->as = formats[o->format].as;
	r->keys = sp_scan_keys_create();
	bool ok = r->keys != NULL;
	if (o->authorised != NULL) {
		r->o.authorised = r->authorised = sp_strdup(o->authorised);
		ok = ok && r->authorised != NULL;
	}
	if (o->baseline != NULL && sp_scan_baseline_count(o->baseline) > 0) {
		r->seen = sp_calloc(sp_scan_baseline_count(o->baseline), sizeof(*r->seen));
		ok = ok && r->seen != NULL;
	}
	if (!r->as->streams) {
		r->spool = sp_scan_spool_create();
		ok = ok && r->spool != NULL;
	}
	if (!ok) {
		sp_scan_report_destroy(r);
		return NULL;
	}
	if (r->as->streams) {
		r->as->begin(r);
	}
	return r;
}

void sp_scan_report_destroy(struct sp_scan_report *r)
{
	if (r != NULL) {
		sp_scan_spool_destroy(r->spool);
		sp_scan_keys_destroy(r->keys);
		sp_free(r->seen);
		sp_free(r->authorised);
		sp_free(r);
	}
}

static void tally(struct sp_scan_report *r, const struct sp_scan_facts *f,
		const struct sp_scan_finding *found)
{
	size_t n;
	struct sp_scan_tally *t = &r->tally[found->check - sp_scan_checks(&n)];

	if (found->severity < SP_SCAN_MEDIUM) {
		return;
	}
	t->check = found->check;
	if (found->severity > t->worst) {
		t->worst = found->severity;
		t->surest = found->confidence;
		t->n_places = 0;
	} else if (found->severity == t->worst && found->confidence > t->surest) {
		t->surest = found->confidence;
	}
	if (found->severity == t->worst && t->n_places < SP_SCAN_TALLY_PLACES) {
		sp_scan_place(f, t->place[t->n_places++]);
	}
	t->n++;
}

/* The heaviest first, what is certain before what is possible, then as the catalogue has them. */
static int more_urgent(const void *left, const void *right)
{
	const struct sp_scan_tally *a = left, *b = right;

	if (a->n == 0 || b->n == 0) {
		return (a->n == 0) - (b->n == 0);
	}
	if (a->worst != b->worst) {
		return a->worst > b->worst ? -1 : 1;
	}
	if (a->surest != b->surest) {
		return a->surest > b->surest ? -1 : 1;
	}
	return strcmp(a->check->id, b->check->id);
}

static void sort_urgent(struct sp_scan_report *r)
{
	qsort(r->tally, SP_LEN(r->tally), sizeof(r->tally[0]), more_urgent);
	while (r->n_urgent < SP_LEN(r->tally) && r->tally[r->n_urgent].n > 0) {
		r->n_urgent++;
	}
}

static void count(struct sp_scan_report *r, const struct sp_scan_facts *f,
		const struct sp_scan_judged *j)
{
	for (size_t i = 0; i < j->n; i++) {
		r->totals.findings[j->finding[i].severity]++;
		tally(r, f, &j->finding[i]);
	}
	if (j->n > 0) {
		r->totals.worst[j->finding[0].severity]++;
	}
}

int sp_scan_report_add(struct sp_scan_report *r, const struct sp_scan_facts *f)
{
	struct sp_scan_entry *e = sp_calloc(1, sizeof(*e));
	int rc;

	if (e == NULL) {
		return SP_ENOMEM;
	}
	e->f = *f;
	e->before = SIZE_MAX;
	sp_scan_judge(&r->o.judge, f, &e->j);
	sp_scan_keys_add(r->keys, f, &rc);
	if (rc != SP_OK) {
		goto out;
	}
	if (r->o.baseline != NULL) {
		e->before = sp_scan_baseline_find(r->o.baseline, f);
		if (e->before != SIZE_MAX) {
			r->seen[e->before] = true;
		}
		sp_scan_baseline_compare(r->o.baseline, f, &e->j);
	}
	r->totals.endpoints++;
	r->totals.reach[f->reach]++;
	if (f->reach == SP_SCAN_RDP) {
		r->totals.nla[e->j.nla]++;
	}
	if (r->as->streams) {
		sp_scan_keys_judge(r->keys, f, &e->j);
		count(r, f, &e->j);
	}
	/* A network is mostly closed doors: they are only counted, or would drown the rest. */
	if (f->reach != SP_SCAN_RDP && e->j.n == 0 && !f->lone && !r->o.closed) {
		goto out;
	}
	if (r->as->streams) {
		if (r->o.before != NULL) {
			r->o.before(r->o.user);
		}
		r->as->endpoint(r, e);
		r->written++;
		/* Whoever waits for it shall have it now, through a pipe as well. */
		fflush(r->out);
	} else {
		rc = sp_scan_spool_add(r->spool, e);
	}
out:
	sp_free(e);
	return rc;
}

/* Now that all keys are known: what each finding weighs, then each in its place. */
static int write_spooled(struct sp_scan_report *r)
{
	struct sp_scan_entry *e = sp_calloc(1, sizeof(*e));
	size_t n = sp_scan_spool_count(r->spool);
	int rc = e != NULL ? SP_OK : SP_ENOMEM;

	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		rc = sp_scan_spool_read(r->spool, i, e);
		if (rc == SP_OK) {
			sp_scan_keys_judge(r->keys, &e->f, &e->j);
			sp_scan_spool_weigh(r->spool, i, &e->j);
			count(r, &e->f, &e->j);
		}
	}
	sort_urgent(r);
	sp_scan_spool_sort(r->spool, r->as->heaviest_first);
	if (rc == SP_OK) {
		r->as->begin(r);
	}
	size_t all = n * (r->as->passes > 0 ? r->as->passes : 1);
	for (size_t i = 0; rc == SP_OK && i < all; i++) {
		rc = sp_scan_spool_read(r->spool, i % n, e);
		if (rc == SP_OK) {
			sp_scan_keys_judge(r->keys, &e->f, &e->j);
			r->pass = (uint32_t)(i / n);
			r->written = i % n;
			r->as->endpoint(r, e);
			r->written++;
		}
	}
	sp_free(e);
	return rc;
}

void sp_scan_report_interrupted(struct sp_scan_report *r)
{
	r->totals.interrupted = true;
}

int sp_scan_report_end(struct sp_scan_report *r, struct sp_scan_totals *totals)
{
	size_t known = r->seen != NULL ? sp_scan_baseline_count(r->o.baseline) : 0;
	int rc = SP_OK;

	if (r->ended) {
		return SP_ESTATE;
	}
	r->ended = true;
	for (size_t i = 0; i < known; i++) {
		r->totals.not_scanned += !r->seen[i];
	}
	if (!r->as->streams) {
		rc = write_spooled(r);
	} else {
		sort_urgent(r);
	}
	if (rc == SP_OK) {
		r->as->end(r);
	}
	if (totals != NULL) {
		*totals = r->totals;
	}
	return rc;
}

bool sp_scan_totals_fail(const struct sp_scan_totals *t, enum sp_scan_severity fail_on)
{
	for (unsigned i = fail_on; i < SP_SCAN_SEVERITY_COUNT; i++) {
		if (t->findings[i] > 0) {
			return true;
		}
	}
	return false;
}
