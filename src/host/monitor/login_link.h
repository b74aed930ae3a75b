/* host/monitor/login_link.h - what sp-net says to sp-login and to sp-target, and they to it. */
#ifndef SP_HOST_MONITOR_LOGIN_LINK_H
#define SP_HOST_MONITOR_LOGIN_LINK_H

#include <stdint.h>

/*
 * Messages of host/io/ipc.h on a socket pair. sp-net begins; then each TSRequest of the client
 * is a TOKEN to sp-login and each answer a TOKEN back, until sp-login says END. TSRequests are
 * opaque to sp-net. An answer that goes with an END is sent as a TOKEN before it.
 */
enum sp_login_msg {
	SP_LOGIN_BEGIN = 1, /* struct sp_login_begin; to sp-login, once */
	SP_LOGIN_BEGIN_TARGET = 4, /* struct sp_login_begin_target; likewise, to sp-target */
	SP_LOGIN_TOKEN = 2, /* the bytes of a TSRequest */
	SP_LOGIN_END = 3, /* struct sp_login_end; to sp-net, once */
};

#define SP_LOGIN_KEY_MAX 2304
#define SP_LOGIN_ENDPOINT_MAX 64

/* Which certificate the login must be bound to. */
struct sp_login_begin {
	uint64_t conn;
	uint32_t key_n, endpoint_n;
	uint8_t key[SP_LOGIN_KEY_MAX]; /* SubjectPublicKey, as CredSSP hashes it */
	uint8_t endpoint[SP_LOGIN_ENDPOINT_MAX]; /* tls-server-end-point */
};

enum sp_login_result {
	SP_LOGIN_FAILED,
	SP_LOGIN_OK,
};

struct sp_login_end {
	uint32_t result; /* enum sp_login_result */
	uint32_t zero;
};

/*
 * sp-target is the client: it judges the certificate first, then the first TSRequest (or, with
 * SP_PROTO_RDSTLS, the authentication request) is a TOKEN to sp-net, unasked. It ends with a
 * SP_LOGIN_TARGET_END instead of an END. A program of its own, because what checks certificates
 * costs three times the memory of sp-login, and every connection starts one of those.
 */
#define SP_LOGIN_CHAIN_MAX 32768

struct sp_login_begin_target {
	uint64_t conn;
	uint32_t protocol; /* SP_PROTO_* that the target selected */
	uint32_t chain_n; /* certificates in DER, the target's first, each behind its u32 length */
	uint8_t chain[SP_LOGIN_CHAIN_MAX];
};

#define SP_LOGIN_TARGET_END 5
#define SP_LOGIN_NAME 772

struct sp_login_target_end {
	uint32_t result; /* enum sp_login_result */
	uint32_t why; /* enum sp_why */
	char text[192]; /* for the person at the client, when it failed */
	/* What Client Info carries; the password only where the target has no NLA. */
	char user[SP_LOGIN_NAME], domain[SP_LOGIN_NAME], password[SP_LOGIN_NAME];
};

#endif
