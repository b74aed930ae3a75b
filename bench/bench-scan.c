/* bench/bench-scan.c - how long a scan of a thousand addresses takes, and what memory it needs. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/auth/credssp.h"
#include "core/auth/ntlm.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "host/io/cert.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"
#include "host/io/tls.h"

#define ENDPOINTS 1000
#define NMAP_SAMPLE 10

/* ---- the service: NLA only, TLS 1.2 and 1.3, one key for all addresses ---- */

struct service {
	struct sp_loop *loop;
	struct sp_tls_ctx *tls;
	int listener;
};

struct client {
	struct service *s;
	int fd;
	struct sp_watch *watch;
	struct sp_tls *tls;
	struct sp_wr in, out;
};

static void drop(struct client *c)
{
	sp_watch_remove(c->watch);
	sp_fd_close(&c->fd);
	sp_tls_destroy(c->tls);
	sp_wr_finish(&c->in);
	sp_wr_finish(&c->out);
	sp_free(c);
}

static bool flush_out(struct client *c)
{
	struct sp_rcbuf *b = c->tls ? sp_tls_take(c->tls) : NULL;

	if (b) {
		sp_wr_put(&c->out, b->p, b->n);
		sp_rcbuf_unref(b);
	}
	bool ok = c->out.n == 0 || sp_fd_write_all(c->fd, c->out.p, c->out.n) == SP_OK;
	sp_wr_reset(&c->out);
	return ok;
}

/* A challenge in place of whatever was asked. */
static void challenge(struct client *c)
{
	static const uint8_t end[] = {0, 0, 0, 0};
	struct sp_ntlm_challenge m = {.flags = (uint32_t)(SP_NTLM_UNICODE | SP_NTLM_TARGET_INFO),
			.target_name = sp_span("B\0", 2),
			.target_info = sp_span(end, sizeof(end))};
	uint8_t token[256], request[512];
	struct sp_wr t, w;

	sp_wr_fixed(&t, token, sizeof(token));
	sp_wr_fixed(&w, request, sizeof(request));
	sp_ntlm_challenge_write(&t, &m);
	sp_credssp_request_write(&w,
			&(struct sp_credssp_request){
					.version = 6, .nego_token = sp_span(t.p, t.n)});
	(void)!sp_tls_write(c->tls, w.p, w.n);
}

static bool confirm(struct client *c)
{
	struct sp_x224_request m;
	struct sp_rd r;
	int size = sp_frame_length(c->in.p, c->in.n);

	if (size <= 0 || (size_t)size > c->in.n) {
		return size >= 0;
	}
	sp_rd_init(&r, c->in.p, c->in.n);
	if (sp_x224_request_read(&r, &m) != SP_OK) {
		return false;
	}
	bool nla = (m.protocols & SP_PROTO_HYBRID) != 0;
	struct sp_x224_confirm answer = {
			.kind = nla ? SP_X224_CONFIRM_RESPONSE : SP_X224_CONFIRM_FAILURE,
			.selected = SP_PROTO_HYBRID,
			.failure = SP_X224_HYBRID_REQUIRED};
	sp_x224_confirm_write(&c->out, &answer);
	if (!flush_out(c) || !nla) {
		return false;
	}
	c->tls = sp_tls_server(c->s->tls);
	return c->tls != NULL;
}

static bool heard(struct client *c, const uint8_t *p, size_t n)
{
	uint8_t plain[4096];
	int got;

	if (!c->tls) {
		sp_wr_put(&c->in, p, n);
		return sp_wr_ok(&c->in) == SP_OK && confirm(c);
	}
	bool ok = sp_tls_feed(c->tls, p, n) == SP_OK;
	while (ok && (got = sp_tls_read(c->tls, plain, sizeof(plain))) > 0) {
		challenge(c);
	}
	return flush_out(c) && ok && sp_tls_state(c->tls) <= SP_TLS_UP;
}

static void on_client(void *user, unsigned events)
{
	struct client *c = user;
	uint8_t *scratch = sp_loop_scratch(c->s->loop);
	ssize_t n = read(c->fd, scratch, SP_LOOP_SCRATCH);

	(void)events;
	if ((n < 0 && errno != EAGAIN) || n == 0 || (n > 0 && !heard(c, scratch, (size_t)n))) {
		drop(c);
	}
}

static void on_listener(void *user, unsigned events)
{
	struct service *s = user;
	struct sp_addr peer;
	int fd;

	(void)events;
	while (sp_tcp_accept(s->listener, &fd, &peer) == 1) {
		struct client *c = sp_addr_loopback(&peer) ? sp_calloc(1, sizeof(*c)) : NULL;

		if (!c) {
			close(fd);
			continue;
		}
		*c = (struct client){.s = s, .fd = fd};
		sp_wr_init(&c->in, SP_X224_CONNECT_MAX);
		sp_wr_init(&c->out, SP_TLS_OUT_MAX);
		c->watch = sp_loop_fd(s->loop, fd, SP_LOOP_READ, on_client, c);
		if (!c->watch) {
			drop(c);
		}
	}
}

