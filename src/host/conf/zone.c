/* host/conf/zone.c - see zone.h; the form of the files is [RFC 9636]. */
#include "host/conf/zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "host/conf/zone_rule.h"

#define FILE_MAX 65536u
#define CHANGES_MAX 4096u
#define TYPES_MAX 256u
#define HEADER_SPARE 15
#define DAY 86400

struct sp_zone {
	uint32_t n; /* changes */
	int64_t *at; /* INVARIANT: ascending */
	int32_t *offset; /* from then on */
	int32_t first; /* offset before all of them */
	bool ruled; /* rule says what follows the last one */
	struct sp_zone_rule rule;
};

struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static int read_header(struct sp_rd *r, struct counts *c, uint8_t *version)
{
	struct sp_span magic = sp_rd_span(r, 4);

	*version = sp_rd_u8(r);
	sp_rd_skip(r, HEADER_SPARE);
	c->isut = sp_rd_be32(r);
	c->isstd = sp_rd_be32(r);
	c->leap = sp_rd_be32(r);
	c->time = sp_rd_be32(r);
	c->type = sp_rd_be32(r);
	c->chars = sp_rd_be32(r);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!sp_span_eq(magic, sp_span("TZif", 4))) {
		return sp_rd_fail(r, SP_EFIELD, "zone.magic");
	}
	if (!(c->isut <= TYPES_MAX && c->isstd <= TYPES_MAX && c->leap <= CHANGES_MAX &&
			    c->time <= CHANGES_MAX && c->type <= TYPES_MAX &&
			    c->chars <= FILE_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "zone.count");
	}
	return SP_OK;
}

static int64_t read_be64(struct sp_rd *r)
{
	uint64_t high = sp_rd_be32(r);

	return (int64_t)(high << 32 | sp_rd_be32(r));
}

/* Local time types, after the indices that the changes have into them. */
static int read_types(
		struct sp_rd *r, const struct counts *c, struct sp_span index, struct sp_zone *z)
{
	int32_t offset[TYPES_MAX];

	for (uint32_t i = 0; i < c->type; i++) {
		offset[i] = (int32_t)sp_rd_be32(r);
		sp_rd_skip(r, 2); /* daylight saving, name */
		if (!(-26 * 3600 < offset[i] && offset[i] < 26 * 3600)) {
			return sp_rd_fail(r, SP_EFIELD, "zone.utoff");
		}
	}
	z->first = offset[0];
	for (uint32_t i = 0; i < c->time; i++) {
		if (!(index.p[i] < c->type)) {
			return sp_rd_fail(r, SP_EFIELD, "zone.type");
		}
		z->offset[i] = offset[index.p[i]];
	}
	return sp_rd_ok(r);
}

