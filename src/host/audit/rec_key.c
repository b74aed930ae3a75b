/* host/audit/rec_key.c - see rec_key.h. */
#include "host/audit/rec_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

#define PUBLIC "x25519:"
#define SECRET "sallyport-auditor-key:"
#define BASE64_LEN 45 /* of 32 bytes, with its NUL */

static int read_base64(const char *text, size_t n, uint8_t out[SP_REC_KEY])
{
	size_t got;

	return sodium_base642bin(out, SP_REC_KEY, text, n, NULL, &got, NULL,
			       sodium_base64_VARIANT_ORIGINAL) == 0 &&
					got == SP_REC_KEY
			? SP_OK
			: SP_EFIELD;
}

int sp_rec_auditor_read(const char *text, struct sp_rec_auditor *out)
{
	size_t skip = strlen(PUBLIC);

	if (strncmp(text, PUBLIC, skip) != 0) {
		return SP_EFIELD;
	}
	int rc = read_base64(text + skip, strlen(text + skip), out->pk);
	/* To a point of small order anybody could open the box. */
	uint8_t probe[SP_REC_KEY] = {1}, shared[SP_REC_KEY];
	if (rc == SP_OK && crypto_scalarmult(shared, probe, out->pk) != 0) {
		rc = SP_EFIELD;
	}
	sp_wipe(shared, sizeof(shared));
	return rc;
}

void sp_rec_auditor_text(const struct sp_rec_auditor *a, char out[SP_REC_PUBLIC_TEXT])
{
	char b64[BASE64_LEN];

	sodium_bin2base64(b64, sizeof(b64), a->pk, SP_REC_KEY, sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, SP_REC_PUBLIC_TEXT, PUBLIC "%s", b64);
}

void sp_rec_auditor_id(const struct sp_rec_auditor *a, uint8_t out[SP_REC_KEY_ID])
{
	uint8_t hash[SP_REC_HASH];

	crypto_hash_sha256(hash, a->pk, SP_REC_KEY);
	memcpy(out, hash, SP_REC_KEY_ID);
}

int sp_rec_key_make(struct sp_rec_key *out)
{
	if (sodium_init() < 0 || crypto_box_keypair(out->pk, out->sk) != 0) {
		return SP_EBUG;
	}
	return SP_OK;
}

void sp_rec_key_wipe(struct sp_rec_key *k)
{
	sp_wipe(k, sizeof(*k));
}

int sp_rec_key_save(const struct sp_rec_key *k, const char *path, char why[SP_REC_WHY])
{
	char line[sizeof(SECRET) + BASE64_LEN + 1], b64[BASE64_LEN];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		snprintf(why, SP_REC_WHY, "%s: %s", path, strerror(errno));
		return errno == EEXIST ? SP_EDENIED : SP_ESYS;
	}
	sodium_bin2base64(b64, sizeof(b64), k->sk, SP_REC_KEY, sodium_base64_VARIANT_ORIGINAL);
	int n = snprintf(line, sizeof(line), SECRET "%s\n", b64);
	bool good = write(fd, line, (size_t)n) == n && fsync(fd) == 0;
	int saved = errno;
	sp_wipe(line, sizeof(line));
	sp_wipe(b64, sizeof(b64));
	close(fd);
	if (!good) {
		snprintf(why, SP_REC_WHY, "%s: %s", path, strerror(saved));
		unlink(path);
		return SP_ESYS;
	}
	return SP_OK;
}

static int load(struct sp_rec_key *out, int fd, const char *path, char why[SP_REC_WHY])
{
	char line[sizeof(SECRET) + BASE64_LEN + 1];
	struct stat st;
	size_t skip = strlen(SECRET);

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(why, SP_REC_WHY, "%s: not a file", path);
		return SP_EFIELD;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(why, SP_REC_WHY, "%s: others than its owner may touch it (mode %03o)",
				path, (unsigned)(st.st_mode & 0777));
		return SP_EDENIED;
	}
	ssize_t n = read(fd, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	int rc = strncmp(line, SECRET, skip) == 0
			? read_base64(line + skip, strlen(line + skip), out->sk)
			: SP_EFIELD;
	sp_wipe(line, sizeof(line));
	if (rc != SP_OK || crypto_scalarmult_base(out->pk, out->sk) != 0) {
		snprintf(why, SP_REC_WHY, "%s: not an auditor's key", path);
		return SP_EFIELD;
	}
	return SP_OK;
}

int sp_rec_key_load(struct sp_rec_key *out, const char *path, char why[SP_REC_WHY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		snprintf(why, SP_REC_WHY, "%s: %s", path, strerror(errno));
		return errno == ENOENT ? SP_ENOTFOUND : SP_ESYS;
	}
	int rc = load(out, fd, path, why);
	close(fd);
	return rc;
}
