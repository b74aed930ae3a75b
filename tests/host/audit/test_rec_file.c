/* tests/host/audit/test_rec_file.c - a recording, written and read: whole, cut, changed, growing. */
#include "unit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/mem.h"
#include "host/audit/rec_part.h"
#include "host/audit/rec_read.h"
#include "host/audit/rec_write.h"

#define ID "01J0ABCDEFGHJKMNPQRSTVWXYZ"

static struct sp_rec_key key;
static uint8_t file[4 << 20];
static size_t file_n;
static int fd = -1;

static void conf_init(struct sp_rec_conf *c)
{
	*c = (struct sp_rec_conf){.id = ID,
			.wall_us = 1700000000000000,
			.mono_us = 5000000,
			.boot_id = "boot",
			.n_auditors = 1};
	memcpy(c->auditor[0].pk, key.pk, sizeof(key.pk));
}

static struct sp_rec_writer *writer(void)
{
	struct sp_rec_conf c;
	struct sp_rec_writer *w;

	conf_init(&c);
	file_n = 0;
	w = sp_rec_writer_create(&c);
	assert_non_null(w);
	return w;
}

static void take(struct sp_rec_writer *w)
{
	struct sp_span s = sp_rec_writer_out(w);

	assert_true(file_n + s.n <= sizeof(file));
	if (s.n > 0) {
		memcpy(file + file_n, s.p, s.n);
	}
	file_n += s.n;
	sp_rec_writer_wrote(w, s.n);
}

static void add(struct sp_rec_writer *w, uint32_t kind, uint64_t us, const void *p, size_t n)
{
	struct sp_rec_frame f = {.kind = kind, .us = us, .data = sp_span(p, n)};

	assert_int_equal(sp_rec_writer_add(w, &f), SP_OK);
}

/* The file as it is to be read; what a reader has open changes with it. */
static void put(const uint8_t *p, size_t n)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, p, n, 0), (ssize_t)n);
}

static struct sp_rec_reader *reader(void)
{
	struct sp_rec_reader *r;
	char why[SP_REC_WHY];

	assert_int_equal(sp_rec_reader_open(&r, fd, &key, why), SP_OK);
	return r;
}

/* How many frames come, and what next() gave last. */
static size_t count(struct sp_rec_reader *r, int *last)
{
	struct sp_rec_frame f;
	size_t n = 0;

	while ((*last = sp_rec_reader_next(r, &f)) > 0) {
		n++;
	}
	return n;
}

/* Four segments: one packed, one that does not shrink, a small one, and the end. */
static void sample(void)
{
	static uint8_t noise[SP_REC_MAX_FRAME], text[40000];
	struct sp_rec_writer *w = writer();

	randombytes_buf(noise, sizeof(noise));
	memset(text, 'a', sizeof(text));
	add(w, SP_REC_OUT, 6000000, text, sizeof(text));
	add(w, SP_REC_OUT, 6000001, text, 20000);
	add(w, SP_REC_OUT, 7000000, noise, sizeof(noise));
	add(w, SP_REC_IN, 7500000, "\x01\1\0\0\0\0\0", 7);
	assert_true(sp_rec_writer_waits(w));
	assert_int_equal(sp_rec_writer_cut(w, false), SP_OK);
	assert_false(sp_rec_writer_waits(w));
	add(w, SP_REC_END, 8000000, "\0\0\0\0\0\0", 6);
	assert_int_equal(sp_rec_writer_cut(w, true), SP_OK);
	take(w);
	sp_rec_writer_destroy(w);
	put(file, file_n);
}

