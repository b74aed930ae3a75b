/* tests/gate/keeper/rig.c - see rig.h. */
#include "rig.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"
#include "gate/keeper/audit.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/io/tls.h"
#include "host/lib/crypto_nettle.h"

/* From this machine nobody has to wait for a failure before. */
struct rig rig = {.unix_s = 1000000000,
		.leg = -1,
		.name = "alice#db1",
		.host = -1,
		.scribe = -1,
		.source = {.family = AF_INET, .addr = {127, 0, 0, 7}, .text = "127.0.0.7:5"}};
const uint8_t rig_secret[] = "12345678901234567890";
static char dir[] = "/tmp/sp-test-keeper-XXXXXX";
static struct sp_tls_key *key;
/* The rules of the empty configuration, and one of a test. */
static struct sp_conf_rule *rig_rule;
static size_t rig_rules;
static struct sp_conf_rule own_rule;

/* What the keeper logs, a line each. */
static char log_text[65536];
static size_t log_n;

/* What the scribe is told, a line each: "auth.fail outcome=failed conn=1 ...". */
static char told_text[1 << 18];
static size_t told_n;

static void collect(enum sp_log_level level, const char *text)
{
	size_t room = sizeof(log_text) - log_n;
	int n = snprintf(log_text + log_n, room, "%d %s\n", (int)level, text);

	log_n += n > 0 && (size_t)n < room ? (size_t)n : 0;
	if (getenv("RIG_LOG") != NULL) {
		fprintf(stderr, "%s\n", text);
	}
}

bool logged(const char *text, const char *more)
{
	for (const char *line = log_text; *line != '\0'; line = strchr(line, '\n') + 1) {
		size_t n = strcspn(line, "\n");

		if (memmem(line, n, text, strlen(text)) != NULL &&
				memmem(line, n, more, strlen(more)) != NULL) {
			return true;
		}
	}
	return false;
}

