/* scan/probe_talk.h - one connection's conversation over memory: what is sent, what comes back. */
#ifndef SP_SCAN_PROBE_TALK_H
#define SP_SCAN_PROBE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/cert_view.h"
#include "host/io/tls.h"
#include "scan/facts.h"
#include "scan/hello.h"
#include "scan/probe_http.h"
#include "scan/probe_login.h"
#include "scan/probe_mcs.h"

/* What follows once the negotiation has selected what this needs. */
enum sp_probe_then {
	SP_PROBE_NEGOTIATE, /* nothing: its answer was the question */
	SP_PROBE_HELLO, /* a hello of our own, after SSL or HYBRID */
	SP_PROBE_TLS, /* the library's TLS, for the certificate; after the same */
	SP_PROBE_LOGIN, /* that, and a TSRequest, after HYBRID */
	SP_PROBE_MCS, /* an MCS Connect Initial, after RDP */
	SP_PROBE_WEB, /* no negotiation: TLS at once, and HTTP */
	SP_PROBE_UDP, /* no connection: a datagram to each of two ports; no talk */
};

struct sp_probe_task {
	enum sp_probe_then then;
	uint16_t port;
	enum sp_scan_ask ask;
	bool other_name; /* another name in the cookie */
	const char *host; /* as it was asked for; outlives the talk */

	uint16_t version; /* HELLO */
	uint16_t cipher[SP_HELLO_MAX_CIPHERS];
	size_t n_ciphers;
	const uint16_t *group;
	size_t n_groups;
	bool want_cert;

	enum sp_probe_login login; /* LOGIN */
	uint32_t methods; /* MCS */

	uint32_t paths; /* WEB: bits of enum sp_scan_path, asked one after the other */
	uint32_t ntlm; /* WEB: with a token under this scheme, SP_SCAN_AUTH_ */
};

enum sp_talk_end {
	SP_TALK_GOES_ON,
	SP_TALK_ANSWERED, /* as far as the task goes */
	SP_TALK_CLOSED, /* the peer ended it before */
	SP_TALK_TIMEOUT,
	SP_TALK_NONSENSE, /* what came is not of the protocol, or too much of it */
	SP_TALK_FAILED, /* for want of memory here */
};

/* Valid as long as the talk. */
struct sp_talk_result {
	enum sp_talk_end end;
	bool negotiated; /* nego was answered, and what follows was begun */
	struct sp_scan_nego nego;
	struct sp_hello_answer hello; /* HELLO, and it ANSWERED */
	bool tls; /* the library's handshake came to its end */
	struct sp_scan_cert cert; /* if one was seen, and wanted */
	struct sp_scan_ntlm ntlm; /* LOGIN, WEB */
	struct sp_probe_mcs mcs;
	struct sp_probe_http http[SP_SCAN_PATH_COUNT]; /* status 0: no answer; tokens are gone */
	const char *why; /* of NONSENSE; static */
	bool no_handshake; /* it ended in the handshake: TLS of both sides does not fit */
};

/* What all of them share: made before the jail. */
struct sp_talk_env {
	struct sp_tls_ctx *tls;
	struct sp_cert_roots *roots;
};

struct sp_talk;

/* Its first bytes are ready to be taken. task and env must outlive it. NULL without memory. */
sp_nodiscard struct sp_talk *sp_talk_create(
		const struct sp_talk_env *env, const struct sp_probe_task *task);
/* Accepts NULL. */
void sp_talk_destroy(struct sp_talk *t);
/* Bytes of the peer; what comes after the end is dropped. */
void sp_talk_feed(struct sp_talk *t, const uint8_t *p, size_t n);
/* The peer has closed, or the time for a step is over. */
void sp_talk_stop(struct sp_talk *t, enum sp_talk_end end);
/* What is to be sent, also after the end; valid until the next call. sent says how much was. */
struct sp_span sp_talk_out(const struct sp_talk *t);
void sp_talk_sent(struct sp_talk *t, size_t n);
/* Counts the steps that were made: each has a time of its own. */
unsigned sp_talk_step(const struct sp_talk *t);
const struct sp_talk_result *sp_talk_result(const struct sp_talk *t);

#endif
