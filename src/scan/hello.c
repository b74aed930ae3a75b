/* scan/hello.c - see hello.h. */
#include "scan/hello.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "scan/ciphers.h"

#define RECORD_HEADER 5
#define RECORD_MAX (16384 + 2048)
#define SSL2_MAX 0x7FFF
#define WARNINGS_MAX 4

/* [RFC 8446] B.1, B.3 */
#define TYPE_ALERT 21
#define TYPE_HANDSHAKE 22
#define CLIENT_HELLO 1
#define SERVER_HELLO 2
#define CERTIFICATE 11
#define SERVER_KEY_EXCHANGE 12
#define CERTIFICATE_REQUEST 13
#define SERVER_HELLO_DONE 14
#define CERTIFICATE_STATUS 22

#define EXT_SERVER_NAME 0
#define EXT_GROUPS 10
#define EXT_POINT_FORMATS 11
#define EXT_SIGNATURES 13
#define EXT_VERSIONS 43
#define EXT_PSK_MODES 45
#define EXT_KEY_SHARE 51
#define EXTENSIONS_MAX 32

#define GROUP_X25519 29
#define ALERT_FATAL 2
#define SCSV 0x00FF /* [RFC 5746] 3.3: we would renegotiate safely, if ever */

/* [RFC 8446] 4.1.3 */
static const uint8_t retry_random[32] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D,
		0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
		0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

/* ---- our hello ---- */

static size_t open16(struct sp_wr *w)
{
	return sp_wr_hole(w, 2);
}

static void close16(struct sp_wr *w, size_t at)
{
	sp_wr_fill_be16(w, at, w->n - at - 2);
}

static size_t ext_open(struct sp_wr *w, uint16_t type)
{
	sp_wr_be16(w, type);
	return open16(w);
}

static void write_name(struct sp_wr *w, const char *name)
{
	size_t ext = ext_open(w, EXT_SERVER_NAME), list = open16(w);

	sp_wr_u8(w, 0 /* host_name */);
	size_t at = open16(w);
	sp_wr_put(w, name, strlen(name));
	close16(w, at);
	close16(w, list);
	close16(w, ext);
}

static void write_groups(struct sp_wr *w, const struct sp_hello_offer *o)
{
	size_t ext = ext_open(w, EXT_GROUPS), list = open16(w);

	for (size_t i = 0; i < o->n_groups; i++) {
		sp_wr_be16(w, o->group[i]);
	}
	close16(w, list);
	close16(w, ext);
	ext = ext_open(w, EXT_POINT_FORMATS);
	sp_wr_u8(w, 1);
	sp_wr_u8(w, 0 /* uncompressed */);
	close16(w, ext);
}

/* Old ones are among them: who signs with them is to be found, not to be trusted. */
static void write_signatures(struct sp_wr *w)
{
	static const uint16_t schemes[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805,
			0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301,
			0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101};
	size_t ext = ext_open(w, EXT_SIGNATURES), list = open16(w);

	for (size_t i = 0; i < SP_LEN(schemes); i++) {
		sp_wr_be16(w, schemes[i]);
	}
	close16(w, list);
	close16(w, ext);
}

static void write_13(struct sp_wr *w, const struct sp_hello_offer *o)
{
	size_t ext = ext_open(w, EXT_VERSIONS);

	/* It alone: who wants less is asked for less. */
	sp_wr_u8(w, 4);
	sp_wr_be16(w, SP_HELLO_TLS13);
	sp_wr_be16(w, SP_HELLO_TLS12);
	close16(w, ext);
	ext = ext_open(w, EXT_PSK_MODES);
	sp_wr_u8(w, 1);
	sp_wr_u8(w, 1 /* with a key exchange */);
	close16(w, ext);
	ext = ext_open(w, EXT_KEY_SHARE);
	size_t list = open16(w);
	sp_wr_be16(w, GROUP_X25519);
	size_t key = open16(w);
	sp_wr_put(w, o->share, sizeof(o->share));
	close16(w, key);
	close16(w, list);
	close16(w, ext);
}

