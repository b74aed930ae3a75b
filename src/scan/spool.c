/* scan/spool.c - endpoints wait in a file without a name, so that a scan of any size fits into memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "scan/report_part.h"

struct row {
	uint64_t number; /* of the endpoint */
	uint64_t at; /* of the file, in entries */
	int worst; /* -1: no finding */
};

struct sp_scan_spool {
	FILE *file;
	struct row *row;
	size_t n, cap;
};

struct sp_scan_spool *sp_scan_spool_create(void)
{
	struct sp_scan_spool *s = sp_calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->file = tmpfile();
	if (s->file == NULL) {
		sp_free(s);
		return NULL;
	}
	return s;
}

void sp_scan_spool_destroy(struct sp_scan_spool *s)
{
	if (s != NULL) {
		fclose(s->file);
		sp_free(s->row);
		sp_free(s);
	}
}

static int worst(const struct sp_scan_judged *j)
{
	return j->n > 0 ? (int)j->finding[0].severity : -1;
}

int sp_scan_spool_add(struct sp_scan_spool *s, const struct sp_scan_entry *e)
{
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? 2 * s->cap : 64;
		struct row *row = sp_realloc(s->row, cap * sizeof(*row));
		if (row == NULL) {
			return SP_ENOMEM;
		}
		s->row = row;
		s->cap = cap;
	}
	if (fwrite(e, sizeof(*e), 1, s->file) != 1) {
		return SP_ESYS;
	}
	s->row[s->n] = (struct row){.number = e->f.number, .at = s->n, .worst = worst(&e->j)};
	s->n++;
	return SP_OK;
}

size_t sp_scan_spool_count(const struct sp_scan_spool *s)
{
	return s->n;
}

void sp_scan_spool_weigh(struct sp_scan_spool *s, size_t i, const struct sp_scan_judged *j)
{
	s->row[i].worst = worst(j);
}

static int by_number(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->number != y->number) {
		return x->number < y->number ? -1 : 1;
	}
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_weight(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->worst != y->worst ? y->worst - x->worst : by_number(a, b);
}

void sp_scan_spool_sort(struct sp_scan_spool *s, bool heaviest_first)
{
	if (s->n > 0) {
		qsort(s->row, s->n, sizeof(*s->row), heaviest_first ? by_weight : by_number);
	}
}

int sp_scan_spool_read(struct sp_scan_spool *s, size_t i, struct sp_scan_entry *out)
{
	/* Also between writing and reading. */
	if (fseeko(s->file, (off_t)(s->row[i].at * sizeof(*out)), SEEK_SET) != 0 ||
			fread(out, sizeof(*out), 1, s->file) != 1) {
		return SP_ESYS;
	}
	return SP_OK;
}
