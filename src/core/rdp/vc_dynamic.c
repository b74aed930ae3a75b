/* core/rdp/vc_dynamic.c - dynamic channels: what travels on drdynvc ([MS-RDPEDYC]). */
#include "core/rdp/vc_port.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/rdp/dvcs.h"

#define ANSWER_US UINT64_C(30000000) /* until a client's answer to a creation is given up */
#define MAX_CONTROL (64u << 10) /* a peer that asks much and takes nothing goes no further */

/* [MS-RDPEDYC] 2.2.1.1.2: 70, 20, 7 and 3 per cent */
static const uint16_t charges[SP_DVC_PRIORITIES] = {936, 3276, 9362, 21845};

static struct sp_port *find_port(const struct sp_vc *vc, uint32_t id)
{
	for (size_t i = 0; i < vc->n; i++) {
		struct sp_port *p = vc->port[i];

		if (p->dynamic && p->id == id &&
				(p->state == SP_PORT_OPEN || p->state == SP_PORT_CREATING)) {
			return p;
		}
	}
	return NULL;
}

static void drop_control(struct sp_vc *vc)
{
	while (vc->control_first) {
		struct sp_rcbuf *next = vc->control_first->next;

		vc->control_first->next = NULL;
		sp_rcbuf_unref(vc->control_first);
		vc->control_first = next;
	}
	vc->control_last = NULL;
	vc->control_bytes = 0;
}

/* [MS-RDPEDYC] 3.1.5.2.4: what is malformed or out of sequence ends all dynamic channels. */
static int broken(struct sp_vc *vc, const char *what)
{
	sp_log(SP_LOG_DEBUG, "dynamic channels end: %s", what);
	vc->dyn_state = SP_VC_DYN_BROKEN;
	for (size_t i = 0; i < vc->n; i++) {
		struct sp_port *p = vc->port[i];

		if (p->dynamic && (p->state == SP_PORT_OPEN || p->state == SP_PORT_CREATING)) {
			sp_port_lost(p);
		}
	}
	drop_control(vc);
	sp_svc_join_finish(&vc->dyn_in);
	return SP_OK;
}

static int put_control(struct sp_vc *vc, struct sp_wr *w)
{
	struct sp_rcbuf *b = sp_wr_take(w);

	if (!b) {
		return SP_ENOMEM;
	}
	if (!(b->n <= MAX_CONTROL - vc->control_bytes)) {
		sp_rcbuf_unref(b);
		return broken(vc, "too much is asked");
	}
	vc->control_bytes += b->n;
	if (vc->control_last) {
		vc->control_last->next = b;
	} else {
		vc->control_first = b;
	}
	vc->control_last = b;
	return SP_OK;
}

static int send_caps(struct sp_vc *vc)
{
	struct sp_dvc_caps caps = {.version = SP_DVC_VERSION};
	struct sp_wr w;

	sp_wr_init(&w, SP_DVC_PDU);
	if (vc->server) {
		memcpy(caps.charge, charges, sizeof(charges));
		sp_dvc_caps_write(&w, &caps);
	} else {
		sp_dvc_caps_response_write(&w, vc->caps.version);
	}
	return put_control(vc, &w);
}

static int send_create(struct sp_vc *vc, const struct sp_port *p)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_DVC_PDU);
	sp_dvc_create_write(&w, p->id, p->name);
	return put_control(vc, &w);
}

static int send_close(struct sp_vc *vc, uint32_t id)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_DVC_PDU);
	sp_dvc_head_write(&w, &(struct sp_dvc_head){.cmd = SP_DVC_CLOSE, .id = id});
	return put_control(vc, &w);
}

void sp_vc_dynamic_close(struct sp_vc *vc, const struct sp_port *p)
{
	/* Before the capabilities the client has not heard of it. */
	if (vc->dyn_state == SP_VC_DYN_READY && send_close(vc, p->id) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "channel %u: the close is not said", p->id);
	}
}

/* ---- asked for, listened for ---- */

static bool takes_name(const char *name)
{
	return name[0] != '\0' && strlen(name) < SP_DVC_NAME;
}

static int create_dynamic(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out)
{
	size_t n = 0;

	for (size_t i = 0; i < vc->n; i++) {
		n += vc->port[i]->dynamic;
	}
	if (!(n < SP_VC_DYNAMIC_MAX)) {
		return SP_ELIMIT;
	}
	int rc = sp_port_create(vc, conf, out);
	if (rc == SP_OK) {
		(*out)->dynamic = true;
		memcpy((*out)->name, name, strlen(name) + 1);
	}
	return rc;
}

