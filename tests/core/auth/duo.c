/* tests/core/auth/duo.c - see duo.h. */
#include "duo.h"

#include <string.h>

#include "core/base/secret.h"
#include "host/lib/crypto_nettle.h"

static const uint8_t key[] = {
		0x30, 0x0A, 0x02, 0x03, 0x01, 0x02, 0x03, 0x02, 0x03, 0x01, 0x00, 0x01};

void duo_init(struct duo *d)
{
	*d = (struct duo){
			.client_conf = {.user = "demo",
					.domain = "",
					.workstation = "laptop",
					.target = "TERMSRV/host.example",
					.password = sp_span("secret123", 9),
					.public_key = sp_span(key, sizeof(key)),
					.filetime = 134000000000000000},
			.server_conf = {.public_key = sp_span(key, sizeof(key))},
			.challenge = {.challenge = {1, 2, 3, 4, 5, 6, 7, 8},
					.filetime = 134000000000000000,
					.netbios_computer = "SALLYPORT",
					.netbios_domain = "SALLYPORT",
					.dns_computer = "sallyport",
					.dns_domain = "sallyport"},
			.password = "secret123",
	};
}

void duo_create(struct duo *d)
{
	d->client = sp_credssp_client_create(&sp_crypto_nettle, &d->client_conf);
	d->server = sp_credssp_server_create(&sp_crypto_nettle, &d->server_conf);
}

void duo_finish(struct duo *d)
{
	sp_credssp_client_destroy(d->client);
	sp_credssp_server_destroy(d->server);
	d->client = NULL;
	d->server = NULL;
}

int duo_server(struct duo *d, struct sp_span in, struct sp_wr *reply)
{
	int rc = sp_credssp_server_step(d->server, in, reply);

	if (rc == SP_CREDSSP_ASK_CHALLENGE) {
		rc = sp_credssp_server_challenge(d->server, &d->challenge, reply);
	} else if (rc == SP_CREDSSP_ASK_PROOF) {
		uint8_t nt[SP_NTLMV2_KEY], base[SP_NTLMV2_KEY];
		const struct sp_ntlmv2_query *q = sp_credssp_server_query(d->server);

		d->query = *q;
		d->asked = true;
		bool good = d->password &&
				sp_ntlmv2_nt_hash(&sp_crypto_nettle, d->password, nt) == SP_OK &&
				sp_ntlmv2_check(&sp_crypto_nettle, nt, q, base);
		rc = sp_credssp_server_verdict(d->server,
				good ? SP_CREDSSP_PROVED : SP_CREDSSP_DENIED, good ? base : NULL,
				reply);
	}
	return rc;
}

static void carry(struct duo *d, const struct sp_wr *w)
{
	size_t i = d->n_messages++;

	d->message[i].n = w->n < sizeof(d->message[i].p) ? w->n : sizeof(d->message[i].p);
	memcpy(d->message[i].p, w->p, d->message[i].n);
	if (d->tamper) {
		d->tamper(d, i, d->message[i].p, &d->message[i].n);
	}
}

void duo_run(struct duo *d)
{
	struct sp_wr w;
	struct sp_span in = {NULL, 0};

	duo_create(d);
	d->server_rc = SP_CREDSSP_MORE;
	d->client_rc = SP_EARG;
	sp_wr_init(&w, SP_CREDSSP_MAX);
	while (d->client && d->server && d->n_messages + 2 <= DUO_MAX_MESSAGES) {
		sp_wr_reset(&w);
		d->client_rc = sp_credssp_client_step(d->client, in, &w);
		if (d->client_rc < 0) {
			break;
		}
		carry(d, &w);
		size_t i = d->n_messages - 1;
		in = sp_span(d->message[i].p, d->message[i].n);
		sp_wr_reset(&w);
		d->server_rc = duo_server(d, in, &w);
		if (w.n == 0) {
			break;
		}
		carry(d, &w);
		in = sp_span(d->message[i + 1].p, d->message[i + 1].n);
	}
	sp_wr_finish(&w);
}
