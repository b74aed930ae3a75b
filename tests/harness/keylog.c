/* tests/harness/keylog.c - preloaded into a foreign program: writes its TLS keys to $SP_TEST_KEYLOG. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>

static void write_line(const SSL *ssl, const char *line)
{
	const char *path = getenv("SP_TEST_KEYLOG");
	FILE *f = path ? fopen(path, "a") : NULL;

	(void)ssl;
	if (f) {
		fprintf(f, "%s\n", line);
		fclose(f);
	}
}

__attribute__((visibility("default"))) SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
	union {
		void *p;
		SSL_CTX *(*fn)(const SSL_METHOD *method);
	} next = {dlsym(RTLD_NEXT, "SSL_CTX_new")};
	SSL_CTX *ctx = next.p ? next.fn(method) : NULL;

	if (ctx) {
		SSL_CTX_set_keylog_callback(ctx, write_line);
	}
	return ctx;
}
