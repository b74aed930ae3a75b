/* player/film_source.c - what stands in front of a recording, and the client that is made of it. */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "player/film_part.h"

#define FIRST 16 /* so many frames may stand in front of the header */

static int take_header(struct film_source *s, struct sp_span data)
{
	struct sp_rec_header h;
	int rc = sp_rec_header_read(data, &h);

	if (rc != SP_OK) {
		return rc;
	}
	s->gcc.n_channels = h.n_channels;
	for (size_t i = 0; i < h.n_channels; i++) {
		memcpy(s->gcc.channel[i].name, h.channel[i].name, sizeof(h.channel[i].name));
		s->gcc.channel[i].name[sizeof(h.channel[i].name) - 1] = '\0';
		s->gcc.channel[i].options = h.channel[i].options;
		s->ids[i] = h.channel[i].id;
	}
	s->client = (struct sp_client_replay_conf){.gcc = &s->gcc,
			.info_flags = h.info_flags,
			.user_id = h.user_id,
			.io_channel = h.io_id,
			.message_id = h.message_id,
			.channel = s->ids,
			.n_channels = h.n_channels};
	return h.io_id != 0 ? SP_OK : SP_EFIELD;
}

static int read_first(struct film_source *s, char why[SP_REC_WHY])
{
	struct sp_rec_frame frame;

	for (unsigned i = 0; i < FIRST; i++) {
		int rc = sp_rec_reader_next(s->reader, &frame);

		if (rc < 0) {
			snprintf(why, SP_REC_WHY, "%s", sp_rec_reader_why(s->reader));
			return rc;
		}
		if (rc == 0) {
			snprintf(why, SP_REC_WHY, "nothing was shown in it");
			return SP_ENOTFOUND;
		}
		if (frame.kind == SP_REC_META) {
			if (sp_rec_meta_read(frame.data, &s->meta) != SP_OK) {
				memset(&s->meta, 0, sizeof(s->meta));
			}
		} else if (frame.kind == SP_REC_HEADER) {
			rc = take_header(s, frame.data);
			if (rc != SP_OK) {
				snprintf(why, SP_REC_WHY, "its header: %s", sp_err_text(rc));
			}
			return rc;
		}
	}
	snprintf(why, SP_REC_WHY, "nothing was shown in it");
	return SP_EFIELD;
}

int film_source_open(
		struct film_source *s, int fd, const uint8_t key[SP_REC_KEY], char why[SP_REC_WHY])
{
	memset(s, 0, sizeof(*s));
	int rc = sp_rec_reader_open_with(&s->reader, fd, key, why);
	if (rc != SP_OK) {
		return rc;
	}
	s->zero = sp_rec_reader_start(s->reader)->mono_us;
	rc = read_first(s, why);
	if (rc != SP_OK) {
		film_source_finish(s);
	}
	return rc;
}

void film_source_finish(struct film_source *s)
{
	sp_rec_reader_destroy(s->reader);
	s->reader = NULL;
}

struct sp_replay *film_replay(
		const struct film_source *s, const struct sp_h264_impl *h264, size_t memory)
{
	/* Also where nothing is saved: what was saved is loaded into one of the same conf. */
	struct sp_replay_conf conf = {
			.client = &s->client, .h264 = h264, .saves = true, .memory = memory};

	return sp_replay_create(&conf);
}

int film_apply(struct sp_replay *r, const struct sp_rec_frame *frame)
{
	struct sp_rec_in in;

	switch (frame->kind) {
	case SP_REC_OUT:
		return sp_replay_out(r, frame->data, frame->us);
	case SP_REC_IN:
		if (sp_rec_in_read(frame->data, &in) == SP_OK && in.how == SP_REC_IN_PDU) {
			sp_replay_in(r, in.pdu);
		}
		return SP_OK;
	case SP_REC_CONFIRM:
		sp_replay_confirm(r, frame->data);
		return SP_OK;
	default:
		return SP_OK;
	}
}