static void there_and_back(void **state)
{
	struct sp_rec_frame f;
	struct sp_rec_reader *r;
	uint64_t us;

	sample();
	assert_true(file_n < 70000);
	r = reader();
	assert_string_equal(sp_rec_reader_start(r)->id, ID);
	assert_true(sp_rec_reader_start(r)->wall_us == 1700000000000000);
	assert_true(sp_rec_reader_start(r)->mono_us == 5000000);
	assert_memory_equal(sp_rec_reader_start(r)->boot_id, "boot", 5);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.kind, SP_REC_OUT);
	assert_int_equal(f.data.n, 40000);
	assert_int_equal(f.data.p[39999], 'a');
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	struct sp_rec_at second = sp_rec_reader_at(r);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.data.n, SP_REC_MAX_FRAME);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.kind, SP_REC_IN);
	assert_true(f.us == 7500000);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.kind, SP_REC_END);
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	assert_int_equal(sp_rec_reader_segments(r), 4);
	assert_int_equal(sp_rec_reader_time(r, 1, &us), SP_OK);
	assert_true(us == 7000000);
	assert_int_equal(sp_rec_reader_time(r, 4, &us), SP_ENOTFOUND);

	assert_int_equal(sp_rec_reader_seek(r, second), SP_OK);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.data.n, 20000);
	assert_int_equal(sp_rec_reader_seek(r, (struct sp_rec_at){.segment = 9}), SP_ENOTFOUND);
	second.offset = 70000;
	assert_int_equal(sp_rec_reader_seek(r, second), SP_ENOTFOUND);
	/* Into the middle of a frame: found out, not followed. */
	second.offset = 3;
	assert_int_equal(sp_rec_reader_seek(r, second), SP_OK);
	assert_true(sp_rec_reader_next(r, &f) < 0);
	sp_rec_reader_destroy(r);
}

static void heads_of_writer_and_reader_agree(void **state)
{
	struct sp_rec_writer *w = writer();
	struct sp_rec_reader *r;
	struct sp_rec_head head;
	uint8_t hash[SP_REC_HASH];

	for (uint64_t i = 0; i < 5; i++) {
		add(w, SP_REC_MARK, 6000000 + i, "m", 1);
		assert_int_equal(sp_rec_writer_cut(w, i == 4), SP_OK);
		take(w);
		put(file, file_n);
		sp_rec_writer_head(w, &head);
		assert_int_equal(head.segments, i + 1);
		r = reader();
		assert_int_equal(sp_rec_reader_scan(r), SP_OK);
		assert_int_equal(sp_rec_reader_segments(r), i + 1);
		assert_int_equal(sp_rec_reader_chain(r, i + 1, hash), SP_OK);
		assert_memory_equal(hash, head.hash, SP_REC_HASH);
		assert_int_equal(sp_rec_reader_chain(r, i + 2, hash), SP_ENOTFOUND);
		sp_rec_reader_destroy(r);
	}
	assert_int_equal(sp_rec_writer_cut(w, true), SP_ESTATE);
	sp_rec_writer_destroy(w);
}

static void grows_while_read(void **state)
{
	struct sp_rec_writer *w = writer();
	struct sp_rec_reader *r;
	struct sp_rec_frame f;

	take(w);
	put(file, file_n);
	r = reader();
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_GROWING);
	for (uint64_t i = 0; i < 3; i++) {
		size_t before = file_n;

		add(w, SP_REC_MARK, 6000000 + i, &i, sizeof(i));
		assert_int_equal(sp_rec_writer_cut(w, i == 2), SP_OK);
		take(w);
		/* Each byte of a segment arrives by itself. */
		for (size_t n = before + 1; n < file_n; n++) {
			assert_int_equal(pwrite(fd, file, n, 0), (ssize_t)n);
			assert_int_equal(sp_rec_reader_next(r, &f), 0);
			assert_int_equal(sp_rec_reader_state(r), SP_REC_TORN);
		}
		assert_int_equal(pwrite(fd, file, file_n, 0), (ssize_t)file_n);
		assert_int_equal(sp_rec_reader_next(r, &f), 1);
		unit_assert_span(f.data, sp_span(&i, sizeof(i)));
	}
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	sp_rec_reader_destroy(r);
	sp_rec_writer_destroy(w);
}

