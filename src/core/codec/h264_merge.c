/* core/codec/h264_merge.c - see h264_merge.h. */
#include "core/codec/h264_merge.h"

#include "core/base/err.h"
#include "core/codec/h264_bits.h"

#define SLICE_P 0
#define SLICE_I 2
#define SLICE_KINDS 5 /* slice_type above tells that all slices of the picture are of that kind */
#define MAX_BITS 16 /* of frame_num and of pic_order_cnt_lsb */

/* Reads a NAL unit and writes it as another. */
struct copy {
	struct sp_h264_bits in;
	uint8_t *out;
	size_t n;
	unsigned zeros; /* bytes of zero just before the next */
	uint32_t bits; /* not written yet */
	unsigned count; /* of them, below 8 between calls */
};

static void put_byte(struct copy *c, uint8_t v)
{
	if (c->zeros >= 2 && v <= 3) {
		c->out[c->n++] = 3;
		c->zeros = 0;
	}
	c->out[c->n++] = v;
	c->zeros = v == 0 ? c->zeros + 1 : 0;
}

static void put_bits(struct copy *c, uint32_t v, unsigned n)
{
	while (n-- > 0) {
		c->bits = c->bits << 1 | (v >> n & 1);
		if (++c->count == 8) {
			put_byte(c, (uint8_t)c->bits);
			c->count = 0;
		}
	}
}

static void put_golomb(struct copy *c, uint32_t v)
{
	unsigned n = 0;

	while (n < 31 && (v + 1) >> (n + 1) != 0) {
		n++;
	}
	put_bits(c, 0, n);
	put_bits(c, v + 1, n + 1);
}

static uint32_t copy_bits(struct copy *c, unsigned n)
{
	uint32_t v = sp_h264_bits(&c->in, n);

	put_bits(c, v, n);
	return v;
}

static uint32_t copy_golomb(struct copy *c)
{
	uint32_t v = sp_h264_golomb(&c->in);

	put_golomb(c, v);
	return v;
}

/*
 * The rest of the unit as it is, with its stop bit, then zeros up to a whole byte. A unit ends
 * with a byte that is not 0, and the last bit that is set in it is the stop bit.
 */
static void copy_rest(struct copy *c)
{
	unsigned left = c->in.left;

	put_bits(c, c->in.byte & ((1u << left) - 1), left);
	c->in.left = 0;
	for (;;) {
		uint8_t v = sp_h264_byte(&c->in);

		if (c->in.failed) {
			break;
		}
		c->bits = c->bits << 8 | v;
		put_byte(c, (uint8_t)(c->bits >> c->count));
	}
	c->in.failed = false;
	if (c->count > 0) {
		put_byte(c, (uint8_t)(c->bits << (8 - c->count)));
	}
	while (c->n > 0 && c->out[c->n - 1] == 0) {
		c->n--; /* zeros behind the stop bit */
	}
}

/* [ITU-H.264] E.1.1 */
static int copy_vui(struct copy *c)
{
	if (copy_bits(c, 1) && copy_bits(c, 8) == 255) { /* aspect_ratio_idc: Extended_SAR */
		copy_bits(c, 32);
	}
	if (copy_bits(c, 1)) { /* overscan_info_present_flag */
		copy_bits(c, 1);
	}
	if (copy_bits(c, 1)) { /* video_signal_type_present_flag */
		copy_bits(c, 4);
		if (copy_bits(c, 1)) { /* colour_description_present_flag */
			copy_bits(c, 24);
		}
	}
	if (copy_bits(c, 1)) { /* chroma_loc_info_present_flag */
		copy_golomb(c);
		copy_golomb(c);
	}
	if (copy_bits(c, 1)) { /* timing_info_present_flag */
		copy_bits(c, 32);
		copy_bits(c, 32);
		copy_bits(c, 1);
	}
	if (copy_bits(c, 1) || copy_bits(c, 1)) { /* parameters of a buffer that we do not use */
		return SP_ECODEC;
	}
	copy_bits(c, 1); /* pic_struct_present_flag */
	if (copy_bits(c, 1)) { /* bitstream_restriction_flag */
		copy_bits(c, 1);
		for (int i = 0; i < 4; i++) {
			copy_golomb(c);
		}
		copy_golomb(c); /* max_num_reorder_frames */
		uint32_t frames = sp_h264_golomb(&c->in); /* max_dec_frame_buffering */

		put_golomb(c, frames < SP_H264_VIEWS ? SP_H264_VIEWS : frames);
	}
	return SP_OK;
}

