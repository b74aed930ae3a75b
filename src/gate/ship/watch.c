/* gate/ship/watch.c - see watch.h. */
#include "gate/ship/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/ship/count.h"
#include "gate/ship/figures.h"
#include "gate/ship/http.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"

#define PAGE_MAX (256u << 10)
#define CHUNK 5000 /* records that are counted between two looks at who asks */
#define BACK_MAX 1000000 /* so far back the service's start is looked for */

struct client {
	int fd; /* -1: none */
	uint64_t until_us;
	size_t n; /* of in */
	uint8_t in[SP_HTTP_MAX];
	struct sp_wr out;
	size_t sent;
	bool answers;
};

struct sp_watcher {
	struct sp_watcher_conf c;
	struct sp_count *count;
	uint64_t next; /* record to count; 0: it is not known yet */
	uint64_t look_us, left; /* of a chunk */
	bool blind;
	struct client client[SP_WATCH_CLIENTS];
};

/* ---- the store ---- */

static int find_start(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct sp_watcher *w = user;

	w->next = r->seq;
	return v->kind == SP_AUDIT_SERVICE_START || --w->left == 0 ? 1 : SP_OK;
}

static int count(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct sp_watcher *w = user;

	sp_count_take(w->count, r, v);
	w->next = r->seq + 1;
	return --w->left == 0 ? 1 : SP_OK;
}

/* True while there is more. */
static bool count_some(struct sp_watcher *w, uint64_t head)
{
	int rc = SP_OK;

	if (w->next == 0) {
		w->left = BACK_MAX;
		rc = sp_audit_each(w->c.store, 1, UINT64_MAX, true, find_start, w, NULL);
	}
	if (rc == SP_OK && w->next != 0 && w->next <= head) {
		w->left = CHUNK;
		rc = sp_audit_each(w->c.store, w->next, UINT64_MAX, false, count, w, NULL);
	}
	return rc == SP_OK && w->next != 0 && w->next <= head;
}

/* How long until the next look. */
static uint64_t look(struct sp_watcher *w)
{
	static const uint64_t one = 1;
	uint64_t head;

	if (sp_audit_last(w->c.store, &head) != SP_OK) {
		if (!w->blind) {
			sp_log(SP_LOG_ERROR, "audit: %s", sp_audit_store_why(w->c.store));
		}
		w->blind = true;
		return SP_WATCH_US;
	}
	w->blind = false;
	if (head != w->c.board->head) {
		w->c.board->head = head;
		for (size_t i = 0; i < w->c.n_ship; i++) {
			/* It can only be full of wakes. */
			if (write(w->c.wake[i], &one, sizeof(one)) < 0 && errno != EAGAIN) {
				sp_log(SP_LOG_DEBUG, "%s is not woken", w->c.ship[i].name);
			}
		}
	}
	return w->c.listener >= 0 && count_some(w, head) ? 0 : SP_WATCH_US;
}

/* ---- the page ---- */

static uint64_t wall_ns(void)
{
	return sp_audit_now().wall_ns;
}

enum of_ship {
	UP,
	SEQUENCE,
	TIMESTAMP,
	LAG,
	SENT,
	FAILURES,
	MISSED,
};

static double of_destination(const struct sp_board *b, size_t i, enum of_ship what)
{
	uint64_t done = b->to[i].done, head = b->head;

	switch (what) {
	case UP:
		return b->to[i].up;
	case SEQUENCE:
		return (double)done;
	case TIMESTAMP:
		return (double)b->to[i].done_ns / 1e9;
	case LAG:
		return head > done ? (double)(head - done) : 0;
	case SENT:
		return (double)b->to[i].sent;
	case FAILURES:
		return (double)b->to[i].failures;
	case MISSED:
		return (double)b->to[i].missed;
	}
	return 0;
}

