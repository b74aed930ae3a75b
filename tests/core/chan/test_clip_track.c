/* tests/core/chan/test_clip_track.c - files over a filtered clipboard: their names, sizes and contents. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/chan/clip_track.h"
#include "told.h"

#define C SP_SIDE_CLIENT
#define T SP_SIDE_TARGET
#define FILE_LIST \
	"99c00000 " \
	"460069006c006500470072006f0075007000440065007300630072006900700074006f0072005700 0000 "

static const struct sp_clip_rules both = {.files_in = true, .files_out = true};

struct entry {
	const char *name;
	uint64_t size;
	const uint16_t *units; /* instead of name */
};

/* Its descriptor list, as an answer. */
static void say_files(struct table *t, enum sp_side from, const struct entry *e, uint32_t n)
{
	struct sp_wr w;

	sp_wr_init(&w, 16u << 20);
	size_t mark = sp_clip_begin(&w, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK);
	sp_wr_le32(&w, n);
	for (uint32_t i = 0; i < n; i++) {
		size_t at = w.n;

		sp_wr_zero(&w, SP_CLIP_FILE_ENTRY);
		w.p[at] = 0x40;
		for (size_t k = 0; k < 4; k++) {
			w.p[at + 68 + k] = (uint8_t)(e[i].size >> 8 * k);
			w.p[at + 64 + k] = (uint8_t)(e[i].size >> (32 + 8 * k));
		}
		struct sp_wr name;
		sp_wr_fixed(&name, w.p + at + 72, 520);
		if (e[i].units) {
			for (const uint16_t *u = e[i].units; *u; u++) {
				sp_wr_le16(&name, *u);
			}
		} else {
			sp_utf16_write(&name, e[i].name);
		}
	}
	sp_clip_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	table_send(t, from, sp_span(w.p, w.n));
	sp_wr_finish(&w);
}