static void write_extensions(struct sp_wr *w, const struct sp_hello_offer *o)
{
	size_t at = open16(w);

	if (o->name) {
		write_name(w, o->name);
	}
	if (o->n_groups > 0) {
		write_groups(w, o);
	}
	if (o->version >= SP_HELLO_TLS12) {
		write_signatures(w);
	}
	if (o->version >= SP_HELLO_TLS13) {
		write_13(w, o);
	}
	close16(w, at);
}

/* The hello of SSL 2: three bytes per cipher, of which it had seven. */
static void write_ssl2(struct sp_wr *w, const struct sp_hello_offer *o)
{
	static const uint8_t specs[][3] = {{1, 0, 0x80}, {2, 0, 0x80}, {3, 0, 0x80}, {4, 0, 0x80},
			{5, 0, 0x80}, {6, 0, 0x40}, {7, 0, 0xC0}};
	size_t at = open16(w);

	sp_wr_u8(w, CLIENT_HELLO);
	sp_wr_be16(w, SP_HELLO_SSL2);
	sp_wr_be16(w, sizeof(specs));
	sp_wr_be16(w, 0 /* session */);
	sp_wr_be16(w, 16 /* challenge */);
	sp_wr_put(w, specs, sizeof(specs));
	sp_wr_put(w, o->random, 16);
	sp_wr_fill_be16(w, at, 0x8000 | (w->n - at - 2));
}

void sp_hello_write(struct sp_wr *w, const struct sp_hello_offer *o)
{
	if (o->version == SP_HELLO_SSL2) {
		write_ssl2(w, o);
		return;
	}
	sp_wr_u8(w, TYPE_HANDSHAKE);
	/* [RFC 8446] 5.1: the version of a first record is a low one, which old servers want. */
	sp_wr_be16(w, o->version == SP_HELLO_SSL3 ? SP_HELLO_SSL3 : 0x0301);
	size_t record = open16(w);
	sp_wr_u8(w, CLIENT_HELLO);
	sp_wr_u8(w, 0);
	size_t body = open16(w);
	sp_wr_be16(w, o->version < SP_HELLO_TLS12 ? o->version : SP_HELLO_TLS12);
	sp_wr_put(w, o->random, sizeof(o->random));
	if (o->version >= SP_HELLO_TLS13) {
		sp_wr_u8(w, sizeof(o->session));
		sp_wr_put(w, o->session, sizeof(o->session));
	} else {
		sp_wr_u8(w, 0);
	}
	size_t list = open16(w);
	for (size_t i = 0; i < o->n_ciphers; i++) {
		sp_wr_be16(w, o->cipher[i]);
	}
	sp_wr_be16(w, SCSV);
	close16(w, list);
	sp_wr_u8(w, 1);
	sp_wr_u8(w, 0 /* no compression */);
	if (o->version > SP_HELLO_SSL3) {
		write_extensions(w, o);
	}
	close16(w, body);
	close16(w, record);
}

void sp_hello_write_close(struct sp_wr *w, uint16_t version)
{
	sp_wr_u8(w, TYPE_ALERT);
	sp_wr_be16(w, version > SP_HELLO_TLS12 ? SP_HELLO_TLS12 : version);
	sp_wr_be16(w, 2);
	sp_wr_u8(w, 1 /* warning */);
	sp_wr_u8(w, 0 /* close_notify */);
}

/* ---- what the server says ---- */

void sp_hello_reader_init(struct sp_hello_reader *r, const struct sp_hello_offer *offer)
{
	memset(r, 0, sizeof(*r));
	r->version = offer->version;
	r->n_ciphers = offer->n_ciphers < SP_HELLO_MAX_CIPHERS ? offer->n_ciphers
							       : SP_HELLO_MAX_CIPHERS;
	memcpy(r->cipher, offer->cipher, r->n_ciphers * sizeof(*r->cipher));
	r->why = "";
	sp_wr_init(&r->record,
			offer->version == SP_HELLO_SSL2 ? SSL2_MAX + 2
							: RECORD_HEADER + RECORD_MAX);
	sp_wr_init(&r->flight, SP_HELLO_MAX_FLIGHT);
}

