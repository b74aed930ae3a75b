/* tests/core/rdp/pair.c - see pair.h. */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct pair_conf pair_default = {.offer = SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
		.ask = SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
		.width = 1024,
		.height = 768,
		.bpp = 32};

void pair_gcc(struct sp_gcc_client *gcc, const struct pair_conf *conf)
{
	memset(gcc, 0, sizeof(*gcc));
	gcc->core.version = SP_GCC_VERSION_5;
	gcc->core.desktop_width = conf->width;
	gcc->core.desktop_height = conf->height;
	gcc->core.keyboard_layout = 0x407;
	gcc->core.keyboard_type = 4;
	gcc->core.keyboard_function_key = 12;
	gcc->core.client_build = 2600;
	snprintf(gcc->core.client_name, sizeof(gcc->core.client_name), "testbox");
	gcc->core.n_tail = SP_GCC_TAIL_ALL;
	gcc->core.early_capability_flags = SP_GCC_CS_ERRINFO;
	if (conf->skip_joins) {
		gcc->core.early_capability_flags |= SP_GCC_CS_SKIP_CHANNELJOIN;
	}
	sp_gcc_client_set_bpp(&gcc->core, conf->bpp);
	gcc->has_security = gcc->has_cluster = gcc->has_msgchannel = true;
	if (!conf->no_channels) {
		gcc->has_net = true;
		gcc->n_channels = 3;
		memcpy(gcc->channel[0].name, "rdpdr", 6);
		memcpy(gcc->channel[1].name, "cliprdr", 8);
		memcpy(gcc->channel[2].name, "rdpsnd", 7);
	}
	if (conf->gcc) {
		conf->gcc(gcc);
	}
}

void pair_info(struct sp_info *info)
{
	memset(info, 0, sizeof(*info));
	info->flags = SP_INFO_MOUSE | SP_INFO_UNICODE;
	snprintf(info->user, sizeof(info->user), "demo");
	assert_true(sp_secret_set(&info->password, "p\0w", 4));
	info->tail = SP_INFO_TAIL_PERF;
	info->family = SP_INFO_AF_INET;
}

struct sp_rdp *pair_server(const struct pair_conf *conf)
{
	struct sp_server_conf sc = {.protocols = conf->offer,
			.logon_deadline_us = 30000000,
			.active_deadline_us = 30000000,
			.detect = conf->detect};

	return sp_server_create(&sc, 1);
}

struct sp_rdp *pair_client(const struct pair_conf *conf)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_client_conf cc = {
			.protocols = conf->ask, .gcc = &gcc, .info = &info, .crypto = conf->crypto};

	pair_gcc(&gcc, conf);
	pair_info(&info);
	if (conf->info) {
		conf->info(&info);
	}
	return sp_client_create(&cc, 1);
}

void pair_start(struct pair *p, const struct pair_conf *conf, size_t chunk)
{
	memset(p, 0, sizeof(*p));
	p->conf = *conf;
	p->chunk = chunk;
	p->now = 1;
	p->server = pair_server(conf);
	p->client = pair_client(conf);
	assert_non_null(p->server);
	assert_non_null(p->client);
	struct pair_seen *seen[] = {&p->saw_server, &p->saw_client};
	for (size_t i = 0; i < 2; i++) {
		sp_wr_init(&seen[i]->inputs, 1 << 20);
		sp_wr_init(&seen[i]->updates, 8 << 20);
		sp_wr_init(&seen[i]->channel, 1 << 20);
		sp_wr_init(&seen[i]->session_info, 1 << 20);
	}
}

void pair_finish(struct pair *p)
{
	struct pair_seen *seen[] = {&p->saw_server, &p->saw_client};

	for (size_t i = 0; i < 2; i++) {
		sp_wr_finish(&seen[i]->inputs);
		sp_wr_finish(&seen[i]->updates);
		sp_wr_finish(&seen[i]->channel);
		sp_wr_finish(&seen[i]->session_info);
	}
	for (size_t i = 0; i < p->n_sent; i++) {
		sp_rcbuf_unref(p->sent[i]);
	}
	for (size_t i = 0; i < p->n_told; i++) {
		sp_rcbuf_unref(p->told[i]);
	}
	sp_rdp_destroy(p->server);
	sp_rdp_destroy(p->client);
}

static void activate(struct pair *p)
{
	struct sp_server_desktop d = {p->conf.width, p->conf.height, p->conf.bpp};

	assert_int_equal(sp_server_activate(p->server, &d, p->now), SP_OK);
}

static const uint8_t tsrequest[] = {0x30, 0x03, 0x02, 0x01, 0x06};

