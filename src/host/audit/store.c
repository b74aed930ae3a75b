/* host/audit/store.c - opening the audit, and appending to it in groups. */
#include "host/audit/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "host/audit/store_part.h"
#include "host/io/fdio.h"

#define NS UINT64_C(1000000000)
#define DAY_NS (UINT64_C(86400) * NS)
#define AHEAD_DAYS 30
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

/* A number of SQLite has 63 bits; ours stay below that for some centuries. */
static const char *const steps[] = {
		"CREATE TABLE record (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL,"
		" hash BLOB NOT NULL) STRICT;"
		"CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
		" hash BLOB NOT NULL, key BLOB NOT NULL, sign BLOB NOT NULL,"
		" since INTEGER NOT NULL, living INTEGER NOT NULL) STRICT;"
		"CREATE TABLE anchor (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
		"CREATE TABLE sender (id BLOB PRIMARY KEY, ticket INTEGER NOT NULL,"
		" at INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
		"CREATE TABLE state (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
		"CREATE TABLE moment (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
		" last INTEGER) STRICT;",
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = {0, 0};

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

struct sp_audit_now sp_audit_now(void)
{
	return (struct sp_audit_now){clock_ns(CLOCK_BOOTTIME), clock_ns(CLOCK_REALTIME)};
}

static uint32_t day_of(struct sp_audit_now now)
{
	return (uint32_t)(now.wall_ns / DAY_NS);
}

/* ---- failures and statements ---- */

int sp_audit_fail(struct sp_audit_store *st, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->why, sizeof(st->why), fmt, ap);
	va_end(ap);
	return err;
}

int sp_audit_db_fail(struct sp_audit_store *st, int err)
{
	return sp_audit_fail(st, err, "%s", sp_db_why(st->db));
}

const char *sp_audit_store_why(const struct sp_audit_store *st)
{
	return st->why;
}

struct sp_stmt *sp_audit_stmt(struct sp_audit_store *st, const char *sql)
{
	struct sp_stmt *s = sp_db_stmt(st->db, sql);

	if (s == NULL) {
		(void)sp_audit_db_fail(st, SP_EDB);
	}
	return s;
}

int sp_audit_run(struct sp_audit_store *st, struct sp_stmt *s)
{
	int rc = sp_stmt_run(s);

	return rc == SP_OK ? SP_OK : sp_audit_db_fail(st, rc);
}

/* ---- opening ---- */

/* The 32 hex digits of the kernel's file; zeroes where there is none. */
static void read_boot(uint8_t out[SP_RECORD_BOOT])
{
	char text[64] = "";
	size_t n = 0;
	int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t got = read(fd, text, sizeof(text) - 1);
		text[got > 0 ? got : 0] = '\0';
		close(fd);
	}
	for (const char *p = text; *p != '\0' && n < SP_RECORD_BOOT; p++) {
		char pair[3] = {p[0], p[1], '\0'};
		char *end;

		if (*p == '-') {
			continue;
		}
		out[n] = (uint8_t)strtoul(pair, &end, 16);
		if (*end != '\0' || pair[1] == '\0') {
			return;
		}
		n++;
		p++;
	}
}

static bool db_path(char path[PATH_MAX], const char *dir)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, SP_AUDIT_FILE);

	return 0 < n && n < PATH_MAX;
}

static bool on_server(const char *url)
{
	return url != NULL && url[0] != '\0';
}

/* An address may hold a password. */
static const char *name_of(const char *path)
{
	return sp_db_is_url(path) ? "PostgreSQL" : path;
}

/*
 * A schema per audit: gates that share a database have chains of their own. Its name is that of
 * the root of trust.
 */
static int server_path(struct sp_audit_store *st, char path[PATH_MAX], const char *url)
{
	char text[2 * SP_SIGN_PUBLIC + 1];
	uint8_t key[SP_SIGN_PUBLIC];
	int rc = sp_audit_first(st->dir, key);

	if (rc != SP_OK) {
		return sp_audit_fail(st, rc, "%.200s/%s: %s", st->dir, SP_AUDIT_FIRST_FILE,
				sp_err_text(rc));
	}
	sp_audit_key_text(key, text);
	int n = snprintf(path, PATH_MAX, "%s#sallyport_audit_%.16s", url, text);
	return 0 < n && n < PATH_MAX ? SP_OK : sp_audit_fail(st, SP_EARG, "address is too long");
}

