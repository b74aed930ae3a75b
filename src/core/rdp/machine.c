/* core/rdp/machine.c - feeding, framing and queues of both roles. */
#include "core/rdp/machine.h"

#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/rdstls.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"

/* TSRequest: a Kerberos ticket with a large PAC stays below this. */
#define MAX_TSREQUEST (64u << 10)
#define MAX_PDU (64u << 10)
/* Before the login is over no honest PDU is longer (Connect Initial with all blocks: 1.4 KiB). */
#define MAX_EARLY_PDU (16 << 10)
#define EARLY_RESULT_SIZE 4
/* First bytes of [MS-RDPBCGR] 2.2.10.2 Early User Authorization Result: it is 0 or 5. */
#define EARLY_SUCCESS 0
#define EARLY_DENIED 5

struct sp_rdp *sp_rdp_create(void)
{
	struct sp_rdp *c = sp_calloc(1, sizeof(*c));

	if (c) {
		sp_wr_init(&c->in, MAX_PDU);
		sp_wr_init(&c->wr, SP_RDP_MAX_OUT);
		sp_wr_init(&c->caps_bytes, MAX_PDU);
	}
	return c;
}

void sp_rdp_destroy(struct sp_rdp *c)
{
	if (!c) {
		return;
	}
	sp_server_part_destroy(c->srv);
	sp_client_part_destroy(c->cli);
	if (c->in.p) {
		sp_wipe(c->in.p, c->in.cap); /* Client Info carries a password */
	}
	sp_wr_finish(&c->in);
	sp_wr_finish(&c->wr);
	sp_wr_finish(&c->caps_bytes);
	while (c->out_first) {
		struct sp_rcbuf *next = c->out_first->next;

		sp_rcbuf_unref(c->out_first);
		c->out_first = next;
	}
	sp_freezero(c, sizeof(*c));
}

int sp_rdp_emit(struct sp_rdp *c, struct sp_event ev)
{
	if (!(c->ev_n < SP_RDP_MAX_EVENTS)) {
		return sp_rdp_fail(c, SP_ELIMIT, "events");
	}
	c->events[(c->ev_at + c->ev_n++) % SP_RDP_MAX_EVENTS] = ev;
	return SP_OK;
}

bool sp_rdp_next(struct sp_rdp *c, struct sp_event *ev)
{
	if (c->ev_n == 0) {
		int rc = c->pull && c->failed == SP_OK ? c->pull(c, ev) : 0;

		if (rc < 0) {
			c->failed = rc; /* said by the next feed */
		}
		return rc > 0;
	}
	*ev = c->events[c->ev_at];
	c->ev_at = (c->ev_at + 1) % SP_RDP_MAX_EVENTS;
	c->ev_n--;
	return true;
}

int sp_rdp_flush(struct sp_rdp *c)
{
	struct sp_rcbuf *b = sp_wr_take(&c->wr);

	if (!b) {
		int err = sp_wr_ok(&c->wr);

		sp_wr_reset(&c->wr);
		return sp_rdp_fail(c, err != SP_OK ? err : SP_ENOMEM, "output");
	}
	if (!(b->n <= SP_RDP_MAX_OUT - c->out_bytes)) {
		sp_rcbuf_unref(b);
		return sp_rdp_fail(c, SP_ELIMIT, "output");
	}
	c->out_bytes += b->n;
	c->out_total += b->n;
	if (c->out_last) {
		c->out_last->next = b;
	} else {
		c->out_first = b;
	}
	c->out_last = b;
	return SP_OK;
}

struct sp_rcbuf *sp_rdp_out(struct sp_rdp *c)
{
	struct sp_rcbuf *b = c->out_first;

	if (b) {
		c->out_first = b->next;
		if (!c->out_first) {
			c->out_last = NULL;
		}
		b->next = NULL;
		c->out_bytes -= b->n;
	}
	return b;
}

size_t sp_rdp_queued(const struct sp_rdp *c)
{
	return c->out_bytes;
}

