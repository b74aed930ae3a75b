/* tests/app/test_doctor.c - findings kept and told; certificate, jail, disk and filter judged. */
#include "doctor_kit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "host/io/cert.h"
#include "scan/facts.h"

static void test_kept(void **state)
{
	struct app_doctor_finding f = {.group = APP_DOCTOR_CERT, .level = APP_DOCTOR_BAD};

	app_doctor_say(kit, APP_DOCTOR_CONF, "x", APP_DOCTOR_WARN, "a\nb", "text %d\033[2J", 7);
	app_doctor_todo(kit,
			"do\tit \xc2\x9b"
			"1m \xe2\x80\xae");
	assert_string_equal(kit->finding[0].id, "conf.x");
	assert_string_equal(kit->finding[0].about, "a?b");
	assert_string_equal(kit->finding[0].text, "text 7?[2J");
	assert_string_equal(kit->finding[0].todo, "do?it ??1m ???");
	assert_true(app_doctor_found(kit, "conf.x"));
	assert_false(app_doctor_found(kit, "conf.y"));

	/* Of another process: not what its numbers say, and texts that end. */
	memset(f.text, 'a', sizeof(f.text));
	app_doctor_take(kit, &f);
	assert_int_equal(strlen(kit->finding[1].text), sizeof(f.text) - 1);
	f.level = 99;
	app_doctor_take(kit, &f);
	f.level = 0;
	f.group = 99;
	app_doctor_take(kit, &f);
	assert_int_equal(kit->n, 2);
	assert_int_equal(app_doctor_faults(kit, 0), 2);
	assert_int_equal(app_doctor_faults(kit, 1), 1);

	for (size_t i = 0; i < APP_DOCTOR_FINDINGS; i++) {
		app_doctor_say(kit, APP_DOCTOR_CONF, "x", APP_DOCTOR_OK, NULL, "y");
	}
	assert_int_equal(kit->n, APP_DOCTOR_FINDINGS);
	assert_int_equal(kit->lost, 2);
	app_doctor_todo(kit, "of none");
	assert_string_equal(kit->finding[kit->n - 1].todo, "");
	assert_int_equal(app_doctor_count(kit, APP_DOCTOR_OK), APP_DOCTOR_FINDINGS - 2);
}

/* Every print is a page that ends, and JSON that a program reads is looked at by test_doctor.py. */
static void test_words(void **state)
{
	for (uint32_t i = 0; i < APP_DOCTOR_GROUPS; i++) {
		assert_string_not_equal(app_doctor_group_word(i), "?");
		assert_string_not_equal(app_doctor_group_title(i), "?");
	}
	assert_string_equal(app_doctor_group_word(APP_DOCTOR_GROUPS), "?");
	assert_string_equal(app_doctor_level_word(APP_DOCTOR_UNKNOWN), "unknown");
	assert_string_equal(app_doctor_level_word(APP_DOCTOR_LEVELS), "?");
}

/* ---- certificate ---- */