static void add_told(const char *fmt, ...)
{
	size_t room = sizeof(told_text) - told_n;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(told_text + told_n, room, fmt, ap);
	va_end(ap);
	told_n += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

/* One event as a line; ends of fields are tabs. */
static void note_event(const struct sp_msg_audit *m)
{
	struct sp_audit_view v;

	assert_int_equal(sp_audit_read(sp_span(m->event, m->n), &v), SP_OK);
	add_told("%s\toutcome=%s\tseverity=%s\t", sp_audit_name(v.kind), sp_outcome_text(v.outcome),
			sp_severity_text(v.severity));
	for (size_t i = 0; i < v.n; i++) {
		const struct sp_audit_field *f = &v.f[i];
		add_told("%s=", sp_field_name(f->field));
		if (f->type == SP_FIELD_NUM) {
			add_told("%llu", (unsigned long long)f->num);
		} else if (f->type == SP_FIELD_TEXT) {
			add_told("%.*s", (int)f->bytes.n, (const char *)f->bytes.p);
		}
		add_told("\t");
	}
	add_told("\n");
	if (getenv("RIG_LOG") != NULL) {
		fprintf(stderr, "EVENT %s\n", strrchr(told_text, '\n') ? told_text : "");
	}
}

static bool line_has(const char *line, size_t n, const char *words)
{
	char word[160];

	while (*words != '\0') {
		size_t k = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s\t", (int)k, words);
		if (memmem(line, n, word, strlen(word)) == NULL) {
			return false;
		}
		words += k + (words[k] == ' ');
	}
	return true;
}

bool told(const char *words)
{
	turn();
	for (const char *line = told_text; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (line_has(line, strcspn(line, "\n"), words)) {
			return true;
		}
	}
	return false;
}

unsigned told_times(const char *kind)
{
	unsigned n = 0;

	turn();
	for (const char *line = told_text; *line != '\0'; line = strchr(line, '\n') + 1) {
		n += strncmp(line, kind, strlen(kind)) == 0 && line[strlen(kind)] == '\t';
	}
	return n;
}

static void say_audited(uint64_t ticket)
{
	struct sp_msg_audited m = {.ticket = ticket,
			.result = rig.scribe_refuses != NULL ? SP_AUDITED_REFUSED : SP_AUDITED_OK};

	snprintf(m.text, sizeof(m.text), "%s",
			rig.scribe_refuses != NULL ? rig.scribe_refuses : "");
	assert_int_equal(sp_mon_say(rig.scribe, AUDITED, &m), SP_OK);
}

/* Takes what it was told, and answers unless it is to keep others waiting; did anything come? */
static bool scribe_turn(void)
{
	static struct sp_mon_in in;
	bool any = false;

	while (rig.scribe >= 0 && sp_mon_recv(rig.scribe, &in) == 1) {
		if (in.type == SP_MSG_RECORD_OPEN) {
			rig.record_open = in.body.record_open;
			sp_mon_in_finish(&in);
			continue;
		}
		assert_int_equal(in.type, SP_MSG_AUDIT);
		note_event(&in.body.audit);
		rig.scribe_last = in.body.audit.ticket;
		any = true;
		if (!rig.scribe_waits) {
			say_audited(rig.scribe_last);
		}
		sp_mon_in_finish(&in);
	}
	return any;
}

void scribe_answers(void)
{
	say_audited(rig.scribe_last);
	turn();
}

void new_scribe(void)
{
	int p[2];

	sp_fd_close(&rig.scribe);
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	rig.scribe = p[1];
	assert_int_equal(sp_keeper_audit(&rig.k, p[0]), SP_OK);
	assert_int_equal(sp_mon_recv(p[1], &rig.in), 1);
	assert_int_equal(rig.in.type, SP_MSG_AUDIT_HELLO);
}

static uint64_t now_us(void)
{
	return rig.clock_us;
}

static int64_t unix_time(void)
{
	return rig.unix_s;
}

int rig_open(void **state)
{
	char why[SP_STORE_WHY], text[SP_WHY_MAX];
	struct sp_rcbuf *cert, *pem;
	int p[2], b[2], d[2];

	if (mkdtemp(dir) == NULL || chdir(dir) != 0 || sp_tls_init() != SP_OK) {
		return -1;
	}
	sp_log_set(collect, SP_LOG_INFO);
	sp_conf_default(&rig.conf);
	rig_rule = rig.conf.rule;
	rig_rules = rig.conf.n_rules;
	rig.conf.mfa = SP_CONF_MFA_NONE;
	snprintf(rig.conf.target[0].session, sizeof(rig.conf.target[0].session), "my-session");
	rig.k.crypto = &sp_crypto_nettle;
	rig.k.conf = &rig.conf;
	rig.k.now_us = now_us;
	rig.k.unix_time = unix_time;
	rig.clock_us = sp_now_us();
	rig.k.store = sp_store_open("s", NULL, true, rig.k.crypto, why);
	rig.k.loop = sp_loop_create();
	if (rig.k.store == NULL || rig.k.loop == NULL || sp_ipc_pair(p) != SP_OK ||
			sp_ipc_pair(b) != SP_OK || sp_ipc_pair(d) != SP_OK ||
			sp_cert_make("test.example", 1, &cert, &pem) != SP_OK) {
		return -1;
	}
	key = sp_tls_key_load(sp_span(pem->p, pem->n), text);
	sp_rcbuf_unref(cert);
	sp_cert_key_free(pem);
	rig.k.key = key;
	rig.k.control = p[0];
	rig.parent = p[1];
	rig.k.broker = b[0];
	rig.broker = b[1];
	rig.k.dial = d[0];
	rig.dial = d[1];
	if (sp_keeper_init(&rig.k) != SP_OK) {
		return -1;
	}
	new_scribe();
	return sp_store_add(rig.k.store, "alice", "", GOOD) == SP_OK &&
					sp_store_add(rig.k.store, "dave", "", GOOD) == SP_OK &&
					sp_store_disable(rig.k.store, "dave", true) == SP_OK &&
					sp_store_add(rig.k.store, "carol", "", GOOD) == SP_OK &&
					sp_store_totp_set(rig.k.store, "carol", rig_secret, 0) ==
							SP_OK
			? 0
			: -1;
}

int rig_close(void **state)
{
	sp_keeper_finish(&rig.k);
	rig.conf.rule = rig_rule;
	sp_conf_finish(&rig.conf);
	sp_conf_finish(&rig.conf);
	sp_store_close(rig.k.store);
	sp_loop_destroy(rig.k.loop);
	sp_tls_key_destroy(key);
	close(rig.k.control);
	close(rig.parent);
	close(rig.k.broker);
	close(rig.broker);
	close(rig.k.dial);
	close(rig.dial);
	sp_fd_close(&rig.scribe);
	unlink("s/store.db");
	unlink("s/keeper.key");
	rmdir("s");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

/* Lets the keeper answer everything that lies there. */
void turn(void)
{
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
		while (scribe_turn()) {
			assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
		}
	}
	assert_int_equal(sp_keeper_control(&rig.k), SP_OK);
	if (rig.k.broker >= 0) {
		assert_int_equal(sp_keeper_broker(&rig.k), SP_OK);
	}
	assert_int_equal(sp_keeper_dial(&rig.k), SP_OK);
	while (scribe_turn()) {
		assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
	}
}

/* The next message for one of our ends must be of that type; it is in `in` then. */
void expect(int fd, enum sp_msg type)
{
	turn();
	sp_mon_in_finish(&rig.in);
	int rc = sp_mon_recv(fd, &rig.in);
	if (rc != 1) {
		fail_msg("%s: nothing came (%d)", sp_msg_name(type), rc);
	}
	assert_string_equal(sp_msg_name(rig.in.type), sp_msg_name(type));
}

void await(int fd, enum sp_msg type)
{
	turn();
	for (;;) {
		sp_mon_in_finish(&rig.in);
		int rc = sp_mon_recv(fd, &rig.in);
		if (rc != 1) {
			fail_msg("%s: nothing came (%d)", sp_msg_name(type), rc);
		}
		if (rig.in.type == (uint32_t)type) {
			return;
		}
	}
}

void expect_nothing(int fd)
{
	turn();
	assert_int_equal(sp_mon_recv(fd, &rig.in), 0);
}

void connect_one(void)
{
	log_n = told_n = 0;
	log_text[0] = told_text[0] = '\0';
	struct sp_msg_conn_open m = {.conn = ++rig.conn};
	int n[2], l[2];

	assert_int_equal(sp_ipc_pair(n), SP_OK);
	assert_int_equal(sp_ipc_pair(l), SP_OK);
	m.source = rig.source;
	int fds[2] = {n[0], l[0]};
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_CONN_OPEN, &m, sizeof(m), fds, 2), SP_OK);
	close(n[0]);
	close(l[0]);
	rig.net = n[1];
	rig.login = l[1];
	turn();
	assert_int_equal(rig.k.n, 1);
}

