/* host/monitor/msg.c - names of the messages and reasons. */
#include "host/monitor/msg.h"

#include "core/base/attr.h"

const char *sp_msg_name(uint32_t type)
{
	static const char *const names[] = {"?",
#define X(name, body, fds_min, fds_max) #name,
			SP_MSG_MAP(X)
#undef X
	};

	return type < SP_LEN(names) ? names[type] : names[0];
}

const char *sp_why_text(uint32_t why)
{
	static const char *const texts[] = {
#define X(name, text) text,
			SP_WHY_MAP(X)
#undef X
	};

	return why < SP_LEN(texts) ? texts[why] : texts[SP_WHY_UNKNOWN];
}
