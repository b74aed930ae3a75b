/* host/audit/render_ocsf.c - records as events of the Open Cybersecurity Schema Framework. */
#include <string.h>

#include "host/audit/render_part.h"

#define OCSF_VERSION "1.6.0" /* the first one in which RDP knows Disconnect and Reconnect */

enum class {
	BASE = 0, /* Base Event: what has no class of its own */
	ACCOUNT_CHANGE = 3001,
	AUTHENTICATION = 3002,
	RDP_ACTIVITY = 4005,
	DETECTION_FINDING = 2004,
};

/* The class and the activity of each event that has one. */
static const struct {
	enum sp_audit_kind kind;
	enum class class;
	uint32_t activity;
	const char *name;
} classes[] = {
		{SP_AUDIT_CONN_OPEN, RDP_ACTIVITY, 1, "Initial Request"},
		{SP_AUDIT_CONN_REJECT, RDP_ACTIVITY, 2, "Initial Response"},
		{SP_AUDIT_TARGET_CONNECT, RDP_ACTIVITY, 3, "Connect Request"},
		{SP_AUDIT_TARGET_FAIL, RDP_ACTIVITY, 4, "Connect Response"},
		{SP_AUDIT_SESSION_START, RDP_ACTIVITY, 4, "Connect Response"},
		{SP_AUDIT_TARGET_CERT, RDP_ACTIVITY, 5, "TLS Handshake"},
		{SP_AUDIT_CHANNEL_OPEN, RDP_ACTIVITY, 6, "Traffic"},
		{SP_AUDIT_CHANNEL_DENY, RDP_ACTIVITY, 6, "Traffic"},
		{SP_AUDIT_CLIP_TRANSFER, RDP_ACTIVITY, 6, "Traffic"},
		{SP_AUDIT_FILE_TRANSFER, RDP_ACTIVITY, 6, "Traffic"},
		{SP_AUDIT_TRANSFER_MISSED, RDP_ACTIVITY, 6, "Traffic"},
		{SP_AUDIT_SESSION_DISCONNECT, RDP_ACTIVITY, 7, "Disconnect"},
		{SP_AUDIT_SESSION_END, RDP_ACTIVITY, 7, "Disconnect"},
		{SP_AUDIT_CONN_CLOSE, RDP_ACTIVITY, 7, "Disconnect"},
		{SP_AUDIT_SESSION_RECONNECT, RDP_ACTIVITY, 8, "Reconnect"},
		{SP_AUDIT_AUTH_OK, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_AUTH_FAIL, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_MFA_OK, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_MFA_FAIL, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_MFA_TIMEOUT, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_TARGET_LOGIN, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_TOKEN_USE, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_TOKEN_MISUSE, AUTHENTICATION, 1, "Logon"},
		{SP_AUDIT_MFA_ENROL, ACCOUNT_CHANGE, 10, "MFA Factor Enable"},
		{SP_AUDIT_LOCK_STEP, ACCOUNT_CHANGE, 9, "Lock"},
		{SP_AUDIT_LOCK_END, ACCOUNT_CHANGE, 12, "Unlock"},
		{SP_AUDIT_ADMIN_CHANGE, ACCOUNT_CHANGE, 99, "Other"},
		{SP_AUDIT_ALERT, DETECTION_FINDING, 1, "Create"},
};

/* What `change.action` says where the object is an account. */
static const struct {
	const char *action;
	uint32_t activity;
	const char *name;
} changes[] = {
		{"add", 1, "Create"},
		{"enable", 2, "Enable"},
		{"password", 3, "Password Change"},
		{"disable", 5, "Disable"},
		{"remove", 6, "Delete"},
		{"delete", 6, "Delete"},
};

static void named(struct sp_wr *w, const char *key, const struct sp_audit_field *f, bool *first)
{
	if (f != NULL) {
		sp_render_fmt(w, "%s\"%s\": ", *first ? "" : ", ", key);
		sp_render_json_field(w, f);
		*first = false;
	}
}

static void comma(struct sp_wr *w, bool *first)
{
	sp_render_text(w, *first ? "" : ", ");
	*first = false;
}

/* An object of some fields, left out where none is there. */
struct member {
	const char *key;
	enum sp_field field;
};

static bool has_any(const struct sp_audit_view *v, const struct member *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (sp_audit_get(v, m[i].field) != NULL) {
			return true;
		}
	}
	return false;
}

