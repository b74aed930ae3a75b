/* core/rdp/vc.c - see vc.h: ports, their queues and events, static channels. */
#include "core/rdp/vc.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/rdp/dvcs.h"
#include "core/rdp/machine.h"
#include "core/rdp/vc_port.h"

#define DYNAMIC_NAME "drdynvc"
/*
 * Of all ports together: messages that are not complete, with room for the longest of a clipboard;
 * messages that wait in one port.
 */
#define MAX_HELD (192u << 20)
#define MAX_WAITING (64u << 20)
#define MAX_MESSAGES 65536
#define KEEP (64u << 10) /* what is larger is not kept for the next message */

/* ---- queues ---- */

static int queue_put(struct sp_port_queue *q, struct sp_rcbuf *b)
{
	if (q->n == q->cap) {
		size_t cap = q->cap ? 2 * q->cap : 8;
		struct sp_rcbuf **v = sp_calloc(cap, sizeof(struct sp_rcbuf *));

		if (!v) {
			return SP_ENOMEM;
		}
		for (size_t i = 0; i < q->n; i++) {
			v[i] = q->v[(q->at + i) & (q->cap - 1)];
		}
		sp_free(q->v);
		q->v = v;
		q->cap = cap;
		q->at = 0;
	}
	q->v[(q->at + q->n++) & (q->cap - 1)] = b;
	return SP_OK;
}

static struct sp_rcbuf *queue_first(const struct sp_port_queue *q)
{
	return q->n > 0 ? q->v[q->at] : NULL;
}

static void queue_pop(struct sp_port_queue *q)
{
	sp_rcbuf_unref(q->v[q->at]);
	q->at = (q->at + 1) & (q->cap - 1);
	q->n--;
}

/* ---- ports ---- */

int sp_port_create(struct sp_vc *vc, const struct sp_port_conf *conf, struct sp_port **out)
{
	if (!(vc->n < SP_VC_PORTS)) {
		return SP_ELIMIT;
	}
	struct sp_port *p = sp_calloc(1, sizeof(*p));
	if (!p) {
		return SP_ENOMEM;
	}
	p->vc = vc;
	p->conf = *conf;
	p->state = SP_PORT_OPEN;
	sp_svc_join_init(&p->in, conf->max_message);
	vc->port[vc->n++] = p;
	*out = p;
	return SP_OK;
}

static size_t half(const struct sp_port *p)
{
	return p->in.open ? p->in.data.n : 0;
}

void sp_port_drop(struct sp_port *p)
{
	if (!p->dynamic) {
		p->vc->of_static[p->index] = NULL;
		p->vc->spoilt[p->index] |= p->begun || p->in.open;
	}
	while (p->out.n > 0) {
		queue_pop(&p->out);
	}
	p->queued = 0;
	p->begun = false;
	p->vc->held -= half(p);
	p->in.open = false;
}

void sp_port_due(struct sp_port *p, enum sp_vc_event_kind kind)
{
	p->vc->n_due += p->due == 0;
	p->due |= 1u << kind;
}

static void undue(struct sp_port *p, unsigned bits)
{
	unsigned before = p->due;

	p->due &= ~bits;
	p->vc->n_due -= before != 0 && p->due == 0;
}

void sp_port_lost(struct sp_port *p)
{
	sp_port_drop(p);
	p->state = SP_PORT_CLOSED;
	undue(p, ~0u);
	sp_port_due(p, SP_VC_CLOSED);
}

static void set_gone(struct sp_port *p)
{
	undue(p, ~0u);
	p->state = SP_PORT_GONE;
	p->vc->gone = true;
}

static void free_port(struct sp_port *p)
{
	while (p->out.n > 0) {
		queue_pop(&p->out);
	}
	sp_free(p->out.v);
	sp_zgfx_dec_destroy(p->dec);
	sp_zgfx_enc_destroy(p->enc);
	sp_svc_join_finish(&p->in);
	sp_free(p);
}

