/* tests/desk/joined.c - see joined.h. */
#include "joined.h"

#include "core/base/err.h"
#include "unit.h"
#include "viewer.h"

#define QUIET "exec sleep 1000"
#define TURN_US 2000

static struct session s;
static struct viewer v;
static bool joined;

void joined_open(const char *server)
{
	session_open(&s, server, QUIET, 640, 480);
}

int joined_close(void)
{
	if (joined) {
		joined_leave();
	}
	return session_close(&s);
}

pid_t joined_pid(void)
{
	return s.pid;
}

void joined_client(struct sp_part *part)
{
	viewer_open_part(&v, &s, 640, 480, 32, part);
	viewer_until_active(&v, &s);
	joined = true;
}

void joined_leave(void)
{
	viewer_close(&v);
	joined = false;
}

void joined_turn(void)
{
	assert_false(joined && v.closed);
	if (joined) {
		viewer_pump(&v);
	}
	assert_int_equal(sp_loop_turn(s.loop, TURN_US), SP_OK);
	session_poll(&s);
}
