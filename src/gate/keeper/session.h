/* gate/keeper/session.h - the living and waiting sessions: who may see, approve, end and resume them. */
#ifndef SP_GATE_KEEPER_SESSION_H
#define SP_GATE_KEEPER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/crypt/crypto.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/store.h"
#include "host/monitor/msg.h"

#define SP_SESSIONS 2048 /* at once */
#define SP_SESSION_TICK_US (60 * UINT64_C(1000000)) /* how often the rules are asked again */
#define SP_SESSION_BATCH 64 /* sessions that one tick asks them for */
#define SP_SESSION_GRACE_US (10 * UINT64_C(1000000)) /* for sp-net to end what it was told to end */
#define SP_SESSION_SPARE_US (30 * UINT64_C(1000000)) /* beyond the longest time, before we end it */
#define SP_SESSION_START_US (1800 * UINT64_C(1000000)) /* from the first factor to the target */
#define SP_SESSION_LOST_US (600 * UINT64_C(1000000)) /* so long a lost session can be resumed */
#define SP_SESSION_REASON_US (600 * UINT64_C(1000000)) /* so long the last reason is told */
#define SP_SESSION_LOST 1024 /* lost sessions that can be resumed */
#define SP_SESSION_LOST_USER 8 /* of one user */
#define SP_SESSION_STEP_US (86400 * UINT64_C(1000000)) /* so long a second factor is owed */
#define SP_SESSION_COOKIE_US \
	(2 * UINT64_C(1000000)) /* from the target's up: the client has its cookie */
#define SP_SESSION_STEPS 1024 /* users who owe one */
#define SP_SESSION_REASONS 1024 /* users with a last reason */
#define SP_SESSION_NAME 27 /* a ULID, and a NUL */
#define SP_SESSION_WARN_S 300 /* so long before its end the person is warned */

/* Error information of [MS-RDPBCGR] 2.2.5.1.1 that the keeper gives; core/pdu is not for it. */
#define SP_SESSION_INFO_ADMIN 0x1u /* ERRINFO_RPC_INITIATED_DISCONNECT */
#define SP_SESSION_INFO_IDLE 0x3u /* ERRINFO_IDLE_TIMEOUT */
#define SP_SESSION_INFO_TIME 0x4u /* ERRINFO_LOGON_TIMEOUT */
#define SP_SESSION_INFO_OTHER 0x5u /* ERRINFO_DISCONNECTED_BY_OTHERCONNECTION */
#define SP_SESSION_INFO_DENIED 0x7u /* ERRINFO_SERVER_DENIED_CONNECTION */

enum sp_session_state {
	SP_SESSION_NONE,
	SP_SESSION_TALK, /* the conversation */
	SP_SESSION_APPROVAL, /* waits for another person's yes */
	SP_SESSION_OPENING, /* granted; the target is being opened */
	SP_SESSION_ACTIVE, /* the target is up */
	SP_SESSION_ENDING, /* told to end */
	SP_SESSION_STATES
};

/* "waiting for approval"; static. */
const char *sp_session_state_text(enum sp_session_state state);

/*
 * The connection that a session belongs to, as the registry calls it. Each of them may close the
 * session before it returns.
 */
struct sp_session_owner {
	/* The session is to end: tell sp-net, in whatever state it is. `text` is for the person. */
	void (*end)(void *conn, enum sp_why why, uint32_t error_info, const char *text);
	/* It was told and has not gone: end its processes. */
	void (*kill)(void *conn, enum sp_why why, const char *text);
	/* The approval that was asked for came, or the refusal; by whom. */
	void (*decided)(void *conn, bool approved, const char *by);
};

struct sp_sessions;