static void test_cert(void **state)
{
	struct sp_rcbuf *cert, *key;
	struct sp_cert_info info;

	assert_int_equal(sp_cert_make("gate.example", 100, &cert, &key), SP_OK);
	struct sp_span pem = sp_span(cert->p, cert->n);
	assert_int_equal(sp_cert_info_pem(pem, &info), SP_OK);

	static const struct {
		int64_t days;
		enum app_doctor_level level;
	} rows[] = {{0, APP_DOCTOR_OK}, {69, APP_DOCTOR_OK}, {71, APP_DOCTOR_WARN},
			{92, APP_DOCTOR_WARN}, {94, APP_DOCTOR_BAD}, {101, APP_DOCTOR_BAD},
			{-3, APP_DOCTOR_BAD}};
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		kit_again();
		kit->now = info.not_after - 100 * KIT_DAY + rows[i].days * KIT_DAY;
		app_doctor_cert(kit, pem, "tls.pem", "gate.example");
		assert_int_equal(kit_level("cert.days", "tls.pem"), rows[i].level);
		assert_int_equal(kit_level("cert.key", "tls.pem"), APP_DOCTOR_OK);
		assert_int_equal(kit_level("cert.names", "tls.pem"), APP_DOCTOR_OK);
		assert_int_equal(kit_level("cert.issuer", "tls.pem"), APP_DOCTOR_INFO);
	}
	kit_again();
	app_doctor_cert(kit, pem, "tls.pem", "other.example");
	assert_int_equal(kit_level("cert.names", NULL), APP_DOCTOR_INFO);
	kit_again();
	app_doctor_cert(kit, pem, "tls.pem", "127.0.0.1");
	assert_int_equal(kit_level("cert.names", NULL), APP_DOCTOR_OK);
	kit_again();
	app_doctor_cert(kit, sp_span(pem.p, 40), "tls.pem", "x");
	assert_int_equal(kit_level("cert.days", NULL), APP_DOCTOR_BAD);
	sp_rcbuf_unref(cert);
	sp_cert_key_free(key);
}

/* ---- jail and disk ---- */

static void test_jail(void **state)
{
	static const struct {
		bool held;
		const char *line;
		enum app_doctor_level level;
	} rows[] = {{true, "user 2000012345, empty root, landlock 7, seccomp net", APP_DOCTOR_OK},
			{true, "user 1000, no landlock, seccomp net", APP_DOCTOR_WARN},
			{true, "user 1000, seccomp net", APP_DOCTOR_WARN},
			{true, "user 1000, landlock 7, no seccomp", APP_DOCTOR_WARN},
			{true, "", APP_DOCTOR_WARN},
			{false, "jail: it does not stop: open, socket", APP_DOCTOR_BAD}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		kit_again();
		app_doctor_jail_line(kit, "sp-net", rows[i].held, rows[i].line);
		assert_int_equal(kit_level("jail.holds", "sp-net"), rows[i].level);
	}
}

static void test_disk(void **state)
{
	const uint64_t mib = UINT64_C(1) << 20;
	static const struct {
		uint64_t available, size;
		enum app_doctor_level level;
	} rows[] = {{100000, 200000, APP_DOCTOR_OK}, {9000, 200000, APP_DOCTOR_WARN},
			{900, 2000, APP_DOCTOR_WARN}, {255, 2000, APP_DOCTOR_BAD},
			{0, 2000, APP_DOCTOR_BAD}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		kit_again();
		app_doctor_disk(kit, rows[i].available * mib, rows[i].size * mib, "/x");
		assert_int_equal(kit_level("machine.disk", "/x"), rows[i].level);
	}
}

/* ---- the packet filter ---- */

static void test_firewall(void **state)
{
	struct sp_firewall none = {.there = false};

	app_doctor_firewall(kit, &none);
	assert_int_equal(kit_level("port.firewall", NULL), APP_DOCTOR_OK);
	assert_true(sp_conf_parse_listen("0.0.0.0:3389", &kit_conf.listen[0]));
	kit_again();
	none.docker = true;
	app_doctor_firewall(kit, &none);
	assert_int_equal(kit_level("port.firewall", NULL), APP_DOCTOR_WARN);
	assert_int_equal(kit_level("port.filters", NULL), APP_DOCTOR_INFO);
	kit_again();
	kit_conf.listen[0].port = 0;
	app_doctor_firewall(kit, &none);
	assert_int_equal(kit_level("port.firewall", NULL), APP_DOCTOR_UNKNOWN);
}

static void put_file(const char *root, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/etc/%s", root, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void drop_file(const char *root, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/etc/%s", root, name);
	assert_int_equal(remove(path), 0);
}

static int starts(const char *root)
{
	kit_again();
	app_doctor_firewall_start(kit, root);
	return kit_level("port.firewall-start", NULL);
}

