/* host/conf/targets.c - `targets`: the desktops and the RDP hosts behind the door. */
#include <stdio.h>
#include <string.h>

#include "host/conf/part.h"
#include "host/conf/words.h"

#define NAME_MAX_BYTES 64

static void read_kind(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {"desktop", "rdp"};
	struct sp_conf_target *t = to;

	t->kind = sp_conf_choice(r, s, words, SP_LEN(words)) == 1 ? SP_CONF_RDP : SP_CONF_DESKTOP;
}

static void read_account(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL || strcmp(text, "same") == 0) {
		return;
	}
	if (strncmp(text, "map:", 4) != 0 || !sp_conf_account_name(text + 4)) {
		sp_conf_mistake(r, s, "account: \"%s\" is neither \"same\" nor \"map:NAME\"", text);
		return;
	}
	snprintf(t->account, sizeof(t->account), "%s", text + 4);
}

static void read_session(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;

	sp_conf_read_line(r, s, t->session, sizeof(t->session), false);
}

static void read_description(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;

	sp_conf_read_line(r, s, t->text, sizeof(t->text), true);
}

static void read_address(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = sp_conf_text_of(r, s);

	if (text != NULL && !sp_words_address(text, t->address)) {
		sp_conf_mistake(r, s,
				"address: \"%s\" is no host with or without a port "
				"(\"db1.example\", \"10.0.0.5:3389\", \"[2001:db8::5]:3389\")",
				text);
	}
}

static void read_trust(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (strcmp(text, "ca") == 0) {
		t->trust = SP_CONF_TRUST_CA;
	} else if (strcmp(text, "first-seen") == 0) {
		t->trust = SP_CONF_TRUST_FIRST_SEEN;
	} else if (strncmp(text, "pin:", 4) == 0) {
		t->trust = SP_CONF_TRUST_PIN;
		if (!sp_words_pin(text + 4, t->pin)) {
			sp_conf_mistake(r, s,
					"trust: the pin must be \"pin:sha256/\" and base64 of 32 "
					"bytes, or \"pin:\" and 64 hex digits");
		}
	} else {
		sp_conf_mistake(r, s, "trust: \"%s\" is not \"ca\", \"first-seen\" or \"pin:...\"",
				text);
	}
}

static void read_login(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (strcmp(text, "ask") == 0) {
		t->login = SP_CONF_LOGIN_ASK;
	} else if (strcmp(text, "same") == 0) {
		t->login = SP_CONF_LOGIN_SAME;
	} else if (strncmp(text, "secret:", 7) == 0 && sp_words_name(text + 7)) {
		t->login = SP_CONF_LOGIN_SECRET;
		snprintf(t->secret, sizeof(t->secret), "%s", text + 7);
	} else {
		sp_conf_mistake(r, s,
				"login: \"%s\" is not \"ask\", \"same\" or \"secret:NAME\" (1 to "
				"64 of a-z, 0-9, . _ - @)",
				text);
	}
}

static void read_domain(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;

	sp_conf_read_line(r, s, t->domain, sizeof(t->domain), true);
}

static void read_security(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {"nla", "tls"};
	struct sp_conf_target *t = to;

	t->tls_only = sp_conf_choice(r, s, words, SP_LEN(words)) == 1;
}

static void add_redirect(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_target *t = to;

	sp_conf_add_net(r, at, text, t->redirects, &t->n_redirects);
}

static void read_redirects(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_REDIRECTS, add_redirect, to);
}

static void read_record(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {[SP_CONF_RECORD_NO] = "no",
			[SP_CONF_RECORD_WANTED] = "wanted",
			[SP_CONF_RECORD_REQUIRED] = "required"};
	struct sp_conf_target *t = to;
	int i = sp_conf_choice(r, s, words, SP_LEN(words));

	t->record = i > 0 ? (enum sp_conf_record)i : SP_CONF_RECORD_NO;
}

