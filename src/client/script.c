/* client/script.c - see script.h. */
#include "client/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/script_clip.h"
#include "client/script_resize.h"
#include "client/script_sound.h"
#include "client/script_steps.h"
#include "core/base/err.h"
#include "core/base/mem.h"

#define PATIENCE_US 30000000 /* of a step that does not say */

/* Every kind of step there is, by the file it comes from. */
static const struct sp_script_set *const sets[] = {&sp_script_steps, &sp_script_resize,
		&sp_script_clip, &sp_script_sound, &sp_script_mic};

#define SETS SP_LEN(sets)

struct sp_script {
	const struct sp_script_conf *conf;
	struct sp_loop *loop;
	struct sp_session *session;
	struct sp_watch *turn, *again, *late_timer;
	char *text; /* the steps' words point into it */
	struct sp_script_step *step;
	size_t n, at; /* INVARIANT: at <= n */
	void *set[SETS];
	size_t sets; /* so many are made */

	bool ready; /* there is a desktop that takes input */
	bool begun; /* step at waits for something */
	bool late;
	bool over; /* all done, or failed: the session ends */
	uint64_t patience_us;
	unsigned desktops;
	uint64_t painted_us;
	bool has_picture;

	int err;
	char fault[SP_SESSION_WHY]; /* of sp_script_fail() */
	char *why;
};

/* ---- for steps ---- */

struct sp_loop *sp_script_loop(struct sp_script *run)
{
	return run->loop;
}

struct sp_session *sp_script_session(struct sp_script *run)
{
	return run->session;
}

unsigned sp_script_desktops(const struct sp_script *run)
{
	return run->desktops;
}

uint64_t sp_script_painted_us(const struct sp_script *run)
{
	return run->painted_us;
}

unsigned sp_script_clipboard(const struct sp_script *run)
{
	return run->conf->clipboard;
}

bool sp_script_has_picture(const struct sp_script *run)
{
	return run->has_picture;
}

bool sp_script_late(const struct sp_script *run)
{
	return run->late;
}

void sp_script_patience(struct sp_script *run, uint64_t us)
{
	run->patience_us = us;
	sp_watch_in(run->late_timer, us);
}

void sp_script_again(struct sp_script *run, uint64_t us)
{
	sp_watch_in(run->again, us);
}

void sp_script_nudge(struct sp_script *run)
{
	if (run->begun) {
		sp_watch_at(run->turn, 1);
	}
}

int sp_script_fail(struct sp_script *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(run->fault, sizeof(run->fault), fmt, ap);
	va_end(ap);
	return SP_ESTATE;
}

/* ---- reading ---- */

static const struct sp_script_verb *find_verb(const char *name, size_t *set)
{
	for (*set = 0; *set < SETS; ++*set) {
		for (size_t i = 0; i < sets[*set]->n; i++) {
			if (strcmp(sets[*set]->verbs[i].name, name) == 0) {
				return &sets[*set]->verbs[i];
			}
		}
	}
	return NULL;
}

/* The next word, cut off; NULL at the end of the line. */
static char *take_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	char *end = word + strcspn(word, " \t");

	if (*word == '\0') {
		return NULL;
	}
	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static void say(struct sp_script *run, unsigned line, const char *name, const char *fault)
{
	snprintf(run->why, SP_SESSION_WHY, "%s:%u: %s%s%s", run->conf->name, line, name,
			name[0] ? ": " : "", fault);
}

static int read_args(struct sp_script *run, struct sp_script_step *step, char *at)
{
	const struct sp_script_verb *verb = step->verb;
	char *word;

	while (step->argc < verb->max) {
		bool rest = verb->rest && step->argc + 1u == verb->max && *at;

		word = rest ? at : take_word(&at);
		if (!word) {
			break;
		}
		step->argv[step->argc++] = word;
		at = rest ? at + strlen(at) : at;
	}
	if (step->argc < verb->min || take_word(&at)) {
		return sp_script_fail(run, "wanted: %s%s%s", verb->name, verb->usage[0] ? " " : "",
				verb->usage);
	}
	return verb->check ? verb->check(run, step) : SP_OK;
}

