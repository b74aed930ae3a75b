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
	/* Our ends: the parent's, the broker's, and those of the connection's two children. */
	int parent, broker, net, login;
	uint64_t conn; /* the connection's number */
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
/* A connection from 192.0.2.7; it must end with disconnect(). */
void connect_one(void);
void closed(uint32_t role, bool crashed, bool deadline);
void disconnect(void);
/* Was the connection ended by the keeper, with a reason and a penalty? */
bool was_ended(void);

struct sp_msg_challenge challenge(void);
struct sp_msg_proof proof_of(const char *user, const char *password, const uint8_t *server);
uint32_t prove(const char *user, const char *password);
void done(uint32_t result, uint32_t why, const char *user);
void log_in(void);
struct sp_msg_verdict verdict(void);
const char *good_code(void);
uint32_t answer(const char *text);
void open_target(void);

#endif