static int serve(int listener)
{
	struct service s = {.loop = sp_loop_create(), .listener = listener};
	struct sp_rcbuf *cert, *key;
	char why[SP_WHY_MAX];

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sp_tls_init() != SP_OK ||
			sp_cert_make("bench", 30, &cert, &key) != SP_OK) {
		return 1;
	}
	s.tls = sp_tls_server_ctx(
			&(struct sp_tls_server_conf){.chain_pem = sp_span(cert->p, cert->n),
					.key_pem = sp_span(key->p, key->n)},
			why);
	if (!s.tls || !sp_loop_fd(s.loop, listener, SP_LOOP_READ, on_listener, &s)) {
		return 1;
	}
	return sp_loop_run(s.loop);
}

/* ---- the scan ---- */

/* Of the child of that process: the most memory that it had, in KiB. */
static long peak_of_child(pid_t parent)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	long peak = 0;

	while (d && (e = readdir(d))) {
		char path[64], line[128];
		long ppid = 0, kib = 0;

		snprintf(path, sizeof(path), "/proc/%.20s/status", e->d_name);
		FILE *f = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "PPid: %ld", &ppid) == 1 && ppid != parent) {
				break;
			}
			if (sscanf(line, "VmHWM: %ld", &kib) == 1) {
				peak = kib;
				break;
			}
		}
		if (f) {
			fclose(f);
		}
	}
	if (d) {
		closedir(d);
	}
	return peak;
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout)) {
			_exit(126);
		}
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

struct figures {
	double seconds;
	long kib, child_kib;
	int status;
};

static struct figures measure(const char *const *argv)
{
	struct figures f = {.status = -1};
	uint64_t begun = sp_now_us();
	struct rusage use;
	pid_t pid = start(argv), got;

	while (pid > 0 && (got = wait4(pid, &f.status, WNOHANG, &use)) == 0) {
		long peak = peak_of_child(pid);

		f.child_kib = peak > f.child_kib ? peak : f.child_kib;
		usleep(100000);
	}
	f.seconds = (double)(sp_now_us() - begun) / 1e6;
	f.kib = pid > 0 ? use.ru_maxrss : 0;
	return f;
}

/* Of the build that this program is of. */
static void find_command(char *out, size_t cap)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2 && strrchr(self, '/'); up++) {
		*strrchr(self, '/') = '\0';
	}
	snprintf(out, cap, "%s/sallyport", self);
}

static void compare_with_nmap(unsigned port, double each)
{
	char ports[16], last[32];
	const char *argv[] = {"nmap", "-Pn", "-n", "-p", ports, "--script", "+rdp-enum-encryption",
			last, NULL};

	snprintf(ports, sizeof(ports), "%u", port);
	snprintf(last, sizeof(last), "127.1.0.1-%d", NMAP_SAMPLE);
	struct figures f = measure(argv);
	if (WIFEXITED(f.status) && WEXITSTATUS(f.status) == 0) {
		printf("nmap rdp-enum-encryption: %d endpoints in %.1f s, %.2f s each; here %.3f s "
		       "each\n",
				NMAP_SAMPLE, f.seconds, f.seconds / NMAP_SAMPLE, each);
	}
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : ENDPOINTS;
	int listener;
	char why[SP_WHY_MAX], path[] = "/tmp/bench-scan-XXXXXX", program[1024], target[32];
	struct sp_addr at;
	int file = mkstemp(path);

	if (n < 1 || n > 65000 || file < 0 || sp_tcp_listen("0.0.0.0:0", &listener, why) != SP_OK ||
			sp_tcp_local(listener, &at) != SP_OK) {
		fprintf(stderr, "usage: bench-scan [ENDPOINTS]\n");
		return 2;
	}
	unsigned port = sp_addr_port(&at);
	for (long i = 0; i < n; i++) {
		dprintf(file, "127.1.%ld.%ld:%u\n", i / 250, i % 250 + 1, port);
	}
	pid_t service = fork();
	if (service == 0) {
		_exit(serve(listener));
	}
	close(listener);
	find_command(program, sizeof(program));
	snprintf(target, sizeof(target), "@%s", path);
	const char *scan[] = {program, "scan", "--format", "jsonl", "--fail-on", "critical", target,
			NULL};
	struct figures f = measure(scan);
	if (!WIFEXITED(f.status) || WEXITSTATUS(f.status) > 1) {
		fprintf(stderr, "bench-scan: %s: ended with %d\n", program,
				WIFEXITED(f.status) ? WEXITSTATUS(f.status) : -1);
		goto out;
	}
	printf("%ld endpoints in %.1f s; peak memory: command %.1f MiB, sp-probe %.1f MiB; exit "
	       "%d\n",
			n, f.seconds, (double)f.kib / 1024, (double)f.child_kib / 1024,
			WIFEXITED(f.status) ? WEXITSTATUS(f.status) : -1);
	fflush(stdout);
	compare_with_nmap(port, f.seconds / (double)n);
out:
	kill(service, SIGKILL);
	waitpid(service, NULL, 0);
	unlink(path);
	/* 1: that all have one key is a finding. */
	return WIFEXITED(f.status) && WEXITSTATUS(f.status) <= 1 ? 0 : 1;
}
