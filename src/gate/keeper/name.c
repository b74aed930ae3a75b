/* gate/keeper/name.c - see name.h. */
#include "gate/keeper/name.h"

#include <stdio.h>
#include <string.h>

void sp_name_split(const char *sent, struct sp_name *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->user, sizeof(out->user), "%s", sent);
	char *last = strrchr(out->user, '#');
	if (last == NULL) {
		return;
	}
	*last++ = '\0';
	if (strlen(last) == SP_TOTP_DIGITS && strspn(last, "0123456789") == SP_TOTP_DIGITS) {
		snprintf(out->code, sizeof(out->code), "%.6s", last);
		char *before = strrchr(out->user, '#');
		if (before == NULL) {
			return;
		}
		*before++ = '\0';
		last = before;
	}
	snprintf(out->target, sizeof(out->target), "%s", last);
}