/* Rules that somebody loaded by hand are gone with the next start. */
static void test_firewall_start(void **state)
{
	static const char *const folders[] = {"etc", "etc/nftables.d", "etc/systemd",
			"etc/systemd/system", "etc/systemd/system/sysinit.target.wants"};
	static const char wanted[] = "systemd/system/sysinit.target.wants/nftables.service";
	static const char unit[] = "systemd/system/rules.service";
	char root[] = "/tmp/sp-doctor-start-XXXXXX", path[256];

	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < SP_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(starts(root), APP_DOCTOR_WARN);
	put_file(root, "nftables.conf", "flush ruleset\ntable inet filter { }\n");
	put_file(root, "nftables.d/sallyport.nft", "table inet sallyport\n");
	assert_int_equal(starts(root), APP_DOCTOR_WARN); /* the service is not enabled */
	put_file(root, wanted, "");
	assert_int_equal(starts(root), APP_DOCTOR_WARN); /* and nothing includes that file */
	put_file(root, "nftables.conf", "include \"/etc/nftables.d/*.nft\"\n");
	assert_int_equal(starts(root), APP_DOCTOR_OK);
	drop_file(root, "nftables.d/sallyport.nft");
	assert_int_equal(starts(root), APP_DOCTOR_WARN);
	put_file(root, "nftables.conf", "table inet sallyport { }\n");
	assert_int_equal(starts(root), APP_DOCTOR_OK);
	drop_file(root, "nftables.conf");
	put_file(root, unit, "ExecStart=sh -c 'sallyport firewall | nft -f -'\n");
	assert_int_equal(starts(root), APP_DOCTOR_OK);
	drop_file(root, unit);
	drop_file(root, wanted);
	for (size_t i = SP_LEN(folders); i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(root), 0);
}

/* Our own socket: somebody listens, and it is not the service. */
static void test_listener(void **state)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
	} a = {.in.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, &a.sa, sizeof(a.in)), 0);
	assert_int_equal(getsockname(fd, &a.sa, &n), 0);
	kit_conf.listen[0].port = ntohs(a.in.sin_port);
	app_doctor_port(kit);
	assert_int_equal(kit_level("port.listens", NULL),
			APP_DOCTOR_BAD); /* bound is not listening */
	assert_int_equal(listen(fd, 1), 0);
	kit_again();
	app_doctor_port(kit);
	assert_int_equal(kit_level("port.listens", NULL), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].text, "not we but test_doctor"));
	assert_int_equal(kit_level("port.public", NULL), APP_DOCTOR_OK);
	close(fd);
	/* Where the service does not run, nobody is expected. */
	kit_again();
	app_doctor_say(kit, APP_DOCTOR_SERVICE, "runs", APP_DOCTOR_WARN, NULL, "no");
	app_doctor_port(kit);
	assert_int_equal(kit_level("port.listens", NULL), APP_DOCTOR_INFO);
}

/* ---- the machine, and how the service was started ---- */

static void test_clock(void **state)
{
	app_doctor_clock(kit, 0, 0, 3000);
	assert_int_equal(kit_level("machine.clock", NULL), APP_DOCTOR_OK);
	assert_non_null(strstr(kit_text(), "3 ms"));
	kit_again();
	app_doctor_clock(kit, 5 /* TIME_ERROR */, STA_UNSYNC, 16000000);
	assert_int_equal(kit_level("machine.clock", NULL), APP_DOCTOR_WARN);
	kit_again();
	errno = EPERM;
	app_doctor_clock(kit, -1, 0, 0);
	assert_int_equal(kit_level("machine.clock", NULL), APP_DOCTOR_UNKNOWN);
	assert_non_null(strstr(kit_text(), strerror(EPERM)));
}

static void test_landlock(void **state)
{
	app_doctor_landlock(kit, 1);
	assert_int_equal(kit_level("machine.landlock", NULL), APP_DOCTOR_OK);
	for (long abi = -1; abi <= 0; abi++) {
		kit_again();
		app_doctor_landlock(kit, abi);
		assert_int_equal(kit_level("machine.landlock", NULL), APP_DOCTOR_WARN);
	}
}

