/* host/lib/seal.c - small secrets sealed under the key file, each bound to its place. */
#include "host/lib/seal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(SP_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SP_SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SP_SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

static int fail(char why[SP_SEAL_WHY], int err, const char *path, const char *text)
{
	snprintf(why, SP_SEAL_WHY, "%s: %s", path, text);
	return err;
}

static int folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int n = snprintf(folder, PATH_MAX, "%.*s", slash != NULL ? (int)(slash - path) : 1,
			slash != NULL ? path : ".");

	return 0 < n && n < PATH_MAX ? SP_OK : SP_EARG;
}

/* Whole or not at all, and the first of two processes wins: written aside, then linked. */
static int make(const char *path)
{
	uint8_t key[SP_SEAL_KEY];
	char folder[PATH_MAX], aside[PATH_MAX];
	struct stat st;
	int rc = SP_ESYS, fd = -1, dir = -1;

	if (folder_of(path, folder) != SP_OK) {
		return SP_ESYS;
	}
	int n = snprintf(aside, sizeof(aside), "%s.%ld", path, (long)getpid());
	if (!(0 < n && (size_t)n < sizeof(aside))) {
		return SP_ESYS;
	}
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) != 0) {
		goto close_dir;
	}
	unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		goto close_dir;
	}
	randombytes_buf(key, sizeof(key));
	bool ok = write(fd, key, sizeof(key)) == (ssize_t)sizeof(key);
	sodium_memzero(key, sizeof(key));
	if (ok && geteuid() == 0) {
		ok = fchown(fd, st.st_uid, st.st_gid) == 0;
	}
	ok = ok && fsync(fd) == 0;
	if (ok && (link(aside, path) == 0 || errno == EEXIST)) {
		rc = fsync(dir) == 0 ? SP_OK : SP_ESYS;
	}
	int kept = errno;
	unlink(aside);
	close(fd);
	errno = kept;
close_dir:
	if (dir >= 0) {
		close(dir);
	}
	return rc;
}

static int load(struct sp_seal *s, const char *path, char why[SP_SEAL_WHY])
{
	struct stat st;
	uint8_t more;
	int rc = SP_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		return fail(why, errno == ENOENT ? SP_ENOTFOUND : SP_ESYS, path, strerror(errno));
	}
	if (fstat(fd, &st) != 0) {
		rc = fail(why, SP_ESYS, path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		rc = fail(why, SP_EDENIED, path, "is no file");
	} else if ((st.st_mode & 077) != 0) {
		rc = fail(why, SP_EDENIED, path,
				"group or others may use it; chmod 600, and think "
				"about who has read it");
	} else if (geteuid() != 0 && st.st_uid != geteuid()) {
		rc = fail(why, SP_EDENIED, path, "belongs to another user");
	} else if (read(fd, s->key, sizeof(s->key)) != (ssize_t)sizeof(s->key) ||
			read(fd, &more, 1) != 0) {
		rc = fail(why, SP_EDENIED, path, "is damaged: a key has 32 bytes");
	}
	close(fd);
	return rc;
}

int sp_seal_open(struct sp_seal *s, const char *path, bool create, char why[SP_SEAL_WHY])
{
	memset(s, 0, sizeof(*s));
	why[0] = '\0';
	if (sodium_init() < 0) {
		return fail(why, SP_ESYS, path, "no random numbers");
	}
	/* Without the right to lock memory it works as well, only less well hidden. */
	(void)sodium_mlock(s, sizeof(*s));
	int rc = load(s, path, why);
	if (rc == SP_ENOTFOUND && create) {
		rc = make(path);
		if (rc != SP_OK) {
			fail(why, rc, path, strerror(errno));
		} else {
			rc = load(s, path, why);
		}
	}
	if (rc != SP_OK) {
		sp_seal_finish(s);
	}
	return rc;
}

void sp_seal_finish(struct sp_seal *s)
{
	sodium_munlock(s, sizeof(*s));
	sodium_memzero(s, sizeof(*s));
}

void sp_seal_derive(const struct sp_seal *s, const char *purpose, struct sp_span in, uint8_t *out,
		size_t n)
{
	crypto_generichash_state st;
	int rc = crypto_generichash_init(&st, s->key, sizeof(s->key), n);

	/* The NUL ends the purpose, so that no two pairs give the same bytes. */
	rc |= crypto_generichash_update(&st, (const unsigned char *)purpose, strlen(purpose) + 1);
	if (in.n > 0) {
		rc |= crypto_generichash_update(&st, in.p, in.n);
	}
	rc |= crypto_generichash_final(&st, out, n);
	assert(rc == 0);
	sodium_memzero(&st, sizeof(st));
}

static void record_key(
		const struct sp_seal *s, const uint8_t salt[SP_SEAL_SALT], uint8_t key[SP_SEAL_KEY])
{
	sp_seal_derive(s, "record", sp_span(salt, SP_SEAL_SALT), key, SP_SEAL_KEY);
}

void sp_seal_close(const struct sp_seal *s, struct sp_span aad, struct sp_span plain,
		uint8_t salt[SP_SEAL_SALT], uint8_t nonce[SP_SEAL_NONCE], uint8_t *out)
{
	uint8_t key[SP_SEAL_KEY];

	randombytes_buf(salt, SP_SEAL_SALT);
	randombytes_buf(nonce, SP_SEAL_NONCE);
	record_key(s, salt, key);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
			out, NULL, plain.p, plain.n, aad.p, aad.n, NULL, nonce, key);
	sodium_memzero(key, sizeof(key));
}

int sp_seal_unseal(const struct sp_seal *s, struct sp_span aad, const uint8_t salt[SP_SEAL_SALT],
		const uint8_t nonce[SP_SEAL_NONCE], struct sp_span sealed, uint8_t *plain, size_t n)
{
	uint8_t key[SP_SEAL_KEY];

	memset(plain, 0, n);
	if (sealed.n != n + SP_SEAL_TAG) {
		return SP_EAUTH;
	}
	record_key(s, salt, key);
	int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
			plain, NULL, NULL, sealed.p, sealed.n, aad.p, aad.n, nonce, key);
	sodium_memzero(key, sizeof(key));
	if (rc != 0) {
		sodium_memzero(plain, n);
		return SP_EAUTH;
	}
	return SP_OK;
}
