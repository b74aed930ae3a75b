/* scan/probe_family.h - whose service it is, as far as its answers show. */
#ifndef SP_SCAN_PROBE_FAMILY_H
#define SP_SCAN_PROBE_FAMILY_H

#include "scan/facts.h"

/* Fills in family and family_why of facts that are complete otherwise. */
void sp_probe_family(struct sp_scan_facts *f);

#endif
