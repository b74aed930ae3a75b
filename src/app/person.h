/* app/person.h - who a client command logs in as, and what the person before it is asked. */
#ifndef SP_APP_PERSON_H
#define SP_APP_PERSON_H

#include <stdbool.h>

#include "app/app.h"
#include "app/prompt.h"
#include "client/options.h"

struct app_person {
	struct sp_options *o;
	const char *address; /* for what is said */
	bool has_password;
	char password[APP_PASSWORD_MAX]; /* from standard input */
};

/* Which options go together; answers APP_OK, or says what does not. */
int app_person_check(const struct app_command *self, const struct sp_options *o);
/*
 * What a session is to be like by the options, where --password-stdin is given with the password;
 * borrows p and its options. APP_OK, or says what is wrong.
 */
int app_person_session(struct app_person *p, struct sp_session_conf *out);
/* Forgets what nobody may find. */
void app_person_wipe(struct app_person *p);

#endif
