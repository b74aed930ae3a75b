/* host/rdp/conn.h - a live RDP connection: a stream, TLS when its machine asks, the machine. */
#ifndef SP_HOST_RDP_CONN_H
#define SP_HOST_RDP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/rdp/rdp.h"
#include "host/io/loop.h"
#include "host/io/tls.h"

struct sp_conn;

struct sp_conn_calls {
	/*
	 * An event of the machine but START_TLS, which is dealt with here. The owner answers by
	 * calling the machine directly; what that queues is sent at the end of the turn.
	 */
	void (*event)(void *user, const struct sp_event *ev);
	/*
	 * The TLS handshake is done; a client looks at the certificate here. SP_OK goes on, an
	 * error ends the connection with it. 1 puts it off: nothing is sent until the owner calls
	 * sp_rdp_tls_done(). May be NULL.
	 */
	int (*tls_up)(void *user);
	/*
	 * Called once, last, after what could be sent was sent. err is SP_OK after
	 * sp_conn_end(), SP_ECLOSED when the peer ended in order, else what went wrong. what is
	 * the field, TLS complaint or state that explains it, "" for none; valid in the call.
	 */
	void (*closed)(void *user, int err, const char *what);
	/*
	 * A buffer of the machine's output, whole PDUs in their order, before it is encrypted and
	 * sent. May be kept by a reference; nothing else may be done to the connection. May be
	 * NULL.
	 */
	void (*sent)(void *user, struct sp_rcbuf *pdus);
	/* The link was full and has room again. May be NULL. */
	void (*room)(void *user);
};

struct sp_conn_conf {
	int fd; /* connected stream socket; the connection's from success on */
	struct sp_rdp *rdp; /* the connection's from success on */
	struct sp_tls_ctx *ctx; /* NULL where the machine will not ask for TLS */
	bool server;
	struct sp_tls_peer peer; /* clients: how the certificate is judged */
	uint64_t stall_us; /* a peer that takes nothing for this long is given up; 0: never */
	const struct sp_conn_calls *calls;
	void *user;
};

/* On failure NULL; fd and rdp stay the caller's. */
sp_nodiscard struct sp_conn *sp_conn_create(struct sp_loop *l, const struct sp_conn_conf *conf);
/* At once and without a word to the peer; no callback follows. Any callback may do it. */
void sp_conn_destroy(struct sp_conn *c);

struct sp_rdp *sp_conn_rdp(struct sp_conn *c);
/* NULL before TLS. */
struct sp_tls *sp_conn_tls(struct sp_conn *c);
/* Sends what is queued, then closes; closed() follows within two seconds. */
void sp_conn_end(struct sp_conn *c);
/* As sp_conn_end, and closed() will tell this error and text (static). */
void sp_conn_fail(struct sp_conn *c, int err, const char *what);
/* Reads no more of the peer, or goes on: back-pressure of whoever takes the events. */
void sp_conn_pause(struct sp_conn *c, bool paused);
/* So much waits to be sent that the owner should stop producing; room() follows. */
bool sp_conn_full(const struct sp_conn *c);
/* Writes what is queued as far as it goes, now. */
void sp_conn_flush(struct sp_conn *c);
/* Bytes that wait here to be written. */
size_t sp_conn_waiting(const struct sp_conn *c);
/* For asking what the system knows of it. */
int sp_conn_fd(const struct sp_conn *c);
/* Bytes in both directions since the start, as they were on the wire. */
uint64_t sp_conn_bytes_in(const struct sp_conn *c);
uint64_t sp_conn_bytes_out(const struct sp_conn *c);

#endif