static int open_db(struct sp_audit_store *st, const char *path)
{
	char why[SP_DB_WHY];

	st->db = sp_db_open(path, true, why);
	if (st->db == NULL) {
		return sp_audit_fail(st, SP_EDB, "%.120s: %.100s", name_of(path), why);
	}
	int rc = sp_db_migrate(st->db, steps, SP_LEN(steps));
	if (rc == SP_EPROTO) {
		return sp_audit_fail(st, rc, "%.150s: made by a later version of sallyport",
				name_of(path));
	}
	return rc == SP_OK
			? SP_OK
			: sp_audit_fail(st, rc, "%.120s: %.100s", name_of(path), sp_db_why(st->db));
}

/*
 * Whoever is in the folder's group may look: sp-ship, which has an account of its own. SQLite gives
 * its other files the rights of the first. The folder lets nobody else in.
 */
static void let_look(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[PATH_MAX];
	struct stat st;

	if (stat(path, &st) != 0) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
		sp_fd_close(&fd);
	}
	for (size_t i = 0; i < SP_LEN(ends); i++) {
		int n = snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (0 < n && (size_t)n < sizeof(name) && stat(name, &st) == 0 &&
				(st.st_mode & 0777) != 0640 && st.st_uid == geteuid()) {
			(void)chmod(name, 0640);
		}
	}
}

/* The tables, and where the chain in them ends. */
static int open_tables(struct sp_audit_store *st, const char *url)
{
	char path[PATH_MAX];
	int rc = SP_OK;

	sp_db_close(st->db);
	st->db = NULL;
	if (on_server(url)) {
		rc = server_path(st, path, url);
	} else if (db_path(path, st->dir)) {
		let_look(path);
	}
	if (rc == SP_OK) {
		rc = open_db(st, path);
	}
	st->writer = true;
	if (rc == SP_OK) {
		rc = sp_audit_fill_times(st);
	}
	return rc == SP_OK ? sp_audit_read_head(st, &st->kept, NULL) : rc;
}

static int open_writer(struct sp_audit_store *st, const char *url, struct sp_audit_now now)
{
	char path[PATH_MAX];
	struct stat db;

	if (!db_path(path, st->dir)) {
		return sp_audit_fail(st, SP_EARG, "directory's name is too long");
	}
	/*
	 * A new key beside an old audit would only hide that the right one is lost. On a server an
	 * audit is found by its first key, on whatever day.
	 */
	bool named = sp_audit_first(st->dir, st->before) == SP_OK;
	bool had = on_server(url) ? named : stat(path, &db) == 0 && db.st_size > 0;
	int rc = sp_audit_keys_open(&st->keys, st->dir, !had, day_of(now), st->why);
	if (rc != SP_OK) {
		return rc;
	}
	read_boot(st->boot);
	if (gethostname(st->host, sizeof(st->host)) != 0) {
		st->host[0] = '\0';
	}
	st->host[sizeof(st->host) - 1] = '\0';
	rc = open_tables(st, url);
	/* That first key was of an audit elsewhere: what begins here is signed by today's. */
	if (rc == SP_OK && on_server(url) && named && st->kept.seq == 0 &&
			memcmp(st->before, st->keys.key[0], sizeof(st->before)) != 0) {
		had = false;
		rc = sp_audit_keys_open(&st->keys, st->dir, true, day_of(now), st->why);
		rc = rc == SP_OK ? open_tables(st, url) : rc;
	}
	st->lost = named && !had;
	return rc;
}

static struct sp_audit_store *make(const char *dir, char why[SP_AUDIT_WHY])
{
	struct sp_audit_store *st = sp_calloc(1, sizeof(*st));

	if (st == NULL) {
		snprintf(why, SP_AUDIT_WHY, "out of memory");
		return NULL;
	}
	snprintf(st->dir, sizeof(st->dir), "%s", dir);
	return st;
}