/* level_idc: twice the pictures in a second, and two of them kept. [ITU-H.264] table A-1 */
static uint32_t raise_level(uint32_t level)
{
	static const struct {
		uint8_t from, to;
	} levels[] = {{20, 22}, {30, 31}, {31, 32}, {32, 40}, {41, 42}, {50, 51}, {51, 52}};

	for (size_t i = 0; i < SP_LEN(levels); i++) {
		if (level <= levels[i].from) {
			return levels[i].to;
		}
	}
	return level;
}

/* 7.3.2.1.1, with room for a picture of each view */
static int copy_sps(struct copy *c, struct sp_h264_sps *out)
{
	uint32_t profile = copy_bits(c, 8);

	copy_bits(c, 8);
	put_bits(c, raise_level(sp_h264_bits(&c->in, 8)), 8);
	copy_golomb(c); /* seq_parameter_set_id */
	if (sp_h264_high_profile(profile)) {
		for (int i = 0; i < 3; i++) {
			copy_golomb(c); /* chroma format, two bit depths */
		}
		copy_bits(c, 1);
		if (copy_bits(c, 1)) { /* seq_scaling_matrix_present_flag */
			return SP_ECODEC;
		}
	}
	uint32_t frame_num_bits = copy_golomb(c) + 4, order_type = copy_golomb(c), order_bits = 0;

	if (order_type == 0) {
		order_bits = copy_golomb(c) + 4;
	}
	if (frame_num_bits > MAX_BITS || order_bits > MAX_BITS || order_type == 1 ||
			order_type > 2) {
		return SP_ECODEC;
	}
	*out = (struct sp_h264_sps){
			(uint8_t)frame_num_bits, (uint8_t)order_type, (uint8_t)order_bits};
	sp_h264_golomb(&c->in); /* max_num_ref_frames */
	put_golomb(c, SP_H264_VIEWS);
	copy_bits(c, 1);
	copy_golomb(c);
	copy_golomb(c); /* sides */
	if (!copy_bits(c, 1)) { /* frame_mbs_only_flag */
		return SP_ECODEC;
	}
	copy_bits(c, 1);
	if (copy_bits(c, 1)) { /* frame_cropping_flag */
		for (int i = 0; i < 4; i++) {
			copy_golomb(c);
		}
	}
	int rc = copy_bits(c, 1) ? copy_vui(c) : SP_OK;

	if (c->in.failed) {
		return SP_ECODEC;
	}
	copy_rest(c);
	return rc;
}

/* 7.3.2.2 */
static int read_pps(struct sp_h264_bits b, struct sp_h264_pps *out)
{
	*out = (struct sp_h264_pps){0};
	sp_h264_golomb(&b);
	sp_h264_golomb(&b); /* its number, that of the SPS */
	out->cabac = sp_h264_bit(&b);
	out->bottom_order = sp_h264_bit(&b);
	uint32_t groups = sp_h264_golomb(&b), refs = sp_h264_golomb(&b);

	sp_h264_golomb(&b); /* num_ref_idx_l1_default_active_minus1 */
	out->weighted = sp_h264_bit(&b);
	sp_h264_bits(&b, 2);
	sp_h264_signed(&b);
	sp_h264_signed(&b);
	sp_h264_signed(&b); /* pic_init_qp, pic_init_qs, chroma_qp_index_offset */
	out->deblocking = sp_h264_bit(&b);
	sp_h264_bit(&b); /* constrained_intra_pred_flag */
	out->redundant = sp_h264_bit(&b);
	out->refs = (uint8_t)(refs + 1);
	if (b.failed || groups != 0 || refs != 0 || out->weighted || out->redundant ||
			out->bottom_order) {
		return SP_ECODEC;
	}
	return SP_OK;
}

static void put_marking(struct copy *c, const uint32_t *gone, size_t n)
{
	put_bits(c, n > 0, 1); /* adaptive_ref_pic_marking_mode_flag */
	for (size_t i = 0; i < n; i++) {
		put_golomb(c, 1); /* short-term picture is not needed any more */
		put_golomb(c, gone[i] - 1);
	}
	if (n > 0) {
		put_golomb(c, 0);
	}
}