void closed(uint32_t role, bool crashed, bool deadline)
{
	struct sp_msg_conn_closed m = {.conn = rig.conn,
			.role = role,
			.crashed = crashed,
			.deadline = deadline,
			.status = crashed ? 11 : 0};

	assert_int_equal(sp_mon_say(rig.parent, CONN_CLOSED, &m), SP_OK);
	turn();
}

void disconnect(void)
{
	close(rig.net);
	close(rig.login);
	closed(SP_ROLE_NET, false, false);
	assert_int_equal(rig.k.n, 0);
	sp_fd_close(&rig.leg);
	sp_fd_close(&rig.host);
	rig.conf.mfa = SP_CONF_MFA_NONE;
	rig.conf.n_targets = 1;
	rig.name = "alice#db1";
	rig.conf.n_rules = rig_rules;
	rig.conf.rule = rig_rule;
	rig.conf.notice[0] = '\0';
	while (sp_mon_recv(rig.parent, &rig.in) == 1) {
		sp_mon_in_finish(&rig.in);
	}
	while (sp_mon_recv(rig.broker, &rig.in) == 1) {
		sp_mon_in_finish(&rig.in);
	}
	while (sp_mon_recv(rig.dial, &rig.in) == 1) {
		sp_mon_in_finish(&rig.in);
	}
}

