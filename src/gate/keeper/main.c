/* gate/keeper/main.c - sp-keeper: holds the secrets and decides; never sees the network. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/keeper/account.h"
#include "gate/keeper/audit.h"
#include "gate/keeper/command.h"
#include "gate/keeper/conn.h"
#include "gate/keeper/keeper.h"
#include "gate/keeper/session.h"
#include "host/conf/zone.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "host/io/tls.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/geo.h"
#include "host/monitor/admin.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

struct process {
	const char *file; /* of the configuration */
	struct sp_conf_errors errors;
	char certificate[SP_CONF_PATH];
	struct sp_tls_key *key;
	int chain; /* file with the certificates for sp-net */
	struct sp_msg_ready ready;
	struct sp_keeper k;
	struct sp_watch *control, *broker, *dial;
	struct sp_command *command;
	struct sp_wait wait; /* for the audit to have the new configuration */
	struct sp_conf *next; /* which it is; NULL: none */
	struct sp_geo *next_geo, *next_networks;
};

static int64_t unix_time(void)
{
	return (int64_t)time(NULL);
}

/* NULL, and said so. */
static struct sp_conf *read_conf(struct process *p)
{
	struct sp_conf *c;
	int rc = sp_conf_load(p->file, &p->errors, &c);

	for (size_t i = 0; rc != SP_OK && i < p->errors.n; i++) {
		sp_log(SP_LOG_ERROR, "%s", p->errors.text[i]);
	}
	for (size_t i = 0; rc == SP_OK && i < p->errors.n_warnings; i++) {
		sp_log(SP_LOG_WARN, "%s", p->errors.warning[i]);
	}
	return c;
}

/* False, and said so, when the file cannot be used; *out is NULL where none is named. */
static bool open_file(
		const struct process *p, const char *key, const char *path, struct sp_geo **out)
{
	char why[SP_GEO_WHY];

	*out = path[0] != '\0' ? sp_geo_open(path, why) : NULL;
	if (path[0] != '\0' && *out == NULL) {
		sp_log(SP_LOG_ERROR, "%s: %s: %s: %s", p->file, key, path, why);
		return false;
	}
	return true;
}

/* The files of countries and networks that it names. */
static bool open_places(const struct process *p, const struct sp_conf *c, struct sp_geo **countries,
		struct sp_geo **networks)
{
	return open_file(p, "countries-file", c->countries, countries) &&
			open_file(p, "networks-file", c->networks, networks);
}

