/* host/rdp/conn.c - see conn.h. */
#include "host/rdp/conn.h"

#include "core/base/mem.h"
#include "core/base/wr.h"
#include "host/io/link.h"

/* Plaintext that the machine does not take yet: it waits for its owner. The link is paused. */
#define MAX_HELD (256u << 10)
#define END_GRACE_US 2000000
/* A Client Info with a password, or what a person types, is not longer. */
#define MAX_SECRET_PDU 4096

struct sp_conn {
	struct sp_loop *loop;
	struct sp_link *link;
	struct sp_rdp *rdp;
	struct sp_tls_ctx *ctx;
	struct sp_tls *tls;
	struct sp_tls_peer peer;
	bool server;
	const struct sp_conn_calls *calls;
	void *user;
	struct sp_watch *before, *deadline, *grace, *again;

	struct sp_wr held; /* plaintext from held_at on was not taken yet */
	size_t held_at;
	bool owner_paused;
	bool tls_told; /* tls_up was called */
	bool ending; /* nothing is read any more */
	bool told; /* closed() was called */
	int err; /* what closed() will say */
	const char *what;
	unsigned depth; /* callbacks of the owner that are running */
	bool dead; /* destroyed in a callback: free when it returns */
};

static void free_conn(struct sp_conn *c)
{
	sp_watch_remove(c->before);
	sp_watch_remove(c->deadline);
	sp_watch_remove(c->grace);
	sp_watch_remove(c->again);
	sp_link_destroy(c->link);
	sp_tls_destroy(c->tls);
	sp_rdp_destroy(c->rdp);
	if (c->held.p) {
		sp_wipe(c->held.p, c->held.cap);
	}
	sp_wr_finish(&c->held);
	sp_free(c);
}

/* Around each callback of the owner; leave() says whether the connection still lives. */
static void enter(struct sp_conn *c)
{
	c->depth++;
}

static bool leave(struct sp_conn *c)
{
	c->depth--;
	if (c->dead && c->depth == 0) {
		free_conn(c);
		return false;
	}
	return !c->dead;
}

void sp_conn_destroy(struct sp_conn *c)
{
	if (!c) {
		return;
	}
	c->dead = true;
	if (c->depth == 0) {
		free_conn(c);
	}
}

static void send_encrypted(struct sp_conn *c, const uint8_t *p, size_t n)
{
	while (n > 0) {
		int used = sp_tls_write(c->tls, p, n);

		sp_link_send(c->link, sp_tls_take(c->tls));
		if (used <= 0) {
			return; /* failed; the next feed or the deadline says so */
		}
		p += used;
		n -= (size_t)used;
	}
}

/* Moves the machine's output to the link. */
static void flush_out(struct sp_conn *c)
{
	struct sp_rcbuf *b;

	while ((b = sp_rdp_out(c->rdp)) != NULL) {
		if (c->calls->sent) {
			c->calls->sent(c->user, b);
		}
		if (c->tls) {
			send_encrypted(c, b->p, b->n);
			if (!c->server && b->refs == 1 && b->n <= MAX_SECRET_PDU) {
				sp_wipe(b->p, b->n);
			}
			sp_rcbuf_unref(b);
		} else {
			sp_link_send(c->link, b);
		}
	}
	if (c->tls) {
		sp_link_send(c->link, sp_tls_take(c->tls));
	}
}

void sp_conn_fail(struct sp_conn *c, int err, const char *what)
{
	if (c->ending) {
		return;
	}
	c->ending = true;
	c->err = err;
	c->what = what;
	flush_out(c);
	if (c->tls) {
		sp_tls_close(c->tls);
		sp_link_send(c->link, sp_tls_take(c->tls));
	}
	sp_link_end(c->link);
	sp_watch_in(c->grace, END_GRACE_US);
	sp_watch_at(c->deadline, 0);
}

void sp_conn_end(struct sp_conn *c)
{
	sp_conn_fail(c, SP_OK, "");
}

static void start_tls(struct sp_conn *c)
{
	flush_out(c); /* the confirm still goes in clear */
	c->tls = c->server ? sp_tls_server(c->ctx) : sp_tls_client(c->ctx, &c->peer);
	if (!c->tls) {
		sp_conn_fail(c, SP_ENOMEM, "tls");
	}
}

/* Hands all events of the machine to the owner; false when the connection is gone. */
static bool drain_events(struct sp_conn *c)
{
	struct sp_event ev;

	while (!c->ending && sp_rdp_next(c->rdp, &ev)) {
		if (ev.kind == SP_EV_START_TLS) {
			start_tls(c);
			continue;
		}
		enter(c);
		c->calls->event(c->user, &ev);
		if (!leave(c)) {
			return false;
		}
	}
	return true;
}

