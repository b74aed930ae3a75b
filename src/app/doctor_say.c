/* app/doctor_say.c - what was found: kept, and told to people and to programs. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/json.h"
#include "core/base/log.h"

static const char *const levels[APP_DOCTOR_LEVELS] = {[APP_DOCTOR_OK] = "ok",
		[APP_DOCTOR_INFO] = "info",
		[APP_DOCTOR_WARN] = "warn",
		[APP_DOCTOR_BAD] = "bad",
		[APP_DOCTOR_UNKNOWN] = "unknown"};

static const struct {
	const char *word, *title;
} groups[APP_DOCTOR_GROUPS] = {[APP_DOCTOR_CONF] = {"conf", "Configuration"},
		[APP_DOCTOR_FILES] = {"files", "Files and their rights"},
		[APP_DOCTOR_CERT] = {"cert", "Certificate"},
		[APP_DOCTOR_JAIL] = {"jail", "Jails"},
		[APP_DOCTOR_SERVICE] = {"service", "The running service"},
		[APP_DOCTOR_PORT] = {"port", "The port"},
		[APP_DOCTOR_USERS] = {"users", "Users and secrets"},
		[APP_DOCTOR_AUDIT] = {"audit", "Audit"},
		[APP_DOCTOR_MACHINE] = {"machine", "This machine"},
		[APP_DOCTOR_SCAN] = {"scan", "Seen from outside"}};

const char *app_doctor_level_word(uint32_t level)
{
	return level < APP_DOCTOR_LEVELS ? levels[level] : "?";
}

const char *app_doctor_group_word(uint32_t group)
{
	return group < APP_DOCTOR_GROUPS ? groups[group].word : "?";
}

const char *app_doctor_group_title(uint32_t group)
{
	return group < APP_DOCTOR_GROUPS ? groups[group].title : "?";
}

static struct app_doctor_finding *next(struct app_doctor *d)
{
	if (d->n == APP_DOCTOR_FINDINGS) {
		d->lost++;
		return NULL;
	}
	struct app_doctor_finding *f = &d->finding[d->n++];
	memset(f, 0, sizeof(*f));
	return f;
}

void app_doctor_say(struct app_doctor *d, enum app_doctor_group group, const char *id,
		enum app_doctor_level level, const char *about, const char *fmt, ...)
{
	struct app_doctor_finding *f = next(d);
	va_list ap;

	if (f == NULL) {
		return;
	}
	f->group = group;
	f->level = level;
	snprintf(f->id, sizeof(f->id), "%s.%s", app_doctor_group_word(group), id);
	snprintf(f->about, sizeof(f->about), "%s", about != NULL ? about : "");
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	/* Names come from files, peers and the audit: none may move a cursor, or turn a line around. */
	sp_log_printable(f->about);
	sp_log_printable(f->text);
}

void app_doctor_todo(struct app_doctor *d, const char *fmt, ...)
{
	struct app_doctor_finding *f = d->n > 0 && d->lost == 0 ? &d->finding[d->n - 1] : NULL;
	va_list ap;

	if (f != NULL) {
		va_start(ap, fmt);
		vsnprintf(f->todo, sizeof(f->todo), fmt, ap);
		va_end(ap);
		sp_log_printable(f->todo);
	}
}

const char *app_doctor_own(struct app_doctor *d, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	app_again(d->service, what, d->own, sizeof(d->own));
	return d->own;
}

const char *app_doctor_restart(const struct app_doctor *d)
{
	return d->installed ? "systemctl restart sallyport"
			    : "end the trial (Ctrl-C), and start it again";
}

const char *app_doctor_log(const struct app_doctor *d)
{
	return d->installed ? "journalctl -u sallyport" : "look at what the service printed";
}

