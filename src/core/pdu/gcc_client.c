/* core/pdu/gcc_client.c - see gcc_client.h. */
#include "core/pdu/gcc_client.h"

#include <string.h>

#include "core/base/utf16.h"

#define CHANNEL_SIZE 12
#define MONITOR_SIZE 20
#define MONITOR_EX_SIZE 20
#define CLIENT_NAME_SIZE 32
#define IME_FILE_NAME_SIZE 64
#define DIG_PRODUCT_ID_SIZE 64

/* A field of UTF-16 of this many bytes, NUL included. What does not fit is cut on both ways. */
static void name_read(struct sp_rd *r, size_t size, char *out, size_t cap)
{
	struct sp_span s = sp_rd_span(r, size);

	sp_utf16_to_utf8(s, out, cap);
}

static void name_write(struct sp_wr *w, size_t size, const char *s)
{
	size_t from = w->n;

	sp_utf16_write(w, s);
	size_t n = w->n - from, most = size - 2 /* NUL */;

	if (n > most) {
		sp_wr_shrink(w, n - most);
		n = most;
	}
	sp_wr_zero(w, size - n);
}

/* One optional field: read when there is room for all of it and for all before it. */
static bool tail_has(struct sp_rd *r, struct sp_gcc_cs_core *c, enum sp_gcc_tail field, size_t size)
{
	if (c->n_tail != field || !(size <= sp_rd_left(r))) {
		return false;
	}
	c->n_tail++;
	return true;
}

static uint16_t tail_le16(struct sp_rd *r, struct sp_gcc_cs_core *c, enum sp_gcc_tail field)
{
	return tail_has(r, c, field, 2) ? sp_rd_le16(r) : 0;
}

static uint32_t tail_le32(struct sp_rd *r, struct sp_gcc_cs_core *c, enum sp_gcc_tail field)
{
	return tail_has(r, c, field, 4) ? sp_rd_le32(r) : 0;
}

/* [MS-RDPBCGR] 2.2.1.3.2 Client Core Data (TS_UD_CS_CORE) */
static void core_read(struct sp_rd *r, struct sp_gcc_cs_core *c)
{
	r->what = "gcc.core";
	c->version = sp_rd_le32(r);
	c->desktop_width = sp_rd_le16(r);
	c->desktop_height = sp_rd_le16(r);
	c->color_depth = sp_rd_le16(r);
	c->sas_sequence = sp_rd_le16(r);
	c->keyboard_layout = sp_rd_le32(r);
	c->client_build = sp_rd_le32(r);
	name_read(r, CLIENT_NAME_SIZE, c->client_name, sizeof(c->client_name));
	c->keyboard_type = sp_rd_le32(r);
	c->keyboard_subtype = sp_rd_le32(r);
	c->keyboard_function_key = sp_rd_le32(r);
	name_read(r, IME_FILE_NAME_SIZE, c->ime_file_name, sizeof(c->ime_file_name));
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	c->post_beta2_color_depth = tail_le16(r, c, SP_GCC_TAIL_COLOR_DEPTH2);
	c->client_product_id = tail_le16(r, c, SP_GCC_TAIL_PRODUCT_ID);
	c->serial_number = tail_le32(r, c, SP_GCC_TAIL_SERIAL);
	c->high_color_depth = tail_le16(r, c, SP_GCC_TAIL_HIGH_COLOR);
	c->supported_color_depths = tail_le16(r, c, SP_GCC_TAIL_COLOR_DEPTHS);
	c->early_capability_flags = tail_le16(r, c, SP_GCC_TAIL_EARLY_FLAGS);
	if (tail_has(r, c, SP_GCC_TAIL_DIG_PRODUCT_ID, DIG_PRODUCT_ID_SIZE)) {
		name_read(r, DIG_PRODUCT_ID_SIZE, c->client_dig_product_id,
				sizeof(c->client_dig_product_id));
	}
	if (tail_has(r, c, SP_GCC_TAIL_CONNECTION_TYPE, 1)) {
		uint8_t type = sp_rd_u8(r);

		if (c->early_capability_flags & SP_GCC_CS_VALID_CONNECTION_TYPE) {
			c->connection_type = type;
		}
	}
	if (tail_has(r, c, SP_GCC_TAIL_PAD, 1)) {
		sp_rd_skip(r, 1);
	}
	c->server_selected_protocol = tail_le32(r, c, SP_GCC_TAIL_SELECTED_PROTOCOL);
	c->desktop_physical_width = tail_le32(r, c, SP_GCC_TAIL_PHYSICAL_WIDTH);
	c->desktop_physical_height = tail_le32(r, c, SP_GCC_TAIL_PHYSICAL_HEIGHT);
	c->desktop_orientation = tail_le16(r, c, SP_GCC_TAIL_ORIENTATION);
	c->desktop_scale_factor = tail_le32(r, c, SP_GCC_TAIL_DESKTOP_SCALE);
	c->device_scale_factor = tail_le32(r, c, SP_GCC_TAIL_DEVICE_SCALE);
}

