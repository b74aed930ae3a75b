/* client/session.c - see session.h. */
#include "client/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/echo.h"
#include "client/gfx.h"
#include "client/settings.h"
#include "client/words.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/chan/display.h"
#include "core/pdu/bitmap.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/view/paint.h"
#include "host/io/tcp.h"
#include "host/lib/h264.h"
#include "host/lib/rsa.h"
#include "host/rdp/client_login.h"
#include "host/rdp/conn.h"
#include "host/rdp/part.h"

#define CONNECT_US 10000000
#define CHANNEL_TURN (64u << 10)
#define DYNAMIC_NAME "drdynvc"
#define SEQUENCE_US 30000000 /* from connected to active; starts again after a person answered */

enum codec {
	CODEC_RAW,
	CODEC_INTERLEAVED,
	CODEC_PLANAR,
	CODECS
};

struct sp_session {
	struct sp_loop *loop;
	struct sp_conn *conn;
	struct sp_tls_ctx *ctx;
	struct sp_watch *deadline;
	struct sp_session_conf conf; /* its strings are not to be used after create */
	char host[256], user[SP_SESSION_NAME], domain[SP_SESSION_NAME];
	struct sp_info info; /* INVARIANT: its password is empty but for the moment it is handed on */
	struct sp_client_login *login;
	unsigned login_steps;
	struct sp_secret password; /* INVARIANT: empty after the first step of the login */

	uint8_t *fb;
	uint32_t w, h;
	struct sp_paint paint;
	uint64_t pixels[CODECS];
	bool acks_frames; /* the server wants the frames of surface commands acknowledged */

	struct sp_client_gfx gfx;
	bool has_gfx; /* it is announced */
	int gfx_err; /* that ends the session when the event is over */
	struct sp_client_echo echo;
	struct sp_part *parts[SP_SESSION_PARTS + 2];
	size_t n_parts;
	struct sp_vc *vc; /* the parts are attached to it; NULL: they are not */
	struct sp_watch *before, *kick; /* what parts have sent goes out with the turn */

	uint32_t error_info;
	const char *login_why; /* set when the login failed */
	char why[SP_SESSION_WHY]; /* set where it is known better than from the error */
};

static void fail(struct sp_session *s, int err, const char *what)
{
	sp_conn_fail(s->conn, err, what);
}

/* ---- the parts behind the channels ---- */

static void detach_parts(struct sp_session *s)
{
	struct sp_vc *vc = s->vc;

	if (!vc) {
		return;
	}
	s->vc = NULL;
	for (size_t i = 0; i < s->n_parts; i++) {
		s->parts[i]->calls->detach(s->parts[i]);
	}
	sp_vc_destroy(vc);
}

/* Before the first Demand Active: a server may speak on a channel as soon as it has sent it. */
static int attach_parts(struct sp_session *s)
{
	if (s->vc || s->n_parts == 0) {
		return SP_OK;
	}
	s->vc = sp_vc_create(sp_conn_rdp(s->conn), false);
	if (!s->vc) {
		return SP_ENOMEM;
	}
	for (size_t i = 0; i < s->n_parts; i++) {
		s->parts[i]->calls->attach(s->parts[i], s->vc);
	}
	return SP_OK;
}

static int on_channel(struct sp_session *s, const struct sp_event *ev)
{
	int rc = s->vc ? sp_vc_feed(s->vc, ev) : SP_OK;

	if (rc == SP_OK && s->vc) {
		sp_part_events(s->vc);
	}
	return rc == SP_OK ? s->gfx_err : rc;
}

static void on_before(void *user)
{
	struct sp_session *s = user;
	int rc = SP_OK;

	if (!s->vc || sp_conn_full(s->conn)) {
		return;
	}
	rc = sp_part_pump(s->vc, CHANNEL_TURN);
	if (rc != SP_OK) {
		detach_parts(s);
		fail(s, rc, "channel");
		return;
	}
	if (sp_rdp_queued(sp_conn_rdp(s->conn)) > 0) {
		sp_watch_at(s->kick, 1); /* for the connection's turn */
	}
}

static void on_kick(void *user)
{
	/* The turn that follows does the work. */
}