static void object(struct sp_wr *w, const char *name, const struct sp_audit_view *v,
		const struct member *m, size_t n, bool *first)
{
	bool begin = true;

	if (!has_any(v, m, n)) {
		return;
	}
	comma(w, first);
	sp_render_fmt(w, "\"%s\": {", name);
	for (size_t i = 0; i < n; i++) {
		named(w, m[i].key, sp_audit_get(v, m[i].field), &begin);
	}
	sp_wr_u8(w, '}');
}

static void source(struct sp_wr *w, const struct sp_audit_view *v, bool *first)
{
	static const struct member here[] = {
			{"ip", SP_F_SRC_IP}, {"port", SP_F_SRC_PORT}, {"uid", SP_F_DEVICE}};
	static const struct member place[] = {{"country", SP_F_SRC_COUNTRY}};
	static const struct member as[] = {{"number", SP_F_SRC_ASN}, {"name", SP_F_SRC_OWNER}};
	bool begin = true;

	/* An endpoint is known by its address, or it is none. */
	if (sp_audit_get(v, SP_F_SRC_IP) == NULL) {
		return;
	}
	comma(w, first);
	sp_render_text(w, "\"src_endpoint\": {");
	for (size_t i = 0; i < SP_LEN(here); i++) {
		named(w, here[i].key, sp_audit_get(v, here[i].field), &begin);
	}
	object(w, "location", v, place, SP_LEN(place), &begin);
	object(w, "autonomous_system", v, as, SP_LEN(as), &begin);
	sp_wr_u8(w, '}');
}

/* Whom it is about: a user of the store, or what was typed. */
static void user(struct sp_wr *w, const struct sp_audit_view *v, bool *first)
{
	const struct sp_audit_field *f = sp_audit_get(v, SP_F_USER);

	f = f != NULL ? f : sp_audit_get(v, SP_F_CLAIMED_USER);
	f = f != NULL ? f : sp_audit_get(v, SP_F_OBJECT);
	if (f != NULL) {
		comma(w, first);
		sp_render_text(w, "\"user\": {\"name\": ");
		sp_render_json_field(w, f);
		sp_wr_u8(w, '}');
	}
}

static void target(struct sp_wr *w, const struct sp_audit_view *v, bool *first)
{
	static const struct member m[] = {{"name", SP_F_TARGET}, {"ip", SP_F_TARGET_IP}};

	object(w, "dst_endpoint", v, m, SP_LEN(m), first);
}

/* "192.0.2.7:3389" or "[2001:db8::7]:3389", as the service writes it. */
static void listener(struct sp_wr *w, const struct sp_audit_field *f)
{
	struct sp_span ip = f->bytes;
	uint32_t port = 0, unit = 1;

	while (ip.n > 0 && '0' <= ip.p[ip.n - 1] && ip.p[ip.n - 1] <= '9' && unit <= 10000) {
		port += unit * (uint32_t)(ip.p[--ip.n] - '0');
		unit *= 10;
	}
	if (ip.n < 2 || ip.p[ip.n - 1] != ':') {
		return;
	}
	ip.n--;
	if (ip.n > 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']') {
		ip = sp_span(ip.p + 1, ip.n - 2);
	}
	sp_render_text(w, ", \"ip\": ");
	sp_render_json_text(w, ip);
	sp_render_fmt(w, ", \"port\": %u", port);
}

/* Where a connection went: to its target, or as long as that is not known, to us. */
static void destination(struct sp_wr *w, const struct sp_audit_view *v, bool *first)
{
	const struct sp_audit_field *at = sp_audit_get(v, SP_F_SRC_LISTENER);

	if (sp_audit_get(v, SP_F_TARGET) != NULL || sp_audit_get(v, SP_F_TARGET_IP) != NULL) {
		target(w, v, first);
		return;
	}
	comma(w, first);
	sp_render_text(w, "\"dst_endpoint\": {\"svc_name\": \"sallyport\"");
	if (at != NULL) {
		listener(w, at);
	}
	sp_wr_u8(w, '}');
}

static void fingerprint(struct sp_wr *w, const struct sp_audit_view *v, bool *first)
{
	const struct sp_audit_field *f = sp_audit_get(v, SP_F_CLAIMED_JA4);

	if (f != NULL) {
		comma(w, first);
		sp_render_text(w,
				"\"ja4_fingerprint_list\": [{\"type_id\": 1, \"type\": "
				"\"JA4\", \"value\": ");
		sp_render_json_field(w, f);
		sp_render_text(w, "}]");
	}
}