/* `from` has files, and the other side knows their names. */
static void offer(struct table *t, enum sp_side from, const struct entry *e, uint32_t n)
{
	enum sp_side to = sp_side_other(from);

	table_say(t, from, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	table_say(t, to, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	table_say(t, to, SP_CLIP_DATA_REQUEST, 0, "99c00000");
	table_clear(t);
	say_files(t, from, e, n);
}

static void ask(struct table *t, enum sp_side from, uint32_t stream, uint32_t index, uint32_t flags,
		uint64_t position, uint32_t n, uint32_t lock)
{
	struct sp_wr w;

	sp_wr_init(&w, 256);
	size_t mark = sp_clip_begin(&w, SP_CLIP_FILE_REQUEST, 0);
	sp_clip_file_request_write(&w,
			&(struct sp_clip_file_request){.stream = stream,
					.index = index,
					.flags = flags,
					.position = position,
					.n = n,
					.has_lock = lock != 0,
					.lock = lock});
	sp_clip_end(&w, mark);
	table_send(t, from, sp_span(w.p, w.n));
	sp_wr_finish(&w);
}

static void give(struct table *t, enum sp_side from, uint32_t stream, const void *p, size_t n)
{
	struct sp_wr w;

	sp_wr_init(&w, 1u << 20);
	size_t mark = sp_clip_begin(&w, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK);
	sp_clip_file_response_write(&w,
			&(struct sp_clip_file_response){.stream = stream, .data = sp_span(p, n)});
	sp_clip_end(&w, mark);
	table_send(t, from, sp_span(w.p, w.n));
	sp_wr_finish(&w);
}

/* A piece of a file of `from`, asked for and given. */
static void piece(struct table *t, enum sp_side from, uint32_t index, uint64_t position,
		const char *text, uint32_t asked)
{
	ask(t, sp_side_other(from), 7, index, SP_CLIP_FILE_RANGE, position, asked, 0);
	give(t, from, 7, text, strlen(text));
	table_clear(t);
}

static void told_file(struct table *t, enum sp_side to, enum sp_transfer_verdict verdict,
		uint64_t n, const char *name, const char *whole)
{
	struct sp_transfer ev;

	assert_true(sp_clip_filter_event(&t->f, &ev));
	told_check(&ev,
			&(struct told){SP_TRANSFER_CLIPBOARD, to, SP_TRANSFER_FILE, verdict, n,
					name, whole});
}

static const struct entry tree[] = {
		{"dir", 0, NULL},
		{"dir\\a.txt", 9, NULL},
		{"b.bin", 4, NULL},
};

static void test_whole(void **state)
{
	static const size_t cuts[] = {1600, 1, 5, 13, 591, 592, 593};

	for (size_t k = 0; k < SP_LEN(cuts); k++) {
		for (int side = 0; side < 2; side++) {
			enum sp_side from = side ? T : C, to = side ? C : T;
			struct table t;

			table_open(&t, &both, cuts[k]);
			offer(&t, from, tree, 3);
			assert_int_equal(t.end[to].n, 1);
			assert_int_equal(t.end[to].message[0].n,
					SP_CLIP_HEAD + 4 + 3 * SP_CLIP_FILE_ENTRY);
			assert_true(t.end[to].largest <= SP_SVC_CHUNK);
			table_told(&t, to, SP_TRANSFER_FILES, SP_TRANSFER_PASSED,
					4 + 3 * SP_CLIP_FILE_ENTRY);
			/* Two files, in turn; whole by their size. */
			piece(&t, from, 1, 0, "abcd", 4);
			piece(&t, from, 2, 0, "wx", 2);
			piece(&t, from, 1, 4, "efgh", 4);
			table_not_told(&t);
			piece(&t, from, 1, 8, "i", 1);
			told_file(&t, to, SP_TRANSFER_PASSED, 9, "dir/a.txt", "abcdefghi");
			piece(&t, from, 2, 2, "yz", 100);
			told_file(&t, to, SP_TRANSFER_PASSED, 4, "b.bin", "wxyz");
			table_not_told(&t);
			table_finish(&t);
		}
	}
}

/* No hash for what was not read from the start to the end, once and in order. */
static void test_not_whole(void **state)
{
	struct table t;

	table_open(&t, &both, 1600);
	offer(&t, C, tree, 3);
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_PASSED, 4 + 3 * SP_CLIP_FILE_ENTRY);
	piece(&t, C, 1, 4, "efgh", 4);
	piece(&t, C, 1, 0, "abcd", 4); /* from the start: that is another time */
	told_file(&t, T, SP_TRANSFER_PASSED, 4, "dir/a.txt", NULL);
	piece(&t, C, 1, 4, "ef", 4); /* shorter than its size */
	told_file(&t, T, SP_TRANSFER_PASSED, 6, "dir/a.txt", NULL);
	/* Left off when something else is copied; but under a lock it goes on. */
	piece(&t, C, 2, 0, "w", 1);
	table_say(&t, T, SP_CLIP_LOCK, 0, "05000000");
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	table_clear(&t);
	table_not_told(&t);
	ask(&t, T, 9, 2, SP_CLIP_FILE_RANGE, 1, 3, 5);
	give(&t, C, 9, "xyz", 3);
	told_file(&t, T, SP_TRANSFER_PASSED, 4, "b.bin", "wxyz");
	ask(&t, T, 9, 2, SP_CLIP_FILE_RANGE, 0, 1, 5);
	give(&t, C, 9, "w", 1);
	table_not_told(&t);
	table_say(&t, T, SP_CLIP_UNLOCK, 0, "05000000");
	told_file(&t, T, SP_TRANSFER_PASSED, 1, "b.bin", NULL);
	table_finish(&t);
	/* Without a size, a short answer is its end. */
	table_open(&t, &both, 1600);
	table_say(&t, T, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	piece(&t, T, 3, 0, "abc", 3);
	piece(&t, T, 3, 3, "", 3);
	told_file(&t, C, SP_TRANSFER_PASSED, 3, "", "abc");
	/* The session ends. */
	piece(&t, T, 4, 0, "abc", 3);
	sp_clip_filter_stop(&t.f);
	told_file(&t, C, SP_TRANSFER_PASSED, 3, "", NULL);
	table_not_told(&t);
	table_finish(&t);
}

/* Names that lead elsewhere: the others keep their places, these cannot be read. N-F1 */
static void test_bad_names(void **state)
{
	static const uint16_t lone[] = {'a', 0xD800, 'b', 0};
	static const struct entry bad[] = {
			{"good.txt", 4, NULL},
			{"..\\..\\etc\\passwd", 4, NULL},
			{"../up", 4, NULL},
			{"a\\..\\..\\b", 4, NULL},
			{"\\\\host\\share\\x", 4, NULL},
			{"\\\\?\\C:\\x", 4, NULL},
			{"\\\\.\\pipe\\x", 4, NULL},
			{"C:\\x", 4, NULL},
			{"C:x", 4, NULL},
			{"/etc/passwd", 4, NULL},
			{"\\x", 4, NULL},
			{"CON", 4, NULL},
			{"dir\\aux.txt", 4, NULL},
			{"file.txt:stream", 4, NULL},
			{"dot.", 4, NULL},
			{"", 4, NULL},
			{"a\\\\b", 4, NULL},
			{"tab\tbed", 4, NULL},
			{NULL, 4, lone},
			{"fine\\too", 4, NULL},
	};
	struct sp_transfer ev;
	struct table t;

	for (int side = 0; side < 2; side++) {
		enum sp_side from = side ? T : C, to = side ? C : T;

		table_open(&t, &both, 700);
		offer(&t, from, bad, SP_LEN(bad));
		for (size_t i = 1; i + 1 < SP_LEN(bad); i++) {
			assert_true(sp_clip_filter_event(&t.f, &ev));
			assert_int_equal(ev.verdict, SP_TRANSFER_NAMED_BADLY);
			assert_int_equal(ev.kind, SP_TRANSFER_FILE);
			assert_string_equal(ev.name, "");
			assert_true(i == 15 || ev.sent[0] != '\0');
		}
		table_told(&t, to, SP_TRANSFER_FILES, SP_TRANSFER_PASSED,
				4 + SP_LEN(bad) * SP_CLIP_FILE_ENTRY);
		assert_int_equal(t.end[to].n, 1);
		struct sp_wr *m = &t.end[to].message[0];
		for (size_t i = 0; i < SP_LEN(bad); i++) {
			struct sp_clip_file file;
			struct sp_rd r;
			char want[64];

			sp_rd_init(&r, m->p + 12 + i * SP_CLIP_FILE_ENTRY, SP_CLIP_FILE_ENTRY);
			assert_int_equal(sp_clip_file_read(&r, &file), SP_OK);
			assert_int_equal(file.fault, SP_NAME_FINE);
			snprintf(want, sizeof(want), "refused by the gate %zu", i + 1);
			assert_string_equal(file.name,
					i == 0                                 ? "good.txt"
							: i + 1 == SP_LEN(bad) ? "fine/too"
									       : want);
			assert_int_equal(file.size, i == 0 || i + 1 == SP_LEN(bad) ? 4 : 0);
		}
		table_clear(&t);
		for (uint32_t i = 0; i < SP_LEN(bad) + 3; i++) {
			bool good = i == 0 || i + 1 == SP_LEN(bad);

			ask(&t, to, i, i, i % 2 ? SP_CLIP_FILE_RANGE : SP_CLIP_FILE_SIZE, 0, 8, 0);
			assert_int_equal(t.end[good ? from : to].n, 1);
			assert_int_equal(t.end[good ? to : from].n, 0);
			table_clear(&t);
		}
		table_finish(&t);
	}
}

static void test_limit(void **state)
{
	static const struct sp_clip_rules five = {
			.files_in = true, .text_in = true, .other = true, .limit = 5};
	static const struct entry sizes[] = {
			{"five", 5, NULL}, {"six", 6, NULL}, {"liar", 1, NULL}};
	struct table t;

	table_open(&t, &five, 1600);
	offer(&t, C, sizes, 3);
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_PASSED, 4 + 3 * SP_CLIP_FILE_ENTRY);
	piece(&t, C, 0, 0, "12345", 10);
	told_file(&t, T, SP_TRANSFER_PASSED, 5, "five", "12345");
	for (int i = 0; i < 2; i++) { /* told once */
		ask(&t, T, 3, 1, SP_CLIP_FILE_RANGE, 0, 4, 0);
		table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "03000000");
	}
	told_file(&t, T, SP_TRANSFER_TOO_LARGE, 6, "six", NULL);
	table_not_told(&t);
	/* More than it said: as far as the limit goes. */
	piece(&t, C, 2, 0, "1234", 4);
	ask(&t, T, 3, 2, SP_CLIP_FILE_RANGE, 4, 4, 0);
	table_clear(&t);
	give(&t, C, 3, "56", 2);
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "03000000");
	told_file(&t, T, SP_TRANSFER_TOO_LARGE, 6, "liar", NULL);
	ask(&t, T, 3, 2, SP_CLIP_FILE_RANGE, 5, 4, 0);
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "03000000");
	/* A size that is told later counts as well. */
	ask(&t, T, 4, 0, SP_CLIP_FILE_SIZE, 0, 8, 0);
	table_clear(&t);
	give(&t, C, 4, "\x06\0\0\0\0\0\0\0", 8);
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "04000000 0600000000000000");
	ask(&t, T, 3, 0, SP_CLIP_FILE_RANGE, 0, 4, 0);
	table_got(&t, T, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "03000000");
	table_clear(&t);
	/* Text, too. */
	while (sp_clip_filter_event(&t.f, &(struct sp_transfer){0})) {
	}
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, "0d000000 0000");
	told_file(&t, T, SP_TRANSFER_PASSED, 4, "liar", NULL);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	table_clear(&t);
	table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "414243444546");
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_told(&t, T, SP_TRANSFER_TEXT, SP_TRANSFER_TOO_LARGE, 6);
	table_finish(&t);
}

