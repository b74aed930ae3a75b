/* core/chan/transfer.c - see transfer.h. */
#include "core/chan/transfer.h"

#include <string.h>

#include "core/chan/wire_name.h"

_Static_assert(SP_WIRE_NAME_TEXT <= SP_TRANSFER_NAME, "a name does not fit");

struct sp_transfer *sp_transfers_add(struct sp_transfers *t)
{
	if (t->n == SP_TRANSFERS_MAX) {
		t->at = (t->at + 1) % SP_TRANSFERS_MAX;
		t->n--;
		t->lost++;
	}
	struct sp_transfer *out = &t->v[(t->at + t->n++) % SP_TRANSFERS_MAX];
	memset(out, 0, sizeof(*out));
	return out;
}

bool sp_transfers_next(struct sp_transfers *t, struct sp_transfer *out)
{
	if (t->n == 0) {
		return false;
	}
	*out = t->v[t->at];
	t->at = (t->at + 1) % SP_TRANSFERS_MAX;
	t->n--;
	return true;
}

void sp_transfer_named(struct sp_transfer *t, struct sp_span utf16, bool rooted)
{
	sp_wire_name_show(utf16, t->sent, sizeof(t->sent));
	if (rooted && utf16.n >= 2 && (utf16.p[0] == '\\' || utf16.p[0] == '/') &&
			utf16.p[1] == 0) {
		utf16 = sp_span(utf16.p + 2, utf16.n - 2);
	}
	if (sp_wire_name_read(utf16, t->name) != SP_NAME_FINE) {
		t->name[0] = '\0';
	}
}
