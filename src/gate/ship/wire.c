/* gate/ship/wire.c - see wire.h. */
#include "gate/ship/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/io/loop.h"

#define ADDRESSES 8
#define PART (16 * 1024)
#define LOOKS 16 /* parts that one look reads */
#define SETTLE_NS 5000000 /* between two looks at what is on its way */

static int failed(char why[SP_WHY_MAX], int err, const char *text)
{
	snprintf(why, SP_WHY_MAX, "%s", text);
	return err;
}

/* Waits for the descriptor; SP_ETIMEOUT. */
static int wait_for(int fd, short events, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	for (;;) {
		uint64_t now = sp_now_us();
		struct pollfd p = {.fd = fd, .events = events};

		if (now >= deadline_us) {
			return failed(why, SP_ETIMEOUT, "no answer in time");
		}
		int rc = poll(&p, 1, (int)((deadline_us - now) / 1000) + 1);
		if (rc > 0) {
			return SP_OK;
		}
		if (rc < 0 && errno != EINTR) {
			return failed(why, SP_ESYS, strerror(errno));
		}
	}
}

static int send_raw(int fd, struct sp_span s, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n > 0) {
			s.p += n;
			s.n -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return failed(why, SP_ESYS, strerror(errno));
		}
		int rc = wait_for(fd, POLLOUT, deadline_us, why);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

/* What TLS has to say goes out. */
static int flush(struct sp_wire *w, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	struct sp_rcbuf *b;
	int rc = SP_OK;

	while (rc == SP_OK && (b = sp_tls_take(w->tls)) != NULL) {
		rc = send_raw(w->fd, sp_span(b->p, b->n), deadline_us, why);
		sp_rcbuf_unref(b);
	}
	return rc;
}

static int tls_failed(struct sp_wire *w, char why[SP_WHY_MAX])
{
	return failed(why, SP_ETLS,
			sp_tls_why(w->tls)[0] != '\0' ? sp_tls_why(w->tls) : "TLS failed");
}

/* Reads what is there; 0: nothing now. */
static int receive(struct sp_wire *w, uint8_t *to, size_t cap, char why[SP_WHY_MAX])
{
	ssize_t n = recv(w->fd, to, cap, 0);

	if (n == 0) {
		return failed(why, SP_ECLOSED, "the other side has closed the connection");
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	return n < 0 ? failed(why, SP_ESYS, strerror(errno)) : (int)n;
}

static int handshake(struct sp_wire *w, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	static uint8_t part[PART];
	int rc;

	for (;;) {
		rc = flush(w, deadline_us, why);
		if (rc != SP_OK || sp_tls_state(w->tls) == SP_TLS_UP) {
			return rc;
		}
		rc = wait_for(w->fd, POLLIN, deadline_us, why);
		if (rc != SP_OK) {
			return rc;
		}
		int n = receive(w, part, sizeof(part), why);
		if (n < 0) {
			return n;
		}
		if (n > 0 && sp_tls_feed(w->tls, part, (size_t)n) != SP_OK) {
			char ignored[SP_WHY_MAX];
			rc = tls_failed(w, why);
			(void)flush(w, deadline_us, ignored); /* the alert */
			return rc;
		}
	}
}

static int connect_to(struct sp_wire *w, const struct sp_addr *to, uint64_t deadline_us,
		char why[SP_WHY_MAX])
{
	char text[SP_ADDR_TEXT_MAX];
	int rc = sp_tcp_dial(to, &w->fd);

	sp_addr_text(to, text);
	if (rc == SP_OK) {
		rc = wait_for(w->fd, POLLOUT, deadline_us, why);
		if (rc == SP_OK && sp_tcp_dialled(w->fd) == SP_OK &&
				sp_tcp_keep_alive(w->fd) == SP_OK) {
			return SP_OK;
		}
	}
	snprintf(why, SP_WHY_MAX, "%s: %s", text,
			rc == SP_ETIMEOUT ? "no answer in time" : strerror(errno));
	sp_wire_close(w);
	return rc == SP_OK ? SP_ESYS : rc;
}

int sp_wire_open(struct sp_wire *w, const char *host, uint16_t port, struct sp_tls_ctx *ctx,
		sp_wire_guard_fn guard, const void *user, uint64_t deadline_us,
		char why[SP_WHY_MAX])
{
	struct sp_addr to[ADDRESSES];
	int n = sp_tcp_resolve(host, port, to, ADDRESSES, why);
	int rc = n < 0 ? n : SP_ENOTFOUND;

	*w = (struct sp_wire){.fd = -1};
	for (int i = 0; i < n && w->fd < 0; i++) {
		uint64_t now = sp_now_us();
		uint64_t left = deadline_us > now ? deadline_us - now : 0;

		if (guard != NULL && !guard(&to[i], user)) {
			char text[SP_ADDR_TEXT_MAX];
			sp_addr_host_text(&to[i], text);
			snprintf(why, SP_WHY_MAX, "%s may not be called", text);
			rc = SP_EDENIED;
			continue;
		}
		/* One that does not answer leaves time for the others. */
		rc = connect_to(w, &to[i], now + left / (uint64_t)(n - i), why);
	}
	if (rc != SP_OK || ctx == NULL) {
		return rc;
	}
	struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_CA, .host = host};
	w->tls = sp_tls_client(ctx, &peer);
	rc = w->tls == NULL ? failed(why, SP_ENOMEM, "out of memory")
			    : handshake(w, deadline_us, why);
	if (rc != SP_OK) {
		sp_wire_close(w);
	}
	return rc;
}

