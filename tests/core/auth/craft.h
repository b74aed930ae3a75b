/* tests/core/auth/craft.h - a client made by hand, that may break each rule on its own. */
#ifndef SP_TESTS_CORE_AUTH_CRAFT_H
#define SP_TESTS_CORE_AUTH_CRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/auth/ntlm.h"
#include "core/auth/ntlm_session.h"
#include "core/base/wr.h"
#include "duo.h"

struct craft {
	/* What is to be sent; craft_init makes it right. */
	uint32_t negotiate_flags, authenticate_flags;
	const char *user, *domain, *password;
	uint16_t drop_id; /* leave this AV pair out; SP_NTLM_AV_FLAGS among them */
	uint16_t change_id; /* flip a bit in this one */
	uint16_t twice_id; /* send this one twice */
	int64_t time_shift; /* of the time stamp in the proof */
	size_t nt_length; /* cut the NT response to this, 0 for all */
	bool lm_only; /* no NT response at all */
	bool no_mic; /* leave the MIC zero */
	bool early_payload; /* begin the payload where the MIC would stand */
	size_t key_length; /* of EncryptedRandomSessionKey */
	const uint8_t *creds; /* in place of TSCredentials */
	size_t n_creds;
	const char *creds_user, *creds_domain; /* in TSPasswordCreds, NULL for the same */
	struct sp_span mechs; /* a MechTypeList: wrap everything into SPNEGO */
	struct sp_span optimistic; /* the token for its first mechanism, if that is not NTLM */
	bool no_list_mic, bad_list_mic;

	/* Made on the way. */
	struct duo *duo;
	struct sp_ntlm_session session;
	uint8_t negotiate[512], challenge[1024];
	size_t n_negotiate, n_challenge;
};

void craft_init(struct craft *c, struct duo *d);
/* Runs the whole login against d->server; the server's last result. */
int craft_run(struct craft *c);

#endif
