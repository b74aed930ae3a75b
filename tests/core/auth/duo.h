/* tests/core/auth/duo.h - a CredSSP client and server joined in memory, with a keeper between. */
#ifndef SP_TESTS_CORE_AUTH_DUO_H
#define SP_TESTS_CORE_AUTH_DUO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/auth/credssp_client.h"
#include "core/auth/credssp_server.h"

#define DUO_MAX_MESSAGES 8

struct duo {
	/* Set by duo_init, to be changed before duo_run. */
	struct sp_credssp_client_conf client_conf;
	struct sp_credssp_server_conf server_conf;
	struct sp_credssp_challenge challenge;
	const char *password; /* what the keeper knows of the user; NULL: no such user */
	/* Called for each message before it arrives; may change it, or *n. */
	void (*tamper)(struct duo *d, size_t index, uint8_t *p, size_t *n);
	void *arg;

	/* Filled by duo_run. */
	struct sp_credssp_client *client;
	struct sp_credssp_server *server;
	int client_rc, server_rc; /* the last result of each */
	size_t n_messages; /* even ones go to the server */
	struct {
		size_t n;
		uint8_t p[4096];
	} message[DUO_MAX_MESSAGES];
	struct sp_ntlmv2_query query; /* the last one the keeper was asked */
	bool asked;
};

/* A duo that succeeds: user "demo", password "secret123", raw NTLM, version 6. */
void duo_init(struct duo *d);
/* Runs until both are done or one fails, but at most DUO_MAX_MESSAGES messages. */
void duo_run(struct duo *d);
/* One request into the server, with the keeper's answers; what server_step returns at the end. */
int duo_server(struct duo *d, struct sp_span in, struct sp_wr *reply);
/* Creates both sides without running them. */
void duo_create(struct duo *d);
void duo_finish(struct duo *d);

#endif
