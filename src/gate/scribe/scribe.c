/* gate/scribe/scribe.c - see scribe.h. */
#include "gate/scribe/scribe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/scribe/own.h"

#define DISK_US UINT64_C(1000000) /* between two looks at the disk */
#define TROUBLE_US (5 * UINT64_C(1000000)) /* between two attempts while it is not well */
#define MIB (UINT64_C(1024) * 1024)
#define NS UINT64_C(1000000000)

/* What is to be said of a ticket once the group is over. */
struct answer {
	uint64_t ticket;
	bool refused;
};

/* One who sends. */
struct sender {
	const char *name;
	int fd;
	struct sp_watch *watch; /* NULL: there is no link, or none any more */
	bool known; /* it has said who it is */
	uint8_t id[SP_AUDIT_SENDER];
	uint64_t ticket; /* the last one of it that is kept */
	/* Of this turn's group. */
	uint64_t noted; /* the ticket that is to be noted; 0: none */
	bool refused; /* one was; from then on no ticket is noted */
	size_t n;
	struct answer answer[SP_SCRIBE_GROUP];
};

struct sp_scribe {
	struct sp_scribe_conf conf;
	struct sender parent, keeper;
	struct sp_watch *tick, *soon;
	struct sp_scribe_follower follower;
	uint64_t followed; /* the last record that the follower saw */

	/* The group of this turn. */
	struct sp_audit_now now;
	bool open, broken; /* broken: it will be rolled back */
	size_t events; /* in it, of others and our own */
	size_t untold; /* of them without a ticket */

	struct sp_own own;
	size_t own_in; /* of the first of them: in this turn's group */

	bool low, failing;
	uint64_t free, disk_us, checkpoint_us;
	char why[SP_TEXT_WHY]; /* of failing */
	uint64_t dropped; /* events that could not be kept and that nobody waited for */
	bool has_offset;
	int64_t offset; /* of the wall clock from the one that never jumps */
	uint64_t groups, total;
	struct sp_times commit;
	uint64_t queue; /* events in the largest group since it was asked */
	struct sp_mon_in in;
};

bool sp_scribe_permits(uint32_t kind)
{
	switch (kind) {
	case SP_AUDIT_AUTH_OK:
	case SP_AUDIT_MFA_OK:
	case SP_AUDIT_MFA_ENROL:
	case SP_AUDIT_TOKEN_USE:
	case SP_AUDIT_POLICY_ALLOW:
	case SP_AUDIT_APPROVAL_OK:
	case SP_AUDIT_SESSION_START:
	case SP_AUDIT_SESSION_RECONNECT:
	case SP_AUDIT_SESSION_SHADOW:
	case SP_AUDIT_TARGET_CONNECT:
	case SP_AUDIT_TARGET_LOGIN:
	case SP_AUDIT_VAULT_USE:
	case SP_AUDIT_RECORD_START:
	case SP_AUDIT_RECORD_PLAY:
	case SP_AUDIT_RECORD_EXPORT:
		return true;
	default:
		return false;
	}
}

/* ---- how it goes ---- */

enum sp_scribe_mood sp_scribe_mood(const struct sp_scribe *s)
{
	return s->failing ? SP_SCRIBE_FAILING : s->low ? SP_SCRIBE_LOW : SP_SCRIBE_WELL;
}

static void low_text(const struct sp_scribe *s, char out[SP_TEXT_WHY])
{
	snprintf(out, SP_TEXT_WHY,
			"the disk of the audit is nearly full: %" PRIu64 " MiB free, %" PRIu64
			" MiB are kept in reserve",
			s->free / MIB, s->conf.reserve / MIB);
}

static void why_not(const struct sp_scribe *s, char out[SP_TEXT_WHY])
{
	if (s->failing) {
		snprintf(out, SP_TEXT_WHY, "the audit cannot be written: %.150s", s->why);
	} else if (s->low) {
		low_text(s, out);
	} else {
		out[0] = '\0';
	}
}

