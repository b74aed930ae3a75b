/* host/io/tcp.c - see tcp.h. */
#include "host/io/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"

static bool parse_port(const char *s, uint16_t *port)
{
	unsigned v = 0;

	if (!(*s && strlen(s) <= 5)) {
		return false;
	}
	for (; *s; s++) {
		if (!(*s >= '0' && *s <= '9')) {
			return false;
		}
		v = v * 10 + (unsigned)(*s - '0');
	}
	*port = (uint16_t)v;
	return v <= 65535;
}

int sp_addr_split(const char *text, uint16_t port_default, char *host, size_t cap, uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *end = text + strlen(text);

	*port = port_default;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && (end[1] != ':' || !parse_port(end + 2, port)))) {
			return SP_EARG;
		}
		text++;
	} else if (colon && colon == strchr(text, ':')) {
		if (!parse_port(colon + 1, port)) {
			return SP_EARG;
		}
		end = colon;
	} /* else no colon, or several: a bare IPv6 address */
	size_t n = (size_t)(end - text);
	if (!(n > 0 && n < cap)) {
		return SP_EARG;
	}
	memcpy(host, text, n);
	host[n] = 0;
	return SP_OK;
}

int sp_addr_parse(const char *text, struct sp_addr *out)
{
	struct sockaddr_in *v4 = &out->u.v4;
	struct sockaddr_in6 *v6 = &out->u.v6;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	uint16_t port;

	memset(out, 0, sizeof(*out));
	/* The port must be there: "[::]:0" or "127.0.0.1:0", never "::1". */
	if (!colon || (*text == '[' ? colon[-1] != ']' : colon != strchr(text, ':')) ||
			sp_addr_split(text, 0, host, sizeof(host), &port) != SP_OK) {
		return SP_EARG;
	}
	if (*text == '[' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		out->n = sizeof(*v6);
		return SP_OK;
	}
	if (*text != '[' && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		out->n = sizeof(*v4);
		return SP_OK;
	}
	return SP_EARG;
}

static bool host_text(const struct sp_addr *a, char *out, bool *v6)
{
	const struct sockaddr_in6 *s6 = &a->u.v6;
	const struct sockaddr_in *s4 = &a->u.v4;

	*v6 = false;
	if (a->u.ss.ss_family == AF_INET) {
		return inet_ntop(AF_INET, &s4->sin_addr, out, INET6_ADDRSTRLEN);
	}
	if (a->u.ss.ss_family != AF_INET6) {
		return false;
	}
	if (IN6_IS_ADDR_V4MAPPED(&s6->sin6_addr)) {
		return inet_ntop(AF_INET, s6->sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
	}
	*v6 = true;
	return inet_ntop(AF_INET6, &s6->sin6_addr, out, INET6_ADDRSTRLEN);
}

void sp_addr_text(const struct sp_addr *a, char out[SP_ADDR_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];
	bool v6;

	if (host_text(a, host, &v6)) {
		snprintf(out, SP_ADDR_TEXT_MAX, v6 ? "[%s]:%u" : "%s:%u", host, sp_addr_port(a));
	} else {
		snprintf(out, SP_ADDR_TEXT_MAX, "?");
	}
}

void sp_addr_host_text(const struct sp_addr *a, char out[SP_ADDR_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];
	bool v6;

	snprintf(out, SP_ADDR_TEXT_MAX, "%s", host_text(a, host, &v6) ? host : "?");
}

uint16_t sp_addr_port(const struct sp_addr *a)
{
	if (a->u.ss.ss_family == AF_INET) {
		return ntohs(a->u.v4.sin_port);
	}
	if (a->u.ss.ss_family == AF_INET6) {
		return ntohs(a->u.v6.sin6_port);
	}
	return 0;
}

void sp_addr_source(const struct sp_addr *a, uint8_t out[16])
{
	const struct sockaddr_in6 *s6 = &a->u.v6;

	memset(out, 0, 16);
	if (a->u.ss.ss_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &a->u.v4.sin_addr, 4);
	} else if (a->u.ss.ss_family == AF_INET6) {
		memcpy(out, &s6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&s6->sin6_addr) ? 16 : 8);
	}
}