static void cut_at_every_byte(void **state)
{
	struct sp_rec_writer *w = writer();
	size_t ends[6] = {0}, n_ends = 0;
	struct sp_rec_reader *r;
	char why[SP_REC_WHY];
	int last;

	take(w);
	ends[n_ends++] = file_n;
	for (uint64_t i = 0; i < 4; i++) {
		add(w, SP_REC_MARK, 6000000 + i, "a mark", 6);
		assert_int_equal(sp_rec_writer_cut(w, i == 3), SP_OK);
		take(w);
		ends[n_ends++] = file_n;
	}
	sp_rec_writer_destroy(w);
	for (size_t n = 0; n <= file_n; n++) {
		size_t whole = 0;

		put(file, n);
		if (n < ends[0]) {
			assert_int_equal(sp_rec_reader_open(&r, fd, &key, why), SP_EFIELD);
			continue;
		}
		while (whole + 1 < n_ends && ends[whole + 1] <= n) {
			whole++;
		}
		r = reader();
		assert_int_equal(count(r, &last), whole);
		assert_int_equal(last, 0);
		assert_int_equal(sp_rec_reader_state(r),
				n == file_n                        ? SP_REC_WHOLE
						: n == ends[whole] ? SP_REC_GROWING
								   : SP_REC_TORN);
		sp_rec_reader_destroy(r);
	}
}

/* Every byte of a short recording, each changed in two ways, and the segment that it is in. */
static void every_changed_byte_is_found(void **state)
{
	struct sp_rec_writer *w = writer();
	size_t ends[6] = {0}, n_ends = 0;

	take(w);
	ends[n_ends++] = file_n;
	for (uint64_t i = 0; i < 4; i++) {
		char text[200];

		memset(text, i == 1 ? 'x' : 'y', sizeof(text));
		add(w, SP_REC_MARK, 6000000 + i, text, i == 1 ? sizeof(text) : 6);
		assert_int_equal(sp_rec_writer_cut(w, i == 3), SP_OK);
		take(w);
		ends[n_ends++] = file_n;
	}
	sp_rec_writer_destroy(w);
	for (size_t at = 0; at < file_n; at++) {
		for (unsigned flip = 1; flip <= 0x80; flip <<= 7) {
			struct sp_rec_reader *r;
			char why[SP_REC_WHY];
			size_t segment = 0;
			int last;

			file[at] ^= (uint8_t)flip;
			put(file, file_n);
			file[at] ^= (uint8_t)flip;
			int rc = sp_rec_reader_open(&r, fd, &key, why);
			if (rc != SP_OK) {
				assert_true(at < ends[0]);
				continue;
			}
			while (segment < 3 && ends[segment + 1] <= at) {
				segment++;
			}
			assert_int_equal(count(r, &last), segment);
			if (last == 0) {
				/* It claims to be longer than the file: as if it were cut there. */
				assert_int_equal(sp_rec_reader_state(r), SP_REC_TORN);
				assert_int_equal(sp_rec_reader_segments(r), segment);
			} else {
				assert_int_equal(sp_rec_reader_state(r), SP_REC_DAMAGED);
				assert_int_equal(sp_rec_reader_bad(r), segment);
				assert_non_null(strstr(sp_rec_reader_why(r), "segment "));
			}
			sp_rec_reader_destroy(r);
		}
	}
}

static void expect_bad(const uint8_t *p, size_t n, size_t frames, uint64_t bad)
{
	struct sp_rec_reader *r;
	int last;

	put(p, n);
	r = reader();
	assert_int_equal(count(r, &last), frames);
	assert_true(last < 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_DAMAGED);
	assert_int_equal(sp_rec_reader_bad(r), bad);
	sp_rec_reader_destroy(r);
}