static void on_room(void *user)
{
	struct sp_session *s = user;

	sp_watch_at(s->kick, 1);
}

static void announce(struct sp_gcc_client *gcc, const char *name)
{
	for (size_t i = 0; i < gcc->n_channels; i++) {
		if (strcmp(gcc->channel[i].name, name) == 0) {
			return;
		}
	}
	struct sp_gcc_channel *channel = &gcc->channel[gcc->n_channels++];
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	channel->options = SP_GCC_CHANNEL_INITIALIZED | SP_GCC_CHANNEL_ENCRYPT_RDP;
	gcc->has_net = true;
}

static void announce_parts(const struct sp_session *s, struct sp_gcc_client *gcc)
{
	for (size_t i = 0; i < s->n_parts; i++) {
		const struct sp_part_calls *calls = s->parts[i]->calls;

		if (calls->channel) {
			announce(gcc, calls->channel);
		}
		if (calls->dynamic || !calls->channel) {
			announce(gcc, DYNAMIC_NAME);
		}
	}
}

/* ---- trust and login ---- */

static enum sp_trust_verdict ask_trust(struct sp_session *s)
{
	const struct sp_session_person *who = &s->conf.person;

	if (!who->trust) {
		return SP_TRUST_NO;
	}
	bool yes = who->trust(who->user, s->why);
	sp_watch_in(s->deadline, SEQUENCE_US);
	snprintf(s->why, sizeof(s->why), "certificate %saccepted", yes ? "" : "not ");
	return yes ? SP_TRUST_NEW : SP_TRUST_NO;
}

static void remember(struct sp_session *s, const struct sp_trust_cert *cert)
{
	const struct sp_trust *trust = &s->conf.trust;
	const struct sp_session_person *who = &s->conf.person;
	size_t n = strlen(s->why);

	if (trust->file[0] == '\0') {
		snprintf(s->why + n, sizeof(s->why) - n, "\nnot remembered: no home");
	} else if (sp_trust_remember(trust, cert) == SP_OK) {
		snprintf(s->why + n, sizeof(s->why) - n, "\nremembered in %s", trust->file);
	} else {
		snprintf(s->why + n, sizeof(s->why) - n, "\nnot remembered: %s: %s", trust->file,
				strerror(errno));
	}
	if (who->note) {
		who->note(who->user, s->why);
	}
	s->why[0] = '\0';
}

static int judge(struct sp_session *s)
{
	const struct sp_tls *tls = sp_conn_tls(s->conn);
	const struct sp_cert_info *info = sp_tls_peer_cert(tls);
	bool chain = s->conf.trust.mode == SP_TRUST_CA || s->conf.trust.mode == SP_TRUST_ASK;

	if (!info) {
		snprintf(s->why, sizeof(s->why), "server shows no certificate");
		return SP_EDENIED;
	}
	struct sp_trust_cert cert = {.host = s->host,
			.port = s->conf.port,
			.cert_sha256 = info->cert_sha256,
			.spki_sha256 = info->spki_sha256,
			.complaint = chain ? sp_tls_verify_complaint(tls) : NULL};
	enum sp_trust_verdict v = sp_trust_judge(&s->conf.trust, &cert, s->why);
	if (v == SP_TRUST_UNSURE) {
		v = ask_trust(s);
	}
	if (v == SP_TRUST_NEW) {
		remember(s, &cert);
	}
	return v == SP_TRUST_NO ? SP_EDENIED : SP_OK;
}

static int ask_password(struct sp_session *s)
{
	const struct sp_session_person *who = &s->conf.person;

	if (!who->password) {
		return SP_OK;
	}
	int rc = who->password(who->user, &s->password);
	sp_watch_in(s->deadline, SEQUENCE_US);
	if (rc != SP_OK) {
		snprintf(s->why, sizeof(s->why), "no password");
	}
	return rc;
}