static void finding(struct sp_wr *w, const struct sp_record *r, const struct sp_audit_view *v)
{
	bool first = false;

	sp_render_fmt(w, ", \"finding_info\": {\"uid\": \"%llu\"", (unsigned long long)r->seq);
	named(w, "title", sp_audit_get(v, SP_F_ALERT_TITLE), &first);
	named(w, "desc", sp_audit_get(v, SP_F_TEXT), &first);
	if (sp_audit_get(v, SP_F_RULE) != NULL) {
		bool begin = true;
		sp_render_text(w, ", \"analytic\": {\"type_id\": 1, ");
		named(w, "name", sp_audit_get(v, SP_F_RULE), &begin);
		named(w, "uid", sp_audit_get(v, SP_F_ALERT_RULE), &begin);
		sp_wr_u8(w, '}');
	}
	if (sp_audit_get(v, SP_F_ALERT_TAG) != NULL) {
		sp_render_text(w, ", \"attacks\": [{\"technique\": {\"uid\": ");
		sp_render_json_field(w, sp_audit_get(v, SP_F_ALERT_TAG));
		sp_render_text(w, "}}]");
	}
	sp_wr_u8(w, '}');
}

/* What is behind an alert, in an object that is left out where nothing is known. */
static void evidence(struct sp_wr *w, const struct sp_audit_view *v)
{
	static const struct member any[] = {{"", SP_F_SRC_IP}, {"", SP_F_TARGET},
			{"", SP_F_TARGET_IP}, {"", SP_F_USER}, {"", SP_F_CLAIMED_USER}};
	bool first = true;

	if (has_any(v, any, SP_LEN(any))) {
		sp_render_text(w, ", \"evidences\": [{");
		source(w, v, &first);
		target(w, v, &first);
		user(w, v, &first);
		fingerprint(w, v, &first);
		sp_render_text(w, "}]");
	}
}

/* Names of transfers are paths with '/' between their parts. */
static struct sp_span last_part(struct sp_span path)
{
	size_t at = path.n > 0 ? path.n - 1 : 0; /* not the one at the end */

	while (at > 0 && path.p[at - 1] != '/') {
		at--;
	}
	return sp_span(path.p + at, path.n - at);
}

static void file(struct sp_wr *w, const struct sp_audit_view *v)
{
	const struct sp_audit_field *name = sp_audit_get(v, SP_F_NAME);
	const struct sp_audit_field *hash = sp_audit_get(v, SP_F_SHA256);
	bool regular = sp_audit_is(v, SP_F_KIND, "file"), first = false;

	if (v->kind != SP_AUDIT_FILE_TRANSFER || name == NULL) {
		return;
	}
	sp_render_text(w, ", \"file\": {\"name\": ");
	sp_render_json_text(w, last_part(name->bytes));
	sp_render_fmt(w, ", \"type_id\": %d", regular ? 1 : 0);
	named(w, "path", name, &first);
	if (regular) {
		named(w, "size", sp_audit_get(v, SP_F_BYTES), &first);
	}
	if (hash != NULL) {
		sp_render_text(w,
				", \"hashes\": [{\"algorithm_id\": 3, \"algorithm\": "
				"\"SHA-256\", \"value\": ");
		sp_render_json_field(w, hash);
		sp_render_text(w, "}]");
	}
	sp_wr_u8(w, '}');
}

static void rdp(struct sp_wr *w, const struct sp_audit_view *v)
{
	/* It counts from the target's side, we from the client's. */
	static const struct member traffic[] = {
			{"bytes_in", SP_F_BYTES_OUT}, {"bytes_out", SP_F_BYTES_IN}};
	static const struct member device[] = {{"name", SP_F_CLAIMED_CLIENT}, {"uid", SP_F_DEVICE}};
	bool first = false;

	source(w, v, &first);
	destination(w, v, &first);
	user(w, v, &first);
	fingerprint(w, v, &first);
	if (has_any(v, device, SP_LEN(device))) {
		sp_render_text(w, ", \"device\": {\"type_id\": 0");
		for (size_t i = 0; i < SP_LEN(device); i++) {
			named(w, device[i].key, sp_audit_get(v, device[i].field), &first);
		}
		sp_wr_u8(w, '}');
	}
	object(w, "traffic", v, traffic, SP_LEN(traffic), &first);
	file(w, v);
}

static void authentication(struct sp_wr *w, const struct sp_audit_view *v)
{
	static const struct member session[] = {{"uid", SP_F_SESSION}};
	bool first = false;

	source(w, v, &first);
	target(w, v, &first);
	user(w, v, &first);
	object(w, "session", v, session, SP_LEN(session), &first);
	sp_render_fmt(w,
			", \"service\": {\"name\": \"sallyport\"}, \"is_remote\": true, "
			"\"is_mfa\": %s",
			v->kind == SP_AUDIT_MFA_OK || v->kind == SP_AUDIT_MFA_FAIL ||
							v->kind == SP_AUDIT_MFA_TIMEOUT
					? "true"
					: "false");
}

