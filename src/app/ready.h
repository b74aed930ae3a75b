/* app/ready.h - what a trial tells people and scripts once it accepts connections. */
#ifndef SP_APP_READY_H
#define SP_APP_READY_H

#include <stdint.h>

#include "core/base/attr.h"

struct trial_conf;

struct app_ready {
	const char *dir, *listen, *account, *user, *password;
	const uint8_t *totp; /* secret of the one-time codes; NULL: no second factor */
	const char *print; /* SHA-256 of the certificate */
	const struct trial_conf *conf;
};

/* Writes dir/trial.json and prints how to connect; the exit status of the command. */
sp_nodiscard int app_ready(const struct app_ready *r);

#endif
