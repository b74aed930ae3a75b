/* gate/scribe/own.c - see own.h. */
#include "gate/scribe/own.h"

#include <string.h>

#include "core/base/mem.h"

void sp_own_init(struct sp_own *q)
{
	*q = (struct sp_own){.end = &q->first};
}

void sp_own_finish(struct sp_own *q)
{
	sp_own_drop(q, q->n);
}

int sp_own_add(struct sp_own *q, const struct sp_audit_event *e)
{
	if (!(q->n < SP_OWN_MAX)) {
		return SP_ELIMIT;
	}
	struct sp_own_event *o = sp_malloc(sizeof(*o) + e->n);

	if (o == NULL) {
		return SP_ENOMEM;
	}
	o->next = NULL;
	o->n = e->n;
	memcpy(o->b, e->b, e->n);
	*q->end = o;
	q->end = &o->next;
	q->n++;
	return SP_OK;
}

void sp_own_drop(struct sp_own *q, size_t n)
{
	for (; n > 0 && q->first != NULL; n--) {
		struct sp_own_event *o = q->first;

		q->first = o->next;
		q->end = q->first != NULL ? q->end : &q->first;
		q->n--;
		sp_free(o);
	}
}