static void swapped_removed_repeated(void **state)
{
	static uint8_t other[4096];
	struct sp_rec_writer *w = writer();
	size_t end[5];

	take(w);
	end[0] = file_n;
	for (uint64_t i = 0; i < 4; i++) {
		add(w, SP_REC_MARK, 6000000, &i, sizeof(i));
		assert_int_equal(sp_rec_writer_cut(w, i == 3), SP_OK);
		take(w);
		end[i + 1] = file_n;
	}
	sp_rec_writer_destroy(w);
	size_t one = end[2] - end[1];
	assert_int_equal(end[3] - end[2], one);

	memcpy(other, file, file_n);
	memcpy(other + end[1], file + end[2], one);
	memcpy(other + end[2], file + end[1], one);
	expect_bad(other, file_n, 1, 1);
	/* The same with numbers that fit: now the seal finds it. */
	other[end[1]] = 1;
	other[end[2]] = 2;
	expect_bad(other, file_n, 1, 1);

	memcpy(other, file, end[1]);
	memcpy(other + end[1], file + end[2], file_n - end[2]);
	expect_bad(other, file_n - one, 1, 1);

	memcpy(other, file, end[2]);
	memcpy(other + end[2], file + end[1], file_n - end[1]);
	expect_bad(other, file_n + one, 2, 2);

	/* Something behind the end. */
	memcpy(other, file, file_n);
	memcpy(other + file_n, file + end[3], file_n - end[3]);
	expect_bad(other, file_n + file_n - end[3], 4, 4);
	expect_bad(other, file_n + 1, 4, 4);
}

/* A segment of another recording of the same auditor. */
static void segments_of_two_recordings(void **state)
{
	static uint8_t first[4096];
	size_t start = 0, n = 0;

	for (int turn = 0; turn < 2; turn++) {
		struct sp_rec_writer *w = writer();

		take(w);
		start = file_n;
		add(w, SP_REC_MARK, 6000000, "same", 4);
		assert_int_equal(sp_rec_writer_cut(w, true), SP_OK);
		take(w);
		sp_rec_writer_destroy(w);
		if (turn == 0) {
			n = file_n;
			memcpy(first, file, n);
		}
	}
	assert_int_equal(file_n, n);
	memcpy(file + start, first + start, n - start);
	expect_bad(file, n, 0, 0);
}

static void only_auditors_read(void **state)
{
	struct sp_rec_key second, stranger;
	struct sp_rec_reader *r;
	struct sp_rec_conf c;
	struct sp_rec_frame f;
	char why[SP_REC_WHY];
	int last;

	assert_int_equal(sp_rec_key_make(&second), SP_OK);
	assert_int_equal(sp_rec_key_make(&stranger), SP_OK);
	conf_init(&c);
	c.n_auditors = 2;
	memcpy(c.auditor[1].pk, second.pk, sizeof(second.pk));
	struct sp_rec_writer *w = sp_rec_writer_create(&c);
	file_n = 0;
	add(w, SP_REC_MARK, 6000000, "plain as day", 12);
	assert_int_equal(sp_rec_writer_cut(w, true), SP_OK);
	take(w);
	sp_rec_writer_destroy(w);
	assert_null(memmem(file, file_n, "plain as day", 12));
	put(file, file_n);
	assert_int_equal(sp_rec_reader_open(&r, fd, &stranger, why), SP_EDENIED);
	assert_null(r);
	assert_int_equal(sp_rec_reader_open(&r, fd, &second, why), SP_OK);
	assert_int_equal(count(r, &last), 1);
	sp_rec_reader_destroy(r);
	/* Without a key the chain can be walked, and nothing read. */
	assert_int_equal(sp_rec_reader_open(&r, fd, NULL, why), SP_OK);
	assert_int_equal(sp_rec_reader_scan(r), SP_OK);
	assert_int_equal(sp_rec_reader_segments(r), 1);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	assert_int_equal(sp_rec_reader_next(r, &f), SP_EDENIED);
	sp_rec_reader_destroy(r);
}

