/* app/doctor.h - checks of an installation: what each finds, and the files that have them. */
#ifndef SP_APP_DOCTOR_H
#define SP_APP_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/again.h"
#include "core/base/attr.h"
#include "core/base/err.h"
#include "gate/keeper/store.h"
#include "host/audit/store.h"
#include "host/conf/conf.h"
#include "host/firewall/firewall.h"

#define APP_DOCTOR_FINDINGS 1024
#define APP_DOCTOR_TEXT 400
#define APP_DOCTOR_ABOUT 160
#define APP_DOCTOR_TODO (APP_AGAIN_MAX + 200)
#define APP_DOCTOR_DAY 86400

enum app_doctor_level {
	APP_DOCTOR_OK,
	APP_DOCTOR_INFO, /* worth knowing, nothing to do */
	APP_DOCTOR_WARN, /* weaker than it could be */
	APP_DOCTOR_BAD, /* open, broken, or about to be */
	APP_DOCTOR_UNKNOWN, /* it could not be looked at */
	APP_DOCTOR_LEVELS,
};

/* The parts of an installation, in the order in which they are told. */
enum app_doctor_group {
	APP_DOCTOR_CONF,
	APP_DOCTOR_FILES,
	APP_DOCTOR_CERT,
	APP_DOCTOR_JAIL,
	APP_DOCTOR_SERVICE,
	APP_DOCTOR_PORT,
	APP_DOCTOR_USERS,
	APP_DOCTOR_AUDIT,
	APP_DOCTOR_MACHINE,
	APP_DOCTOR_SCAN,
	APP_DOCTOR_GROUPS,
};

struct app_doctor_finding {
	uint32_t group, level;
	char id[32]; /* "users.second-factor": kept for ever */
	char about[APP_DOCTOR_ABOUT]; /* the user, target, file, ... ; may be empty */
	char text[APP_DOCTOR_TEXT];
	char todo[APP_DOCTOR_TODO]; /* empty: nothing */
};

struct app_doctor {
	const char *file; /* of the configuration */
	const struct app_service *service; /* as it was named; NULL: not at all */
	const struct sp_conf *conf; /* with defaults where it has mistakes */
	bool mistaken; /* it has: only state, store and run-as are known */
	bool full; /* the whole chain of the audit */
	bool scan; /* the port is asked, too */
	bool installed; /* not a trial: it runs as an account of its own */
	int64_t now; /* seconds since 1970 */
	uint32_t password_days; /* older passwords are told */
	uint64_t walk; /* records that are looked through for the last weeks; 0: as many as usual */
	size_t n, lost; /* lost: for which there was no room */
	char own[APP_AGAIN_MAX];
	struct app_doctor_finding finding[APP_DOCTOR_FINDINGS];
};

/* Begins a finding; the todo follows with app_doctor_todo(). `about` may be NULL. */
void app_doctor_say(struct app_doctor *d, enum app_doctor_group group, const char *id,
		enum app_doctor_level level, const char *about, const char *fmt, ...)
		sp_printf(6, 7);
/* What to do about the last finding: words, or commands that are right as they are pasted. */
void app_doctor_todo(struct app_doctor *d, const char *fmt, ...) sp_printf(2, 3);
/* A command of ours about this service, for a todo: "user totp carol". Valid until the next call. */
const char *app_doctor_own(struct app_doctor *d, const char *fmt, ...) sp_printf(2, 3);
/* What starts the service again, or its log, where it is a trial too. */
const char *app_doctor_restart(const struct app_doctor *d);
const char *app_doctor_log(const struct app_doctor *d);
/* Takes over one that another process made. */
void app_doctor_take(struct app_doctor *d, const struct app_doctor_finding *f);
/* Are there findings of this check that are not ok? */
bool app_doctor_found(const struct app_doctor *d, const char *id);
/* How many have this level; and of those from number `first` on, how many want something done. */
size_t app_doctor_count(const struct app_doctor *d, enum app_doctor_level level);
size_t app_doctor_faults(const struct app_doctor *d, size_t first);
/* "warn"; "conf" and "Configuration". */
const char *app_doctor_level_word(uint32_t level);
const char *app_doctor_group_word(uint32_t group);
const char *app_doctor_group_title(uint32_t group);
/* For people; `verbose` with each file and jail that is right. And one JSON object. */
void app_doctor_print(const struct app_doctor *d, bool colour, bool verbose);
void app_doctor_json(const struct app_doctor *d);

