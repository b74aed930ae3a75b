/* gate/keeper/conn_part.h - what the files of a connection share. */
#ifndef SP_GATE_KEEPER_CONN_PART_H
#define SP_GATE_KEEPER_CONN_PART_H

#include "gate/keeper/conn.h"

/* conn.c: closes sp-login's questions. */
void sp_conn_close_login(struct sp_conn *c);
/* Both children are told nothing more; the parent ends them. */
void sp_conn_fatal(struct sp_conn *c, enum sp_why why, const char *text);

/* conn_login.c: questions of the login. */
int sp_conn_on_sign(void *ctx, struct sp_mon_in *in);
int sp_conn_on_challenge(void *ctx, struct sp_mon_in *in);
int sp_conn_on_proof(void *ctx, struct sp_mon_in *in);
int sp_conn_on_done(void *ctx, struct sp_mon_in *in);
int sp_conn_on_verdict(void *ctx, struct sp_mon_in *in);
/* The login is over, for better or worse. */
void sp_conn_login_over(struct sp_conn *c);

/* conn_talk.c: the conversation. */
int sp_conn_on_converse(void *ctx, struct sp_mon_in *in);
int sp_conn_on_answer(void *ctx, struct sp_mon_in *in);
/* The login became a right: the target may be asked for. */
int sp_conn_granted(struct sp_conn *c, enum sp_factor factor);
/* After the answer: nobody waits for the disk because of a date. */
void sp_conn_note_login(struct sp_conn *c);
/* Nobody answered in time. */
void sp_conn_talk_late(struct sp_conn *c);

/* conn_target.c: the target. */
int sp_conn_on_open_target(void *ctx, struct sp_mon_in *in);

#endif