/* A segment that its auditor could have made, with whatever packed bytes. */
static void forge(struct sp_span packed, uint32_t plain)
{
	uint8_t k[SP_REC_KEY], chain[SP_REC_HASH], aad[SP_REC_AAD], nonce[SP_REC_NONCE];
	struct sp_rec_writer *w = writer();
	struct sp_rec_segment s = {.sealed = (uint32_t)packed.n + SP_REC_TAG,
			.plain = plain,
			.flags = SP_REC_FLAG_ZSTD | SP_REC_FLAG_FINAL,
			.us = 6000000};
	unsigned long long n;

	take(w);
	sp_rec_writer_destroy(w);
	assert_int_equal(crypto_box_seal_open(k, file + SP_REC_START_FIXED + SP_REC_KEY_ID,
					 SP_REC_SEALED, key.pk, key.sk),
			0);
	sp_rec_chain_start(file, file_n, chain);
	sp_rec_segment_write(file + file_n, &s);
	sp_rec_aad(aad, file + file_n, chain);
	sp_rec_nonce(nonce, 0);
	file_n += SP_REC_SEGMENT_HEAD;
	crypto_aead_xchacha20poly1305_ietf_encrypt(
			file + file_n, &n, packed.p, packed.n, aad, sizeof(aad), NULL, nonce, k);
	file_n += n;
	put(file, file_n);
}

static void bombs_have_no_room(void **state)
{
	static uint8_t zeros[32 << 20], packed[8192];
	struct sp_rec_reader *r;
	struct sp_rec_frame f;

	for (size_t n = sizeof(zeros); n > SP_REC_PLAIN_MAX; n /= 8) {
		size_t got = ZSTD_compress(packed, sizeof(packed), zeros, n, 1);

		assert_false(ZSTD_isError(got));
		forge(sp_span(packed, got), SP_REC_PLAIN_MAX);
		r = reader();
		assert_int_equal(sp_rec_reader_next(r, &f), SP_EFIELD);
		assert_string_equal(sp_rec_reader_why(r), "segment 0: cannot be unpacked");
		sp_rec_reader_destroy(r);
	}
	/* As long as it says, but nothing in it is a frame. */
	size_t got = ZSTD_compress(packed, sizeof(packed), zeros, SP_REC_PLAIN_MAX, 1);
	forge(sp_span(packed, got), SP_REC_PLAIN_MAX);
	r = reader();
	assert_int_equal(sp_rec_reader_next(r, &f), SP_EFIELD);
	assert_string_equal(sp_rec_reader_why(r), "segment 0: holds something that is no frame");
	sp_rec_reader_destroy(r);
	memset(packed, 0xAA, sizeof(packed));
	forge(sp_span(packed, 100), 101);
	r = reader();
	assert_int_equal(sp_rec_reader_next(r, &f), SP_EFIELD);
	sp_rec_reader_destroy(r);
}

static void limits_of_the_writer(void **state)
{
	struct sp_rec_writer *w = writer();
	struct sp_rec_frame f = {
			.kind = SP_REC_OUT, .us = 9000000, .data = {file, SP_REC_MAX_FRAME + 1}};
	struct sp_rec_reader *r;
	struct sp_rec_conf c;

	assert_int_equal(sp_rec_writer_add(w, &f), SP_EARG);
	f.data.n = SP_REC_MAX_FRAME;
	assert_int_equal(sp_rec_writer_add(w, &f), SP_OK);
	/* A clock that goes back does not take the recording's with it. */
	f = (struct sp_rec_frame){.kind = SP_REC_END, .us = 1};
	assert_int_equal(sp_rec_writer_add(w, &f), SP_OK);
	assert_int_equal(sp_rec_writer_add(w, &f), SP_ESTATE);
	assert_int_equal(sp_rec_writer_cut(w, false), SP_OK);
	assert_int_equal(sp_rec_writer_cut(w, true), SP_OK);
	take(w);
	sp_rec_writer_destroy(w);
	put(file, file_n);
	r = reader();
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_true(f.us == 9000000);
	sp_rec_reader_destroy(r);

	conf_init(&c);
	c.id[3] = '/';
	assert_null(sp_rec_writer_create(&c));
	conf_init(&c);
	c.id[3] = '\0';
	assert_null(sp_rec_writer_create(&c));
	conf_init(&c);
	c.n_auditors = 0;
	assert_null(sp_rec_writer_create(&c));
	c.n_auditors = SP_REC_MAX_AUDITORS + 1;
	assert_null(sp_rec_writer_create(&c));
}

