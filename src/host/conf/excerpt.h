/* host/conf/excerpt.h - the targets and rules of a file, to be written into another one. */
#ifndef SP_HOST_CONF_EXCERPT_H
#define SP_HOST_CONF_EXCERPT_H

#include <stdint.h>

#include "host/conf/conf.h"

/* One line of what is to be written, and where it stood. */
struct sp_conf_line {
	char *text; /* without its line feed */
	char *file;
	uint32_t line;
};

struct sp_conf_excerpt {
	size_t n_targets, n_rules; /* lines; both on the heap */
	struct sp_conf_line *targets; /* the members of the group */
	struct sp_conf_line *rules; /* the elements of the list, each with its comma */
	bool has_rules; /* the file has the key, were it empty */
};

/*
 * Reads a file that has `targets` and `rules` and nothing else. What they hold is not judged here.
 * SP_OK; SP_EFIELD or SP_ESYS with the mistakes in errors; SP_ENOMEM.
 */
sp_nodiscard int sp_conf_excerpt(
		struct sp_conf_excerpt *x, const char *file, struct sp_conf_errors *errors);
/* Accepts one that was zeroed. */
void sp_conf_excerpt_finish(struct sp_conf_excerpt *x);

#endif
