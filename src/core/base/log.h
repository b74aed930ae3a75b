/* core/base/log.h - log lines leave core through one hook that the process sets. */
#ifndef SP_CORE_BASE_LOG_H
#define SP_CORE_BASE_LOG_H

#include "core/base/attr.h"

/* Core itself uses debug and trace only; info is for milestones of a connection's life. */
enum sp_log_level {
	SP_LOG_ERROR,
	SP_LOG_WARN,
	SP_LOG_INFO,
	SP_LOG_DEBUG,
	SP_LOG_TRACE,
};

/* text is one line without the newline, valid during the call. */
typedef void (*sp_log_fn)(enum sp_log_level level, const char *text);

/* NULL (the start value) drops everything. Lines above max are not formatted. */
void sp_log_set(sp_log_fn fn, enum sp_log_level max);
/* Cut at 512 bytes, and sp_log_printable: a peer's name cannot forge a line. */
void sp_log(enum sp_log_level level, const char *fmt, ...) sp_printf(2, 3);
/* Every byte of what people do not see, what turns letters around, or is no UTF-8 becomes '?'. */
void sp_log_printable(char *line);

/*
 * For a text that goes to another process, and whose marks are still evidence there: ASCII's and
 * Unicode's controls become '?'.
 */
void sp_log_clean(char *text);

#endif