void app_doctor_take(struct app_doctor *d, const struct app_doctor_finding *from)
{
	struct app_doctor_finding *f;

	if (from->group < APP_DOCTOR_GROUPS && from->level < APP_DOCTOR_LEVELS &&
			(f = next(d)) != NULL) {
		*f = *from;
		f->id[sizeof(f->id) - 1] = f->about[sizeof(f->about) - 1] = '\0';
		f->text[sizeof(f->text) - 1] = f->todo[sizeof(f->todo) - 1] = '\0';
		sp_log_printable(f->about);
		sp_log_printable(f->text);
		sp_log_printable(f->todo);
	}
}

bool app_doctor_found(const struct app_doctor *d, const char *id)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->finding[i].level != APP_DOCTOR_OK && strcmp(d->finding[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

size_t app_doctor_count(const struct app_doctor *d, enum app_doctor_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		n += d->finding[i].level == (uint32_t)level;
	}
	return n;
}

size_t app_doctor_faults(const struct app_doctor *d, size_t first)
{
	size_t n = 0;

	for (size_t i = first; i < d->n; i++) {
		n += d->finding[i].level > APP_DOCTOR_INFO;
	}
	return n;
}

/* ---- for people ---- */

#define WIDTH 96
#define INDENT 10

static const char *paint(bool colour, uint32_t level)
{
	static const char *const codes[APP_DOCTOR_LEVELS] = {[APP_DOCTOR_OK] = "\033[32m",
			[APP_DOCTOR_INFO] = "\033[36m",
			[APP_DOCTOR_WARN] = "\033[33m",
			[APP_DOCTOR_BAD] = "\033[1;31m",
			[APP_DOCTOR_UNKNOWN] = "\033[35m"};

	return colour ? codes[level] : "";
}

/* Words up to the width of a page, and the next lines where the first one began. */
static void wrap(const char *text, size_t indent)
{
	size_t at = indent;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		if (at > indent && at + 1 + n > WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		fwrite(text, 1, n, stdout);
		at += n;
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

static bool is_command(const char *todo)
{
	static const char *const commands[] = {"sallyport ", "chmod ", "chown ", "systemctl "};
	bool found = false;

	for (size_t i = 0; i < SP_LEN(commands); i++) {
		found = found || strstr(todo, commands[i]) != NULL;
	}
	return found;
}

static void print_one(const struct app_doctor_finding *f, bool colour)
{
	static const char *const shown[APP_DOCTOR_LEVELS] = {[APP_DOCTOR_OK] = "ok",
			[APP_DOCTOR_INFO] = "info",
			[APP_DOCTOR_WARN] = "WARN",
			[APP_DOCTOR_BAD] = "BAD",
			[APP_DOCTOR_UNKNOWN] = "?"};
	char text[APP_DOCTOR_ABOUT + APP_DOCTOR_TEXT + 4];

	snprintf(text, sizeof(text), "%s%s%s", f->about, f->about[0] != '\0' ? ": " : "", f->text);
	printf("  %s%-7s%s ", paint(colour, f->level), shown[f->level], colour ? "\033[0m" : "");
	wrap(text, INDENT);
	if (f->todo[0] != '\0') {
		printf("%*s-> ", INDENT, "");
		if (is_command(f->todo)) {
			puts(f->todo); /* in one piece, to be pasted */
		} else {
			wrap(f->todo, INDENT + 3);
		}
	}
}

static void counted(const char *between, size_t n, const char *one, const char *many)
{
	if (n > 0) {
		printf("%s%zu %s", between, n, n == 1 ? one : many);
	}
}

/* Is the name in the list already, between commas? */
static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name)) {
		if ((at == list || at[-1] == ' ') && (at[n] == ',' || at[n] == '\0')) {
			return true;
		}
	}
	return false;
}

/* Many that are right in the same way are one line: "keeper.key, store.db, ...: ...". */
static void print_alike(const struct app_doctor *d, uint32_t group, const char *text, bool colour)
{
	struct app_doctor_finding all = {.group = group, .level = APP_DOCTOR_OK};
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct app_doctor_finding *f = &d->finding[i];
		if (f->group != group || f->level != APP_DOCTOR_OK || f->about[0] == '\0') {
			continue;
		}
		const char *slash = strrchr(f->about, '/');
		const char *name = slash != NULL ? slash + 1 : f->about;
		size_t at = strlen(all.text);
		if (!listed(all.text, name)) {
			snprintf(all.text + at, sizeof(all.text) - at, "%s%s", n++ > 0 ? ", " : "",
					name);
		}
	}
	size_t at = strlen(all.text);
	if (n > 0) {
		snprintf(all.text + at, sizeof(all.text) - at, ": %s", text);
		print_one(&all, colour);
	}
}

