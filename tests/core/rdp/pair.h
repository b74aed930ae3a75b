/* tests/core/rdp/pair.h - a server and a client joined in memory. */
#ifndef SP_TESTS_PAIR_H
#define SP_TESTS_PAIR_H

#include "unit.h"

#include "core/base/wr.h"
#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"

#define PAIR_MAX_PDUS 64

struct pair_conf {
	uint32_t offer, ask; /* SP_PROTO_* of server and client */
	uint32_t early_result; /* with HYBRID_EX */
	bool skip_joins, no_channels;
	bool detect; /* the server measures the way to its client before the licence */
	uint16_t width, height;
	uint8_t bpp;
	const struct sp_crypto *crypto; /* of the client, for licences */
	/* Changes to what the client sends; may be NULL. */
	void (*gcc)(struct sp_gcc_client *gcc);
	void (*caps)(struct sp_caps *caps);
	void (*info)(struct sp_info *info);
};

/* What one side has seen. */
struct pair_seen {
	size_t n[SP_EV_CLOSED + 1]; /* events by kind */
	struct sp_wr inputs; /* events, one after the other */
	struct sp_wr updates; /* code and data of the last update */
	struct sp_wr channel; /* data of the last channel event */
	struct sp_wr session_info; /* body of the last one */
	uint32_t error_info, reason;
};

struct pair {
	struct pair_conf conf;
	struct sp_rdp *server, *client;
	struct pair_seen saw_server, saw_client;
	size_t chunk; /* most bytes of a feed, 0 for all */
	int server_err, client_err;
	bool hold; /* LOGON is left to the test */
	bool relay; /* events of the server are left to the test */
	uint64_t now;
	/* Every whole output of the client, in order: the PDUs of the sequence. */
	struct sp_rcbuf *sent[PAIR_MAX_PDUS];
	size_t n_sent;
	/* And every one of the server. */
	struct sp_rcbuf *told[PAIR_MAX_PDUS];
	size_t n_told;
};

extern const struct pair_conf pair_default;

void pair_gcc(struct sp_gcc_client *gcc, const struct pair_conf *conf);
void pair_info(struct sp_info *info);
void pair_start(struct pair *p, const struct pair_conf *conf, size_t chunk);
void pair_finish(struct pair *p);
/* Moves bytes until nothing moves any more. */
void pair_run(struct pair *p);
/* Takes events of one machine, answers those that need an answer. */
void pair_events(struct pair *p, struct sp_rdp *c, bool server);
/* A server without its client, for PDUs that a test feeds by itself. */
struct sp_rdp *pair_server(const struct pair_conf *conf);
/* Answers START_TLS, AUTH_TOKEN and LOGON as the pair does, and takes the output. */
void pair_answer(struct sp_rdp *server, bool *logon, bool *active);
/* The same for a client without its server. */
struct sp_rdp *pair_client(const struct pair_conf *conf);
void pair_answer_client(struct sp_rdp *client, bool *licensed, bool *active);

#endif
