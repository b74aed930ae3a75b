/* gate/target/main.c - sp-target: one login at a target, in a jail, as the client. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/wr.h"
#include "gate/target/login.h"
#include "host/io/chain.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"
#include "host/monitor/msg.h"

#define ROOTS_FILE_MAX (4u << 20)
#define PIECE 65536

/* The file may be open in several of us, and then has one offset: read by position. */
static int read_roots(struct sp_wr *out)
{
	struct stat st;
	ssize_t n = PIECE;

	if (fstat(SP_LOGIN_FD_ROOTS, &st) != 0 || !S_ISREG(st.st_mode)) {
		return SP_OK; /* there are none */
	}
	while (n > 0) {
		uint8_t *p = sp_wr_room(out, PIECE);

		n = p ? pread(SP_LOGIN_FD_ROOTS, p, PIECE, (off_t)(out->n - PIECE)) : -1;
		if (p) {
			sp_wr_shrink(out, PIECE - (n > 0 ? (size_t)n : 0));
		}
	}
	close(SP_LOGIN_FD_ROOTS);
	return n < 0 ? SP_ESYS : SP_OK;
}

int main(int argc, char **argv)
{
	struct sp_jail_spec spec = {.class = SP_JAIL_LOGIN};
	struct sp_jail_report report;
	char why[SP_WHY_MAX] = "", name[64] = "";
	struct sp_wr roots;

	sp_hostlog_open_raw(getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		return sp_jail_selftest_main(&spec);
	}
	sp_wr_init(&roots, ROOTS_FILE_MAX);
	if (sp_chain_init() != SP_OK || read_roots(&roots) != SP_OK) {
		sp_log(SP_LOG_ERROR, "cannot start");
		return 1;
	}
	if (gethostname(name, sizeof(name) - 1) != 0) {
		name[0] = '\0';
	}
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return 1;
	}
	struct sp_target_login_conf conf = {
			.roots = sp_span(roots.p, roots.n), .workstation = name};
	int rc = sp_target_login_run(&conf);
	if (rc != SP_OK && rc != SP_ECLOSED) {
		sp_log(SP_LOG_WARN, "login ended: %s", sp_err_text(rc));
	}
	sp_wr_finish(&roots);
	return rc == SP_OK || rc == SP_ECLOSED ? 0 : 1;
}
