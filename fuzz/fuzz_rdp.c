/* fuzz/fuzz_rdp.c - a whole peer against the server's and the client's machine. */
#include <stddef.h>
#include <stdint.h>

#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "fake_crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int answer(struct sp_rdp *c, const struct sp_event *ev, int role)
{
	struct sp_server_desktop d = {640, 480, 32};
	struct sp_caps caps;

	switch (ev->kind) {
	case SP_EV_START_TLS:
		return sp_rdp_tls_done(c);
	case SP_EV_AUTH_TOKEN:
		return sp_rdp_auth_done(c, 0);
	case SP_EV_LOGON:
		return role == 1 ? sp_server_relay(c) : sp_server_activate(c, &d, 1);
	case SP_EV_DEMAND_ACTIVE:
		sp_client_default_caps(&caps, 640, 480, 32);
		return sp_client_confirm(c, &caps);
	case SP_EV_RELAY:
		return sp_rdp_send_relay(c, ev->relay.kind, ev->relay.index, ev->relay.data);
	default:
		return SP_OK;
	}
}

static struct sp_rdp *make(int role)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_server_conf server = {.protocols = role == 2 ? SP_PROTO_HYBRID : SP_PROTO_RDP};
	struct sp_client_conf client = {
			.gcc = &gcc, .info = &info, .relay = role == 4, .crypto = &fake_crypto};

	info.flags = role == 6 ? SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_64K : 0;
	if (role == 5) {
		client.protocols = SP_PROTO_SSL | SP_PROTO_RDSTLS | SP_PROTO_HYBRID_EX;
	}

	if (role < 3) {
		return sp_server_create(&server, 1);
	}
	gcc.has_net = gcc.has_msgchannel = true;
	gcc.n_channels = 2;
	gcc.channel[0].name[0] = 'a';
	gcc.channel[1].name[0] = 'b';
	return sp_client_create(&client, 1);
}

/* The first byte says which machine; the rest is what its peer sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1) {
		return 0;
	}
	int role = data[0] % 7;
	struct sp_rdp *c = make(role);
	size_t at = 1;

	while (c && at < size) {
		struct sp_event ev;
		struct sp_rcbuf *b;
		int used = sp_rdp_feed(c, data + at, size - at, 1);

		while (sp_rdp_next(c, &ev)) {
			if (answer(c, &ev, role) != SP_OK) {
				break;
			}
		}
		while ((b = sp_rdp_out(c)) != NULL) {
			sp_rcbuf_unref(b);
		}
		if (used <= 0) {
			break;
		}
		at += (size_t)used;
	}
	sp_rdp_destroy(c);
	return 0;
}