/* The certificates as a file that can be read only; the jail has no memory files. */
static int chain_file(const struct process *p, struct sp_span bytes)
{
	char path[SP_CONF_PATH + 16];

	snprintf(path, sizeof(path), "%s/tls-chain.pem", p->k.conf->state);
	if (sp_file_write(path, 0644, bytes) != SP_OK) {
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Takes key and chain out of the PEM bytes; the old ones stay when something is wrong. */
static bool use_certificate(struct process *p, struct sp_span pem)
{
	char why[SP_WHY_MAX];
	struct sp_cert_info info;
	struct sp_rcbuf *chain = NULL;
	struct sp_tls_key *key = sp_tls_key_load(pem, why);
	int fd = -1;

	if (key == NULL) {
		sp_log(SP_LOG_ERROR, "%s: %s", p->certificate, why);
		return false;
	}
	if (sp_cert_info_pem(pem, &info) != SP_OK || sp_cert_chain_only(pem, &chain) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: no certificate in it", p->certificate);
		goto fail;
	}
	if (sp_tls_key_matches(key, sp_span(chain->p, chain->n)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: key and certificate do not belong together",
				p->certificate);
		goto fail;
	}
	fd = chain_file(p, sp_span(chain->p, chain->n));
	if (fd < 0) {
		sp_log(SP_LOG_ERROR, "tls-chain.pem: %s", strerror(errno));
		goto fail;
	}
	sp_rcbuf_unref(chain);
	sp_fd_close(&p->chain);
	sp_tls_key_destroy(p->key);
	p->chain = fd;
	p->key = key;
	p->k.key = key;
	for (size_t i = 0; i < sizeof(info.cert_sha256); i++) {
		snprintf(p->ready.fingerprint + 2 * i, 3, "%02x", info.cert_sha256[i]);
	}
	return true;
fail:
	sp_rcbuf_unref(chain);
	sp_tls_key_destroy(key);
	return false;
}

static bool load_certificate(struct process *p)
{
	char why[SP_WHY_MAX], host[256] = "localhost";
	struct sp_rcbuf *pem = NULL;

	if (!sp_conf_certificate(p->k.conf, p->certificate, sizeof(p->certificate))) {
		sp_log(SP_LOG_ERROR, "certificate: path is too long");
		return false;
	}
	if (gethostname(host, sizeof(host)) != 0 || host[0] == '\0') {
		snprintf(host, sizeof(host), "localhost");
	}
	host[sizeof(host) - 1] = '\0';
	if (sp_cert_load_or_make(p->certificate, host, &pem, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: %s", p->certificate, why);
		return false;
	}
	bool ok = use_certificate(p, sp_span(pem->p, pem->n));
	sp_cert_key_free(pem);
	return ok;
}

static bool send_ready(struct process *p, const char *text)
{
	snprintf(p->ready.text, sizeof(p->ready.text), "%s", text);
	int rc = sp_mon_send(p->k.control, SP_MSG_READY, &p->ready, sizeof(p->ready), &p->chain, 1);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "parent: %s", sp_err_text(rc));
	}
	return rc == SP_OK;
}

/* What an operator should know whenever he looks into the log. */
static void warn(const struct sp_conf *c)
{
	if (c->mfa == SP_CONF_MFA_NONE) {
		sp_log(SP_LOG_WARN,
				"second factor is off (mfa = \"none\"): a password opens "
				"everything");
	}
}

/* What only a start can change is as it was. */
static void keep_fixed(const struct sp_conf *old, struct sp_conf *c)
{
	if (strcmp(c->state, old->state) != 0) {
		sp_log(SP_LOG_WARN, "state: another directory needs a restart");
		memcpy(c->state, old->state, sizeof(c->state));
	}
	if (strcmp(c->run_as, old->run_as) != 0) {
		sp_log(SP_LOG_WARN, "run-as: another account needs a restart");
		memcpy(c->run_as, old->run_as, sizeof(c->run_as));
	}
}

static void say_reloaded(struct process *p)
{
	if (!send_ready(p, "reloaded")) {
		sp_loop_quit(p->k.loop, EXIT_FAILED);
	}
}

static void drop_next(struct process *p)
{
	sp_keeper_unwait(&p->k, &p->wait);
	sp_conf_unref(p->next);
	sp_geo_close(p->next_geo);
	sp_geo_close(p->next_networks);
	p->next = NULL;
	p->next_geo = p->next_networks = NULL;
}

/* Whoever works by the old configuration has a reference to it. */
static void take_over(void *arg, bool ok, const char *why)
{
	struct process *p = arg;
	struct sp_conf *c = p->next;

	if (!ok) {
		sp_log(SP_LOG_ERROR, "configuration not taken over, it cannot be audited: %s", why);
		drop_next(p);
		say_reloaded(p);
		return;
	}
	sp_conf_unref(p->k.conf);
	sp_geo_close(p->k.geo);
	sp_geo_close(p->k.networks);
	p->k.conf = c;
	p->k.geo = p->next_geo;
	p->k.networks = p->next_networks;
	p->next = NULL;
	p->next_geo = p->next_networks = NULL;
	sp_keeper_policy_hash(&p->k);
	sp_log(SP_LOG_INFO, "configuration read again: %zu target%s, %zu rule%s", c->n_targets,
			c->n_targets == 1 ? "" : "s", c->n_rules, c->n_rules == 1 ? "" : "s");
	warn(c);
	sp_sessions_recheck(p->k.sessions);
	if (!load_certificate(p)) {
		sp_log(SP_LOG_ERROR, "the old certificate stays");
	}
	say_reloaded(p);
}

/* What is wrong in the new files changes nothing; what is right is written down first. */
static void reload(struct process *p)
{
	uint8_t was[SP_SHA256_SIZE], hash[SP_SHA256_SIZE];
	struct sp_audit_event e;

	p->k.reload = false;
	drop_next(p);
	p->next = read_conf(p);
	if (p->next == NULL || !open_places(p, p->next, &p->next_geo, &p->next_networks)) {
		sp_log(SP_LOG_ERROR, "configuration not read again; the old one stays");
		drop_next(p);
		say_reloaded(p);
		return;
	}
	keep_fixed(p->k.conf, p->next);
	struct sp_span text = sp_span(p->next->text, p->next->text_n);
	p->k.crypto->sha256(&text, 1, hash);
	sp_audit_init(&e, SP_AUDIT_POLICY_CHANGE, SP_OUTCOME_OK);
	if (memcmp(hash, p->k.policy_hash, sizeof(hash)) == 0) {
		sp_audit_set_severity(&e, SP_SEVERITY_INFO);
		sp_audit_text(&e, SP_F_REASON, "unchanged");
	}
	sp_audit_text(&e, SP_F_OBJECT, p->file);
	p->wait.fn = take_over;
	p->wait.arg = p;
	/* This event has the new one. */
	memcpy(was, p->k.policy_hash, sizeof(was));
	memcpy(p->k.policy_hash, hash, sizeof(hash));
	sp_keeper_tell_first(&p->k, &p->wait, &e);
	memcpy(p->k.policy_hash, was, sizeof(was));
	if (p->wait.ticket == 0) {
		take_over(p, true, ""); /* a service without an audit */
	}
}

static void control_event(void *user, unsigned events)
{
	struct process *p = user;
	int rc = sp_keeper_control(&p->k);

	if (rc == SP_ECLOSED) {
		sp_log(SP_LOG_DEBUG, "parent is gone");
		sp_loop_quit(p->k.loop, 0);
	} else if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "parent: %s", sp_err_text(rc));
		sp_loop_quit(p->k.loop, EXIT_FAILED);
	} else if (p->k.reload) {
		reload(p);
	}
}