static void core_write_tail(struct sp_wr *w, const struct sp_gcc_cs_core *c, enum sp_gcc_tail field)
{
	switch (field) {
	case SP_GCC_TAIL_COLOR_DEPTH2:
		sp_wr_le16(w, c->post_beta2_color_depth);
		break;
	case SP_GCC_TAIL_PRODUCT_ID:
		sp_wr_le16(w, c->client_product_id);
		break;
	case SP_GCC_TAIL_SERIAL:
		sp_wr_le32(w, c->serial_number);
		break;
	case SP_GCC_TAIL_HIGH_COLOR:
		sp_wr_le16(w, c->high_color_depth);
		break;
	case SP_GCC_TAIL_COLOR_DEPTHS:
		sp_wr_le16(w, c->supported_color_depths);
		break;
	case SP_GCC_TAIL_EARLY_FLAGS:
		sp_wr_le16(w, c->early_capability_flags);
		break;
	case SP_GCC_TAIL_DIG_PRODUCT_ID:
		name_write(w, DIG_PRODUCT_ID_SIZE, c->client_dig_product_id);
		break;
	case SP_GCC_TAIL_CONNECTION_TYPE:
		sp_wr_u8(w, c->connection_type);
		break;
	case SP_GCC_TAIL_PAD:
		sp_wr_u8(w, 0);
		break;
	case SP_GCC_TAIL_SELECTED_PROTOCOL:
		sp_wr_le32(w, c->server_selected_protocol);
		break;
	case SP_GCC_TAIL_PHYSICAL_WIDTH:
		sp_wr_le32(w, c->desktop_physical_width);
		break;
	case SP_GCC_TAIL_PHYSICAL_HEIGHT:
		sp_wr_le32(w, c->desktop_physical_height);
		break;
	case SP_GCC_TAIL_ORIENTATION:
		sp_wr_le16(w, c->desktop_orientation);
		break;
	case SP_GCC_TAIL_DESKTOP_SCALE:
		sp_wr_le32(w, c->desktop_scale_factor);
		break;
	case SP_GCC_TAIL_DEVICE_SCALE:
		sp_wr_le32(w, c->device_scale_factor);
		break;
	case SP_GCC_TAIL_ALL:
		break;
	}
}

static void core_write(struct sp_wr *w, const struct sp_gcc_cs_core *c)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_CS_CORE);

	sp_wr_le32(w, c->version);
	sp_wr_le16(w, c->desktop_width);
	sp_wr_le16(w, c->desktop_height);
	sp_wr_le16(w, c->color_depth);
	sp_wr_le16(w, c->sas_sequence);
	sp_wr_le32(w, c->keyboard_layout);
	sp_wr_le32(w, c->client_build);
	name_write(w, CLIENT_NAME_SIZE, c->client_name);
	sp_wr_le32(w, c->keyboard_type);
	sp_wr_le32(w, c->keyboard_subtype);
	sp_wr_le32(w, c->keyboard_function_key);
	name_write(w, IME_FILE_NAME_SIZE, c->ime_file_name);
	for (int f = 0; f < c->n_tail && f < SP_GCC_TAIL_ALL; f++) {
		core_write_tail(w, c, (enum sp_gcc_tail)f);
	}
	sp_gcc_block_end(w, mark);
}

static void list_end(struct sp_rd *r)
{
	if (sp_rd_left(r) > 0) {
		sp_rd_fail(r, SP_ETRAIL, r->what);
	}
}