bool sp_addr_loopback(const struct sp_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t s[16];

	sp_addr_source(a, s);
	if (a->u.ss.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->u.v6.sin6_addr)) {
		return true;
	}
	return memcmp(s, mapped, sizeof(mapped)) == 0 && s[12] == 127;
}

int sp_tcp_keep_alive(int fd)
{
	int on = 1, idle = 60, every = 15, most = 4;

	bool ok = setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0 &&
			setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) == 0 &&
			setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every)) == 0 &&
			setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &most, sizeof(most)) == 0;

	return ok ? SP_OK : SP_ESYS;
}

static int listen_at(const char *where, int six_only, int *fd, char why[SP_WHY_MAX])
{
	struct sp_addr a;
	int on = 1;

	*fd = -1;
	if (sp_addr_parse(where, &a) != SP_OK) {
		snprintf(why, SP_WHY_MAX,
				"cannot listen on %.80s: not an address like 127.0.0.1:3389 or "
				"[::]:3389",
				where);
		return SP_EARG;
	}
	*fd = socket(a.u.ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
			sp_tcp_keep_alive(*fd) == SP_OK &&
			(a.u.ss.ss_family != AF_INET6 ||
					setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &six_only,
							sizeof(six_only)) == 0) &&
			bind(*fd, &a.u.sa, a.n) == 0 && listen(*fd, SOMAXCONN) == 0) {
		return SP_OK;
	}
	snprintf(why, SP_WHY_MAX, "cannot listen on %.80s: %s", where, strerror(errno));
	sp_fd_close(fd);
	return SP_ESYS;
}

int sp_tcp_listen(const char *where, int *fd, char why[SP_WHY_MAX])
{
	return listen_at(where, 0, fd, why);
}

int sp_tcp_listen_six(const char *where, int *fd, char why[SP_WHY_MAX])
{
	return listen_at(where, 1, fd, why);
}

int sp_tcp_accept(int listener, int *fd, struct sp_addr *peer)
{
	for (;;) {
		memset(peer, 0, sizeof(*peer));
		peer->n = sizeof(peer->u);
		*fd = accept4(listener, &peer->u.sa, &peer->n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (*fd >= 0) {
			return 1;
		}
		switch (errno) {
		case EAGAIN:
			return 0;
		/* What accept(2) reports of the connection rather than of the listener. */
		case EINTR:
		case ECONNABORTED:
		case EPROTO:
		case ENETDOWN:
		case ENOPROTOOPT:
		case EHOSTDOWN:
		case ENONET:
		case EHOSTUNREACH:
		case ENETUNREACH:
		case EPERM:
			continue;
		default:
			return SP_ESYS;
		}
	}
}

int sp_tcp_resolve(const char *host, uint16_t port, struct sp_addr *out, size_t max,
		char why[SP_WHY_MAX])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list;
	char service[8];
	size_t n = 0;

	snprintf(service, sizeof(service), "%u", port);
	int rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0) {
		snprintf(why, SP_WHY_MAX, "cannot find %.120s: %s", host,
				rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return SP_ENOTFOUND;
	}
	for (struct addrinfo *ai = list; ai && n < max; ai = ai->ai_next) {
		if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6) {
			continue;
		}
		memset(&out[n], 0, sizeof(out[n]));
		memcpy(&out[n].u, ai->ai_addr, ai->ai_addrlen);
		out[n++].n = ai->ai_addrlen;
	}
	freeaddrinfo(list);
	if (n == 0) {
		snprintf(why, SP_WHY_MAX, "cannot find %.120s: no address", host);
		return SP_ENOTFOUND;
	}
	return (int)n;
}