static void broker_event(void *user, unsigned events)
{
	struct process *p = user;
	int rc = sp_keeper_broker(&p->k);

	if (rc != SP_OK) {
		/* The parent says that it died, or knows that it had to end. */
		sp_log(rc == SP_ECLOSED ? SP_LOG_DEBUG : SP_LOG_ERROR,
				"broker: %s; no desktops from now on", sp_err_text(rc));
		sp_watch_remove(p->broker);
		p->broker = NULL;
		sp_fd_close(&p->k.broker);
	}
}

static void dial_event(void *user, unsigned events)
{
	struct process *p = user;
	int rc = sp_keeper_dial(&p->k);

	if (rc != SP_OK) {
		sp_log(rc == SP_ECLOSED ? SP_LOG_DEBUG : SP_LOG_ERROR,
				"sp-dial: %s; no other machines from now on", sp_err_text(rc));
		sp_watch_remove(p->dial);
		p->dial = NULL;
		sp_fd_close(&p->k.dial);
	}
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void folder_of(const char *path, char out[SP_CONF_PATH])
{
	const char *slash = strrchr(path, '/');
	int n = slash != NULL ? (int)(slash - path) : 1;

	snprintf(out, SP_CONF_PATH, "%.*s", n > 0 ? n : 1, slash != NULL ? path : ".");
}

static bool enter_jail(struct process *p)
{
	struct sp_audit_event e;
	char conf[SP_CONF_PATH], cert[SP_CONF_PATH], countries[SP_CONF_PATH],
			networks[SP_CONF_PATH], why[SP_WHY_MAX];
	struct sp_jail_path paths[8] = {
			{.path = p->k.conf->state, .write = true},
			{.path = conf},
			{.path = cert},
	};
	struct sp_jail_spec spec = {.class = SP_JAIL_KEEPER,
			.database = p->k.conf->store[0] != '\0',
			.paths = paths,
			.npaths = 3,
			.files = 2 * SP_KEEPER_CONNS + 64};
	struct sp_jail_report report;

	folder_of(p->file, conf);
	folder_of(p->certificate, cert);
	if (p->k.conf->countries[0] != '\0') {
		folder_of(p->k.conf->countries, countries);
		paths[spec.npaths++].path = countries;
	}
	if (p->k.conf->networks[0] != '\0') {
		folder_of(p->k.conf->networks, networks);
		paths[spec.npaths++].path = networks;
	}
	/* A reload may bring hours in other time zones. */
	static const char *const zones[] = {SP_ZONE_FOLDER, SP_ZONE_LOCAL};
	for (size_t i = 0; i < SP_LEN(zones); i++) {
		if (access(zones[i], R_OK) == 0) {
			paths[spec.npaths++].path = zones[i];
		}
	}
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "jail: %s", why);
		return false;
	}
	sp_log(SP_LOG_INFO, "jailed: %s", report.text);
	sp_audit_init(&e, SP_AUDIT_SANDBOX_LEVEL, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_PROCESS, "sp-keeper");
	sp_audit_num(&e, SP_F_PID, (uint64_t)getpid());
	sp_audit_text(&e, SP_F_LEVEL, report.text);
	sp_keeper_tell(&p->k, &e);
	return true;
}