int sp_rdp_fail(struct sp_rdp *c, int err, const char *what)
{
	c->what = what;
	return err;
}

int sp_rdp_note(struct sp_rdp *c, const struct sp_rd *r)
{
	return sp_rdp_fail(c, sp_rd_ok(r), r->what ? r->what : "");
}

const char *sp_rdp_what(const struct sp_rdp *c)
{
	return c->what ? c->what : "";
}

const char *sp_rdp_state_name(const struct sp_rdp *c)
{
	static const char *const names[] = {
			[SP_RDP_WAIT_X224_REQUEST] = "wait x224 request",
			[SP_RDP_WAIT_X224_CONFIRM] = "wait x224 confirm",
			[SP_RDP_WAIT_TLS] = "wait tls",
			[SP_RDP_WAIT_AUTH] = "wait credssp",
			[SP_RDP_WAIT_EARLY_RESULT] = "wait authorization result",
			[SP_RDP_WAIT_CONNECT_INITIAL] = "wait connect initial",
			[SP_RDP_WAIT_CONNECT_RESPONSE] = "wait connect response",
			[SP_RDP_WAIT_ERECT_DOMAIN] = "wait erect domain",
			[SP_RDP_WAIT_ATTACH_REQUEST] = "wait attach user",
			[SP_RDP_WAIT_ATTACH_CONFIRM] = "wait attach user confirm",
			[SP_RDP_WAIT_JOINS] = "wait channel joins and client info",
			[SP_RDP_WAIT_JOIN_CONFIRM] = "wait channel join confirm",
			[SP_RDP_WAIT_OWNER] = "wait target",
			[SP_RDP_WAIT_LICENSE] = "wait license",
			[SP_RDP_WAIT_DEMAND_ACTIVE] = "wait demand active",
			[SP_RDP_WAIT_CONFIRM_ACTIVE] = "wait confirm active",
			[SP_RDP_WAIT_FONT_LIST] = "wait font list",
			[SP_RDP_WAIT_FONT_MAP] = "wait font map",
			[SP_RDP_ACTIVE] = "active",
			[SP_RDP_RELAY_WAIT_CONFIRM] = "relay, wait confirm active",
			[SP_RDP_RELAY] = "relay",
			[SP_RDP_CLOSED] = "closed",
	};
	return names[c->state];
}

uint64_t sp_rdp_deadline(const struct sp_rdp *c)
{
	return c->failed != SP_OK || c->state == SP_RDP_CLOSED ? 0 : c->deadline_us;
}

bool sp_rdp_is_active(const struct sp_rdp *c)
{
	return c->state == SP_RDP_ACTIVE;
}

const struct sp_gcc_client *sp_rdp_client_gcc(const struct sp_rdp *c)
{
	return &c->gcc;
}

const struct sp_gcc_server *sp_rdp_server_gcc(const struct sp_rdp *c)
{
	return &c->gcc_server;
}

const struct sp_info *sp_rdp_info(const struct sp_rdp *c)
{
	return &c->info;
}

const struct sp_caps *sp_rdp_peer_caps(const struct sp_rdp *c)
{
	return &c->caps;
}

uint16_t sp_rdp_user_id(const struct sp_rdp *c)
{
	return c->user_id;
}

uint32_t sp_rdp_share_id(const struct sp_rdp *c)
{
	return c->share_id;
}

size_t sp_rdp_channel_index(const struct sp_rdp *c, uint16_t id)
{
	size_t i = 0;

	while (i < c->n_channels && c->channel_ids[i] != id) {
		i++;
	}
	return i;
}

/*
 * Total length of the DER element that a TSRequest is; 0 for more bytes needed. Only its
 * outermost header is looked at here, the rest belongs to the login process.
 */
