/* gate/net/redirect.c - a target sends its client elsewhere, and the gate goes there instead. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/redirect.h"
#include "gate/net/net.h"

/* A load balancer sends a client to its host, which may send it to a session of its own. */
#define MAX_REDIRECTIONS 4

static bool copy(struct sp_span from, uint8_t *to, size_t cap, uint32_t *n)
{
	if (!(from.n <= cap)) {
		return false;
	}
	if (from.n > 0) {
		memcpy(to, from.p, from.n);
	}
	*n = (uint32_t)from.n;
	return true;
}

/* Text for the keeper's log: nothing in it that could forge a line. */
static bool printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= 0x20 || *s == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Where to: the address, else the name. None at all is the same host with its routing token. */
static bool take_address(const struct sp_redirect *r, struct sp_msg_redirect *m)
{
	struct sp_span s = r->fqdn;

	if (r->flags & SP_LB_TARGET_NET_ADDRESS) {
		s = r->address;
	} else if ((r->flags & SP_LB_TARGET_NET_ADDRESSES) && r->n_addresses > 0) {
		s = r->addresses[0];
	} else if (r->flags & SP_LB_LOAD_BALANCE_INFO) {
		return true;
	}
	return sp_utf16_to_utf8(s, m->address, sizeof(m->address)) && printable(m->address);
}

/* [MS-RDPBCGR] 2.2.1.1 routingToken; its CR LF is the first packet's. */
static bool take_route(struct sp_span s, struct sp_msg_redirect *m)
{
	while (s.n > 0 && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n')) {
		s.n--;
	}
	return !(s.n > 0 && (memchr(s.p, '\r', s.n) || memchr(s.p, '\n', s.n))) &&
			copy(s, m->route, sizeof(m->route), &m->route_n);
}

static bool translate(const struct sp_redirect *r, struct sp_msg_redirect *m)
{
	memset(m, 0, sizeof(*m));
	m->rdstls = (r->flags & SP_LB_PASSWORD_IS_PK_ENCRYPTED) != 0 && r->password.n > 0;
	return take_address(r, m) && take_route(r->load_balance_info, m) &&
			sp_utf16_to_utf8(r->user, m->user, sizeof(m->user)) &&
			sp_utf16_to_utf8(r->domain, m->domain, sizeof(m->domain)) &&
			copy(r->password, m->password, sizeof(m->password), &m->password_n) &&
			copy(r->guid, m->guid, sizeof(m->guid), &m->guid_n);
}

void sp_redirect_follow(struct sp_net *n, struct sp_span packet)
{
	static struct sp_redirect r;
	struct sp_msg_redirect m;
	struct sp_rd in;

	sp_rd_init(&in, packet.p, packet.n);
	if (!n->leg.rdp || sp_redirect_share_read(&in, &r) != SP_OK || !translate(&r, &m)) {
		sp_wipe(&m, sizeof(m));
		sp_target_give_up(n, SP_WHY_TARGET,
				"it sends its clients elsewhere, in a way that is not understood");
		return;
	}
	if (++n->leg.redirections > MAX_REDIRECTIONS) {
		sp_wipe(&m, sizeof(m));
		sp_target_give_up(n, SP_WHY_TARGET, "it sends its clients round in circles");
		return;
	}
	sp_log(SP_LOG_INFO, "target %s redirects to %s%s", n->leg.name,
			m.address[0] ? m.address : "itself", m.rdstls ? " by RDSTLS" : "");
	n->leg.rdstls = m.rdstls;
	n->leg.has_session = true;
	n->leg.session = r.session_id;
	sp_target_drop(n);
	n->state = SP_NET_WAIT_TARGET;
	int rc = sp_mon_say(SP_NET_FD_KEEPER, REDIRECT, &m);
	sp_wipe(&m, sizeof(m));
	if (rc != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}
