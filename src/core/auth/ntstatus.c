/* core/auth/ntstatus.c - see ntstatus.h. */
#include "core/auth/ntstatus.h"

#include <stddef.h>

#include "core/base/attr.h"

const char *sp_ntstatus_text(uint32_t status)
{
	/* [MS-ERREF] 2.3.1, those that a login ends with. */
	static const struct {
		uint32_t status;
		const char *text;
	} texts[] = {
			{0xC000006D, "wrong user name or password"},
			{0xC000006A, "wrong user name or password"},
			{0xC0000064, "wrong user name or password"},
			{0xC000006E, "account restrictions do not allow it"},
			{0xC000006F, "not allowed at this hour"},
			{0xC0000070, "not allowed from this machine"},
			{0xC0000071, "password has expired"},
			{0xC0000072, "account is disabled"},
			{0xC0000133, "clocks of client and server differ too much"},
			{0xC000015B, "user may not log on here"},
			{0xC0000193, "account has expired"},
			{0xC0000224, "password must be changed first"},
			{0xC0000234, "account is locked out"},
			{0xC000005E, "no logon server available"},
			{0xC0000022, "access denied"},
			{0xC0000413, "user may not log on to this machine"},
	};

	for (size_t i = 0; i < SP_LEN(texts); i++) {
		if (texts[i].status == status) {
			return texts[i].text;
		}
	}
	return NULL;
}
