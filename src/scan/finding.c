/* scan/finding.c - findings as a list, and the words for their weight. */
#include "scan/finding.h"

#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"

static const char *const severities[SP_SCAN_SEVERITY_COUNT] = {[SP_SCAN_INFO] = "info",
		[SP_SCAN_LOW] = "low",
		[SP_SCAN_MEDIUM] = "medium",
		[SP_SCAN_HIGH] = "high",
		[SP_SCAN_CRITICAL] = "critical"};

const char *sp_scan_severity_name(enum sp_scan_severity s)
{
	return (unsigned)s < SP_SCAN_SEVERITY_COUNT ? severities[s] : "?";
}

enum sp_scan_severity sp_scan_severity_of(const char *name)
{
	for (unsigned i = 0; i < SP_SCAN_SEVERITY_COUNT; i++) {
		if (strcmp(severities[i], name) == 0) {
			return (enum sp_scan_severity)i;
		}
	}
	return SP_SCAN_SEVERITY_COUNT;
}

const char *sp_scan_confidence_name(enum sp_scan_confidence c)
{
	return c == SP_SCAN_CERTAIN ? "certain" : c == SP_SCAN_LIKELY ? "likely" : "possible";
}

const char *sp_scan_nla_name(enum sp_scan_nla n)
{
	static const char *const names[SP_SCAN_NLA_COUNT] = {[SP_SCAN_NLA_UNKNOWN] = "unknown",
			[SP_SCAN_NLA_REQUIRED] = "required",
			[SP_SCAN_NLA_OPTIONAL] = "optional",
			[SP_SCAN_NLA_ABSENT] = "absent"};

	return (unsigned)n < SP_SCAN_NLA_COUNT ? names[n] : "?";
}

/* A text that grows by "; more", and says so where it was cut. */
static void append(char *text, size_t cap, const char *more)
{
	size_t n = strlen(text);
	int got = snprintf(text + n, cap - n, "%s%s", n > 0 ? "; " : "", more);

	if (got < 0 || (size_t)got < cap - n) {
		return;
	}
	n = cap - 4;
	while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80) {
		n--;
	}
	memcpy(text + n, "...", 4);
}

static bool before(const struct sp_scan_finding *a, const struct sp_scan_finding *b)
{
	return a->severity != b->severity ? a->severity > b->severity
					  : strcmp(a->check->id, b->check->id) < 0;
}

void sp_scan_judged_add(struct sp_scan_judged *to, const char *id, enum sp_scan_severity severity,
		enum sp_scan_confidence confidence, const char *evidence)
{
	struct sp_scan_finding f = {.check = sp_scan_check_of(id),
			.severity = severity,
			.confidence = confidence};
	size_t at = 0;

	if (f.check == NULL) {
		return;
	}
	while (at < to->n && to->finding[at].check != f.check) {
		at++;
	}
	if (at < to->n) {
		f = to->finding[at];
		if (severity > f.severity) {
			f.severity = severity;
			f.confidence = confidence;
		} else if (severity == f.severity && confidence > f.confidence) {
			f.confidence = confidence;
		}
		memmove(&to->finding[at], &to->finding[at + 1], (to->n - at - 1) * sizeof(f));
		to->n--;
	} else if (to->n == SP_SCAN_MAX_FINDINGS) {
		return;
	}
	append(f.evidence, sizeof(f.evidence), evidence);
	at = to->n;
	while (at > 0 && before(&f, &to->finding[at - 1])) {
		to->finding[at] = to->finding[at - 1];
		at--;
	}
	to->finding[at] = f;
	to->n++;
}