void sp_hello_reader_finish(struct sp_hello_reader *r)
{
	sp_wr_finish(&r->record);
	sp_wr_finish(&r->flight);
}

struct sp_span sp_hello_cert(const struct sp_hello_reader *r, size_t i)
{
	return sp_span(r->flight.p + r->answer.cert[i].at, r->answer.cert[i].n);
}

static int fail(struct sp_hello_reader *r, int err, const char *what)
{
	r->why = what;
	return err;
}

static bool offered(const struct sp_hello_reader *r, uint16_t cipher)
{
	for (size_t i = 0; i < r->n_ciphers; i++) {
		if (r->cipher[i] == cipher) {
			return true;
		}
	}
	return false;
}

/* Of a ServerHello: what is said about 1.3. */
static void read_extensions(struct sp_rd *r, struct sp_hello_answer *a)
{
	struct sp_rd list = sp_rd_sub(r, sp_rd_be16(r));

	for (unsigned i = 0; sp_rd_ok(&list) == SP_OK && sp_rd_left(&list) > 0; i++) {
		uint16_t type = sp_rd_be16(&list);
		struct sp_rd e = sp_rd_sub(&list, sp_rd_be16(&list));

		if (i == EXTENSIONS_MAX) {
			sp_rd_fail(&list, SP_ELIMIT, "hello.extensions");
		} else if (type == EXT_VERSIONS) {
			a->version = sp_rd_be16(&e);
		} else if (type == EXT_KEY_SHARE) {
			a->group = sp_rd_be16(&e);
		}
	}
}

static int server_hello(struct sp_hello_reader *h, struct sp_rd *r)
{
	struct sp_hello_answer *a = &h->answer;

	a->version = sp_rd_be16(r);
	struct sp_span random = sp_rd_span(r, sizeof(retry_random));
	uint8_t session = sp_rd_u8(r);
	sp_rd_skip(r, session <= 32 ? session : SP_HELLO_MAX_FLIGHT);
	a->cipher = sp_rd_be16(r);
	sp_rd_u8(r); /* compression */
	if (sp_rd_ok(r) == SP_OK && sp_rd_left(r) > 0) {
		read_extensions(r, a);
	}
	if (sp_rd_end(r) != SP_OK) {
		return fail(h, r->err, "ServerHello");
	}
	if (!(SP_HELLO_SSL3 <= a->version && a->version <= h->version)) {
		return fail(h, SP_EFIELD, "a version that was not offered");
	}
	if (!offered(h, a->cipher)) {
		return fail(h, SP_EFIELD, "a cipher suite that was not offered");
	}
	h->hello = true;
	if (a->version < SP_HELLO_TLS13) {
		a->group = 0;
		return 0;
	}
	a->kind = memcmp(random.p, retry_random, sizeof(retry_random)) == 0 ? SP_HELLO_RETRY
									    : SP_HELLO_ACCEPTED;
	return 1;
}

static uint32_t be24(struct sp_rd *r)
{
	uint32_t high = sp_rd_u8(r);

	return high << 16 | sp_rd_be16(r);
}

static int certificates(struct sp_hello_reader *h, struct sp_rd *r, size_t at)
{
	struct sp_hello_answer *a = &h->answer;
	struct sp_rd list = sp_rd_sub(r, be24(r));

	at += 3;
	while (sp_rd_ok(&list) == SP_OK && sp_rd_left(&list) > 0) {
		struct sp_span der = sp_rd_span(&list, be24(&list));

		if (sp_rd_ok(&list) == SP_OK && a->n_certs < SP_HELLO_MAX_CERTS) {
			a->cert[a->n_certs].at = at + sp_rd_at(&list) - der.n;
			a->cert[a->n_certs].n = der.n;
			a->n_certs++;
		}
		a->sent_certs++;
	}
	return sp_rd_end(r) == SP_OK ? 0 : fail(h, r->err, "Certificate");
}

static uint32_t bits_of(struct sp_span n)
{
	size_t i = 0;
	uint32_t bits;

	while (i < n.n && n.p[i] == 0) {
		i++;
	}
	if (i == n.n) {
		return 0;
	}
	bits = (uint32_t)(n.n - i) * 8;
	for (uint8_t top = n.p[i]; !(top & 0x80); top = (uint8_t)(top << 1)) {
		bits--;
	}
	return bits;
}

