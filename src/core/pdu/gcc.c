/* core/pdu/gcc.c - see gcc.h. */
#include "core/pdu/gcc.h"

#include <string.h>

#include "core/pdu/per.h"

#define BLOCK_HEADER 4
#define LENGTH_LONG 0x8000 /* a PER length in its two-byte form */
/*
 * Servers have always put this one byte where the length of the response belongs, whatever it
 * was, and clients read over it.
 */
#define RESPONSE_LENGTH 0x2A

/* Key: object { 0 0 20 124 0 1 }, [T.124] 8.7 */
static const uint8_t key[] = {0x00, 0x05, 0x00, 0x14, 0x7C, 0x00, 0x01};
/* ConferenceCreateRequest with user data only, conference name "1", one set with a value */
static const uint8_t request[] = {0x00, 0x08, 0x00, 0x10, 0x00, 0x01, 0xC0, 0x00};
static const uint8_t request_h221[] = {'D', 'u', 'c', 'a'};
/* ConferenceCreateResponse with user data, nodeID 31219, tag 1, success, one set with a value */
static const uint8_t response[] = {
		0x14,
		0x76,
		0x0A,
		0x01,
		0x01,
		0x00,
		0x01,
		0xC0,
		0x00,
};
static const uint8_t response_h221[] = {'M', 'c', 'D', 'n'};

static void expect(struct sp_rd *r, const uint8_t *want, size_t n, const char *field)
{
	struct sp_span got = sp_rd_span(r, n);

	if (sp_rd_ok(r) == SP_OK && !sp_span_eq(got, sp_span(want, n))) {
		sp_rd_fail(r, SP_EFIELD, field);
	}
}

/* The length of the set of user data, which is all that may be left. */
static int set_open(struct sp_rd *r)
{
	size_t n = sp_per_read_length(r, "gcc.userData");

	if (sp_rd_ok(r) == SP_OK && n != sp_rd_left(r)) {
		return sp_rd_fail(r, SP_EFIELD, "gcc.userData");
	}
	r->what = sp_rd_ok(r) == SP_OK ? "gcc" : r->what;
	return sp_rd_ok(r);
}

int sp_gcc_request_open(struct sp_rd *r)
{
	r->what = "gcc.request";
	expect(r, key, sizeof(key), "gcc.key");
	sp_per_read_length(r, "gcc.connectPDU"); /* often wrong; the set's own length is not */
	expect(r, request, sizeof(request), "gcc.request");
	expect(r, request_h221, sizeof(request_h221), "gcc.h221NonStandard");
	return set_open(r);
}

int sp_gcc_response_open(struct sp_rd *r)
{
	r->what = "gcc.response";
	expect(r, key, sizeof(key), "gcc.key");
	sp_per_read_length(r, "gcc.connectPDU");
	expect(r, response, 1, "gcc.response");
	sp_rd_skip(r, 2 /* nodeID */);
	sp_per_read_uint(r, "gcc.tag");
	expect(r, response + 5, sizeof(response) - 5, "gcc.result");
	expect(r, response_h221, sizeof(response_h221), "gcc.h221NonStandard");
	return set_open(r);
}

/*
 * Two lengths, one around the request, one around the blocks. The core block alone is longer
 * than the short form could say.
 */
size_t sp_gcc_request_begin(struct sp_wr *w)
{
	sp_wr_put(w, key, sizeof(key));
	size_t mark = sp_wr_hole(w, 2);

	sp_wr_put(w, request, sizeof(request));
	sp_wr_put(w, request_h221, sizeof(request_h221));
	sp_wr_hole(w, 2);
	return mark;
}

void sp_gcc_request_end(struct sp_wr *w, size_t mark)
{
	size_t inner = mark + 2 + sizeof(request) + sizeof(request_h221);

	if (sp_wr_ok(w) != SP_OK) {
		return;
	}
	if (!(w->n - mark - 2 <= 0x3FFF)) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	sp_wr_fill_be16(w, mark, LENGTH_LONG | (w->n - mark - 2));
	sp_wr_fill_be16(w, inner, LENGTH_LONG | (w->n - inner - 2));
}

size_t sp_gcc_response_begin(struct sp_wr *w)
{
	sp_wr_put(w, key, sizeof(key));
	sp_wr_u8(w, RESPONSE_LENGTH);
	sp_wr_put(w, response, sizeof(response));
	sp_wr_put(w, response_h221, sizeof(response_h221));
	return sp_wr_hole(w, 2);
}

void sp_gcc_response_end(struct sp_wr *w, size_t mark)
{
	size_t n = w->n - mark - 2;

	if (sp_wr_ok(w) != SP_OK) {
		return;
	}
	if (!(n <= 0x3FFF)) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	if (n < 0x80) { /* PER wants the short form, and a response is often that short */
		memmove(w->p + mark + 1, w->p + mark + 2, n);
		sp_wr_shrink(w, 1);
		sp_wr_fill_u8(w, mark, (uint8_t)n);
		return;
	}
	sp_wr_fill_be16(w, mark, LENGTH_LONG | n);
}

bool sp_gcc_next(struct sp_rd *r, uint16_t *type, struct sp_rd *body)
{
	if (sp_rd_left(r) == 0) {
		return false;
	}
	*type = sp_rd_le16(r);
	uint16_t n = sp_rd_le16(r);

	if (sp_rd_ok(r) == SP_OK && !(BLOCK_HEADER <= n)) {
		sp_rd_fail(r, SP_EFIELD, "gcc.length");
	}
	if (sp_rd_ok(r) != SP_OK) {
		return false;
	}
	*body = sp_rd_sub(r, n - BLOCK_HEADER);
	body->what = "gcc.block";
	return sp_rd_ok(r) == SP_OK;
}

size_t sp_gcc_block_begin(struct sp_wr *w, enum sp_gcc_type type)
{
	size_t mark = w->n;

	sp_wr_le16(w, (uint16_t)type);
	sp_wr_hole(w, 2);
	return mark;
}

void sp_gcc_block_end(struct sp_wr *w, size_t mark)
{
	sp_wr_fill_le16(w, mark + 2, w->n - mark);
}
