/* core/rdp/dvcs.c - see dvcs.h. */
#include "core/rdp/dvcs.h"

#include <string.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

enum kind {
	KIND_SOUND,
	KIND_MICROPHONE,
	KIND_NEVER, /* their filters are on the static channels */
	KIND_ALWAYS,
	KIND_INPUT, /* always, too */
};

/* Names that are no plain "other": pictures and input always pass, the rest by its rule. */
static const struct {
	const char *name;
	enum kind kind;
} known[] = {
		{"Microsoft::Windows::RDS::Graphics", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::DisplayControl", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::Geometry::v08.01", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::Video::Control::v08.01", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::Video::Data::v08.01", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::MouseCursor", KIND_ALWAYS},
		{"ECHO", KIND_ALWAYS},
		{"Microsoft::Windows::RDS::Input", KIND_INPUT},
		{"Microsoft::Windows::RDS::CoreInput", KIND_INPUT},
		{"AUDIO_PLAYBACK_DVC", KIND_SOUND},
		{"AUDIO_PLAYBACK_LOSSY_DVC", KIND_SOUND},
		{"rdpsnd", KIND_SOUND},
		{"AUDIO_INPUT", KIND_MICROPHONE},
		{"cliprdr", KIND_NEVER},
		{"rdpdr", KIND_NEVER},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool sp_dvcs_same_name(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

static bool may_open(const struct sp_legs_rules *rules, const char *name, bool *input)
{
	*input = false;
	for (size_t i = 0; i < SP_LEN(known); i++) {
		if (!sp_dvcs_same_name(known[i].name, name)) {
			continue;
		}
		switch (known[i].kind) {
		case KIND_SOUND:
			return rules->sound;
		case KIND_MICROPHONE:
			return rules->microphone;
		case KIND_NEVER:
			return false;
		case KIND_INPUT:
			*input = true;
			return true;
		case KIND_ALWAYS:
			return true;
		}
	}
	return rules->other;
}

void sp_dvcs_init(struct sp_dvcs *d, const struct sp_legs_rules *rules)
{
	*d = (struct sp_dvcs){.rules = *rules};
}

static struct sp_dvcs_open *find(struct sp_dvcs *d, uint32_t id)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->open[i].id == id) {
			return &d->open[i];
		}
	}
	return NULL;
}

static void forget(struct sp_dvcs *d, uint32_t id)
{
	struct sp_dvcs_open *o = find(d, id);

	if (o) {
		*o = d->open[--d->n];
	}
}

static bool remember(struct sp_dvcs *d, uint32_t id, bool input)
{
	struct sp_dvcs_open *o = find(d, id);

	if (!o && d->n < SP_DVCS_MAX) {
		o = &d->open[d->n++];
	}
	if (!o) {
		return false;
	}
	*o = (struct sp_dvcs_open){.id = id, .input = input};
	return true;
}

static void refuse(struct sp_dvcs *d, uint32_t id, const char *name, struct sp_dvcs_result *out)
{
	uint8_t message[SP_DVC_HEAD_MAX + 4];
	struct sp_wr w;

	forget(d, id); /* an id that is used again belongs to the new channel */
	sp_wr_fixed(&w, message, sizeof(message));
	sp_dvc_create_response_write(&w, id, SP_DVC_STATUS_NOT_FOUND);
	size_t n = w.n;
	sp_wr_fixed(&w, d->answer, sizeof(d->answer));
	sp_svc_write(&w,
			&(struct sp_svc_chunk){.total = (uint32_t)n,
					.flags = SP_SVC_FIRST | SP_SVC_LAST,
					.data = sp_span(message, n)});
	out->answer = sp_span(d->answer, w.n);
	size_t len = strlen(name);
	memcpy(d->refused, name, len + 1);
	out->refused = d->refused;
}

/* A whole create request: true when the client may see it. */
static bool create(struct sp_dvcs *d, struct sp_span message, struct sp_dvcs_result *out)
{
	struct sp_dvc_head head;
	char name[SP_DVC_NAME];
	struct sp_rd r;
	bool input;

	sp_rd_init(&r, message.p, message.n);
	if (sp_dvc_head_read(&r, &head) != SP_OK) {
		return false;
	}
	if (sp_dvc_create_read(&r, name) != SP_OK) {
		name[0] = '\0';
	}
	if (name[0] == '\0' || !may_open(&d->rules, name, &input) || !remember(d, head.id, input)) {
		refuse(d, head.id, name, out);
		return false;
	}
	memcpy(d->opened, name, sizeof(d->opened));
	out->opened = d->opened;
	return true;
}