/* Feeds the machine; returns bytes taken, or -1 when the connection is gone. */
static ptrdiff_t feed(struct sp_conn *c, const uint8_t *p, size_t n)
{
	size_t at = 0;

	do {
		struct sp_tls *tls = c->tls;
		int used = sp_rdp_feed(c->rdp, p + at, n - at, sp_now_us());

		if (!drain_events(c)) {
			return -1;
		}
		if (used < 0) {
			sp_conn_fail(c, used, sp_rdp_what(c->rdp));
			return (ptrdiff_t)n;
		}
		at += (size_t)used;
		if (used == 0 || c->ending || c->tls != tls) {
			break; /* what follows START_TLS is ciphertext */
		}
	} while (at < n);
	/* An update may turn out to be damaged when it is taken, which a feed says. */
	int late = c->ending ? 0 : sp_rdp_feed(c->rdp, NULL, 0, sp_now_us());
	if (late < 0) {
		sp_conn_fail(c, late, sp_rdp_what(c->rdp));
		return (ptrdiff_t)n;
	}
	return (ptrdiff_t)at;
}

static void want_read(struct sp_conn *c)
{
	sp_link_pause(c->link, c->owner_paused || c->ending || c->held.n > c->held_at);
}

/* Takes plaintext (or clear bytes before TLS): false when the connection is gone. */
static bool take_plain(struct sp_conn *c, const uint8_t *p, size_t n)
{
	ptrdiff_t used = 0;

	if (c->held.n == c->held_at) {
		struct sp_tls *tls = c->tls;

		used = feed(c, p, n);
		if (used < 0) {
			return false;
		}
		if (c->tls != tls && (size_t)used < n && c->tls) {
			if (sp_tls_feed(c->tls, p + used, n - (size_t)used) != SP_OK) {
				sp_conn_fail(c, SP_ETLS, sp_tls_why(c->tls));
			}
			return true;
		}
		if (c->held.n > 0) {
			sp_wipe(c->held.p, c->held.n);
		}
		sp_wr_reset(&c->held);
		c->held_at = 0;
	}
	if ((size_t)used < n && !c->ending) {
		sp_wr_put(&c->held, p + used, n - (size_t)used);
		if (sp_wr_ok(&c->held) != SP_OK) {
			sp_conn_fail(c, SP_ELIMIT, "held input");
		}
	}
	return true;
}

static bool tls_progress(struct sp_conn *c)
{
	uint8_t *scratch = sp_loop_scratch(c->loop);

	if (!c->tls_told && sp_tls_state(c->tls) == SP_TLS_UP) {
		int rc = SP_OK;

		c->tls_told = true;
		sp_link_send(c->link, sp_tls_take(c->tls));
		if (c->calls->tls_up) {
			enter(c);
			rc = c->calls->tls_up(c->user);
			if (!leave(c)) {
				return false;
			}
		}
		if (rc == SP_OK) {
			rc = sp_rdp_tls_done(c->rdp);
		}
		if (rc < 0) {
			sp_conn_fail(c, rc, "tls");
			return true;
		}
		if (!drain_events(c)) {
			return false;
		}
	}
	while (!c->ending && c->held.n == c->held_at) {
		int n = sp_tls_read(c->tls, scratch, SP_LOOP_SCRATCH);

		if (n == SP_ECLOSED) {
			sp_conn_fail(c, SP_ECLOSED, "");
		} else if (n < 0) {
			sp_conn_fail(c, n, sp_tls_why(c->tls));
		}
		if (n <= 0) {
			break;
		}
		bool lives = take_plain(c, scratch, (size_t)n);
		/* What a client sends may be his passwords; nothing is to lie about here. */
		if (!lives || c->server) {
			sp_wipe(scratch, (size_t)n);
		}
		if (!lives) {
			return false;
		}
	}
	return true;
}

static void on_bytes(void *user, const uint8_t *p, size_t n)
{
	struct sp_conn *c = user;

	if (c->ending) {
		return;
	}
	if (c->tls) {
		if (sp_tls_feed(c->tls, p, n) != SP_OK) {
			sp_conn_fail(c, SP_ETLS, sp_tls_why(c->tls));
			return;
		}
	} else if (!take_plain(c, p, n)) {
		return;
	}
	if (c->tls && !tls_progress(c)) {
		return;
	}
	want_read(c);
}

