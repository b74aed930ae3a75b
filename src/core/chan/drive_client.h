/* core/chan/drive_client.h - the client's end of device redirection: it offers drives. */
#ifndef SP_CORE_CHAN_DRIVE_CLIENT_H
#define SP_CORE_CHAN_DRIVE_CLIENT_H

#include "core/base/rcbuf.h"
#include "core/chan/drive.h"
#include "core/chan/drive_info.h"
#include "core/chan/drive_io.h"

/*
 * Pure. Requests are events with typed fields and are answered by their number, in any order and
 * as late as need be; none waits for another. What is malformed, for no drive of ours or of a
 * function that drives do not have is answered here. It outlives connections: drives stay
 * offered and are announced again after the next attach.
 */
struct sp_drive_client;

#define SP_DRIVE_CLIENT_MAX_REQUESTS 1024 /* that wait; more are answered "no resources" */
#define SP_DRIVE_CLIENT_MAX_WAITING (16u << 20) /* bytes of requests not yet taken; more end it */

/* name: of this computer, UTF-8. NULL without memory. */
sp_nodiscard struct sp_drive_client *sp_drive_client_create(const char *name);
/* Accepts NULL. */
void sp_drive_client_destroy(struct sp_drive_client *c);

/* Offers a drive; *device is its number from now on. SP_ELIMIT, SP_EARG (a name that is none). */
sp_nodiscard int sp_drive_client_offer(
		struct sp_drive_client *c, const char *name, uint32_t *device);
/* Takes it back; requests for it that wait are answered "device removed". */
void sp_drive_client_withdraw(struct sp_drive_client *c, uint32_t device);

/* The channel is there; the server speaks first. */
void sp_drive_client_attach(struct sp_drive_client *c);
/* It is gone: all requests are void; their numbers are known no more. */
void sp_drive_client_detach(struct sp_drive_client *c);

/* One whole message; copied. An error ends the redirection: close the port, detach. */
sp_nodiscard int sp_drive_client_feed(struct sp_drive_client *c, const void *p, size_t n);
/* The next message to be sent, with its reference; NULL when there is none. */
struct sp_rcbuf *sp_drive_client_out(struct sp_drive_client *c);

enum sp_drive_client_event_kind {
	/* The server began (again): files that are open for it are to be closed. */
	SP_DRIVE_CLIENT_BEGAN,
	SP_DRIVE_CLIENT_ACCEPTED, /* device, status: what it said to a drive */
	SP_DRIVE_CLIENT_REQUEST, /* request, io: to be answered once */
};

/* Valid until the next call of next, feed or detach. */
struct sp_drive_client_event {
	enum sp_drive_client_event_kind kind;
	uint32_t device, status;
	uint64_t request; /* for the functions below; never used again */
	struct sp_drive_io_request io; /* of a drive that is offered; only functions drives have */
};

/* The owner stops calling it while its port is full: requests wait here. */
bool sp_drive_client_next(struct sp_drive_client *c, struct sp_drive_client_event *ev);

/*
 * Answers. One to a request that waits no more (answered, withdrawn, detached) is dropped. A
 * form that does not belong to the request's function is SP_EARG, and it still waits.
 */
sp_nodiscard int sp_drive_client_created(struct sp_drive_client *c, uint64_t request, uint32_t file,
		enum sp_drive_io_created how);
/* READ, QUERY_INFO, QUERY_VOLUME, DIRECTORY, CONTROL. */
sp_nodiscard int sp_drive_client_data(
		struct sp_drive_client *c, uint64_t request, struct sp_span data);
/*
 * Any function: failed; or done, when status is SP_DRIVE_OK and there is nothing to tell but that
 * (CLOSE, LOCK, SET_INFO, SET_VOLUME, and WRITE of all bytes).
 */
sp_nodiscard int sp_drive_client_done(struct sp_drive_client *c, uint64_t request, uint32_t status);
/* The oldest request that waits on this file of this device; 0 when there is none. */
uint64_t sp_drive_client_waiting(const struct sp_drive_client *c, uint32_t device, uint32_t file);

#endif