/* The parameters; whether they are well signed nobody looks. */
static int key_exchange(struct sp_hello_reader *h, struct sp_rd *r)
{
	struct sp_hello_answer *a = &h->answer;
	const char *name = sp_scan_cipher_name(a->cipher);

	if (name && (strncmp(name, "TLS_DHE_", 8) == 0 || strncmp(name, "TLS_DH_", 7) == 0)) {
		struct sp_span p = sp_rd_span(r, sp_rd_be16(r));

		if (sp_rd_ok(r) == SP_OK) {
			a->dh_bits = bits_of(p);
		}
	} else if (name && strncmp(name, "TLS_ECDH", 8) == 0) {
		uint8_t type = sp_rd_u8(r);

		a->group = type == 3 ? sp_rd_be16(r) : SP_HELLO_EXPLICIT;
	}
	return sp_rd_ok(r) == SP_OK ? 0 : fail(h, r->err, "ServerKeyExchange");
}

static int message(struct sp_hello_reader *h, uint8_t type, size_t at, size_t n)
{
	struct sp_rd r;

	sp_rd_init(&r, h->flight.p + at, n);
	if (!h->hello) {
		return type == SERVER_HELLO ? server_hello(h, &r)
					    : fail(h, SP_ESTATE, "no ServerHello at first");
	}
	switch (type) {
	case CERTIFICATE:
		if (h->answer.sent_certs > 0) {
			return fail(h, SP_ESTATE, "a second Certificate");
		}
		return certificates(h, &r, at);
	case SERVER_KEY_EXCHANGE:
		return key_exchange(h, &r);
	case CERTIFICATE_REQUEST:
	case CERTIFICATE_STATUS:
		return 0;
	case SERVER_HELLO_DONE:
		h->answer.kind = SP_HELLO_ACCEPTED;
		return 1;
	default:
		return fail(h, SP_ESTATE, "a message out of place");
	}
}

/* Every message that is whole. */
static int messages(struct sp_hello_reader *h)
{
	int rc = 0;

	while (rc == 0 && h->flight.n - h->parsed >= 4) {
		const uint8_t *p = h->flight.p + h->parsed;
		size_t n = (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3], at = h->parsed + 4;

		if (n > SP_HELLO_MAX_FLIGHT - 4) {
			return fail(h, SP_ELIMIT, "a message too long");
		}
		if (n > h->flight.n - at) {
			return 0;
		}
		h->parsed = at + n;
		rc = message(h, p[0], at, n);
	}
	return rc;
}

static int alert(struct sp_hello_reader *h, const uint8_t *p, size_t n)
{
	if (n != 2) {
		return fail(h, SP_EFIELD, "an alert of a wrong size");
	}
	/* That a name is not known, and the like. */
	if (p[0] != ALERT_FATAL && p[1] != 0) {
		return ++h->alerts > WARNINGS_MAX ? fail(h, SP_ELIMIT, "too many alerts") : 0;
	}
	h->answer.kind = SP_HELLO_ALERT;
	h->answer.alert = p[1];
	return 1;
}

/* The record that is whole in h->record. */
static int record(struct sp_hello_reader *h)
{
	const uint8_t *p = h->record.p + RECORD_HEADER;
	size_t n = h->record.n - RECORD_HEADER;

	if (h->record.p[0] == TYPE_ALERT) {
		return alert(h, p, n);
	}
	if (n == 0) {
		return fail(h, SP_EFIELD, "an empty record");
	}
	sp_wr_put(&h->flight, p, n);
	if (sp_wr_ok(&h->flight) != SP_OK) {
		return fail(h, sp_wr_ok(&h->flight) == SP_ESPACE ? SP_ELIMIT : SP_ENOMEM,
				"too many bytes");
	}
	return messages(h);
}