static struct sp_audit_store *opened(struct sp_audit_store *st, int rc, char why[SP_AUDIT_WHY])
{
	if (rc != SP_OK) {
		snprintf(why, SP_AUDIT_WHY, "%s", st->why);
		sp_audit_store_close(st);
		return NULL;
	}
	st->head = st->kept;
	return st;
}

struct sp_audit_store *sp_audit_store_open(
		const char *dir, const char *url, struct sp_audit_now now, char why[SP_AUDIT_WHY])
{
	struct sp_audit_store *st = make(dir, why);

	return st == NULL ? NULL : opened(st, open_writer(st, url, now), why);
}

struct sp_audit_store *sp_audit_store_read(
		const char *dir, const char *url, bool *missing, char why[SP_AUDIT_WHY])
{
	struct sp_audit_store *st = make(dir, why);
	char path[PATH_MAX], part[SP_DB_WHY];
	int rc = SP_OK;

	*missing = false;
	if (st == NULL) {
		return NULL;
	}
	if (on_server(url)) {
		rc = server_path(st, path, url);
		*missing = rc == SP_ENOTFOUND;
	} else if (!db_path(path, dir)) {
		rc = sp_audit_fail(st, SP_EARG, "directory's name is too long");
	} else if (access(path, F_OK) != 0 && errno == ENOENT) {
		*missing = true;
		rc = sp_audit_fail(st, SP_ENOTFOUND, "%.200s: there is no audit", dir);
	}
	if (rc == SP_OK) {
		st->db = sp_db_open_read(path, part);
		if (st->db == NULL) {
			rc = sp_audit_fail(st, SP_EDB, "%.120s: %.100s", name_of(path), part);
		} else if (sp_db_stmt(st->db, "SELECT seq, bytes, hash FROM record") == NULL) {
			rc = sp_audit_fail(st, SP_EDB, "%.120s: %.100s", name_of(path),
					sp_db_why(st->db));
		}
	}
	return opened(st, rc, why);
}

void sp_audit_store_close(struct sp_audit_store *st)
{
	if (st == NULL) {
		return;
	}
	sp_db_close(st->db);
	sp_audit_keys_finish(&st->keys);
	sp_freezero(st, sizeof(*st));
}

/* ---- the end of the chain ---- */

static bool take(struct sp_span from, uint8_t *to, size_t n)
{
	struct sp_rd r;

	sp_rd_init(&r, from.p, from.n);
	sp_rd_copy(&r, to, n);
	return sp_rd_end(&r) == SP_OK;
}

int sp_audit_read_head(
		struct sp_audit_store *st, struct sp_audit_head *h, struct sp_audit_signed *sign)
{
	struct sp_audit_signed none;
	struct sp_audit_signed *g = sign != NULL ? sign : &none;
	struct sp_stmt *s = sp_audit_stmt(
			st, "SELECT seq, hash, since, living, key, sign FROM head WHERE id = 1");

	memset(h, 0, sizeof(*h));
	memset(g, 0, sizeof(*g));
	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		h->there = true;
		h->seq = g->seq = (uint64_t)sp_stmt_col_int(s, 0);
		bool whole = take(sp_stmt_col_bytes(s, 1), h->hash, sizeof(h->hash)) &&
				take(sp_stmt_col_bytes(s, 4), g->key, sizeof(g->key)) &&
				take(sp_stmt_col_bytes(s, 5), g->sign, sizeof(g->sign));
		memcpy(g->hash, h->hash, sizeof(g->hash));
		g->what = SP_SIGNS_HEAD;
		h->since = (uint64_t)sp_stmt_col_int(s, 2);
		h->living = sp_stmt_col_int(s, 3) != 0;
		rc = whole ? SP_OK : sp_audit_fail(st, SP_EFIELD, "the end's row is damaged");
	} else if (rc < 0) {
		rc = sp_audit_db_fail(st, rc);
	}
	sp_stmt_reset(s);
	return rc;
}

