/* fuzz/fuzz_wire_name.c - names of files from the wire: what is fine cannot lead anywhere else. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/wire_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *name)
{
	const char *part = name;

	if (name[0] == '\0' || name[0] == '/' || strlen(name) >= SP_WIRE_NAME_TEXT) {
		abort();
	}
	for (const char *at = name;; at++) {
		if (*at != '/' && *at != '\0') {
			if ((unsigned char)*at < 0x20 || *at == 0x7F) {
				abort();
			}
			continue;
		}
		size_t n = (size_t)(at - part);
		if (n == 0 || n > SP_WIRE_NAME_PART || (n == 1 && part[0] == '.') ||
				(n == 2 && part[0] == '.' && part[1] == '.')) {
			abort();
		}
		if (*at == '\0') {
			return;
		}
		part = at + 1;
	}
}

/* A file of a drive goes out as it came. */
static void check_file(struct sp_span in)
{
	char name[SP_WIRE_NAME_TEXT];
	uint8_t wire[2 * SP_WIRE_NAME_UNITS + 2];
	enum sp_wire_file kind = sp_wire_file_read(in, name);
	struct sp_wr w;

	if (kind == SP_WIRE_FILE_NONE) {
		return;
	}
	in = sp_wire_name_cut(in);
	sp_wr_fixed(&w, wire, sizeof(wire));
	bool good = kind == SP_WIRE_FILE_RAW ? sp_wire_file_write_raw(&w, name)
					     : sp_wire_name_write(&w, name) == SP_NAME_FINE;
	if (!good || w.n != in.n || memcmp(wire, in.p, w.n) != 0 || strchr(name, '/')) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[SP_WIRE_NAME_TEXT], again[SP_WIRE_NAME_TEXT], show[64];
	uint8_t wire[2 * SP_WIRE_NAME_UNITS + 2];
	struct sp_wr w;

	sp_wire_name_show(sp_span(data, size), show, sizeof(show));
	check_file(sp_span(data, size));
	enum sp_name_fault fault = sp_wire_name_read(sp_span(data, size), name);
	if (sp_name_harmful(fault)) {
		return name[0] != '\0' ? (abort(), 0) : 0;
	}
	check(name);
	if (sp_wire_name_read_part(sp_span(data, size), again) == SP_NAME_FINE &&
			(fault != SP_NAME_FINE || strcmp(name, again) != 0 || strchr(name, '/'))) {
		abort();
	}
	/* What is good for Unix goes out, and comes back as it was, fine for everybody. */
	sp_wr_fixed(&w, wire, sizeof(wire));
	if (sp_wire_name_write(&w, name) != SP_NAME_FINE || sp_wr_ok(&w) != SP_OK) {
		return 0;
	}
	if (sp_wire_name_read(sp_span(wire, w.n), again) != SP_NAME_FINE ||
			strcmp(name, again) != 0) {
		abort();
	}
	return 0;
}
