/* desk/session/sound_users.c - see sound_users.h. */
#include "desk/session/sound_users.h"

#include <pulse/pulseaudio.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define MODULES 2

struct sp_sound_users {
	struct sp_pulse *pulse;
	const struct sp_pulse_server *server;
	const struct sp_sound_users_calls *calls;
	void *user;
	uint32_t sink, source; /* their numbers */
	uint32_t module[MODULES]; /* that were loaded, to be taken out */
	size_t n_modules;
	unsigned players, recorders; /* as far as they were counted */
	bool plays, records; /* as told */
	bool counting; /* an answer is on its way */
	bool again; /* something changed meanwhile */
	pa_operation *op[8]; /* on their way; their answers must not find us gone */
	size_t n_ops;
};

static void failed(struct sp_sound_users *u, const char *what)
{
	char why[160];

	snprintf(why, sizeof(why), "%s: %s", what,
			pa_strerror(pa_context_errno(sp_pulse_context(u->pulse))));
	u->calls->failed(u->user, why);
}

/* Keeps it until it is done, so that it can be called off. */
static bool keep(struct sp_sound_users *u, pa_operation *op)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n_ops; i++) {
		if (pa_operation_get_state(u->op[i]) == PA_OPERATION_RUNNING) {
			u->op[n++] = u->op[i];
		} else {
			pa_operation_unref(u->op[i]);
		}
	}
	u->n_ops = n;
	if (op && n == SP_LEN(u->op)) {
		pa_operation_cancel(op);
		pa_operation_unref(op);
		return false;
	}
	if (op) {
		u->op[u->n_ops++] = op;
	}
	return op;
}

/* ---- counting ---- */

static void on_recorder(pa_context *c, const pa_source_output_info *i, int end, void *user);

static void on_player(pa_context *c, const pa_sink_input_info *i, int end, void *user)
{
	struct sp_sound_users *u = user;

	if (end == 0) {
		u->players += i->sink == u->sink && !i->corked;
		return;
	}
	u->recorders = 0;
	if (end < 0 || !keep(u, pa_context_get_source_output_info_list(c, on_recorder, u))) {
		u->counting = false;
	}
}

static void count(struct sp_sound_users *u)
{
	pa_context *c = sp_pulse_context(u->pulse);

	if (u->counting) {
		u->again = true;
		return;
	}
	u->again = false;
	u->players = 0;
	u->counting = keep(u, pa_context_get_sink_input_info_list(c, on_player, u));
}

static void on_recorder(pa_context *c, const pa_source_output_info *i, int end, void *user)
{
	struct sp_sound_users *u = user;

	if (end == 0) {
		u->recorders += i->source == u->source && !i->corked;
		return;
	}
	u->counting = false;
	bool changed = u->plays != (u->players > 0) || u->records != (u->recorders > 0);
	u->plays = u->players > 0;
	u->records = u->recorders > 0;
	if (u->again) {
		count(u);
	}
	if (changed && end > 0) {
		u->calls->changed(u->user, u->plays, u->records);
	}
}

static void on_event(pa_context *c, pa_subscription_event_type_t t, uint32_t index, void *user)
{
	count(user);
}

/* ---- finding the sink and the source ---- */

static void on_subscribed(pa_context *c, int ok, void *user)
{
	struct sp_sound_users *u = user;

	if (!ok) {
		failed(u, "changes");
		return;
	}
	count(u);
}

static void on_source(pa_context *c, const pa_source_info *i, int end, void *user)
{
	struct sp_sound_users *u = user;

	if (end == 0) {
		u->source = i->index;
		return;
	}
	if (end < 0) {
		failed(u, "source");
		return;
	}
	pa_context_set_subscribe_callback(c, on_event, u);
	pa_subscription_mask_t mask =
			PA_SUBSCRIPTION_MASK_SINK_INPUT | PA_SUBSCRIPTION_MASK_SOURCE_OUTPUT;
	if (!keep(u, pa_context_subscribe(c, mask, on_subscribed, u))) {
		failed(u, "changes");
	}
}

static void on_sink(pa_context *c, const pa_sink_info *i, int end, void *user)
{
	struct sp_sound_users *u = user;

	if (end == 0) {
		u->sink = i->index;
		return;
	}
	if (end < 0 ||
			!keep(u,
					pa_context_get_source_info_by_name(c,
							sp_pulse_server_source(u->server),
							on_source, u))) {
		failed(u, "sink");
	}
}

static void find(struct sp_sound_users *u)
{
	pa_context *c = sp_pulse_context(u->pulse);

	if (!keep(u,
			    pa_context_get_sink_info_by_name(
					    c, sp_pulse_server_sink(u->server), on_sink, u))) {
		failed(u, "sink");
	}
}

/* ---- making them ---- */

static void make_next(struct sp_sound_users *u);

static void on_module(pa_context *c, uint32_t index, void *user)
{
	struct sp_sound_users *u = user;

	if (index == PA_INVALID_INDEX) {
		failed(u, u->n_modules == 0 ? "module-null-sink" : "module-pipe-source");
		return;
	}
	u->module[u->n_modules++] = index;
	make_next(u);
}

static void make_next(struct sp_sound_users *u)
{
	pa_context *c = sp_pulse_context(u->pulse);
	char args[600];

	if (u->n_modules == MODULES) {
		find(u);
		return;
	}
	const char *name = u->n_modules == 0 ? "module-null-sink" : "module-pipe-source";
	int rc = u->n_modules == 0 ? sp_pulse_server_sink_args(u->server, args, sizeof(args))
				   : sp_pulse_server_source_args(u->server, args, sizeof(args));
	if (rc != SP_OK || !keep(u, pa_context_load_module(c, name, args, on_module, u))) {
		failed(u, name);
	}
}

struct sp_sound_users *sp_sound_users_create(struct sp_pulse *pulse,
		const struct sp_pulse_server *server, const struct sp_sound_users_calls *calls,
		void *user)
{
	struct sp_sound_users *u = sp_calloc(1, sizeof(*u));

	if (!u) {
		return NULL;
	}
	u->pulse = pulse;
	u->server = server;
	u->calls = calls;
	u->user = user;
	if (sp_pulse_server_ours(server)) {
		find(u);
	} else {
		make_next(u);
	}
	return u;
}

bool sp_sound_users_leave(struct sp_sound_users *u)
{
	pa_context *c = sp_pulse_context(u->pulse);

	if (!sp_pulse_is_up(u->pulse)) {
		return false;
	}
	pa_context_set_subscribe_callback(c, NULL, NULL);
	while (u->n_modules > 0) {
		keep(u, pa_context_unload_module(c, u->module[--u->n_modules], NULL, NULL));
	}
	keep(u, NULL);
	return u->n_ops > 0;
}

void sp_sound_users_destroy(struct sp_sound_users *u)
{
	if (!u) {
		return;
	}
	pa_context *c = sp_pulse_context(u->pulse);
	pa_context_set_subscribe_callback(c, NULL, NULL);
	for (size_t i = 0; i < u->n_ops; i++) {
		pa_operation_cancel(u->op[i]);
		pa_operation_unref(u->op[i]);
	}
	sp_free(u);
}