static void say_mood(struct sp_scribe *s)
{
	struct sp_msg_scribe_state m = {.mood = (uint32_t)sp_scribe_mood(s)};

	why_not(s, m.text);
	sp_log_clean(m.text);
	if (s->keeper.watch != NULL && sp_mon_say(s->keeper.fd, SCRIBE_STATE, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper does not listen");
	}
}

static void tell_dropped(struct sp_scribe *s, const char *why)
{
	struct sp_audit_event e;
	uint64_t n = s->dropped;

	sp_audit_init(&e, SP_AUDIT_AUDIT_DROPPED, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_TEXT, why);
	sp_audit_num(&e, SP_F_COUNT, n);
	s->dropped = 0;
	sp_scribe_tell(s, &e);
	s->dropped = s->dropped == 0 ? 0 : n; /* another time */
}

static void set_failing(struct sp_scribe *s, const char *why)
{
	bool was = s->failing;

	s->failing = why != NULL;
	if (why != NULL) {
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
	if (was == s->failing) {
		return;
	}
	if (why != NULL) {
		sp_log(SP_LOG_ERROR, "audit: %s: nothing can be kept", why);
	} else {
		sp_log(SP_LOG_WARN, "audit: is written again; %" PRIu64 " events were lost",
				s->dropped);
		tell_dropped(s, s->why);
	}
	say_mood(s);
}

static void tell_disk(struct sp_scribe *s)
{
	struct sp_audit_event e;
	char text[SP_TEXT_WHY];

	sp_audit_init(&e, SP_AUDIT_DISK_LOW, s->low ? SP_OUTCOME_FAILED : SP_OUTCOME_OK);
	if (!s->low) {
		sp_audit_set_severity(&e, SP_SEVERITY_INFO);
		sp_audit_text(&e, SP_F_REASON, "over");
	}
	sp_audit_num(&e, SP_F_FREE, s->free);
	sp_scribe_tell(s, &e);
	low_text(s, text);
	if (s->low) {
		sp_log(SP_LOG_ERROR, "audit: %s: nothing new may start", text);
	} else {
		sp_log(SP_LOG_INFO, "audit: there is room on the disk again");
	}
}

/* Once it was low, there must be somewhat more before all is well. */
static void look_at_disk(struct sp_scribe *s, uint64_t now_us)
{
	struct statvfs v;

	s->disk_us = now_us;
	if (statvfs(s->conf.dir, &v) != 0) {
		return; /* writing will say more */
	}
	s->free = (uint64_t)v.f_bavail * (v.f_frsize != 0 ? v.f_frsize : v.f_bsize);
	bool low = s->free < s->conf.reserve + (s->low ? s->conf.reserve / 8 : 0);
	if (low != s->low) {
		s->low = low;
		tell_disk(s);
		say_mood(s);
	}
}

static void tell_step(struct sp_scribe *s, int64_t step)
{
	struct sp_audit_event e;
	uint64_t far = step < 0 ? (uint64_t)-step : (uint64_t)step;

	sp_audit_init(&e, SP_AUDIT_CLOCK_STEP, SP_OUTCOME_NONE);
	sp_audit_text(&e, SP_F_REASON, step < 0 ? "back" : "forward");
	sp_audit_num(&e, SP_F_SECONDS, (far + NS / 2) / NS);
	sp_log(SP_LOG_WARN, "audit: the clock was set %s by %" PRIu64 " s",
			step < 0 ? "back" : "forward", (far + NS / 2) / NS);
	sp_scribe_tell(s, &e);
}

/* Slow corrections of the clock add up to nothing here. */
static void look_at_clock(struct sp_scribe *s)
{
	int64_t offset = (int64_t)(s->now.wall_ns - s->now.mono_ns);
	int64_t step = offset - s->offset;

	if (s->has_offset &&
			(step > (int64_t)SP_SCRIBE_STEP_NS || step < -(int64_t)SP_SCRIBE_STEP_NS)) {
		tell_step(s, step);
	}
	s->offset = offset;
	s->has_offset = true;
}

/* ---- a group ---- */

static void breaks(struct sp_scribe *s)
{
	s->broken = true;
	set_failing(s, sp_audit_store_why(s->conf.store));
}

static int keep(struct sp_scribe *s, struct sp_span event)
{
	if (!s->open && !s->broken) {
		if (sp_audit_begin(s->conf.store) != SP_OK) {
			breaks(s);
		} else {
			s->open = true;
		}
	}
	if (s->broken) {
		return SP_EDB;
	}
	int rc = sp_audit_append(s->conf.store, event, s->now, NULL);
	if (rc == SP_OK) {
		s->events++;
	} else if (rc != SP_EFIELD) {
		breaks(s);
	}
	return rc;
}

/* They stay until the group is on the disk; what is added meanwhile waits for the next one. */
static void keep_own(struct sp_scribe *s)
{
	const struct sp_own_event *e = s->own.first;

	for (s->own_in = 0; e != NULL; e = e->next, s->own_in++) {
		(void)keep(s, sp_span(e->b, e->n));
	}
}

static void answer(struct sender *from, uint64_t ticket, bool refused)
{
	from->refused = from->refused || refused;
	if (from->n < SP_SCRIBE_GROUP) {
		from->answer[from->n++] = (struct answer){ticket, refused};
	}
}

/* The largest number is noted, but none beyond one that is refused: that is not kept. */
static void take_audit(struct sp_scribe *s, struct sender *from, const struct sp_msg_audit *m)
{
	struct sp_span event = sp_span(m->event, m->n);
	struct sp_audit_view v;

	if (from->known && m->ticket != 0 && m->ticket <= from->ticket) {
		answer(from, m->ticket, false);
		return;
	}
	if (m->ticket != 0 && s->low && sp_audit_read(event, &v) == SP_OK &&
			sp_scribe_permits(v.kind)) {
		answer(from, m->ticket, true);
		return;
	}
	int rc = keep(s, event);
	if (m->ticket == 0) {
		s->untold++;
		return;
	}
	answer(from, m->ticket, rc != SP_OK);
	if (from->known && !from->refused) {
		from->noted = m->ticket;
	}
}

static int take_hello(struct sp_scribe *s, struct sender *from, const struct sp_msg_audit_hello *m)
{
	struct sp_msg_audited a = {.result = SP_AUDITED_OK};

	memcpy(from->id, m->sender, sizeof(from->id));
	from->known = true;
	if (sp_audit_ticket(s->conf.store, from->id, &from->ticket) != SP_OK) {
		set_failing(s, sp_audit_store_why(s->conf.store));
	}
	a.ticket = from->ticket;
	if (from == &s->keeper) {
		say_mood(s);
	}
	return sp_mon_say(from->fd, AUDITED, &a);
}

static int take(struct sp_scribe *s, struct sender *from)
{
	switch (s->in.type) {
	case SP_MSG_AUDIT:
		take_audit(s, from, &s->in.body.audit);
		return SP_OK;
	case SP_MSG_AUDIT_HELLO:
		return take_hello(s, from, &s->in.body.audit_hello);
	default:
		return s->conf.message != NULL ? s->conf.message(s->conf.user, from->fd, &s->in)
					       : SP_EDENIED;
	}
}

static void lose(struct sp_scribe *s, struct sender *from, int err)
{
	sp_watch_remove(from->watch);
	from->watch = NULL;
	if (err != SP_ECLOSED) {
		sp_log(SP_LOG_ERROR, "%s: %s", from->name, sp_err_text(err));
	}
	if (s->conf.lost != NULL) {
		s->conf.lost(s->conf.user, from->fd, err);
	}
}

/* What is queued, up to `most` events. */
static void take_all(struct sp_scribe *s, struct sender *from, size_t most, uint64_t until_us)
{
	int rc = 0;

	from->n = 0;
	from->noted = 0;
	from->refused = false;
	for (size_t n = 0; from->watch != NULL && n < most && sp_now_us() < until_us; n++) {
		rc = sp_mon_recv(from->fd, &s->in);
		if (rc != 1) {
			break;
		}
		rc = take(s, from);
		sp_mon_in_finish(&s->in);
		if (rc != SP_OK) {
			break;
		}
	}
	if (rc < 0) {
		lose(s, from, rc);
	}
}

static int note_ticket(struct sp_scribe *s, const struct sender *from)
{
	return from->noted == 0 ? SP_OK
				: sp_audit_set_ticket(s->conf.store, from->id, from->noted, s->now);
}

static int commit(struct sp_scribe *s, struct sp_audit_now now)
{
	uint64_t begun = sp_now_us();
	int rc = sp_audit_commit(s->conf.store, now);

	sp_times_add(&s->commit, sp_now_us() - begun);
	return rc;
}

static void finish_group(struct sp_scribe *s)
{
	struct sp_audit_store *st = s->conf.store;
	int rc = s->broken ? SP_EDB : SP_OK;

	if (!s->open) {
		return;
	}
	if (rc == SP_OK) {
		rc = note_ticket(s, &s->parent);
	}
	if (rc == SP_OK) {
		rc = note_ticket(s, &s->keeper);
	}
	if (rc == SP_OK) {
		rc = commit(s, s->now);
	}
	s->queue = s->events > s->queue ? s->events : s->queue;
	s->open = false;
	if (rc != SP_OK) {
		if (!s->broken) {
			breaks(s);
		}
		sp_audit_rollback(st);
		return;
	}
	s->parent.ticket = s->parent.noted != 0 ? s->parent.noted : s->parent.ticket;
	s->keeper.ticket = s->keeper.noted != 0 ? s->keeper.noted : s->keeper.ticket;
	s->groups++;
	s->total += s->events;
	sp_own_drop(&s->own, s->own_in);
	set_failing(s, NULL);
	if (s->dropped > 0) {
		tell_dropped(s, "more than the scribe can hold");
	}
}

/* Runs of what is kept have one answer; each refusal has its own. */
static void send_answers(struct sp_scribe *s, struct sender *from)
{
	int rc = SP_OK;

	for (size_t i = 0; i < from->n && from->watch != NULL && rc == SP_OK; i++) {
		struct sp_msg_audited m = {.ticket = from->answer[i].ticket};
		bool refused = from->answer[i].refused || s->broken;

		if (!refused && i + 1 < from->n && !from->answer[i + 1].refused) {
			continue;
		}
		m.result = refused ? SP_AUDITED_REFUSED : SP_AUDITED_OK;
		if (refused) {
			why_not(s, m.text);
			sp_log_clean(m.text);
		}
		rc = sp_mon_say(from->fd, AUDITED, &m);
	}
	if (rc != SP_OK) {
		lose(s, from, rc);
	}
}

static int show(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct sp_scribe *s = user;

	s->followed = r->seq;
	s->follower.kept(s->follower.user, r, event);
	return SP_OK;
}

/* What a command of this account has kept meanwhile is among it. */
static void follow(struct sp_scribe *s)
{
	if (s->follower.kept != NULL && s->followed < sp_audit_seq(s->conf.store) &&
			sp_audit_each(s->conf.store, s->followed + 1, UINT64_MAX, false, show, s,
					NULL) != SP_OK) {
		sp_log(SP_LOG_ERROR, "audit: %s", sp_audit_store_why(s->conf.store));
	}
}

void sp_scribe_turn(struct sp_scribe *s)
{
	uint64_t begun = sp_now_us();

	s->now = s->conf.now();
	s->open = s->broken = false;
	s->events = s->untold = 0;
	look_at_clock(s);
	if (begun - s->disk_us >= DISK_US) {
		look_at_disk(s, begun);
	}
	keep_own(s);
	take_all(s, &s->parent, SP_SCRIBE_GROUP / 2, begun + SP_SCRIBE_GROUP_US);
	take_all(s, &s->keeper, SP_SCRIBE_GROUP, begun + SP_SCRIBE_GROUP_US);
	finish_group(s);
	if (s->broken) {
		s->dropped += s->untold;
	}
	send_answers(s, &s->parent);
	send_answers(s, &s->keeper);
	follow(s);
	if (s->own.n > 0) {
		sp_watch_in(s->soon, s->failing ? TROUBLE_US : 0);
	}
}

/* ---- the clock of the process ---- */

/* Signs what there is; while it fails, this is how it finds out that it works again. */
static void sign(struct sp_scribe *s)
{
	struct sp_audit_store *st = s->conf.store;
	struct sp_audit_now now = s->conf.now();
	int rc = SP_OK;

	if (sp_audit_is_new_day(st, now)) {
		rc = sp_audit_turn_day(st, now);
	} else if (sp_audit_open_records(st) > 0 || s->failing) {
		rc = sp_audit_begin(st);
		if (rc == SP_OK) {
			rc = sp_audit_checkpoint(st, now);
			if (rc == SP_OK) {
				rc = commit(s, now);
			} else {
				sp_audit_rollback(st);
			}
		}
	}
	set_failing(s, rc == SP_OK ? NULL : sp_audit_store_why(st));
}

static void on_tick(void *user)
{
	struct sp_scribe *s = user;
	uint64_t now = sp_now_us();

	if (s->failing || now - s->checkpoint_us >= SP_SCRIBE_CHECKPOINT_US) {
		sign(s);
		s->checkpoint_us = now;
	}
	look_at_disk(s, now);
	sp_scribe_turn(s);
	sp_watch_in(s->tick, s->failing || s->low ? TROUBLE_US : SP_SCRIBE_CHECKPOINT_US);
}

static void on_link(void *user, unsigned events)
{
	sp_scribe_turn(user);
}

static void on_soon(void *user)
{
	sp_scribe_turn(user);
}

/* ---- its life ---- */

static bool watch(struct sp_scribe *s, struct sender *from, const char *name, int fd)
{
	from->name = name;
	from->fd = fd;
	if (fd >= 0) {
		from->watch = sp_loop_fd(s->conf.loop, fd, SP_LOOP_READ, on_link, s);
	}
	return fd < 0 || from->watch != NULL;
}

struct sp_scribe *sp_scribe_create(const struct sp_scribe_conf *conf)
{
	struct sp_scribe *s = sp_calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->conf = *conf;
	sp_own_init(&s->own);
	s->followed = sp_audit_seq(conf->store);
	s->checkpoint_us = sp_now_us();
	s->tick = sp_loop_timer(conf->loop, on_tick, s);
	s->soon = sp_loop_timer(conf->loop, on_soon, s);
	if (s->tick == NULL || s->soon == NULL || !watch(s, &s->parent, "parent", conf->parent) ||
			!watch(s, &s->keeper, "keeper", conf->keeper)) {
		sp_scribe_destroy(s);
		return NULL;
	}
	sp_watch_in(s->tick, 0);
	return s;
}

void sp_scribe_destroy(struct sp_scribe *s)
{
	if (s == NULL) {
		return;
	}
	if (s->tick != NULL && s->soon != NULL) {
		s->follower.kept = NULL;
		sp_scribe_turn(s);
	}
	sp_watch_remove(s->parent.watch);
	sp_watch_remove(s->keeper.watch);
	sp_watch_remove(s->tick);
	sp_watch_remove(s->soon);
	sp_own_finish(&s->own);
	sp_free(s);
}

void sp_scribe_found(struct sp_scribe *s, const struct sp_audit_found *f)
{
	struct sp_audit_now now = s->conf.now();

	if (f->lost) {
		struct sp_audit_event e;

		sp_audit_lost_event(f->before, &e);
		sp_scribe_tell(s, &e);
	}
	if (f->last.wall_ns == 0) {
		return;
	}
	if (f->same_boot) {
		s->offset = (int64_t)(f->last.wall_ns - f->last.mono_ns);
		s->has_offset = true;
	} else if (now.wall_ns + SP_SCRIBE_STEP_NS < f->last.wall_ns) {
		tell_step(s, (int64_t)(now.wall_ns - f->last.wall_ns));
	}
}

void sp_scribe_follow(struct sp_scribe *s, const struct sp_scribe_follower *f)
{
	s->follower = *f;
	s->followed = sp_audit_seq(s->conf.store);
}

void sp_scribe_tell(struct sp_scribe *s, const struct sp_audit_event *e)
{
	if (sp_own_add(&s->own, e) != SP_OK) {
		s->dropped++;
		return;
	}
	sp_watch_in(s->soon, 0);
}

void sp_scribe_set_reserve(struct sp_scribe *s, uint64_t bytes)
{
	s->conf.reserve = bytes;
	look_at_disk(s, sp_now_us());
}

void sp_scribe_figures(struct sp_scribe *s, struct sp_msg_scribe_figures *out)
{
	out->commit = s->commit;
	out->queue = s->queue;
	s->queue = 0;
}

enum sp_scribe_mood sp_scribe_look(struct sp_scribe *s)
{
	uint64_t now = sp_now_us();

	if (now - s->disk_us >= DISK_US) {
		look_at_disk(s, now);
	}
	return sp_scribe_mood(s);
}

uint64_t sp_scribe_groups(const struct sp_scribe *s)
{
	return s->groups;
}

uint64_t sp_scribe_events(const struct sp_scribe *s)
{
	return s->total;
}