/* More of a create request that came in pieces. */
static void hold(struct sp_dvcs *d, const struct sp_svc_chunk *c, struct sp_dvcs_result *out)
{
	if (!(c->data.n <= sizeof(d->held) - d->held_n)) {
		d->holding = false; /* more than it said it would be */
		return;
	}
	if (c->data.n > 0) {
		memcpy(d->held + d->held_n, c->data.p, c->data.n);
		d->held_n += c->data.n;
	}
	if (!(c->flags & SP_SVC_LAST)) {
		return;
	}
	d->holding = false;
	struct sp_span message = sp_span(d->held + SP_SVC_HEADER, d->held_n - SP_SVC_HEADER);
	struct sp_wr w;
	sp_wr_fixed(&w, d->held, SP_SVC_HEADER);
	sp_wr_le32(&w, (uint32_t)message.n);
	sp_wr_le32(&w, c->flags | SP_SVC_FIRST);
	if (create(d, message, out)) {
		out->pass = sp_span(d->held, d->held_n);
	}
}

/* The first chunk of a message that asks for a channel; true when it passes as it is. */
static bool first_create(struct sp_dvcs *d, const struct sp_svc_chunk *c,
		const struct sp_dvc_head *head, struct sp_dvcs_result *out)
{
	if (c->flags & SP_SVC_LAST) {
		return create(d, c->data, out);
	}
	if (!(c->total <= SP_DVCS_CREATE_MAX)) {
		refuse(d, head->id, "", out);
		return false;
	}
	d->holding = true;
	d->held_n = SP_SVC_HEADER;
	hold(d, c, out);
	return false;
}

static bool first_of_target(
		struct sp_dvcs *d, const struct sp_svc_chunk *c, struct sp_dvcs_result *out)
{
	struct sp_dvc_head head;
	struct sp_rd r;

	sp_rd_init(&r, c->data.p, c->data.n);
	if (sp_dvc_head_read(&r, &head) != SP_OK) {
		return false;
	}
	switch (head.cmd) {
	case SP_DVC_CREATE:
		return first_create(d, c, &head, out);
	case SP_DVC_CAPS:
		return true;
	case SP_DVC_DATA_FIRST:
	case SP_DVC_DATA:
	case SP_DVC_DATA_FIRST_COMPRESSED:
	case SP_DVC_DATA_COMPRESSED:
	case SP_DVC_CLOSE:
		return find(d, head.id) != NULL;
	default:
		return false; /* the soft sync belongs to UDP */
	}
}

void sp_dvcs_target(struct sp_dvcs *d, struct sp_span chunk, struct sp_dvcs_result *out)
{
	struct sp_svc_chunk c;
	struct sp_rd r;

	*out = (struct sp_dvcs_result){0};
	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK) {
		return;
	}
	if (c.flags & SP_SVC_COMPRESSED) {
		d->holding = d->target_passes = false; /* and what follows in its message */
		return;
	}
	if (c.flags & SP_SVC_FIRST) {
		d->holding = false;
		d->target_passes = first_of_target(d, &c, out);
	} else if (d->holding) {
		hold(d, &c, out);
		return;
	}
	if (d->target_passes) {
		out->pass = chunk;
	}
	if (c.flags & SP_SVC_LAST) {
		d->target_passes = false;
	}
}

static bool first_of_client(struct sp_dvcs *d, const struct sp_svc_chunk *c, bool *input)
{
	struct sp_dvc_head head;
	struct sp_dvcs_open *o;
	uint32_t status;
	struct sp_rd r;

	sp_rd_init(&r, c->data.p, c->data.n);
	if (sp_dvc_head_read(&r, &head) != SP_OK) {
		return false;
	}
	if (head.cmd == SP_DVC_CAPS) {
		return true;
	}
	o = find(d, head.id);
	if (!o) {
		return false;
	}
	switch (head.cmd) {
	case SP_DVC_CREATE:
		if (sp_dvc_create_response_read(&r, &status) == SP_OK && (status & 0x80000000u)) {
			forget(d, head.id);
		}
		return true;
	case SP_DVC_CLOSE:
		forget(d, head.id);
		return true;
	case SP_DVC_DATA_FIRST:
	case SP_DVC_DATA:
	case SP_DVC_DATA_FIRST_COMPRESSED:
	case SP_DVC_DATA_COMPRESSED:
		*input = o->input;
		return true;
	default:
		return false;
	}
}

bool sp_dvcs_client(struct sp_dvcs *d, struct sp_span chunk, bool *input)
{
	struct sp_svc_chunk c;
	struct sp_rd r;

	*input = false;
	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK) {
		return false;
	}
	if (c.flags & SP_SVC_COMPRESSED) {
		d->client_passes = false;
		return false;
	}
	if (c.flags & SP_SVC_FIRST) {
		d->client_passes = first_of_client(d, &c, input);
	}
	bool pass = d->client_passes;
	if (c.flags & SP_SVC_LAST) {
		d->client_passes = false;
	}
	return pass;
}