/* Lists that lie about their length, and files that break off. */
static void test_lies(void **state)
{
	struct table t;
	char hex[64];

	for (uint32_t n = 0; n < 3; n++) {
		static const char *const counts[] = {"01000000", "10270000", "ffffffff"};

		table_open(&t, &both, 1600);
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
		table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "99c00000");
		table_clear(&t);
		snprintf(hex, sizeof(hex), "%s 00000000", counts[n]);
		table_say(&t, C, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, hex);
		table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
		table_told(&t, T, SP_TRANSFER_FILES,
				n == 2 ? SP_TRANSFER_TOO_LARGE : SP_TRANSFER_DAMAGED, 8);
		table_finish(&t);
	}
	/* The list breaks off, and another message begins. */
	table_open(&t, &both, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "99c00000");
	table_clear(&t);
	table_chunk(&t, C, 12 + 592, SP_SVC_FIRST,
			unit_hex("0500 0100 54020000 01000000 40000000"));
	table_chunk(&t, C, 12 + 592, SP_SVC_FIRST,
			unit_hex("0500 0100 54020000 01000000 40000000"));
	assert_int_equal(t.end[T].cut_off, 1);
	table_got(&t, T, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	table_told(&t, T, SP_TRANSFER_FILES, SP_TRANSFER_DAMAGED, 596);
	/* So does a file. */
	ask(&t, T, 3, 0, SP_CLIP_FILE_RANGE, 0, 100, 0);
	table_clear(&t);
	table_chunk(&t, C, 112, SP_SVC_FIRST, unit_hex("0900 0100 68000000 03000000 41424344"));
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, "");
	assert_int_equal(t.end[T].n, 2);
	assert_int_equal(t.end[T].message[0].p[0], SP_CLIP_FILE_RESPONSE);
	assert_int_equal(t.end[T].message[0].p[2], SP_CLIP_FAIL);
	told_file(&t, T, SP_TRANSFER_DAMAGED, 4, "", NULL);
	table_finish(&t);
	/* A size in pieces, while the target begins anew. */
	table_open(&t, &both, 1600);
	table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
	ask(&t, T, 3, 0, SP_CLIP_FILE_SIZE, 0, 8, 0);
	table_chunk(&t, C, 20, SP_SVC_FIRST, unit_hex("0900 0100 0c000000 03000000 05"));
	table_say(&t, T, SP_CLIP_MONITOR_READY, 0, "");
	table_clear(&t);
	table_chunk(&t, C, 20, SP_SVC_LAST, unit_hex("00000000000000"));
	table_quiet(&t);
	table_finish(&t);
}