/* Without NLA the login travels in Client Info, inside TLS. */
static int login_in_info(struct sp_session *s, struct sp_rdp *rdp)
{
	char text[SP_SECRET_MAX + 1];
	struct sp_wr w;

	if (s->conf.security == SP_SESSION_NLA) {
		snprintf(s->why, sizeof(s->why),
				"server has no Network Level Authentication (NLA); --sec tls goes "
				"without");
		return SP_EDENIED;
	}
	if (s->user[0] == '\0') {
		return SP_OK;
	}
	int rc = ask_password(s);
	if (rc != SP_OK) {
		return rc;
	}
	memcpy(text, s->password.p, s->password.n);
	text[s->password.n] = '\0';
	sp_wr_fixed(&w, s->info.password.p, sizeof(s->info.password.p));
	sp_utf16_write(&w, text);
	s->info.password.n = w.n;
	s->info.flags |= s->password.n > 0 ? SP_INFO_AUTOLOGON : 0;
	rc = sp_wr_ok(&w) == SP_OK ? sp_client_set_info(rdp, &s->info) : SP_EARG;
	sp_secret_wipe(&s->info.password);
	sp_secret_wipe(&s->password);
	sp_wipe(text, sizeof(text));
	return rc;
}

static int on_tls_up(void *user)
{
	struct sp_session *s = user;
	struct sp_rdp *rdp = sp_conn_rdp(s->conn);
	int rc = judge(s);

	if (rc == SP_OK && sp_client_protocol(rdp) == SP_PROTO_SSL) {
		rc = login_in_info(s, rdp);
	}
	return rc;
}

static int begin_login(struct sp_session *s)
{
	if (s->user[0] == '\0') {
		snprintf(s->why, sizeof(s->why), "server requires a login; give --user");
		return SP_EDENIED;
	}
	int rc = ask_password(s);
	if (rc != SP_OK) {
		return rc;
	}
	/* Bare NTLM: Windows takes it with and without SPNEGO around, FreeRDP's server only so. */
	struct sp_client_login_conf conf = {.user = s->user,
			.domain = s->domain,
			.host = s->host,
			.password = sp_span(s->password.p, s->password.n)};
	s->login = sp_client_login_create(&conf);
	return s->login ? SP_OK : SP_ENOMEM;
}

static void on_token(struct sp_session *s, struct sp_span token)
{
	int rc = s->login ? SP_OK : begin_login(s);

	if (rc == SP_OK) {
		rc = sp_client_login_step(s->login, s->conn, token);
		s->login_steps++;
		if (rc != SP_OK) {
			s->login_why = sp_client_login_why(s->login);
		}
	}
	sp_secret_wipe(&s->password);
	if (rc != SP_OK) {
		fail(s, rc, "login");
	}
}

/* ---- the picture ---- */

void sp_session_expect(struct sp_session *s, uint32_t w, uint32_t h)
{
	uint64_t area = (uint64_t)w * h * SP_SESSION_FREE_TIMES;

	area = area < SP_SESSION_MAX_AREA ? area : SP_SESSION_MAX_AREA;
	s->gfx.area = area > s->gfx.area ? area : s->gfx.area;
}

/* A black one; the owner is told. */
static int new_picture(struct sp_session *s, uint32_t w, uint32_t h)
{
	if (!(1 <= w && w <= SP_DISPLAY_MAX_SPAN && 1 <= h && h <= SP_DISPLAY_MAX_SPAN &&
			    w * h <= SP_SESSION_MAX_AREA)) {
		snprintf(s->why, sizeof(s->why), "server's desktop of %ux%u is not possible", w, h);
		return SP_EFIELD;
	}
	if (!(w * h <= s->gfx.area)) {
		snprintf(s->why, sizeof(s->why),
				"server's desktop of %ux%u is much larger than asked for; give "
				"--size",
				w, h);
		return SP_ELIMIT;
	}
	uint8_t *fb = sp_calloc((size_t)w * h, 4);
	if (!fb) {
		return SP_ENOMEM;
	}
	sp_paint_target(&s->paint, fb, (size_t)w * 4, w, h);
	sp_free(s->fb);
	s->fb = fb;
	s->w = w;
	s->h = h;
	s->conf.calls->active(s->conf.user, w, h);
	return SP_OK;
}

