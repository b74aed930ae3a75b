/* host/audit/checkpoint.c - see checkpoint.h. */
#include "host/audit/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "host/io/fdio.h"

#define MAGIC 0x314b5053u /* "SPK1" */
#define FILE_SIZE (4 + 4 + 2 * SP_SIGN_SEED)
#define HEX_MAX 1024 /* bytes of a file with a key in hex */

static const char *const words[SP_SIGNS_COUNT] = {
		[SP_SIGNS_HEAD] = "sallyport audit 1 head",
		[SP_SIGNS_CHECKPOINT] = "sallyport audit 1 checkpoint",
		[SP_SIGNS_RETENTION] = "sallyport audit 1 retention",
};

#define SIGNED_MAX (32 + 8 + SP_RECORD_HASH + 2 * SP_SIGN_PUBLIC)

/* ---- the file ---- */

static bool path_of(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return 0 < n && n < PATH_MAX;
}

static int fail(char why[SP_AUDIT_WHY], int err, const char *name, const char *text)
{
	snprintf(why, SP_AUDIT_WHY, "%.160s: %.90s", name, text);
	return err;
}

static void name_keys(struct sp_audit_keys *k)
{
	sp_sign_public(k->seed[0], k->key[0]);
	sp_sign_public(k->seed[1], k->key[1]);
}

/* A file that has taken another's place has it for good only when its folder is synced too. */
static int sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && fsync(fd) == 0 ? SP_OK : SP_ESYS;

	sp_fd_close(&fd);
	return rc;
}

/*
 * The file's old bytes are overwritten where they stood, once the new file is in its place. (A file
 * system that copies on writing keeps them; docs/AUDIT.md says so.)
 */
static int write_keys(const struct sp_audit_keys *k, const char *dir, const char *path)
{
	static const uint8_t zero[FILE_SIZE];
	uint8_t bytes[FILE_SIZE];
	struct sp_wr w;
	int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	sp_wr_fixed(&w, bytes, sizeof(bytes));
	sp_wr_le32(&w, MAGIC);
	sp_wr_le32(&w, k->day);
	sp_wr_put(&w, k->seed, sizeof(k->seed));
	int rc = sp_file_write(path, 0600, sp_span(bytes, sizeof(bytes)));
	sp_wipe(bytes, sizeof(bytes));
	if (rc == SP_OK) {
		rc = sync_folder(dir);
	}
	if (rc == SP_OK && old >= 0 &&
			(pwrite(old, zero, sizeof(zero), 0) != (ssize_t)sizeof(zero) ||
					fdatasync(old) != 0)) {
		rc = SP_ESYS;
	}
	sp_fd_close(&old);
	return rc;
}

static int read_keys(struct sp_audit_keys *k, const char *path, char why[SP_AUDIT_WHY])
{
	uint8_t bytes[FILE_SIZE + 1];
	struct stat st;
	struct sp_rd r;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		return fail(why, errno == ENOENT ? SP_ENOTFOUND : SP_ESYS, path, strerror(errno));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
		close(fd);
		return fail(why, SP_EDENIED, path, "must be a file that only its owner may read");
	}
	ssize_t n = read(fd, bytes, sizeof(bytes));
	close(fd);
	sp_rd_init(&r, bytes, n > 0 ? (size_t)n : 0);
	uint32_t magic = sp_rd_le32(&r);
	k->day = sp_rd_le32(&r);
	sp_rd_copy(&r, k->seed, sizeof(k->seed));
	sp_wipe(bytes, sizeof(bytes));
	if (sp_rd_end(&r) != SP_OK || magic != MAGIC) {
		return fail(why, SP_EFIELD, path, "is damaged");
	}
	name_keys(k);
	return SP_OK;
}

/* The root of trust is today's key: there is no record that an older one signed. */
static int write_first(const struct sp_audit_keys *k, const char *dir, char why[SP_AUDIT_WHY])
{
	char text[2 * SP_SIGN_PUBLIC + 1], path[PATH_MAX];

	if (!path_of(path, dir, SP_AUDIT_FIRST_FILE)) {
		return fail(why, SP_EARG, dir, "name is too long");
	}
	sp_audit_key_text(k->key[0], text);
	text[2 * SP_SIGN_PUBLIC] = '\n';
	if (sp_file_write(path, 0640, sp_span(text, sizeof(text))) != SP_OK) {
		return fail(why, SP_ESYS, path, strerror(errno));
	}
	return SP_OK;
}