/* Nothing that was handed out is valid any more: frees the ports that are gone. */
static void reap(struct sp_vc *vc)
{
	size_t kept = 0;

	if (!vc->gone) {
		return;
	}
	vc->gone = false;
	for (size_t i = 0; i < vc->n; i++) {
		struct sp_port *p = vc->port[i];

		if (p->state != SP_PORT_GONE) {
			vc->port[kept++] = p;
			continue;
		}
		if (vc->speaker == p) {
			vc->speaker = NULL;
		}
		free_port(p);
	}
	vc->n = kept;
}

/* The last message is not looked at any more. */
static void release_message(struct sp_vc *vc)
{
	struct sp_port *p = vc->speaker;

	if (p && !p->in.open && p->in.data.cap > KEEP) {
		sp_svc_join_finish(&p->in);
		sp_svc_join_init(&p->in, p->conf.max_message);
	}
	vc->speaker = NULL;
	vc->message = sp_span(NULL, 0);
}

int sp_port_take(struct sp_port *p, const struct sp_svc_chunk *chunk)
{
	struct sp_vc *vc = p->vc;
	struct sp_span whole;

	vc->held -= half(p);
	int rc = sp_svc_join_add(&p->in, chunk, &whole);
	vc->held += half(p);
	if (rc < 0) {
		return rc;
	}
	if (!(vc->held <= MAX_HELD)) {
		return SP_ELIMIT;
	}
	if (rc == 1) {
		vc->speaker = p;
		vc->message = whole;
		sp_port_due(p, SP_VC_MESSAGE);
	}
	return SP_OK;
}

int sp_port_send(struct sp_port *p, struct sp_rcbuf *message)
{
	int rc = SP_OK;

	if (!message) {
		return SP_ENOMEM;
	}
	if (p->state != SP_PORT_OPEN && p->state != SP_PORT_CREATING) {
		rc = SP_ECLOSED;
	} else if (!(p->queued <= MAX_WAITING && p->out.n < MAX_MESSAGES &&
				   message->n <= UINT32_MAX)) {
		rc = SP_ELIMIT;
	} else {
		rc = queue_put(&p->out, message);
	}
	if (rc != SP_OK) {
		sp_rcbuf_unref(message);
		return rc;
	}
	p->queued += message->n;
	p->full |= sp_port_full(p);
	return SP_OK;
}

bool sp_port_full(const struct sp_port *p)
{
	return p->queued >= SP_PORT_FULL;
}

size_t sp_port_queued(const struct sp_port *p)
{
	return p->queued;
}

void sp_port_close(struct sp_port *p)
{
	if (!p || p->state == SP_PORT_GONE) {
		return;
	}
	if (p->dynamic && p->state != SP_PORT_CLOSED) {
		sp_vc_dynamic_close(p->vc, p);
	}
	if (p->state != SP_PORT_CLOSED) {
		sp_port_drop(p);
	}
	set_gone(p);
}

/* ---- static channels ---- */

static size_t find_channel(const struct sp_vc *vc, const char *name)
{
	const struct sp_rdp *c = vc->rdp;

	for (size_t i = 0; i < c->n_channels && i < c->gcc.n_channels; i++) {
		if (c->channel_ids[i] != 0 && sp_dvcs_same_name(c->gcc.channel[i].name, name)) {
			return i;
		}
	}
	return SP_GCC_MAX_CHANNELS;
}

int sp_vc_static(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out)
{
	size_t i = find_channel(vc, name);

	if (i == SP_GCC_MAX_CHANNELS) {
		return SP_ENOTFOUND;
	}
	if (i == vc->dyn || vc->of_static[i] || vc->spoilt[i]) {
		return SP_ESTATE;
	}
	int rc = sp_port_create(vc, conf, out);
	if (rc == SP_OK) {
		(*out)->index = i;
		vc->of_static[i] = *out;
	}
	return rc;
}

/*
 * [MS-RDPBCGR] 2.2.7.1.10: a server says how long the chunks may be that it is sent. What a
 * client says is not binding, but the only thing one knows of it.
 */
