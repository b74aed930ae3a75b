/* tests/core/chan/test_clip_filter.c - what passes between two clipboards, and who is answered what. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/lib/crypto_nettle.h"

#define C SP_SIDE_CLIENT
#define T SP_SIDE_TARGET

static const struct sp_clip_rules everything = {true, true, true, true, true, 0};
static const struct sp_clip_rules text_in = {.text_in = true};

/* Long names: Unicode text, text, locale; HTML Format; FileGroupDescriptorW; a picture; HDROP */
#define UNICODE "0d000000 0000 "
#define ASCII "01000000 0000 "
#define LOCALE "10000000 0000 "
#define HTML "10d00000 480054004d004c00200046006f0072006d0061007400 0000 "
#define FILE_LIST \
	"99c00000 " \
	"460069006c006500470072006f0075007000440065007300630072006900700074006f0072005700 0000 "
#define DIB "08000000 0000 "
#define HDROP "0f000000 0000 "
#define SHORT_ZERO "0000000000000000000000000000000000000000000000000000000000000000 "

static const size_t cuts[] = {1600, 1, 2, 7, 8, 9, 11, 12, 13};

static void test_text_both_ways(void **state)
{
	for (size_t k = 0; k < SP_LEN(cuts); k++) {
		for (int side = 0; side < 2; side++) {
			enum sp_side owner = side ? T : C, asker = side ? C : T;
			struct table t;

			table_open(&t, &table_text, cuts[k]);
			table_say(&t, owner, SP_CLIP_FORMAT_LIST, 0, HTML UNICODE DIB ASCII LOCALE);
			table_got(&t, asker, SP_CLIP_FORMAT_LIST, 0, UNICODE ASCII LOCALE);
			table_say(&t, asker, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
			table_got(&t, owner, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
			table_not_told(&t);
			table_say(&t, asker, SP_CLIP_DATA_REQUEST, 0, "0d000000");
			table_got(&t, owner, SP_CLIP_DATA_REQUEST, 0, "0d000000");
			table_say(&t, owner, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "480069000000");
			table_got(&t, asker, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "480069000000");
			table_told(&t, asker, SP_TRANSFER_TEXT, SP_TRANSFER_PASSED, 6);
			/* Text of another kind may be asked for as well. */
			table_say(&t, asker, SP_CLIP_DATA_REQUEST, 0, "07000000");
			table_got(&t, owner, SP_CLIP_DATA_REQUEST, 0, "07000000");
			table_say(&t, owner, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
			table_got(&t, asker, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
			/* HTML was not offered through. */
			table_say(&t, asker, SP_CLIP_DATA_REQUEST, 0, "10d00000");
			table_got(&t, asker, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
			table_told(&t, asker, SP_TRANSFER_OTHER, SP_TRANSFER_REFUSED, 0);
			table_quiet(&t);
			table_not_told(&t);
			table_finish(&t);
		}
	}
}

static void test_one_direction(void **state)
{
	struct table t;

	table_open(&t, &text_in, 1600);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_told(&t, C, SP_TRANSFER_TEXT, SP_TRANSFER_REFUSED, 0);
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_got(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_told(&t, C, SP_TRANSFER_TEXT, SP_TRANSFER_REFUSED, 0);
	/* The client's own passes, and stays where it is when the target has something else. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_quiet(&t);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_got(&t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_finish(&t);
}

/* What was offered is taken away when something that may not pass takes its place. */
static void test_taken_away(void **state)
{
	struct table t;

	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, DIB);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, "");
	table_told(&t, T, SP_TRANSFER_OTHER, SP_TRANSFER_REFUSED, 0);
	table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	assert_int_equal(t.end[C].n, 2);
	table_clear(&t);
	/* Once: now there is nothing to take away. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, DIB);
	table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_quiet(&t);
	/* A list that was empty stays one. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, "");
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, "");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_finish(&t);
}

static void test_files(void **state)
{
	static const struct sp_clip_rules files_in = {.text_in = true, .files_in = true};
	struct table t;

	/* Refused: the format, the contents, the locks, the folder. */
	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST HDROP UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_REFUSED, 0);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "99c00000");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_told(&t, T, SP_TRANSFER_OTHER, SP_TRANSFER_REFUSED, 0);
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_REFUSED, 0);
	table_say(&t, T, SP_CLIP_LOCK, 0, "01000000");
	table_say(&t, T, SP_CLIP_UNLOCK, 0, "01000000");
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "05000000 0001020304050607");
	table_send(&t, C, unit_vector("spec/MS-RDPECLIP-4.1.4-client-temporary-directory-pdu.hex"));
	table_quiet(&t);
	table_finish(&t);

	/* Let through, toward the target only. */
	table_open(&t, &files_in, 5);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST HDROP UNICODE HTML);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, FILE_LIST UNICODE); /* paths: only with the rest */
	table_not_told(&t);
	table_say(&t, T, SP_CLIP_LOCK, 0, "01000000");
	table_got(&t, C, SP_CLIP_LOCK, 0, "01000000");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "99c00000");
	table_got(&t, C, SP_CLIP_DATA_REQUEST, 0, "99c00000");
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_say(&t, C, SP_CLIP_LOCK, 0, "01000000");
	table_quiet(&t);
	/* Two at once, answered the other way round; then one that says too much. */
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"06000000 00000000 02000000 00000000 00000000 04000000");
	table_clear(&t);
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "06000000 aabbcc");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "06000000 aabbcc");
	table_told(&t, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3);
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "06000000 aabbcc"); /* again */
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "07000000 aabbcc");
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "05000000 000102030405060708");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	table_told(&t, T, SP_TRANSFER_FILE, SP_TRANSFER_TOO_LARGE, 13);
	/* Still there under its lock when something else is on the clipboard. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"08000000 00000000 02000000 00000000 00000000 04000000 01000000");
	table_got(&t, C, SP_CLIP_FILE_REQUEST, 0,
			"08000000 00000000 02000000 00000000 00000000 04000000 01000000");
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "08000000");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "08000000");
	/* Not toward the client. */
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	table_clear(&t);
	table_say(&t, C, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	table_got(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	table_finish(&t);
}

static void test_caps(void **state)
{
	static const struct sp_clip_rules files_out = {.files_out = true};
	struct table t;

	table_start(&t, &table_text, 1600);
	table_say(&t, T, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 ffffffff");
	table_got(&t, C, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 0a000000");
	table_say(&t, T, SP_CLIP_CAPS, 0, "0200 0000 0100 0c00 02000000 3e000000 0900 0400");
	table_got(&t, C, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 0a000000");
	table_say(&t, T, SP_CLIP_CAPS, 0, "0000 0000");
	table_got(&t, C, SP_CLIP_CAPS, 0, "0000 0000");
	table_say(&t, T, SP_CLIP_CAPS, 0, "0100 0000 0100 ff00");
	table_quiet(&t);
	table_finish(&t);
	table_start(&t, &files_out, 1600);
	table_say(&t, C, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 3e000000");
	table_got(&t, T, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 3e000000");
	table_send(&t, C, unit_vector("spec/MS-RDPECLIP-4.1.4-client-temporary-directory-pdu.hex"));
	assert_int_equal(t.end[T].n, 1);
	table_clear(&t);
	table_say(&t, C, SP_CLIP_MONITOR_READY, 0, ""); /* not the client's to say */
	table_say(&t, C, 12, 0, "00000000");
	table_say(&t, C, 0xFFFF, 0, "");
	table_quiet(&t);
	table_finish(&t);
	/* Behind the first list nobody takes them: the form of lists is what it was. */
	table_open(&t, &everything, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, C, SP_CLIP_CAPS, 0, "0000 0000");
	table_say(&t, T, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 00000000");
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
	table_finish(&t);
}

/* Short names, cut and whole, in both alphabets; and where long ones were agreed. */
static void test_short(void **state)
{
	static const char short_file[] =
			"99c00000 460069006c006500470072006f00750070004400650073006300720069007000";
	static const char short_15[] =
			"99c00000 460069006c006500470072006f00750070004400650073006300720069000000";
	static const char ascii[] =
			"99c00000 46696c6547726f757044657363726970746f7257000000000000000000000000";
	struct table t;
	char hex[512];

	table_start(&t, &table_text, 1600);
	/* A client's first list passes, so that the target begins; with nothing in it. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, "08000000 " SHORT_ZERO);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, "");
	table_not_told(&t);
	for (int i = 0; i < 3; i++) {
		uint16_t flags = i == 2 ? SP_CLIP_ASCII_NAMES : 0;

		snprintf(hex, sizeof(hex), "%s 0d000000 " SHORT_ZERO,
				i == 0                   ? short_file
						: i == 1 ? short_15
							 : ascii);
		table_say(&t, C, SP_CLIP_FORMAT_LIST, flags, hex);
		table_got(&t, T, SP_CLIP_FORMAT_LIST, flags, "0d000000 " SHORT_ZERO);
		table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_REFUSED, 0);
	}
	table_finish(&t);
	table_open(&t, &everything, 1600);
	/* Where long names are agreed both ends read them so, whatever else would fit. */
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, short_file);
	table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	table_say(&t, C, SP_CLIP_FORMAT_LIST, SP_CLIP_ASCII_NAMES, UNICODE FILE_LIST);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
	table_quiet(&t);
	table_finish(&t);
}

#define CAPS(flags) "0100 0000 0100 0c00 02000000 " flags "000000"

/* A client that does not wait for its turn, and a target that does not. */
static void test_early(void **state)
{
	struct table t;

	for (int listed = 0; listed < 2; listed++) {
		table_start(&t, &everything, 1600);
		table_say(&t, C, SP_CLIP_CAPS, 0, CAPS("3e"));
		table_got(&t, T, SP_CLIP_CAPS, 0, CAPS("3e"));
		table_say(&t, T, SP_CLIP_CAPS, 0, CAPS("3e"));
		table_got(&t, C, SP_CLIP_CAPS, 0, CAPS("3e"));
		if (listed) {
			table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
			table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
		}
		table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
		table_got(&t, C, SP_CLIP_MONITOR_READY, 0, "");
		table_got(&t, T, SP_CLIP_CAPS, 0, CAPS("3e")); /* it may not have heard the first */
		if (listed) {
			table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
			table_got(&t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
			table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
			table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
		}
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, HTML FILE_LIST);
		table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, HTML FILE_LIST);
		/* A target that begins anew has forgotten it: defaults, until it is told. */
		table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
		table_got(&t, C, SP_CLIP_MONITOR_READY, 0, "");
		table_quiet(&t);
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, HTML FILE_LIST);
		table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
		table_say(&t, C, SP_CLIP_CAPS, 0, CAPS("3e"));
		table_got(&t, T, SP_CLIP_CAPS, 0, CAPS("3e"));
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, HTML FILE_LIST);
		table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, HTML FILE_LIST);
		table_finish(&t);
	}
	/* The target's own list, before anybody can know how the client will read it. */
	table_start(&t, &everything, 1600);
	table_say(&t, T, SP_CLIP_CAPS, 0, CAPS("3e"));
	table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
	table_clear(&t);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
	table_got(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, "");
	table_got(&t, C, SP_CLIP_FORMAT_LIST, 0, "");
	table_say(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_clear(&t);
	table_say(&t, C, SP_CLIP_CAPS, 0, CAPS("00"));
	table_clear(&t);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
	table_got(&t, C, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
	table_finish(&t);
	/* One that offers none, and a client without capabilities: nobody has doubts. */
	for (int offers = 0; offers < 2; offers++) {
		table_start(&t, &everything, 1600);
		table_say(&t, T, SP_CLIP_CAPS, 0, offers ? CAPS("3e") : CAPS("3c"));
		table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
		if (offers) {
			table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, "");
		}
		table_clear(&t);
		table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
		table_got(&t, C, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
		table_finish(&t);
	}
}

/* Text under another name would be taken for what the name says. */
static void test_names_of_text(void **state)
{
	struct table t;

	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0,
			"0d000000 480054004d004c00 0000 "
			"01000000 660069006c0065006e0061006d0065007700 0000"); /* filenamew */
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_REFUSED, 0);
	table_finish(&t);
}

/* ---- answers ---- */

static void test_not_asked(void **state)
{
	struct table t;

	table_open(&t, &everything, 3);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "480069000000");
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_say(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_say(&t, C, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "05000000 00");
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_clear(&t);
	table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, ""); /* a second one */
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4200"); /* a second one */
	table_quiet(&t);
	table_finish(&t);
}

/* A refusal waits for the answers before it, or it would be taken for one of them. */
static void test_order(void **state)
{
	struct table t;

	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "08000000");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	assert_int_equal(t.end[C].n, 2);
	table_clear(&t);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	assert_int_equal(t.end[T].n, 2);
	assert_int_equal(t.end[T].message[0].p[2], SP_CLIP_OK);
	assert_int_equal(t.end[T].message[1].p[2], SP_CLIP_FAIL);
	table_clear(&t);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4200");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4200");
	table_finish(&t);
}