static int write_head(struct sp_audit_store *st)
{
	struct sp_audit_signed g;
	struct sp_stmt *s = sp_audit_stmt(st,
			"INSERT INTO head (id, seq, hash, key, sign, since, living)"
			" VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET"
			" seq = ?1, hash = ?2, key = ?3, sign = ?4, since = ?5, living = ?6");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_audit_sign(&st->keys, SP_SIGNS_HEAD, st->head.seq, st->head.hash, &g);
	sp_stmt_int(s, 1, (int64_t)st->head.seq);
	sp_stmt_bytes(s, 2, sp_span(st->head.hash, sizeof(st->head.hash)));
	sp_stmt_bytes(s, 3, sp_span(g.key, sizeof(g.key)));
	sp_stmt_bytes(s, 4, sp_span(g.sign, sizeof(g.sign)));
	sp_stmt_int(s, 5, (int64_t)st->head.since);
	sp_stmt_int(s, 6, st->head.living ? 1 : 0);
	return sp_audit_run(st, s);
}

/* ---- groups ---- */

int sp_audit_begin(struct sp_audit_store *st)
{
	int rc = sp_db_begin(st->db);

	if (rc != SP_OK) {
		return sp_audit_db_fail(st, rc);
	}
	rc = sp_audit_read_head(st, &st->kept, NULL);
	/* The service turns the keys over; a command that stays for long has to look. */
	if (rc == SP_OK && !st->service) {
		rc = sp_audit_keys_open(&st->keys, st->dir, false, 0, st->why);
	}
	if (rc != SP_OK) {
		sp_db_rollback(st->db);
		return rc;
	}
	st->head = st->kept;
	return SP_OK;
}