int sp_tcp_dial(const struct sp_addr *to, int *fd)
{
	*fd = socket(to->u.ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0) {
		return SP_ESYS;
	}
	if (connect(*fd, &to->u.sa, to->n) < 0 && errno != EINPROGRESS) {
		sp_fd_close(fd);
		return SP_ESYS;
	}
	return SP_OK;
}

int sp_tcp_dialled(int fd)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0) {
		return SP_ESYS;
	}
	errno = err;
	return err == 0 ? SP_OK : SP_ESYS;
}

/* Waits for a dialled socket; SP_ETIMEOUT at the deadline. */
static int dial_wait(int fd, uint64_t deadline_us)
{
	for (;;) {
		uint64_t now = sp_now_us();
		uint64_t left = deadline_us > now ? deadline_us - now : 0;
		struct timespec ts = {(time_t)(left / 1000000), (long)(left % 1000000) * 1000};
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int n = ppoll(&p, 1, &ts, NULL);

		if (n > 0) {
			return sp_tcp_dialled(fd);
		}
		if (n == 0) {
			errno = ETIMEDOUT;
			return SP_ETIMEOUT;
		}
		if (errno != EINTR) {
			return SP_ESYS;
		}
	}
}

int sp_tcp_connect(const char *host, uint16_t port, uint64_t deadline_us, int *fd,
		char why[SP_WHY_MAX])
{
	struct sp_addr all[8];
	int n = sp_tcp_resolve(host, port, all, 8, why);
	int rc = n;

	*fd = -1;
	for (int i = 0; i < n; i++) {
		uint64_t now = sp_now_us();
		uint64_t left = deadline_us > now ? deadline_us - now : 0;
		char text[SP_ADDR_TEXT_MAX];

		/* Each address gets an equal part of what is left. */
		rc = sp_tcp_dial(&all[i], fd);
		if (rc == SP_OK) {
			rc = dial_wait(*fd, now + left / (uint64_t)(n - i));
		}
		if (rc == SP_OK) {
			return SP_OK;
		}
		sp_addr_text(&all[i], text);
		snprintf(why, SP_WHY_MAX, "cannot connect to %s: %s", text, strerror(errno));
		sp_fd_close(fd);
	}
	return rc;
}

int sp_tcp_local(int fd, struct sp_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->n = sizeof(out->u);
	return getsockname(fd, &out->u.sa, &out->n) == 0 ? SP_OK : SP_ESYS;
}

int sp_tcp_peer(int fd, struct sp_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->n = sizeof(out->u);
	return getpeername(fd, &out->u.sa, &out->n) == 0 ? SP_OK : SP_ESYS;
}

int sp_tcp_tune(int fd, int send_buf, int lowat)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
		/* A socket of another family, as the desktop's. */
		return errno == EOPNOTSUPP || errno == ENOPROTOOPT ? SP_OK : SP_ESYS;
	}
	if ((send_buf > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buf, sizeof(send_buf))) ||
			(lowat > 0 &&
					setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat,
							sizeof(lowat)))) {
		return SP_ESYS;
	}
	return SP_OK;
}

int sp_tcp_state(int fd, struct sp_tcp_state *out)
{
	struct tcp_info ti;
	socklen_t n = sizeof(ti);

	memset(&ti, 0, sizeof(ti));
	memset(out, 0, sizeof(*out));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &n) < 0) {
		return errno == EOPNOTSUPP || errno == ENOPROTOOPT ? SP_EARG : SP_ESYS;
	}
	out->rtt_us = ti.tcpi_rtt;
	out->rtt_var_us = ti.tcpi_rttvar;
	out->rtt_min_us = ti.tcpi_min_rtt;
	out->rate = ti.tcpi_delivery_rate;
	out->limited = ti.tcpi_delivery_rate_app_limited;
	out->acked = ti.tcpi_bytes_acked;
	out->segment = ti.tcpi_snd_mss;
	out->unsent = ti.tcpi_notsent_bytes;
	out->unacked = ti.tcpi_unacked;
	out->retrans = ti.tcpi_total_retrans;
	return SP_OK;
}
