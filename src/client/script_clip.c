/* client/script_clip.c - see script_clip.h. */
#include "client/script_clip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/clip.h"
#include "client/options.h"
#include "core/base/err.h"
#include "core/base/mem.h"

#define FILE_MAX (128u << 20)
#define MAX_WAIT_S 3600
#define SET_US 10000000 /* until the server knows of it */
#define GET_US 30000000 /* until it is there, unless the step says */
#define MAX_PATHS 64

/* n[0] of a step: which of these it is; n[1]: how far it got; n[2]: how long it may take. */
static const struct {
	const char *name;
	enum sp_clip_thing thing;
	bool from_file; /* clip-set: the rest of the line names a file */
	bool get;
} kinds[] = {
		{"text", SP_CLIP_THING_TEXT, false, true},
		{"text-file", SP_CLIP_THING_TEXT, true, false},
		{"html", SP_CLIP_THING_HTML, true, true},
		{"image", SP_CLIP_THING_IMAGE, true, true},
		{"files", SP_CLIP_THING_FILES, false, true},
};

struct clip_set {
	struct sp_script *run;
	struct sp_clip *clip;
	unsigned ways;
	bool used; /* there is a step of ours */
};

static int check_kind(struct sp_script *run, struct sp_script_step *step, bool get)
{
	struct clip_set *set = step->set;

	set->used = true;
	for (size_t i = 0; i < SP_LEN(kinds); i++) {
		if (strcmp(step->argv[0], kinds[i].name) == 0 && (!get || kinds[i].get)) {
			step->n[0] = i;
			return SP_OK;
		}
	}
	return sp_script_fail(run, "%.80s: not text%s, html, image or files", step->argv[0],
			get ? "" : ", text-file");
}

/* ---- clip-set ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The word at *at, which moves behind it, with quotes and backslashes taken away as a shell does;
 * it ends with a NUL in the same place. NULL where a quote does not end.
 */
static char *take_word(char **at)
{
	char *in = *at, *out = in, *word = in, quote = '\0';

	for (; *in != '\0' && (quote || !is_blank(*in)); in++) {
		if (quote ? *in == quote : *in == '\'' || *in == '"') {
			quote = quote ? '\0' : *in;
			continue;
		}
		bool escapes = *in == '\\' && quote != '\'' && in[1] != '\0' &&
				(!quote || in[1] == '"' || in[1] == '\\');
		in += escapes;
		*out++ = *in;
	}
	*at = in + (*in != '\0');
	*out = '\0';
	return quote ? NULL : word;
}

/* The words of a line, which become its bytes; *n is how many, at most MAX_PATHS. */
static int take_paths(struct sp_script *run, char *rest, const char *paths[MAX_PATHS], size_t *n)
{
	*n = 0;
	for (char *at = rest; *(at += strspn(at, " \t")) != '\0';) {
		const char *word = take_word(&at);

		if (!word) {
			return sp_script_fail(run, "a quote that does not end");
		}
		if (*n == MAX_PATHS) {
			return sp_script_fail(run, "more than %d paths", MAX_PATHS);
		}
		paths[(*n)++] = word;
	}
	return SP_OK;
}

static int check_set(struct sp_script *run, struct sp_script_step *step)
{
	const char *paths[MAX_PATHS];
	size_t n;
	int rc = check_kind(run, step, false);

	if (rc != SP_OK || kinds[step->n[0]].thing != SP_CLIP_THING_FILES) {
		return rc;
	}
	char *copy = sp_strdup(step->argv[1]);
	rc = copy ? take_paths(run, copy, paths, &n) : SP_ENOMEM;
	sp_free(copy);
	return rc;
}

static int set_files(struct sp_script *run, struct clip_set *set, char *rest)
{
	const char *paths[MAX_PATHS];
	char why[SP_WHY_MAX];
	size_t n;
	int rc = take_paths(run, rest, paths, &n);

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_clip_set_files(set->clip, paths, n, why);
	return rc == SP_OK ? SP_OK : sp_script_fail(run, "%s", why);
}

