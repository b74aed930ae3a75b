/* client/script_sound.c - see script_sound.h. */
#include "client/script_sound.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/mic.h"
#include "client/sound.h"
#include "client/wav.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/sound.h"
#include "host/io/fdio.h"

#define MAX_SAVED (1u << 30) /* bytes of a file: an hour and a half */
#define ONE 65536u

/* ---- sound-save FILE ---- */

struct saver {
	struct sp_client_sound *sound;
	bool used; /* some step is of this set: only then is the channel announced */
	FILE *file;
	bool has_format;
	struct sp_audio_format format; /* of the file: the first that came */
	uint32_t n;
};

/* The lengths in the head are right at every moment that the file is looked at after a step. */
static void write_head(struct saver *s)
{
	uint8_t head[SP_WAV_HEAD];

	sp_wav_head(head, &s->format, s->n);
	if (fseek(s->file, 0, SEEK_SET) == 0) {
		s->has_format = fwrite(head, sizeof(head), 1, s->file) == 1;
	}
}

static void close_file(struct saver *s)
{
	if (!s->file) {
		return;
	}
	if (!s->has_format) {
		s->format = sp_audio_pcm(2, 48000);
	}
	write_head(s);
	fclose(s->file);
	s->file = NULL;
	s->has_format = false;
	s->n = 0;
}

static void on_pcm(void *user, const struct sp_audio_format *f, struct sp_span pcm)
{
	struct saver *s = user;

	if (!s->file || s->n + pcm.n > MAX_SAVED) {
		return;
	}
	if (!s->has_format) {
		s->format = *f;
		write_head(s);
	}
	if (s->has_format && sp_audio_same(f, &s->format)) {
		s->n += (uint32_t)(fwrite(pcm.p, 1, pcm.n, s->file));
	}
}

static int save_check(struct sp_script *run, struct sp_script_step *step)
{
	struct saver *s = step->set;

	s->used = true;
	return SP_OK;
}

static int save_begin(struct sp_script *run, struct sp_script_step *step)
{
	struct saver *s = step->set;

	close_file(s);
	s->file = fopen(step->argv[0], "we");
	if (!s->file) {
		return sp_script_fail(run, "%s: %s", step->argv[0], strerror(errno));
	}
	return SP_OK;
}

static void *save_create(struct sp_script *run)
{
	struct saver *s = sp_calloc(1, sizeof(*s));

	if (s) {
		s->sound = sp_client_sound_create(sp_script_loop(run), SP_SOUND_HIGH, on_pcm, s);
	}
	if (s && !s->sound) {
		sp_free(s);
		s = NULL;
	}
	return s;
}

static struct sp_part *save_part(void *set)
{
	struct saver *s = set;

	return s->used ? sp_client_sound_part(s->sound) : NULL;
}

static void save_destroy(void *set)
{
	struct saver *s = set;

	sp_client_sound_destroy(s->sound);
	close_file(s);
	sp_free(s);
}

static const struct sp_script_verb save_verbs[] = {
		{"sound-save", "FILE.wav", 1, 1, true, save_check, save_begin, NULL},
};

const struct sp_script_set sp_script_sound = {.verbs = save_verbs,
		.n = SP_LEN(save_verbs),
		.create = save_create,
		.part = save_part,
		.destroy = save_destroy};

/* ---- mic-play FILE ---- */

struct speaker {
	struct sp_client_mic *mic;
	bool used;
	struct sp_rcbuf *file; /* NULL: silence */
	struct sp_audio_format format;
	struct sp_span pcm;
	uint64_t at; /* frames of the file, 16 bits behind the point */
};

static int16_t file_sample(const struct speaker *s, size_t frame, size_t channel)
{
	size_t wide = sp_audio_frame(&s->format);
	const uint8_t *p =
			s->pcm.p + frame * wide + (channel < s->format.channels ? channel : 0) * 2;

	return (int16_t)(p[0] | p[1] << 8);
}

/* The file in whatever form it is asked for; silence behind its end. */
static void on_fill(void *user, const struct sp_audio_format *f, uint8_t *pcm, size_t n)
{
	struct speaker *s = user;
	size_t wide = sp_audio_frame(f);

	memset(pcm, 0, n);
	if (!s->file) {
		return;
	}
	uint64_t step = (uint64_t)s->format.rate * ONE / f->rate;
	size_t frames = s->pcm.n / sp_audio_frame(&s->format);
	for (size_t at = 0; at + wide <= n && s->at / ONE < frames; at += wide, s->at += step) {
		for (size_t c = 0; c < f->channels; c++) {
			uint16_t v = (uint16_t)file_sample(s, (size_t)(s->at / ONE), c);

			pcm[at + 2 * c] = (uint8_t)v;
			pcm[at + 2 * c + 1] = (uint8_t)(v >> 8);
		}
	}
}

static int play_check(struct sp_script *run, struct sp_script_step *step)
{
	struct speaker *s = step->set;

	s->used = true;
	return SP_OK;
}

static int play_begin(struct sp_script *run, struct sp_script_step *step)
{
	struct speaker *s = step->set;
	struct sp_rcbuf *file;
	int rc = sp_file_read(step->argv[0], SP_WAV_MAX, &file);

	if (rc != SP_OK) {
		return sp_script_fail(run, "%s: %s", step->argv[0],
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
	}
	sp_rcbuf_unref(s->file);
	s->file = file;
	s->at = 0;
	if (sp_wav_parse(sp_span(file->p, file->n), &s->format, &s->pcm) != SP_OK) {
		sp_rcbuf_unref(file);
		s->file = NULL;
		return sp_script_fail(run, "%s: no WAV file of 16 bits", step->argv[0]);
	}
	return SP_OK;
}

static void *play_create(struct sp_script *run)
{
	struct speaker *s = sp_calloc(1, sizeof(*s));

	if (s) {
		s->mic = sp_client_mic_create(sp_script_loop(run), on_fill, s);
	}
	if (s && !s->mic) {
		sp_free(s);
		s = NULL;
	}
	return s;
}

static struct sp_part *play_part(void *set)
{
	struct speaker *s = set;

	return s->used ? sp_client_mic_part(s->mic) : NULL;
}

static void play_destroy(void *set)
{
	struct speaker *s = set;

	sp_client_mic_destroy(s->mic);
	sp_rcbuf_unref(s->file);
	sp_free(s);
}

static const struct sp_script_verb play_verbs[] = {
		{"mic-play", "FILE.wav", 1, 1, true, play_check, play_begin, NULL},
};

const struct sp_script_set sp_script_mic = {.verbs = play_verbs,
		.n = SP_LEN(play_verbs),
		.create = play_create,
		.part = play_part,
		.destroy = play_destroy};