static int make_keys(struct sp_audit_keys *k, const char *dir, const char *path, uint32_t day,
		char why[SP_AUDIT_WHY])
{
	k->day = day;
	if (sp_sign_make(k->seed[0]) != SP_OK || sp_sign_make(k->seed[1]) != SP_OK) {
		return fail(why, SP_ESYS, path, "no random numbers");
	}
	name_keys(k);
	if (write_keys(k, dir, path) != SP_OK) {
		return fail(why, SP_ESYS, path, strerror(errno));
	}
	return SP_OK;
}

int sp_audit_keys_open(struct sp_audit_keys *k, const char *dir, bool create, uint32_t day,
		char why[SP_AUDIT_WHY])
{
	char path[PATH_MAX];

	memset(k, 0, sizeof(*k));
	if (!path_of(path, dir, SP_AUDIT_KEY_FILE)) {
		return fail(why, SP_EARG, dir, "name is too long");
	}
	int rc = read_keys(k, path, why);
	if (rc == SP_ENOTFOUND && create) {
		rc = make_keys(k, dir, path, day, why);
	}
	if (rc == SP_OK && create) {
		rc = write_first(k, dir, why);
	}
	if (rc != SP_OK) {
		sp_audit_keys_finish(k);
	}
	return rc;
}

int sp_audit_keys_turn(
		struct sp_audit_keys *k, const char *dir, uint32_t day, char why[SP_AUDIT_WHY])
{
	struct sp_audit_keys next = {.day = day};
	char path[PATH_MAX];
	int rc = SP_OK;

	if (!path_of(path, dir, SP_AUDIT_KEY_FILE)) {
		return fail(why, SP_EARG, dir, "name is too long");
	}
	memcpy(next.seed[0], k->seed[1], sizeof(next.seed[0]));
	if (sp_sign_make(next.seed[1]) != SP_OK) {
		rc = fail(why, SP_ESYS, path, "no random numbers");
	}
	if (rc == SP_OK) {
		name_keys(&next);
		rc = write_keys(&next, dir, path);
		if (rc != SP_OK) {
			fail(why, rc, path, strerror(errno));
		}
	}
	if (rc == SP_OK) {
		*k = next;
	}
	sp_audit_keys_finish(&next);
	return rc;
}

void sp_audit_keys_finish(struct sp_audit_keys *k)
{
	sp_wipe(k, sizeof(*k));
}

/* ---- public keys ---- */

static int digit(char c)
{
	return '0' <= c && c <= '9'            ? c - '0'
			: 'a' <= c && c <= 'f' ? c - 'a' + 10
			: 'A' <= c && c <= 'F' ? c - 'A' + 10
					       : -1;
}

