/* scan/probe_talk.c - see probe_talk.h. */
#include "scan/probe_talk.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/auth/credssp.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/pdu/mcs.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"

#define OUT_MAX (512 * 1024)
#define BODY_MAX (64 * 1024) /* of an HTTP answer that is read past */
#define PLAIN 4096

enum state {
	WAIT_CONFIRM,
	WAIT_FLIGHT, /* of the server, in the clear */
	WAIT_TLS,
	WAIT_TSREQUEST,
	WAIT_MCS,
	WAIT_HEAD, /* of an HTTP answer */
	WAIT_BODY,
	OVER,
};

struct sp_talk {
	const struct sp_talk_env *env;
	const struct sp_probe_task *task;
	enum state state;
	unsigned step;
	struct sp_wr in, out;
	size_t sent; /* of out */
	struct sp_hello_reader hello;
	struct sp_tls *tls;
	enum sp_scan_path path; /* that an answer is waited for */
	uint64_t body; /* bytes that are to be read past */
	struct sp_talk_result r;
};

static const uint32_t protocols[SP_SCAN_ASK_COUNT] = {
		[SP_SCAN_ASK_RDP] = SP_PROTO_RDP,
		[SP_SCAN_ASK_TLS] = SP_PROTO_SSL,
		[SP_SCAN_ASK_CREDSSP] = SP_PROTO_HYBRID | SP_PROTO_SSL,
		[SP_SCAN_ASK_RDSTLS] = SP_PROTO_RDSTLS,
		[SP_SCAN_ASK_EARLY] = SP_PROTO_HYBRID_EX | SP_PROTO_HYBRID | SP_PROTO_SSL,
		[SP_SCAN_ASK_AAD] = SP_PROTO_RDSAAD,
};

static void end(struct sp_talk *t, enum sp_talk_end how)
{
	t->r.end = how;
	t->r.no_handshake =
			t->state == WAIT_TLS && (how == SP_TALK_CLOSED || how == SP_TALK_NONSENSE);
	t->state = OVER;
}

static void nonsense(struct sp_talk *t, const char *why)
{
	t->r.why = why;
	end(t, SP_TALK_NONSENSE);
}

static void go(struct sp_talk *t, enum state next)
{
	t->state = next;
	t->step++;
	sp_wr_reset(&t->in);
}

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Appends to t->in as much as its writer takes; what was too much is told. */
static bool gather(struct sp_talk *t, const uint8_t *p, size_t n, size_t max)
{
	size_t room = max - t->in.n, taken = n < room ? n : room;

	sp_wr_put(&t->in, p, taken);
	if (sp_wr_ok(&t->in) != SP_OK) {
		end(t, SP_TALK_FAILED);
		return false;
	}
	return taken == n;
}

/* ---- certificates ---- */

static void keep_cert(struct sp_talk *t, const struct sp_span *chain, size_t n, size_t sent)
{
	struct sp_scan_cert *c = &t->r.cert;
	struct sp_cert_view v;

	if (sp_cert_view_read(chain, n, t->env->roots, t->task->host, &v) != SP_OK) {
		return;
	}
	_Static_assert(sizeof(c->names) == sizeof(v.names) &&
					sizeof(c->subject) == sizeof(v.subject) &&
					sizeof(c->serial) == sizeof(v.serial) &&
					sizeof(c->signature) == sizeof(v.signature),
			"they are copied");
	c->seen = 1;
	c->chain = (uint32_t)sent;
	memcpy(c->subject, v.subject, sizeof(c->subject));
	memcpy(c->issuer, v.issuer, sizeof(c->issuer));
	memcpy(c->names, v.names, sizeof(c->names));
	memcpy(c->serial, v.serial, sizeof(c->serial));
	memcpy(c->signature, v.signature, sizeof(c->signature));
	c->key = v.key == SP_CERT_VIEW_KEY_RSA          ? SP_SCAN_KEY_RSA
			: v.key == SP_CERT_VIEW_KEY_EC  ? SP_SCAN_KEY_EC
			: v.key == SP_CERT_VIEW_KEY_ED  ? SP_SCAN_KEY_ED
			: v.key == SP_CERT_VIEW_KEY_DSA ? SP_SCAN_KEY_DSA
							: SP_SCAN_KEY_UNKNOWN;
	c->key_bits = v.key_bits;
	c->self_signed = v.self_signed;
	c->trusted = v.trusted ? SP_SCAN_YES : SP_SCAN_NO;
	c->name_matches = v.name_matches ? SP_SCAN_YES : SP_SCAN_NO;
	c->eku = v.has_eku ? (v.eku_server ? 1u : 0) | (v.eku_rdp ? 2u : 0) | (v.eku_any ? 4u : 0) |
					(v.eku_other ? 8u : 0)
			   : 0;
	c->ca = v.ca;
	c->not_before = v.not_before;
	c->not_after = v.not_after;
	memcpy(c->sha256, v.sha256, sizeof(c->sha256));
	memcpy(c->spki, v.spki, sizeof(c->spki));
}