void app_doctor_print(const struct app_doctor *d, bool colour, bool verbose)
{
	static const char *const alike[APP_DOCTOR_GROUPS] = {
			[APP_DOCTOR_FILES] = "nobody else reads or changes them",
			[APP_DOCTOR_JAIL] = "every way out of their jails is closed"};
	const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";

	printf("sallyport " SP_VERSION ", %s\n\n", d->file);
	for (uint32_t g = 0; g < APP_DOCTOR_GROUPS; g++) {
		bool titled = false;
		for (size_t i = 0; i < d->n; i++) {
			if (d->finding[i].group != g) {
				continue;
			}
			if (!titled) {
				printf("%s%s%s\n", bold, groups[g].title, plain);
				titled = true;
				if (alike[g] != NULL && !verbose) {
					print_alike(d, g, alike[g], colour);
				}
			}
			if (alike[g] == NULL || verbose || d->finding[i].about[0] == '\0' ||
					d->finding[i].level != APP_DOCTOR_OK) {
				print_one(&d->finding[i], colour);
			}
		}
	}
	size_t bad = app_doctor_count(d, APP_DOCTOR_BAD),
	       warn = app_doctor_count(d, APP_DOCTOR_WARN);
	printf("\n%s", bold);
	if (bad + warn == 0) {
		printf("nothing bad, no warnings");
	} else {
		printf("%zu bad", bad);
		counted(", ", warn, "warning", "warnings");
	}
	printf("%s, %zu ok", plain, app_doctor_count(d, APP_DOCTOR_OK));
	counted(", ", app_doctor_count(d, APP_DOCTOR_INFO), "note", "notes");
	counted(", ", app_doctor_count(d, APP_DOCTOR_UNKNOWN), "could not be looked at (?)",
			"could not be looked at (?)");
	counted(", ", d->lost, "left out", "left out");
	putchar('\n');
}

/* ---- for programs ---- */

void app_doctor_json(const struct app_doctor *d)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0) {
		host[0] = '\0';
	}
	fputs("{\"schema\": 1, \"version\": \"" SP_VERSION "\", \"host\": ", stdout);
	app_json_text(stdout, host);
	fputs(", \"time\": ", stdout);
	app_json_time(stdout, d->now);
	fputs(", \"configuration\": ", stdout);
	app_json_text(stdout, d->file);
	printf(", \"bad\": %zu, \"warn\": %zu, \"info\": %zu, \"ok\": %zu, \"unknown\": %zu, "
	       "\"left_out\": %zu,\n \"findings\": [",
			app_doctor_count(d, APP_DOCTOR_BAD), app_doctor_count(d, APP_DOCTOR_WARN),
			app_doctor_count(d, APP_DOCTOR_INFO), app_doctor_count(d, APP_DOCTOR_OK),
			app_doctor_count(d, APP_DOCTOR_UNKNOWN), d->lost);
	for (size_t i = 0; i < d->n; i++) {
		const struct app_doctor_finding *f = &d->finding[i];
		printf("%s\n  {\"id\": ", i > 0 ? "," : "");
		app_json_text(stdout, f->id);
		printf(", \"group\": \"%s\", \"level\": \"%s\", \"about\": ", groups[f->group].word,
				levels[f->level]);
		app_json_text(stdout, f->about);
		fputs(", \"text\": ", stdout);
		app_json_text(stdout, f->text);
		fputs(", \"todo\": ", stdout);
		app_json_text(stdout, f->todo);
		putchar('}');
	}
	fputs("]}\n", stdout);
}