static int tsrequest_length(struct sp_rdp *c, const uint8_t *p, size_t n)
{
	size_t header = 2, len;

	if (n >= 1 && p[0] != 0x30) {
		return sp_rdp_fail(c, SP_EFIELD, "tsrequest.tag");
	}
	if (n < 2) {
		return 0;
	}
	len = p[1];
	if (len >= 0x80) {
		size_t digits = len & 0x7F;

		if (!(1 <= digits && digits <= 3)) {
			return sp_rdp_fail(c, SP_EFIELD, "tsrequest.length");
		}
		header += digits;
		if (n < header) {
			return 0;
		}
		len = 0;
		for (size_t i = 0; i < digits; i++) {
			len = len << 8 | p[2 + i];
		}
	}
	if (!(header + len <= MAX_TSREQUEST)) {
		return sp_rdp_fail(c, SP_ELIMIT, "tsrequest.length");
	}
	return (int)(header + len);
}

static int rdstls_length(struct sp_rdp *c, const uint8_t *p, size_t n)
{
	int len = sp_rdstls_frame(p, n);

	return len < 0 ? sp_rdp_fail(c, len, "rdstls.PduType") : len;
}

/* The longest PDU that anybody may send before the login is over. */
static int early_max(const struct sp_rdp *c)
{
	return c->state <= SP_RDP_WAIT_X224_CONFIRM ? SP_X224_CONNECT_MAX : MAX_EARLY_PDU;
}

/* Total length of the unit that the state expects next, 0 for more bytes needed. */
static int unit_length(struct sp_rdp *c, const uint8_t *p, size_t n)
{
	int len;

	switch (c->state) {
	case SP_RDP_WAIT_AUTH:
		return c->selected == SP_PROTO_RDSTLS ? rdstls_length(c, p, n)
						      : tsrequest_length(c, p, n);
	case SP_RDP_WAIT_EARLY_RESULT:
		return EARLY_RESULT_SIZE;
	default:
		len = sp_frame_length(p, n);
		if (len < 0) {
			return sp_rdp_fail(c, len, "tpkt.length");
		}
		if (c->state <= SP_RDP_WAIT_JOIN_CONFIRM && !(len <= early_max(c))) {
			return sp_rdp_fail(c, SP_ELIMIT, "tpkt.length");
		}
		return len;
	}
}

/*
 * The server's authorization result follows its last TSRequest, or ours, at once: it may be here
 * before the owner knows that the login is over. No TSRequest begins like it.
 */
static bool early_result_waits(const struct sp_rdp *c, const uint8_t *p)
{
	return !c->server && c->state == SP_RDP_WAIT_AUTH &&
			(c->selected & SP_PROTO_HYBRID_EX) != 0 && c->in.n == 0 &&
			(p[0] == EARLY_SUCCESS || p[0] == EARLY_DENIED);
}

/* While the owner looks for a target, the line may be measured. */
static bool answer_waits(const struct sp_rdp *c, const uint8_t *p, size_t n)
{
	return c->server && c->state == SP_RDP_WAIT_OWNER && (c->in.n == 0 || c->in_done) &&
			sp_server_answer_waits(c, p, n);
}

static bool waits_for_owner(const struct sp_rdp *c)
{
	/* A client with HYBRID sends its Connect Initial right behind the last TSRequest. */
	return c->state == SP_RDP_WAIT_TLS || c->state == SP_RDP_WAIT_OWNER ||
			(c->state == SP_RDP_WAIT_AUTH && c->token_out);
}

static int fail_feed(struct sp_rdp *c, int err)
{
	c->failed = err;
	return err;
}

/*
 * Gathers a PDU that came in pieces: takes what is missing from p. Returns bytes taken; *whole
 * is set when c->in holds the whole unit.
 */
static int gather(struct sp_rdp *c, const uint8_t *p, size_t n, struct sp_span *whole)
{
	size_t used = 0;

	for (;;) {
		int len = unit_length(c, c->in.p, c->in.n);

		if (len < 0) {
			return len;
		}
		/* Without a length yet one byte more may give it. */
		size_t want = len > 0 ? (size_t)len : c->in.n + 1;
		size_t take = want - c->in.n < n - used ? want - c->in.n : n - used;
		sp_wr_put(&c->in, p + used, take);
		if (sp_wr_ok(&c->in) != SP_OK) {
			return sp_rdp_fail(c, sp_wr_ok(&c->in), "input");
		}
		used += take;
		if (len > 0 && c->in.n == (size_t)len) {
			*whole = sp_span(c->in.p, c->in.n);
			return (int)used;
		}
		if (used == n) {
			return (int)used;
		}
	}
}

