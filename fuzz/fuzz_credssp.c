/*
 * fuzz/fuzz_credssp.c - a login whose other side sends any bytes. The first byte says which side
 * is ours; then come requests, each behind its length in two bytes, big-endian.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/auth/credssp_client.h"
#include "core/auth/credssp_server.h"
#include "core/base/rd.h"
#include "fake_crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define MAX_REQUESTS 8

/* What a machine says must be whole requests, or nothing. */
static void check_reply(const struct sp_wr *w)
{
	struct sp_credssp_request r;

	if (w->n > 0 && sp_credssp_request_read(sp_span(w->p, w->n), &r) != SP_OK) {
		__builtin_trap();
	}
}

static int server_step(struct sp_credssp_server *s, struct sp_span in, struct sp_wr *reply)
{
	static const struct sp_credssp_challenge ch = {
			.filetime = 0, .netbios_computer = "S", .netbios_domain = "S"};
	static const uint8_t key[SP_NTLMV2_KEY];

	int rc = sp_credssp_server_step(s, in, reply);
	if (rc == SP_CREDSSP_ASK_CHALLENGE) {
		rc = sp_credssp_server_challenge(s, &ch, reply);
	} else if (rc == SP_CREDSSP_ASK_PROOF) {
		rc = sp_credssp_server_verdict(s, SP_CREDSSP_PROVED, key, reply);
	}
	if ((rc == SP_CREDSSP_DONE) != (sp_credssp_server_login(s) != NULL)) {
		__builtin_trap();
	}
	return rc;
}

static void run(struct sp_credssp_server *s, struct sp_credssp_client *c, struct sp_rd *r)
{
	struct sp_wr reply;

	sp_wr_init(&reply, SP_CREDSSP_MAX);
	for (int i = 0; i < MAX_REQUESTS; i++) {
		struct sp_span in = sp_rd_span(r, sp_rd_be16(r));

		if (sp_rd_ok(r) != SP_OK) {
			break;
		}
		int rc = s ? server_step(s, in, &reply) : sp_credssp_client_step(c, in, &reply);
		check_reply(&reply);
		sp_wr_reset(&reply);
		if (rc < 0) {
			break;
		}
	}
	sp_wr_finish(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sp_credssp_server_conf sc = {.public_key = sp_span("key", 3)};
	struct sp_credssp_client_conf cc = {
			.user = "u", .password = sp_span("p", 1), .public_key = sp_span("key", 3)};
	struct sp_rd r;

	if (sp_credssp_frame(sp_span(p, n)) > SP_CREDSSP_MAX) {
		__builtin_trap();
	}
	struct sp_credssp_password password;
	if (sp_credssp_password_read(sp_span(p, n), &password) == SP_OK && !password.user.p) {
		__builtin_trap();
	}
	sp_rd_init(&r, p, n);
	uint8_t kind = sp_rd_u8(&r);
	cc.spnego = kind & 2;
	cc.allow_old = kind & 4;
	struct sp_credssp_server *s = kind & 1 ? sp_credssp_server_create(&fake_crypto, &sc) : NULL;
	struct sp_credssp_client *c = kind & 1 ? NULL : sp_credssp_client_create(&fake_crypto, &cc);
	if (s || c) {
		run(s, c, &r);
	}
	sp_credssp_server_destroy(s);
	sp_credssp_client_destroy(c);
	return 0;
}