int sp_audit_append(struct sp_audit_store *st, struct sp_span event, struct sp_audit_now now,
		uint64_t *seq)
{
	struct sp_record r = {.seq = st->head.seq + 1,
			.mono_ns = now.mono_ns,
			.wall_ns = now.wall_ns,
			.event = event};
	struct sp_audit_view v;
	int rc = sp_audit_read(event, &v);

	if (rc != SP_OK) {
		return sp_audit_fail(st, SP_EFIELD, "an event that is not in order: %s",
				sp_err_text(rc));
	}
	memcpy(r.boot, st->boot, sizeof(r.boot));
	memcpy(r.host, st->host, sizeof(r.host));
	memcpy(r.prev, st->head.hash, sizeof(r.prev));
	size_t n = sp_record_write(&r, st->bytes);
	struct sp_stmt *s = sp_audit_stmt(
			st, "INSERT INTO record (seq, bytes, hash) VALUES (?1, ?2, ?3)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)r.seq);
	sp_stmt_bytes(s, 2, sp_span(st->bytes, n));
	sp_stmt_bytes(s, 3, sp_span(r.hash, sizeof(r.hash)));
	rc = sp_audit_run(st, s);
	if (rc == SP_OK) {
		rc = sp_audit_note_time(st, r.seq, r.wall_ns);
	}
	if (rc != SP_OK) {
		return rc == SP_EFIELD ? SP_EDB : rc;
	}
	st->head.there = true;
	st->head.seq = r.seq;
	st->head.since++;
	memcpy(st->head.hash, r.hash, sizeof(r.hash));
	if (seq != NULL) {
		*seq = r.seq;
	}
	return SP_OK;
}

int sp_audit_checkpoint(struct sp_audit_store *st, struct sp_audit_now now)
{
	struct sp_audit_signed s;
	struct sp_audit_event e;

	sp_audit_sign(&st->keys, SP_SIGNS_CHECKPOINT, st->head.seq, st->head.hash, &s);
	sp_audit_signed_event(&s, &e);
	int rc = sp_audit_append(st, sp_span(e.b, e.n), now, NULL);
	if (rc == SP_OK) {
		st->head.since = 0;
	}
	return rc;
}

int sp_audit_commit(struct sp_audit_store *st, struct sp_audit_now now)
{
	int rc = SP_OK;

	if (st->service && st->head.since >= SP_AUDIT_EACH) {
		rc = sp_audit_checkpoint(st, now);
	}
	if (rc == SP_OK) {
		rc = write_head(st);
	}
	if (rc == SP_OK) {
		rc = sp_db_commit(st->db);
		rc = rc == SP_OK ? SP_OK : sp_audit_db_fail(st, rc);
	}
	if (rc != SP_OK) {
		sp_audit_rollback(st);
		return rc;
	}
	st->kept = st->head;
	return SP_OK;
}

void sp_audit_rollback(struct sp_audit_store *st)
{
	sp_db_rollback(st->db);
	st->head = st->kept;
	st->hour_seq = 0;
}

void sp_audit_lost_event(const uint8_t first[SP_SIGN_PUBLIC], struct sp_audit_event *e)
{
	char key[2 * SP_SIGN_PUBLIC + 1], text[sizeof(key) + 96];

	sp_audit_key_text(first, key);
	snprintf(text, sizeof(text),
			"there was another audit before, whose records are not here; its first key "
			"was "
			"%s",
			key);
	sp_audit_init(e, SP_AUDIT_AUDIT_RECOVERED, SP_OUTCOME_FAILED);
	sp_audit_set_severity(e, SP_SEVERITY_CRITICAL);
	sp_audit_text(e, SP_F_TEXT, text);
}

static int append_lost(struct sp_audit_store *st, struct sp_audit_now now)
{
	struct sp_audit_event e;

	sp_audit_lost_event(st->before, &e);
	st->lost = false;
	return sp_audit_append(st, sp_span(e.b, e.n), now, NULL);
}

int sp_audit_note(
		struct sp_audit_store *st, const struct sp_audit_event *e, struct sp_audit_now now)
{
	int rc = sp_audit_begin(st);

	if (rc != SP_OK) {
		return rc;
	}
	if (st->lost) {
		rc = append_lost(st, now);
	}
	if (rc == SP_OK) {
		rc = sp_audit_append(st, sp_span(e->b, e->n), now, NULL);
	}
	if (rc != SP_OK) {
		sp_audit_rollback(st);
		return rc;
	}
	return sp_audit_commit(st, now);
}

uint64_t sp_audit_open_records(const struct sp_audit_store *st)
{
	return st->kept.since;
}

uint64_t sp_audit_seq(const struct sp_audit_store *st)
{
	return st->kept.seq;
}

/* ---- days ---- */

bool sp_audit_is_new_day(const struct sp_audit_store *st, struct sp_audit_now now)
{
	uint32_t day = day_of(now);

	/* A clock that was far ahead once must not keep one key for years. */
	return st->keys.day < day || st->keys.day - day > AHEAD_DAYS;
}

int sp_audit_turn_day(struct sp_audit_store *st, struct sp_audit_now now)
{
	int rc = sp_audit_begin(st);

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_audit_checkpoint(st, now);
	if (rc != SP_OK) {
		sp_audit_rollback(st);
		return rc;
	}
	rc = sp_audit_commit(st, now);
	return rc == SP_OK ? sp_audit_keys_turn(&st->keys, st->dir, day_of(now), st->why) : rc;
}

/* ---- tickets ---- */

int sp_audit_ticket(struct sp_audit_store *st, const uint8_t sender[SP_AUDIT_SENDER], uint64_t *out)
{
	struct sp_stmt *s = sp_audit_stmt(st, "SELECT ticket FROM sender WHERE id = ?1");

	*out = 0;
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(sender, SP_AUDIT_SENDER));
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		*out = (uint64_t)sp_stmt_col_int(s, 0);
	}
	rc = rc >= 0 ? SP_OK : sp_audit_db_fail(st, rc);
	sp_stmt_reset(s);
	return rc;
}

int sp_audit_set_ticket(struct sp_audit_store *st, const uint8_t sender[SP_AUDIT_SENDER],
		uint64_t ticket, struct sp_audit_now now)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"INSERT INTO sender (id, ticket, at) VALUES (?1, ?2, ?3)"
			" ON CONFLICT (id) DO UPDATE SET ticket = ?2, at = ?3");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(sender, SP_AUDIT_SENDER));
	sp_stmt_int(s, 2, (int64_t)ticket);
	sp_stmt_int(s, 3, (int64_t)(now.wall_ns / NS));
	return sp_audit_run(st, s);
}
