/* client/script_resize.c - see script_resize.h. */
#include "client/script_resize.h"

#include "client/layout.h"
#include "core/base/err.h"

#define PATIENCE_US 10000000
#define RETRY_US 50000
#define SAME_US 500000 /* a desktop that keeps its size says nothing when its monitors change */

/* What the step is at, in n[0]. */
enum {
	TO_SEND,
	TO_CHANGE, /* n[1]: desktops there were before */
	TO_SETTLE, /* n[1]: when it was sent */
};

static int layout_of(
		struct sp_script *run, struct sp_script_step *step, struct sp_display_layout *l)
{
	l->n = 0;
	for (size_t i = 0; i < step->argc; i++) {
		if (sp_layout_add(l, step->argv[i]) != SP_OK) {
			return sp_script_fail(run,
					"%.80s: not WIDTHxHEIGHT[+X+Y][@SCALE], each side from %d "
					"to %d, the width even",
					step->argv[i], SP_DISPLAY_MIN_SIDE, SP_DISPLAY_MAX_SIDE);
		}
	}
	const char *why = sp_display_check(l);
	return why ? sp_script_fail(run, "%s", why) : SP_OK;
}

static int check(struct sp_script *run, struct sp_script_step *step)
{
	struct sp_display_layout l;

	return layout_of(run, step, &l);
}

static bool has_size(struct sp_script *run, const struct sp_display_layout *l)
{
	struct sp_rect all = sp_display_bounds(l);
	uint32_t w, h;

	sp_session_picture(sp_script_session(run), &w, &h);
	return w == (uint32_t)all.w && h == (uint32_t)all.h;
}

static int send(struct sp_script *run, struct sp_script_step *step,
		const struct sp_display_layout *l)
{
	struct sp_rect all = sp_display_bounds(l);
	int rc = sp_layout_send(step->set, l);

	if (rc == SP_OK) {
		sp_session_expect(sp_script_session(run), (uint32_t)all.w, (uint32_t)all.h);
	}

	if (rc == SP_ESTATE && !sp_script_late(run)) {
		sp_script_again(run, RETRY_US);
		return SP_SCRIPT_WAITS;
	}
	if (rc != SP_OK) {
		return sp_script_fail(run, "%s",
				rc == SP_ESTATE ? "the server has no display control"
						: rc == SP_ELIMIT ? "more than the server can show"
								  : sp_err_text(rc));
	}
	step->n[0] = has_size(run, l) ? TO_SETTLE : TO_CHANGE;
	step->n[1] = step->n[0] == TO_SETTLE ? sp_now_us() : sp_script_desktops(run);
	if (step->n[0] == TO_SETTLE) {
		sp_script_again(run, SAME_US);
	}
	return SP_SCRIPT_WAITS;
}

static int look(struct sp_script *run, struct sp_script_step *step)
{
	struct sp_display_layout l;
	uint32_t w, h;
	int rc = layout_of(run, step, &l);

	if (rc != SP_OK) {
		return rc;
	}
	if (step->n[0] == TO_SEND) {
		return send(run, step, &l);
	}
	if (step->n[0] == TO_SETTLE) {
		return sp_now_us() - step->n[1] >= SAME_US ? SP_OK : SP_SCRIPT_WAITS;
	}
	if (sp_script_desktops(run) > step->n[1] && has_size(run, &l)) {
		return SP_OK;
	}
	sp_session_picture(sp_script_session(run), &w, &h);
	return sp_script_late(run) ? sp_script_fail(run, "the desktop is %ux%u", w, h)
				   : SP_SCRIPT_WAITS;
}

static int begin(struct sp_script *run, struct sp_script_step *step)
{
	sp_script_patience(run, PATIENCE_US);
	return look(run, step);
}

static void *create(struct sp_script *run)
{
	return sp_layout_create();
}

static struct sp_part *part(void *set)
{
	return sp_layout_part(set);
}

static void destroy(void *set)
{
	sp_layout_destroy(set);
}

static const struct sp_script_verb verbs[] = {
		{"resize", "WIDTHxHEIGHT[+X+Y][@SCALE] ...", 1, SP_DISPLAY_MAX_MONITORS, false,
				check, begin, look},
};

const struct sp_script_set sp_script_resize = {.verbs = verbs,
		.n = SP_LEN(verbs),
		.create = create,
		.part = part,
		.destroy = destroy};
