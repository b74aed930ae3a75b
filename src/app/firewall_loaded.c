/* app/firewall_loaded.c - see firewall.h. */
#include "app/firewall.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/output.h"

#define SECONDS 20

/* Not by PATH: root runs this. */
static const char *find_nft(void)
{
	static const char *const places[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"};

	for (size_t i = 0; i < SP_LEN(places); i++) {
		if (access(places[i], X_OK) == 0) {
			return places[i];
		}
	}
	return NULL;
}

int app_firewall_loaded(struct sp_firewall *f, char why[SP_FIREWALL_TEXT])
{
	const char *path = find_nft(), *argv[] = {"nft", "-j", "list", "ruleset", NULL};
	char line[SP_FIREWALL_TEXT - 64], text[SP_WHY_MAX];
	struct sp_wr out, err;
	int status = 0;

	memset(f, 0, sizeof(*f));
	if (path == NULL) {
		snprintf(why, SP_FIREWALL_TEXT, "nft is not installed (package nftables)");
		return SP_ENOTFOUND;
	}
	sp_wr_init(&out, SP_FIREWALL_JSON_MAX);
	sp_wr_init(&err, 4096);
	int rc = app_output(path, argv, SECONDS, &out, &err, &status, text);
	if (rc != SP_OK) {
		snprintf(why, SP_FIREWALL_TEXT, "%s", text);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		app_output_line(&err, line, sizeof(line));
		snprintf(why, SP_FIREWALL_TEXT, "%s", line[0] != '\0' ? line : "nft failed");
		rc = geteuid() != 0 ? SP_EDENIED : SP_ESYS;
	} else if (sp_wr_ok(&out) != SP_OK) {
		snprintf(why, SP_FIREWALL_TEXT, "what nft says is too long");
		rc = SP_ELIMIT;
	} else {
		rc = sp_firewall_read(f, (struct sp_span){out.p, out.n}, why);
	}
	sp_wr_finish(&out);
	sp_wr_finish(&err);
	return rc;
}