/* Plain to read; written only by the functions here. */
struct sp_session {
	struct sp_session *next;
	struct sp_sessions *all;
	const struct sp_session_owner *owner;
	void *arg; /* the connection, for owner */
	uint32_t id; /* 1, 2, ...: what people type */
	char name[SP_SESSION_NAME]; /* a ULID: the same in the audit and when it is resumed */
	char recording[SP_REC_ID + 1]; /* the one that runs of it; empty: none */
	enum sp_session_state state;
	uint64_t conn; /* of the parent's counting */
	uint64_t grant; /* names it in logs; 0 until there is one */
	int64_t user_id, user_created;
	char user[SP_TEXT_USER];
	struct sp_source source;
	char interface[SP_TEXT_IFACE];
	bool device; /* a device secret was the password */
	uint32_t factors; /* SP_CONF_FACTOR_* that were proved */
	int64_t since; /* seconds since 1970 */
	char target[SP_TEXT_TARGET]; /* empty: not chosen */
	char rule[2 * SP_CONF_NAME]; /* name of the one that let it in; empty: none yet */
	char reason[SP_TEXT_WHY]; /* typed by the person */
	char approver[SP_TEXT_USER]; /* who said yes; empty: nobody */
	char route[SP_TEXT_ROUTE]; /* the token of its first packet; empty: it needed none */
	bool refused; /* an approver said no */
	bool resumed; /* came back by an auto-reconnect cookie */
	bool continued; /* ENDING: somebody came back by it */
	uint64_t step_us; /* when its client is to go off the line; 0: it stays */
	bool stepped; /* ENDING: its client may come back by its cookie, with a second factor */
	char before[SP_TEXT_ADDR]; /* resumed: from where it came then */
	uint64_t check_us; /* when the rules are to be asked again */
	uint64_t seen_us; /* the first tick that saw it; 0: none yet */
	uint64_t began_us; /* when it first was given its target; 0: never; kept over a reconnect */
	uint64_t up_us; /* when sp-net said that the target is up; 0: not yet */
	int64_t active; /* the same in seconds since 1970 */
	uint64_t max_us; /* its longest time, from began_us; 0: none */
	uint64_t lost_us; /* when it was lost; 0: it lives */
	int64_t until; /* when the rule's hours end, seconds since 1970; 0: not known */
	uint64_t kill_us; /* ENDING: when it must be gone */
	enum sp_why why; /* ENDING: why the keeper ended it */
	char why_text[SP_TEXT_WHY]; /* likewise, for the person */
	struct sp_msg_arc arc; /* our cookie: bits as sent to the client */
	struct sp_msg_arc target_arc; /* the target's own */
};

/* What the registry has to ask others. */
struct sp_session_world {
	/* The rules, now, for this session and its target. out->rule is valid until they change. */
	void (*decide)(void *arg, const struct sp_session *s, struct sp_policy_verdict *out);
	/* Does this user still exist, the same one, and enabled? */
	bool (*user_ok)(void *arg, const struct sp_session *s);
	/* Is this name one of the rule's approvers, and not a disabled user's? */
	bool (*may_approve)(void *arg, const struct sp_conf_rule *rule, const char *name);
	/* Nobody came back to this lost session, and nobody can any more. */
	void (*forgot)(void *arg, const struct sp_session *s);
	void *arg;
};

/* NULL without memory. `world` is copied. Times are those of a monotonic clock. */
sp_nodiscard struct sp_sessions *sp_sessions_create(
		const struct sp_crypto *crypto, const struct sp_session_world *world);
/* All sessions must be closed. Accepts NULL. */
void sp_sessions_destroy(struct sp_sessions *all);

/* What is known once the first factor is proved. */
struct sp_session_facts {
	uint64_t conn;
	const struct sp_user *user;
	const struct sp_source *source;
	const char *interface; /* may be empty */
	bool device;
	int64_t since; /* seconds since 1970 */
};

/* A session in state TALK; the registry's until it is closed. NULL: too many, or no memory. */
sp_nodiscard struct sp_session *sp_session_create(struct sp_sessions *all,
		const struct sp_session_facts *facts, const struct sp_session_owner *owner,
		void *arg);
/*
 * The session's connection is over. `why` and `text` are what sp-net said, or SP_WHY_GONE when it
 * said nothing; what the keeper ended the session for goes before it. The reason is kept for the
 * user's next greeter where it is one to be told, and a session that was lost (SP_WHY_LOST) can be
 * resumed for ten minutes. Accepts NULL.
 */
void sp_session_close(struct sp_session *s, enum sp_why why, const char *text, uint64_t now_us);

/* ---- what the conversation tells ---- */

/* The target that was chosen and the rule that allows it; either may be NULL: not known. */
void sp_session_chosen(struct sp_session *s, const char *target, const struct sp_conf_rule *rule);
/* Cut where it is too long. */
void sp_session_reason(struct sp_session *s, const char *reason);
/* The token of its first packet. */
void sp_session_routed(struct sp_session *s, const char *route);
/* One more factor was proved. */
void sp_session_proved(struct sp_session *s, uint32_t factor);
/* The grant was made: OPENING. */
void sp_session_granted(struct sp_session *s, uint64_t grant);
/* It is recorded, by this id; not any more: empty. */
void sp_session_recorded(struct sp_session *s, const char *id);
/* sp-net said TARGET_UP: ACTIVE. */
void sp_session_up(struct sp_session *s, int64_t now, uint64_t now_us);
/*
 * Fills idle_s, max_s, warn_s of a TARGET from the rule and from the end of its hours, and starts
 * the clock of the longest time; for a resumed session it runs already. `now` is the verdict's,
 * since 1970.
 */
void sp_session_limits(struct sp_session *s, const struct sp_policy_verdict *verdict, int64_t now,
		uint64_t now_us, struct sp_msg_target *out);

/*
 * Do the rules, now, let this session be on its target: does one allow it, with a factor that was
 * proved and an approval that was given? `why` in words when not. v->rule is valid until the
 * configuration changes.
 */
sp_nodiscard bool sp_session_allowed(
		struct sp_session *s, struct sp_policy_verdict *v, char why[SP_TEXT_WHY]);