/* Many lists, many locks, many files at a time: what is kept is bounded. */
static void test_many(void **state)
{
	struct entry *e = calloc(SP_CLIP_FILES_MAX, sizeof(*e));
	struct table t;

	for (uint32_t i = 0; i < SP_CLIP_FILES_MAX; i++) {
		e[i] = (struct entry){"a file with some name", 2, NULL};
	}
	table_open(&t, &both, 1600);
	offer(&t, C, e, SP_CLIP_FILES_MAX);
	assert_int_equal(t.end[T].n, 1);
	assert_int_equal(t.f.from[C].track.current->n, SP_CLIP_FILES_MAX);
	table_clear(&t);
	for (uint32_t i = 0; i < 100; i++) {
		piece(&t, C, i, 0, "x", 1);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		char hex[16];

		snprintf(hex, sizeof(hex), "%02x%02x0000", i & 0xFF, i >> 8);
		table_say(&t, T, SP_CLIP_LOCK, 0, hex);
		if (i % 100 == 0) {
			table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
			table_say(&t, T, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
		}
		table_clear(&t);
	}
	assert_int_equal(t.f.from[C].track.n_locks, SP_CLIP_TRACK_LOCKS);
	table_finish(&t);
	free(e);
}

static void test_no_memory(void **state)
{
	for (long n = 0; n < 40; n++) {
		struct table t;
		struct sp_wr w;

		table_open(&t, &both, 1600);
		table_say(&t, C, SP_CLIP_FORMAT_LIST, 0, FILE_LIST);
		table_say(&t, T, SP_CLIP_DATA_REQUEST, 0, "99c00000");
		sp_wr_init(&w, 1u << 20);
		sp_svc_write(&w,
				&(struct sp_svc_chunk){.total = 12 + 592,
						.flags = SP_SVC_FIRST,
						.data = unit_hex("0500 0100 54020000 01000000")});
		struct sp_wr rest;
		sp_wr_init(&rest, 1u << 20);
		sp_wr_le32(&rest, 12 + 592);
		sp_wr_le32(&rest, SP_SVC_LAST);
		sp_wr_zero(&rest, 592);
		rest.p[8 + 72] = 'x';
		sp_mem_fail_after(n);
		int rc = sp_clip_filter_feed(&t.f, C, sp_span(w.p, w.n));
		if (rc == SP_OK) {
			rc = sp_clip_filter_feed(&t.f, C, sp_span(rest.p, rest.n));
		}
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		sp_wr_finish(&w);
		sp_wr_finish(&rest);
		table_finish(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_whole),
			cmocka_unit_test(test_not_whole),
			cmocka_unit_test(test_bad_names),
			cmocka_unit_test(test_limit),
			cmocka_unit_test(test_lies),
			cmocka_unit_test(test_many),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
