/* gate/scribe/records.h - the recordings that run: their files, their recorders, what the audit hears. */
#ifndef SP_GATE_SCRIBE_RECORDS_H
#define SP_GATE_SCRIBE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/audit/event.h"
#include "host/io/loop.h"
#include "host/monitor/mon.h"

/* As many as there may be sessions. */
#define SP_RECORDS_MAX 2000
/* Descriptors: of recordings and of all else. Where fewer may be open, fewer are recorded. */
#define SP_RECORDS_OTHER_FILES 64
#define SP_RECORDS_FILES (2 * SP_RECORDS_MAX + SP_RECORDS_OTHER_FILES)

struct sp_records_conf {
	struct sp_loop *loop;
	const char *dir; /* of recordings; exists */
	int parent, keeper; /* links, the owner's */
	/* An event for the audit. */
	void (*tell)(void *user, const struct sp_audit_event *e);
	/* NULL, or why nothing new may begin and what runs has to end. */
	const char *(*full)(void *user);
	/* NULL, or whether what begins now gets an index while it runs. */
	bool (*index)(void *user);
	void *user;
};

struct sp_records;

/* Before a jail: it asks for names of machine and boot. NULL without memory or directory. */
sp_nodiscard struct sp_records *sp_records_create(const struct sp_records_conf *conf);
/* Lets go of what runs, which ends by itself. Accepts NULL. */
void sp_records_destroy(struct sp_records *r);
/* A message about recordings of the keeper or the parent; else SP_EDENIED, which is fatal for fd. */
sp_nodiscard int sp_records_message(struct sp_records *r, int fd, struct sp_mon_in *in);
/* Adds how many run, and how far they are behind. */
void sp_records_figures(const struct sp_records *r, struct sp_msg_scribe_figures *out);
/* How many run. */
size_t sp_records_count(const struct sp_records *r);

#endif
