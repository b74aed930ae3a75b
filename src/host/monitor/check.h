/* host/monitor/check.h - what a received structure must look like before anybody reads it. */
#ifndef SP_HOST_MONITOR_CHECK_H
#define SP_HOST_MONITOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/monitor/msg.h"

/* Size of the type's structure; 0 for a number that is no message. */
size_t sp_check_size(uint32_t type);
/* Whether that many descriptors may come with it. */
sp_nodiscard int sp_check_fds(uint32_t type, size_t nfds);
/* Texts end within their array and hold no control character, enums and counts are in range. */
sp_nodiscard int sp_check_body(uint32_t type, const union sp_msg_body *body, size_t nfds);
/* Does it end within cap, with no character before that could forge a line of a log? */
bool sp_check_text(const char *s, size_t cap);

#endif
