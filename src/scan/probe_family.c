/* scan/probe_family.c - see probe_family.h. */
#include "scan/probe_family.h"

#include <stdio.h>

void sp_probe_family(struct sp_scan_facts *f)
{
	if (f->reach != SP_SCAN_RDP) {
		return;
	}
	if (f->ntlm.challenged && f->ntlm.build != 0) {
		f->family = SP_SCAN_FAMILY_WINDOWS;
		snprintf(f->family_why, sizeof(f->family_why), "NTLM tells version %u.%u.%u",
				f->ntlm.major, f->ntlm.minor, f->ntlm.build);
	}
}
