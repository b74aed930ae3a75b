/* host/io/tcp_interface.c - by which network interface a connection came in; see tcp.h. */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/err.h"
#include "host/io/tcp.h"

_Static_assert(SP_TCP_INTERFACE_MAX == IF_NAMESIZE, "room for a name");

/* IPV6_2292PKTOPTIONS of the kernel, for which the C library has no name. */
#define OPTION_V6 6

/*
 * A socket remembers the interface that its first packets came by, and tells it as the packet
 * information of a datagram. The option that makes it tell is taken back: it would cost a copy of
 * the head of each packet from then on. 0: not told.
 */
static unsigned ask(int fd, bool v6)
{
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int want = v6 ? IPV6_RECVPKTINFO : IP_PKTINFO;
	int type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	int on = 1, off = 0;
	union {
		struct cmsghdr align;
		uint8_t room[256];
	} u = {.room = {0}};
	socklen_t n = sizeof(u.room);
	unsigned index = 0;

	if (setsockopt(fd, level, want, &on, sizeof(on)) < 0) {
		return 0;
	}
	int rc = getsockopt(fd, level, v6 ? OPTION_V6 : IP_PKTOPTIONS, &u, &n);
	if (setsockopt(fd, level, want, &off, sizeof(off)) < 0 || rc < 0) {
		return 0;
	}
	struct msghdr m = {.msg_control = &u, .msg_controllen = n};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == level && c->cmsg_type == type && v6 &&
				c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			index = info.ipi6_ifindex;
		} else if (c->cmsg_level == level && c->cmsg_type == type && !v6 &&
				c->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			index = info.ipi_ifindex > 0 ? (unsigned)info.ipi_ifindex : 0;
		}
	}
	return index;
}

/* Compared without ports, an IPv4 address inside an IPv6 one as what it is. */
static void host_of(const struct sockaddr *sa, uint8_t out[16])
{
	struct sp_addr a = {0};

	if (sa->sa_family == AF_INET6) {
		memcpy(&a.u, sa, sizeof(a.u.v6));
		memcpy(out, &a.u.v6.sin6_addr, 16);
	} else {
		memcpy(&a.u, sa, sizeof(a.u.v4));
		sp_addr_source(&a, out);
	}
}

static bool owner(int fd, char out[SP_TCP_INTERFACE_MAX])
{
	struct ifaddrs *list = NULL;
	struct sp_addr local;
	uint8_t want[16], got[16];
	bool found = false;

	if (sp_tcp_local(fd, &local) != SP_OK ||
			(local.u.ss.ss_family != AF_INET && local.u.ss.ss_family != AF_INET6) ||
			getifaddrs(&list) < 0) {
		return false;
	}
	host_of(&local.u.sa, want);
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
		if (!i->ifa_addr ||
				(i->ifa_addr->sa_family != AF_INET &&
						i->ifa_addr->sa_family != AF_INET6)) {
			continue;
		}
		host_of(i->ifa_addr, got);
		found = memcmp(got, want, sizeof(got)) == 0 &&
				strlen(i->ifa_name) < SP_TCP_INTERFACE_MAX;
		if (found) {
			memcpy(out, i->ifa_name, strlen(i->ifa_name) + 1);
		}
	}
	freeifaddrs(list);
	return found;
}

bool sp_tcp_interface(int fd, char out[SP_TCP_INTERFACE_MAX])
{
	struct sp_addr local;

	memset(out, 0, SP_TCP_INTERFACE_MAX);
	if (sp_tcp_local(fd, &local) != SP_OK) {
		return false;
	}
	unsigned index = ask(fd, local.u.ss.ss_family == AF_INET6);
	return (index > 0 && if_indextoname(index, out)) || owner(fd, out);
}