static uint16_t wide(const char *s, uint8_t *out)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_NTLMV2_MAX_NAME);
	sp_utf16_write(&w, s);
	return (uint16_t)w.n;
}

struct sp_msg_challenge challenge(void)
{
	struct sp_msg_none none = {0};

	assert_int_equal(sp_mon_say(rig.login, ASK_CHALLENGE, &none), SP_OK);
	expect(rig.login, SP_MSG_CHALLENGE);
	return rig.in.body.challenge;
}

struct sp_msg_proof proof_of(const char *user, const char *password, const uint8_t *server)
{
	struct sp_msg_proof m = {.temp_n = 44};
	uint8_t hash[16], owf[16], name[SP_NTLMV2_MAX_NAME];
	uint16_t n = wide(user, name);

	snprintf(m.user, sizeof(m.user), "%s", user);
	memset(m.temp, 0x77, m.temp_n);
	assert_int_equal(sp_ntlmv2_nt_hash(rig.k.crypto, password, hash), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(rig.k.crypto, hash, sp_span(name, n), sp_span(NULL, 0), owf),
			SP_OK);
	sp_ntlmv2_proof(rig.k.crypto, owf, server, sp_span(m.temp, m.temp_n), m.nt_proof);
	return m;
}

uint32_t prove(const char *user, const char *password)
{
	struct sp_msg_challenge c = challenge();
	struct sp_msg_proof m = proof_of(user, password, c.challenge);

	assert_int_equal(sp_mon_say(rig.login, PROOF, &m), SP_OK);
	expect(rig.login, SP_MSG_PROOF_RESULT);
	return rig.in.body.proof_result.result;
}

void done(uint32_t result, uint32_t why, const char *user)
{
	struct sp_msg_done m = {.result = result, .why = why};

	snprintf(m.user, sizeof(m.user), "%s", user);
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	turn();
}

struct sp_msg_verdict verdict(void)
{
	struct sp_msg_none none = {0};

	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	expect(rig.net, SP_MSG_VERDICT);
	return rig.in.body.verdict;
}

void open_target(void)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};

	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &m), SP_OK);
	expect(rig.broker, SP_MSG_DESKTOP_OPEN);
}

void done_with(const char *user, const char *password)
{
	struct sp_msg_done m = {.result = SP_DONE_OK, .why = SP_WHY_OK};

	snprintf(m.user, sizeof(m.user), "%s", user);
	snprintf(m.password, sizeof(m.password), "%s", password);
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	turn();
}

void log_in_as(const char *name, const char *password)
{
	assert_int_equal(prove(name, password), SP_PROOF_GRANTED);
	done_with(name, password);
}