static int on_demand(struct sp_session *s, const struct sp_caps *theirs)
{
	uint32_t w = theirs->bitmap.width, h = theirs->bitmap.height;
	struct sp_caps ours;
	int rc = new_picture(s, sp_caps_has(theirs, SP_CAPS_BITMAP) ? w : 0, h);

	if (rc != SP_OK) {
		return rc;
	}
	sp_client_gfx_repaint(&s->gfx);
	s->acks_frames = sp_caps_has(theirs, SP_CAPS_FRAME_ACKNOWLEDGE);
	sp_client_default_caps(&ours, (uint16_t)w, (uint16_t)h, s->conf.depth);
	if (s->paint.allowed[SP_PAINT_RFX] || s->paint.allowed[SP_PAINT_NSC]) {
		sp_client_surface_caps(&ours, s->paint.allowed[SP_PAINT_RFX],
				s->paint.allowed[SP_PAINT_NSC]);
	}
	return sp_client_confirm(sp_conn_rdp(s->conn), &ours);
}

static int gfx_resize(void *user, uint32_t w, uint32_t h)
{
	struct sp_session *s = user;

	return s->fb && w == s->w && h == s->h ? SP_OK : new_picture(s, w, h);
}

static uint8_t *gfx_picture(void *user, uint32_t *w, uint32_t *h)
{
	struct sp_session *s = user;

	*w = s->w;
	*h = s->h;
	return s->fb;
}

static void gfx_painted(void *user, struct sp_rect area)
{
	struct sp_session *s = user;

	s->conf.calls->painted(s->conf.user, area);
}