/* [MS-RDPBCGR] 2.2.1.3.4 Client Network Data (TS_UD_CS_NET) */
static void net_read(struct sp_rd *r, struct sp_gcc_client *out)
{
	r->what = "gcc.net";
	uint32_t n = sp_rd_le32(r);

	if (sp_rd_ok(r) == SP_OK && !(n <= SP_GCC_MAX_CHANNELS)) {
		sp_rd_fail(r, SP_ELIMIT, "gcc.net.channelCount");
	}
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	for (out->n_channels = 0; out->n_channels < n; out->n_channels++) {
		struct sp_gcc_channel *c = &out->channel[out->n_channels];

		sp_rd_copy(r, c->name, sizeof(c->name));
		c->options = sp_rd_le32(r);
		if (!memchr(c->name, 0, sizeof(c->name))) {
			sp_rd_fail(r, SP_EFIELD, "gcc.net.name");
			return;
		}
		/* Whatever stands behind the NUL is no part of the name. */
		memset(c->name + strlen(c->name), 0, sizeof(c->name) - strlen(c->name));
	}
	list_end(r);
}

static void net_write(struct sp_wr *w, const struct sp_gcc_client *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_CS_NET);

	sp_wr_le32(w, (uint32_t)in->n_channels);
	for (size_t i = 0; i < in->n_channels; i++) {
		sp_wr_put(w, in->channel[i].name, sizeof(in->channel[i].name));
		sp_wr_le32(w, in->channel[i].options);
	}
	sp_gcc_block_end(w, mark);
}

static bool monitor_is_sane(const struct sp_gcc_monitor *m)
{
	return INT16_MIN <= m->left && m->left <= m->right && m->right <= INT16_MAX &&
			INT16_MIN <= m->top && m->top <= m->bottom && m->bottom <= INT16_MAX;
}

/* monitorCount, which two blocks have and in which they must agree. */
static uint32_t monitor_count(struct sp_rd *r, const struct sp_gcc_client *out, bool other)
{
	uint32_t n = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	if (!(n <= SP_GCC_MAX_MONITORS)) {
		sp_rd_fail(r, SP_ELIMIT, "gcc.monitorCount");
		return 0;
	}
	if (other && n != out->n_monitors) {
		sp_rd_fail(r, SP_EFIELD, "gcc.monitorCount");
		return 0;
	}
	return n;
}

/* [MS-RDPBCGR] 2.2.1.3.6 Client Monitor Data (TS_UD_CS_MONITOR) */
static void monitor_read(struct sp_rd *r, struct sp_gcc_client *out)
{
	r->what = "gcc.monitor";
	sp_rd_skip(r, 4 /* flags */);
	uint32_t n = monitor_count(r, out, out->has_monitor_ex);

	for (uint32_t i = 0; i < n; i++) {
		struct sp_gcc_monitor *m = &out->monitor[i];

		m->left = (int32_t)sp_rd_le32(r);
		m->top = (int32_t)sp_rd_le32(r);
		m->right = (int32_t)sp_rd_le32(r);
		m->bottom = (int32_t)sp_rd_le32(r);
		m->flags = sp_rd_le32(r);
		if (sp_rd_ok(r) == SP_OK && !monitor_is_sane(m)) {
			sp_rd_fail(r, SP_EFIELD, "gcc.monitor");
		}
	}
	out->n_monitors = n;
	list_end(r);
}

static void monitor_write(struct sp_wr *w, const struct sp_gcc_client *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_CS_MONITOR);

	sp_wr_le32(w, 0 /* flags */);
	sp_wr_le32(w, (uint32_t)in->n_monitors);
	for (size_t i = 0; i < in->n_monitors; i++) {
		sp_wr_le32(w, (uint32_t)in->monitor[i].left);
		sp_wr_le32(w, (uint32_t)in->monitor[i].top);
		sp_wr_le32(w, (uint32_t)in->monitor[i].right);
		sp_wr_le32(w, (uint32_t)in->monitor[i].bottom);
		sp_wr_le32(w, in->monitor[i].flags);
	}
	sp_gcc_block_end(w, mark);
}