/* ---- a hello of our own ---- */

static const char *server_name(const struct sp_talk *t)
{
	struct in6_addr a;
	const char *host = t->task->host;

	return *host == '\0' || inet_pton(AF_INET, host, &a) == 1 ||
					inet_pton(AF_INET6, host, &a) == 1
			? NULL
			: host;
}

static void send_hello(struct sp_talk *t)
{
	struct sp_hello_offer o = {.version = t->task->version,
			.cipher = t->task->cipher,
			.n_ciphers = t->task->n_ciphers,
			.group = t->task->group,
			.n_groups = t->task->n_groups,
			.name = server_name(t)};

	if (getrandom(o.random, sizeof(o.random), 0) != sizeof(o.random) ||
			getrandom(o.session, sizeof(o.session), 0) != sizeof(o.session) ||
			getrandom(o.share, sizeof(o.share), 0) != sizeof(o.share)) {
		end(t, SP_TALK_FAILED);
		return;
	}
	sp_hello_write(&t->out, &o);
	sp_hello_reader_init(&t->hello, &o);
	go(t, WAIT_FLIGHT);
}

static void feed_flight(struct sp_talk *t, const uint8_t *p, size_t n)
{
	int rc = sp_hello_feed(&t->hello, p, n);

	if (rc < 0) {
		if (rc == SP_ENOMEM) {
			end(t, SP_TALK_FAILED);
		} else {
			nonsense(t, t->hello.why);
		}
		return;
	}
	if (rc == 0) {
		return;
	}
	t->r.hello = t->hello.answer;
	if (t->task->want_cert && t->hello.answer.n_certs > 0) {
		struct sp_span chain[SP_HELLO_MAX_CERTS];

		for (size_t i = 0; i < t->hello.answer.n_certs; i++) {
			chain[i] = sp_hello_cert(&t->hello, i);
		}
		keep_cert(t, chain, t->hello.answer.n_certs, t->hello.answer.sent_certs);
	}
	if (t->r.hello.kind != SP_HELLO_ALERT && t->task->version != SP_HELLO_SSL2) {
		sp_hello_write_close(&t->out, t->r.hello.version);
	}
	end(t, SP_TALK_ANSWERED);
}

/* ---- the library's TLS ---- */

static void send_plain(struct sp_talk *t, const struct sp_wr *w)
{
	if (sp_wr_ok(w) != SP_OK || sp_tls_write(t->tls, w->p, w->n) != (int)w->n) {
		end(t, SP_TALK_FAILED);
	}
}

static void collect(struct sp_talk *t)
{
	struct sp_rcbuf *b = t->tls ? sp_tls_take(t->tls) : NULL;

	if (b) {
		sp_wr_put(&t->out, b->p, b->n);
		sp_rcbuf_unref(b);
	}
}

static void start_tls(struct sp_talk *t)
{
	struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_REPORT, .host = server_name(t)};

	t->tls = sp_tls_client(t->env->tls, &peer);
	if (!t->tls) {
		end(t, SP_TALK_FAILED);
		return;
	}
	go(t, WAIT_TLS);
	collect(t);
}

static void keep_peer(struct sp_talk *t)
{
	uint8_t ders[32 * 1024];
	struct sp_span chain[SP_HELLO_MAX_CERTS];
	size_t count = 0, at = 0;
	uint32_t size;

	int n = sp_tls_peer_chain(t->tls, ders, sizeof(ders));
	while (n > 0 && count < SP_HELLO_MAX_CERTS && at + sizeof(size) <= (size_t)n) {
		memcpy(&size, ders + at, sizeof(size));
		at += sizeof(size);
		if (size > (size_t)n - at) {
			break;
		}
		chain[count++] = sp_span(ders + at, size);
		at += size;
	}
	if (count > 0) {
		keep_cert(t, chain, count, count);
	}
}

