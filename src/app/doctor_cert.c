/* app/doctor_cert.c - the certificate: how long it lasts, whom it names, and how strong its key is. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/doctor.h"
#include "host/io/cert.h"
#include "host/io/cert_use.h"

#define G APP_DOCTOR_CERT
#define FILE_MAX (256u * 1024)
#define DAYS_BAD 7
#define DAYS_WARN 30
#define DAYS_LONG 825

static void days(struct app_doctor *d, const struct sp_cert_info *c, const char *path, bool ours)
{
	int64_t left = (c->not_after - d->now) / APP_DOCTOR_DAY;
	int64_t whole = (c->not_after - c->not_before) / APP_DOCTOR_DAY;
	const char *todo = ours        ? "remove the file and restart: a new one is made"
			: d->installed ? "renew it, then: systemctl reload sallyport"
				       : "renew it";

	if (c->not_before > d->now) {
		app_doctor_say(d, G, "days", APP_DOCTOR_BAD, path,
				"is not valid yet: not before %" PRId64
				" days from now; is the clock right?",
				(c->not_before - d->now) / APP_DOCTOR_DAY + 1);
	} else if (c->not_after <= d->now) {
		app_doctor_say(d, G, "days", APP_DOCTOR_BAD, path, "expired %" PRId64 " day%s ago",
				-left, left == -1 ? "" : "s");
		app_doctor_todo(d, "%s", todo);
	} else if (left < DAYS_WARN) {
		app_doctor_say(d, G, "days", left < DAYS_BAD ? APP_DOCTOR_BAD : APP_DOCTOR_WARN,
				path, "expires in %" PRId64 " day%s", left, left == 1 ? "" : "s");
		app_doctor_todo(d, "%s", todo);
	} else {
		app_doctor_say(d, G, "days",
				!ours && whole > DAYS_LONG ? APP_DOCTOR_INFO : APP_DOCTOR_OK, path,
				"valid for %" PRId64 " more days%s", left,
				!ours && whole > DAYS_LONG
						? "; many clients refuse one of more than 825 days"
						: "");
	}
}

static void strength(struct app_doctor *d, const struct sp_cert_info *c,
		const struct sp_cert_use *u, const char *path)
{
	int least = u->rsa ? 2048 : 256;

	if (c->key_bits < least) {
		app_doctor_say(d, G, "key", APP_DOCTOR_BAD, path,
				"its key of %d bits is too short: at least %d for %s", c->key_bits,
				least, u->rsa ? "RSA" : "its kind");
		app_doctor_todo(d, "make a new key: P-256, or RSA of 3072 bits");
	} else {
		app_doctor_say(d, G, "key", APP_DOCTOR_OK, path, "%s key of %d bits",
				u->rsa ? "RSA" : "elliptic curve", c->key_bits);
	}
	if (u->weak_hash && !u->self_signed) {
		app_doctor_say(d, G, "signature", APP_DOCTOR_BAD, path,
				"is signed with MD5 or SHA-1, which can be forged");
		app_doctor_todo(d, "renew it");
	}
}

static void names(struct app_doctor *d, const struct sp_cert_use *u, const char *path,
		const char *host)
{
	const char *list = u->names[0] != '\0' ? u->names : "nobody (no subjectAltName)";

	if (!u->named) {
		app_doctor_say(d, G, "names", APP_DOCTOR_INFO, path,
				"names %.200s, and not %.80s, this machine's name", list, host);
		app_doctor_todo(d, "right if clients use one of those names");
	} else {
		app_doctor_say(d, G, "names", APP_DOCTOR_OK, path, "names %.200s", list);
	}
	if (u->self_signed) {
		app_doctor_say(d, G, "issuer", APP_DOCTOR_INFO, path,
				"signs itself: clients ask, and people have to compare its "
				"fingerprint");
		app_doctor_todo(d, "certificate = \"...\", one of a CA that your clients know");
	}
}

void app_doctor_cert(struct app_doctor *d, struct sp_span pem, const char *path, const char *host)
{
	static struct sp_cert_info c;
	struct sp_cert_use u;

	if (sp_cert_info_pem(pem, &c) != SP_OK || sp_cert_use_pem(pem, host, &u) != SP_OK) {
		app_doctor_say(d, G, "days", APP_DOCTOR_BAD, path, "has no certificate in it");
		return;
	}
	days(d, &c, path, d->conf->certificate[0] == '\0');
	strength(d, &c, &u, path);
	names(d, &u, path, host);
}

void app_doctor_cert_file(struct app_doctor *d)
{
	char path[SP_CONF_PATH + 16], host[256] = "localhost";
	struct sp_rcbuf *pem;

	if (!sp_conf_certificate(d->conf, path, sizeof(path))) {
		return;
	}
	if (gethostname(host, sizeof(host) - 1) != 0) {
		snprintf(host, sizeof(host), "localhost");
	}
	int rc = sp_file_read(path, FILE_MAX, &pem);
	if (rc == SP_ENOTFOUND && d->conf->certificate[0] == '\0') {
		app_doctor_say(d, G, "days", APP_DOCTOR_INFO, path,
				"is made when the service starts for the first time");
	} else if (rc != SP_OK) {
		app_doctor_say(d, G, "days", APP_DOCTOR_UNKNOWN, path, "cannot be read: %s%s",
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc),
				geteuid() != 0 ? "; try sudo" : "");
	} else {
		app_doctor_cert(d, sp_span(pem->p, pem->n), path, host);
		/* The key is in it too. */
		sp_cert_key_free(pem);
	}
}
