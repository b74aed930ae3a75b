/* app/firewall.c - `sallyport firewall`: rules for nftables, and whether they are loaded. */
#include "app/firewall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/again.h"
#include "app/app.h"
#include "app/json.h"
#include "app/words.h"

/* ---- printing ---- */

static int print(const struct sp_firewall *want, const struct sp_conf *c, const char *file,
		const char *again)
{
	struct sp_wr w;
	int status = APP_OK;

	sp_wr_init(&w, SP_FIREWALL_PRINT_MAX);
	sp_firewall_print(want, c, file, again, &w);
	if (sp_wr_ok(&w) != SP_OK) {
		status = app_fail("firewall", "%s", sp_err_text(sp_wr_ok(&w)));
	} else {
		fwrite(w.p, 1, w.n, stdout);
		/* Who pipes it into nft does not see the comments. */
		if (want->n_doors > 0 && sp_firewall_open(want) && !isatty(STDOUT_FILENO)) {
			fputs("sallyport: firewall: warning: a rule for all networks and "
			      "interfaces lets everybody to the port\n",
					stderr);
		}
	}
	sp_wr_finish(&w);
	return status;
}

/* ---- comparing ---- */

struct telling {
	bool json;
	size_t n;
};

static void tell(void *arg, const char *text)
{
	struct telling *t = arg;

	if (t->json) {
		fputs(t->n > 0 ? ", " : "", stdout);
		app_json_text(stdout, text);
	} else {
		printf("different: %s\n", text);
	}
	t->n++;
}

/* Others who look at the packets; the table is missing, so it is they who decide. */
static void say_missing(const struct sp_firewall *is)
{
	if (is->n_others == 0) {
		puts("no other table looks at what comes in: whoever reaches this machine reaches "
		     "the port");
	} else if (!is->others_drop) {
		puts("no other table drops by default: unless a rule of theirs does, whoever "
		     "reaches this machine\nreaches the port");
	}
}

static void say_others(const struct sp_firewall *is)
{
	for (size_t i = 0; i < is->n_others; i++) {
		printf("also there: %s\n", is->others[i]);
	}
	if (is->ufw || is->firewalld || is->docker) {
		printf("seen:%s%s%s (what they close stays closed; they open nothing that this "
		       "table closes)\n",
				is->ufw ? " ufw" : "", is->firewalld ? " firewalld" : "",
				is->docker ? " docker" : "");
	}
}

static int check_json(const struct sp_firewall *want, const struct sp_firewall *is)
{
	struct telling t = {.json = true};

	printf("{\"loaded\": %s, \"everybody\": %s, \"differences\": [",
			is->there ? "true" : "false",
			want->n_doors > 0 && sp_firewall_open(want) ? "true" : "false");
	int n = sp_firewall_diff(want, is, tell, &t);
	fputs("], \"others\": [", stdout);
	for (size_t i = 0; i < is->n_others; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		app_json_text(stdout, is->others[i]);
	}
	printf("], \"ufw\": %s, \"firewalld\": %s, \"docker\": %s}\n", is->ufw ? "true" : "false",
			is->firewalld ? "true" : "false", is->docker ? "true" : "false");
	return n;
}

static int check_text(
		const struct sp_firewall *want, const struct sp_firewall *is, const char *again)
{
	struct telling t = {.json = false};
	int n = sp_firewall_diff(want, is, tell, &t);

	if (n == 0 && want->n_doors == 0) {
		puts("ok: the service listens on this machine only, there is nothing to close");
	} else if (n == 0) {
		printf("ok: the table inet " SP_FIREWALL_TABLE
		       " is loaded, and does what the configuration says\n");
	} else if (n > 0 && !is->there) {
		say_missing(is);
	}
	if (n >= 0 && want->n_doors > 0 && sp_firewall_open(want)) {
		puts("note: a rule for all networks and interfaces lets everybody to the port");
	}
	if (n >= 0) {
		say_others(is);
	}
	if (n > 0) {
		printf("to mend it, as root: %s | nft -f -\n", again);
	}
	return n;
}

static int check(const struct sp_firewall *want, bool json, const char *again)
{
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall is;

	if (app_firewall_loaded(&is, why) != SP_OK) {
		app_fail("firewall", "cannot look: %s", why);
		return APP_FIREWALL_CANNOT;
	}
	int n = json ? check_json(want, &is) : check_text(want, &is, again);
	sp_firewall_finish(&is);
	if (n < 0) {
		app_fail("firewall", "%s", sp_err_text(n));
		return APP_FIREWALL_CANNOT;
	}
	return n == 0 ? APP_OK : APP_FAILED;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	bool compare = false;
	const struct app_option options[] = {{"--check", &compare, NULL}};
	char why[SP_FIREWALL_TEXT], again[APP_AGAIN_MAX];
	struct sp_firewall want;
	struct app_words w;
	int status = app_words(&w, self, argc, argv, options, SP_LEN(options));

	if (status != APP_GO_ON) {
		return status;
	}
	if (w.n > 0) {
		return app_usage(self, "%s: unknown argument", w.word[0]);
	}
	if (w.json && !compare) {
		return app_usage(self, "--json belongs to --check");
	}
	const char *file = app_service_file(&w.service);
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	struct sp_conf *c = NULL;
	status = compare ? APP_FIREWALL_CANNOT : APP_FAILED;
	if (e == NULL) {
		app_fail("firewall", "out of memory");
	} else if (file != NULL && sp_conf_load(file, e, &c) != SP_OK) {
		fprintf(stderr, "sallyport: %s\n", e->n > 0 ? e->text[0] : "out of memory");
	} else if (file != NULL && sp_firewall_want(&want, c, why) != SP_OK) {
		app_fail("firewall", "%s", why);
	} else if (file != NULL) {
		app_again(&w.service, "firewall", again, sizeof(again));
		status = compare ? check(&want, w.json, again) : print(&want, c, file, again);
		sp_firewall_finish(&want);
	}
	sp_conf_unref(c);
	free(e);
	return status;
}

const struct app_command app_firewall = {
		.name = "firewall",
		.summary = "rules for nftables that close the port to everybody else",
		.usage = "usage: sallyport firewall [-c FILE | --dir DIR]\n"
			 "       sallyport firewall --check [--json] [-c FILE | --dir DIR]\n\n"
			 "Prints rules for nftables that let those networks and interfaces reach "
			 "the port that\n"
			 "the rules of the configuration name, and limit how often one source "
			 "connects. They\n"
			 "touch no other port and no other table. To load them, as root:\n\n"
			 "  sallyport firewall | nft -f -\n\n"
			 "--check changes nothing: it compares them with what is loaded, by whom "
			 "they let in,\n"
			 "and says each difference. Exit status 0: the same, 1: different, 2: "
			 "wrong usage,\n"
			 "3: it cannot be looked at.\n\n"
			 "  --check        compare with what is loaded\n"
			 "  --json         print JSON\n"
			 "  -c FILE        the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR      the directory of a trial: DIR/sallyport.conf\n",
		.run = run,
};
