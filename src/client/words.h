/* client/words.h - why a connection ended, in words for the person before it. */
#ifndef SP_CLIENT_WORDS_H
#define SP_CLIENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known when a connection is over. */
struct sp_words {
	int err;
	const char *what; /* as sp_conn_calls.closed gives it */
	const char *state; /* sp_rdp_state_name; "" when there is no machine */
	uint32_t failure; /* RDP_NEG_FAILURE, 0 for none */
	uint32_t error_info; /* Set Error Info, 0 for none */
	uint32_t status; /* NTSTATUS of the login, 0 for none */
	const char *login; /* the field or rule the login failed at, NULL when it did not */
	bool answered; /* our proof of the password was sent */
	int saved_errno;
};

/* "wrong user name or password"; "status 0xC0000999" goes to buf for one without a text. */
const char *sp_words_status(uint32_t status, char *buf, size_t cap);
/* One line without its end. */
void sp_words_end(const struct sp_words *w, char *out, size_t cap);

#endif
