/* host/audit/detect_state.c - what the detection remembers as bytes, and back. */
#include <string.h>

#include "core/base/attr.h"
#include "host/audit/detect_part.h"

#define MAGIC 0x31447073u /* "spD1" */

/* ---- pieces ---- */

static void put_text(struct sp_wr *w, const char *text, size_t size)
{
	size_t n = strnlen(text, size - 1);

	sp_wr_le16(w, (uint16_t)n);
	sp_wr_put(w, text, n);
}

static void get_text(struct sp_rd *r, char *text, size_t size)
{
	struct sp_span s = sp_rd_span(r, sp_rd_le16(r));

	if (s.n >= size || (s.n > 0 && memchr(s.p, 0, s.n) != NULL)) {
		sp_rd_fail(r, SP_EFIELD, "detect.text");
		return;
	}
	if (s.n > 0) {
		memcpy(text, s.p, s.n);
	}
	text[s.n] = '\0';
}

static int64_t get_time(struct sp_rd *r)
{
	uint64_t v = sp_rd_le64(r);

	if (v > (uint64_t)SP_DETECT_TIME_MAX + SP_DETECT_TICK_S) {
		sp_rd_fail(r, SP_EFIELD, "detect.time");
		return 0;
	}
	return (int64_t)v;
}

static uint32_t get_most(struct sp_rd *r, uint32_t most)
{
	uint32_t v = sp_rd_le32(r);

	if (v > most) {
		sp_rd_fail(r, SP_EFIELD, "detect.count");
		return 0;
	}
	return v;
}

/* ---- entries ---- */

static void put_window(struct sp_wr *w, const void *p)
{
	const struct detect_window *v = p;

	sp_wr_le32(w, v->n);
	for (uint32_t i = 0; i < v->n; i++) {
		sp_wr_le32(w, v->item[i].what);
		sp_wr_le32(w, v->item[i].at);
		sp_wr_le64(w, v->item[i].seq);
	}
}

static void get_window(struct sp_rd *r, void *p)
{
	struct detect_window *v = p;
	uint32_t n = get_most(r, SP_ALERT_COUNT_MAX);

	for (uint32_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		v->item[i].what = sp_rd_le32(r);
		v->item[i].at = sp_rd_le32(r);
		v->item[i].seq = sp_rd_le64(r);
		v->n = i + 1;
	}
}

static void put_mark(struct sp_wr *w, const void *p)
{
	const struct detect_mark *v = p;

	sp_wr_le64(w, (uint64_t)v->at);
	sp_wr_le64(w, v->seq);
	sp_wr_u8(w, (uint8_t)v->v);
}

static void get_mark(struct sp_rd *r, void *p)
{
	struct detect_mark *v = p;

	v->at = get_time(r);
	v->seq = sp_rd_le64(r);
	v->v = sp_rd_u8(r);
	if (v->v >= SP_SEVERITY_COUNT) {
		sp_rd_fail(r, SP_EFIELD, "detect.severity");
	}
}

static void put_claims(struct sp_wr *w, const void *p)
{
	const struct detect_claims *v = p;

	sp_wr_le64(w, v->client);
	sp_wr_le64(w, v->keyboard);
	sp_wr_le64(w, v->zone);
	sp_wr_le64(w, v->seq);
}

static void get_claims(struct sp_rd *r, void *p)
{
	struct detect_claims *v = p;

	v->client = sp_rd_le64(r);
	v->keyboard = sp_rd_le64(r);
	v->zone = sp_rd_le64(r);
	v->seq = sp_rd_le64(r);
}

static void put_seen(struct sp_wr *w, const struct detect_seen *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sp_wr_le64(w, list[i].what);
		sp_wr_le64(w, (uint64_t)list[i].at);
	}
}

static void get_seen(struct sp_rd *r, struct detect_seen *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		list[i].what = sp_rd_le64(r);
		list[i].at = get_time(r);
	}
}