/* What the class has a place for; all of it is in `unmapped` too. */
static void specific(struct sp_wr *w, enum class class, const struct sp_record *r,
		const struct sp_audit_view *v)
{
	bool first = false;

	switch (class) {
	case AUTHENTICATION:
		authentication(w, v);
		break;
	case RDP_ACTIVITY:
		rdp(w, v);
		break;
	case DETECTION_FINDING:
		finding(w, r, v);
		evidence(w, v);
		break;
	case ACCOUNT_CHANGE:
		source(w, v, &first);
		user(w, v, &first);
		break;
	case BASE:
		break;
	}
}

static uint32_t severity_id(enum sp_severity s)
{
	return s == SP_SEVERITY_NONE ? 0 : (uint32_t)s - SP_SEVERITY_INFO + 1;
}

static const char *status(enum sp_outcome outcome)
{
	switch ((unsigned)outcome) {
	case SP_OUTCOME_OK:
		return "\"status_id\": 1, \"status\": \"Success\"";
	case SP_OUTCOME_FAILED:
	case SP_OUTCOME_DENIED:
		return "\"status_id\": 2, \"status\": \"Failure\"";
	default:
		return "\"status_id\": 0, \"status\": \"Unknown\"";
	}
}

static void unmapped(struct sp_wr *w, const struct sp_record *r, const struct sp_audit_view *v)
{
	sp_render_fmt(w, ", \"unmapped\": {\"outcome\": \"%s\", \"hash\": \"",
			sp_outcome_text(v->outcome));
	sp_render_hex(w, sp_span(r->hash, sizeof(r->hash)));
	sp_wr_u8(w, '"');
	for (size_t i = 0; i < v->n; i++) {
		sp_render_fmt(w, ", \"%s\": ", sp_field_name(v->f[i].field));
		sp_render_json_field(w, &v->f[i]);
	}
	sp_render_text(w, "}}");
}

void sp_render_ocsf(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w)
{
	enum class class = BASE;
	uint32_t activity = 99;
	const char *name = "Other";
	bool first = false;

	for (size_t i = 0; i < SP_LEN(classes); i++) {
		if (classes[i].kind == v->kind) {
			class = classes[i].class;
			activity = classes[i].activity;
			name = classes[i].name;
		}
	}
	for (size_t i = 0; v->kind == SP_AUDIT_ADMIN_CHANGE && i < SP_LEN(changes); i++) {
		if (sp_audit_is(v, SP_F_ACTION, changes[i].action)) {
			activity = changes[i].activity;
			name = changes[i].name;
		}
	}
	sp_render_fmt(w, "{\"class_uid\": %u, \"category_uid\": %u, \"activity_id\": %u", class,
			class / 1000, activity);
	sp_render_fmt(w, ", \"activity_name\": \"%s\", \"type_uid\": %u", name,
			class * 100 + activity);
	sp_render_fmt(w, ", \"time\": %llu, \"severity_id\": %u, %s",
			(unsigned long long)(r->wall_ns / 1000000), severity_id(v->severity),
			status(v->outcome));
	named(w, "status_detail", sp_audit_get(v, SP_F_REASON), &first);
	sp_render_fmt(w, ", \"message\": \"%s\"", sp_audit_name(v->kind));
	sp_render_text(w,
			", \"metadata\": {\"version\": \"" OCSF_VERSION
			"\", \"product\": {\"name\": \"Sallyport\", \"vendor_name\": "
			"\"Sallyport\", \"version\": \"" SP_VERSION "\"}, \"log_name\": "
			"\"audit\", \"uid\": ");
	sp_render_fmt(w, "\"%llu\", \"event_code\": \"%s\", \"original_time\": \"",
			(unsigned long long)r->seq, sp_audit_name(v->kind));
	sp_render_time(w, r->wall_ns, 9);
	sp_render_text(w,
			"\", \"loggers\": [{\"name\": \"sallyport\", \"device\": "
			"{\"type_id\": 1, \"hostname\": ");
	sp_render_json_text(w, sp_span(r->host, strnlen(r->host, sizeof(r->host))));
	sp_render_text(w, "}}]}");
	specific(w, class, r, v);
	unmapped(w, r, v);
}
