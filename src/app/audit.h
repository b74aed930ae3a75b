/* app/audit.h - what the commands of `sallyport audit` share. */
#ifndef SP_APP_AUDIT_H
#define SP_APP_AUDIT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/words.h"
#include "core/base/wr.h"
#include "host/audit/render.h"
#include "host/audit/store.h"
#include "host/conf/conf.h"
#include "host/conf/zone.h"

struct app_audit {
	struct app_words w;
	/* As they were typed; NULL: not given. */
	const char *since, *until, *user, *session, *event, *severity, *limit, *format, *key, *at,
			*before, *n, *store;
	bool follow;
	/* What they mean. */
	uint64_t since_ns, until_ns; /* until: exclusive */
	enum sp_severity least;
	enum sp_render form; /* SP_RENDER_COUNT: lines for people */
	uint64_t most; /* records; 0: all */
	struct sp_zone *zone;
	char state[SP_CONF_PATH], dir[PATH_MAX], admin[128];
	char url[SP_CONF_URL]; /* of a server with the records; empty: they are in dir */
	struct sp_audit_store *st;
	/* A line that is being made. */
	struct sp_wr line;
	uint64_t printed, damaged;
};

/* Does the record answer what was asked for? */
bool app_audit_wanted(const struct app_audit *a, const struct sp_record *r,
		const struct sp_audit_view *v);
/* Prints a record for people, or as JSON, with a line feed. SP_OK or an error, which is said. */
sp_nodiscard int app_audit_print(
		struct app_audit *a, const struct sp_record *r, const struct sp_audit_view *v);

/* How it went, said where it did not go well: the exit status. */
int app_audit_finish(const struct app_audit *a, int rc);

/* The actions; each answers the exit status. */
int app_audit_list(struct app_audit *a);
int app_audit_tail(struct app_audit *a);
int app_audit_export(struct app_audit *a);
int app_audit_verify(struct app_audit *a);
int app_audit_replay(struct app_audit *a);
int app_audit_prune(struct app_audit *a);

#endif