/* ---- approval ---- */

enum sp_session_approval {
	SP_SESSION_REFUSED,
	SP_SESSION_WAITING,
	SP_SESSION_APPROVED,
};

/*
 * Puts the session into APPROVAL and answers WAITING; owner->decided comes later, after which the
 * session is in TALK again. APPROVED at once when a resumed session was approved before.
 */
enum sp_session_approval sp_session_ask_approval(
		struct sp_session *s, const struct sp_conf_rule *rule);
/* How it stands; for polling. */
enum sp_session_approval sp_session_approval(const struct sp_session *s);
/*
 * The command's word: `by` says yes or no. SP_OK; SP_ESTATE: nothing is asked; SP_EDENIED: he is
 * not to say, or it is his own session. `why` tells it in words.
 */
sp_nodiscard int sp_session_decide(
		struct sp_session *s, bool approve, const char *by, char why[SP_TEXT_WHY]);

/* ---- ends ---- */

/*
 * Ends a session: owner->end now, owner->kill when it is still there after SP_SESSION_GRACE_US.
 * Only the first call counts.
 */
void sp_session_end(struct sp_session *s, enum sp_why why, uint32_t error_info, const char *text,
		uint64_t now_us);
/*
 * A second factor is asked for again, whatever else its user brings: a living session is taken off
 * the line as soon as its client has a cookie, and stays what it is for that one. `closed`: at once,
 * and the cookie is spent too. In the conversation nothing ends but, when it is closed, the conversation.
 */
void sp_session_step_up(struct sp_session *s, bool closed, const char *text, uint64_t now_us);
/* Does this user owe a second factor? Until it is proved, or for a day. */
bool sp_session_owes(const struct sp_sessions *all, int64_t user_id, uint64_t now_us);
/*
 * Once a minute for each session whose target is opened: asks the rules again, ends those that they
 * no longer allow, whose user is gone, whose time is over or who do not get to a target; and kills
 * those that do not go. Call it when sp_sessions_due() has come. A batch at a time, since it is
 * work: others are to be heard in between. `now` is in seconds since 1970.
 */
void sp_sessions_tick(struct sp_sessions *all, int64_t now, uint64_t now_us);
/* The rules have changed: the next ticks ask them for every session. */
void sp_sessions_recheck(struct sp_sessions *all);
/* When the tick is to be called next; 0: there is nothing that it could look at. */
uint64_t sp_sessions_due(const struct sp_sessions *all);

/* ---- looking ---- */

/* The newest first; valid until a session is created or closed. */
struct sp_session *sp_sessions_first(const struct sp_sessions *all);
/* NULL: no such session. */
struct sp_session *sp_session_find(const struct sp_sessions *all, uint32_t id);
/* The same by what it is called in the audit. */
struct sp_session *sp_session_named(const struct sp_sessions *all, const char *name);

/* ---- the last reason, for the next greeter ---- */

struct sp_session_last {
	enum sp_why why;
	char target[SP_TEXT_TARGET];
	char text[SP_TEXT_WHY]; /* for the person */
};

/* sp_session_close() does this for sessions; here for what ended before there was one. */
void sp_session_reason_put(struct sp_sessions *all, int64_t user_id, enum sp_why why,
		const char *target, const char *text, uint64_t now_us);
/* True once, for what is not older than SP_SESSION_REASON_US; it is forgotten then. */
bool sp_session_reason_take(struct sp_sessions *all, int64_t user_id, uint64_t now_us,
		struct sp_session_last *out);

/* ---- auto-reconnect, [MS-RDPBCGR] 5.5 ---- */

/*
 * A new cookie for the client of this session, in place of the one before; for TARGET.arc.
 * Without random numbers there is none (present is 0).
 */
void sp_session_arc_make(struct sp_session *s, struct sp_msg_arc *out);
/* The target's own cookie, from TARGET_ARC; given back in TARGET.target_arc after a resume. */
void sp_session_arc_target(struct sp_session *s, const struct sp_msg_arc *arc);
/*
 * Does the cookie that a client brought in CONVERSE resume a session of the same user, from the
 * same network, that is living or was lost, to a target that the rules allow from here and now?
 * Then `s` takes over its target, rule, factors, approval, reason, used time and the target's
 * cookie, the cookie is spent, and a living one is ended (another connection took it). The target
 * of s says where the person comes back to. Else `misused` says whether it names a session that
 * is there, but is not its cookie, or not this user's, or comes from elsewhere.
 */
sp_nodiscard bool sp_session_arc_check(
		struct sp_session *s, const struct sp_msg_arc *arc, uint64_t now_us, bool *misused);

/*
 * The session that came by this token, from this network, and is active or was lost: its client
 * comes back by itself with the token that was spent then. NULL: none.
 */
const struct sp_session *sp_session_by_route(struct sp_sessions *all, const char *route,
		const struct sp_source *source, uint64_t now_us);

#endif