int sp_rdp_feed(struct sp_rdp *c, const uint8_t *p, size_t n, uint64_t now_us)
{
	struct sp_span pdu = {NULL, 0};
	int used = 0;

	if (c->failed != SP_OK) {
		return c->failed;
	}
	if (c->state == SP_RDP_CLOSED) {
		return (int)(n < INT32_MAX ? n : INT32_MAX); /* nobody listens any more */
	}
	if (c->deadline_us != 0 && now_us >= c->deadline_us) {
		return fail_feed(c, sp_rdp_fail(c, SP_ETIMEOUT, sp_rdp_state_name(c)));
	}
	if (n == 0 || (waits_for_owner(c) && !answer_waits(c, p, n))) {
		return 0;
	}
	if (c->in_done) {
		sp_wr_reset(&c->in);
		c->in_done = false;
	}
	if (early_result_waits(c, p)) {
		return 0;
	}
	if (c->in.n == 0) {
		int len = unit_length(c, p, n);

		if (len < 0) {
			return fail_feed(c, len);
		}
		if (len > 0 && (size_t)len <= n) {
			pdu = sp_span(p, (size_t)len);
			used = len;
		}
	}
	if (!pdu.p) {
		used = gather(c, p, n, &pdu);
		if (used < 0) {
			return fail_feed(c, used);
		}
		if (!pdu.p) {
			return used;
		}
		c->in_done = true;
	}
	int rc = c->handle(c, pdu, now_us);
	return rc < 0 ? fail_feed(c, rc) : used;
}

int sp_rdp_tls_done(struct sp_rdp *c)
{
	if (c->state != SP_RDP_WAIT_TLS) {
		return sp_rdp_fail(c, SP_EARG, "tls_done");
	}
	if (c->selected & (SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX)) {
		c->state = SP_RDP_WAIT_AUTH;
		if (c->server) {
			sp_server_tls_up(c);
			return SP_OK;
		}
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_AUTH_TOKEN});
	}
	if (c->selected == SP_PROTO_RDSTLS && !c->server) {
		c->state = SP_RDP_WAIT_AUTH; /* the server begins */
		return SP_OK;
	}
	return c->server ? sp_server_after_login(c) : sp_client_after_login(c);
}

int sp_rdp_emit_token(struct sp_rdp *c, struct sp_span token)
{
	c->token_out = true;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_AUTH_TOKEN, .token = token});
}

int sp_rdp_auth_send(struct sp_rdp *c, struct sp_span token)
{
	if (c->state != SP_RDP_WAIT_AUTH) {
		return sp_rdp_fail(c, SP_EARG, "auth_send");
	}
	c->token_out = false;
	sp_wr_span(&c->wr, token);
	return sp_rdp_flush(c);
}

int sp_rdp_auth_done(struct sp_rdp *c, uint32_t result)
{
	if (c->state != SP_RDP_WAIT_AUTH) {
		return sp_rdp_fail(c, SP_EARG, "auth_done");
	}
	c->token_out = false;
	if (!c->server) {
		if (c->selected & SP_PROTO_HYBRID_EX) {
			c->state = SP_RDP_WAIT_EARLY_RESULT;
			return SP_OK;
		}
		return sp_client_after_login(c);
	}
	if (c->selected & SP_PROTO_HYBRID_EX) {
		sp_wr_le32(&c->wr, result);
		int rc = sp_rdp_flush(c);
		if (rc != SP_OK) {
			return rc;
		}
	}
	if (result != 0) {
		c->state = SP_RDP_CLOSED;
		return SP_OK;
	}
	return sp_server_after_login(c);
}