static int read_line(struct sp_script *run, char *line, unsigned number)
{
	char *name = take_word(&line);
	size_t set;

	if (!name || name[0] == '#') {
		return SP_OK;
	}
	const struct sp_script_verb *verb = find_verb(name, &set);
	if (!verb) {
		say(run, number, name, "no such step");
		return SP_EARG;
	}
	if (run->n == SP_SCRIPT_MAX_STEPS) {
		say(run, number, name, "too many steps");
		return SP_ELIMIT;
	}
	struct sp_script_step *step = &run->step[run->n++];
	step->verb = verb;
	step->set = run->set[set];
	step->line = number;
	int rc = read_args(run, step, line);
	if (rc != SP_OK) {
		say(run, number, name, run->fault);
	}
	return rc;
}

static size_t count_lines(struct sp_span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++) {
		n += text.p[i] == '\n';
	}
	return n < SP_SCRIPT_MAX_STEPS ? n : SP_SCRIPT_MAX_STEPS;
}

static int read_text(struct sp_script *run)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* of editors that write it */
	struct sp_span text = run->conf->text;
	unsigned number = 0;
	int rc = SP_OK;

	if (text.n >= sizeof(mark) && memcmp(text.p, mark, sizeof(mark)) == 0) {
		text = sp_span(text.p + sizeof(mark), text.n - sizeof(mark));
	}
	if (!(text.n <= SP_SCRIPT_MAX_BYTES) || (text.n > 0 && memchr(text.p, 0, text.n))) {
		snprintf(run->why, SP_SESSION_WHY, "%s: %s", run->conf->name,
				text.n <= SP_SCRIPT_MAX_BYTES ? "not a text" : "too long");
		return SP_EARG;
	}
	run->text = sp_malloc(text.n + 1);
	run->step = sp_calloc(count_lines(text), sizeof(*run->step));
	if (!run->text || !run->step) {
		return SP_ENOMEM;
	}
	if (text.n > 0) {
		memcpy(run->text, text.p, text.n);
	}
	run->text[text.n] = '\0';
	for (char *line = run->text, *next; rc == SP_OK && line; line = next) {
		size_t len = strcspn(line, "\n");

		next = line[len] ? line + len + 1 : NULL;
		line[len] = '\0';
		if (len > 0 && line[len - 1] == '\r') {
			line[len - 1] = '\0';
		}
		rc = read_line(run, line, ++number);
	}
	return rc;
}

/* ---- doing ---- */

static void leave(struct sp_script *run, int err)
{
	run->over = true;
	run->err = err;
	sp_watch_at(run->turn, 0);
	sp_watch_at(run->again, 0);
	sp_watch_at(run->late_timer, 0);
	sp_session_end(run->session);
}

static void fail_step(struct sp_script *run, int err)
{
	const struct sp_script_step *step = &run->step[run->at];

	say(run, step->line, step->verb->name, run->fault);
	leave(run, err);
}

static void settle(struct sp_script *run, int rc)
{
	if (rc == SP_SCRIPT_WAITS && !run->late) {
		return;
	}
	if (rc == SP_SCRIPT_WAITS) {
		rc = sp_script_fail(
				run, "not done after %.3g seconds", (double)run->patience_us / 1e6);
	}
	run->begun = run->late = false;
	sp_watch_at(run->again, 0);
	sp_watch_at(run->late_timer, 0);
	if (rc != SP_OK) {
		fail_step(run, rc);
		return;
	}
	run->at++;
	sp_watch_at(run->turn, 1);
}

static void on_turn(void *user)
{
	struct sp_script *run = user;

	if (run->over) {
		return;
	}
	if (run->begun) {
		struct sp_script_step *step = &run->step[run->at];

		settle(run, step->verb->look ? step->verb->look(run, step) : SP_SCRIPT_WAITS);
	} else if (run->ready && run->at == run->n) {
		leave(run, SP_OK);
	} else if (run->ready) {
		struct sp_script_step *step = &run->step[run->at];

		run->begun = true;
		sp_script_patience(run, PATIENCE_US);
		settle(run, step->verb->begin(run, step));
	}
}

static void on_late(void *user)
{
	struct sp_script *run = user;

	run->late = true;
	on_turn(run);
}

