/* fuzz/fuzz_clip_filter.c - two hostile sides of a clipboard of which only text toward the target may pass. */
#include <stdlib.h>

#include "core/chan/clip_filter.h"
#include "core/pdu/svc.h"
#include "fake_crypto.h"

#define MAX_MESSAGE (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a side puts together of what it gets. */
struct end {
	struct sp_wr open;
	uint32_t total;
	bool begun;
};

static bool is_text(uint32_t id)
{
	return id == SP_CLIP_CF_TEXT || id == SP_CLIP_CF_OEMTEXT || id == SP_CLIP_CF_UNICODETEXT ||
			id == SP_CLIP_CF_LOCALE;
}

static void look_list(enum sp_side at, const struct sp_clip_head *h, struct sp_rd r)
{
	enum sp_clip_form form = h->flags & SP_CLIP_ASCII_NAMES ? SP_CLIP_FORM_ASCII
			: h->n % 36 == 0                        ? SP_CLIP_FORM_SHORT
								: SP_CLIP_FORM_LONG;
	struct sp_clip_format f;

	if (at == SP_SIDE_CLIENT && h->n > 0) {
		abort(); /* the target's are empty for the client */
	}
	/* Six lists in a row in the long form look like the short one: text all the same. */
	while (sp_clip_format_read(&r, form, &f) == 1) {
		if (form != SP_CLIP_FORM_SHORT && (!is_text(f.id) || f.name.n > 0)) {
			abort();
		}
	}
}

static void look(enum sp_side at, struct end *e, struct sp_span message)
{
	struct sp_clip_head h;
	struct sp_rd r;

	sp_rd_init(&r, message.p, message.n);
	if (sp_clip_head_read(&r, &h) != SP_OK) {
		abort();
	}
	switch (h.type) {
	case SP_CLIP_FORMAT_LIST:
		look_list(at, &h, r);
		break;
	case SP_CLIP_DATA_RESPONSE:
		if (at == SP_SIDE_CLIENT && h.flags != SP_CLIP_FAIL) {
			abort();
		}
		break;
	case SP_CLIP_FILE_RESPONSE:
		if (h.flags != SP_CLIP_FAIL) {
			abort();
		}
		break;
	case SP_CLIP_FILE_REQUEST:
	case SP_CLIP_LOCK:
	case SP_CLIP_UNLOCK:
	case SP_CLIP_TEMP_DIRECTORY:
		abort();
	case SP_CLIP_DATA_REQUEST:
		if (at == SP_SIDE_TARGET) {
			abort(); /* nothing of it was offered */
		}
		break;
	default:
		break;
	}
}

static void receive(enum sp_side at, struct end *e, struct sp_span chunk)
{
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK) {
		abort();
	}
	if (c.flags & SP_SVC_FIRST) {
		sp_wr_reset(&e->open);
		e->total = c.total;
		e->begun = true;
	}
	if (!e->begun || c.total != e->total || c.data.n > e->total - e->open.n) {
		abort();
	}
	sp_wr_span(&e->open, c.data);
	if (c.flags & SP_SVC_LAST) {
		if (e->open.n != e->total) {
			abort();
		}
		e->begun = false;
		look(at, e, sp_span(e->open.p, e->open.n));
	}
}

/* Chunks: a byte for the side and the flags, one for the total, one for the length, the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_clip_rules rules = {.text_in = true};
	struct end end[2] = {0};
	struct sp_clip_filter *f = malloc(sizeof(*f));
	struct sp_transfer ev;
	struct sp_sieve_out out;
	struct sp_rd r;

	if (!f || size > 16384) {
		free(f);
		return 0;
	}
	sp_clip_filter_init(f, &rules, &fake_crypto);
	sp_wr_init(&end[0].open, MAX_MESSAGE);
	sp_wr_init(&end[1].open, MAX_MESSAGE);
	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0) {
		uint8_t buf[SP_SVC_HEADER + 255], head = sp_rd_u8(&r);
		uint32_t total = sp_rd_u8(&r);
		size_t n = sp_rd_u8(&r);
		struct sp_wr w;

		if (head & 0x10) {
			total = total << 10 | total;
		}
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_svc_write(&w,
				&(struct sp_svc_chunk){.total = total,
						.flags = head >> 1 & 3,
						.data = sp_rd_span(&r,
								n < sp_rd_left(&r)
										? n
										: sp_rd_left(&r))});
		if (sp_clip_filter_feed(f, head & 1 ? SP_SIDE_TARGET : SP_SIDE_CLIENT,
				    sp_span(buf, w.n)) != SP_OK) {
			break;
		}
		while (sp_clip_filter_next(f, &out)) {
			receive(out.to, &end[out.to], out.chunk);
		}
		while (sp_clip_filter_event(f, &ev)) {
			if (ev.verdict == SP_TRANSFER_PASSED &&
					(ev.kind != SP_TRANSFER_TEXT || ev.to != SP_SIDE_TARGET)) {
				abort();
			}
		}
	}
	sp_clip_filter_finish(f);
	sp_wr_finish(&end[0].open);
	sp_wr_finish(&end[1].open);
	free(f);
	return 0;
}
