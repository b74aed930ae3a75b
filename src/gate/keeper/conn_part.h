/* gate/keeper/conn_part.h - what the files of a connection share. */
#ifndef SP_GATE_KEEPER_CONN_PART_H
#define SP_GATE_KEEPER_CONN_PART_H

#include "gate/keeper/conn.h"

/* ---- conn.c ---- */

/* Close the questions of sp-login, and of sp-target. */
void sp_conn_close_login(struct sp_conn *c);
void sp_conn_close_leg(struct sp_conn *c);
/* Both children are told nothing more; the parent ends them. */
void sp_conn_fatal(struct sp_conn *c, enum sp_why why, const char *text);
/* Watches the questions of a sp-target; takes over the descriptor. */
sp_nodiscard int sp_conn_watch_leg(struct sp_conn *c, int leg);
/* Tells sp-net that the session is over; text is for the person. */
void sp_conn_say_end(struct sp_conn *c, enum sp_why why, uint32_t error_info, const char *text);
/* Calls the connection back in so many microseconds, by its state; 0: not at all. */
void sp_conn_timer(struct sp_conn *c, uint64_t us);

/* ---- conn_policy.c ---- */

/* Whom and what a conversation, or a decision, of this connection is about. */
void sp_conn_about(struct sp_conn *c, struct sp_talk_about *a);
/* The rules' last word before a right is made: the grant, or why not. */
sp_nodiscard enum sp_why sp_conn_grant(struct sp_conn *c, char text[SP_TEXT_WHY]);
/* A proof or a code was wrong: counts it and tells what is to be told; the penalty in seconds. */
uint32_t sp_conn_count_failure(struct sp_conn *c, const char *user);
/* Must this user wait, whatever he proved? */
bool sp_conn_must_wait(struct sp_conn *c, const char *user, bool strong);
/* After the answer: nobody waits for the disk because of a date. For sp_conn_then(). */
int sp_conn_note_login(struct sp_conn *c, bool ok);

/* ---- conn_secret.c ---- */

/* Makes room for one; NULL without memory. */
struct sp_conn_secret *sp_conn_secret_set(struct sp_conn_secret **at);
/* Wipes it; accepts an empty one. */
void sp_conn_secret_drop(struct sp_conn_secret **at);
/* Takes "DOMAIN\user" apart; the domain of the target's configuration when none is named. */
void sp_conn_secret_name(struct sp_conn_secret *s, const char *name, const char *domain);
/* Fills in what opens the target, or why there is nothing. */
sp_nodiscard bool sp_conn_secret_give(struct sp_conn *c, const struct sp_conf_target *t,
		struct sp_msg_target_login *m, char text[SP_TEXT_WHY]);

/* ---- conn_login.c: questions of the login ---- */

int sp_conn_on_route(void *ctx, struct sp_mon_in *in);
int sp_conn_on_sign(void *ctx, struct sp_mon_in *in);
int sp_conn_on_challenge(void *ctx, struct sp_mon_in *in);
int sp_conn_on_proof(void *ctx, struct sp_mon_in *in);
int sp_conn_on_done(void *ctx, struct sp_mon_in *in);
int sp_conn_on_verdict(void *ctx, struct sp_mon_in *in);
/* The login is over, for better or worse. */
void sp_conn_login_over(struct sp_conn *c);

/* ---- conn_talk.c: the conversation ---- */

extern const struct sp_session_owner sp_conn_owner;
int sp_conn_on_converse(void *ctx, struct sp_mon_in *in);
int sp_conn_on_answer(void *ctx, struct sp_mon_in *in);
/* Ends the conversation, unasked. */
void sp_conn_talk_end(struct sp_conn *c, enum sp_why why, const char *text);

/* ---- conn_target.c: the target ---- */

int sp_conn_on_open_target(void *ctx, struct sp_mon_in *in);
int sp_conn_on_redirect(void *ctx, struct sp_mon_in *in);
int sp_conn_on_target_up(void *ctx, struct sp_mon_in *in);
int sp_conn_on_target_arc(void *ctx, struct sp_mon_in *in);
int sp_conn_on_transfer(void *ctx, struct sp_mon_in *in);
int sp_conn_on_channel(void *ctx, struct sp_mon_in *in);
int sp_conn_on_license(void *ctx, struct sp_mon_in *in);
/* The target is not to be had: tells sp-net, who shows it or says goodbye. */
int sp_conn_refuse_target(struct sp_conn *c, const char *text);

/* Opens it: what is to be recorded is by now, or goes on without. */
int sp_conn_open_target(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_geometry *geometry);

/* ---- conn_record.c: what is recorded ---- */

bool sp_conn_records(const struct sp_conf_target *t);
/* Asks for a recorder; sp_conn_open_target() follows, or a refusal. */
int sp_conn_record_open(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_geometry *geometry);
/* There was no answer. */
void sp_conn_record_late(struct sp_conn *c);
/* Adds the stream, where there is one, to what sp-net gets. */
void sp_conn_record_fill(
		struct sp_conn *c, struct sp_msg_target *m, int fds[SP_MON_FDS], size_t *n);
/* sp-net has it. */
void sp_conn_record_given(struct sp_conn *c);
void sp_conn_record_drop(struct sp_conn *c);

/* ---- conn_leg.c: the login at a target ---- */

extern const struct sp_question sp_conn_leg_table[];
extern const size_t sp_conn_leg_rows;

#endif