/* Before a file of the store is opened; the configuration must stay readable for a reload. */
static bool give_up_root(const struct process *p)
{
	char why[SP_ACCOUNT_WHY];

	if (sp_account_become(p->k.conf, true, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return false;
	}
	if (access(p->file, R_OK) != 0) {
		sp_log(SP_LOG_ERROR, "%s: %s must be able to read it: %s", p->file,
				p->k.conf->run_as, strerror(errno));
		return false;
	}
	/* Changing the user set it to what fs.suid_dumpable says. */
	return prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* Who lives in a session is to be seen, so without the socket there is no service. */
static bool listen_for_commands(struct process *p)
{
	char why[SP_WHY_MAX];

	p->command = sp_command_open(&p->k, p->k.conf->state, why);
	if (p->command == NULL) {
		sp_log(SP_LOG_ERROR, "%s/" SP_ADMIN_SOCKET ": %s", p->k.conf->state, why);
	}
	return p->command != NULL;
}

/* One that is not there needs no watching. */
static bool watch(struct process *p, int fd, sp_watch_fd_fn fn, struct sp_watch **out)
{
	if (fd < 0) {
		return true;
	}
	*out = sp_loop_fd(p->k.loop, fd, SP_LOOP_READ, fn, p);
	return *out != NULL && sp_fd_nonblock(fd, true) == SP_OK;
}

static bool start(struct process *p)
{
	char why[SP_STORE_WHY];
	struct sp_keeper *k = &p->k;

	k->conf = read_conf(p);
	if (k->conf == NULL || !give_up_root(p) ||
			!open_places(p, k->conf, &k->geo, &k->networks)) {
		return false;
	}
	if (sp_tls_hold_keys() != SP_OK || sp_tls_init() != SP_OK) {
		sp_log(SP_LOG_ERROR, "TLS library cannot be used");
		return false;
	}
	k->crypto = &sp_crypto_nettle;
	k->now_us = sp_now_us;
	k->unix_time = unix_time;
	k->store = sp_store_open(k->conf->state, k->conf->store, true, k->crypto, why);
	if (k->store == NULL) {
		sp_log(SP_LOG_ERROR, "store: %s", why);
		return false;
	}
	k->loop = sp_loop_create();
	if (k->loop == NULL || !load_certificate(p)) {
		return false;
	}
	if (sp_keeper_init(k) != SP_OK || !listen_for_commands(p)) {
		return false;
	}
	if (sp_keeper_audit(k, SP_KEEPER_FD_SCRIBE) != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-scribe cannot be told");
		return false;
	}
	if (!watch(p, k->control, control_event, &p->control) ||
			!watch(p, k->broker, broker_event, &p->broker) ||
			!watch(p, k->dial, dial_event, &p->dial)) {
		sp_log(SP_LOG_ERROR, "event loop: %s", strerror(errno));
		return false;
	}
	warn(p->k.conf);
	if (!enter_jail(p)) {
		return false;
	}
	if (sp_keeper_penalties(k) != SP_OK) {
		sp_log(SP_LOG_ERROR, "parent: it does not listen");
		return false;
	}
	return send_ready(p, "ready");
}

static void finish(struct process *p)
{
	struct sp_keeper *k = &p->k;

	sp_command_close(p->command);
	drop_next(p);
	sp_keeper_finish(k);
	sp_store_close(k->store);
	sp_geo_close(k->geo);
	sp_geo_close(k->networks);
	sp_conf_unref(k->conf);
	sp_tls_key_destroy(p->key);
	sp_loop_destroy(k->loop);
}

int main(int argc, char **argv)
{
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	struct process *p = sp_calloc(1, sizeof(*p));
	int status = EXIT_FAILED;

	if (p == NULL) {
		return EXIT_FAILED;
	}
	if (!((argc == 3 && strcmp(argv[1], "-c") == 0) && is_socket(SP_KEEPER_FD_CONTROL) &&
			    is_socket(SP_KEEPER_FD_SCRIBE))) {
		fputs("sp-keeper: started by sallyportd only: sp-keeper -c FILE, "
		      "with its sockets on descriptors 3 to 6\n",
				stderr);
		sp_free(p);
		return EXIT_USAGE;
	}
	sp_hostlog_open("sp-keeper", level);
	/* Neither core dumps nor a debugger of the same user may see the keys. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C is for the parent; we end when it does. */
	signal(SIGINT, SIG_IGN);
	umask(077);
	p->file = argv[2];
	p->chain = -1;
	p->k.control = SP_KEEPER_FD_CONTROL;
	p->k.broker = is_socket(SP_KEEPER_FD_BROKER) ? SP_KEEPER_FD_BROKER : -1;
	p->k.dial = is_socket(SP_KEEPER_FD_DIAL) ? SP_KEEPER_FD_DIAL : -1;
	if (start(p)) {
		status = sp_loop_run(p->k.loop);
		status = status < 0 ? EXIT_FAILED : status;
	}
	finish(p);
	sp_freezero(p, sizeof(*p));
	return status;
}
