/* host/rdp/client_login.c - see client_login.h. */
#include "host/rdp/client_login.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/auth/credssp_client.h"
#include "core/base/mem.h"
#include "host/lib/crypto_nettle.h"

/* 1 January 1601 to 1 January 1970, in the 100 ns of a FILETIME. */
#define FILETIME_1970 UINT64_C(116444736000000000)
#define MAX_TARGET 300

struct sp_client_login {
	struct sp_client_login_conf conf; /* borrowed until there is a machine */
	struct sp_credssp_client *machine;
};

struct sp_client_login *sp_client_login_create(const struct sp_client_login_conf *conf)
{
	struct sp_client_login *l = sp_calloc(1, sizeof(*l));

	if (l) {
		l->conf = *conf;
	}
	return l;
}

void sp_client_login_destroy(struct sp_client_login *l)
{
	if (!l) {
		return;
	}
	sp_credssp_client_destroy(l->machine);
	sp_free(l);
}

static uint64_t filetime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return FILETIME_1970 + (uint64_t)t.tv_sec * 10000000 + (uint64_t)t.tv_nsec / 100;
}

/* The login is bound to the certificate that this very connection shows. */
static int begin(struct sp_client_login *l, struct sp_conn *conn)
{
	const struct sp_tls *tls = sp_conn_tls(conn);
	const struct sp_cert_info *cert = tls ? sp_tls_peer_cert(tls) : NULL;
	char target[MAX_TARGET], name[64] = "";

	if (!cert) {
		return SP_ETLS;
	}
	if (l->conf.host) {
		int n = snprintf(target, sizeof(target), "TERMSRV/%s", l->conf.host);

		if (!(n < (int)sizeof(target))) {
			return SP_ELIMIT;
		}
	}
	if (gethostname(name, sizeof(name) - 1) != 0) {
		name[0] = 0;
	}
	struct sp_credssp_client_conf conf = {
			.user = l->conf.user,
			.domain = l->conf.domain,
			.workstation = name,
			.target = l->conf.host ? target : NULL,
			.password = l->conf.password,
			.public_key = sp_span(cert->key, cert->key_n),
			.endpoint_hash = sp_span(cert->endpoint, cert->endpoint_n),
			.filetime = filetime(),
			.spnego = l->conf.spnego,
			.allow_old = l->conf.allow_old,
	};
	l->machine = sp_credssp_client_create(&sp_crypto_nettle, &conf);
	l->conf = (struct sp_client_login_conf){0};
	return l->machine ? SP_OK : SP_EARG;
}

int sp_client_login_step(struct sp_client_login *l, struct sp_conn *conn, struct sp_span token)
{
	struct sp_rdp *rdp = sp_conn_rdp(conn);
	struct sp_wr reply;

	if (!l->machine) {
		int rc = begin(l, conn);

		if (rc != SP_OK) {
			return rc;
		}
	}
	sp_wr_init(&reply, SP_CREDSSP_MAX);
	int want = sp_credssp_client_step(l->machine, token, &reply);
	int rc = want < 0 ? want : SP_OK;
	if (rc == SP_OK) {
		rc = sp_rdp_auth_send(rdp, sp_span(reply.p, reply.n));
	}
	if (rc == SP_OK && want == SP_CREDSSP_DONE) {
		rc = sp_rdp_auth_done(rdp, 0);
	}
	sp_wr_finish(&reply);
	return rc;
}

uint32_t sp_client_login_status(const struct sp_client_login *l)
{
	return l->machine ? sp_credssp_client_status(l->machine) : 0;
}

const char *sp_client_login_why(const struct sp_client_login *l)
{
	return l->machine ? sp_credssp_client_why(l->machine) : "login";
}
