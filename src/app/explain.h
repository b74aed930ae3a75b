/* app/explain.h - `sallyport config explain`: would this user get in, and by which rule? */
#ifndef SP_APP_EXPLAIN_H
#define SP_APP_EXPLAIN_H

#include "app/words.h"

struct app_explain {
	const char *user, *target, *from; /* must be there */
	const char *at, *device, *interface; /* NULL: now, none, not known */
};

/* Prints the answer, whatever it is; the exit status says whether one could be given. */
int app_explain(struct app_words *w, const struct app_explain *q);

#endif