bool sp_audit_key_parse(const char *text, uint8_t out[SP_SIGN_PUBLIC])
{
	for (size_t i = 0; i < SP_SIGN_PUBLIC; i++) {
		int high = digit(text[2 * i]);
		int low = high >= 0 ? digit(text[2 * i + 1]) : -1;
		if (low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
	text += 2 * SP_SIGN_PUBLIC;
	return text[strspn(text, " \t\r\n")] == '\0';
}

void sp_audit_key_text(const uint8_t key[SP_SIGN_PUBLIC], char out[2 * SP_SIGN_PUBLIC + 1])
{
	for (size_t i = 0; i < SP_SIGN_PUBLIC; i++) {
		snprintf(out + 2 * i, 3, "%02x", key[i]);
	}
}

int sp_audit_first(const char *dir, uint8_t out[SP_SIGN_PUBLIC])
{
	char path[PATH_MAX], text[HEX_MAX + 1] = "";
	struct sp_rcbuf *b;

	if (!path_of(path, dir, SP_AUDIT_FIRST_FILE)) {
		return SP_EARG;
	}
	int rc = sp_file_read(path, HEX_MAX, &b);
	if (rc != SP_OK) {
		return rc;
	}
	snprintf(text, sizeof(text), "%.*s", (int)b->n, (const char *)b->p);
	sp_rcbuf_unref(b);
	return sp_audit_key_parse(text, out) ? SP_OK : SP_EFIELD;
}

/* ---- signatures ---- */

static struct sp_span signed_bytes(const struct sp_audit_signed *s, uint8_t buf[SIGNED_MAX])
{
	struct sp_wr w;

	sp_wr_fixed(&w, buf, SIGNED_MAX);
	/* The word with a NUL behind it. */
	sp_wr_put(&w, words[s->what], strlen(words[s->what]) + 1);
	sp_wr_le64(&w, s->seq);
	sp_wr_put(&w, s->hash, sizeof(s->hash));
	sp_wr_put(&w, s->key, sizeof(s->key));
	sp_wr_put(&w, s->next, sizeof(s->next));
	return sp_span(buf, w.n);
}

void sp_audit_sign(const struct sp_audit_keys *k, enum sp_audit_signs what, uint64_t seq,
		const uint8_t hash[SP_RECORD_HASH], struct sp_audit_signed *out)
{
	uint8_t buf[SIGNED_MAX];

	memset(out, 0, sizeof(*out));
	out->what = what;
	out->seq = seq;
	memcpy(out->hash, hash, sizeof(out->hash));
	memcpy(out->key, k->key[0], sizeof(out->key));
	if (what == SP_SIGNS_CHECKPOINT) {
		memcpy(out->next, k->key[1], sizeof(out->next));
	}
	sp_sign(k->seed[0], signed_bytes(out, buf), out->sign);
}

bool sp_audit_signed_good(const struct sp_audit_signed *s)
{
	uint8_t buf[SIGNED_MAX];

	return sp_sign_good(s->key, signed_bytes(s, buf), s->sign);
}

void sp_audit_signed_event(const struct sp_audit_signed *s, struct sp_audit_event *e)
{
	bool checkpoint = s->what == SP_SIGNS_CHECKPOINT;

	sp_audit_init(e, checkpoint ? SP_AUDIT_AUDIT_CHECKPOINT : SP_AUDIT_AUDIT_RETENTION,
			checkpoint ? SP_OUTCOME_NONE : SP_OUTCOME_OK);
	sp_audit_num(e, SP_F_CHECK_SEQ, s->seq);
	sp_audit_bytes(e, SP_F_CHECK_HASH, s->hash, sizeof(s->hash));
	sp_audit_bytes(e, SP_F_CHECK_KEY, s->key, sizeof(s->key));
	if (checkpoint) {
		sp_audit_bytes(e, SP_F_CHECK_NEXT, s->next, sizeof(s->next));
	}
	sp_audit_bytes(e, SP_F_CHECK_SIGN, s->sign, sizeof(s->sign));
}

static bool take(const struct sp_audit_view *v, enum sp_field field, uint8_t *out, size_t n)
{
	const struct sp_audit_field *f = sp_audit_get(v, field);
	struct sp_rd r;

	if (f == NULL) {
		return false;
	}
	sp_rd_init(&r, f->bytes.p, f->bytes.n);
	sp_rd_copy(&r, out, n);
	return sp_rd_end(&r) == SP_OK;
}

int sp_audit_signed_read(const struct sp_audit_view *v, struct sp_audit_signed *out)
{
	bool checkpoint = v->kind == SP_AUDIT_AUDIT_CHECKPOINT;

	memset(out, 0, sizeof(*out));
	out->what = checkpoint ? SP_SIGNS_CHECKPOINT : SP_SIGNS_RETENTION;
	out->seq = sp_audit_get_num(v, SP_F_CHECK_SEQ);
	if ((!checkpoint && v->kind != SP_AUDIT_AUDIT_RETENTION) ||
			!take(v, SP_F_CHECK_HASH, out->hash, sizeof(out->hash)) ||
			!take(v, SP_F_CHECK_KEY, out->key, sizeof(out->key)) ||
			(checkpoint && !take(v, SP_F_CHECK_NEXT, out->next, sizeof(out->next))) ||
			!take(v, SP_F_CHECK_SIGN, out->sign, sizeof(out->sign))) {
		return SP_EFIELD;
	}
	return SP_OK;
}