static void close_tls(struct sp_talk *t)
{
	sp_tls_close(t->tls);
	end(t, SP_TALK_ANSWERED);
}

static void send_login(struct sp_talk *t)
{
	uint8_t room[1024];
	struct sp_wr w;

	sp_wr_fixed(&w, room, sizeof(room));
	sp_probe_login_write(&w, t->task->login);
	go(t, WAIT_TSREQUEST);
	send_plain(t, &w);
}

static void feed_tsrequest(struct sp_talk *t)
{
	int size = sp_credssp_frame(sp_span(t->in.p, t->in.n));

	if (size < 0) {
		nonsense(t, "not a TSRequest");
		return;
	}
	if (size == 0 || (size_t)size > t->in.n) {
		return;
	}
	if (sp_probe_login_read(sp_span(t->in.p, (size_t)size), t->task->login, wall_ms(),
			    &t->r.ntlm) != SP_OK) {
		nonsense(t, "a damaged TSRequest");
		return;
	}
	close_tls(t);
}

/* ---- HTTP ---- */

/* The next path of the task that has no answer yet. */
static bool next_path(struct sp_talk *t)
{
	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		if ((t->task->paths & 1u << i) && t->r.http[i].status == 0) {
			t->path = (enum sp_scan_path)i;
			return true;
		}
	}
	return false;
}

static void send_web(struct sp_talk *t)
{
	uint8_t room[2048];
	struct sp_wr w;

	if (!next_path(t)) {
		close_tls(t);
		return;
	}
	sp_wr_fixed(&w, room, sizeof(room));
	sp_probe_http_write(&w, t->path, t->task->host, t->task->port, t->task->ntlm);
	go(t, WAIT_HEAD);
	send_plain(t, &w);
}

static void web_token(struct sp_talk *t, struct sp_span base64)
{
	uint8_t token[SP_PROBE_HTTP_TOKEN];
	size_t n = sp_probe_base64_read(base64, token, sizeof(token));

	t->r.ntlm.asked = 1;
	if (n > 0) {
		(void)!sp_probe_challenge_read(sp_span(token, n), wall_ms(), &t->r.ntlm);
	}
}

static void feed_head(struct sp_talk *t)
{
	struct sp_probe_http *m = &t->r.http[t->path];
	int size = sp_probe_http_read(sp_span(t->in.p, t->in.n), m);

	if (size < 0) {
		memset(m, 0, sizeof(*m));
		nonsense(t, "not an answer of HTTP");
		return;
	}
	if (size == 0) {
		m->status = 0;
		return;
	}
	if (t->task->ntlm != 0) {
		web_token(t, m->token);
	}
	m->token = sp_span(NULL, 0);
	/* What is there of the body is passed over with the rest of it. */
	uint64_t here = t->in.n - (size_t)size;
	if (m->close || m->length > BODY_MAX || here > m->length || m->status < 200) {
		close_tls(t);
		return;
	}
	t->body = m->length - here;
	t->state = WAIT_BODY;
	sp_wr_reset(&t->in);
	if (t->body == 0) {
		send_web(t);
	}
}

static void feed_plain(struct sp_talk *t, const uint8_t *p, size_t n)
{
	switch (t->state) {
	case WAIT_TSREQUEST:
		if (!gather(t, p, n, SP_CREDSSP_MAX)) {
			if (t->state != OVER) {
				nonsense(t, "more than a TSRequest");
			}
			return;
		}
		feed_tsrequest(t);
		break;
	case WAIT_HEAD:
		(void)gather(t, p, n, SP_PROBE_HTTP_HEAD);
		if (t->state != OVER) {
			feed_head(t);
		}
		break;
	case WAIT_BODY:
		if (n > t->body) {
			close_tls(t);
			return;
		}
		t->body -= n;
		if (t->body == 0) {
			send_web(t);
		}
		break;
	default:
		break;
	}
}

