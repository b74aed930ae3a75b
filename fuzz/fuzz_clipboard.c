/* fuzz/fuzz_clipboard.c - one end of a clipboard that the other side and its owner do anything to. */
#include <stdlib.h>

#include "core/base/err.h"
#include "core/chan/clipboard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every request ends once, and nothing is answered that was not asked. */
static size_t open_requests;
static uint32_t last_ask, last_request, last_lock;

static void take_all(struct sp_clipboard *c)
{
	struct sp_clipboard_event ev;
	struct sp_rcbuf *b;
	volatile uint8_t sum = 0;

	while (sp_clipboard_next(c, &ev)) {
		switch (ev.kind) {
		case SP_CLIPBOARD_ANSWER:
			if (open_requests-- == 0) {
				abort();
			}
			for (size_t i = 0; i < ev.data.n; i++) {
				sum ^= ev.data.p[i];
			}
			break;
		case SP_CLIPBOARD_DATA_WANTED:
		case SP_CLIPBOARD_SIZE_WANTED:
		case SP_CLIPBOARD_RANGE_WANTED:
			last_ask = ev.ask;
			break;
		default:
			break;
		}
	}
	while ((b = sp_clipboard_out(c)) != NULL) {
		sp_rcbuf_unref(b);
	}
}

static void act(struct sp_clipboard *c, const uint8_t *p, size_t n, uint64_t now)
{
	static const uint8_t text[] = "abcdefgh";
	uint32_t word = n >= 4 ? (uint32_t)(p[1] | p[2] << 8 | p[3] << 16) : 0, id = 0;
	int rc = SP_EARG;

	switch (p[0] % 11) {
	case 0:
		rc = sp_clipboard_offer(c, word, now, NULL);
		break;
	case 1:
		rc = sp_clipboard_give(c, last_ask, sp_span(text, word % sizeof(text)));
		break;
	case 2:
		rc = sp_clipboard_give_size(c, last_ask, word);
		break;
	case 3:
		rc = sp_clipboard_refuse(c, last_ask);
		break;
	case 4:
		open_requests += sp_clipboard_ask(c, 1u << (word % SP_CLIPBOARD_CONTENTS), now,
						 &id) == SP_OK;
		break;
	case 5:
		rc = sp_clipboard_lock(c, &last_lock);
		break;
	case 6:
		sp_clipboard_unlock(c, last_lock);
		break;
	case 7:
		open_requests += sp_clipboard_ask_size(c, word % 2 ? last_lock : 0, word, now,
						 &id) == SP_OK;
		break;
	case 8:
		open_requests += sp_clipboard_ask_range(c, word % 2 ? last_lock : 0, 0, word, 16,
						 now, &id) == SP_OK;
		break;
	case 9:
		rc = sp_clipboard_tick(c, now + (uint64_t)word * 4096);
		break;
	default:
		sp_clipboard_stop(c);
		break;
	}
	last_request = id ? id : last_request;
	(void)rc;
}

/* Pieces with a byte of length in front: odd ones are messages, others what the owner does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_clipboard *c = size > 0 ? sp_clipboard_create(data[0] & 1) : NULL;
	uint64_t now = 1000;

	open_requests = 0;
	for (size_t at = 1; c && at < size; now += 1000) {
		size_t n = data[at++];

		n = n <= size - at ? n : size - at;
		if (n % 4 != 0 || n >= 8) {
			if (sp_clipboard_feed(c, sp_span(data + at, n), now) != SP_OK) {
				abort();
			}
		} else if (n > 0) {
			act(c, data + at, n, now);
		}
		take_all(c);
		at += n;
	}
	if (c) {
		sp_clipboard_stop(c);
		take_all(c);
		if (open_requests != 0) {
			abort();
		}
	}
	sp_clipboard_destroy(c);
	return 0;
}