static void write_ship(struct sp_watcher *w, struct sp_wr *p)
{
	static const struct {
		enum of_ship what;
		const char *name, *type, *help;
	} all[] = {
			{UP, "sallyport_ship_up", "gauge",
					"1: the last attempt to send went well."},
			{SEQUENCE, "sallyport_ship_sequence", "gauge",
					"The last record that the destination has."},
			{TIMESTAMP, "sallyport_ship_sequence_timestamp_seconds", "gauge",
					"When that record was written, since 1970."},
			{LAG, "sallyport_ship_lag_records", "gauge",
					"Records that the destination does not have."},
			{SENT, "sallyport_ship_sent_total", "counter",
					"Records sent, also those sent again."},
			{FAILURES, "sallyport_ship_failures_total", "counter",
					"Attempts to send that failed."},
			{MISSED, "sallyport_ship_missed_total", "counter",
					"Records that the destination will never have."},
	};

	for (size_t k = 0; k < SP_LEN(all) && w->c.n_ship > 0; k++) {
		sp_count_head(p, all[k].name, all[k].type, all[k].help);
		for (size_t i = 0; i < w->c.n_ship; i++) {
			const struct sp_board *b = w->c.board;
			/* Nothing was tried yet, and so nothing can be said. */
			if (all[k].what == UP && b->to[i].sent + b->to[i].failures == 0) {
				continue;
			}
			sp_count_line(p, "%s{destination=\"%s\"} %.*f", all[k].name,
					w->c.ship[i].name, all[k].what == TIMESTAMP ? 3 : 0,
					of_destination(w->c.board, i, all[k].what));
		}
	}
}

static void write_machine(struct sp_watcher *w, struct sp_wr *p)
{
	static const char *const roles[] = {
#define X(name, program) program,
			SP_BOARD_ROLES(X)
#undef X
	};
	struct sp_board *b = w->c.board;
	struct statvfs v;

	if (statvfs(w->c.dir, &v) == 0) {
		uint64_t unit = v.f_frsize != 0 ? v.f_frsize : v.f_bsize;
		sp_count_head(p, "sallyport_disk_free_bytes", "gauge",
				"Free on the disk of the audit.");
		sp_count_line(p, "sallyport_disk_free_bytes %" PRIu64, (uint64_t)v.f_bavail * unit);
		sp_count_head(p, "sallyport_disk_reserve_bytes", "gauge",
				"Below this much free nothing new begins.");
		sp_count_line(p, "sallyport_disk_reserve_bytes %" PRIu64, w->c.reserve);
	}
	if (b->cert_until != 0) {
		sp_count_head(p, "sallyport_certificate_days_left", "gauge",
				"Until the certificate is not valid any more.");
		sp_count_line(p, "sallyport_certificate_days_left %.3f",
				((double)b->cert_until - (double)wall_ns() / 1e9) / 86400);
	}
	sp_count_head(p, "sallyport_processes", "gauge", "Processes of the service by program.");
	for (size_t i = 0; i < SP_BOARD_COUNT; i++) {
		sp_count_line(p, "sallyport_processes{process=\"%s\"} %u", roles[i],
				(unsigned)b->role[i].processes);
	}
	sp_count_head(p, "sallyport_memory_bytes", "gauge", "Resident memory by program.");
	for (size_t i = 0; i < SP_BOARD_COUNT; i++) {
		if (b->role[i].processes > 0) {
			sp_count_line(p, "sallyport_memory_bytes{process=\"%s\"} %" PRIu64,
					roles[i], (uint64_t)b->role[i].bytes);
		}
	}
}

static void write_page(struct sp_watcher *w, struct sp_wr *p)
{
	sp_count_head(p, "sallyport_build_info", "gauge", "The version that runs.");
	sp_count_line(p, "sallyport_build_info{version=\"%s\"} 1", SP_VERSION);
	sp_count_head(p, "sallyport_audit_sequence", "gauge", "The last record of the audit.");
	sp_count_line(p, "sallyport_audit_sequence %" PRIu64, (uint64_t)w->c.board->head);
	sp_count_write(w->count, wall_ns(), p);
	sp_figures_write(w->c.board, p);
	write_ship(w, p);
	write_machine(w, p);
}

/* ---- who asks ---- */

static void drop(struct client *k)
{
	sp_fd_close(&k->fd);
	sp_wr_finish(&k->out);
}

static void answer(struct client *k, const char *status, const char *type, struct sp_span body)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
			"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n\r\n",
			status, type, body.n);

	sp_wr_init(&k->out, PAGE_MAX + sizeof(head));
	sp_wr_put(&k->out, head, (size_t)n);
	sp_wr_span(&k->out, body);
	k->answers = true;
	k->sent = 0;
}

static void say(struct client *k, const char *status)
{
	answer(k, status, "text/plain", sp_span(status, strlen(status)));
}

