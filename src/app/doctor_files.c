/* app/doctor_files.c - who may read the secrets of a service, and who may change what it rests on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/doctor.h"
#include "host/audit/checkpoint.h"
#include "host/audit/home.h"
#include "host/conf/ship.h"
#include "host/io/jail.h"
#include "host/io/proc.h"

#define G APP_DOCTOR_FILES
#define RECORDINGS_MAX 20000 /* files that are looked at */
#define ANYBODY (-1)
#define LINKS 40 /* on a way; the kernel follows as many */

static void name_of(int64_t uid, char *out, size_t cap)
{
	const struct passwd *pw = getpwuid((uid_t)uid);

	if (pw != NULL) {
		snprintf(out, cap, "%s", pw->pw_name);
	} else {
		snprintf(out, cap, "user %lld", (long long)uid);
	}
}

/* As chown takes it. */
static void owner_word(int64_t uid, char *out, size_t cap)
{
	const struct passwd *pw = getpwuid((uid_t)uid);

	snprintf(out, cap, "%lld", (long long)uid);
	if (pw != NULL) {
		app_shell_word(pw->pw_name, out, cap);
	}
}

static void cannot(struct app_doctor *d, const char *id, const char *path, bool needed)
{
	if (errno == ENOENT) {
		app_doctor_say(d, G, id, needed ? APP_DOCTOR_BAD : APP_DOCTOR_INFO, path,
				"is not there%s", needed ? "" : " (yet)");
	} else {
		app_doctor_say(d, G, id, APP_DOCTOR_UNKNOWN, path, "cannot be looked at: %s%s",
				strerror(errno), geteuid() != 0 ? "; try sudo" : "");
	}
}

/* The command that mends it. */
static void mend(struct app_doctor *d, const struct app_doctor_path *p, mode_t mode)
{
	char path[APP_AGAIN_MAX];

	app_shell_word(p->path, path, sizeof(path));
	app_doctor_todo(d, "chmod %04o %s", (unsigned)(mode & 07777 & ~p->forbidden), path);
}

void app_doctor_path(struct app_doctor *d, const struct app_doctor_path *p)
{
	char is[64], should[64], word[APP_AGAIN_MAX];
	struct stat st;

	if (lstat(p->path, &st) != 0) {
		cannot(d, p->id, p->path, p->needed);
		return;
	}
	/* As certbot has them. What they lead to is looked at like any other file. */
	bool trusted = p->link && (st.st_uid == 0 || (int64_t)st.st_uid == p->owner);
	if (S_ISLNK(st.st_mode) && trusted && stat(p->path, &st) != 0) {
		cannot(d, p->id, p->path, p->needed);
		return;
	}
	if (S_ISLNK(st.st_mode)) {
		app_doctor_say(d, G, p->id, APP_DOCTOR_BAD, p->path,
				"is a symbolic link: whoever may change where it leads changes "
				"what is used");
		app_doctor_todo(d, "put the %s itself there", p->folder ? "folder" : "file");
		return;
	}
	if (p->folder != S_ISDIR(st.st_mode)) {
		app_doctor_say(d, G, p->id, APP_DOCTOR_BAD, p->path, "is no %s",
				p->folder ? "folder" : "file");
		return;
	}
	bool good = true;
	if (p->owner != ANYBODY && (int64_t)st.st_uid != p->owner) {
		good = false;
		name_of(st.st_uid, is, sizeof(is));
		name_of(p->owner, should, sizeof(should));
		app_doctor_say(d, G, p->id, APP_DOCTOR_BAD, p->path, "belongs to %s, and not to %s",
				is, should);
		app_shell_word(p->path, word, sizeof(word));
		owner_word(p->owner, should, sizeof(should));
		app_doctor_todo(d, "chown %s %s", should, word);
	}
	if ((st.st_mode & p->forbidden) != 0) {
		good = false;
		bool read = (st.st_mode & p->forbidden & 044) != 0;
		bool write = (st.st_mode & p->forbidden & 022) != 0;
		app_doctor_say(d, G, p->id, APP_DOCTOR_BAD, p->path, "others may %s%s%s it (%04o)",
				read ? "read" : "", read && write ? " and " : "",
				write                  ? "change"
						: read ? ""
						       : "enter",
				(unsigned)(st.st_mode & 07777));
		mend(d, p, st.st_mode);
	}
	if (good) {
		app_doctor_say(d, G, p->id, APP_DOCTOR_OK, p->path, "%04o",
				(unsigned)(st.st_mode & 07777));
	}
}