void pair_events(struct pair *p, struct sp_rdp *c, bool server)
{
	struct pair_seen *saw = server ? &p->saw_server : &p->saw_client;
	struct sp_event ev;
	struct sp_caps caps;

	while (sp_rdp_next(c, &ev)) {
		saw->n[ev.kind]++;
		switch (ev.kind) {
		case SP_EV_START_TLS:
			assert_int_equal(sp_rdp_tls_done(c), SP_OK);
			break;
		case SP_EV_AUTH_TOKEN:
			if (server) {
				/* The two of the exchange, then the verdict. */
				assert_int_equal(sp_rdp_auth_done(c, p->conf.early_result), SP_OK);
				break;
			}
			assert_int_equal(sp_rdp_auth_send(c, sp_span(tsrequest, sizeof(tsrequest))),
					SP_OK);
			assert_int_equal(sp_rdp_auth_done(c, 0), SP_OK);
			break;
		case SP_EV_LOGON:
			if (!p->hold) {
				activate(p);
			}
			break;
		case SP_EV_DEMAND_ACTIVE:
			sp_client_default_caps(&caps, p->conf.width, p->conf.height, p->conf.bpp);
			if (p->conf.caps) {
				p->conf.caps(&caps);
			}
			assert_int_equal(sp_client_confirm(c, &caps), SP_OK);
			break;
		case SP_EV_INPUT:
			for (size_t i = 0; i < ev.input.n; i++) {
				sp_wr_put(&saw->inputs, &ev.input.v[i], sizeof(ev.input.v[i]));
			}
			break;
		case SP_EV_UPDATE:
			sp_wr_reset(&saw->updates);
			sp_wr_u8(&saw->updates, ev.update.code);
			sp_wr_span(&saw->updates, ev.update.data);
			break;
		case SP_EV_CHANNEL:
			sp_wr_reset(&saw->channel);
			sp_wr_u8(&saw->channel, (uint8_t)ev.channel.index);
			sp_wr_span(&saw->channel, ev.channel.data);
			break;
		case SP_EV_SESSION_INFO:
			sp_wr_reset(&saw->session_info);
			sp_wr_span(&saw->session_info, ev.session_info);
			break;
		case SP_EV_ERROR_INFO:
			saw->error_info = ev.error_info;
			break;
		case SP_EV_CLOSED:
			saw->reason = ev.reason;
			break;
		default:
			break;
		}
	}
}

/* One buffer into a machine, in chunks. */
static void deliver(struct pair *p, struct sp_rdp *to, bool server, struct sp_rcbuf *b, int *err)
{
	size_t at = 0;

	while (at < b->n && *err == SP_OK) {
		size_t n = b->n - at;

		if (p->chunk && n > p->chunk) {
			n = p->chunk;
		}
		/* A copy of exactly that size, so that a sanitizer sees every overread. */
		uint8_t *copy = malloc(n);
		memcpy(copy, b->p + at, n);
		int used = sp_rdp_feed(to, copy, n, p->now);
		pair_events(p, to, server);
		free(copy);
		if (used < 0) {
			*err = used;
		} else {
			at += (size_t)used;
			if (used == 0) {
				break; /* waits for its owner for ever: the test sees it */
			}
		}
	}
}

void pair_run(struct pair *p)
{
	bool moved;

	do {
		struct sp_rcbuf *b;

		moved = false;
		pair_events(p, p->client, false);
		while ((b = sp_rdp_out(p->client)) != NULL) {
			if (p->n_sent < PAIR_MAX_PDUS) {
				p->sent[p->n_sent++] = sp_rcbuf_ref(b);
			}
			deliver(p, p->server, true, b, &p->server_err);
			sp_rcbuf_unref(b);
			moved = true;
		}
		if (p->relay) {
			return;
		}
		while ((b = sp_rdp_out(p->server)) != NULL) {
			if (p->n_told < PAIR_MAX_PDUS) {
				p->told[p->n_told++] = sp_rcbuf_ref(b);
			}
			deliver(p, p->client, false, b, &p->client_err);
			sp_rcbuf_unref(b);
			moved = true;
		}
	} while (moved);
}

void pair_answer(struct sp_rdp *server, bool *logon, bool *active)
{
	struct sp_server_desktop d = {640, 480, 32};
	struct sp_event ev;
	struct sp_rcbuf *b;
	int rc = SP_OK;

	while (sp_rdp_next(server, &ev)) {
		switch (ev.kind) {
		case SP_EV_START_TLS:
			rc = sp_rdp_tls_done(server);
			break;
		case SP_EV_AUTH_TOKEN:
			rc = sp_rdp_auth_done(server, 0);
			break;
		case SP_EV_LOGON:
			*logon = true;
			rc = sp_server_activate(server, &d, 1);
			break;
		case SP_EV_ACTIVE:
			*active = true;
			break;
		default:
			break;
		}
		(void)rc; /* without memory they fail, and the machine says so later */
	}
	while ((b = sp_rdp_out(server)) != NULL) {
		sp_rcbuf_unref(b);
	}
}

void pair_answer_client(struct sp_rdp *client, bool *licensed, bool *active)
{
	struct sp_event ev;
	struct sp_rcbuf *b;
	struct sp_caps caps;
	int rc = SP_OK;

	while (sp_rdp_next(client, &ev)) {
		switch (ev.kind) {
		case SP_EV_START_TLS:
			rc = sp_rdp_tls_done(client);
			break;
		case SP_EV_AUTH_TOKEN:
			rc = sp_rdp_auth_send(client, sp_span(tsrequest, sizeof(tsrequest)));
			rc = rc == SP_OK ? sp_rdp_auth_done(client, 0) : rc;
			break;
		case SP_EV_LICENSED:
			*licensed = true;
			break;
		case SP_EV_DEMAND_ACTIVE:
			sp_client_default_caps(&caps, 640, 480, 32);
			rc = sp_client_confirm(client, &caps);
			break;
		case SP_EV_ACTIVE:
			*active = true;
			break;
		default:
			break;
		}
		(void)rc; /* after an error the machine says so itself */
	}
	while ((b = sp_rdp_out(client)) != NULL) {
		sp_rcbuf_unref(b);
	}
}