/* The data block with times of 64 bits. */
static int read_data(struct sp_rd *r, const struct counts *c, struct sp_zone *z)
{
	if (c->type == 0) {
		return sp_rd_fail(r, SP_EFIELD, "zone.typecnt");
	}
	z->n = c->time;
	z->at = sp_calloc((size_t)z->n + 1, sizeof(*z->at));
	z->offset = sp_calloc((size_t)z->n + 1, sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL) {
		return SP_ENOMEM;
	}
	for (uint32_t i = 0; i < z->n; i++) {
		z->at[i] = read_be64(r);
		if (sp_rd_ok(r) == SP_OK && i > 0 && !(z->at[i - 1] < z->at[i])) {
			return sp_rd_fail(r, SP_EFIELD, "zone.time");
		}
	}
	struct sp_span index = sp_rd_span(r, c->time);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	int rc = read_types(r, c, index, z);
	sp_rd_skip(r, (size_t)c->chars + (size_t)c->leap * 12 + c->isstd + c->isut);
	return rc == SP_OK ? sp_rd_ok(r) : rc;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; empty between the two where nothing is known. */
static int read_footer(struct sp_rd *r, struct sp_zone *z)
{
	struct sp_span rest = sp_rd_rest(r);
	char text[SP_ZONE_RULE_TEXT];

	if (!(2 <= rest.n && rest.n < sizeof(text) + 2 && rest.p[0] == '\n' &&
			    rest.p[rest.n - 1] == '\n')) {
		return sp_rd_fail(r, SP_EFIELD, "zone.footer");
	}
	if (rest.n == 2) {
		return SP_OK;
	}
	memcpy(text, rest.p + 1, rest.n - 2);
	text[rest.n - 2] = '\0';
	z->ruled = sp_zone_rule_parse(text, &z->rule);
	return z->ruled ? SP_OK : sp_rd_fail(r, SP_EFIELD, "zone.footer");
}

static int parse(struct sp_span file, struct sp_zone *z)
{
	struct sp_rd r;
	struct counts c;
	uint8_t version;

	if (file.n > FILE_MAX) {
		return SP_ELIMIT;
	}
	sp_rd_init(&r, file.p, file.n);
	int rc = read_header(&r, &c, &version);
	if (rc != SP_OK) {
		return rc;
	}
	if (version < '2') {
		return SP_EFIELD;
	}
	/* The block of version 1 has the same in times of 32 bits. */
	sp_rd_skip(&r,
			(size_t)c.time * 5 + (size_t)c.type * 6 + c.chars + (size_t)c.leap * 8 +
					c.isstd + c.isut);
	rc = read_header(&r, &c, &version);
	rc = rc == SP_OK ? read_data(&r, &c, z) : rc;
	return rc == SP_OK ? read_footer(&r, z) : rc;
}

int sp_zone_parse(struct sp_span file, struct sp_zone **out)
{
	struct sp_zone *z = sp_calloc(1, sizeof(*z));

	*out = NULL;
	if (z == NULL) {
		return SP_ENOMEM;
	}
	int rc = parse(file, z);
	if (rc != SP_OK) {
		sp_zone_destroy(z);
		return rc == SP_ENOMEM ? rc : SP_EFIELD;
	}
	*out = z;
	return SP_OK;
}

/* Letters, digits and "/_+-", without a way out of the folder: no '.', and no empty part. */
static bool is_name(const char *name)
{
	return name[0] != '/' && strstr(name, "//") == NULL &&
			strspn(name,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
					"6789"
					"/_+-") == strlen(name);
}

/* SP_EFIELD also for a folder, which cannot be read. */
static int read_file(const char *path, struct sp_zone **out)
{
	uint8_t *bytes = sp_malloc(FILE_MAX + 1);
	FILE *f = fopen(path, "rbe");
	int rc = SP_ENOMEM;

	if (f == NULL) {
		rc = errno == ENOENT || errno == ENOTDIR ? SP_ENOTFOUND : SP_ESYS;
	} else if (bytes != NULL) {
		size_t n = fread(bytes, 1, FILE_MAX + 1, f);
		rc = sp_zone_parse(sp_span(bytes, n), out);
	}
	if (f != NULL) {
		fclose(f);
	}
	sp_free(bytes);
	return rc;
}

int sp_zone_load(const char *name, struct sp_zone **out)
{
	char path[256];

	*out = NULL;
	if (name[0] == '\0') {
		int rc = read_file(SP_ZONE_LOCAL, out);
		if (rc != SP_ENOTFOUND) {
			return rc;
		}
		*out = sp_calloc(1, sizeof(**out));
		return *out != NULL ? SP_OK : SP_ENOMEM;
	}
	int n = snprintf(path, sizeof(path), SP_ZONE_FOLDER "/%s", name);
	if (!is_name(name) || !(0 < n && (size_t)n < sizeof(path))) {
		return SP_ENOTFOUND;
	}
	return read_file(path, out);
}

void sp_zone_destroy(struct sp_zone *z)
{
	if (z != NULL) {
		sp_free(z->at);
		sp_free(z->offset);
		sp_free(z);
	}
}

/* How many changes lie at or before a moment. */
static uint32_t changes_until(const struct sp_zone *z, int64_t t)
{
	uint32_t low = 0, high = z->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (z->at[middle] <= t) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct sp_zone_now sp_zone_at(const struct sp_zone *z, int64_t unix_time)
{
	uint32_t past = changes_until(z, unix_time);
	struct sp_zone_now now = {.offset = past > 0 ? z->offset[past - 1] : z->first,
			.change = past < z->n ? z->at[past] : SP_ZONE_NEVER};

	if (past == z->n && z->ruled) {
		sp_zone_rule_at(&z->rule, unix_time, &now);
	}
	return now;
}

int64_t sp_zone_utc(const struct sp_zone *z, int64_t wall)
{
	/* What held a good day before is right, or right until the change that lies between. */
	int64_t t = wall - 2 * DAY;

	for (int i = 0; i < 8; i++) {
		struct sp_zone_now now = sp_zone_at(z, t);
		if (wall - now.offset < now.change) {
			return wall - now.offset > t ? wall - now.offset : t;
		}
		t = now.change;
	}
	return t;
}
