/* bench/audit_record.h - rows of bench-audit, and those about recording. */
#ifndef SP_BENCH_AUDIT_RECORD_H
#define SP_BENCH_AUDIT_RECORD_H

#include <stdbool.h>

/* One row, as a table or as JSON; nobody else measures the same. */
extern bool audit_json;
void audit_row(const char *name, const char *unit, double ours, const char *better, int n);

/* What recording costs beside the relay, and what it leaves on the disk. */
bool audit_record(const char *where);
/* What an index costs. programs: the folder of those that are measured. */
bool audit_index(const char *programs, const char *where);

#endif
