/* gate/keeper/conn_secret.c - the passwords for targets, while they are needed. */
#include "gate/keeper/conn_part.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_vault.h"
#include "host/lib/hidden.h"

struct sp_conn_secret *sp_conn_secret_set(struct sp_conn_secret **at)
{
	if (*at == NULL) {
		*at = sp_hidden_alloc(sizeof(**at));
	} else {
		sp_wipe(*at, sizeof(**at));
	}
	return *at;
}

void sp_conn_secret_drop(struct sp_conn_secret **at)
{
	sp_hidden_free(*at);
	*at = NULL;
}

void sp_conn_secret_name(struct sp_conn_secret *s, const char *name, const char *domain)
{
	const char *slash = strchr(name, '\\');

	if (slash != NULL) {
		snprintf(s->domain, sizeof(s->domain), "%.*s", (int)(slash - name), name);
		snprintf(s->user, sizeof(s->user), "%s", slash + 1);
		return;
	}
	snprintf(s->user, sizeof(s->user), "%s", name);
	/* "user@domain" says where it belongs itself. */
	snprintf(s->domain, sizeof(s->domain), "%s", strchr(name, '@') == NULL ? domain : "");
}

/* From the vault, for as long as the message lives. */
static bool from_vault(struct sp_conn *c, const struct sp_conf_target *t, char text[SP_TEXT_WHY])
{
	struct sp_vault_secret v;
	int rc = sp_store_vault_get(c->k->store, t->secret, &v);
	struct sp_conn_secret *s = rc == SP_OK ? sp_conn_secret_set(&c->secret) : NULL;

	if (s != NULL) {
		sp_conn_secret_name(s, v.user, t->domain);
		snprintf(s->password, sizeof(s->password), "%s", v.password);
	} else {
		sp_conn_log(c, SP_LOG_ERROR, "secret %s for target %s: %s", t->secret, t->name,
				rc == SP_OK ? sp_err_text(SP_ENOMEM) : sp_store_why(c->k->store));
		snprintf(text, SP_TEXT_WHY,
				"%s: the gate's login for it cannot be read, tell your "
				"administrator",
				t->name);
	}
	sp_wipe(&v, sizeof(v));
	return s != NULL;
}

/* What the person logged in with. */
static bool from_login(struct sp_conn *c, const struct sp_conf_target *t, char text[SP_TEXT_WHY])
{
	struct sp_conn_secret *s = c->delegated != NULL ? sp_conn_secret_set(&c->secret) : NULL;

	if (s == NULL) {
		snprintf(text, SP_TEXT_WHY, "%s: there is no password for it", t->name);
		return false;
	}
	sp_conn_secret_name(s, c->grant.user.name, t->domain);
	snprintf(s->password, sizeof(s->password), "%s", c->delegated->password);
	return true;
}

bool sp_conn_secret_give(struct sp_conn *c, const struct sp_conf_target *t,
		struct sp_msg_target_login *m, char text[SP_TEXT_WHY])
{
	/* What the person typed, or a redirection brought, is there already. */
	if (c->secret == NULL && t->login == SP_CONF_LOGIN_SECRET && !from_vault(c, t, text)) {
		return false;
	}
	if (c->secret == NULL && !from_login(c, t, text)) {
		return false;
	}
	const struct sp_conn_secret *s = c->secret;
	snprintf(m->user, sizeof(m->user), "%s", s->user);
	snprintf(m->domain, sizeof(m->domain), "%s", s->domain);
	snprintf(m->password, sizeof(m->password), "%s", s->password);
	m->rdstls = s->rdstls;
	m->blob_n = s->blob_n;
	m->guid_n = s->guid_n;
	memcpy(m->blob, s->blob, sizeof(m->blob));
	memcpy(m->guid, s->guid, sizeof(m->guid));
	return true;
}
