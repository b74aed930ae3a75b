/* scan/probe_family.c - see probe_family.h. */
#include "scan/probe_family.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/pdu/x224.h"

#define CONFIRM 0xD0
#define CODE_AT 5 /* of a confirm: TPKT header, length, code, destination, source */
#define SOURCE_AT 8

static void is(struct sp_scan_facts *f, enum sp_scan_family family, const char *fmt, ...)
		sp_printf(3, 4);

static void is(struct sp_scan_facts *f, enum sp_scan_family family, const char *fmt, ...)
{
	va_list ap;

	f->family = family;
	va_start(ap, fmt);
	vsnprintf(f->family_why, sizeof(f->family_why), fmt, ap);
	va_end(ap);
}

/* Others name 0x1234, as Windows does; FreeRDP's library names none. */
static bool without_source(const struct sp_scan_facts *f)
{
	for (size_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_scan_nego *n = &f->nego[i];

		if ((n->answer == SP_SCAN_SELECTED || n->answer == SP_SCAN_DENIED) &&
				n->n_evidence > SOURCE_AT + 1 && n->evidence[CODE_AT] == CONFIRM) {
			return n->evidence[SOURCE_AT] == 0 && n->evidence[SOURCE_AT + 1] == 0;
		}
	}
	return false;
}

/* Asked for protocols that it does not know, it disconnects without having confirmed. */
static bool disconnects(const struct sp_scan_facts *f)
{
	static const uint8_t ultimatum[] = {3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80};
	const struct sp_scan_nego *n = &f->nego[SP_SCAN_ASK_AAD];

	return n->answer == SP_SCAN_NONSENSE && n->n_evidence == sizeof(ultimatum) &&
			memcmp(n->evidence, ultimatum, sizeof(ultimatum)) == 0;
}

static uint8_t flags(const struct sp_scan_facts *f)
{
	uint8_t all = 0;

	for (size_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		all |= f->nego[i].answer == SP_SCAN_SELECTED ? f->nego[i].flags : 0;
	}
	return all;
}

void sp_probe_family(struct sp_scan_facts *f)
{
	const struct sp_scan_ntlm *n = &f->ntlm;
	const char *subject = f->tls.cert.subject;

	if (f->reach != SP_SCAN_RDP) {
		return;
	}
	if (strstr(subject, "O=GNOME") != NULL) {
		is(f, SP_SCAN_FAMILY_GRD, "the certificate is one that GNOME's settings make");
	} else if (without_source(f)) {
		is(f, SP_SCAN_FAMILY_FREERDP,
				"connection confirms without a source reference, as FreeRDP's "
				"library writes them");
	} else if (disconnects(f)) {
		is(f, SP_SCAN_FAMILY_XRDP,
				"protocols it does not know are answered with a "
				"disconnect in place of a confirm");
	} else if (n->challenged && n->build != 0) {
		is(f, SP_SCAN_FAMILY_WINDOWS, "NTLM names version %u.%u.%u", n->major, n->minor,
				n->build);
	} else if (flags(f) & (SP_X224_RSP_RESTRICTED_ADMIN | SP_X224_RSP_REDIRECTED_AUTH)) {
		is(f, SP_SCAN_FAMILY_WINDOWS, "offers Restricted Admin or Remote Credential Guard");
	} else if (f->tls.cert.eku & 2) {
		is(f, SP_SCAN_FAMILY_WINDOWS,
				"the certificate is for Remote Desktop "
				"Authentication");
	} else if (n->challenged && n->major == 0 && n->credssp == 6 &&
			sp_scan_accepts(f, SP_SCAN_ASK_EARLY, SP_PROTO_HYBRID_EX)) {
		is(f, SP_SCAN_FAMILY_SALLYPORT,
				"CredSSP 6 with early user authorization, and NTLM that names no "
				"version");
	}
}