static bool told(const struct app_doctor *d, const char *folder)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct app_doctor_finding *f = &d->finding[i];

		if (strcmp(f->id, "files.parents") == 0 && f->level != APP_DOCTOR_OK &&
				strcmp(f->about, folder) == 0) {
			return true;
		}
	}
	return false;
}

/* True: who may not change what lies in the folder cannot. A fault is told once. */
static bool safe_folder(struct app_doctor *d, const char *about, const char *path, int64_t owner)
{
	char real[PATH_MAX], is[64], word[APP_AGAIN_MAX];
	struct stat st;

	if (realpath(path, real) == NULL || stat(real, &st) != 0) {
		cannot(d, "parents", path, true);
		return false;
	}
	bool open = (st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0;
	bool foreign = st.st_uid != 0 && (int64_t)st.st_uid != owner && st.st_uid != geteuid();
	if (open && (st.st_mode & 002) == 0 && st.st_gid == 0) {
		open = false; /* root's group may */
	}
	if (!(open || foreign) || told(d, real)) {
		return !(open || foreign);
	}
	app_shell_word(real, word, sizeof(word));
	if (open) {
		app_doctor_say(d, G, "parents", APP_DOCTOR_BAD, real,
				"others may change this folder (%04o), and so what is in "
				"it: %s",
				(unsigned)(st.st_mode & 07777), about);
		app_doctor_todo(d, "chmod go-w %s", word);
	}
	if (foreign) {
		name_of(st.st_uid, is, sizeof(is));
		app_doctor_say(d, G, "parents", APP_DOCTOR_BAD, real,
				"belongs to %s, who can replace %s", is, about);
		app_doctor_todo(d, "chown root %s", word);
	}
	return false;
}

/* The folders above an absolute path; where it or one of them is a link, also those above where that leads. */
static bool safe_way(struct app_doctor *d, const char *about, const char *path, int64_t owner,
		unsigned *links)
{
	char at[PATH_MAX], to[PATH_MAX], next[2 * PATH_MAX];
	bool safe = true;

	snprintf(at, sizeof(at), "%s", path);
	for (char *slash = strrchr(at, '/'); slash != NULL; slash = strrchr(at, '/')) {
		ssize_t n = readlink(at, to, sizeof(to) - 1);

		if (n > 0 && *links > 0) {
			(*links)--;
			to[n] = '\0';
			snprintf(next, sizeof(next), "%.*s%s%s",
					to[0] == '/' ? 0 : (int)(slash - at), at,
					to[0] == '/' ? "" : "/", to);
			safe = safe_way(d, about, next, owner, links) && safe;
		}
		slash[slash == at ? 1 : 0] = '\0';
		safe = safe_folder(d, about, at, owner) && safe;
		if (slash == at) {
			break;
		}
	}
	return safe;
}

/* Who may rename a folder on the way, or a link, may put another one in its place. */
void app_doctor_parents(struct app_doctor *d, const char *path, int64_t owner)
{
	char named[2 * PATH_MAX];
	unsigned links = LINKS;

	app_absolute(path, named, sizeof(named));
	if (access(path, F_OK) != 0 || named[0] != '/') {
		return; /* what is not there, or not to be seen, is said of itself */
	}
	if (safe_way(d, path, named, owner, &links)) {
		app_doctor_say(d, G, "parents", APP_DOCTOR_OK, path,
				"nobody else may change a folder on the way there");
	}
}

/* Recordings are sealed, but their names and sizes tell too; all are looked at, and one is told. */
static void recordings(struct app_doctor *d, const char *folder, int64_t owner)
{
	DIR *dir = opendir(folder);
	size_t seen = 0, bad = 0, foreign = 0;
	char first[NAME_MAX + 1] = "", should[64], word[APP_AGAIN_MAX / 2];
	struct dirent *e;
	struct stat st;

	if (dir == NULL) {
		return;
	}
	while (seen < RECORDINGS_MAX && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
				fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			continue;
		}
		seen++;
		bool other = owner != ANYBODY && (int64_t)st.st_uid != owner;
		foreign += other;
		if (S_ISLNK(st.st_mode) || (st.st_mode & 077) != 0 || other) {
			snprintf(first, sizeof(first), "%s", bad == 0 ? e->d_name : first);
			bad++;
		}
	}
	closedir(dir);
	if (bad > 0) {
		app_doctor_say(d, G, "recordings", APP_DOCTOR_BAD, folder,
				"%zu of %zu recordings are not the service's alone, like %s", bad,
				seen, first);
		app_shell_word(folder, word, sizeof(word));
		if (foreign > 0) {
			owner_word(owner, should, sizeof(should));
			app_doctor_todo(d, "chown -R %s %s; chmod -R go= %s", should, word, word);
		} else {
			app_doctor_todo(d, "chmod -R go= %s", word);
		}
	}
}