/* Nor may an answer of ours stand in the middle of a message that passes. */
static void test_not_between(void **state)
{
	struct table t;

	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_clear(&t);
	struct sp_span m = unit_hex("0500 0100 06000000 414243444546");
	table_chunk(&t, C, 14, SP_SVC_FIRST, sp_span(m.p, 12));
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"06000000 00000000 01000000 00000000 00000000 08000000");
	assert_int_equal(t.end[T].n, 0);
	table_chunk(&t, C, 14, 0, sp_span(m.p + 12, 1));
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, ""); /* and what passes the other way passes */
	assert_int_equal(t.end[C].n, 1);
	table_chunk(&t, C, 14, SP_SVC_LAST, sp_span(m.p + 13, 1));
	assert_int_equal(t.end[T].n, 3);
	assert_int_equal(t.end[T].cut_off, 0);
	assert_int_equal(t.end[T].message[0].p[0], SP_CLIP_DATA_RESPONSE);
	assert_int_equal(t.end[T].message[2].p[0], SP_CLIP_FILE_RESPONSE);
	table_finish(&t);
}

static void test_flood(void **state)
{
	struct table t;

	table_open(&t, &table_text, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_clear(&t);
	for (size_t i = 0; i < 1000; i++) {
		table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, i % 2 ? "08000000" : "0d000000");
	}
	assert_int_equal(t.end[C].n, SP_CLIP_MAX_PENDING / 2);
	assert_int_equal(t.end[T].n, 0);
	for (size_t i = 0; i < 1000; i++) {
		table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	}
	assert_int_equal(t.end[T].n, SP_CLIP_MAX_PENDING);
	table_clear(&t);
	/* Lists without responses. */
	for (size_t i = 0; i < 1000; i++) {
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	}
	assert_int_equal(t.end[T].n, SP_CLIP_MAX_PENDING - 1);
	assert_int_equal(t.end[C].n, 1000 - (SP_CLIP_MAX_PENDING - 1));
	/* Refused while a message passes that never ends. */
	table_clear(&t);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_chunk(&t, T, 100, SP_SVC_FIRST, unit_hex("0500 0100 5c000000 41414141"));
	table_clear(&t);
	for (size_t i = 0; i < 10000; i++) {
		table_say(&t, C, SP_CLIP_FILE_REQUEST, 0,
				"05000000 00000000 01000000 00000000 00000000 08000000");
	}
	table_quiet(&t);
	assert_true(t.f.sieve.from[T].later.n <= 64u << 10);
	static const uint8_t rest[88];
	table_chunk(&t, T, 100, SP_SVC_LAST, sp_span(rest, sizeof(rest)));
	assert_true(t.end[C].n > 1000);
	assert_int_equal(t.end[C].cut_off, 0);
	table_finish(&t);
}

