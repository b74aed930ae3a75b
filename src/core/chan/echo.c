/* core/chan/echo.c - see echo.h. */
#include "core/chan/echo.h"

#include "core/base/err.h"
#include "core/base/wr.h"

/* Behind the number; any bytes would do. */
#define MARK 0x6f686365u

int sp_echo_answer(struct sp_span request, struct sp_rcbuf **out)
{
	*out = NULL;
	if (request.n == 0) {
		return SP_EFIELD;
	}
	if (!(request.n <= SP_ECHO_MAX)) {
		return SP_ELIMIT;
	}
	*out = sp_rcbuf_from(request.p, request.n);
	return *out ? SP_OK : SP_ENOMEM;
}

void sp_echo_init(struct sp_echo *e)
{
	*e = (struct sp_echo){0};
}

static void write_probe(struct sp_wr *w, uint64_t number)
{
	sp_wr_le64(w, number);
	sp_wr_le32(w, MARK);
	sp_wr_le32(w, ~MARK);
}

struct sp_rcbuf *sp_echo_ask(struct sp_echo *e, uint64_t now_us)
{
	struct sp_wr w;

	if (e->sent_us != 0) {
		return NULL;
	}
	sp_wr_init(&w, SP_ECHO_PROBE);
	write_probe(&w, e->number + 1);
	struct sp_rcbuf *b = sp_wr_take(&w);
	if (b) {
		e->number++;
		e->sent_us = now_us;
	}
	return b;
}

void sp_echo_forget(struct sp_echo *e)
{
	e->sent_us = 0;
}

bool sp_echo_feed(struct sp_echo *e, struct sp_span answer, uint64_t now_us)
{
	uint8_t bytes[SP_ECHO_PROBE];
	struct sp_wr w;

	sp_wr_fixed(&w, bytes, sizeof(bytes));
	write_probe(&w, e->number);
	if (e->sent_us == 0 || now_us < e->sent_us ||
			!sp_span_eq(answer, sp_span(bytes, sizeof(bytes)))) {
		return false;
	}
	e->rtt_us = now_us - e->sent_us;
	e->least_us = e->least_us == 0 || e->rtt_us < e->least_us ? e->rtt_us : e->least_us;
	e->sent_us = 0;
	return true;
}