/* ---- whose it should be ---- */

static int64_t account(struct app_doctor *d, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		app_doctor_say(d, G, "account", APP_DOCTOR_BAD, name, "this account is missing");
		app_doctor_todo(d, "systemd-sysusers");
		return ANYBODY;
	}
	if (pw->pw_uid == 0) {
		app_doctor_say(d, G, "account", APP_DOCTOR_BAD, name, "this account is root");
		app_doctor_todo(d, "an account of its own, as systemd-sysusers makes it");
	}
	return pw->pw_uid;
}

static int64_t owner_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_uid : ANYBODY;
}

/* Can what is in the folder be looked at? Else that is said, once. */
static bool inside(struct app_doctor *d, const char *folder)
{
	char path[SP_CONF_PATH + 8];
	struct stat st;

	snprintf(path, sizeof(path), "%s/.", folder);
	if (stat(path, &st) == 0) {
		return true;
	}
	if (errno == ENOENT) {
		app_doctor_say(d, G, "state", APP_DOCTOR_WARN, folder,
				"is not there: the service never ran, and no user was added");
		app_doctor_todo(d, "%s", app_doctor_own(d, "user add NAME"));
	} else {
		app_doctor_say(d, G, "state", APP_DOCTOR_UNKNOWN, folder,
				"what is in it cannot be looked at: %s%s", strerror(errno),
				geteuid() != 0 ? "; try sudo" : "");
	}
	return false;
}

static void state(struct app_doctor *d, int64_t keeper, bool shared)
{
	static const struct {
		const char *id, *name;
		bool needed;
	} files[] = {{"key", "keeper.key", true}, {"store", "store.db", true},
			{"store", "store.db-wal", false}, {"certificate", "tls.pem", false}};
	const struct sp_conf *c = d->conf;
	char path[SP_CONF_PATH + 64];

	/* The scribe goes through it by its group. */
	app_doctor_path(d,
			&(struct app_doctor_path){
					"state", c->state, true, true, shared ? 067 : 077, keeper});
	for (size_t i = 0; i < SP_LEN(files); i++) {
		bool store = strcmp(files[i].id, "store") == 0;
		bool cert = strcmp(files[i].id, "certificate") == 0;

		snprintf(path, sizeof(path), "%s/%s", c->state, files[i].name);
		if ((store && c->store[0] != '\0') || (cert && c->certificate[0] != '\0') ||
				(!files[i].needed && access(path, F_OK) != 0)) {
			continue;
		}
		app_doctor_path(d,
				&(struct app_doctor_path){files[i].id, path, false, files[i].needed,
						077, keeper});
	}
	if (c->certificate[0] != '\0') {
		app_doctor_path(d,
				&(struct app_doctor_path){"certificate", c->certificate, false,
						true, 037, ANYBODY, .link = true});
		app_doctor_parents(d, c->certificate, keeper);
	}
	app_doctor_parents(d, c->state, keeper);
}

static void audit(struct app_doctor *d, int64_t scribe)
{
	char path[SP_CONF_PATH + 64];
	const struct sp_conf *c = d->conf;
	static const struct {
		const char *name;
		bool folder, needed;
		uint32_t forbidden;
	} files[] = {{SP_AUDIT_FOLDER, true, true, 027}, /* sp-ship looks in */
			{SP_AUDIT_FOLDER "/" SP_AUDIT_KEY_FILE, false, true, 077},
			{SP_AUDIT_FOLDER "/" SP_AUDIT_FIRST_FILE, false, true, 022},
			{SP_AUDIT_FOLDER "/" SP_AUDIT_FILE, false, true, 037},
			{SP_AUDIT_RECORDINGS, true, false, 077}};

	for (size_t i = 0; i < SP_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->state, files[i].name);
		if (strstr(path, SP_AUDIT_FILE) != NULL && c->store[0] != '\0') {
			continue;
		}
		app_doctor_path(d,
				&(struct app_doctor_path){files[i].folder ? "audit" : "audit-key",
						path, files[i].folder, files[i].needed,
						files[i].forbidden, scribe});
	}
	snprintf(path, sizeof(path), "%s/" SP_AUDIT_RECORDINGS, c->state);
	recordings(d, path, scribe);
}

