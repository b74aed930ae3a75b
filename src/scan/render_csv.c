/* scan/render_csv.c - one row per finding, for spreadsheets [RFC 4180]. */
#include <stdio.h>

#include "scan/report_part.h"
#include "scan/words.h"

static void begin(struct sp_scan_report *r)
{
	fputs("host,address,port,reach,product,name,nla,id,severity,confidence,title,evidence,"
	      "fix\r\n",
			r->out);
}

static void row(struct sp_scan_report *r, const struct sp_scan_entry *e,
		const struct sp_scan_finding *f)
{
	const char *on, *fix = f != NULL ? sp_scan_fix(f->check, e->f.family, &on) : NULL;
	const char *const cells[] = {sp_scan_reach_name(e->f.reach),
			sp_scan_family_name(e->f.family), sp_scan_named(&e->f),
			sp_scan_nla_name(e->j.nla), f != NULL ? f->check->id : "",
			f != NULL ? sp_scan_severity_name(f->severity) : "",
			f != NULL ? sp_scan_confidence_name(f->confidence) : "",
			f != NULL ? f->check->title : "", f != NULL ? f->evidence : "",
			fix != NULL ? fix : ""};

	sp_scan_put_csv(r->out, e->f.host);
	putc(',', r->out);
	sp_scan_put_csv(r->out, e->f.address);
	fprintf(r->out, ",%u", e->f.port);
	for (size_t i = 0; i < SP_LEN(cells); i++) {
		putc(',', r->out);
		sp_scan_put_csv(r->out, cells[i]);
	}
	fputs("\r\n", r->out);
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	for (size_t i = 0; i < e->j.n; i++) {
		row(r, e, &e->j.finding[i]);
	}
	if (e->j.n == 0) {
		row(r, e, NULL);
	}
}

static void end(struct sp_scan_report *r)
{
	(void)r;
}

const struct sp_scan_renderer sp_scan_as_csv = {.begin = begin, .endpoint = endpoint, .end = end};
