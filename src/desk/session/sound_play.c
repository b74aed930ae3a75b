/* desk/session/sound_play.c - see sound_play.h. */
#include "desk/session/sound_play.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/sound_server.h"
#include "host/lib/aac.h"
#include "host/lib/opus.h"

#define MAX_MESSAGE 65536
#define MAX_PACKET 4096
#define FRAGMENT_MS 20
#define LINGER_US 2000000u /* between two pieces of music nothing is closed */
#define QUIET_MS 300 /* a program that plays silence is not worth the traffic */

_Static_assert(SP_OPUS_PACKET <= MAX_PACKET && SP_AAC_PACKET <= MAX_PACKET,
		"a packet does not fit");
_Static_assert(SP_AAC_FRAMES == SP_AUDIO_AAC_FRAMES, "frames of different length");

struct sp_sound_play {
	struct sp_part part;
	struct sp_watch *deadline, *linger;
	struct sp_vc *vc; /* NULL: no client */
	struct sp_port *port;
	struct sp_sound_server *machine; /* NULL: no channel, or a deaf client */
	struct sp_opus_encoder *opus; /* of these at most one */
	struct sp_aac_encoder *aac;
	struct sp_pulse *pulse;
	const char *device;
	struct sp_pulse_stream *stream; /* while something plays for somebody */
	struct sp_audio_format format; /* of the stream */
	bool plays;
	uint32_t quiet_ms;
};

static void check(int rc, const char *what)
{
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "sound: %s: %s", what, sp_err_text(rc));
	}
}

static void flush(struct sp_sound_play *p)
{
	struct sp_rcbuf *b;

	while (p->machine && (b = sp_sound_server_out(p->machine))) {
		if (p->port) {
			check(sp_port_send(p->port, b), "send");
		} else {
			sp_rcbuf_unref(b);
		}
	}
	sp_watch_at(p->deadline, p->machine ? sp_sound_server_deadline(p->machine) : 0);
}

static void stop_stream(struct sp_sound_play *p)
{
	sp_pulse_stream_destroy(p->stream);
	p->stream = NULL;
	sp_opus_encoder_destroy(p->opus);
	p->opus = NULL;
	sp_aac_encoder_destroy(p->aac);
	p->aac = NULL;
}

static void forget_client(struct sp_sound_play *p)
{
	struct sp_sound_server_stats st;

	if (p->machine) {
		sp_sound_server_stats(p->machine, &st);
		sp_log(SP_LOG_DEBUG, "sound: %llu ms sent, %llu ms left out",
				(unsigned long long)st.sent_ms, (unsigned long long)st.dropped_ms);
	}
	stop_stream(p);
	sp_sound_server_destroy(p->machine);
	p->machine = NULL;
	sp_watch_at(p->deadline, 0);
	sp_watch_at(p->linger, 0);
}

/* ---- from the desktop ---- */

static void send_block(struct sp_sound_play *p, struct sp_span pcm, uint64_t now)
{
	uint8_t packet[MAX_PACKET];

	if (p->opus || p->aac) {
		int n = p->opus ? sp_opus_encode(p->opus, pcm, packet)
				: sp_aac_encode(p->aac, pcm, packet);

		if (n < 0) {
			check(n, "encode");
			return;
		}
		pcm = sp_span(packet, (size_t)n);
	}
	/* Opus needs less than five bytes for silence, and a block has more. */
	if (pcm.n > 4) {
		check(sp_sound_server_wave(p->machine, pcm, now), "wave");
	}
}

static void send_blocks(struct sp_sound_play *p)
{
	uint64_t now = sp_now_us();
	struct sp_span pcm;

	while (p->machine && sp_sound_server_take(p->machine, now, &pcm)) {
		send_block(p, pcm, now);
	}
	flush(p);
}

static bool silent(struct sp_span pcm)
{
	for (size_t i = 0; i < pcm.n; i++) {
		if (pcm.p[i] != 0) {
			return false;
		}
	}
	return true;
}

static void on_pcm(void *user, struct sp_span pcm)
{
	struct sp_sound_play *p = user;
	uint32_t ms = (uint32_t)((uint64_t)pcm.n * 1000 /
			(sp_audio_frame(&p->format) * p->format.rate));

	if (!silent(pcm)) {
		p->quiet_ms = 0;
	} else if (p->quiet_ms >= QUIET_MS) {
		return;
	} else {
		p->quiet_ms += ms;
	}
	const struct sp_audio_format *f = p->machine ? sp_sound_server_format(p->machine) : NULL;
	/* Another format was chosen in the meantime: the stream is made anew for it. */
	if (!f || !sp_audio_same(f, &p->format)) {
		return;
	}
	check(sp_sound_server_put(p->machine, pcm, sp_now_us()), "sound");
	send_blocks(p);
	/* It may have chosen a format that needs less; this stream cannot be ended in its own call. */
	if (!sp_audio_same(sp_sound_server_format(p->machine), &p->format)) {
		sp_watch_at(p->deadline, 1);
	}
}

static bool start_encoder(struct sp_sound_play *p)
{
	const struct sp_audio_format *f = &p->format;

	switch (f->tag) {
	case SP_AUDIO_OPUS:
		p->opus = sp_opus_encoder_create(f->rate, f->channels, f->bytes_per_s * 8);
		return p->opus;
	case SP_AUDIO_AAC:
		p->aac = sp_aac_encoder_create(f->rate, f->channels, f->bytes_per_s * 8);
		return p->aac;
	default:
		return true;
	}
}

