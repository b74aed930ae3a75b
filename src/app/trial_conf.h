/* app/trial_conf.h - the configuration that a trial writes for its service. */
#ifndef SP_APP_TRIAL_CONF_H
#define SP_APP_TRIAL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "host/audit/rec_key.h"
#include "host/conf/conf.h"

#define TRIAL_ALLOW_CLIPBOARD 1u
#define TRIAL_ALLOW_DRIVES 2u
#define TRIAL_ALLOW_SOUND 4u
#define TRIAL_ALLOW_MICROPHONE 8u
#define TRIAL_ALLOW_ALL 31u

/* --target NAME=HOST[:PORT] */
struct trial_target {
	char name[SP_CONF_NAME];
	const char *option; /* the whole, for the mistakes in it */
	const char *address;
};

struct trial_conf {
	const char *listen, *session, *include; /* NULL: not given */
	char account[SP_CONF_NAME];
	bool no_mfa, record;
	char auditor[SP_REC_PUBLIC_TEXT]; /* as the configuration names it */
	uint32_t allow; /* TRIAL_ALLOW_* */
	size_t n_targets;
	struct trial_target target[SP_CONF_TARGETS];
};

/* Takes the value of an option; APP_OK, or APP_USAGE and said so. */
sp_nodiscard int trial_conf_target(
		const struct app_command *self, struct trial_conf *c, const char *value);
sp_nodiscard int trial_conf_allow(
		const struct app_command *self, struct trial_conf *c, const char *value);
/*
 * Writes DIR/sallyport.conf and reads it as the service will. Every mistake is told with the
 * option, or with file and line of what was included, that it comes from; then APP_FAILED.
 */
sp_nodiscard int trial_conf_write(const struct trial_conf *c, const char *dir);

#endif
