/* scan/report_part.h - what the formats share: an endpoint with its findings, and the report around it. */
#ifndef SP_SCAN_REPORT_PART_H
#define SP_SCAN_REPORT_PART_H

#include "scan/escape.h"
#include "scan/report.h"

#define SP_SCAN_MAX_CHECKS 64

/* An endpoint as it is written. */
struct sp_scan_entry {
	struct sp_scan_facts f;
	struct sp_scan_judged j;
	size_t before; /* in the baseline; SIZE_MAX: not there */
};

/* How often a check hit, where it weighed at least SP_SCAN_MEDIUM, and where it weighs most. */
#define SP_SCAN_TALLY_PLACES 3
#define SP_SCAN_PLACE_MAX (SP_SCAN_TEXT + 16)
struct sp_scan_tally {
	const struct sp_scan_check *check;
	enum sp_scan_severity worst;
	enum sp_scan_confidence surest; /* of the worst */
	uint64_t n;
	size_t n_places;
	char place[SP_SCAN_TALLY_PLACES][SP_SCAN_PLACE_MAX];
};

struct sp_scan_report {
	struct sp_scan_report_options o;
	char *authorised;
	FILE *out;
	const struct sp_scan_renderer *as;
	struct sp_scan_totals totals;
	struct sp_scan_tally
			tally[SP_SCAN_MAX_CHECKS]; /* by check; at the end the most urgent first */
	size_t n_urgent; /* of them, at the end: those that hit */
	struct sp_scan_spool
			*spool; /* endpoints that wait for the end; NULL where the format streams */
	struct sp_scan_keys *keys;
	bool *seen; /* by endpoint of the baseline */
	bool ended;
	uint32_t pass; /* from 0 */
	uint64_t written; /* endpoints in this pass */
	uint64_t results; /* findings; for the renderer */
	bool fixes[SP_SCAN_MAX_CHECKS][SP_SCAN_FAMILY_COUNT]; /* asked for; for the renderer */
};

/* begin, then each endpoint, then end; a streaming one has its totals only at the end. */
struct sp_scan_renderer {
	bool streams;
	bool heaviest_first; /* else in the order of the scan */
	uint32_t passes; /* over all endpoints; 0 is 1 */
	void (*begin)(struct sp_scan_report *r);
	void (*endpoint)(struct sp_scan_report *r, const struct sp_scan_entry *e);
	void (*end)(struct sp_scan_report *r);
};

extern const struct sp_scan_renderer sp_scan_as_text, sp_scan_as_json, sp_scan_as_jsonl,
		sp_scan_as_html, sp_scan_as_sarif, sp_scan_as_junit, sp_scan_as_prometheus,
		sp_scan_as_csv;

/* Its heaviest finding; SP_SCAN_SEVERITY_COUNT where there is none. */
enum sp_scan_severity sp_scan_worst(const struct sp_scan_judged *j);
/* "[2001:db8::1]:3389"; the host as it was given. */
const char *sp_scan_place(const struct sp_scan_facts *f, char out[SP_SCAN_PLACE_MAX]);
/* "rdp://" and the place, percent-encoded: a URI whatever the host was. */
#define SP_SCAN_URI_MAX (3 * SP_SCAN_TEXT + 32)
const char *sp_scan_uri(const struct sp_scan_facts *f, char out[SP_SCAN_URI_MAX]);
/* The same for the same check at the same place, whenever; hex. */
#define SP_SCAN_PRINT_MAX 33
const char *sp_scan_print(
		const struct sp_scan_facts *f, const char *id, char out[SP_SCAN_PRINT_MAX]);
/* What fits the product, in *on its name; where that is unknown, what fits Windows. May be NULL. */
const char *sp_scan_fix(const struct sp_scan_check *c, uint32_t family, const char **on);
/* "TLS 1.2 and 1.3"; "no TLS". */
#define SP_SCAN_LINE 512
const char *sp_scan_tls_line(const struct sp_scan_facts *f, char out[SP_SCAN_LINE]);
/* "self-signed, RSA 2048, until 2027-01-01"; a stranger's text may be in it. */
const char *sp_scan_cert_line(const struct sp_scan_cert *c, char out[SP_SCAN_LINE]);
/* What it calls itself, or "". */
const char *sp_scan_named(const struct sp_scan_facts *f);

/* Hosts that have the same key, for texts: called once per key that more than one has. */
struct sp_scan_shared {
	uint8_t spki[SP_SCAN_HASH];
	char place[SP_SCAN_PLACE_MAX]; /* the first that had it */
	char address[64], host[SP_SCAN_TEXT];
	char machine[SP_SCAN_TEXT]; /* what NTLM calls it, "" for nothing */
	char *second; /* the first of the others; NULL: none, or no memory for it */
	uint64_t more; /* other hosts after it */
};
struct sp_scan_keys *sp_scan_keys_create(void);
void sp_scan_keys_destroy(struct sp_scan_keys *k);
/* Notes the key; the first that had it, if that is another host; NULL otherwise. *err: SP_ENOMEM. */
const struct sp_scan_shared *sp_scan_keys_add(
		struct sp_scan_keys *k, const struct sp_scan_facts *f, int *err);
/* The note of this key, NULL for none. */
const struct sp_scan_shared *sp_scan_keys_of(
		const struct sp_scan_keys *k, const uint8_t spki[SP_SCAN_HASH]);
/* Each key there is, in the order of the scan. */
size_t sp_scan_keys_count(const struct sp_scan_keys *k);
const struct sp_scan_shared *sp_scan_keys_at(const struct sp_scan_keys *k, size_t i);
/* Adds RDP-024 to an endpoint whose key others have that were noted so far. */
void sp_scan_keys_judge(const struct sp_scan_keys *k, const struct sp_scan_facts *f,
		struct sp_scan_judged *j);

/* Endpoints in a file without a name, to be read again in the order that is asked for. */
struct sp_scan_spool *sp_scan_spool_create(void);
void sp_scan_spool_destroy(struct sp_scan_spool *s);
sp_nodiscard int sp_scan_spool_add(struct sp_scan_spool *s, const struct sp_scan_entry *e);
size_t sp_scan_spool_count(const struct sp_scan_spool *s);
/* Other findings came to it than it was added with. */
void sp_scan_spool_weigh(struct sp_scan_spool *s, size_t i, const struct sp_scan_judged *j);
/* Sorts by number, or heaviest first. */
void sp_scan_spool_sort(struct sp_scan_spool *s, bool heaviest_first);
sp_nodiscard int sp_scan_spool_read(struct sp_scan_spool *s, size_t i, struct sp_scan_entry *out);

#endif
