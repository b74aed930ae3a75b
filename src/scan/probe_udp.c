/* scan/probe_udp.c - see probe_udp.h. */
#include "scan/probe_udp.h"

#include "core/base/attr.h"
#include "core/base/rd.h"

#define FLAG_SYN 0x0001
#define WINDOW 64
#define MTU 1232

#define DTLS_ALERT 21
#define DTLS_HANDSHAKE 22
#define DTLS10 0xFEFF

void sp_probe_udp_syn_write(struct sp_wr *w, uint32_t sequence)
{
	size_t start = w->n;

	sp_wr_be32(w, 0xFFFFFFFFu /* snSourceAck: nothing was received yet */);
	sp_wr_be16(w, WINDOW);
	sp_wr_be16(w, FLAG_SYN);
	sp_wr_be32(w, sequence);
	sp_wr_be16(w, MTU); /* up */
	sp_wr_be16(w, MTU); /* down */
	/* 3.1.5.1.1: filled up, so that the way is known to take it. */
	sp_wr_zero(w, SP_PROBE_UDP_MAX - (w->n - start));
}

bool sp_probe_udp_syn_is(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	sp_rd_skip(&r, 4 + 2);
	uint16_t flags = sp_rd_be16(&r);
	return sp_rd_ok(&r) == SP_OK && (flags & FLAG_SYN) != 0;
}

void sp_probe_udp_dtls_write(struct sp_wr *w, const uint8_t random[32])
{
	static const uint16_t ciphers[] = {0xC014, 0xC013, 0xC00A, 0xC009, 0x0035, 0x002F};
	static const uint8_t extensions[] = {0, 10, 0, 6, 0, 4, 0, 23, 0, 24, 0, 11, 0, 2, 1, 0};

	sp_wr_u8(w, DTLS_HANDSHAKE);
	sp_wr_be16(w, DTLS10);
	sp_wr_zero(w, 2 /* epoch */ + 6 /* sequence number */);
	size_t record = sp_wr_hole(w, 2);
	sp_wr_u8(w, 1 /* client_hello */);
	sp_wr_u8(w, 0);
	size_t whole = sp_wr_hole(w, 2);
	sp_wr_zero(w, 2 /* message_seq */ + 3 /* fragment_offset */ + 1);
	size_t fragment = sp_wr_hole(w, 2);
	size_t body = w->n;
	sp_wr_be16(w, DTLS10);
	sp_wr_put(w, random, 32);
	sp_wr_u8(w, 0); /* session */
	sp_wr_u8(w, 0); /* cookie */
	sp_wr_be16(w, sizeof(ciphers));
	for (size_t i = 0; i < SP_LEN(ciphers); i++) {
		sp_wr_be16(w, ciphers[i]);
	}
	sp_wr_be16(w, 0x0100); /* one way to compress: not at all */
	sp_wr_be16(w, sizeof(extensions));
	sp_wr_put(w, extensions, sizeof(extensions));
	sp_wr_fill_be16(w, whole, w->n - body);
	sp_wr_fill_be16(w, fragment, w->n - body);
	sp_wr_fill_be16(w, record, w->n - record - 2);
}

bool sp_probe_udp_dtls_is(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	uint8_t type = sp_rd_u8(&r);
	uint16_t version = sp_rd_be16(&r);
	sp_rd_skip(&r, 8);
	sp_rd_skip(&r, sp_rd_be16(&r));
	return sp_rd_ok(&r) == SP_OK && (type == DTLS_HANDSHAKE || type == DTLS_ALERT) &&
			(version == DTLS10 || version == 0xFEFD || version == 0x0100);
}
