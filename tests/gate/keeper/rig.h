/* tests/gate/keeper/rig.h - a keeper in this process, and our ends of all its sockets. */
#ifndef SP_TESTS_KEEPER_RIG_H
#define SP_TESTS_KEEPER_RIG_H

#include "unit.h"

#include "gate/keeper/conn.h"
#include "gate/keeper/keeper.h"

#define GOOD "four staples and a horse"

/* The users: alice; dave, disabled; carol, with the one-time-code secret rig_secret. */
struct rig {
	struct sp_keeper k;
	struct sp_conf conf;
	uint64_t clock_us;
	int64_t unix_s;
	/* Our ends: the parent's, the broker's, sp-dial's, and those of the connection's two children. */
	int parent, broker, dial, net, login;
	int leg; /* sp-target's; -1: there is none */
	int host; /* the target's end of the dialled socket; -1 likewise */
	struct sp_source source;
	const char *name; /* who opens db1, as sent */
	uint64_t conn; /* the connection's number */
	int scribe; /* our end; -1: none */
	bool scribe_waits; /* it takes events and does not answer */
	const char *scribe_refuses; /* why; NULL: it does not */
	struct sp_msg_record_open record_open; /* conn 0: it was not asked to record */
	uint64_t scribe_last; /* ticket it was told last */
	struct sp_mon_in in; /* what expect() got */
};

extern struct rig rig;
extern const uint8_t rig_secret[];

int rig_open(void **state);
int rig_close(void **state);
/* Lets the keeper answer everything that lies there. */
void turn(void);
/* The next message for one of our ends must be of that type; it is in rig.in then. */
void expect(int fd, enum sp_msg type);
void expect_nothing(int fd);
/* Like expect(), after whatever else comes first. */
void await(int fd, enum sp_msg type);
/* Is there a line with this in the log, and with that too? Of the connection, so far. */
bool logged(const char *text, const char *more);
/* Was an event told, of this connection so far: "auth.fail reason=wrong-password". Each word must fit. */
bool told(const char *words);
/* How many of that kind. */
unsigned told_times(const char *kind);
/* The scribe says that all it was told is durable. */
void scribe_answers(void);
/* Another one takes its place. */
void new_scribe(void);
/* A connection from rig.source; it must end with disconnect(). */
void connect_one(void);
void closed(uint32_t role, bool crashed, bool deadline);
void disconnect(void);
/* Was the connection ended by the keeper, with a reason and a penalty? */
bool was_ended(void);

struct sp_msg_challenge challenge(void);
struct sp_msg_proof proof_of(const char *user, const char *password, const uint8_t *server);
uint32_t prove(const char *user, const char *password);
void done(uint32_t result, uint32_t why, const char *user);
/* DONE with the delegated credentials of that name; alice's own password. */
void done_with(const char *user, const char *password);
void log_in(void);
/* Proves and ends the login of any name, the password delegated. */
void log_in_as(const char *name, const char *password);
struct sp_msg_verdict verdict(void);
/*
 * "db1", an RDP host that was never seen before; alice's password opens it, and a rule
 * "operators" allows it to everybody.
 */
struct sp_conf_target *with_db1(void);
/* A rule of this connection's configuration, in the place of the built-in one. */
struct sp_conf_rule *with_rule(const char *name);
/* CONVERSE; the kind of what is asked. */
uint32_t converse(void);
const char *good_code(void);
uint32_t answer(const char *text);
uint32_t choose(uint32_t choice);
void open_target(void);
/* CONVERSE with what the client brought; the kind of what is asked. */
uint32_t converse_with(const struct sp_msg_converse *m);
/* The answer of any kind, with a password. */
uint32_t answer_as(uint32_t kind, const char *text, const char *password);
/* Opens db1 for alice, in steps: sp-dial is asked; the parent is asked; sp-net has it all. */
void to_dialling(void);
void to_dialled(void);
void to_given(void);

#endif