int sp_vc_dynamic(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out)
{
	if (!vc->server || !takes_name(name)) {
		return SP_EARG;
	}
	if (vc->dyn == SP_GCC_MAX_CHANNELS || vc->dyn_state == SP_VC_DYN_BROKEN) {
		return SP_ENOTFOUND;
	}
	if (vc->last_id == UINT32_MAX) {
		return SP_ELIMIT;
	}
	int rc = create_dynamic(vc, name, conf, out);
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_port *p = *out;
	/* Never one that was used: what comes late for another is not taken for this one's. */
	p->id = ++vc->last_id;
	p->state = SP_PORT_CREATING;
	if (vc->dyn_state == SP_VC_DYN_IDLE) {
		rc = send_caps(vc);
		vc->dyn_state = rc == SP_OK ? SP_VC_DYN_WAIT_CAPS : SP_VC_DYN_IDLE;
	} else if (vc->dyn_state == SP_VC_DYN_READY) {
		rc = send_create(vc, p);
	}
	if (rc != SP_OK) {
		p->state = SP_PORT_CLOSED; /* nothing was said of it */
		sp_port_close(p);
	}
	return rc;
}

int sp_vc_listen(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf)
{
	if (vc->server || !takes_name(name)) {
		return SP_EARG;
	}
	if (!(vc->n_listeners < SP_VC_LISTEN_MAX)) {
		return SP_ELIMIT;
	}
	struct sp_vc_listener *l = sp_calloc(1, sizeof(*l));
	if (!l) {
		return SP_ENOMEM;
	}
	memcpy(l->name, name, strlen(name) + 1);
	l->conf = *conf;
	vc->listener[vc->n_listeners++] = l;
	return SP_OK;
}

/* ---- that nobody answers ---- */

static bool waits(const struct sp_port *p)
{
	return p->dynamic && p->state == SP_PORT_CREATING;
}

int sp_vc_tick(struct sp_vc *vc, uint64_t now_us)
{
	for (size_t i = 0; i < vc->n; i++) {
		struct sp_port *p = vc->port[i];

		if (waits(p) && p->deadline == 0) {
			p->deadline = now_us + ANSWER_US;
		} else if (waits(p) && p->deadline <= now_us) {
			sp_log(SP_LOG_DEBUG, "channel %s: no answer", p->name);
			sp_port_lost(p);
			/* An answer that comes late would leave it open there. */
			int rc = vc->dyn_state == SP_VC_DYN_READY ? send_close(vc, p->id) : SP_OK;
			if (rc != SP_OK) {
				return rc;
			}
		}
	}
	return SP_OK;
}

uint64_t sp_vc_deadline(const struct sp_vc *vc)
{
	uint64_t at = 0;

	for (size_t i = 0; i < vc->n; i++) {
		const struct sp_port *p = vc->port[i];

		if (waits(p) && p->deadline != 0 && (at == 0 || p->deadline < at)) {
			at = p->deadline;
		}
	}
	return at;
}

/* ---- what comes ---- */

static int on_caps_response(struct sp_vc *vc, struct sp_rd *r)
{
	uint16_t version;
	int rc = sp_dvc_caps_response_read(r, &version);

	if (rc != SP_OK) {
		return broken(vc, "capabilities");
	}
	if (vc->dyn_state != SP_VC_DYN_WAIT_CAPS) {
		return SP_OK;
	}
	vc->caps.version = version < SP_DVC_VERSION ? version : SP_DVC_VERSION;
	vc->dyn_state = SP_VC_DYN_READY;
	for (size_t i = 0; rc == SP_OK && i < vc->n; i++) {
		if (vc->port[i]->dynamic && vc->port[i]->state == SP_PORT_CREATING) {
			rc = send_create(vc, vc->port[i]);
		}
	}
	return rc;
}

static int on_caps_request(struct sp_vc *vc, struct sp_rd *r)
{
	struct sp_dvc_caps caps;

	if (sp_dvc_caps_read(r, &caps) != SP_OK) {
		return broken(vc, "capabilities");
	}
	if (caps.version > SP_DVC_VERSION) {
		caps.version = SP_DVC_VERSION;
	}
	vc->caps = caps;
	vc->dyn_state = SP_VC_DYN_READY;
	return send_caps(vc);
}

