/* bench/relay_floor.c - see relay_floor.h. */
#include "relay_floor.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"

#define RECORD 16384

struct result {
	double cpu_s, gb;
};

static bool tcp_pair(int ends[2])
{
	char why[SP_WHY_MAX];
	struct sp_addr at;
	int listener;

	if (sp_tcp_listen("127.0.0.1:0", &listener, why) != SP_OK) {
		return false;
	}
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = sp_tcp_local(listener, &at) == SP_OK && ends[0] >= 0 &&
			connect(ends[0], &at.u.sa, at.n) == 0;
	ends[1] = ok ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
	close(listener);
	return ok && ends[1] >= 0;
}

static SSL *server(int fd, struct sp_span cert_pem, struct sp_span key_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *c = BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n);
	BIO *k = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	X509 *cert = PEM_read_bio_X509(c, NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);

	if (!ctx || SSL_CTX_use_certificate(ctx, cert) != 1 ||
			SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		return NULL;
	}
	SSL *ssl = SSL_new(ctx);
	return ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 ? ssl : NULL;
}

static SSL *client(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;

	return ssl && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1 ? ssl : NULL;
}

static void source(int fd)
{
	static uint8_t buf[RECORD];
	SSL *out = client(fd);

	while (out && SSL_write(out, buf, sizeof(buf)) > 0) {
	}
}

static void sink(int fd, struct sp_span cert_pem, struct sp_span key_pem)
{
	static uint8_t buf[RECORD];
	SSL *in = server(fd, cert_pem, key_pem);

	while (in && SSL_read(in, buf, sizeof(buf)) > 0) {
	}
}

static double own_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void relay(int from, int to, int result, struct sp_span cert_pem, struct sp_span key_pem,
		double seconds)
{
	static uint8_t buf[RECORD];
	struct result r = {0};
	SSL *in = server(from, cert_pem, key_pem), *out = client(to);
	uint64_t end = sp_now_us() + (uint64_t)(seconds * 1e6);
	double begin = own_cpu();

	while (in && out && sp_now_us() < end) {
		int n = SSL_read(in, buf, sizeof(buf));

		if (n <= 0 || SSL_write(out, buf, n) != n) {
			break;
		}
		r.gb += n / 1e9;
	}
	r.cpu_s = own_cpu() - begin;
	if (write(result, &r, sizeof(r)) != sizeof(r)) {
		_exit(1);
	}
}

double relay_floor(struct sp_span cert_pem, struct sp_span key_pem, double seconds)
{
	struct result r = {0};
	int in[2], out[2], result[2];
	pid_t pids[3];

	if (!tcp_pair(in) || !tcp_pair(out) || pipe(result) != 0) {
		return -1;
	}
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (i == 0) {
				source(in[0]);
			} else if (i == 1) {
				relay(in[1], out[0], result[1], cert_pem, key_pem, seconds);
			} else {
				sink(out[1], cert_pem, key_pem);
			}
			_exit(0);
		}
	}
	close(result[1]);
	bool ok = pids[1] > 0 && read(result[0], &r, sizeof(r)) == sizeof(r) && r.gb > 0;
	close(result[0]);
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	for (int i = 0; i < 3; i++) {
		if (pids[i] > 0) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	}
	return ok ? r.cpu_s / r.gb : -1;
}