static void on_room(void *user)
{
	struct sp_conn *c = user;

	if (c->calls->room && !c->ending) {
		enter(c);
		c->calls->room(c->user);
		if (leave(c) && !c->ending) {
			flush_out(c);
			sp_link_flush(c->link);
		}
	}
}

static void say_closed(struct sp_conn *c)
{
	if (c->told) {
		return; /* the link's end comes after the grace, or the other way round */
	}
	c->told = true;
	enter(c);
	c->calls->closed(c->user, c->err, c->what ? c->what : "");
	leave(c);
}

static void on_closed(void *user, int err)
{
	struct sp_conn *c = user;

	if (!c->ending) {
		c->ending = true;
		c->err = err == SP_OK ? SP_ECLOSED : err;
		c->what = sp_rdp_state_name(c->rdp);
	}
	sp_watch_at(c->grace, 0);
	sp_watch_at(c->deadline, 0);
	say_closed(c);
}

static void on_grace(void *user)
{
	say_closed(user);
}

/* Bytes that wait for the machine, what owners queued, and the next deadline. */
static void on_turn(void *user)
{
	struct sp_conn *c = user;

	while (!c->ending && c->held.n > c->held_at) {
		ptrdiff_t used = feed(c, c->held.p + c->held_at, c->held.n - c->held_at);

		if (used < 0) {
			return;
		}
		c->held_at += (size_t)used;
		if (used == 0) {
			break;
		}
		/* What it caused on other connections is sent in a turn of its own. */
		sp_watch_in(c->again, 0);
	}
	if (!c->ending && c->tls && !tls_progress(c)) {
		return;
	}
	if (!c->ending && !drain_events(c)) {
		return;
	}
	if (!c->ending) {
		/* The link may have had its turn already, and then nothing would wake us. */
		flush_out(c);
		sp_link_flush(c->link);
		want_read(c);
		sp_watch_at(c->deadline, sp_rdp_deadline(c->rdp));
	}
}

static void on_again(void *user)
{
}

static void on_deadline(void *user)
{
	struct sp_conn *c = user;
	int rc = sp_rdp_feed(c->rdp, NULL, 0, sp_now_us());

	if (rc < 0) {
		sp_conn_fail(c, rc, sp_rdp_what(c->rdp));
	}
}

struct sp_conn *sp_conn_create(struct sp_loop *l, const struct sp_conn_conf *conf)
{
	static const struct sp_link_calls calls = {
			.bytes = on_bytes, .room = on_room, .closed = on_closed};
	struct sp_conn *c = sp_calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->loop = l;
	c->ctx = conf->ctx;
	c->peer = conf->peer;
	c->server = conf->server;
	c->calls = conf->calls;
	c->user = conf->user;
	sp_wr_init(&c->held, MAX_HELD);
	c->before = sp_loop_before(l, on_turn, c);
	c->deadline = sp_loop_timer(l, on_deadline, c);
	c->grace = sp_loop_timer(l, on_grace, c);
	c->again = sp_loop_timer(l, on_again, c);
	if (c->before && c->deadline && c->grace && c->again) {
		c->link = sp_link_create(l, conf->fd, &calls, c);
	}
	if (!c->link) {
		free_conn(c);
		return NULL;
	}
	sp_link_stall(c->link, conf->stall_us);
	c->rdp = conf->rdp;
	return c;
}

struct sp_rdp *sp_conn_rdp(struct sp_conn *c)
{
	return c->rdp;
}

struct sp_tls *sp_conn_tls(struct sp_conn *c)
{
	return c->tls;
}

void sp_conn_pause(struct sp_conn *c, bool paused)
{
	c->owner_paused = paused;
	want_read(c);
}

bool sp_conn_full(const struct sp_conn *c)
{
	return sp_link_full(c->link) || sp_rdp_queued(c->rdp) >= SP_LINK_HIGH;
}

void sp_conn_flush(struct sp_conn *c)
{
	if (!c->ending) {
		flush_out(c);
		sp_link_flush(c->link);
	}
}

size_t sp_conn_waiting(const struct sp_conn *c)
{
	return sp_link_queued(c->link) + sp_rdp_queued(c->rdp);
}

int sp_conn_fd(const struct sp_conn *c)
{
	return sp_link_fd(c->link);
}

uint64_t sp_conn_bytes_in(const struct sp_conn *c)
{
	return sp_link_bytes_in(c->link);
}

uint64_t sp_conn_bytes_out(const struct sp_conn *c)
{
	return sp_link_bytes_out(c->link);
}