static void on_active(void *user, uint32_t w, uint32_t h)
{
	struct sp_script *run = user;

	run->desktops++;
	run->has_picture = false;
	sp_script_nudge(run);
}

static void on_ready(void *user)
{
	struct sp_script *run = user;

	run->ready = true;
	sp_watch_at(run->turn, 1);
}

static void on_inactive(void *user)
{
	struct sp_script *run = user;

	run->ready = false;
	run->has_picture = false;
}

static void on_painted(void *user, struct sp_rect area)
{
	struct sp_script *run = user;

	run->has_picture = true;
	run->painted_us = sp_now_us();
	sp_script_nudge(run);
}

static void on_ended(void *user, int err, const char *why)
{
	struct sp_script *run = user;

	if (!run->over && run->desktops > 0 && run->at < run->n) {
		sp_script_fail(run, "connection ended: %s", why);
		say(run, run->step[run->at].line, run->step[run->at].verb->name, run->fault);
		run->err = err != SP_OK ? err : SP_ECLOSED;
	} else if (!run->over) {
		snprintf(run->why, SP_SESSION_WHY, "%.255s: %.2000s", run->conf->session->host,
				why);
		run->err = err != SP_OK ? err : SP_ECLOSED;
	}
	run->over = true;
	sp_loop_quit(run->loop, 0);
}

/* ---- life ---- */

static int make_sets(struct sp_script *run)
{
	for (; run->sets < SETS; run->sets++) {
		const struct sp_script_set *set = sets[run->sets];

		run->set[run->sets] = set->create ? set->create(run) : NULL;
		if (set->create && !run->set[run->sets]) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

static int connect_and_run(struct sp_script *run)
{
	static const struct sp_session_calls calls = {.active = on_active,
			.ready = on_ready,
			.inactive = on_inactive,
			.painted = on_painted,
			.ended = on_ended};
	struct sp_session_conf sc = *run->conf->session;
	struct sp_part *parts[SP_SESSION_PARTS];
	char why[SP_SESSION_WHY];
	size_t n = 0;

	for (; n < sc.n_parts && n < SP_SESSION_PARTS; n++) {
		parts[n] = sc.parts[n];
	}
	for (size_t i = 0; i < SETS && n < SP_SESSION_PARTS; i++) {
		struct sp_part *part = sets[i]->part ? sets[i]->part(run->set[i]) : NULL;

		if (part && n < SP_SESSION_PARTS) {
			parts[n++] = part;
		}
	}
	sc.parts = parts;
	sc.n_parts = n;
	sc.calls = &calls;
	sc.user = run;
	run->session = sp_session_create(run->loop, &sc, why);
	if (!run->session) {
		snprintf(run->why, SP_SESSION_WHY, "%.255s: %.2000s", sc.host, why);
		return SP_ECLOSED;
	}
	if (sp_loop_run(run->loop) < 0) {
		snprintf(run->why, SP_SESSION_WHY, "event loop failed");
		return SP_ESYS;
	}
	return run->err;
}

int sp_script_run(const struct sp_script_conf *conf, char why[SP_SESSION_WHY])
{
	struct sp_script *run = sp_calloc(1, sizeof(*run));
	int rc = SP_ENOMEM;

	snprintf(why, SP_SESSION_WHY, "out of memory");
	if (!run) {
		return rc;
	}
	run->conf = conf;
	run->loop = conf->loop;
	run->why = why;
	run->turn = sp_loop_timer(run->loop, on_turn, run);
	run->again = sp_loop_timer(run->loop, on_turn, run);
	run->late_timer = sp_loop_timer(run->loop, on_late, run);
	if (run->turn && run->again && run->late_timer) {
		rc = make_sets(run);
	}
	if (rc == SP_OK) {
		rc = read_text(run);
	}
	if (rc == SP_OK) {
		rc = connect_and_run(run);
	}
	sp_session_destroy(run->session);
	for (size_t i = run->sets; i > 0; i--) {
		if (sets[i - 1]->destroy) {
			sets[i - 1]->destroy(run->set[i - 1]);
		}
	}
	sp_watch_remove(run->turn);
	sp_watch_remove(run->again);
	sp_watch_remove(run->late_timer);
	sp_free(run->step);
	sp_free(run->text);
	sp_free(run);
	return rc;
}