static int set_bytes(struct sp_script *run, struct clip_set *set, struct sp_script_step *step)
{
	const char *what = step->argv[1];
	struct sp_span bytes = sp_span(what, strlen(what));
	struct sp_rcbuf *file = NULL;
	int rc = SP_OK;

	if (kinds[step->n[0]].from_file) {
		rc = sp_file_read(what, FILE_MAX, &file);
		if (rc != SP_OK) {
			return sp_script_fail(run, "%.200s: %s", what,
					rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		}
		bytes = sp_span(file->p, file->n);
	}
	rc = sp_clip_set(set->clip, kinds[step->n[0]].thing, bytes);
	sp_rcbuf_unref(file);
	return rc == SP_OK ? SP_OK
			   : sp_script_fail(run, "%.200s: %s", kinds[step->n[0]].name,
					     rc == SP_ECODEC ? "not a PNG file" : sp_err_text(rc));
}

static int no_clipboard(struct sp_script *run, const struct clip_set *set)
{
	return sp_script_fail(run,
			sp_clip_ready(set->clip) ? "the server does not take it"
						 : "the server has no clipboard for this client");
}

static int look_set(struct sp_script *run, struct sp_script_step *step)
{
	struct clip_set *set = step->set;

	if (sp_clip_settled(set->clip)) {
		return SP_OK;
	}
	return sp_script_late(run) ? no_clipboard(run, set) : SP_SCRIPT_WAITS;
}

static int begin_set(struct sp_script *run, struct sp_script_step *step)
{
	struct clip_set *set = step->set;

	if (!(set->ways & SP_CLIP_WAY_IN)) {
		return sp_script_fail(run, "--clipboard lets nothing through to the server");
	}
	int rc = kinds[step->n[0]].thing == SP_CLIP_THING_FILES ? set_files(run, set, step->argv[1])
								: set_bytes(run, set, step);
	if (rc != SP_OK) {
		return rc;
	}
	sp_script_patience(run, SET_US);
	return look_set(run, step);
}

/* ---- clip-get ---- */

static int check_get(struct sp_script *run, struct sp_script_step *step)
{
	int rc = check_kind(run, step, true);

	step->n[2] = GET_US;
	if (rc == SP_OK && step->argc == 3 &&
			sp_options_seconds(step->argv[2], MAX_WAIT_S, &step->n[2]) != SP_OK) {
		return sp_script_fail(
				run, "%.80s: not seconds up to %d", step->argv[2], MAX_WAIT_S);
	}
	return rc;
}

static int write_result(struct sp_script *run, const char *path, struct sp_span bytes)
{
	int rc = strcmp(path, "-") == 0 ? sp_fd_write_all(STDOUT_FILENO, bytes.p, bytes.n)
					: sp_file_write(path, 0666, bytes);

	return rc == SP_OK ? SP_OK : sp_script_fail(run, "%.200s: %s", path, strerror(errno));
}

/* n[1]: 1 once it is being fetched. */
static int look_get(struct sp_script *run, struct sp_script_step *step)
{
	enum sp_clip_thing thing = kinds[step->n[0]].thing;
	struct clip_set *set = step->set;
	char why[SP_WHY_MAX];
	struct sp_rcbuf *data;

	if (step->n[1] == 0) {
		int rc = !(sp_clip_has(set->clip) & thing) ? SP_ENOTFOUND
				: thing == SP_CLIP_THING_FILES
				? sp_clip_get_files(set->clip, step->argv[1])
				: sp_clip_get(set->clip, thing);

		if (rc == SP_ENOTFOUND) {
			return !sp_script_late(run) ? SP_SCRIPT_WAITS
					: sp_clip_ready(set->clip)
					? sp_script_fail(run, "the server's clipboard has no %s",
							  step->argv[0])
					: no_clipboard(run, set);
		}
		if (rc != SP_OK) {
			return sp_script_fail(run, "%s", sp_err_text(rc));
		}
		step->n[1] = 1;
	}
	int rc = sp_clip_result(set->clip, &data, why);
	if (rc == 1) {
		return SP_SCRIPT_WAITS;
	}
	if (rc != SP_OK) {
		return sp_script_fail(run, "%s", why);
	}
	if (data) {
		rc = write_result(run, step->argv[1], sp_span(data->p, data->n));
		sp_rcbuf_unref(data);
	}
	return rc;
}

static int begin_get(struct sp_script *run, struct sp_script_step *step)
{
	const struct clip_set *set = step->set;

	if (!(set->ways & SP_CLIP_WAY_OUT)) {
		return sp_script_fail(run, "--clipboard lets nothing through from the server");
	}
	sp_script_patience(run, step->n[2]);
	return look_get(run, step);
}

/* ---- the set ---- */

static void on_changed(void *user)
{
	const struct clip_set *set = user;

	sp_script_nudge(set->run);
}

static void *create(struct sp_script *run)
{
	struct clip_set *set = sp_calloc(1, sizeof(*set));
	struct sp_clip_conf conf = {.loop = sp_script_loop(run),
			.ways = sp_script_clipboard(run),
			.changed = on_changed,
			.user = set};

	if (!set) {
		return NULL;
	}
	set->run = run;
	set->ways = conf.ways;
	set->clip = sp_clip_create(&conf);
	if (!set->clip) {
		sp_free(set);
		return NULL;
	}
	return set;
}

static struct sp_part *part(void *user)
{
	struct clip_set *set = user;

	return set->used && set->ways != 0 ? sp_clip_part(set->clip) : NULL;
}

static void destroy(void *user)
{
	struct clip_set *set = user;

	sp_clip_destroy(set->clip);
	sp_free(set);
}

static const struct sp_script_verb verbs[] = {
		{.name = "clip-set",
				.usage = "text TEXT|text-file FILE|html FILE|image FILE.png|files "
					 "PATH...",
				.min = 2,
				.max = 2,
				.rest = true,
				.check = check_set,
				.begin = begin_set,
				.look = look_set},
		{.name = "clip-get",
				.usage = "text|html|image|files WHERE [SECONDS]",
				.min = 2,
				.max = 3,
				.check = check_get,
				.begin = begin_get,
				.look = look_get},
};

const struct sp_script_set sp_script_clip = {.verbs = verbs,
		.n = SP_LEN(verbs),
		.create = create,
		.part = part,
		.destroy = destroy};