static void tls_up(struct sp_talk *t)
{
	t->r.tls = true;
	if (t->task->want_cert) {
		keep_peer(t);
	}
	switch (t->task->then) {
	case SP_PROBE_LOGIN:
		send_login(t);
		break;
	case SP_PROBE_WEB:
		send_web(t);
		break;
	default:
		close_tls(t);
		break;
	}
}

static void feed_tls(struct sp_talk *t, const uint8_t *p, size_t n)
{
	uint8_t plain[PLAIN];
	int got = sp_tls_feed(t->tls, p, n);

	if (t->state == WAIT_TLS && sp_tls_state(t->tls) == SP_TLS_UP) {
		tls_up(t);
	}
	while (t->state != OVER && t->state != WAIT_TLS &&
			(got = sp_tls_read(t->tls, plain, sizeof(plain))) > 0) {
		feed_plain(t, plain, (size_t)got);
	}
	collect(t);
	if (t->state == OVER) {
		return;
	}
	if (sp_tls_state(t->tls) == SP_TLS_ENDED || got == SP_ECLOSED) {
		end(t, SP_TALK_CLOSED);
	} else if (got < 0) {
		nonsense(t, t->state == WAIT_TLS ? "the TLS handshake failed" : "TLS failed");
	}
}

/* ---- Standard RDP Security ---- */

static void send_mcs(struct sp_talk *t)
{
	sp_probe_mcs_write(&t->out, t->task->methods);
	go(t, WAIT_MCS);
}

static void feed_mcs(struct sp_talk *t, const uint8_t *p, size_t n)
{
	bool all = gather(t, p, n, SP_TPKT_MAX);

	if (t->state == OVER) {
		return;
	}
	int size = t->in.p[0] == 3 ? sp_frame_length(t->in.p, t->in.n) : SP_EFIELD;
	if (size < 0 || (!all && (size_t)size > t->in.n)) {
		nonsense(t, "not a TPKT");
		return;
	}
	if (size == 0 || (size_t)size > t->in.n) {
		return;
	}
	if (sp_probe_mcs_read(sp_span(t->in.p, (size_t)size), &t->r.mcs) != SP_OK) {
		nonsense(t, "a damaged Connect-Response");
		return;
	}
	if (t->r.mcs.accepted) {
		sp_mcs_disconnect_write(&t->out, SP_MCS_USER_REQUESTED);
	}
	end(t, SP_TALK_ANSWERED);
}

/* ---- negotiation ---- */

static void send_request(struct sp_talk *t)
{
	static const char usual[] = "sallyport-scan", other[] = "sallyport-scan-2";
	struct sp_x224_request m = {
			.has_neg = true,
			.protocols = protocols[t->task->ask],
			.cookie = t->task->other_name ? sp_span(other, sizeof(other) - 1)
						      : sp_span(usual, sizeof(usual) - 1),
	};

	sp_x224_request_write(&t->out, &m);
}

static void nego_nonsense(struct sp_talk *t)
{
	t->r.nego.answer = SP_SCAN_NONSENSE;
	nonsense(t, "not a connection confirm");
}

/* Is what was selected what the task needs? Then its next step. */
static void then(struct sp_talk *t)
{
	uint32_t selected = t->r.nego.selected;
	bool nla = selected == SP_PROTO_HYBRID || selected == SP_PROTO_HYBRID_EX;
	/* Each of them begins with TLS. */
	bool tls = nla || selected == SP_PROTO_SSL || selected == SP_PROTO_RDSTLS ||
			selected == SP_PROTO_RDSAAD;

	t->r.negotiated = true;
	if (t->task->then == SP_PROBE_HELLO && tls) {
		send_hello(t);
	} else if ((t->task->then == SP_PROBE_TLS && tls) ||
			(t->task->then == SP_PROBE_LOGIN && nla)) {
		start_tls(t);
	} else if (t->task->then == SP_PROBE_MCS && selected == SP_PROTO_RDP) {
		send_mcs(t);
	} else {
		t->r.negotiated = false;
		end(t, SP_TALK_ANSWERED);
	}
}