static void gfx_failed(void *user, int err, const char *why)
{
	struct sp_session *s = user;

	s->gfx_err = err;
	if (why) {
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
}

/* What of the pipeline is announced, if it is. */
static void use_gfx(struct sp_session *s)
{
	static const struct sp_client_gfx_calls calls = {.resize = gfx_resize,
			.picture = gfx_picture,
			.painted = gfx_painted,
			.failed = gfx_failed};
	enum sp_session_codec codec = s->conf.codec;
	struct sp_gfx_client_conf conf = {.max_version = 0};

	s->has_gfx = s->conf.depth == 32 &&
			(codec == SP_SESSION_CODEC_AUTO || codec >= SP_SESSION_CODEC_GFX);
	if (!s->has_gfx) {
		return;
	}
	bool avc = codec == SP_SESSION_CODEC_AUTO || codec == SP_SESSION_CODEC_AVC420 ||
			codec == SP_SESSION_CODEC_AVC444;
	conf.h264 = avc && sp_h264_there() ? &sp_h264_openh264 : NULL;
	if (codec == SP_SESSION_CODEC_GFX_RFX) {
		conf.max_version = SP_GFX_V81;
		conf.thin_client = true;
	} else if (codec == SP_SESSION_CODEC_AVC420) {
		conf.max_version = SP_GFX_V81;
		conf.small_cache = true; /* [MS-RDPEGFX] 2.2.3.2: these two go together */
	}
	sp_client_gfx_init(&s->gfx, &conf, &calls, s);
	s->parts[s->n_parts++] = &s->gfx.part;
}

/* Which codecs a bitmap update that was painted without a complaint came by. */
static void count(struct sp_session *s, struct sp_span body)
{
	struct sp_bitmap_rect b;
	struct sp_rd r;
	uint16_t type;
	size_t n = 0;

	sp_rd_init(&r, body.p, body.n);
	if (sp_bitmap_update_read(&r, &type) != SP_OK || sp_bitmap_read(&r, &n) != SP_OK) {
		return;
	}
	for (; n > 0 && sp_bitmap_rect_read(&r, &b) == SP_OK; n--) {
		enum codec codec = !b.compressed ? CODEC_RAW
				: b.bpp == 32    ? CODEC_PLANAR
						 : CODEC_INTERLEAVED;

		s->pixels[codec] += (uint64_t)b.width * b.height;
	}
}

static int on_surface(struct sp_session *s, struct sp_span data, struct sp_rect *area)
{
	struct sp_paint_frame frame;
	int rc = sp_paint_surface(&s->paint, data, area, &frame);

	if (rc == SP_OK && frame.marker && s->acks_frames) {
		rc = sp_client_frame_ack(sp_conn_rdp(s->conn), frame.id);
	}
	return rc;
}

static int on_update(struct sp_session *s, uint8_t code, struct sp_span data)
{
	struct sp_rect area = {0, 0, 0, 0};
	int rc;

	switch (code) {
	case SP_FP_BITMAP:
		rc = sp_paint_bitmap(&s->paint, data, &area);
		if (rc == SP_OK) {
			count(s, data);
		}
		break;
	case SP_FP_PALETTE:
		return sp_paint_palette(&s->paint, data);
	case SP_FP_SURFCMDS:
		rc = on_surface(s, data, &area);
		break;
	default:
		/* Pointers are not part of the picture; orders were not offered. */
		return SP_OK;
	}
	if (rc == SP_OK && !sp_rect_empty(area)) {
		s->conf.calls->painted(s->conf.user, area);
	}
	return rc;
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct sp_session *s = user;
	int rc = SP_OK;

	switch (ev->kind) {
	case SP_EV_AUTH_TOKEN:
		on_token(s, ev->token);
		return;
	case SP_EV_LICENSED:
		rc = attach_parts(s);
		break;
	case SP_EV_DEMAND_ACTIVE:
		rc = on_demand(s, ev->caps);
		break;
	case SP_EV_CHANNEL:
		rc = on_channel(s, ev);
		break;
	case SP_EV_ACTIVE:
		sp_watch_at(s->deadline, 0);
		if (s->conf.calls->ready) {
			s->conf.calls->ready(s->conf.user);
		}
		return;
	case SP_EV_DEACTIVATED:
		sp_watch_in(s->deadline, SEQUENCE_US);
		s->conf.calls->inactive(s->conf.user);
		return;
	case SP_EV_UPDATE:
		rc = s->fb ? on_update(s, ev->update.code, ev->update.data) : SP_OK;
		break;
	case SP_EV_ERROR_INFO:
		s->error_info = ev->error_info;
		return;
	case SP_EV_REDIRECT:
		snprintf(s->why, sizeof(s->why),
				"server sends its clients to another machine, and this client does "
				"not "
				"follow; connect to that one, or through the gate");
		fail(s, SP_EPROTO, "redirect");
		return;
	case SP_EV_CLOSED:
		fail(s, SP_ECLOSED, "");
		return;
	default:
		return;
	}
	if (rc != SP_OK) {
		fail(s, rc,
				ev->kind == SP_EV_UPDATE ? "update"
							 : sp_rdp_what(sp_conn_rdp(s->conn)));
	}
}

/* ---- the end ---- */

static void on_deadline(void *user)
{
	struct sp_session *s = user;

	fail(s, SP_ETIMEOUT, "");
}

static void on_closed(void *user, int err, const char *what)
{
	struct sp_session *s = user;
	const struct sp_rdp *rdp = sp_conn_rdp(s->conn);

	detach_parts(s);
	struct sp_words w = {.err = err,
			.what = what,
			.state = sp_rdp_state_name(rdp),
			.failure = sp_client_failure(rdp),
			.error_info = s->error_info,
			.status = s->login ? sp_client_login_status(s->login) : 0,
			.login = s->login_why,
			.answered = s->login_steps >= 2,
			.saved_errno = errno};

	if (err != SP_OK && s->why[0] == '\0') {
		sp_words_end(&w, s->why, sizeof(s->why));
	}
	sp_watch_at(s->deadline, 0);
	s->conf.calls->ended(s->conf.user, err, s->why);
}

/* ---- life ---- */

/* "DOMAIN\user" says both, where nobody said the domain by itself. */
static int take_names(struct sp_session *s, const struct sp_session_conf *conf)
{
	const char *user = conf->user_name ? conf->user_name : "";
	const char *domain = conf->domain ? conf->domain : "";
	const char *cut = domain[0] ? NULL : strchr(user, '\\');
	size_t n = cut ? (size_t)(cut - user) : strlen(domain);

	if (cut) {
		domain = user;
		user = cut + 1;
	}
	if (!(strlen(conf->host) < sizeof(s->host) && strlen(user) < sizeof(s->user) &&
			    n < sizeof(s->domain))) {
		return SP_EARG;
	}
	memcpy(s->host, conf->host, strlen(conf->host) + 1);
	memcpy(s->user, user, strlen(user) + 1);
	memcpy(s->domain, domain, n);
	return SP_OK;
}

static int make_context(struct sp_session *s, char why[SP_SESSION_WHY])
{
	char tls[SP_WHY_MAX] = "";
	struct sp_rcbuf *ca = NULL;

	if (s->conf.trust.mode == SP_TRUST_CA || s->conf.trust.mode == SP_TRUST_ASK) {
		if (sp_tls_system_ca(&ca) != SP_OK && s->conf.trust.mode == SP_TRUST_CA) {
			snprintf(why, SP_SESSION_WHY,
					"no certificate authorities found on this machine");
			return SP_ENOTFOUND;
		}
	}
	s->ctx = sp_tls_init() == SP_OK
			? sp_tls_client_ctx(ca ? sp_span(ca->p, ca->n) : sp_span(NULL, 0), tls)
			: NULL;
	sp_rcbuf_unref(ca);
	if (!s->ctx) {
		snprintf(why, SP_SESSION_WHY, "TLS: %s", tls[0] ? tls : "library refuses");
	}
	return s->ctx ? SP_OK : SP_ETLS;
}

static struct sp_rdp *make_machine(struct sp_session *s, int fd)
{
	static const uint32_t protocols[] = {
			[SP_SESSION_AUTO] = SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
			[SP_SESSION_NLA] = SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
			[SP_SESSION_TLS] = SP_PROTO_SSL,
	};
	struct sp_gcc_client gcc;
	char address[SP_ADDR_TEXT_MAX] = "";
	struct sp_addr local;

	if (sp_tcp_local(fd, &local) == SP_OK) {
		sp_addr_host_text(&local, address);
	}
	sp_settings_gcc(&gcc, s->conf.width, s->conf.height, s->conf.depth);
	gcc.core.early_capability_flags |= s->has_gfx ? SP_GCC_CS_DYNVC_GFX : 0;
	if (s->conf.monitors) {
		sp_settings_monitors(&gcc, s->conf.monitors);
	}
	announce_parts(s, &gcc);
	sp_settings_info(&s->info, address, !s->conf.plain);
	snprintf(s->info.user, sizeof(s->info.user), "%s", s->user);
	snprintf(s->info.domain, sizeof(s->info.domain), "%s", s->domain);
	struct sp_client_conf conf = {.protocols = protocols[s->conf.security],
			.gcc = &gcc,
			.info = &s->info,
			.crypto = sp_crypto_rsa()};
	return sp_client_create(&conf, sp_now_us());
}

static int connect_it(struct sp_session *s, char why[SP_SESSION_WHY])
{
	static const struct sp_conn_calls calls = {.event = on_event,
			.tls_up = on_tls_up,
			.closed = on_closed,
			.room = on_room};
	char tcp[SP_WHY_MAX] = "";
	int fd;

	int rc = sp_tcp_connect(s->host, s->conf.port, sp_now_us() + CONNECT_US, &fd, tcp);
	if (rc != SP_OK) {
		snprintf(why, SP_SESSION_WHY, "%s", tcp[0] ? tcp : sp_err_text(rc));
		return rc;
	}
	if (sp_tcp_tune(fd, 0, 0) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "socket not tuned");
	}
	struct sp_rdp *rdp = make_machine(s, fd);
	struct sp_conn_conf conf = {.fd = fd,
			.rdp = rdp,
			.ctx = s->ctx,
			.peer = {.verify = SP_TLS_VERIFY_REPORT, .host = s->host},
			.calls = &calls,
			.user = s};
	s->conn = rdp ? sp_conn_create(s->loop, &conf) : NULL;
	if (!s->conn) {
		sp_rdp_destroy(rdp);
		sp_fd_close(&fd);
		snprintf(why, SP_SESSION_WHY, "out of memory");
		return SP_ENOMEM;
	}
	sp_watch_in(s->deadline, SEQUENCE_US);
	return SP_OK;
}