void log_in(void)
{
	assert_int_equal(prove("Alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "alice");
}

struct sp_conf_rule *with_rule(const char *name)
{
	own_rule = (struct sp_conf_rule){.line = 1};
	snprintf(own_rule.name, sizeof(own_rule.name), "%s", name);
	rig.conf.rule = &own_rule;
	rig.conf.n_rules = 1;
	return &own_rule;
}

struct sp_conf_target *with_db1(void)
{
	struct sp_conf_target *t = &rig.conf.target[1];

	*t = (struct sp_conf_target){.name = "db1",
			.kind = SP_CONF_RDP,
			.address = "192.0.2.9:3389",
			.text = "the database",
			.trust = SP_CONF_TRUST_FIRST_SEEN,
			.login = SP_CONF_LOGIN_SAME,
			.domain = "CORP"};
	rig.conf.n_targets = 2;
	with_rule("operators");
	return t;
}

uint32_t converse_with(const struct sp_msg_converse *m)
{
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	return rig.in.body.prompt.kind;
}

uint32_t converse(void)
{
	return converse_with(&(struct sp_msg_converse){0});
}

uint32_t answer_as(uint32_t kind, const char *text, const char *password)
{
	struct sp_msg_answer m = {.kind = kind};

	snprintf(m.text, sizeof(m.text), "%s", text);
	snprintf(m.password, sizeof(m.password), "%s", password);
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	return rig.in.body.prompt.kind;
}

uint32_t choose(uint32_t choice)
{
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK, .choice = choice};

	assert_int_equal(sp_mon_say(rig.net, ANSWER, &m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	return rig.in.body.prompt.kind;
}

void to_dialling(void)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};

	if (rig.conf.n_targets == 1) {
		with_db1();
	}
	log_in_as(rig.name, GOOD);
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	if (v.ask) {
		assert_int_equal(converse(), SP_PROMPT_DONE);
	}
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &m), SP_OK);
	expect(rig.dial, SP_MSG_DIAL);
}

void to_dialled(void)
{
	struct sp_msg_dialed m = {.conn = rig.conn, .address = "192.0.2.9:3389"};
	int p[2];

	to_dialling();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	assert_int_equal(sp_mon_send(rig.dial, SP_MSG_DIALED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	rig.host = p[1];
	await(rig.parent, SP_MSG_LOGIN_START);
}

void to_given(void)
{
	struct sp_msg_login_started m = {0};
	int q[2], l[2];

	to_dialled();
	m.conn = rig.conn;
	assert_int_equal(sp_ipc_pair(q), SP_OK);
	assert_int_equal(sp_ipc_pair(l), SP_OK);
	int fds[2] = {q[0], l[0]};
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_LOGIN_STARTED, &m, sizeof(m), fds, 2),
			SP_OK);
	close(q[0]);
	close(l[0]);
	close(l[1]);
	rig.leg = q[1];
	turn(); /* LOGIN_STARTED is read after sp-net's questions */
	expect(rig.net, SP_MSG_TARGET);
}

const char *good_code(void)
{
	static char code[SP_TOTP_DIGITS + 1];

	assert_int_equal(sp_totp_code(rig_secret, sp_totp_step(rig.unix_s), code), SP_OK);
	return code;
}

uint32_t answer(const char *text)
{
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	return rig.in.body.prompt.kind;
}

/* Was the connection ended by the keeper, with a reason and a penalty? */
bool was_ended(void)
{
	bool ended = false, punished = false;

	turn();
	while (sp_mon_recv(rig.parent, &rig.in) == 1) {
		if (rig.in.type == SP_MSG_CONN_END) {
			assert_int_equal(rig.in.body.conn_end.conn, rig.conn);
			assert_int_equal(rig.in.body.conn_end.why, SP_WHY_QUESTION);
			ended = true;
		}
		if (rig.in.type == SP_MSG_PENALTY &&
				rig.in.body.penalty.kind == SP_PENALTY_PROTOCOL) {
			assert_int_equal(rig.in.body.penalty.source.addr[3], 7);
			punished = true;
		}
	}
	assert_int_equal(ended, punished);
	if (ended) {
		struct pollfd p[2] = {{.fd = rig.net, .events = POLLIN},
				{.fd = rig.login, .events = POLLIN}};
		assert_int_equal(poll(p, 2, 0), 2);
		assert_true(p[0].revents & POLLHUP);
		assert_true(p[1].revents & POLLHUP);
	}
	return ended;
}
