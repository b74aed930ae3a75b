/* fuzz/fuzz_misc.c - session info and the small data PDUs; the first byte picks one. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/logon.h"
#include "core/pdu/misc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void logon(struct sp_rd *r)
{
	static uint8_t first[4096], second[4096];
	static struct sp_logon info;
	struct sp_wr w;

	if (sp_logon_read(r, &info) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, first, sizeof(first));
	sp_logon_write(&w, &info);
	if (sp_wr_ok(&w) != SP_OK) {
		return; /* a name without room for its NUL */
	}
	size_t n = w.n;
	sp_rd_init(r, first, n);
	if (sp_logon_read(r, &info) != SP_OK) {
		abort();
	}
	sp_wr_fixed(&w, second, sizeof(second));
	sp_logon_write(&w, &info);
	if (w.n != n || memcmp(first, second, n) != 0) {
		abort();
	}
}

static void refresh(struct sp_rd *r)
{
	struct sp_rect area[SP_MISC_MAX_AREAS], again[SP_MISC_MAX_AREAS];
	uint8_t out[4096];
	struct sp_wr w;
	size_t n, m;

	if (sp_misc_refresh_read(r, area, &n) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_misc_refresh_write(&w, area, n);
	sp_rd_init(r, out, w.n);
	if (sp_wr_ok(&w) != SP_OK || sp_misc_refresh_read(r, again, &m) != SP_OK || m != n ||
			memcmp(area, again, n * sizeof(area[0])) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_misc_suppress suppress;
	struct sp_misc_monitors monitors;
	struct sp_misc_sound sound;
	struct sp_misc_leds leds;
	struct sp_misc_ime ime;
	struct sp_rd r;
	uint32_t value;
	int rc = SP_OK;

	if (size == 0) {
		return 0;
	}
	sp_rd_init(&r, data + 1, size - 1);
	switch (data[0] % 8) {
	case 0:
		logon(&r);
		break;
	case 1:
		refresh(&r);
		break;
	case 2:
		rc = sp_misc_suppress_read(&r, &suppress);
		break;
	case 3:
		rc = sp_misc_monitors_read(&r, &monitors);
		if (rc == SP_OK && monitors.n > SP_MISC_MAX_MONITORS) {
			abort();
		}
		break;
	case 4:
		rc = sp_misc_sound_read(&r, &sound);
		break;
	case 5:
		rc = sp_misc_leds_read(&r, &leds);
		break;
	case 6:
		rc = sp_misc_ime_read(&r, &ime);
		break;
	default:
		rc = sp_misc_u32_read(&r, &value);
	}
	return rc > 0 ? -1 : 0;
}
