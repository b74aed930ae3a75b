/* core/pdu/info.c - see info.h. */
#include "core/pdu/info.h"

#include <string.h>

#include "core/base/utf16.h"

#define MAX_BYTES 512 /* of a string, without its NUL */
#define MAX_ADDRESS 96
#define MAX_TZ_KEY 254
#define TZ_NAME_BYTES 64
#define ZONE_SIZE 172
#define ARC_SIZE 28
#define ARC_VERSION 1

/*
 * ANSI text as UTF-16LE, each byte taken as Latin-1: only clients of the last century send it,
 * and nothing but names for the log is made of it. to holds twice the bytes of in.
 */
static struct sp_span widen(struct sp_span in, uint8_t *to)
{
	for (size_t i = 0; i < in.n; i++) {
		to[2 * i] = in.p[i];
		to[2 * i + 1] = 0;
	}
	return sp_span(to, in.n * 2);
}

/*
 * n bytes of text and the terminator behind them, which n does not count. Gives UTF-16LE,
 * either in the input or in room, which has 2 * MAX_BYTES bytes.
 */
static struct sp_span text_read(struct sp_rd *r, size_t n, size_t terminator, bool unicode,
		uint8_t *room, const char *field)
{
	if (!(n <= (unicode ? MAX_BYTES : MAX_BYTES / 2))) {
		sp_rd_fail(r, SP_ELIMIT, field);
		return sp_span(NULL, 0);
	}
	if (unicode && n % 2 != 0) {
		sp_rd_fail(r, SP_EFIELD, field);
		return sp_span(NULL, 0);
	}
	struct sp_span text = sp_rd_span(r, n);
	sp_rd_skip(r, terminator);
	return unicode ? text : widen(text, room);
}

/* [MS-RDPBCGR] 2.2.1.11.1.1.1.1.1 System Time (TS_SYSTEMTIME) */
static void time_read(struct sp_rd *r, struct sp_info_time *out)
{
	out->year = sp_rd_le16(r);
	out->month = sp_rd_le16(r);
	out->day_of_week = sp_rd_le16(r);
	out->day = sp_rd_le16(r);
	out->hour = sp_rd_le16(r);
	out->minute = sp_rd_le16(r);
	out->second = sp_rd_le16(r);
	out->ms = sp_rd_le16(r);
}

static void time_write(struct sp_wr *w, const struct sp_info_time *in)
{
	sp_wr_le16(w, in->year);
	sp_wr_le16(w, in->month);
	sp_wr_le16(w, in->day_of_week);
	sp_wr_le16(w, in->day);
	sp_wr_le16(w, in->hour);
	sp_wr_le16(w, in->minute);
	sp_wr_le16(w, in->second);
	sp_wr_le16(w, in->ms);
}

/* [MS-RDPBCGR] 2.2.1.11.1.1.1.1 Time Zone Information (TS_TIME_ZONE_INFORMATION) */
static void zone_read(struct sp_rd *r, struct sp_info_zone *out)
{
	out->bias = (int32_t)sp_rd_le32(r);
	sp_utf16_to_utf8(sp_rd_span(r, TZ_NAME_BYTES), out->standard_name,
			sizeof(out->standard_name));
	time_read(r, &out->standard_date);
	out->standard_bias = (int32_t)sp_rd_le32(r);
	sp_utf16_to_utf8(sp_rd_span(r, TZ_NAME_BYTES), out->daylight_name,
			sizeof(out->daylight_name));
	time_read(r, &out->daylight_date);
	out->daylight_bias = (int32_t)sp_rd_le32(r);
}

