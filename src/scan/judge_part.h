/* scan/judge_part.h - the parts of one judgement. */
#ifndef SP_SCAN_JUDGE_PART_H
#define SP_SCAN_JUDGE_PART_H

#include "core/base/attr.h"
#include "scan/finding.h"

struct sp_scan_bench {
	const struct sp_scan_judge *j;
	const struct sp_scan_facts *f;
	struct sp_scan_judged *out;
	bool public; /* the endpoint has an address of the internet */
};

/* The check hits; what shows it is formatted, and cut where it is too long. */
sp_printf(5, 6) void sp_scan_hit(struct sp_scan_bench *b, const char *id,
		enum sp_scan_severity severity, enum sp_scan_confidence confidence,
		const char *evidence, ...);

/* RDP-007 to 011. */
void sp_scan_judge_tls(struct sp_scan_bench *b, const struct sp_scan_tls *t);
/* RDP-020 to 026; where is "" for RDP itself, or says where else the certificate was seen. */
void sp_scan_judge_cert(struct sp_scan_bench *b, const struct sp_scan_cert *c, const char *where);
/* RDP-030 to 042. */
void sp_scan_judge_ntlm(struct sp_scan_bench *b, const struct sp_scan_ntlm *n, const char *where);
/* RDP-040 and 041 of those that are too old to name their build. */
void sp_scan_judge_old(struct sp_scan_bench *b);
/* RDP-060 to 063. */
void sp_scan_judge_web(struct sp_scan_bench *b, const struct sp_scan_web *w);

#endif