static size_t chunk_size(const struct sp_vc *vc)
{
	const struct sp_caps *caps = sp_rdp_peer_caps(vc->rdp);
	size_t n = caps && sp_caps_has(caps, SP_CAPS_VIRTUALCHANNEL) ? caps->vc.chunk_size : 0;

	n = n < SP_SVC_CHUNK ? SP_SVC_CHUNK : n;
	return n < SP_SVC_CHUNK_MAX ? n : SP_SVC_CHUNK_MAX;
}

/* PDUs of a static channel in one turn: as many bytes as a dynamic one has. */
static unsigned static_share(const struct sp_vc *vc)
{
	size_t n = SP_VC_TURN * SP_DVC_PDU / chunk_size(vc);

	return n > 0 ? (unsigned)n : 1;
}

/* ---- in ---- */

int sp_vc_feed(struct sp_vc *vc, const struct sp_event *ev)
{
	struct sp_svc_chunk chunk;
	struct sp_rd r;
	int rc;

	if (ev->kind != SP_EV_CHANNEL || !(ev->channel.index < SP_GCC_MAX_CHANNELS)) {
		return SP_OK;
	}
	if (vc->speaker && vc->speaker->due & 1u << SP_VC_MESSAGE) {
		return SP_EBUG;
	}
	release_message(vc);
	reap(vc);
	struct sp_port *p = vc->of_static[ev->channel.index];
	bool dynamic = ev->channel.index == vc->dyn;
	if (!p && !dynamic) {
		return SP_OK; /* nobody is behind that channel */
	}
	sp_rd_init(&r, ev->channel.data.p, ev->channel.data.n);
	rc = sp_svc_read(&r, &chunk);
	if (rc != SP_OK) {
		/* Shorter than its own header: nothing that could be taken for a piece. */
		chunk = (struct sp_svc_chunk){.flags = SP_SVC_COMPRESSED};
	}
	if (dynamic) {
		return sp_vc_dynamic_take(vc, &chunk);
	}
	rc = sp_port_take(p, &chunk);
	if (rc < 0 && rc != SP_ENOMEM) {
		sp_log(SP_LOG_DEBUG, "channel %zu: %s", p->index, sp_err_text(rc));
		vc->spoilt[p->index] = true;
		sp_port_lost(p);
		rc = SP_OK;
	}
	return rc;
}

bool sp_vc_next(struct sp_vc *vc, struct sp_vc_event *ev)
{
	static const enum sp_vc_event_kind order[] = {
			SP_VC_OPENED, SP_VC_MESSAGE, SP_VC_ROOM, SP_VC_CLOSED};

	reap(vc);
	for (size_t i = 0; vc->n_due > 0 && i < vc->n; i++) {
		struct sp_port *p = vc->port[i];

		for (size_t k = 0; k < SP_LEN(order); k++) {
			if (!(p->due & 1u << order[k])) {
				continue;
			}
			*ev = (struct sp_vc_event){
					.kind = order[k], .port = p, .owner = p->conf.owner};
			if (order[k] == SP_VC_MESSAGE) {
				ev->message = vc->message;
			}
			undue(p, 1u << order[k]);
			if (order[k] == SP_VC_CLOSED) {
				set_gone(p);
			}
			return true;
		}
	}
	return false;
}

/* ---- out ---- */

static bool has_work(const struct sp_port *p)
{
	return p->state == SP_PORT_OPEN && p->out.n > 0;
}

/* The next piece of a message of a static channel; returns how much of it that is. */
static size_t write_chunk(const struct sp_port *p, struct sp_span message, struct sp_wr *w)
{
	struct sp_svc_cut cut;
	struct sp_svc_chunk chunk;

	sp_svc_cut_init(&cut, message, chunk_size(p->vc), p->conf.svc_flags);
	cut.done = p->done;
	cut.begun = p->begun;
	if (!sp_svc_cut_next(&cut, &chunk)) {
		return 0;
	}
	sp_svc_write(w, &chunk);
	return chunk.data.n;
}

