/* scan/report.h - a scan's results as they come, in the form that somebody asked for. */
#ifndef SP_SCAN_REPORT_H
#define SP_SCAN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/attr.h"
#include "scan/baseline.h"
#include "scan/facts.h"
#include "scan/finding.h"

enum sp_scan_format {
	SP_SCAN_FORMAT_TEXT, /* streams */
	SP_SCAN_FORMAT_JSON, /* one document: docs/scan.schema.json; what --baseline reads */
	SP_SCAN_FORMAT_JSONL, /* the same, one object per line; streams */
	SP_SCAN_FORMAT_HTML,
	SP_SCAN_FORMAT_SARIF, /* 2.1.0 */
	SP_SCAN_FORMAT_JUNIT,
	SP_SCAN_FORMAT_PROMETHEUS, /* for the folder of node_exporter's textfile collector */
	SP_SCAN_FORMAT_CSV,
	SP_SCAN_FORMAT_COUNT,
};

/* Below it a build does not fail: what a well kept Windows of a domain shows by itself is `low`. */
#define SP_SCAN_FAIL_ON SP_SCAN_MEDIUM

struct sp_scan_report_options {
	enum sp_scan_format format;
	bool colour; /* text: with ANSI colours */
	uint32_t width; /* text: columns; 0: as many as are easily read */
	bool verbose; /* text: why and how with each finding, the informational ones too */
	bool closed; /* lists all without RDP; else those of networks are only counted */
	enum sp_scan_severity fail_on; /* JUnit: a failure from here on */
	const char *authorised; /* what was said with --i-am-authorised; NULL: nothing */
	struct sp_scan_judge judge; /* its `now` is the report's time */
	const struct sp_scan_baseline *baseline; /* NULL; outlives the report */
	void (*before)(void *user); /* something is written while the scan runs; NULL */
	void *user;
};

/* What came together, findings that only the whole scan shows included. */
struct sp_scan_totals {
	uint64_t endpoints; /* that were added */
	uint64_t reach[SP_SCAN_REACH_COUNT];
	uint64_t nla[SP_SCAN_NLA_COUNT]; /* of those with RDP */
	uint64_t findings[SP_SCAN_SEVERITY_COUNT];
	uint64_t worst[SP_SCAN_SEVERITY_COUNT]; /* endpoints by their heaviest finding */
	uint64_t not_scanned; /* endpoints of the baseline that were not part of this scan */
	bool interrupted; /* this is not all */
};

struct sp_scan_report;

/* "text", "json", "jsonl", "html", "sarif", "junit", "prometheus", "csv". */
const char *sp_scan_format_name(enum sp_scan_format f);
/* SP_SCAN_FORMAT_COUNT for what is none. */
enum sp_scan_format sp_scan_format_of(const char *name);

/* Texts of the options are copied. out stays the caller's, who also flushes and checks it. NULL: no memory. */
struct sp_scan_report *sp_scan_report_create(const struct sp_scan_report_options *o, FILE *out);
/*
 * Judges facts that were found valid, compares them with the baseline and with the endpoints
 * before, and writes them where the format streams. Every endpoint of the scan is added, closed
 * ones too. SP_ENOMEM, SP_ESYS: no room for what has to be kept until the end.
 */
sp_nodiscard int sp_scan_report_add(struct sp_scan_report *r, const struct sp_scan_facts *f);
/* What comes is not all: the report says so at its end. */
void sp_scan_report_interrupted(struct sp_scan_report *r);
/* Ends the document, also of a scan that was cut short; totals may be NULL. Nothing is added after it. */
sp_nodiscard int sp_scan_report_end(struct sp_scan_report *r, struct sp_scan_totals *totals);
/* Accepts NULL. */
void sp_scan_report_destroy(struct sp_scan_report *r);

/* Is there a finding of at least this severity? */
bool sp_scan_totals_fail(const struct sp_scan_totals *t, enum sp_scan_severity fail_on);

#endif
