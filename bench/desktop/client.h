/* bench/desktop/client.h - the measuring client: the same for every server. */
#ifndef SP_BENCH_CLIENT_H
#define SP_BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desktop/bench.h"
#include "desktop/picture.h"

struct client;

enum client_graphics {
	CLIENT_BITMAP, /* bitmap updates only */
	CLIENT_RFX, /* RemoteFX in surface commands */
	CLIENT_GFX, /* the graphics pipeline without H.264 */
	CLIENT_AVC, /* and with it */
};

struct client_target {
	uint16_t port; /* on 127.0.0.1 */
	bool nla; /* else TLS */
	const char *user, *password;
	enum client_graphics graphics;
};

/*
 * Connects, and returns when the desktop is there: each pixel was painted, the picture is the
 * probe's, and nothing more was painted for 30 ms. *ms is the time from connect() to the last
 * update that was painted. NULL, said on standard error, when that fails.
 */
sp_nodiscard struct client *client_open(struct bench *b, const struct client_target *t, double *ms);
/* Presses and releases a key; *ms until the whole block has its next colour. */
sp_nodiscard bool client_key(struct client *c, double *ms);
/* What a client saw of a workload. */
struct client_seen {
	unsigned shown; /* lines or frames that stood on its screen, others were passed over */
	double psnr; /* of those looked at, on average; less than 0: none was */
	double ssim; /* the same way */
	double rest_psnr; /* 200 ms after it was ended */
	double exact_ms; /* from the end until the picture was the very same; less than 0: never */
};
/*
 * Starts the workload, looks for us, and ends it. began and ended, which may be NULL, are called
 * when the time begins and ends.
 */
sp_nodiscard bool client_work(struct client *c, enum picture_work work, uint64_t us,
		void (*began)(void *arg), void (*ended)(void *arg), void *arg,
		struct client_seen *out);
/* Lets the time pass while answering the server; false when the connection ended. */
sp_nodiscard bool client_rest(struct client *c, uint64_t us);
/* On the wire, from the server. */
uint64_t client_bytes(const struct client *c);
/* Says goodbye and waits for the end. Accepts NULL. */
void client_close(struct client *c);

#endif