void sp_wire_close(struct sp_wire *w)
{
	sp_tls_destroy(w->tls);
	w->tls = NULL;
	sp_fd_close(&w->fd);
}

int sp_wire_put(struct sp_wire *w, struct sp_span bytes, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	if (w->tls == NULL) {
		return send_raw(w->fd, bytes, deadline_us, why);
	}
	while (bytes.n > 0) {
		int n = sp_tls_write(w->tls, bytes.p, bytes.n);
		if (n < 0) {
			return tls_failed(w, why);
		}
		bytes.p += n;
		bytes.n -= (size_t)n;
		int rc = flush(w, deadline_us, why);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

int sp_wire_settle(struct sp_wire *w, uint64_t deadline_us, char why[SP_WHY_MAX])
{
	const struct timespec pause = {0, SETTLE_NS};

	for (;;) {
		struct sp_tcp_state st;
		int rc = sp_wire_look(w, why);

		if (rc != SP_OK) {
			return rc;
		}
		if (sp_tcp_state(w->fd, &st) != SP_OK) {
			return failed(why, SP_ESYS, "the state of the connection is not told");
		}
		if (st.unsent == 0 && st.unacked == 0) {
			return SP_OK;
		}
		if (sp_now_us() >= deadline_us) {
			return failed(why, SP_ETIMEOUT, "the other side takes nothing");
		}
		nanosleep(&pause, NULL);
	}
}

int sp_wire_get(struct sp_wire *w, uint8_t *to, size_t cap, uint64_t deadline_us,
		char why[SP_WHY_MAX])
{
	static uint8_t part[PART];

	for (;;) {
		int n = 0;

		if (w->tls != NULL) {
			n = sp_tls_read(w->tls, to, cap);
			if (n == SP_ECLOSED) {
				return failed(why, n, "the other side has ended TLS");
			}
			if (n != 0) {
				return n > 0 ? n : tls_failed(w, why);
			}
		}
		int rc = wait_for(w->fd, POLLIN, deadline_us, why);
		if (rc != SP_OK) {
			return rc;
		}
		n = w->tls != NULL ? receive(w, part, sizeof(part), why) : receive(w, to, cap, why);
		if (n < 0 || (n > 0 && w->tls == NULL)) {
			return n;
		}
		if (n > 0 && sp_tls_feed(w->tls, part, (size_t)n) != SP_OK) {
			return tls_failed(w, why);
		}
	}
}

int sp_wire_look(struct sp_wire *w, char why[SP_WHY_MAX])
{
	static uint8_t part[PART], said[PART];

	if (w->fd < 0) {
		return failed(why, SP_ECLOSED, "not connected");
	}
	/* Who speaks faster than that is heard further the next time. */
	for (int i = 0; i < LOOKS; i++) {
		int n = receive(w, part, sizeof(part), why);

		if (n <= 0) {
			return n;
		}
		if (w->tls == NULL) {
			continue;
		}
		if (sp_tls_feed(w->tls, part, (size_t)n) != SP_OK) {
			return tls_failed(w, why);
		}
		while ((n = sp_tls_read(w->tls, said, sizeof(said))) > 0) {
		}
		if (n < 0) {
			return failed(why, n, "the other side has ended TLS");
		}
	}
	return SP_OK;
}