static int on_create_response(struct sp_vc *vc, struct sp_rd *r, uint32_t id)
{
	struct sp_port *p = find_port(vc, id);
	uint32_t status;

	if (sp_dvc_create_response_read(r, &status) != SP_OK) {
		return broken(vc, "answer to a creation");
	}
	if (!p || p->state != SP_PORT_CREATING || vc->dyn_state != SP_VC_DYN_READY) {
		return SP_OK; /* late, twice, or nothing we asked for */
	}
	if (status >> 31) {
		sp_log(SP_LOG_DEBUG, "channel %s is not taken: 0x%08x", p->name, status);
		sp_port_lost(p);
		return SP_OK;
	}
	p->state = SP_PORT_OPEN;
	sp_port_due(p, SP_VC_OPENED);
	return SP_OK;
}

static const struct sp_vc_listener *find_listener(const struct sp_vc *vc, const char *name)
{
	for (size_t i = 0; i < vc->n_listeners; i++) {
		if (sp_dvcs_same_name(vc->listener[i]->name, name)) {
			return vc->listener[i];
		}
	}
	return NULL;
}

int sp_vc_dynamic_take_name(struct sp_vc *vc, const char *name, struct sp_port **out)
{
	const struct sp_vc_listener *l = find_listener(vc, name);

	return l ? create_dynamic(vc, l->name, &l->conf, out) : SP_ENOTFOUND;
}

static int on_create_request(struct sp_vc *vc, struct sp_rd *r, const struct sp_dvc_head *head)
{
	struct sp_port *p = NULL;
	char name[SP_DVC_NAME];
	struct sp_wr w;
	int rc;

	if (sp_dvc_create_read(r, name) != SP_OK || find_port(vc, head->id)) {
		return broken(vc, "creation");
	}
	if (vc->dyn_state == SP_VC_DYN_IDLE) {
		/* Some servers never ask; they wait for the answer all the same. */
		vc->caps.version = SP_DVC_VERSION;
		vc->dyn_state = SP_VC_DYN_READY;
		rc = send_caps(vc);
		if (rc != SP_OK) {
			return rc;
		}
	}
	rc = sp_vc_dynamic_take_name(vc, name, &p);
	if (rc == SP_ENOMEM) {
		return rc;
	}
	if (p) {
		p->id = head->id;
		p->priority = head->sp;
		sp_port_due(p, SP_VC_OPENED);
	}
	sp_wr_init(&w, SP_DVC_PDU);
	sp_dvc_create_response_write(&w, head->id, p ? SP_DVC_STATUS_OK : SP_DVC_STATUS_NOT_FOUND);
	return put_control(vc, &w);
}

/* [MS-RDPEDYC] 3.1.5.2.5: each channel has a history of its own. */
static int unpack(struct sp_port *p, struct sp_span *data)
{
	if (!p->dec) {
		p->dec = sp_zgfx_dec_create(SP_ZGFX_LITE, SP_ZGFX_LITE_SEGMENT);
	}
	return p->dec ? sp_zgfx_decode(p->dec, *data, data) : SP_ENOMEM;
}

static int take_data(struct sp_port *p, const struct sp_dvc_data *data)
{
	struct sp_svc_chunk chunk = {.data = data->data};
	int rc = data->compressed ? unpack(p, &chunk.data) : SP_OK;

	if (rc != SP_OK) {
		return rc;
	}
	if (data->first) {
		chunk.flags = SP_SVC_FIRST;
		chunk.total = data->total;
	} else if (p->in.open) {
		chunk.total = p->in.total;
	} else {
		chunk.flags = SP_SVC_FIRST;
		chunk.total = (uint32_t)chunk.data.n;
	}
	size_t have = p->in.open ? p->in.data.n : 0;
	chunk.flags |= chunk.data.n == chunk.total - have ? SP_SVC_LAST : 0;
	return sp_port_take(p, &chunk);
}

static int on_data(struct sp_vc *vc, struct sp_rd *r, const struct sp_dvc_head *head)
{
	struct sp_port *p = find_port(vc, head->id);
	struct sp_dvc_data data;

	if (sp_dvc_data_read(r, head, &data) != SP_OK ||
			(data.compressed && vc->caps.version < 3)) {
		return broken(vc, "data");
	}
	if (!p || p->state != SP_PORT_OPEN) {
		return SP_OK; /* on its way while we closed it, or nothing that was opened */
	}
	vc->compresses |= data.compressed;
	int rc = take_data(p, &data);
	if (rc < 0 && rc != SP_ENOMEM) {
		sp_log(SP_LOG_DEBUG, "channel %s: %s", p->name, sp_err_text(rc));
		sp_port_lost(p);
		rc = send_close(vc, head->id);
	}
	return rc;
}