static void start_stream(struct sp_sound_play *p)
{
	const struct sp_audio_format *f = p->machine ? sp_sound_server_format(p->machine) : NULL;

	sp_watch_at(p->linger, 0);
	if (!f || !p->plays || !sp_pulse_is_up(p->pulse)) {
		return;
	}
	if (p->stream && sp_audio_same(f, &p->format)) {
		return;
	}
	stop_stream(p);
	p->format = *f;
	p->quiet_ms = 0;
	struct sp_pulse_stream_conf conf = {.name = "Sallyport: sound to the client",
			.device = p->device,
			.rate = f->rate,
			.channels = f->channels,
			.ms = FRAGMENT_MS};
	if (start_encoder(p)) {
		p->stream = sp_pulse_record(p->pulse, &conf, on_pcm, p);
	}
	if (!p->stream) {
		sp_log(SP_LOG_WARN, "sound: what plays cannot be captured");
		stop_stream(p);
	}
}

static void on_linger(void *user)
{
	struct sp_sound_play *p = user;

	stop_stream(p);
	if (p->machine) {
		check(sp_sound_server_stop(p->machine), "stop");
		flush(p);
	}
}

void sp_sound_play_set(struct sp_sound_play *p, bool plays)
{
	p->plays = plays;
	if (plays) {
		start_stream(p);
	} else if (p->stream) {
		sp_watch_in(p->linger, LINGER_US);
	}
}

void sp_sound_play_from(struct sp_sound_play *p, struct sp_pulse *pulse, const char *device)
{
	stop_stream(p);
	p->pulse = pulse;
	p->device = device;
	if (!pulse) {
		p->plays = false;
	}
}

/* ---- from the client ---- */

static const char *format_name(const struct sp_audio_format *f)
{
	switch (f->tag) {
	case SP_AUDIO_OPUS:
		return "Opus";
	case SP_AUDIO_AAC:
		return "AAC";
	default:
		return "PCM";
	}
}

static void take_events(struct sp_sound_play *p)
{
	struct sp_sound_server_event ev;

	while (p->machine && sp_sound_server_next(p->machine, &ev)) {
		if (ev.kind == SP_SOUND_SERVER_DEAF) {
			sp_log(SP_LOG_INFO, "sound: the client plays nothing that we can send");
			forget_client(p);
			return;
		}
		sp_log(SP_LOG_DEBUG, "sound: %s, %u Hz, %u channels", format_name(&ev.format),
				ev.format.rate, ev.format.channels);
		start_stream(p);
	}
}

static void on_deadline(void *user)
{
	struct sp_sound_play *p = user;

	if (p->machine) {
		sp_sound_server_tick(p->machine, sp_now_us());
		take_events(p);
		flush(p);
	}
}

static void begin(struct sp_sound_play *p)
{
	struct sp_sound_server_conf conf = {.opus = true, .aac = true};

	p->machine = sp_sound_server_create(&conf, sp_now_us());
	if (!p->machine) {
		sp_log(SP_LOG_WARN, "sound: no memory");
	}
	flush(p);
}

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct sp_sound_play *p = (struct sp_sound_play *)part;
	struct sp_port_conf conf = {.owner = part, .max_message = MAX_MESSAGE};

	p->vc = vc;
	int rc = sp_vc_static(vc, SP_SOUND_CHANNEL, &conf, &p->port);
	if (rc == SP_OK) {
		begin(p);
		return;
	}
	p->port = NULL;
	rc = sp_vc_dynamic(vc, SP_SOUND_DVC, &conf, &p->port);
	if (rc != SP_OK) {
		p->port = NULL;
		sp_log(SP_LOG_DEBUG, "sound: the client has no channel for it");
	}
}

static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	struct sp_sound_play *p = (struct sp_sound_play *)part;

	switch (ev->kind) {
	case SP_VC_OPENED:
		begin(p);
		break;
	case SP_VC_MESSAGE:
		if (p->machine) {
			check(sp_sound_server_feed(p->machine, ev->message, sp_now_us()),
					"message");
			take_events(p);
			send_blocks(p);
		}
		break;
	case SP_VC_CLOSED:
		p->port = NULL;
		forget_client(p);
		break;
	default:
		break;
	}
}

static void detach(struct sp_part *part)
{
	struct sp_sound_play *p = (struct sp_sound_play *)part;

	p->vc = NULL;
	p->port = NULL;
	forget_client(p);
}

struct sp_part *sp_sound_play_part(struct sp_sound_play *p)
{
	return &p->part;
}

struct sp_sound_play *sp_sound_play_create(struct sp_loop *l)
{
	static const struct sp_part_calls calls = {.channel = SP_SOUND_CHANNEL,
			.dynamic = true,
			.attach = attach,
			.event = event,
			.detach = detach};
	struct sp_sound_play *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->part.calls = &calls;
	p->deadline = sp_loop_timer(l, on_deadline, p);
	p->linger = sp_loop_timer(l, on_linger, p);
	if (!p->deadline || !p->linger) {
		sp_sound_play_destroy(p);
		return NULL;
	}
	return p;
}

void sp_sound_play_destroy(struct sp_sound_play *p)
{
	if (!p) {
		return;
	}
	if (p->deadline && p->linger) {
		forget_client(p);
	}
	sp_watch_remove(p->deadline);
	sp_watch_remove(p->linger);
	sp_free(p);
}
