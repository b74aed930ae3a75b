/* host/io/tcp.h - TCP sockets: listen, accept, dial, addresses as text. */
#ifndef SP_HOST_IO_TCP_H
#define SP_HOST_IO_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"

#define SP_ADDR_TEXT_MAX 80
#define SP_TCP_INTERFACE_MAX 16 /* IF_NAMESIZE */

/* Plain data, so it may travel in a message between processes. */
struct sp_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage ss;
	} u;
	socklen_t n; /* of what is used of u */
};

/* "192.0.2.1:3389", "[2001:db8::1]:3389", "[::]:0"; numbers only. SP_EARG otherwise. */
sp_nodiscard int sp_addr_parse(const char *text, struct sp_addr *out);
/* Splits "host:port", "[v6]:port", "host", "v6" into host and port (port_default where none). */
sp_nodiscard int sp_addr_split(
		const char *text, uint16_t port_default, char *host, size_t cap, uint16_t *port);
/* "192.0.2.1:3389"; an IPv4 address inside an IPv6 one is shown as IPv4. "?" for another family. */
void sp_addr_text(const struct sp_addr *a, char out[SP_ADDR_TEXT_MAX]);
/* The same without the port and brackets. */
void sp_addr_host_text(const struct sp_addr *a, char out[SP_ADDR_TEXT_MAX]);
uint16_t sp_addr_port(const struct sp_addr *a);
/* What limits per source count by: the whole IPv4 address (in mapped form), the /64 of IPv6. */
void sp_addr_source(const struct sp_addr *a, uint8_t out[16]);
/* True for 127.0.0.0/8 and ::1, mapped forms included. */
bool sp_addr_loopback(const struct sp_addr *a);

/*
 * Listens on "ADDR:PORT" (nonblocking, close-on-exec); "[::]:PORT" takes IPv4 too. On failure
 * SP_EARG or SP_ESYS and why says what, "cannot listen on 127.0.0.1:3389: Address already in use".
 */
sp_nodiscard int sp_tcp_listen(const char *where, int *fd, char why[SP_WHY_MAX]);
/* The same, of an IPv6 address: without IPv4, for which the port stays free. */
sp_nodiscard int sp_tcp_listen_six(const char *where, int *fd, char why[SP_WHY_MAX]);
/* 1 and a nonblocking, close-on-exec socket; 0 when nobody waits; SP_ESYS (errno: EMFILE...). */
sp_nodiscard int sp_tcp_accept(int listener, int *fd, struct sp_addr *peer);

/* Addresses of a name, in the order to try them. Blocks in the resolver. Returns how many. */
sp_nodiscard int sp_tcp_resolve(const char *host, uint16_t port, struct sp_addr *out, size_t max,
		char why[SP_WHY_MAX]);
/* Starts to connect; the socket becomes writable when it is done: then ask sp_tcp_dialled(). */
sp_nodiscard int sp_tcp_dial(const struct sp_addr *to, int *fd);
/* SP_OK when connected; SP_ESYS and errno says why not. */
sp_nodiscard int sp_tcp_dialled(int fd);
/* Resolves and connects, blocking until deadline_us of sp_now_us(); the socket is nonblocking. */
sp_nodiscard int sp_tcp_connect(const char *host, uint16_t port, uint64_t deadline_us, int *fd,
		char why[SP_WHY_MAX]);

sp_nodiscard int sp_tcp_local(int fd, struct sp_addr *out);
sp_nodiscard int sp_tcp_peer(int fd, struct sp_addr *out);

/*
 * The name of the network interface by which this accepted connection came in, "wg0"; where the
 * system does not tell, that of the interface that has the address. False when neither is known.
 */
bool sp_tcp_interface(int fd, char out[SP_TCP_INTERFACE_MAX]);

/*
 * No delay, and little unsent in the kernel: send_buf and lowat in bytes, 0 leaves one as it is.
 * Harmless (SP_OK) on a socket that is not TCP.
 */
sp_nodiscard int sp_tcp_tune(int fd, int send_buf, int lowat);

/* A peer that went away without a word is noticed after two minutes; accepted sockets inherit it. */
sp_nodiscard int sp_tcp_keep_alive(int fd);

#define SP_TCP_SEND_BUF (128 * 1024)
#define SP_TCP_LOWAT (16 * 1024)

struct sp_tcp_state {
	uint32_t rtt_us, rtt_var_us, rtt_min_us;
	uint64_t rate; /* delivered bytes per second, 0 when not known */
	bool limited; /* rate is of a while with too little to send */
	uint64_t acked; /* bytes that the other side has, since the start */
	uint32_t segment; /* bytes of a whole one */
	uint32_t unsent; /* bytes in the kernel that were never sent */
	uint32_t unacked; /* segments on their way */
	uint32_t retrans; /* segments sent again so far */
};

/* SP_EARG for a socket that is not TCP. */
sp_nodiscard int sp_tcp_state(int fd, struct sp_tcp_state *out);

#endif
