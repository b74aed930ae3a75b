/* tests/scan/kit.h - facts as endpoints of known kinds show them, made by hand. */
#ifndef SP_TESTS_SCAN_KIT_H
#define SP_TESTS_SCAN_KIT_H

#include "scan/facts.h"
#include "scan/finding.h"

#define KIT_NOW 1795392000 /* 2026-11-23T00:00:00Z */
#define KIT_DAY 86400

enum kit_kind {
	KIT_2003,
	KIT_2008, /* as shipped: every protocol */
	KIT_2008R2,
	KIT_2012R2,
	KIT_2016,
	KIT_2019,
	KIT_2022,
	KIT_2025,
	KIT_10, /* Windows 10 22H2 */
	KIT_XRDP,
	KIT_SHADOW, /* freerdp-shadow with NLA */
	KIT_WESTON,
	KIT_GRD,
	KIT_SALLYPORT,
	KIT_ENTRA, /* joined to Entra: RDS AAD alone */
	KIT_GATEWAY, /* no RDP, but a gateway on 443 */
	KIT_COUNT,
};

const char *kit_name(enum kit_kind kind);
/* What it shows at 10.0.0.5, port 3389, in a domain for servers since 2008. */
void kit_facts(enum kit_kind kind, struct sp_scan_facts *f);
/* An answer to one set of protocols. */
void kit_select(struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t protocol, uint8_t flags);
void kit_deny(struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t code);
/* "002c 005h": ids and the first letters of severities, in the order of the list. */
void kit_list(const struct sp_scan_judged *j, char *out, size_t cap);

#endif
