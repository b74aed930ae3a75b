/* gate/keeper/conn_tell.h - what a connection tells the audit, and what waits for it. */
#ifndef SP_GATE_KEEPER_CONN_TELL_H
#define SP_GATE_KEEPER_CONN_TELL_H

#include "gate/keeper/conn_part.h"
#include "host/audit/event.h"

/* ---- conn_hold.c ---- */

/*
 * Those told "first" have to be durable before anything that is sent after them. When they cannot
 * be written, what was to be said is a refusal instead, and rights are taken back. Meanwhile
 * sp-net is asked nothing, and everybody else goes on.
 */
void sp_conn_hold_begin(struct sp_conn *c);
/* Nobody is to hear it any more. */
void sp_conn_drop_held(struct sp_conn *c);
bool sp_conn_holds(const struct sp_conn *c);
/* To sp-net, in its turn; the descriptors stay the caller's. */
sp_nodiscard int sp_conn_send(struct sp_conn *c, enum sp_msg type, const void *body, size_t n,
		const int *fds, size_t nfds);
#define sp_conn_say(c, name, bodyp) sp_conn_send(c, SP_MSG_##name, bodyp, sizeof(*(bodyp)), NULL, 0)
/* Calls it in its turn; ok is false when what was told first cannot be written. */
sp_nodiscard int sp_conn_then(struct sp_conn *c, sp_conn_then_fn fn);
/* Tells the person that nobody is let in without an audit. */
void sp_conn_refuse_unwritten(struct sp_conn *c);

/* ---- conn_tell.c ---- */

void sp_conn_tell_open(struct sp_conn *c);
/* The connection is over: why, and how much went over it. */
void sp_conn_tell_close(struct sp_conn *c);
void sp_conn_tell_crash(struct sp_conn *c, const char *process, int signo);

/* A login came to nothing. */
void sp_conn_tell_auth_fail(struct sp_conn *c, uint32_t why);
/* First: somebody proved who he is. */
void sp_conn_tell_auth_ok(struct sp_conn *c);
/* Wrong proofs or codes have a consequence for this user; scope "user", "network", "codes". */
void sp_conn_tell_lock(struct sp_conn *c, const char *user, const char *scope, uint32_t failures,
		uint32_t seconds);
/* First: what stood against the user is lifted. */
void sp_conn_tell_lock_end(struct sp_conn *c, uint32_t failures);
/* A token or cookie was shown that is not good any more; how: "token", "route", "arc", "otp". */
void sp_conn_tell_misuse(struct sp_conn *c, const char *how, int64_t id, enum sp_severity severity);
/* First: a token is spent. */
void sp_conn_tell_token(struct sp_conn *c, int64_t id);

/* First: a factor was proved. */
void sp_conn_tell_mfa_ok(struct sp_conn *c, enum sp_factor factor);
/* `kind`: MFA_FAIL or MFA_TIMEOUT. */
void sp_conn_tell_mfa(
		struct sp_conn *c, enum sp_audit_kind kind, const char *reason, uint32_t attempts);
void sp_conn_tell_deny(struct sp_conn *c, uint32_t why, const char *text);
/* What was told first could not be written. */
void sp_conn_tell_unwritten(struct sp_conn *c);
/* `kind`: APPROVAL_ASK, _OK (first), _NO. */
void sp_conn_tell_approval(
		struct sp_conn *c, enum sp_audit_kind kind, const char *by, const char *reason);
/* First: the rules let this user have this target; and a right beyond his own. */
void sp_conn_tell_grant(struct sp_conn *c, const struct sp_conf_target *t);

void sp_conn_tell_connect(struct sp_conn *c, bool ok, const char *text);
void sp_conn_tell_cert(struct sp_conn *c, const uint8_t spki[32], const char *reason,
		enum sp_outcome outcome, const char *text);
/* First: with what the gate will log in there. */
void sp_conn_tell_secret(struct sp_conn *c, const struct sp_conf_target *t);
void sp_conn_tell_target_login(struct sp_conn *c, bool ok, const char *text);

/* First: the session begins, or goes on after it was lost. */
void sp_conn_tell_start(struct sp_conn *c, const struct sp_channels *channels);
/* Its end, or its loss; before the registry forgets it. */
void sp_conn_tell_over(struct sp_conn *c, enum sp_why why, const char *text);
/* A lost session that nobody came back to. */
void sp_keeper_tell_forgot(void *keeper, const struct sp_session *s);

void sp_conn_tell_transfer(struct sp_conn *c, const struct sp_msg_transfer *m, uint64_t missed);
void sp_conn_tell_channel(struct sp_conn *c, const struct sp_msg_channel *m);

#endif
