/* desk/session/mic_pipe.c - see mic_pipe.h. */
#include "desk/session/mic_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define STEP_US 20000u
#define GAP_US 60000u /* without sound: silence from then on */
#define PIPE_BYTES 8192 /* 85 ms at 48 kHz: so much may wait for the reader */
#define MOST_READS 16 /* more than any pipe holds */
#define CHUNK 1024 /* samples written at once */
#define ONE 65536u /* of the position, which has 16 bits behind the point */

struct sp_mic_pipe {
	struct sp_watch *timer;
	uint32_t rate;
	int fd;
	uint64_t sound_us; /* of the last sound */
	uint32_t from_rate; /* what position and last are for */
	uint32_t position; /* between last and the next sample */
	int16_t last;
};

/* What does not fit is left out: late sound is worse than none. */
static void put_samples(struct sp_mic_pipe *m, const int16_t *v, size_t n)
{
	ssize_t done = write(m->fd, v, n * sizeof(*v));

	if (done < 0 && errno != EAGAIN) {
		sp_log(SP_LOG_DEBUG, "microphone pipe: %s", strerror(errno));
		sp_mic_pipe_close(m);
	}
}

static void on_timer(void *user)
{
	static const int16_t silence[CHUNK];
	struct sp_mic_pipe *m = user;

	sp_watch_in(m->timer, STEP_US);
	if (sp_now_us() - m->sound_us >= GAP_US) {
		size_t n = (size_t)((uint64_t)m->rate * STEP_US / 1000000);

		put_samples(m, silence, n < CHUNK ? n : CHUNK);
	}
}

struct sp_mic_pipe *sp_mic_pipe_create(struct sp_loop *l, uint32_t rate)
{
	struct sp_mic_pipe *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	m->fd = -1;
	m->rate = rate;
	m->timer = sp_loop_timer(l, on_timer, m);
	if (!m->timer) {
		sp_mic_pipe_destroy(m);
		return NULL;
	}
	return m;
}

void sp_mic_pipe_destroy(struct sp_mic_pipe *m)
{
	if (!m) {
		return;
	}
	sp_mic_pipe_close(m);
	sp_watch_remove(m->timer);
	sp_free(m);
}

int sp_mic_pipe_open(struct sp_mic_pipe *m, const char *path)
{
	struct stat st;

	sp_mic_pipe_close(m);
	/* Both ways: it stays writable, without a signal, when the server goes. */
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return SP_ESYS;
	}
	if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode) || st.st_uid != geteuid()) {
		close(fd);
		return SP_ESYS;
	}
	if (fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES) < 0) {
		sp_log(SP_LOG_DEBUG, "microphone pipe: as long as it is");
	}
	m->fd = fd;
	m->sound_us = 0;
	m->from_rate = 0;
	sp_watch_in(m->timer, STEP_US);
	return SP_OK;
}

/* What nobody has taken is not for whoever records next. */
static void drain(int fd)
{
	uint8_t buf[PIPE_BYTES];

	for (int i = 0; i < MOST_READS && read(fd, buf, sizeof(buf)) > 0; i++) {
	}
}

void sp_mic_pipe_close(struct sp_mic_pipe *m)
{
	if (m->fd >= 0) {
		drain(m->fd);
		close(m->fd);
	}
	m->fd = -1;
	sp_watch_at(m->timer, 0);
}

static int16_t sample(const uint8_t *p)
{
	return (int16_t)(p[0] | p[1] << 8);
}

/* Linear between two samples, which is good enough for speech at these rates. */
void sp_mic_pipe_put(struct sp_mic_pipe *m, const struct sp_audio_format *f, struct sp_span pcm)
{
	size_t frame = sp_audio_frame(f);
	int16_t out[CHUNK];
	size_t n = 0;

	if (m->fd < 0 || !sp_audio_usable(f) || f->tag != SP_AUDIO_PCM) {
		return;
	}
	m->sound_us = sp_now_us();
	if (m->from_rate != f->rate) {
		m->from_rate = f->rate;
		m->position = 0;
	}
	uint32_t step = (uint32_t)((uint64_t)f->rate * ONE / m->rate);
	for (size_t at = 0; at + frame <= pcm.n && m->fd >= 0; at += frame) {
		int32_t next = sample(pcm.p + at);

		if (f->channels == 2) {
			next = (next + sample(pcm.p + at + 2)) / 2;
		}
		for (; m->position < ONE && m->fd >= 0; m->position += step) {
			int64_t between = (int64_t)(next - m->last) * m->position / ONE;

			out[n++] = (int16_t)(m->last + between);
			if (n == CHUNK) {
				put_samples(m, out, n);
				n = 0;
			}
		}
		m->position -= ONE;
		m->last = (int16_t)next;
	}
	if (n > 0 && m->fd >= 0) {
		put_samples(m, out, n);
	}
}