struct sp_session *sp_session_create(
		struct sp_loop *l, const struct sp_session_conf *conf, char why[SP_SESSION_WHY])
{
	struct sp_session *s = sp_calloc(1, sizeof(*s));

	snprintf(why, SP_SESSION_WHY, "out of memory");
	if (!s) {
		return NULL;
	}
	s->loop = l;
	s->conf = *conf;
	s->n_parts = conf->n_parts < SP_SESSION_PARTS ? conf->n_parts : SP_SESSION_PARTS;
	for (size_t i = 0; i < s->n_parts; i++) {
		s->parts[i] = conf->parts[i];
	}
	use_gfx(s);
	s->gfx.area = SP_SESSION_FREE_AREA;
	sp_session_expect(s, conf->width, conf->height);
	if (s->n_parts > 0) {
		sp_client_echo_init(&s->echo);
		s->parts[s->n_parts++] = &s->echo.part;
	}
	sp_paint_init(&s->paint, NULL, 0, 0, 0);
	if (conf->depth == 32) {
		enum sp_session_codec codec = conf->codec;

		s->paint.allowed[SP_PAINT_RFX] =
				codec == SP_SESSION_CODEC_AUTO || codec == SP_SESSION_CODEC_RFX;
		s->paint.allowed[SP_PAINT_NSC] =
				codec == SP_SESSION_CODEC_AUTO || codec == SP_SESSION_CODEC_NSC;
	}
	s->deadline = sp_loop_timer(l, on_deadline, s);
	s->kick = sp_loop_timer(l, on_kick, s);
	s->before = sp_loop_before(l, on_before, s);
	if (!s->deadline || !s->kick || !s->before || make_context(s, why) != SP_OK) {
		goto fail;
	}
	if (take_names(s, conf) != SP_OK) {
		snprintf(why, SP_SESSION_WHY, "name too long");
		goto fail;
	}
	if (connect_it(s, why) != SP_OK) {
		goto fail;
	}
	why[0] = '\0';
	return s;
fail:
	sp_session_destroy(s);
	return NULL;
}

