/* core/rdp/vc_save.c - see client_replay.h: the dynamic channels between two PDUs, and back. */
#include <string.h>

#include "core/base/mem.h"
#include "core/rdp/client_replay.h"
#include "core/rdp/dvcs.h"
#include "core/rdp/vc_port.h"

#define MAGIC 0x31544356u /* "VCT1" */

/* ---- out ---- */

static size_t begin(struct sp_wr *w)
{
	return sp_wr_hole(w, 4);
}

static void end(struct sp_wr *w, size_t mark)
{
	sp_wr_fill_le32(w, mark, w->n - mark - 4);
}

static void save_join(const struct sp_svc_join *j, struct sp_wr *w)
{
	sp_wr_u8(w, j->open);
	if (j->open) {
		sp_wr_le32(w, j->total);
		size_t mark = begin(w);
		sp_wr_put(w, j->data.p, j->data.n);
		end(w, mark);
	}
}

static int save_port(const struct sp_port *p, struct sp_wr *w)
{
	size_t mark = begin(w);
	int rc = SP_OK;

	sp_wr_put(w, p->name, strlen(p->name));
	end(w, mark);
	sp_wr_le32(w, p->id);
	sp_wr_u8(w, p->priority);
	save_join(&p->in, w);
	mark = begin(w);
	if (p->dec) {
		rc = sp_zgfx_dec_save(p->dec, w);
	}
	end(w, mark);
	return rc;
}

static bool counts(const struct sp_port *p)
{
	return p->dynamic && p->state == SP_PORT_OPEN;
}

int sp_vc_replay_save(const struct sp_vc *vc, struct sp_wr *w)
{
	uint16_t n = 0;
	int rc = SP_OK;

	if (vc->n_due > 0) {
		return SP_ESTATE;
	}
	sp_wr_le32(w, MAGIC);
	sp_wr_u8(w, (uint8_t)vc->dyn_state);
	sp_wr_u8(w, vc->compresses);
	sp_wr_le16(w, vc->caps.version);
	for (size_t i = 0; i < SP_DVC_PRIORITIES; i++) {
		sp_wr_le16(w, vc->caps.charge[i]);
	}
	save_join(&vc->dyn_in, w);
	for (size_t i = 0; i < vc->n; i++) {
		n += counts(vc->port[i]);
	}
	sp_wr_le16(w, n);
	for (size_t i = 0; i < vc->n && rc == SP_OK; i++) {
		if (counts(vc->port[i])) {
			rc = save_port(vc->port[i], w);
		}
	}
	return rc == SP_OK ? sp_wr_ok(w) : rc;
}

/* ---- in ---- */

static struct sp_span block(struct sp_rd *r)
{
	return sp_rd_span(r, sp_rd_le32(r));
}

static int load_join(struct sp_svc_join *j, struct sp_rd *r)
{
	sp_wr_reset(&j->data);
	j->open = sp_rd_u8(r) & 1;
	if (!j->open) {
		return sp_rd_ok(r);
	}
	j->total = sp_rd_le32(r);
	struct sp_span data = block(r);
	if (sp_rd_ok(r) == SP_OK && !(j->total <= j->data.max && data.n <= j->total)) {
		sp_rd_fail(r, SP_EFIELD, "vc.state.join");
	}
	if (sp_rd_ok(r) != SP_OK) {
		j->open = false;
		return sp_rd_ok(r);
	}
	sp_wr_span(&j->data, data);
	return sp_wr_ok(&j->data);
}

static bool has_id(const struct sp_vc *vc, uint32_t id)
{
	for (size_t i = 0; i < vc->n; i++) {
		if (counts(vc->port[i]) && vc->port[i]->id == id) {
			return true;
		}
	}
	return false;
}

static int load_port(struct sp_vc *vc, struct sp_rd *r)
{
	struct sp_span name = block(r);
	char text[SP_DVC_NAME];
	struct sp_port *p;

	uint32_t id = sp_rd_le32(r);
	uint8_t priority = sp_rd_u8(r);
	if (sp_rd_ok(r) == SP_OK &&
			!(0 < name.n && name.n < sizeof(text) &&
					memchr(name.p, 0, name.n) == NULL &&
					priority < SP_DVC_PRIORITIES && !has_id(vc, id))) {
		sp_rd_fail(r, SP_EFIELD, "vc.state.port");
	}
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	int rc = sp_vc_dynamic_take_name(vc, text, &p);
	if (rc != SP_OK) {
		return rc;
	}
	p->id = id;
	p->priority = priority;
	sp_port_due(p, SP_VC_OPENED);
	rc = load_join(&p->in, r);
	vc->held += p->in.open ? p->in.data.n : 0;
	struct sp_span dec = block(r);
	rc = rc == SP_OK ? sp_rd_ok(r) : rc;
	if (rc == SP_OK && dec.n > 0) {
		p->dec = sp_zgfx_dec_create(SP_ZGFX_LITE, SP_ZGFX_LITE_SEGMENT);
		rc = p->dec ? sp_zgfx_dec_load(p->dec, dec) : SP_ENOMEM;
	}
	return rc;
}

int sp_vc_replay_load(struct sp_vc *vc, struct sp_span state)
{
	struct sp_rd r;
	int rc;

	if (vc->server || vc->n > 0) {
		return SP_EARG;
	}
	sp_rd_init(&r, state.p, state.n);
	if (sp_rd_le32(&r) != MAGIC) {
		sp_rd_fail(&r, SP_EFIELD, "vc.state.magic");
	}
	uint8_t dyn = sp_rd_u8(&r);
	vc->compresses = sp_rd_u8(&r) & 1;
	vc->caps.version = sp_rd_le16(&r);
	for (size_t i = 0; i < SP_DVC_PRIORITIES; i++) {
		vc->caps.charge[i] = sp_rd_le16(&r);
	}
	if (dyn != SP_VC_DYN_IDLE && dyn != SP_VC_DYN_READY && dyn != SP_VC_DYN_BROKEN) {
		sp_rd_fail(&r, SP_EFIELD, "vc.state.dynamic");
	}
	rc = load_join(&vc->dyn_in, &r);
	uint16_t n = sp_rd_le16(&r);
	rc = rc == SP_OK ? sp_rd_ok(&r) : rc;
	if (rc == SP_OK && !(n <= SP_VC_DYNAMIC_MAX)) {
		rc = sp_rd_fail(&r, SP_ELIMIT, "vc.state.ports");
	}
	vc->dyn_state = (enum sp_vc_dynamic_state)dyn;
	for (; n > 0 && rc == SP_OK; n--) {
		rc = load_port(vc, &r);
	}
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}