static void put_user(struct sp_wr *w, const void *p)
{
	const struct detect_user *u = p;

	sp_wr_le64(w, (uint64_t)u->first);
	sp_wr_le64(w, (uint64_t)u->last);
	sp_wr_le64(w, u->last_seq);
	sp_wr_le64(w, (uint64_t)u->place_at);
	sp_wr_le64(w, u->country);
	sp_wr_le64(w, u->place_seq);
	sp_wr_le32(w, (uint32_t)u->lat);
	sp_wr_le32(w, (uint32_t)u->lon);
	sp_wr_le32(w, u->placed);
	sp_wr_le32(w, u->logins);
	sp_wr_le32(w, u->admin);
	put_seen(w, u->countries, SP_LEN(u->countries));
	put_seen(w, u->nets, SP_LEN(u->nets));
	put_seen(w, u->devices, SP_LEN(u->devices));
	put_seen(w, u->targets, SP_LEN(u->targets));
	for (size_t i = 0; i < SP_LEN(u->hours); i++) {
		sp_wr_le16(w, u->hours[i]);
	}
	sp_wr_le32(w, u->n_durations);
	for (size_t i = 0; i < SP_LEN(u->durations); i++) {
		sp_wr_le32(w, u->durations[i]);
	}
	sp_wr_le64(w, (uint64_t)u->bucket);
	for (size_t i = 0; i < SP_LEN(u->volume); i++) {
		sp_wr_le64(w, u->volume[i]);
	}
	sp_wr_le64(w, u->volume_seq);
	sp_wr_le64(w, (uint64_t)u->hour);
	sp_wr_le64(w, u->hour_bytes);
	sp_wr_le32(w, u->n_busy);
	for (size_t i = 0; i < SP_LEN(u->busy); i++) {
		sp_wr_le64(w, u->busy[i]);
	}
}

static void get_user(struct sp_rd *r, void *p)
{
	struct detect_user *u = p;

	u->first = get_time(r);
	u->last = get_time(r);
	u->last_seq = sp_rd_le64(r);
	u->place_at = get_time(r);
	u->country = sp_rd_le64(r);
	u->place_seq = sp_rd_le64(r);
	u->lat = (int32_t)sp_rd_le32(r);
	u->lon = (int32_t)sp_rd_le32(r);
	u->placed = get_most(r, 1);
	u->logins = sp_rd_le32(r);
	u->admin = get_most(r, 1);
	get_seen(r, u->countries, SP_LEN(u->countries));
	get_seen(r, u->nets, SP_LEN(u->nets));
	get_seen(r, u->devices, SP_LEN(u->devices));
	get_seen(r, u->targets, SP_LEN(u->targets));
	for (size_t i = 0; i < SP_LEN(u->hours); i++) {
		u->hours[i] = sp_rd_le16(r);
	}
	u->n_durations = get_most(r, 2 * DETECT_DURATIONS - 1);
	for (size_t i = 0; i < SP_LEN(u->durations); i++) {
		u->durations[i] = sp_rd_le32(r);
	}
	u->bucket = get_time(r);
	for (size_t i = 0; i < SP_LEN(u->volume); i++) {
		u->volume[i] = sp_rd_le64(r);
	}
	u->volume_seq = sp_rd_le64(r);
	u->hour = get_time(r);
	u->hour_bytes = sp_rd_le64(r);
	u->n_busy = get_most(r, 2 * DETECT_DURATIONS - 1);
	for (size_t i = 0; i < SP_LEN(u->busy); i++) {
		u->busy[i] = sp_rd_le64(r);
	}
}

static void put_session(struct sp_wr *w, const void *p)
{
	const struct detect_session *s = p;

	sp_wr_le64(w, s->user);
	sp_wr_le64(w, s->net);
	sp_wr_le64(w, s->device);
	sp_wr_le64(w, s->seq);
	sp_wr_le64(w, s->conn);
	sp_wr_le64(w, (uint64_t)s->since);
	sp_wr_le32(w, s->told_long);
	sp_wr_le32(w, s->checked);
	sp_wr_le32(w, s->family);
	sp_wr_put(w, s->addr, sizeof(s->addr));
	put_text(w, s->id, sizeof(s->id));
	put_text(w, s->name, sizeof(s->name));
	put_text(w, s->target, sizeof(s->target));
	put_text(w, s->ip, sizeof(s->ip));
}

static void get_session(struct sp_rd *r, void *p)
{
	struct detect_session *s = p;

	s->user = sp_rd_le64(r);
	s->net = sp_rd_le64(r);
	s->device = sp_rd_le64(r);
	s->seq = sp_rd_le64(r);
	s->conn = sp_rd_le64(r);
	s->since = get_time(r);
	s->told_long = get_most(r, 1);
	s->checked = get_most(r, 1);
	s->family = sp_rd_le32(r);
	sp_rd_copy(r, s->addr, sizeof(s->addr));
	get_text(r, s->id, sizeof(s->id));
	get_text(r, s->name, sizeof(s->name));
	get_text(r, s->target, sizeof(s->target));
	get_text(r, s->ip, sizeof(s->ip));
}

/* ---- all of it ---- */

