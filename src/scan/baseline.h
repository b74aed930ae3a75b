/* scan/baseline.h - the report of an earlier scan, and what changed since. */
#ifndef SP_SCAN_BASELINE_H
#define SP_SCAN_BASELINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "scan/facts.h"
#include "scan/finding.h"

#define SP_SCAN_BASELINE_MAX (64u << 20) /* bytes of a file */
#define SP_SCAN_BASELINE_WHY 256

struct sp_scan_baseline;

/*
 * Reads a report in JSON (format "json"), which is trusted as little as any file. SP_ESYS: it
 * cannot be read; SP_EFIELD, SP_ELIMIT, SP_ENOMEM. why says it in words, with the place in the file.
 */
sp_nodiscard int sp_scan_baseline_load(
		const char *path, struct sp_scan_baseline **out, char why[SP_SCAN_BASELINE_WHY]);
sp_nodiscard int sp_scan_baseline_read(
		struct sp_span json, struct sp_scan_baseline **out, char why[SP_SCAN_BASELINE_WHY]);
/* Accepts NULL. */
void sp_scan_baseline_destroy(struct sp_scan_baseline *b);

/* How many endpoints it has, those without RDP included. */
size_t sp_scan_baseline_count(const struct sp_scan_baseline *b);
/* Which of them this is, by host, port and if possible address; SIZE_MAX: none. */
size_t sp_scan_baseline_find(const struct sp_scan_baseline *b, const struct sp_scan_facts *f);
/* Adds RDP-080 for what differs from then. */
void sp_scan_baseline_compare(const struct sp_scan_baseline *b, const struct sp_scan_facts *f,
		struct sp_scan_judged *judged);
/* Since when this check hits that endpoint, seconds since 1970; 0: not in the baseline. */
int64_t sp_scan_baseline_since(const struct sp_scan_baseline *b, size_t endpoint, const char *id);

#endif