/* What CABAC needs: its bits begin at a whole byte. */
static void copy_aligned(struct copy *c, const struct sp_h264_pps *pps, bool p)
{
	if (p) {
		copy_golomb(c); /* cabac_init_idc */
	}
	copy_golomb(c); /* slice_qp_delta, of which the code is all that counts */
	if (pps->deblocking && copy_golomb(c) != 1) {
		copy_golomb(c);
		copy_golomb(c);
	}
	c->in.left = 0;
	while (c->count != 0) {
		put_bits(c, 1, 1);
	}
}

/* 7.3.3.1, which may name the last picture and no other */
static bool read_order(struct sp_h264_bits *in)
{
	if (!sp_h264_bit(in)) {
		return true;
	}
	uint32_t kind = sp_h264_golomb(in);

	if (kind == 0) {
		if (sp_h264_golomb(in) != 0) { /* abs_diff_pic_num_minus1 */
			return false;
		}
		kind = sp_h264_golomb(in);
	}
	return kind == 3;
}

/* 7.3.3. gone: distances to the pictures that are not needed any more, own: to that of the view */
static int copy_slice(struct sp_h264_merge *m, struct copy *c, bool idr_in, bool idr_out,
		uint32_t own, const uint32_t *gone, size_t n_gone)
{
	uint32_t frame_num_max = (uint32_t)1 << m->sps.frame_num_bits;

	copy_golomb(c); /* first_mb_in_slice */
	uint32_t kind = copy_golomb(c) % SLICE_KINDS;

	if (kind != SLICE_P && kind != SLICE_I) {
		return SP_ECODEC;
	}
	copy_golomb(c); /* pic_parameter_set_id */
	sp_h264_bits(&c->in, m->sps.frame_num_bits);
	put_bits(c, m->n % frame_num_max, m->sps.frame_num_bits);
	if (idr_in) {
		uint32_t id = sp_h264_golomb(&c->in); /* idr_pic_id */

		if (idr_out) {
			put_golomb(c, id);
		}
	}
	if (m->sps.order_type == 0) {
		sp_h264_bits(&c->in, m->sps.order_bits);
		put_bits(c, 2 * m->n, m->sps.order_bits);
	}
	if (kind == SLICE_P) {
		bool override = copy_bits(c, 1);

		/* One picture to predict from, which is the last one of its own stream. */
		if ((override && copy_golomb(c) != 0) || !read_order(&c->in) || own == 0) {
			return SP_ECODEC;
		}
		put_bits(c, own != 1, 1); /* ref_pic_list_modification_flag_l0 */
		if (own != 1) {
			put_golomb(c, 0); /* a picture that came before, by how many numbers */
			put_golomb(c, own - 1);
			put_golomb(c, 3);
		}
	}
	if (idr_in) {
		uint32_t flags = sp_h264_bits(&c->in, 2); /* of pictures before, long-term */

		if (idr_out) {
			put_bits(c, flags, 2);
		}
	} else if (sp_h264_bit(&c->in)) { /* adaptive_ref_pic_marking_mode_flag */
		return SP_ECODEC;
	}
	if (!idr_out) {
		put_marking(c, gone, n_gone);
	}
	if (m->pps.cabac) {
		copy_aligned(c, &m->pps, kind == SLICE_P);
	}
	if (c->in.failed) {
		return SP_ECODEC;
	}
	copy_rest(c);
	return SP_OK;
}

bool sp_h264_merge_needs_idr(const struct sp_h264_merge *m, unsigned view)
{
	return !m->view[view].there;
}

static bool same_sps(const struct sp_h264_sps *a, const struct sp_h264_sps *b)
{
	return a->frame_num_bits == b->frame_num_bits && a->order_type == b->order_type &&
			a->order_bits == b->order_bits;
}

static bool same_pps(const struct sp_h264_pps *a, const struct sp_h264_pps *b)
{
	return a->cabac == b->cabac && a->deblocking == b->deblocking && a->refs == b->refs;
}

