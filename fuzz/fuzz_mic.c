/* fuzz/fuzz_mic.c - both machines of the microphone channel, and its messages. */
#include <stdlib.h>

#include "core/chan/mic_client.h"
#include "core/chan/mic_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bodies(const uint8_t *data, size_t size)
{
	static struct sp_mic_formats f;
	struct sp_mic_open open, again;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	sp_rd_skip(&r, 1);
	struct sp_rd at = r;
	if (sp_mic_formats_read(&at, &f) == SP_OK && f.n > SP_AUDIO_FORMATS) {
		abort();
	}
	if (sp_mic_open_read(&r, &open) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 256);
	sp_mic_open_write(&w, &open);
	sp_rd_init(&r, w.p, w.n);
	sp_rd_skip(&r, 1);
	if (sp_mic_open_read(&r, &again) != SP_OK || again.frames != open.frames ||
			again.capture.rate != open.capture.rate || again.capture.extra.n != 22) {
		abort();
	}
	sp_wr_finish(&w);
}

static int server(struct sp_mic_server *m, struct sp_span message)
{
	struct sp_mic_server_event ev;
	int rc = sp_mic_server_feed(m, message);

	while (sp_mic_server_next(m, &ev)) {
		if (ev.kind != SP_MIC_SERVER_REFUSED && !sp_audio_usable(&ev.format)) {
			abort();
		}
		if (ev.kind == SP_MIC_SERVER_DATA && ev.data.n % sp_audio_frame(&ev.format) != 0) {
			abort();
		}
	}
	return rc;
}

static int client(struct sp_mic_client *m, struct sp_span message)
{
	static const uint8_t sound[8192];
	struct sp_mic_client_event ev;
	int rc = sp_mic_client_feed(m, message);

	while (sp_mic_client_next(m, &ev)) {
		if (!sp_audio_usable(&ev.format)) {
			abort();
		}
		if (ev.kind == SP_MIC_CLIENT_OPEN) {
			rc += sp_mic_client_opened(m, message.n & 1);
		}
	}
	return rc + sp_mic_client_put(m, sp_span(sound, sizeof(sound)));
}

/* Messages: two bytes of length each. The first byte is the side: odd for a client. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_mic_client *c = NULL;
	struct sp_mic_server *s = NULL;
	struct sp_rcbuf *b;
	struct sp_rd r;

	bodies(data, size);
	sp_rd_init(&r, data, size);
	if (sp_rd_u8(&r) & 1) {
		c = sp_mic_client_create();
	} else {
		s = sp_mic_server_create(1);
	}
	while (sp_rd_left(&r) >= 2) {
		uint16_t n = sp_rd_le16(&r);
		struct sp_span m = sp_rd_span(&r, n < sp_rd_left(&r) ? n : sp_rd_left(&r));

		if ((c ? client(c, m) : server(s, m)) > 0) {
			abort();
		}
		while ((b = c ? sp_mic_client_out(c) : sp_mic_server_out(s))) {
			sp_rcbuf_unref(b);
		}
	}
	sp_mic_client_destroy(c);
	sp_mic_server_destroy(s);
	return 0;
}