static const struct form {
	void (*put)(struct sp_wr *w, const void *p);
	void (*get)(struct sp_rd *r, void *p);
} forms[] = {{put_window, get_window}, {put_mark, get_mark}, {put_claims, get_claims},
		{put_user, get_user}, {put_session, get_session}};

static const struct form *form_of(size_t table)
{
	return table < DETECT_WINDOWS           ? &forms[0]
			: table < DETECT_MARKED ? &forms[1]
						: &forms[2 + table - DETECT_MARKED];
}

static void put_day(struct sp_wr *w, const struct detect_day *day)
{
	sp_wr_le64(w, (uint64_t)day->day);
	sp_wr_le64(w, day->first_seq);
	for (size_t i = 0; i < SP_DETECT_DAYS; i++) {
		sp_wr_le64(w, (uint64_t)day->past_day[i]);
		sp_wr_le32(w, day->past[i]);
	}
	sp_wr_le32(w, day->users);
	for (size_t i = 0; i < SP_DETECT_DAY_USERS; i++) {
		if (day->seen[i] != 0) {
			sp_wr_le32(w, (uint32_t)i);
			sp_wr_le64(w, day->seen[i]);
		}
	}
}

static void get_day(struct sp_rd *r, struct detect_day *day)
{
	day->day = get_time(r);
	day->first_seq = sp_rd_le64(r);
	for (size_t i = 0; i < SP_DETECT_DAYS; i++) {
		day->past_day[i] = get_time(r);
		day->past[i] = get_most(r, SP_DETECT_DAY_USERS);
	}
	uint32_t n = get_most(r, SP_DETECT_DAY_USERS / 2);
	for (uint32_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		uint32_t at = get_most(r, SP_DETECT_DAY_USERS - 1);
		uint64_t user = sp_rd_le64(r);
		if (day->seen[at] != 0 || user == 0) {
			sp_rd_fail(r, SP_EFIELD, "detect.day");
			return;
		}
		day->seen[at] = user;
	}
	day->users = n;
}

int sp_detect_save(const struct sp_detect *d, struct sp_wr *w)
{
	sp_wr_le32(w, MAGIC);
	sp_wr_le64(w, d->key[0]);
	sp_wr_le64(w, d->key[1]);
	sp_wr_le64(w, d->last);
	sp_wr_le64(w, (uint64_t)d->tick_at);
	sp_wr_le64(w, (uint64_t)d->open_at);
	sp_wr_le64(w, d->open_seq);
	put_day(w, &d->day);
	for (size_t i = 0; i < DETECT_TABLES; i++) {
		uint32_t at = 0;
		uint64_t key;
		const void *p;

		sp_wr_le32(w, d->t[i].n);
		while ((p = sp_detect_table_next(&d->t[i], &at, &key)) != NULL) {
			sp_wr_le64(w, key);
			form_of(i)->put(w, p);
		}
	}
	return sp_wr_ok(w);
}

static void get_all(struct sp_detect *d, struct sp_rd *r)
{
	if (sp_rd_le32(r) != MAGIC) {
		sp_rd_fail(r, SP_EFIELD, "detect.magic");
	}
	d->key[0] = sp_rd_le64(r);
	d->key[1] = sp_rd_le64(r);
	d->last = sp_rd_le64(r);
	d->tick_at = get_time(r);
	d->open_at = get_time(r);
	d->open_seq = sp_rd_le64(r);
	get_day(r, &d->day);
	for (size_t i = 0; i < DETECT_TABLES; i++) {
		uint32_t n = get_most(r, d->t[i].cap);
		for (uint32_t k = 0; k < n && sp_rd_ok(r) == SP_OK; k++) {
			uint64_t key = sp_rd_le64(r);
			form_of(i)->get(r, sp_detect_table_add(&d->t[i], key));
		}
	}
}

int sp_detect_load(struct sp_detect *d, struct sp_span state)
{
	uint64_t key[2] = {d->key[0], d->key[1]};
	struct sp_rd r;

	sp_rd_init(&r, state.p, state.n);
	get_all(d, &r);
	int rc = sp_rd_end(&r);
	if (rc == SP_OK) {
		return SP_OK;
	}
	memcpy(d->key, key, sizeof(d->key));
	d->last = d->open_seq = 0;
	d->tick_at = d->open_at = 0;
	memset(&d->day, 0, sizeof(d->day));
	for (size_t i = 0; i < DETECT_TABLES; i++) {
		sp_detect_table_clear(&d->t[i]);
	}
	return rc;
}