/* Folders and files below a new root. NULL as text: the file is taken away. */
static char root_dir[64];

static void root_begin(void)
{
	snprintf(root_dir, sizeof(root_dir), "/tmp/sp-doctor-root-XXXXXX");
	assert_non_null(mkdtemp(root_dir));
}

static void root_file(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root_dir, name);
	for (char *slash = path + strlen(root_dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	if (text == NULL) {
		assert_int_equal(remove(path), 0);
		return;
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static void root_end(void)
{
	assert_int_equal(nftw(root_dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int kernel(const char *id)
{
	kit_again();
	app_doctor_kernel(kit, root_dir);
	return kit_level(id, NULL);
}

static void test_kernel(void **state)
{
	static const char seccomp[] = "/proc/sys/kernel/seccomp/actions_avail",
			  spaces[] = "/proc/sys/user/max_user_namespaces",
			  core[] = "/proc/sys/fs/suid_dumpable",
			  ptrace[] = "/proc/sys/kernel/yama/ptrace_scope", swaps[] = "/proc/swaps",
			  head[] = "Filename\tType\tSize\tUsed\tPriority\n";
	char two[128];

	root_begin();
	/* A kernel with nothing. */
	assert_int_equal(kernel("machine.seccomp"), APP_DOCTOR_WARN);
	assert_int_equal(kit_level("machine.namespaces", NULL), -1);
	assert_int_equal(kit_level("machine.core", NULL), APP_DOCTOR_OK);
	assert_int_equal(kit_level("machine.ptrace", NULL), APP_DOCTOR_INFO);
	assert_int_equal(kit_level("machine.swap", NULL), -1);

	root_file(seccomp, "trace log allow\n");
	assert_int_equal(kernel("machine.seccomp"), APP_DOCTOR_WARN);
	root_file(seccomp, "kill_process kill_thread trap errno trace log allow\n");
	assert_int_equal(kernel("machine.seccomp"), APP_DOCTOR_OK);
	root_file(spaces, "0\n");
	assert_int_equal(kernel("machine.namespaces"), -1);
	root_file(spaces, "63212\n");
	assert_int_equal(kernel("machine.namespaces"), APP_DOCTOR_INFO);
	root_file(core, "2\n");
	assert_int_equal(kernel("machine.core"), APP_DOCTOR_OK);
	root_file(core, "1\n");
	assert_int_equal(kernel("machine.core"), APP_DOCTOR_BAD);
	root_file(ptrace, "0\n");
	assert_int_equal(kernel("machine.ptrace"), APP_DOCTOR_INFO);
	root_file(ptrace, "1\n");
	assert_int_equal(kernel("machine.ptrace"), APP_DOCTOR_OK);
	root_file(swaps, head);
	assert_int_equal(kernel("machine.swap"), -1);
	snprintf(two, sizeof(two), "%s/dev/dm-1 partition 8388604 0 -2\n", head);
	root_file(swaps, two);
	assert_int_equal(kernel("machine.swap"), APP_DOCTOR_INFO);
	root_end();
}

static void test_capabilities(void **state)
{
	/* Everything; CAP_SYS_MODULE alone; what a unit leaves; nothing. */
	static const struct {
		uint64_t bound;
		enum app_doctor_level level;
	} rows[] = {{UINT64_C(0x1ffffffffff), APP_DOCTOR_WARN},
			{UINT64_C(1) << 16, APP_DOCTOR_WARN}, {UINT64_C(1) << 33, APP_DOCTOR_WARN},
			{UINT64_C(1) << 7 | UINT64_C(1) << 6 | UINT64_C(1) << 21, APP_DOCTOR_OK},
			{0, APP_DOCTOR_OK}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		kit_again();
		app_doctor_capabilities(kit, rows[i].bound);
		assert_int_equal(kit_level("service.capabilities", NULL), rows[i].level);
	}
}

static int unit(const char *about)
{
	kit_again();
	app_doctor_unit(kit, root_dir);
	return kit_level("service.unit", about);
}

static void test_unit(void **state)
{
	static const char over[] = "/etc/systemd/system/sallyport.service",
			  more[] = "/run/systemd/system/sallyport.service.d/x.conf";

	root_begin();
	/* Built from source, without a unit of ours: whatever there is was written here. */
	root_file(over, "[Service]\n");
	assert_int_equal(unit(NULL), -1);
	root_file("/usr/lib/systemd/system/sallyport.service", "[Service]\n");
	assert_int_equal(unit(over), APP_DOCTOR_INFO);
	root_file(over, NULL);
	assert_int_equal(unit(NULL), APP_DOCTOR_OK);
	root_file(more, "[Service]\n");
	assert_int_equal(unit("/run/systemd/system/sallyport.service.d"), APP_DOCTOR_INFO);
	assert_int_equal(kit_level("service.unit", over), -1);
	root_end();
}

static void test_service(void **state)
{
	snprintf(kit_conf.state, sizeof(kit_conf.state), "/nonexistent");
	app_doctor_service(kit);
	assert_int_equal(kit_level("service.runs", NULL), APP_DOCTOR_WARN);
	app_doctor_machine(kit);
	assert_int_equal(kit_level("machine.disk", NULL), APP_DOCTOR_UNKNOWN);
	assert_int_not_equal(kit_level("machine.clock", NULL), -1);
	assert_int_not_equal(kit_level("machine.landlock", NULL), -1);
}

/* ---- what a scan sees ---- */

static void test_scanned(void **state)
{
	static struct sp_scan_facts f;

	f.reach = SP_SCAN_MUTE;
	snprintf(f.why, sizeof(f.why), "silence");
	app_doctor_scanned(kit, "x:1", &f);
	assert_int_equal(kit_level("scan.answers", "x:1"), APP_DOCTOR_BAD);

	kit_again();
	memset(&f, 0, sizeof(f));
	f.reach = SP_SCAN_RDP;
	for (int i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		f.nego[i].answer = SP_SCAN_DENIED;
		f.nego[i].code = 5; /* HYBRID_REQUIRED_BY_SERVER */
	}
	f.nego[SP_SCAN_ASK_CREDSSP].answer = SP_SCAN_SELECTED;
	f.nego[SP_SCAN_ASK_CREDSSP].selected = 2;
	app_doctor_scanned(kit, "x:1", &f);
	assert_int_equal(kit_level("scan.finding", "x:1"), APP_DOCTOR_OK);
	kit_again();
	f.nego[SP_SCAN_ASK_RDP].answer = SP_SCAN_SELECTED;
	app_doctor_scanned(kit, "x:1", &f);
	assert_int_equal(kit_level("scan.finding", "x:1"), APP_DOCTOR_BAD);
}

/* Nobody is asked where nobody listens, or where nothing answers. */
static void test_not_scanned(void **state)
{
	app_doctor_say(kit, APP_DOCTOR_PORT, "listens", APP_DOCTOR_INFO, "x", "nobody");
	app_doctor_scan(kit);
	assert_int_equal(kit_level("scan.answers", NULL), APP_DOCTOR_INFO);
	kit_again();
	kit_conf.require_token = true;
	app_doctor_scan(kit);
	assert_int_equal(kit_level("scan.answers", NULL), APP_DOCTOR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test_of(test_kept),
			kit_test_of(test_words),
			kit_test_of(test_cert),
			kit_test_of(test_jail),
			kit_test_of(test_disk),
			kit_test_of(test_firewall),
			kit_test_of(test_firewall_start),
			kit_test_of(test_listener),
			kit_test_of(test_clock),
			kit_test_of(test_landlock),
			kit_test_of(test_kernel),
			kit_test_of(test_capabilities),
			kit_test_of(test_unit),
			kit_test_of(test_service),
			kit_test_of(test_scanned),
			kit_test_of(test_not_scanned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