/* Moves one PDU; returns its bytes. */
static int send_one(struct sp_port *p)
{
	struct sp_vc *vc = p->vc;
	struct sp_rdp *c = vc->rdp;
	struct sp_rcbuf *b = queue_first(&p->out);
	struct sp_span message = sp_span(b->p, b->n);
	size_t mark = sp_rdp_send_begin(c, c->channel_ids[p->dynamic ? vc->dyn : p->index]);
	size_t n = p->dynamic ? sp_vc_dynamic_write(p, message, &c->wr)
			      : write_chunk(p, message, &c->wr);
	size_t bytes = c->wr.n;
	int rc = sp_rdp_send_end(c, mark);

	if (rc != SP_OK) {
		return rc;
	}
	p->begun = true;
	p->done += n;
	p->queued -= n;
	if (p->done == b->n) {
		queue_pop(&p->out);
		p->begun = false;
		p->done = 0;
	}
	if (p->full && !sp_port_full(p)) {
		p->full = false;
		sp_port_due(p, SP_VC_ROOM);
	}
	return (int)bytes;
}

/* What is no data goes first: it is little, and data may depend on it. */
static int send_control(struct sp_vc *vc)
{
	size_t moved = 0;

	while (vc->control_first) {
		struct sp_rcbuf *b = vc->control_first;
		struct sp_svc_chunk chunk = {.total = (uint32_t)b->n,
				.flags = SP_SVC_FIRST | SP_SVC_LAST,
				.data = sp_span(b->p, b->n)};
		size_t mark = sp_rdp_send_begin(vc->rdp, vc->rdp->channel_ids[vc->dyn]);

		sp_svc_write(&vc->rdp->wr, &chunk);
		int rc = sp_rdp_send_end(vc->rdp, mark);
		if (rc != SP_OK) {
			return rc;
		}
		moved += b->n;
		vc->control_bytes -= b->n;
		vc->control_first = b->next;
		vc->control_last = b->next ? vc->control_last : NULL;
		b->next = NULL;
		sp_rcbuf_unref(b);
	}
	return (int)moved;
}

int sp_vc_pump(struct sp_vc *vc, size_t max)
{
	size_t idle = 0;

	reap(vc);
	if (!sp_rdp_is_active(vc->rdp)) {
		return 0;
	}
	int rc = send_control(vc);
	size_t moved = rc > 0 ? (size_t)rc : 0;
	while (rc >= 0 && moved < max && idle < vc->n) {
		vc->turn = vc->turn < vc->n ? vc->turn : 0;
		struct sp_port *p = vc->port[vc->turn++];
		unsigned share = p->dynamic ? sp_vc_dynamic_share(p) : static_share(vc);

		idle = has_work(p) ? 0 : idle + 1;
		for (; rc >= 0 && share > 0 && moved < max && has_work(p); share--) {
			rc = send_one(p);
			moved += rc > 0 ? (size_t)rc : 0;
		}
	}
	return rc < 0 ? rc : (int)moved;
}

size_t sp_vc_queued(const struct sp_vc *vc)
{
	size_t n = vc->control_bytes;

	for (size_t i = 0; i < vc->n; i++) {
		/* An empty message waits as well. */
		n += has_work(vc->port[i]) && vc->port[i]->queued == 0 ? 1 : vc->port[i]->queued;
	}
	return n;
}

/* ---- life ---- */

struct sp_vc *sp_vc_create(struct sp_rdp *rdp, bool server)
{
	struct sp_vc *vc = sp_calloc(1, sizeof(*vc));

	if (!vc) {
		return NULL;
	}
	vc->rdp = rdp;
	vc->server = server;
	sp_svc_join_init(&vc->dyn_in, SP_SVC_CHUNK_MAX);
	vc->dyn = find_channel(vc, DYNAMIC_NAME);
	return vc;
}

void sp_vc_destroy(struct sp_vc *vc)
{
	if (!vc) {
		return;
	}
	for (size_t i = 0; i < vc->n; i++) {
		free_port(vc->port[i]);
	}
	sp_vc_dynamic_finish(vc);
	sp_free(vc);
}