/* ---- lists that lie ---- */

static void test_many_formats(void **state)
{
	static uint8_t list[SP_CLIP_HEAD + 10000 * 6];
	struct table t;
	struct sp_wr w;

	table_open(&t, &everything, 1600);
	sp_wr_fixed(&w, list, sizeof(list));
	size_t mark = sp_clip_begin(&w, SP_CLIP_FORMAT_LIST, 0);
	for (uint32_t i = 0; i < 10000; i++) {
		sp_wr_le32(&w, 0xC000 + i);
		sp_wr_le16(&w, 0);
	}
	sp_clip_end(&w, mark);
	table_send(&t, C, sp_span(list, sizeof(list)));
	assert_int_equal(t.end[T].n, 1);
	assert_int_equal(t.end[T].message[0].n, SP_CLIP_HEAD + SP_CLIP_MAX_FORMATS * 6);
	table_clear(&t);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "ffc00000");
	table_got(&t, C, SP_CLIP_DATA_REQUEST, 0, "ffc00000");
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_clear(&t);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "00c10000");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	/* Longer than any list: refused from its first chunk on, and no memory for the rest. */
	table_chunk(&t, C, 400000, SP_SVC_FIRST, unit_hex("0200 0000 781a0600 0d000000"));
	table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	for (int i = 0; i < 100; i++) {
		table_chunk(&t, C, 400000, 0, sp_span(list, 1600));
	}
	assert_true(t.f.sieve.from[C].data.cap <= SP_SIEVE_SMALL_MAX);
	table_quiet(&t);
	/* What it offered before is no longer there. */
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "ffc00000");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_finish(&t);
}

