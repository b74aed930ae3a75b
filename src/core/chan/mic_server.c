/* core/chan/mic_server.c - see mic_server.h. */
#include "core/chan/mic_server.h"

#include "core/base/mem.h"

#define PACKET_MS 20
#define OPEN_US 30000000u /* a person may be asked for permission there */
#define FAILED 0x80000000u /* an HRESULT with this bit is an error */
#define OFFERS 6

enum state {
	WAIT_VERSION,
	WAIT_FORMATS,
	WAIT_REPLY,
	WAIT_DATA,
	WAIT_NOTHING, /* refused */
};

struct sp_mic_server {
	enum state state;
	uint64_t deadline_us;
	size_t n;
	struct sp_audio_format format[SP_AUDIO_FORMATS]; /* the client's */
	size_t current;
	bool has_event;
	struct sp_mic_server_event event;
	struct sp_audio_queue out;
	struct sp_wr w;
};

/* Speech first, and what most devices have. */
static struct sp_audio_format offer(size_t i)
{
	static const struct {
		uint16_t channels;
		uint32_t rate;
	} v[OFFERS] = {{1, 48000}, {1, 44100}, {2, 48000}, {2, 44100}, {1, 22050}, {1, 16000}};

	return sp_audio_pcm(v[i].channels, v[i].rate);
}

struct sp_mic_server *sp_mic_server_create(uint64_t now_us)
{
	struct sp_mic_server *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	sp_wr_init(&m->w, 4096);
	m->deadline_us = now_us + OPEN_US;
	sp_mic_u32_write(&m->w, SP_MIC_VERSION_PDU, SP_MIC_VERSION);
	if (sp_audio_queue_put(&m->out, &m->w) != SP_OK) {
		sp_mic_server_destroy(m);
		return NULL;
	}
	return m;
}

void sp_mic_server_destroy(struct sp_mic_server *m)
{
	if (!m) {
		return;
	}
	sp_audio_queue_clear(&m->out);
	sp_wr_finish(&m->w);
	sp_free(m);
}

static void refused(struct sp_mic_server *m, uint32_t result)
{
	m->state = WAIT_NOTHING;
	m->deadline_us = 0;
	m->event = (struct sp_mic_server_event){.kind = SP_MIC_SERVER_REFUSED, .result = result};
	m->has_event = true;
}

static void opened(struct sp_mic_server *m)
{
	m->event = (struct sp_mic_server_event){
			.kind = SP_MIC_SERVER_OPEN, .format = m->format[m->current]};
	m->has_event = true;
}

static int on_version(struct sp_mic_server *m, struct sp_rd *r)
{
	struct sp_mic_formats f = {.n = OFFERS};
	uint32_t version;
	int rc = sp_mic_u32_read(r, &version);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; i < OFFERS; i++) {
		f.v[i] = offer(i);
	}
	sp_mic_formats_write(&m->w, &f);
	m->state = WAIT_FORMATS;
	return sp_audio_queue_put(&m->out, &m->w);
}

static bool choose(struct sp_mic_server *m)
{
	for (size_t o = 0; o < OFFERS; o++) {
		struct sp_audio_format mine = offer(o);

		for (size_t i = 0; i < m->n; i++) {
			if (sp_audio_usable(&m->format[i]) && sp_audio_same(&m->format[i], &mine)) {
				m->current = i;
				return true;
			}
		}
	}
	return false;
}

static int on_formats(struct sp_mic_server *m, struct sp_rd *r)
{
	struct sp_mic_formats f;
	int rc = sp_mic_formats_read(r, &f);

	if (rc != SP_OK) {
		return rc;
	}
	for (m->n = 0; m->n < f.n; m->n++) {
		m->format[m->n] = f.v[m->n];
		m->format[m->n].extra = sp_span(NULL, 0);
	}
	if (!choose(m)) {
		refused(m, 0);
		return SP_OK;
	}
	struct sp_mic_open open = {.frames = m->format[m->current].rate * PACKET_MS / 1000,
			.format = (uint32_t)m->current,
			.capture = m->format[m->current]};
	sp_mic_open_write(&m->w, &open);
	m->state = WAIT_REPLY;
	return sp_audio_queue_put(&m->out, &m->w);
}

static int on_reply(struct sp_mic_server *m, struct sp_rd *r)
{
	uint32_t result;
	int rc = sp_mic_u32_read(r, &result);

	if (rc != SP_OK) {
		return rc;
	}
	if (result & FAILED) {
		refused(m, result);
		return SP_OK;
	}
	m->state = WAIT_DATA;
	m->deadline_us = 0;
	opened(m);
	return SP_OK;
}

/* Before the reply it says again what was asked for; later we never ask for another one. */
static int on_change(struct sp_mic_server *m, struct sp_rd *r)
{
	uint32_t format;
	int rc = sp_mic_u32_read(r, &format);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(format < m->n) || !sp_audio_usable(&m->format[format]) ||
			m->format[format].tag != SP_AUDIO_PCM) {
		return SP_EFIELD;
	}
	if (format != m->current) {
		m->current = format;
		if (m->state == WAIT_DATA) {
			opened(m);
		}
	}
	return SP_OK;
}

static int on_data(struct sp_mic_server *m, struct sp_rd *r)
{
	const struct sp_audio_format *f = &m->format[m->current];
	struct sp_span data = sp_rd_rest(r);

	data.n -= data.n % f->align;
	if (data.n > SP_MIC_MAX_DATA) {
		return SP_ELIMIT;
	}
	if (data.n > 0) {
		m->event = (struct sp_mic_server_event){
				.kind = SP_MIC_SERVER_DATA, .format = *f, .data = data};
		m->has_event = true;
	}
	return SP_OK;
}

int sp_mic_server_feed(struct sp_mic_server *m, struct sp_span message)
{
	struct sp_rd r;

	m->has_event = false;
	sp_rd_init(&r, message.p, message.n);
	uint8_t type = sp_rd_u8(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return r.err;
	}
	switch (type) {
	case SP_MIC_VERSION_PDU:
		return m->state == WAIT_VERSION ? on_version(m, &r) : SP_ESTATE;
	case SP_MIC_FORMATS:
		return m->state == WAIT_FORMATS ? on_formats(m, &r) : SP_ESTATE;
	case SP_MIC_OPEN_REPLY:
		return m->state == WAIT_REPLY ? on_reply(m, &r) : SP_ESTATE;
	case SP_MIC_FORMAT_CHANGE:
		return m->state == WAIT_REPLY || m->state == WAIT_DATA ? on_change(m, &r)
								       : SP_ESTATE;
	case SP_MIC_INCOMING:
		return SP_OK; /* for measuring, which is not done */
	case SP_MIC_DATA:
		return m->state == WAIT_DATA ? on_data(m, &r) : SP_ESTATE;
	default:
		return SP_ESTATE;
	}
}

bool sp_mic_server_next(struct sp_mic_server *m, struct sp_mic_server_event *ev)
{
	if (!m->has_event) {
		return false;
	}
	*ev = m->event;
	m->has_event = false;
	return true;
}

struct sp_rcbuf *sp_mic_server_out(struct sp_mic_server *m)
{
	return sp_audio_queue_take(&m->out);
}

uint64_t sp_mic_server_deadline(const struct sp_mic_server *m)
{
	return m->deadline_us;
}

void sp_mic_server_tick(struct sp_mic_server *m, uint64_t now_us)
{
	if (m->deadline_us != 0 && now_us >= m->deadline_us) {
		refused(m, 0);
	}
}