/* How long the record is that begins in h->record, header included; 0 as long as that is open. */
static int record_size(struct sp_hello_reader *h)
{
	const uint8_t *p = h->record.p;
	size_t n = h->record.n;

	if (n >= 1 && p[0] != TYPE_ALERT && p[0] != TYPE_HANDSHAKE) {
		return fail(h, SP_EPROTO, "not TLS");
	}
	if (n >= 2 && p[1] != 3) {
		return fail(h, SP_EPROTO, "not TLS");
	}
	if (n < RECORD_HEADER) {
		return 0;
	}
	size_t size = (size_t)p[3] << 8 | p[4];
	return size <= RECORD_MAX ? (int)(RECORD_HEADER + size)
				  : fail(h, SP_ELIMIT, "a record too long");
}

/* [SSL 2] 1.1 and 2.6: SERVER-HELLO, in a record with a header of two bytes. */
static int ssl2(struct sp_hello_reader *h, size_t header)
{
	struct sp_hello_answer *a = &h->answer;
	struct sp_rd r;

	sp_rd_init(&r, h->record.p + header, h->record.n - header);
	uint8_t type = sp_rd_u8(&r);
	if (type == 0) {
		a->kind = SP_HELLO_ALERT;
		return 1;
	}
	sp_rd_skip(&r, 2 /* session hit, certificate type */);
	uint16_t version = sp_rd_be16(&r);
	size_t cert = sp_rd_be16(&r), specs = sp_rd_be16(&r), id = sp_rd_be16(&r);
	size_t at = header + sp_rd_at(&r);
	sp_rd_skip(&r, cert);
	sp_rd_skip(&r, specs);
	sp_rd_skip(&r, id);
	if (sp_rd_end(&r) != SP_OK || type != 4 || version != SP_HELLO_SSL2) {
		return fail(h, sp_rd_ok(&r) != SP_OK ? r.err : SP_EFIELD, "SERVER-HELLO");
	}
	sp_wr_put(&h->flight, h->record.p + at, cert);
	if (sp_wr_ok(&h->flight) != SP_OK) {
		return fail(h, SP_ENOMEM, "memory");
	}
	a->kind = SP_HELLO_ACCEPTED;
	a->version = version;
	a->n_certs = a->sent_certs = cert > 0;
	a->cert[0].n = cert;
	return 1;
}

static int ssl2_size(struct sp_hello_reader *h)
{
	const uint8_t *p = h->record.p;
	size_t n = h->record.n;

	/* A newer server says no in its own way. */
	if (n >= 1 && p[0] == TYPE_ALERT) {
		return n >= 2 && p[1] != 3          ? fail(h, SP_EPROTO, "not SSL 2")
				: n < RECORD_HEADER ? 0
				: p[3] == 0 && p[4] == 2
				? RECORD_HEADER + 2
				: fail(h, SP_EFIELD, "an alert of a wrong size");
	}
	if (n >= 1 && !(p[0] & 0x80)) {
		return fail(h, SP_EPROTO, "not SSL 2");
	}
	return n < 2 ? 0 : 2 + ((p[0] & 0x7F) << 8 | p[1]);
}

int sp_hello_feed(struct sp_hello_reader *h, const uint8_t *p, size_t n)
{
	bool two = h->version == SP_HELLO_SSL2;
	int rc = 0;

	while (rc == 0 && n > 0) {
		int size = two ? ssl2_size(h) : record_size(h);
		if (size < 0) {
			return size;
		}
		/* Up to the end of the header, then up to the end of the record. */
		size_t want = size > 0 ? (size_t)size : h->record.n + 1;
		size_t take = want - h->record.n < n ? want - h->record.n : n;

		sp_wr_put(&h->record, p, take);
		if (sp_wr_ok(&h->record) != SP_OK) {
			return fail(h, SP_ENOMEM, "memory");
		}
		p += take;
		n -= take;
		size = two ? ssl2_size(h) : record_size(h);
		if (size < 0) {
			return size;
		}
		if (size > 0 && h->record.n == (size_t)size) {
			rc = two && h->record.p[0] != TYPE_ALERT ? ssl2(h, 2) : record(h);
			sp_wr_reset(&h->record);
		}
	}
	return rc;
}