static int on_close(struct sp_vc *vc, uint32_t id)
{
	struct sp_port *p = find_port(vc, id);

	if (!p) {
		return SP_OK;
	}
	sp_port_lost(p);
	return vc->server ? SP_OK : send_close(vc, id);
}

static int on_pdu(struct sp_vc *vc, struct sp_span pdu)
{
	struct sp_dvc_head head;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_dvc_head_read(&r, &head) != SP_OK) {
		return broken(vc, "head");
	}
	switch (head.cmd) {
	case SP_DVC_CAPS:
		return vc->server ? on_caps_response(vc, &r) : on_caps_request(vc, &r);
	case SP_DVC_CREATE:
		return vc->server ? on_create_response(vc, &r, head.id)
				  : on_create_request(vc, &r, &head);
	case SP_DVC_DATA_FIRST:
	case SP_DVC_DATA:
	case SP_DVC_DATA_FIRST_COMPRESSED:
	case SP_DVC_DATA_COMPRESSED:
		return on_data(vc, &r, &head);
	case SP_DVC_CLOSE:
		return on_close(vc, head.id);
	case SP_DVC_SOFT_SYNC_REQUEST:
		/* [MS-RDPEDYC] 3.2.5.3.1: without an answer everything stays where it is. */
		return vc->server ? broken(vc, "soft sync") : SP_OK;
	default:
		return broken(vc, "command");
	}
}

int sp_vc_dynamic_take(struct sp_vc *vc, const struct sp_svc_chunk *chunk)
{
	struct sp_span pdu;

	if (vc->dyn_state == SP_VC_DYN_BROKEN) {
		return SP_OK;
	}
	int rc = sp_svc_join_add(&vc->dyn_in, chunk, &pdu);
	if (rc == SP_ENOMEM) {
		return rc;
	}
	if (rc < 0) {
		return broken(vc, sp_err_text(rc));
	}
	return rc == 1 ? on_pdu(vc, pdu) : SP_OK;
}

/* ---- what goes ---- */

/* From one message to the next; without memory it goes as it is. */
static void choose_packing(struct sp_port *p)
{
	if (p->vc->compresses && !p->enc && !p->conf.dense) {
		p->enc = sp_zgfx_enc_create(SP_ZGFX_LITE);
	}
	p->packed = p->enc != NULL;
}

size_t sp_vc_dynamic_write(struct sp_port *p, struct sp_span message, struct sp_wr *w)
{
	struct sp_svc_chunk chunk = {.flags = SP_SVC_FIRST | SP_SVC_LAST};
	size_t at = w->n;

	if (!p->begun) {
		choose_packing(p);
	}
	struct sp_dvc_data data = {.id = p->id,
			.first = !p->begun && message.n > SP_DVC_WHOLE,
			.compressed = p->packed,
			.total = (uint32_t)message.n};
	size_t room = SP_DVC_PDU - sp_dvc_data_overhead(&data) - (p->packed ? SP_ZGFX_OVERHEAD : 0);
	size_t left = message.n - p->done, n = left < room ? left : room;
	struct sp_span part = n > 0 ? sp_span(message.p + p->done, n) : sp_span(NULL, 0);

	data.data = p->packed ? sp_span(NULL, 0) : part;
	sp_svc_write(w, &chunk);
	sp_dvc_data_write(w, &data);
	if (p->packed && sp_zgfx_encode(p->enc, part, w) != SP_OK) {
		return 0; /* what is wrong sticks to w */
	}
	sp_wr_fill_le32(w, at, w->n - at - SP_SVC_HEADER);
	return n;
}

/* [MS-RDPEDYC] 2.2.1.1.2: bandwidth is in inverse proportion to the charge; 0 does not wait. */
unsigned sp_vc_dynamic_share(const struct sp_port *p)
{
	const uint16_t *charge = p->vc->caps.charge;
	unsigned least = UINT16_MAX;

	if (charge[p->priority] == 0) {
		return SP_VC_TURN;
	}
	for (size_t i = 0; i < SP_DVC_PRIORITIES; i++) {
		least = charge[i] != 0 && charge[i] < least ? charge[i] : least;
	}
	unsigned share = SP_VC_TURN * least / charge[p->priority];
	return share > 0 ? share : 1;
}

void sp_vc_dynamic_finish(struct sp_vc *vc)
{
	drop_control(vc);
	sp_svc_join_finish(&vc->dyn_in);
	for (size_t i = 0; i < vc->n_listeners; i++) {
		sp_free(vc->listener[i]);
	}
}