static void confirmed(struct sp_talk *t, const struct sp_x224_confirm *m)
{
	struct sp_scan_nego *n = &t->r.nego;

	switch (m->kind) {
	case SP_X224_CONFIRM_FAILURE:
		n->answer = SP_SCAN_DENIED;
		n->code = m->failure;
		end(t, SP_TALK_ANSWERED);
		return;
	case SP_X224_CONFIRM_PLAIN:
		n->answer = SP_SCAN_SELECTED;
		n->selected = SP_PROTO_RDP;
		n->bare = 1;
		break;
	default:
		n->answer = SP_SCAN_SELECTED;
		n->selected = m->selected;
		n->flags = m->flags;
		break;
	}
	then(t);
}

static void feed_confirm(struct sp_talk *t, const uint8_t *p, size_t n)
{
	struct sp_scan_nego *nego = &t->r.nego;
	struct sp_x224_confirm m;
	struct sp_rd r;
	bool all = gather(t, p, n, SP_X224_CONNECT_MAX);

	if (t->state == OVER) {
		return;
	}
	nego->n_evidence = (uint8_t)(t->in.n < sizeof(nego->evidence) ? t->in.n
								      : sizeof(nego->evidence));
	memcpy(nego->evidence, t->in.p, nego->n_evidence);
	int size = t->in.p[0] == 3 ? sp_frame_length(t->in.p, t->in.n) : SP_EFIELD;
	if (size < 0 || size > SP_X224_CONNECT_MAX) {
		nego_nonsense(t);
		return;
	}
	if (size == 0 || (size_t)size > t->in.n) {
		return;
	}
	/* Nothing may follow before we speak again. */
	sp_rd_init(&r, t->in.p, t->in.n);
	if (!all || t->in.n != (size_t)size || sp_x224_confirm_read(&r, &m) != SP_OK) {
		nego_nonsense(t);
		return;
	}
	confirmed(t, &m);
}

/* ---- life ---- */

struct sp_talk *sp_talk_create(const struct sp_talk_env *env, const struct sp_probe_task *task)
{
	struct sp_talk *t = sp_calloc(1, sizeof(*t));

	if (!t) {
		return NULL;
	}
	t->env = env;
	t->task = task;
	t->r.why = "";
	sp_wr_init(&t->in, SP_CREDSSP_MAX);
	sp_wr_init(&t->out, OUT_MAX);
	if (task->then == SP_PROBE_WEB) {
		start_tls(t);
	} else {
		send_request(t);
	}
	if (t->state == OVER || sp_wr_ok(&t->out) != SP_OK) {
		sp_talk_destroy(t);
		return NULL;
	}
	return t;
}

void sp_talk_destroy(struct sp_talk *t)
{
	if (t) {
		sp_hello_reader_finish(&t->hello);
		sp_tls_destroy(t->tls);
		sp_wr_finish(&t->in);
		sp_wr_finish(&t->out);
		sp_free(t);
	}
}

void sp_talk_feed(struct sp_talk *t, const uint8_t *p, size_t n)
{
	if (n == 0) {
		return;
	}
	switch (t->state) {
	case WAIT_CONFIRM:
		feed_confirm(t, p, n);
		break;
	case WAIT_FLIGHT:
		feed_flight(t, p, n);
		break;
	case WAIT_MCS:
		feed_mcs(t, p, n);
		break;
	case WAIT_TLS:
	case WAIT_TSREQUEST:
	case WAIT_HEAD:
	case WAIT_BODY:
		feed_tls(t, p, n);
		break;
	case OVER:
		break;
	}
	if (sp_wr_ok(&t->out) != SP_OK) {
		end(t, SP_TALK_FAILED);
	}
}

void sp_talk_stop(struct sp_talk *t, enum sp_talk_end how)
{
	if (t->state == OVER) {
		return;
	}
	if (t->state == WAIT_CONFIRM) {
		t->r.nego.answer = how == SP_TALK_TIMEOUT ? SP_SCAN_TIMEOUT : SP_SCAN_CLOSED;
	}
	end(t, how);
}

struct sp_span sp_talk_out(const struct sp_talk *t)
{
	return sp_span(t->out.p + t->sent, t->out.n - t->sent);
}

void sp_talk_sent(struct sp_talk *t, size_t n)
{
	t->sent += n;
	if (t->sent == t->out.n) {
		sp_wr_reset(&t->out);
		t->sent = 0;
	}
}

unsigned sp_talk_step(const struct sp_talk *t)
{
	return t->step;
}

const struct sp_talk_result *sp_talk_result(const struct sp_talk *t)
{
	return &t->r;
}