static bool is(struct sp_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static void serve(struct sp_watcher *w, struct client *k, const struct sp_http_request *q)
{
	struct sp_wr page;

	if (!is(q->path, "/metrics")) {
		say(k, "404 Not Found");
	} else if (!is(q->method, "GET")) {
		say(k, "405 Method Not Allowed");
	} else {
		(void)look(w);
		sp_wr_init(&page, PAGE_MAX);
		write_page(w, &page);
		if (sp_wr_ok(&page) == SP_OK) {
			answer(k, "200 OK", "text/plain; version=0.0.4; charset=utf-8",
					sp_span(page.p, page.n));
		} else {
			say(k, "500 Internal Server Error");
		}
		sp_wr_finish(&page);
	}
}

static void hear(struct sp_watcher *w, struct client *k)
{
	struct sp_http_request q;
	ssize_t n = recv(k->fd, k->in + k->n, sizeof(k->in) - k->n, 0);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			drop(k);
		}
		return;
	}
	k->n += (size_t)n;
	int rc = sp_http_request_read(sp_span(k->in, k->n), &q);
	if (rc < 0) {
		say(k, "400 Bad Request");
	} else if (rc > 0) {
		serve(w, k, &q);
	}
}

static void tell(struct client *k)
{
	ssize_t n = send(k->fd, k->out.p + k->sent, k->out.n - k->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	k->sent += n > 0 ? (size_t)n : 0;
	if (n < 0 || k->sent == k->out.n) {
		drop(k);
	}
}

/* A free one, else the one that has been asking for the longest time: it gives way. */
static struct client *place(struct sp_watcher *w)
{
	struct client *oldest = &w->client[0];

	for (size_t i = 0; i < SP_WATCH_CLIENTS; i++) {
		struct client *k = &w->client[i];
		if (k->fd < 0) {
			return k;
		}
		oldest = k->until_us < oldest->until_us ? k : oldest;
	}
	drop(oldest);
	return oldest;
}

static void let_in(struct sp_watcher *w, uint64_t now)
{
	struct sp_addr peer;
	int fd;

	if (sp_tcp_accept(w->c.listener, &fd, &peer) == 1) {
		*place(w) = (struct client){.fd = fd, .until_us = now + SP_WATCH_CLIENT_US};
	}
}

/* ---- its life ---- */

int sp_watcher_turn(struct sp_watcher *w, uint64_t max_us)
{
	struct pollfd p[SP_WATCH_CLIENTS + 1];
	uint64_t now = sp_now_us(), until = w->look_us;

	for (size_t i = 0; i < SP_WATCH_CLIENTS; i++) {
		const struct client *k = &w->client[i];
		p[i] = (struct pollfd){.fd = k->fd, .events = k->answers ? POLLOUT : POLLIN};
		until = k->fd >= 0 && k->until_us < until ? k->until_us : until;
	}
	p[SP_WATCH_CLIENTS] = (struct pollfd){.fd = w->c.listener, .events = POLLIN};
	uint64_t us = until > now ? until - now : 0;
	us = us < max_us ? us : max_us;
	if (poll(p, SP_LEN(p), (int)((us + 999) / 1000)) < 0) {
		return errno == EINTR ? SP_OK : SP_ESYS;
	}
	now = sp_now_us();
	for (size_t i = 0; i < SP_WATCH_CLIENTS; i++) {
		struct client *k = &w->client[i];
		if (k->fd >= 0 && p[i].revents != 0 && !k->answers) {
			hear(w, k);
		}
		if (k->fd >= 0 && k->answers) {
			tell(k);
		}
		if (k->fd >= 0 && now >= k->until_us) {
			drop(k);
		}
	}
	if (p[SP_WATCH_CLIENTS].revents != 0) {
		let_in(w, now);
	}
	if (now >= w->look_us) {
		w->look_us = now + look(w);
	}
	return SP_OK;
}

struct sp_watcher *sp_watcher_create(const struct sp_watcher_conf *c)
{
	struct sp_watcher *w = sp_calloc(1, sizeof(*w));

	if (w == NULL) {
		return NULL;
	}
	w->c = *c;
	for (size_t i = 0; i < SP_WATCH_CLIENTS; i++) {
		w->client[i].fd = -1;
	}
	w->count = sp_count_create();
	if (w->count == NULL) {
		sp_watcher_destroy(w);
		return NULL;
	}
	return w;
}

void sp_watcher_destroy(struct sp_watcher *w)
{
	if (w == NULL) {
		return;
	}
	for (size_t i = 0; i < SP_WATCH_CLIENTS; i++) {
		drop(&w->client[i]);
	}
	sp_count_destroy(w->count);
	sp_free(w);
}
