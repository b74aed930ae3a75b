/* app/output.h - another program, run to its end, and what it said. */
#ifndef SP_APP_OUTPUT_H
#define SP_APP_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "host/io/fdio.h"

/*
 * Runs it without arguments from elsewhere: no environment, no input. What it writes goes to out and
 * err, as far as they take it; NULL: to nowhere. It is killed after `seconds`. SP_OK and its status
 * as from waitpid(2); else why.
 */
sp_nodiscard int app_output(const char *path, const char *const *argv, unsigned seconds,
		struct sp_wr *out, struct sp_wr *err, int *status, char why[SP_WHY_MAX]);
/* The first line of what was written, without its end. */
void app_output_line(const struct sp_wr *w, char *out, size_t cap);

#endif