static void test_bad_lists(void **state)
{
	static const char *const rows[] = {"0d000000", "0d000000 4100", "0d000000 0000 08",
			"0d000000 41004200430044", "0000"};
	struct table t;
	char name[6 * 300];
	int n = snprintf(name, sizeof(name), "20c00000 ");

	table_open(&t, &everything, 7);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, rows[i]);
		table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	}
	table_quiet(&t);
	/* A name that no system has is left out. */
	for (size_t i = 0; i < 257; i++) {
		n += snprintf(name + n, sizeof(name) - (size_t)n, "4100");
	}
	snprintf(name + n, sizeof(name) - (size_t)n, "0000 " UNICODE);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, name);
	table_got(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_finish(&t);
}

/* ---- lengths and chunks that lie ---- */

static void asked(struct table *t, size_t chunk)
{
	table_open(t, &table_text, chunk);
	table_say(t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_clear(t);
}

/* After it, whatever it was, the channel works. */
static void works(struct table *t)
{
	table_clear(t);
	table_say(t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_got(t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_got(t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_say(t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	table_got(t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	table_quiet(t);
	table_finish(t);
}

static void test_lengths(void **state)
{
	static const struct {
		uint32_t total;
		const char *hex;
		enum sp_transfer_verdict verdict;
		uint64_t n;
	} rows[] = {
			/* dataLen beyond the message, far behind it, and too much of it */
			{12, "0500 0100 05000000 41004100", SP_TRANSFER_DAMAGED, 5},
			{12, "0500 0100 ffffffff 41004100", SP_TRANSFER_DAMAGED, 0xFFFFFFFF},
			{13, "0500 0100 00000000 4100410041", SP_TRANSFER_DAMAGED, 0},
			{SP_CLIP_DATA_MAX + 9, "0500 0100 01000010 41004100", SP_TRANSFER_TOO_LARGE,
					SP_CLIP_DATA_MAX + 1},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span m = unit_hex(rows[i].hex);
		struct table t;

		asked(&t, 1600);
		table_chunk(&t, C, rows[i].total,
				SP_SVC_FIRST | (m.n == rows[i].total ? SP_SVC_LAST : 0), m);
		table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
		table_told(&t, T, SP_TRANSFER_TEXT, rows[i].verdict, rows[i].n);
		works(&t);
	}
	/* Windows' four bytes are no lie. */
	struct table t;
	asked(&t, 1600);
	struct sp_span m = unit_hex("0500 0100 02000000 4100 00000000");
	table_send(&t, C, m);
	assert_int_equal(t.end[T].n, 1);
	unit_assert_span(sp_span(t.end[T].message[0].p, t.end[T].message[0].n), m);
	works(&t);
}

#define CHUNK(t, side, total, flags, hex) table_chunk(t, side, total, flags, unit_hex(hex))

static void test_chunks(void **state)
{
	struct table t;

	/* The total changes between chunks of an answer. */
	asked(&t, 1600);
	CHUNK(&t, C, 100, SP_SVC_FIRST, "0500 0100 5c000000 41424344");
	CHUNK(&t, C, 90, 0, "41424344");
	assert_int_equal(t.end[T].cut_off, 1);
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_told(&t, T, SP_TRANSFER_TEXT, SP_TRANSFER_DAMAGED, 92);
	CHUNK(&t, C, 100, SP_SVC_LAST, "41424344"); /* the rest goes nowhere */
	table_quiet(&t);
	works(&t);
	/* It ends early, it does not end, it begins again. */
	asked(&t, 1600);
	CHUNK(&t, C, 100, SP_SVC_FIRST, "0500 0100 5c000000 41424344");
	CHUNK(&t, C, 100, SP_SVC_LAST, "41424344");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	works(&t);
	asked(&t, 1600);
	CHUNK(&t, C, 14, SP_SVC_FIRST, "0500 0100 06000000 41424344");
	CHUNK(&t, C, 14, 0, "4142434445464748");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	works(&t);
	asked(&t, 1600);
	CHUNK(&t, C, 14, SP_SVC_FIRST, "0500 0100 06000000 41424344");
	CHUNK(&t, C, 14, SP_SVC_FIRST, "0500 0100 06000000 41424344");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	works(&t);
	/* More than its total in one piece; nothing before; nothing at all; compressed. */
	asked(&t, 1600);
	CHUNK(&t, C, 4, SP_SVC_FIRST | SP_SVC_LAST, "0500 0100 06000000 41424344");
	CHUNK(&t, C, 14, SP_SVC_LAST, "0500 0100 06000000 41424344");
	CHUNK(&t, C, 0, SP_SVC_FIRST | SP_SVC_LAST, "");
	CHUNK(&t, C, 3, SP_SVC_FIRST | SP_SVC_LAST, "050001");
	CHUNK(&t, C, 0, SP_SVC_SUSPEND, "");
	CHUNK(&t, C, 12, SP_SVC_FIRST | SP_SVC_LAST | SP_SVC_COMPRESSED,
			"0500 0100 04000000 41424344");
	CHUNK(&t, C, 0xFFFFFFFF, SP_SVC_FIRST, "");
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "4100");
	works(&t);
	/* A list and requests that do not come to their end are answered all the same. */
	asked(&t, 1600);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_clear(&t);
	CHUNK(&t, C, 100, SP_SVC_FIRST, "0200 0000 5c000000 0d000000");
	CHUNK(&t, C, 100, SP_SVC_LAST, "0000");
	table_got(&t, C, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	CHUNK(&t, T, 100, SP_SVC_FIRST, "0400 0000 04000000 0d000000");
	CHUNK(&t, T, 100, SP_SVC_LAST, "0000");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	CHUNK(&t, T, 32, SP_SVC_FIRST, "0800 0000 18000000 09000000");
	CHUNK(&t, T, 32, SP_SVC_LAST, "0000");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "09000000");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d00");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_say(&t, T, SP_CLIP_FILE_REQUEST, 0,
			"0a000000 00000000 05000000 00000000 00000000 08000000");
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "0a000000");
	works(&t);
}

/* Long text: in chunks of any size, never more than one of them held. */
static void test_long_text(void **state)
{
	static const size_t sizes[] = {1600, 1599, 16256, 100};
	size_t n = 6u << 20;
	uint8_t *m = malloc(SP_CLIP_HEAD + n);
	struct sp_wr w;

	sp_wr_fixed(&w, m, SP_CLIP_HEAD + n);
	size_t mark = sp_clip_begin(&w, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK);
	memset(sp_wr_room(&w, n), 'x', n);
	sp_clip_end(&w, mark);
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		struct table t;

		asked(&t, sizes[i]);
		table_send(&t, C, sp_span(m, w.n));
		assert_int_equal(t.end[T].n, 1);
		unit_assert_span(sp_span(t.end[T].message[0].p, t.end[T].message[0].n),
				sp_span(m, w.n));
		assert_true(t.end[T].largest <= sizes[i]);
		assert_true(t.f.sieve.out.cap <= 64u << 10);
		assert_true(t.f.sieve.from[C].data.cap <= 1024);
		table_told(&t, T, SP_TRANSFER_TEXT, SP_TRANSFER_PASSED, n);
		works(&t);
	}
	free(m);
}

/* The target's side of the clipboard is started again. */
static void test_restart(void **state)
{
	struct table t;

	table_open(&t, &everything, 1600);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, UNICODE FILE_LIST);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, UNICODE);
	table_say(&t, C, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_say(&t, C, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	CHUNK(&t, C, 100, SP_SVC_FIRST, "0500 0100 5c000000 41424344");
	table_clear(&t);
	table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
	assert_int_equal(t.end[C].n, 3); /* two failures, and the message itself */
	assert_int_equal(t.end[C].message[0].p[0], SP_CLIP_DATA_RESPONSE);
	assert_int_equal(t.end[C].message[1].p[0], SP_CLIP_FILE_RESPONSE);
	assert_int_equal(t.end[C].message[2].p[0], SP_CLIP_MONITOR_READY);
	table_clear(&t);
	CHUNK(&t, C, 100, 0, "41424344");
	table_quiet(&t);
	table_say(&t, C, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 3e000000");
	works(&t);
}

static void test_no_memory(void **state)
{
	struct sp_span list = unit_hex("18000000 01000000 0200 0000 10000000 0d000000");
	struct sp_span end = unit_hex("18000000 02000000 0000 01000000 0000 000000");

	for (long n = 0; n < 8; n++) {
		struct sp_clip_filter f;

		sp_clip_filter_init(&f, &table_text, &sp_crypto_nettle);
		sp_mem_fail_after(n);
		int rc = sp_clip_filter_feed(&f, C, list);
		if (rc == SP_OK) {
			rc = sp_clip_filter_feed(&f, C, end);
		}
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		assert_true(n > 0 || rc == SP_ENOMEM);
		sp_clip_filter_finish(&f);
	}
}

static void test_events_are_bounded(void **state)
{
	struct sp_transfer ev;
	struct table t;
	size_t n = 0;

	table_open(&t, &table_text, 1600);
	for (int i = 0; i < 100; i++) {
		table_say(&t, C, SP_CLIP_DATA_REQUEST, 0, "0f000000");
	}
	for (; sp_clip_filter_event(&t.f, &ev); n++) {
		assert_int_equal(ev.kind, SP_TRANSFER_FILES);
	}
	assert_int_equal(n, SP_TRANSFERS_MAX);
	table_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_text_both_ways),
			cmocka_unit_test(test_one_direction),
			cmocka_unit_test(test_taken_away),
			cmocka_unit_test(test_files),
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_short),
			cmocka_unit_test(test_early),
			cmocka_unit_test(test_names_of_text),
			cmocka_unit_test(test_not_asked),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_not_between),
			cmocka_unit_test(test_flood),
			cmocka_unit_test(test_many_formats),
			cmocka_unit_test(test_bad_lists),
			cmocka_unit_test(test_lengths),
			cmocka_unit_test(test_chunks),
			cmocka_unit_test(test_long_text),
			cmocka_unit_test(test_restart),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_events_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