/* [MS-RDPBCGR] 2.2.1.3.10 Client Monitor Extended Data (TS_UD_CS_MONITOR_EX) */
static void monitor_ex_read(struct sp_rd *r, struct sp_gcc_client *out)
{
	r->what = "gcc.monitorEx";
	sp_rd_skip(r, 4 /* flags */);
	uint32_t size = sp_rd_le32(r);
	uint32_t n = monitor_count(r, out, out->has_monitor);

	if (sp_rd_ok(r) == SP_OK && size != MONITOR_EX_SIZE) {
		sp_rd_fail(r, SP_EFIELD, "gcc.monitorAttributeSize");
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct sp_gcc_monitor_ex *m = &out->monitor_ex[i];

		m->physical_width = sp_rd_le32(r);
		m->physical_height = sp_rd_le32(r);
		m->orientation = sp_rd_le32(r);
		m->desktop_scale_factor = sp_rd_le32(r);
		m->device_scale_factor = sp_rd_le32(r);
	}
	out->n_monitors = n;
	list_end(r);
}

static void monitor_ex_write(struct sp_wr *w, const struct sp_gcc_client *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_CS_MONITOR_EX);

	sp_wr_le32(w, 0 /* flags */);
	sp_wr_le32(w, MONITOR_EX_SIZE);
	sp_wr_le32(w, (uint32_t)in->n_monitors);
	for (size_t i = 0; i < in->n_monitors; i++) {
		sp_wr_le32(w, in->monitor_ex[i].physical_width);
		sp_wr_le32(w, in->monitor_ex[i].physical_height);
		sp_wr_le32(w, in->monitor_ex[i].orientation);
		sp_wr_le32(w, in->monitor_ex[i].desktop_scale_factor);
		sp_wr_le32(w, in->monitor_ex[i].device_scale_factor);
	}
	sp_gcc_block_end(w, mark);
}

/* Where it is noted that a block of this type came; NULL for one that is skipped. */
static bool *has_flag(struct sp_gcc_client *out, uint16_t type, bool *has_core)
{
	switch (type) {
	case SP_GCC_CS_CORE:
		return has_core;
	case SP_GCC_CS_SECURITY:
		return &out->has_security;
	case SP_GCC_CS_NET:
		return &out->has_net;
	case SP_GCC_CS_CLUSTER:
		return &out->has_cluster;
	case SP_GCC_CS_MONITOR:
		return &out->has_monitor;
	case SP_GCC_CS_MONITOR_EX:
		return &out->has_monitor_ex;
	case SP_GCC_CS_MCS_MSGCHANNEL:
		return &out->has_msgchannel;
	case SP_GCC_CS_MULTITRANSPORT:
		return &out->has_multitransport;
	default:
		return NULL;
	}
}

/*
 * Lists end with their block. Behind the fields of the other blocks newer clients may add some,
 * as they have done to the core block.
 */
static void block_read(struct sp_rd *b, uint16_t type, struct sp_gcc_client *out)
{
	switch (type) {
	case SP_GCC_CS_CORE:
		core_read(b, &out->core);
		break;
	case SP_GCC_CS_SECURITY:
		out->encryption_methods = sp_rd_le32(b);
		out->ext_encryption_methods = sp_rd_le32(b);
		break;
	case SP_GCC_CS_NET:
		net_read(b, out);
		break;
	case SP_GCC_CS_CLUSTER:
		out->cluster_flags = sp_rd_le32(b);
		out->redirected_session_id = sp_rd_le32(b);
		break;
	case SP_GCC_CS_MONITOR:
		monitor_read(b, out);
		break;
	case SP_GCC_CS_MONITOR_EX:
		monitor_ex_read(b, out);
		break;
	case SP_GCC_CS_MCS_MSGCHANNEL:
		out->msgchannel_flags = sp_rd_le32(b);
		break;
	case SP_GCC_CS_MULTITRANSPORT:
		out->multitransport_flags = sp_rd_le32(b);
		break;
	default:
		break;
	}
}

int sp_gcc_client_read(struct sp_rd *r, struct sp_gcc_client *out)
{
	bool has_core = false;
	struct sp_rd body;
	uint16_t type;

	*out = (struct sp_gcc_client){0};
	if (sp_gcc_request_open(r) != SP_OK) {
		return r->err;
	}
	while (sp_gcc_next(r, &type, &body)) {
		bool *has = has_flag(out, type, &has_core);

		if (!has) {
			continue;
		}
		if (*has) {
			return sp_rd_fail(&body, SP_EFIELD, "gcc.duplicate");
		}
		block_read(&body, type, out);
		*has = true;
	}
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!has_core) {
		return sp_rd_fail(r, SP_EFIELD, "gcc.core");
	}
	if (out->has_monitor_ex && !out->has_monitor) {
		return sp_rd_fail(r, SP_EFIELD, "gcc.monitorEx");
	}
	return sp_rd_end(r);
}