void sp_session_destroy(struct sp_session *s)
{
	if (!s) {
		return;
	}
	detach_parts(s);
	sp_watch_remove(s->deadline);
	sp_watch_remove(s->kick);
	sp_watch_remove(s->before);
	sp_conn_destroy(s->conn);
	sp_tls_ctx_destroy(s->ctx);
	sp_client_login_destroy(s->login);
	sp_client_gfx_finish(&s->gfx);
	sp_paint_finish(&s->paint);
	sp_free(s->fb);
	sp_freezero(s, sizeof(*s));
}

void sp_session_end(struct sp_session *s)
{
	detach_parts(s);
	if (sp_client_end(sp_conn_rdp(s->conn)) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "no goodbye to the server");
	}
	sp_conn_end(s->conn);
}

int sp_session_input(struct sp_session *s, const struct sp_input_event *v, size_t n)
{
	struct sp_rdp *rdp = sp_conn_rdp(s->conn);
	int rc = sp_rdp_is_active(rdp) ? SP_OK : SP_ESTATE;

	for (size_t at = 0; rc == SP_OK && at < n; at += SP_FP_MAX_EVENTS) {
		size_t some = n - at < SP_FP_MAX_EVENTS ? n - at : SP_FP_MAX_EVENTS;

		rc = sp_client_input(rdp, v + at, some);
	}
	return rc;
}

const uint8_t *sp_session_picture(const struct sp_session *s, uint32_t *w, uint32_t *h)
{
	*w = s->w;
	*h = s->h;
	return s->fb;
}

const char *sp_session_codec(const struct sp_session *s)
{
	static const char *const names[CODECS] = {"raw", "interleaved", "planar"};
	static const char *const surface[SP_PAINT_CODECS] = {"surface-raw", "rfx", "nsc"};
	uint64_t most = 0, by_gfx;
	const char *name = "none", *gfx = sp_client_gfx_codec(&s->gfx, &by_gfx);

	for (size_t i = 0; i < CODECS; i++) {
		if (s->pixels[i] > most) {
			most = s->pixels[i];
			name = names[i];
		}
	}
	for (size_t i = 0; i < SP_PAINT_CODECS; i++) {
		if (s->paint.pixels[i] > most) {
			most = s->paint.pixels[i];
			name = surface[i];
		}
	}
	return gfx && by_gfx >= most ? gfx : name;
}

uint64_t sp_session_bytes_in(const struct sp_session *s)
{
	return sp_conn_bytes_in(s->conn);
}
