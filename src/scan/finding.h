/* scan/finding.h - what facts mean: findings, their weight, and the way to mend them. */
#ifndef SP_SCAN_FINDING_H
#define SP_SCAN_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/facts.h"

enum sp_scan_severity {
	SP_SCAN_INFO,
	SP_SCAN_LOW,
	SP_SCAN_MEDIUM,
	SP_SCAN_HIGH,
	SP_SCAN_CRITICAL,
	SP_SCAN_SEVERITY_COUNT,
};

enum sp_scan_confidence {
	SP_SCAN_POSSIBLE,
	SP_SCAN_LIKELY,
	SP_SCAN_CERTAIN,
};

enum sp_scan_nla {
	SP_SCAN_NLA_UNKNOWN,
	SP_SCAN_NLA_REQUIRED,
	SP_SCAN_NLA_OPTIONAL,
	SP_SCAN_NLA_ABSENT,
	SP_SCAN_NLA_COUNT,
};

/* What is known of a check, whoever it hits; all texts are ours and static. */
struct sp_scan_check {
	const char *id; /* "RDP-005" */
	const char *title; /* "NLA is not required" */
	enum sp_scan_severity severity; /* the usual one */
	const char *why; /* why it matters, one or two sentences */
	/* NULL: does not concern it. */
	const char *fix_windows, *fix_xrdp, *fix_grd, *fix_freerdp, *fix_sallyport;
	const char *aliases; /* rdp-sec-check's issue names, separated by blanks; or NULL */
	const char *references; /* addresses, separated by blanks; or NULL */
};

/* One check that hits one endpoint. */
struct sp_scan_finding {
	const struct sp_scan_check *check;
	enum sp_scan_severity severity;
	enum sp_scan_confidence confidence;
	char evidence[SP_SCAN_TEXT]; /* what shows it; may hold a stranger's text */
};

#define SP_SCAN_MAX_FINDINGS 48

struct sp_scan_judged {
	enum sp_scan_nla nla;
	size_t n;
	struct sp_scan_finding finding[SP_SCAN_MAX_FINDINGS]; /* heaviest first, then by id */
};

/* The circumstances that facts do not know. */
struct sp_scan_judge {
	int64_t now; /* seconds since 1970 */
	bool kerberos_only; /* the policy here: NTLM is not wanted (RDP-033) */
};

/* Every check there is, in the order of their ids; how many. */
const struct sp_scan_check *sp_scan_checks(size_t *n);
/* NULL for what is none. */
const struct sp_scan_check *sp_scan_check_of(const char *id);
/* Facts that were found valid; without I/O. */
void sp_scan_judge(const struct sp_scan_judge *j, const struct sp_scan_facts *f,
		struct sp_scan_judged *out);
/* From the answers to each set of protocols alone. */
enum sp_scan_nla sp_scan_nla_of(const struct sp_scan_facts *f);
/*
 * Adds one that only a whole scan shows (a key shared with other hosts, drift). A check hits an
 * endpoint once: the evidence of a second time is appended, and the heavier severity stays.
 * Dropped when full.
 */
void sp_scan_judged_add(struct sp_scan_judged *to, const char *id, enum sp_scan_severity severity,
		enum sp_scan_confidence confidence, const char *evidence);

/* "high"; SP_SCAN_SEVERITY_COUNT for what is none. */
const char *sp_scan_severity_name(enum sp_scan_severity s);
enum sp_scan_severity sp_scan_severity_of(const char *name);
const char *sp_scan_confidence_name(enum sp_scan_confidence c);
/* "required", "optional", "absent", "unknown". */
const char *sp_scan_nla_name(enum sp_scan_nla n);

#endif