static void block_write_le32(struct sp_wr *w, enum sp_gcc_type type, uint32_t v)
{
	size_t mark = sp_gcc_block_begin(w, type);

	sp_wr_le32(w, v);
	sp_gcc_block_end(w, mark);
}

static void block_write_two(struct sp_wr *w, enum sp_gcc_type type, uint32_t a, uint32_t b)
{
	size_t mark = sp_gcc_block_begin(w, type);

	sp_wr_le32(w, a);
	sp_wr_le32(w, b);
	sp_gcc_block_end(w, mark);
}

void sp_gcc_client_write(struct sp_wr *w, const struct sp_gcc_client *in)
{
	if (!(in->n_channels <= SP_GCC_MAX_CHANNELS && in->n_monitors <= SP_GCC_MAX_MONITORS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	size_t mark = sp_gcc_request_begin(w);

	core_write(w, &in->core);
	if (in->has_cluster) {
		block_write_two(w, SP_GCC_CS_CLUSTER, in->cluster_flags, in->redirected_session_id);
	}
	if (in->has_security) {
		block_write_two(w, SP_GCC_CS_SECURITY, in->encryption_methods,
				in->ext_encryption_methods);
	}
	if (in->has_net) {
		net_write(w, in);
	}
	if (in->has_monitor) {
		monitor_write(w, in);
	}
	if (in->has_msgchannel) {
		block_write_le32(w, SP_GCC_CS_MCS_MSGCHANNEL, in->msgchannel_flags);
	}
	if (in->has_multitransport) {
		block_write_le32(w, SP_GCC_CS_MULTITRANSPORT, in->multitransport_flags);
	}
	if (in->has_monitor_ex) {
		monitor_ex_write(w, in);
	}
	sp_gcc_request_end(w, mark);
}

/* colorDepth and postBeta2ColorDepth; 0 for a value that is neither. */
static uint8_t depth_of(uint16_t color)
{
	switch (color) {
	case SP_GCC_COLOR_4BPP:
	case SP_GCC_COLOR_8BPP:
		return 8;
	case SP_GCC_COLOR_16BPP_555:
		return 15;
	case SP_GCC_COLOR_16BPP_565:
		return 16;
	case SP_GCC_COLOR_24BPP:
		return 24;
	default:
		return 0;
	}
}

uint8_t sp_gcc_client_bpp(const struct sp_gcc_cs_core *core)
{
	uint16_t high = core->high_color_depth;
	uint8_t depth;

	if (core->early_capability_flags & SP_GCC_CS_WANT_32BPP) {
		return 32;
	}
	if (high == 15 || high == 16 || high == 24) {
		return (uint8_t)high;
	}
	if (high == 4 || high == 8) {
		return 8;
	}
	depth = depth_of(core->post_beta2_color_depth);
	if (depth == 0) {
		depth = depth_of(core->color_depth);
	}
	return depth ? depth : 8;
}

void sp_gcc_client_set_bpp(struct sp_gcc_cs_core *core, uint8_t bpp)
{
	core->color_depth = SP_GCC_COLOR_8BPP;
	core->post_beta2_color_depth = SP_GCC_COLOR_8BPP;
	core->high_color_depth = bpp == 32 ? 24 : bpp;
	core->supported_color_depths = SP_GCC_SUPPORT_24BPP | SP_GCC_SUPPORT_16BPP |
			SP_GCC_SUPPORT_15BPP | SP_GCC_SUPPORT_32BPP;
	core->early_capability_flags &= (uint16_t)~SP_GCC_CS_WANT_32BPP;
	if (bpp == 32) {
		core->early_capability_flags |= SP_GCC_CS_WANT_32BPP;
	}
	if (core->n_tail <= SP_GCC_TAIL_EARLY_FLAGS) {
		core->n_tail = SP_GCC_TAIL_EARLY_FLAGS + 1;
	}
}