/* Whatever is sent, up to there; and the keys of signatures. */
static void ship(struct app_doctor *d, int64_t owner)
{
	const struct sp_conf *c = d->conf;
	char path[SP_CONF_PATH + 64];

	snprintf(path, sizeof(path), "%s/" SP_SHIP_FOLDER, c->state);
	if (c->n_ship > 0 && access(path, F_OK) == 0) {
		app_doctor_path(d,
				&(struct app_doctor_path){"ship", path, true, false, 077, owner});
	}
	for (size_t i = 0; i < c->n_ship; i++) {
		if (c->ship[i].secret[0] != '\0') {
			app_doctor_path(d,
					&(struct app_doctor_path){"ship-secret", c->ship[i].secret,
							false, true, 037, ANYBODY});
		}
	}
}

/* Who may change the programs needs nothing else. */
static void programs(struct app_doctor *d)
{
	static const char *const names[] = {"sallyportd", "sp-keeper", "sp-scribe", "sp-net",
			"sp-login", "sp-target", "sp-dial", "sp-broker", "sp-desk", "sp-recorder",
			"sp-ship", "sp-player", "sp-probe"};
	char path[PATH_MAX], word[APP_AGAIN_MAX / 2];
	size_t good = 0;
	struct stat st;

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (sp_proc_find(names[i], path, sizeof(path)) != SP_OK) {
			app_doctor_say(d, G, "programs", APP_DOCTOR_BAD, names[i],
					"this program is not found beside the command");
		} else if (stat(path, &st) == 0 &&
				((st.st_mode & 022) != 0 || (st.st_uid != 0 && d->installed))) {
			app_doctor_say(d, G, "programs", APP_DOCTOR_BAD, path,
					"others than root may change this program");
			app_shell_word(path, word, sizeof(word));
			app_doctor_todo(d, "chown root %s; chmod go-w %s", word, word);
		} else {
			good++;
		}
	}
	if (good == SP_LEN(names)) {
		app_doctor_say(d, G, "programs", APP_DOCTOR_OK, NULL,
				"all programs are there, and nobody else may change them");
	}
}

void app_doctor_files(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	bool as_account = c->run_as[0] != '\0';
	int64_t keeper = as_account ? account(d, c->run_as) : owner_of(c->state);
	int64_t scribe = as_account ? account(d, SP_AUDIT_ACCOUNT) : keeper;

	app_doctor_path(d,
			&(struct app_doctor_path){"conf", d->file, false, true, 022,
					as_account ? 0 : owner_of(d->file)});
	app_doctor_parents(d, d->file, keeper);
	if (inside(d, c->state)) {
		state(d, keeper, as_account);
		audit(d, scribe);
		if (c->n_ship > 0 || c->metrics.family != 0) {
			ship(d, as_account ? account(d, SP_SHIP_ACCOUNT) : keeper);
		}
	}
	programs(d);
}

/* ---- what the service itself has to read ---- */

void app_doctor_read_as(
		struct app_doctor *d, const char *account, const char *const paths[], size_t n)
{
	const struct passwd *pw = getpwnam(account);
	const struct group *group = pw != NULL ? getgrgid(pw->pw_gid) : NULL;
	char word[APP_AGAIN_MAX / 2];

	for (size_t i = 0; i < n; i++) {
		bool conf = strcmp(paths[i], d->file) == 0;

		/* What is not there is told of itself. */
		if (paths[i][0] == '\0' || access(paths[i], R_OK) == 0 || errno == ENOENT) {
			continue;
		}
		app_doctor_say(d, G, "readable", APP_DOCTOR_BAD, paths[i],
				"the account %s cannot read it (%s), so the service does not start",
				account, strerror(errno));
		app_shell_word(paths[i], word, sizeof(word));
		if (conf) {
			app_doctor_todo(d, "chmod 0644 %s", word);
		} else {
			app_doctor_todo(d, "chgrp %s %s; chmod 0640 %s",
					group != NULL ? group->gr_name : account, word, word);
		}
	}
}

static bool become(const char *name)
{
	const struct passwd *pw = getpwnam(name);
	char why[SP_WHY_MAX];

	/* Without the account, or another way to it, there is nothing to be said that was not said. */
	return pw != NULL && pw->pw_uid != 0 &&
			sp_jail_become(name, pw->pw_uid, pw->pw_gid, why) == SP_OK;
}

void app_doctor_read_keeper(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	const char *const paths[] = {d->file, c->certificate};

	if (become(c->run_as)) {
		app_doctor_read_as(d, c->run_as, paths, SP_LEN(paths));
	}
}

void app_doctor_read_scribe(struct app_doctor *d)
{
	if (become(SP_AUDIT_ACCOUNT)) {
		app_doctor_read_as(d, SP_AUDIT_ACCOUNT, &d->file, 1);
	}
}
