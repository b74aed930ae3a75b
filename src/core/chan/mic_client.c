/* core/chan/mic_client.c - see mic_client.h. */
#include "core/chan/mic_client.h"

#include <string.h>

#include "core/base/mem.h"

#define DEFAULT_MS 20
#define MAX_MS 200 /* in one message */

enum state {
	WAIT_VERSION,
	WAIT_FORMATS,
	WAIT_OPEN,
	WAIT_DEVICE, /* of our owner */
	WAIT_SOUND,
};

struct sp_mic_client {
	enum state state;
	size_t n;
	struct sp_audio_format format[SP_AUDIO_FORMATS]; /* agreed on */
	size_t current;
	uint32_t frames;
	uint8_t *held; /* less than a message */
	size_t n_held, whole; /* bytes of a message */
	bool has_event;
	struct sp_mic_client_event event;
	struct sp_audio_queue out;
	struct sp_wr w;
};

struct sp_mic_client *sp_mic_client_create(void)
{
	struct sp_mic_client *m = sp_calloc(1, sizeof(*m));

	if (m) {
		sp_wr_init(&m->w, SP_MIC_MAX_DATA + 16);
	}
	return m;
}

void sp_mic_client_destroy(struct sp_mic_client *m)
{
	if (!m) {
		return;
	}
	sp_audio_queue_clear(&m->out);
	sp_wr_finish(&m->w);
	sp_free(m->held);
	sp_free(m);
}

static int say(struct sp_mic_client *m, uint8_t type, uint32_t value)
{
	sp_mic_u32_write(&m->w, type, value);
	return sp_audio_queue_put(&m->out, &m->w);
}

static int say_incoming(struct sp_mic_client *m)
{
	sp_wr_u8(&m->w, SP_MIC_INCOMING);
	return sp_audio_queue_put(&m->out, &m->w);
}

static int on_version(struct sp_mic_client *m, struct sp_rd *r)
{
	uint32_t version;
	int rc = sp_mic_u32_read(r, &version);

	if (rc != SP_OK) {
		return rc;
	}
	m->state = WAIT_FORMATS;
	return say(m, SP_MIC_VERSION_PDU, SP_MIC_VERSION);
}

static int on_formats(struct sp_mic_client *m, struct sp_rd *r)
{
	struct sp_mic_formats f, mine;
	int rc = sp_mic_formats_read(r, &f);

	if (rc != SP_OK) {
		return rc;
	}
	m->n = 0;
	mine.n = 0;
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].tag == SP_AUDIO_PCM && sp_audio_usable(&f.v[i])) {
			mine.v[mine.n++] = f.v[i];
			m->format[m->n] = f.v[i];
			m->format[m->n++].extra = sp_span(NULL, 0);
		}
	}
	rc = say_incoming(m);
	if (rc == SP_OK) {
		sp_mic_formats_write(&m->w, &mine);
		rc = sp_audio_queue_put(&m->out, &m->w);
	}
	m->state = WAIT_OPEN;
	return rc;
}

/* Room for one message in the current format. */
static int make_room(struct sp_mic_client *m)
{
	const struct sp_audio_format *f = &m->format[m->current];
	uint32_t frames = m->frames;
	uint32_t most = f->rate * MAX_MS / 1000;

	if (!(1 <= frames && frames <= most)) {
		frames = f->rate * DEFAULT_MS / 1000;
	}
	size_t whole = frames * sp_audio_frame(f);
	uint8_t *held = sp_malloc(whole);
	if (!held) {
		return SP_ENOMEM;
	}
	sp_free(m->held);
	m->held = held;
	m->n_held = 0;
	m->whole = whole;
	return SP_OK;
}

static int on_open(struct sp_mic_client *m, struct sp_rd *r)
{
	struct sp_mic_open open;
	int rc = sp_mic_open_read(r, &open);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(open.format < m->n)) {
		return SP_EFIELD;
	}
	m->current = open.format;
	m->frames = open.frames;
	rc = make_room(m);
	if (rc != SP_OK) {
		return rc;
	}
	m->state = WAIT_DEVICE;
	m->event = (struct sp_mic_client_event){.kind = SP_MIC_CLIENT_OPEN,
			.format = m->format[m->current],
			.frames = (uint32_t)(m->whole / sp_audio_frame(&m->format[m->current]))};
	m->has_event = true;
	return SP_OK;
}

static int on_change(struct sp_mic_client *m, struct sp_rd *r)
{
	uint32_t format;
	int rc = sp_mic_u32_read(r, &format);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(format < m->n)) {
		return SP_EFIELD;
	}
	m->current = format;
	rc = make_room(m);
	if (rc == SP_OK) {
		rc = say(m, SP_MIC_FORMAT_CHANGE, format);
	}
	m->event = (struct sp_mic_client_event){
			.kind = SP_MIC_CLIENT_FORMAT, .format = m->format[m->current]};
	m->has_event = true;
	return rc;
}

int sp_mic_client_feed(struct sp_mic_client *m, struct sp_span message)
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
		return m->state == WAIT_FORMATS || m->state == WAIT_OPEN ? on_formats(m, &r)
									 : SP_ESTATE;
	case SP_MIC_OPEN:
		return m->state == WAIT_OPEN ? on_open(m, &r) : SP_ESTATE;
	case SP_MIC_FORMAT_CHANGE:
		return m->state == WAIT_SOUND ? on_change(m, &r) : SP_ESTATE;
	default:
		return SP_ESTATE;
	}
}

bool sp_mic_client_next(struct sp_mic_client *m, struct sp_mic_client_event *ev)
{
	if (!m->has_event) {
		return false;
	}
	*ev = m->event;
	m->has_event = false;
	return true;
}

struct sp_rcbuf *sp_mic_client_out(struct sp_mic_client *m)
{
	return sp_audio_queue_take(&m->out);
}

int sp_mic_client_opened(struct sp_mic_client *m, uint32_t result)
{
	if (m->state != WAIT_DEVICE) {
		return SP_ESTATE;
	}
	/* [MS-RDPEAI] 3.2.5.1.7: the format is said once more before the reply. */
	m->state = result == 0 ? WAIT_SOUND : WAIT_OPEN;
	int rc = say(m, SP_MIC_FORMAT_CHANGE, (uint32_t)m->current);
	return rc == SP_OK ? say(m, SP_MIC_OPEN_REPLY, result) : rc;
}

static int send_data(struct sp_mic_client *m)
{
	int rc = say_incoming(m);

	if (rc != SP_OK) {
		return rc;
	}
	sp_wr_u8(&m->w, SP_MIC_DATA);
	sp_wr_put(&m->w, m->held, m->whole);
	m->n_held = 0;
	return sp_audio_queue_put(&m->out, &m->w);
}

int sp_mic_client_put(struct sp_mic_client *m, struct sp_span pcm)
{
	if (m->state != WAIT_SOUND) {
		return SP_ESTATE;
	}
	while (pcm.n > 0) {
		size_t room = m->whole - m->n_held;
		size_t n = pcm.n < room ? pcm.n : room;

		memcpy(m->held + m->n_held, pcm.p, n);
		m->n_held += n;
		pcm = sp_span(pcm.p + n, pcm.n - n);
		if (m->n_held == m->whole) {
			int rc = send_data(m);

			if (rc != SP_OK) {
				return rc;
			}
		}
	}
	return SP_OK;
}