static void read_record_input(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {[SP_CONF_INPUT_TIMING] = "timing",
			[SP_CONF_INPUT_OFF] = "off",
			[SP_CONF_INPUT_FULL] = "full"};
	struct sp_conf_target *t = to;
	int i = sp_conf_choice(r, s, words, SP_LEN(words));

	t->record_input = i > 0 ? (enum sp_conf_record_input)i : SP_CONF_INPUT_TIMING;
}

static const struct sp_conf_key keys[] = {
		{"kind", read_kind},
		{"description", read_description},
		{"record", read_record},
		{"record-input", read_record_input},
		/* Of a desktop. */
		{"account", read_account},
		{"session", read_session},
		/* Of an RDP host. */
		{"address", read_address},
		{"trust", read_trust},
		{"login", read_login},
		{"domain", read_domain},
		{"security", read_security},
		{"redirects", read_redirects},
};

#define FIRST_OF_DESKTOP 4
#define FIRST_OF_RDP 6

/* What belongs to the other kind would be without meaning, and is hardly meant. */
static void check_kind(struct sp_conf_reader *r, const config_setting_t *group,
		const struct sp_conf_target *t)
{
	bool rdp = t->kind == SP_CONF_RDP;
	size_t from = rdp ? FIRST_OF_DESKTOP : FIRST_OF_RDP;
	size_t to = rdp ? FIRST_OF_RDP : SP_LEN(keys);

	for (size_t i = from; i < to; i++) {
		const config_setting_t *s = config_setting_get_member(group, keys[i].name);
		if (s != NULL) {
			sp_conf_mistake(r, s, "%s: is for targets of kind \"%s\"", keys[i].name,
					rdp ? "desktop" : "rdp");
		}
	}
	if (rdp && config_setting_get_member(group, "address") == NULL) {
		sp_conf_mistake(r, group, "%s: address is missing", t->name);
	}
	if (t->domain[0] != '\0' && t->login != SP_CONF_LOGIN_SAME) {
		sp_conf_mistake(r, config_setting_get_member(group, "domain"),
				"domain: has a meaning with login = \"same\" only");
	}
}

static void read_target(
		struct sp_conf_reader *r, const config_setting_t *e, struct sp_conf_target *t)
{
	const char *name = config_setting_name(e);

	if (!(strlen(name) <= NAME_MAX_BYTES) || strchr(name, '*') != NULL) {
		sp_conf_mistake(r, e, "targets: \"%s\" is no name (1 to %d letters, digits, _ -)",
				name, NAME_MAX_BYTES);
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->kind = SP_CONF_DESKTOP;
	sp_conf_read_group(r, e, keys, SP_LEN(keys), t);
	if (!config_setting_is_group(e)) {
		return;
	}
	const config_setting_t *kind = config_setting_get_member(e, "kind");
	if (kind == NULL) {
		sp_conf_mistake(r, e, "%s: kind is missing", name);
	} else if (t->kind == SP_CONF_RDP ||
			(config_setting_get_string(kind) != NULL &&
					strcmp(config_setting_get_string(kind), "desktop") == 0)) {
		check_kind(r, e, t);
	}
}

void sp_conf_read_targets(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf *c = r->c;

	if (!config_setting_is_group(s)) {
		sp_conf_mistake(r, s, "targets: must be a group, { NAME = { ... }; }");
		return;
	}
	int n = config_setting_length(s);
	if (!(1 <= n && n <= SP_CONF_TARGETS)) {
		sp_conf_mistake(r, s, "targets: must have 1 to %d targets", SP_CONF_TARGETS);
		return;
	}
	r->targets = s;
	memset(c->target, 0, sizeof(c->target));
	c->n_targets = 0;
	for (int i = 0; i < n; i++) {
		read_target(r, config_setting_get_elem(s, (unsigned)i), &c->target[c->n_targets++]);
	}
}