/* Does somebody on another machine get to a listener? */
bool app_doctor_away(const struct sp_conf *c);

/* ---- the checks ---- */

/* doctor_conf.c: what the configuration allows. */
void app_doctor_conf(struct app_doctor *d, const struct sp_conf_errors *errors);

/* doctor_files.c: who may read and change what. */
struct app_doctor_path {
	const char *id, *path;
	bool folder;
	bool needed; /* else it may be missing */
	uint32_t forbidden; /* mode bits, 077 */
	int64_t owner; /* -1: anybody; root may own all that is not written */
	bool link; /* it may be a link that root or the owner made */
};
void app_doctor_path(struct app_doctor *d, const struct app_doctor_path *p);
/* Who may change the folders that lead there, and those where a link on the way leads. */
void app_doctor_parents(struct app_doctor *d, const char *path, int64_t owner);
void app_doctor_files(struct app_doctor *d);
/* In a process that is or was made this account: may it read what the service reads as that? */
void app_doctor_read_as(
		struct app_doctor *d, const char *account, const char *const paths[], size_t n);
void app_doctor_read_keeper(struct app_doctor *d);
void app_doctor_read_scribe(struct app_doctor *d);

/* doctor_cert.c */
void app_doctor_cert(struct app_doctor *d, struct sp_span pem, const char *path, const char *host);
void app_doctor_cert_file(struct app_doctor *d);

/* doctor_jail.c: what the programs reach, and what the kernel has. */
void app_doctor_jail_line(struct app_doctor *d, const char *program, bool held, const char *line);
void app_doctor_jail(struct app_doctor *d);
/* abi: of Landlock, below 1: none. root: before /proc, for tests. */
void app_doctor_landlock(struct app_doctor *d, long abi);
void app_doctor_kernel(struct app_doctor *d, const char *root);

/* doctor_service.c: does it run, and how do its processes live? */
/* What a process of root may ever have; and the unit, below root, for tests. */
void app_doctor_capabilities(struct app_doctor *d, uint64_t bound);
void app_doctor_unit(struct app_doctor *d, const char *root);
void app_doctor_service(struct app_doctor *d);

/* doctor_port.c: who listens, and who gets there. */
void app_doctor_firewall(struct app_doctor *d, const struct sp_firewall *is);
/* Are they loaded at each start? root: before /etc, for tests. */
void app_doctor_firewall_start(struct app_doctor *d, const char *root);
void app_doctor_port(struct app_doctor *d);

/* doctor_users.c: people and their secrets. */
void app_doctor_users(struct app_doctor *d, struct sp_store *st);
void app_doctor_vault(struct app_doctor *d, struct sp_store *st);
void app_doctor_store(struct app_doctor *d);

/* doctor_audit.c: the chain, and what the last weeks tell. */
void app_doctor_chain(struct app_doctor *d, struct sp_audit_store *st, const char *dir);
void app_doctor_weeks(struct app_doctor *d, struct sp_audit_store *st);
void app_doctor_audit(struct app_doctor *d);

/* doctor_machine.c: clock, disk, core files, debuggers. */
/* What adjtimex(2) answered; a negative rc leaves errno. */
void app_doctor_clock(struct app_doctor *d, int rc, int status, long maxerror_us);
void app_doctor_disk(struct app_doctor *d, uint64_t available, uint64_t size, const char *where);
void app_doctor_machine(struct app_doctor *d);

/* doctor_scan.c: what others see of it. */
struct sp_scan_facts;
void app_doctor_scanned(struct app_doctor *d, const char *listen, const struct sp_scan_facts *f);
void app_doctor_scan(struct app_doctor *d);

#endif