static void zone_name_write(struct sp_wr *w, const char *name)
{
	size_t n = sp_utf16_units(name) * 2;

	if (!(n <= TZ_NAME_BYTES)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_utf16_write(w, name);
	sp_wr_zero(w, TZ_NAME_BYTES - n);
}

static void zone_write(struct sp_wr *w, const struct sp_info_zone *in)
{
	sp_wr_le32(w, (uint32_t)in->bias);
	zone_name_write(w, in->standard_name);
	time_write(w, &in->standard_date);
	sp_wr_le32(w, (uint32_t)in->standard_bias);
	zone_name_write(w, in->daylight_name);
	time_write(w, &in->daylight_date);
	sp_wr_le32(w, (uint32_t)in->daylight_bias);
}

/* [MS-RDPBCGR] 2.2.4.3 Client Auto-Reconnect Packet (ARC_CS_PRIVATE_PACKET) */
static void arc_read(struct sp_rd *r, struct sp_info *out)
{
	uint32_t size = sp_rd_le32(r);
	uint32_t version = sp_rd_le32(r);

	out->arc.logon_id = sp_rd_le32(r);
	sp_rd_copy(r, out->arc.verifier, sizeof(out->arc.verifier));
	/* A cookie of another kind is as good as none. */
	out->has_arc = size == ARC_SIZE && version == ARC_VERSION;
	if (!out->has_arc) {
		out->arc = (struct sp_info_arc){0};
	}
}

/* The fields behind the time zone. Each client stops where its version did. */
static void tail_read(struct sp_rd *r, struct sp_info *out)
{
	if (sp_rd_left(r) < 4) {
		return;
	}
	out->session_id = sp_rd_le32(r);
	out->tail = SP_INFO_TAIL_SESSION;
	if (sp_rd_left(r) < 4) {
		return;
	}
	out->perf = sp_rd_le32(r);
	out->tail = SP_INFO_TAIL_PERF;
	if (sp_rd_left(r) < 2) {
		return;
	}
	size_t arc = sp_rd_le16(r); /* cbAutoReconnectCookie */
	if (arc != 0 && arc != ARC_SIZE) {
		sp_rd_fail(r, SP_EFIELD, "info.cbAutoReconnectCookie");
		return;
	}
	if (arc != 0) {
		arc_read(r, out);
	}
	out->tail = SP_INFO_TAIL_ARC;
	if (sp_rd_left(r) < 4) {
		return;
	}
	sp_rd_skip(r, 2 + 2); /* reserved1, reserved2 */
	out->tail = SP_INFO_TAIL_RESERVED;
	if (sp_rd_left(r) < 2) {
		return;
	}
	size_t key = sp_rd_le16(r); /* cbDynamicDSTTimeZoneKeyName */
	if (!(key <= MAX_TZ_KEY)) {
		sp_rd_fail(r, SP_ELIMIT, "info.cbDynamicDSTTimeZoneKeyName");
		return;
	}
	sp_utf16_to_utf8(sp_rd_span(r, key), out->dst_key, sizeof(out->dst_key));
	if (sp_rd_left(r) >= 2) {
		out->dst_disabled = sp_rd_le16(r) != 0;
	}
	out->tail = SP_INFO_TAIL_DST;
}

/* [MS-RDPBCGR] 2.2.1.11.1.1.1 Extended Info Packet (TS_EXTENDED_INFO_PACKET) */
static void extended_read(struct sp_rd *r, struct sp_info *out, bool unicode)
{
	uint8_t room[2 * MAX_BYTES];
	struct sp_span s;

	if (sp_rd_left(r) == 0) {
		return;
	}
	out->family = sp_rd_le16(r);
	/* These two lengths include the terminator. */
	size_t n = sp_rd_le16(r);
	if (!(n <= MAX_ADDRESS)) {
		sp_rd_fail(r, SP_ELIMIT, "info.cbClientAddress");
		return;
	}
	s = text_read(r, n, 0, unicode, room, "info.cbClientAddress");
	sp_utf16_to_utf8(s, out->address, sizeof(out->address));
	n = sp_rd_le16(r);
	s = text_read(r, n, 0, unicode, room, "info.cbClientDir");
	sp_utf16_to_utf8(s, out->client_dir, sizeof(out->client_dir));
	out->tail = SP_INFO_TAIL_ADDRESS;
	if (sp_rd_left(r) < ZONE_SIZE) {
		return;
	}
	zone_read(r, &out->zone);
	out->tail = SP_INFO_TAIL_ZONE;
	tail_read(r, out);
}

static void packet_read(struct sp_rd *r, struct sp_info *out)
{
	uint8_t room[2 * MAX_BYTES];
	struct sp_span s;

	out->code_page = sp_rd_le32(r);
	out->flags = sp_rd_le32(r);
	bool unicode = (out->flags & SP_INFO_UNICODE) != 0;
	size_t nul = unicode ? 2 : 1; /* not counted by the lengths */
	size_t domain = sp_rd_le16(r), user = sp_rd_le16(r), password = sp_rd_le16(r);
	size_t shell = sp_rd_le16(r), dir = sp_rd_le16(r);

	s = text_read(r, domain, nul, unicode, room, "info.cbDomain");
	sp_utf16_to_utf8(s, out->domain, sizeof(out->domain));
	s = text_read(r, user, nul, unicode, room, "info.cbUserName");
	sp_utf16_to_utf8(s, out->user, sizeof(out->user));
	s = text_read(r, password, nul, unicode, room, "info.cbPassword");
	if (!sp_secret_set(&out->password, s.p, s.n)) {
		sp_rd_fail(r, SP_ELIMIT, "info.cbPassword");
	}
	sp_wipe(room, sizeof(room));
	s = text_read(r, shell, nul, unicode, room, "info.cbAlternateShell");
	sp_utf16_to_utf8(s, out->shell, sizeof(out->shell));
	s = text_read(r, dir, nul, unicode, room, "info.cbWorkingDir");
	sp_utf16_to_utf8(s, out->dir, sizeof(out->dir));
	if (sp_rd_ok(r) == SP_OK) {
		extended_read(r, out, unicode);
	}
}

int sp_info_read(struct sp_rd *r, struct sp_info *out)
{
	memset(out, 0, sizeof(*out));
	packet_read(r, out);
	if (sp_rd_ok(r) != SP_OK) {
		sp_secret_wipe(&out->password);
	}
	return sp_rd_ok(r);
}

/* Appends s as UTF-16LE with a NUL and returns its bytes without it. */
static size_t text_write(struct sp_wr *w, const char *s)
{
	size_t n = sp_utf16_units(s) * 2;

	if (!(n <= MAX_BYTES - 2)) {
		sp_wr_fail(w, SP_EARG);
		return 0;
	}
	sp_utf16_write(w, s);
	sp_wr_le16(w, 0);
	return n;
}

static void extended_write(struct sp_wr *w, const struct sp_info *in)
{
	if (in->tail < SP_INFO_TAIL_ADDRESS) {
		return;
	}
	sp_wr_le16(w, in->family);
	size_t at = sp_wr_hole(w, 2);
	if (sp_utf16_units(in->address) >= 40) {
		sp_wr_fail(w, SP_EARG);
	}
	sp_wr_fill_le16(w, at, text_write(w, in->address) + 2);
	at = sp_wr_hole(w, 2);
	sp_wr_fill_le16(w, at, text_write(w, in->client_dir) + 2);
	if (in->tail >= SP_INFO_TAIL_ZONE) {
		zone_write(w, &in->zone);
	}
	if (in->tail >= SP_INFO_TAIL_SESSION) {
		sp_wr_le32(w, in->session_id);
	}
	if (in->tail >= SP_INFO_TAIL_PERF) {
		sp_wr_le32(w, in->perf);
	}
	if (in->tail >= SP_INFO_TAIL_ARC) {
		sp_wr_le16(w, in->has_arc ? ARC_SIZE : 0);
		if (in->has_arc) {
			sp_wr_le32(w, ARC_SIZE);
			sp_wr_le32(w, ARC_VERSION);
			sp_wr_le32(w, in->arc.logon_id);
			sp_wr_put(w, in->arc.verifier, sizeof(in->arc.verifier));
		}
	}
	if (in->tail >= SP_INFO_TAIL_RESERVED) {
		sp_wr_zero(w, 2 + 2); /* reserved1, reserved2 */
	}
	if (in->tail >= SP_INFO_TAIL_DST) {
		size_t n = sp_utf16_units(in->dst_key) * 2;

		if (!(n <= MAX_TZ_KEY)) {
			sp_wr_fail(w, SP_EARG);
			return;
		}
		sp_wr_le16(w, (uint16_t)n);
		sp_utf16_write(w, in->dst_key);
		sp_wr_le16(w, in->dst_disabled);
	}
}

void sp_info_write(struct sp_wr *w, const struct sp_info *in)
{
	sp_wr_le32(w, in->code_page);
	sp_wr_le32(w, in->flags | SP_INFO_UNICODE);
	size_t at = sp_wr_hole(w, 5 * 2);

	sp_wr_fill_le16(w, at, text_write(w, in->domain));
	sp_wr_fill_le16(w, at + 2, text_write(w, in->user));
	sp_wr_put(w, in->password.p, in->password.n);
	sp_wr_le16(w, 0);
	sp_wr_fill_le16(w, at + 4, in->password.n);
	sp_wr_fill_le16(w, at + 6, text_write(w, in->shell));
	sp_wr_fill_le16(w, at + 8, text_write(w, in->dir));
	extended_write(w, in);
}