static void without_memory(void **state)
{
	struct sp_rec_conf c;
	struct sp_rec_reader *r;
	char why[SP_REC_WHY];

	sample();
	conf_init(&c);
	for (long n = 0; n < 8; n++) {
		int last;

		sp_mem_fail_after(n);
		struct sp_rec_writer *w = sp_rec_writer_create(&c);
		if (w) {
			struct sp_rec_frame f = {.kind = SP_REC_MARK, .us = 9000000};

			while (sp_rec_writer_add(w, &f) == SP_OK &&
					sp_rec_writer_cut(w, false) == SP_OK &&
					sp_rec_writer_out(w).n < 20000) {
			}
		}
		sp_rec_writer_destroy(w);
		sp_mem_fail_after(n);
		if (sp_rec_reader_open(&r, fd, &key, why) == SP_OK) {
			size_t got = count(r, &last);

			assert_true(last == SP_ENOMEM || (last == 0 && got == 5));
		}
		sp_rec_reader_destroy(r);
		sp_mem_fail_after(-1);
	}
}

static void keys(void **state)
{
	char path[] = "/tmp/sp-test-rec-key-XXXXXX", text[SP_REC_PUBLIC_TEXT], why[SP_REC_WHY];
	struct sp_rec_auditor a, b;
	struct sp_rec_key got;
	struct stat st;

	close(mkstemp(path));
	assert_int_equal(sp_rec_key_save(&key, path, why), SP_EDENIED);
	unlink(path);
	assert_int_equal(sp_rec_key_load(&got, path, why), SP_ENOTFOUND);
	assert_int_equal(sp_rec_key_save(&key, path, why), SP_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sp_rec_key_load(&got, path, why), SP_OK);
	assert_memory_equal(&got, &key, sizeof(key));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(sp_rec_key_load(&got, path, why), SP_EDENIED);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 60), 0);
	assert_int_equal(sp_rec_key_load(&got, path, why), SP_EFIELD);
	unlink(path);

	memcpy(a.pk, key.pk, sizeof(a.pk));
	sp_rec_auditor_text(&a, text);
	assert_int_equal(sp_rec_auditor_read(text, &b), SP_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	text[20] = '!';
	assert_int_equal(sp_rec_auditor_read(text, &b), SP_EFIELD);
	assert_int_equal(sp_rec_auditor_read("x25519:", &b), SP_EFIELD);
	assert_int_equal(sp_rec_auditor_read("x25519:AAAA", &b), SP_EFIELD);
	assert_int_equal(sp_rec_auditor_read("ed25519:AAAA", &b), SP_EFIELD);
	/* A point that makes every secret the same. */
	assert_int_equal(sp_rec_auditor_read(
					 "x25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &b),
			SP_EFIELD);
}

static int setup(void **state)
{
	char path[] = "/tmp/sp-test-rec-XXXXXX";

	if (sp_rec_key_make(&key) != SP_OK) {
		return -1;
	}
	fd = mkstemp(path);
	return fd < 0 ? -1 : unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(there_and_back),
			cmocka_unit_test(heads_of_writer_and_reader_agree),
			cmocka_unit_test(grows_while_read),
			cmocka_unit_test(cut_at_every_byte),
			cmocka_unit_test(every_changed_byte_is_found),
			cmocka_unit_test(swapped_removed_repeated),
			cmocka_unit_test(segments_of_two_recordings),
			cmocka_unit_test(only_auditors_read),
			cmocka_unit_test(bombs_have_no_room),
			cmocka_unit_test(limits_of_the_writer),
			cmocka_unit_test(without_memory),
			cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests_name("rec_file", tests, setup, NULL);
}