/* SPS or PPS: view 0 says what they are, those of view 1 are the same and left out. */
static int copy_parameters(struct sp_h264_merge *m, unsigned view, struct copy *c, unsigned type)
{
	struct sp_h264_sps sps = m->sps;
	struct sp_h264_pps pps = m->pps;
	int rc = SP_OK;

	if (type == SP_H264_SPS) {
		rc = copy_sps(c, &sps);
	} else {
		rc = read_pps(c->in, &pps);
		copy_rest(c);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (view != 0) {
		c->n = 0;
		return same_sps(&sps, &m->sps) && same_pps(&pps, &m->pps) ? SP_OK : SP_ECODEC;
	}
	m->sps = sps;
	m->pps = pps;
	m->parameters = m->parameters || type == SP_H264_PPS;
	return SP_OK;
}

/* The pictures that this one sends away: the one before it of its view, and one grown too old. */
static size_t collect_gone(struct sp_h264_merge *m, unsigned view, uint32_t gone[SP_H264_VIEWS])
{
	uint32_t oldest = ((uint32_t)1 << m->sps.frame_num_bits) - 2;
	size_t n = 0;

	for (unsigned i = 0; i < SP_H264_VIEWS; i++) {
		if (m->view[i].there && (i == view || m->n - m->view[i].n >= oldest)) {
			gone[n++] = m->n - m->view[i].n;
		}
	}
	return n;
}

struct unit {
	bool idr; /* of its own stream */
	bool picture; /* a slice was there */
	uint32_t own;
	uint32_t gone[SP_H264_VIEWS];
	size_t n_gone;
};

static int begin_picture(struct sp_h264_merge *m, unsigned view, struct unit *u)
{
	if (!m->parameters || (!u->idr && !m->view[view].there) ||
			(view != 0 && !m->view[0].there)) {
		return SP_ESTATE;
	}
	if (u->idr && view == 0) {
		m->n = 0;
		for (unsigned i = 0; i < SP_H264_VIEWS; i++) {
			m->view[i].there = false;
		}
	}
	u->picture = true;
	u->own = m->view[view].there ? m->n - m->view[view].n : 0;
	u->n_gone = collect_gone(m, view, u->gone);
	return SP_OK;
}

static int copy_unit(struct sp_h264_merge *m, unsigned view, struct sp_span nal, struct unit *u,
		struct copy *c)
{
	unsigned type = nal.p[0] & 0x1f;

	c->in = (struct sp_h264_bits){.p = nal.p + 1, .end = nal.p + nal.n};
	if (type == SP_H264_SPS || type == SP_H264_PPS) {
		put_byte(c, nal.p[0]);
		return copy_parameters(m, view, c, type);
	}
	if ((type != SP_H264_SLICE && type != SP_H264_IDR) || (nal.p[0] & 0x60) == 0) {
		return SP_ECODEC; /* of a kind that these streams do not have, or not to be kept */
	}
	if (!u->picture) {
		u->idr = type == SP_H264_IDR;
		int rc = begin_picture(m, view, u);

		if (rc != SP_OK) {
			return rc;
		}
	}
	if (u->idr != (type == SP_H264_IDR)) {
		return SP_ECODEC;
	}
	bool idr_out = u->idr && view == 0;

	put_byte(c, (uint8_t)((nal.p[0] & ~0x1fu) | (idr_out ? SP_H264_IDR : SP_H264_SLICE)));
	return copy_slice(m, c, u->idr, idr_out, u->own, u->gone, u->n_gone);
}

int sp_h264_merge(struct sp_h264_merge *m, unsigned view, struct sp_span in, struct sp_wr *out)
{
	static const uint8_t start[4] = {0, 0, 0, 1};
	struct unit u = {0};
	size_t at = out->n;

	for (struct sp_span nal; sp_h264_next(&in, &nal);) {
		if (nal.n == 0) {
			continue;
		}
		/* Headers grow by less than 64 bytes, bytes between by half at most. */
		size_t room = nal.n + nal.n / 2 + 64;
		size_t before = out->n;

		sp_wr_put(out, start, sizeof(start));
		struct copy c = {.out = sp_wr_room(out, room)};

		if (!c.out) {
			return sp_wr_ok(out);
		}
		int rc = copy_unit(m, view, nal, &u, &c);

		if (rc != SP_OK) {
			return rc;
		}
		sp_wr_shrink(out, c.n > 0 ? room - c.n : out->n - before);
	}
	if (!u.picture) {
		return SP_ECODEC;
	}
	for (size_t i = 0; i < SP_H264_VIEWS; i++) {
		/* As begin_picture told the decoder. */
		for (size_t k = 0; k < u.n_gone; k++) {
			if (m->view[i].there && m->n - m->view[i].n == u.gone[k]) {
				m->view[i].there = false;
			}
		}
	}
	m->view[view].there = true;
	m->view[view].n = m->n++;
	return (int)(out->n - at);
}
