/* host/monitor/told.c - see told.h. */
#include "host/monitor/told.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const channels[] = {"?", "clipboard", "drives"};
static const char *const ways[] = {"?", "target", "client"};
static const char *const kinds[] = {"?", "text", "files", "file", "other data", "device", "open",
		"rename", "remove", "change"};

_Static_assert(sizeof(channels) / sizeof(channels[0]) == SP_TOLD_CHANNEL_COUNT, "channels");
_Static_assert(sizeof(ways) / sizeof(ways[0]) == SP_TOLD_WAY_COUNT, "ways");
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == SP_TOLD_KIND_COUNT, "kinds");

struct out {
	char *p;
	size_t left;
};

static void put(struct out *o, const char *text)
{
	int n = snprintf(o->p, o->left, "%s", text);
	size_t used = n < 0 ? 0 : (size_t)n < o->left ? (size_t)n : o->left - 1;

	o->p += used;
	o->left -= used;
}

static void put_bytes(struct out *o, const char *before, uint64_t n)
{
	char text[48];

	snprintf(text, sizeof(text), "%s%" PRIu64 " bytes", before, n);
	put(o, text);
}

/* A name can hold a quotation mark, which would end it too early for who reads the line. */
static void put_name(struct out *o, const char *before, const char *name)
{
	char quoted[SP_TEXT_FILE];

	snprintf(quoted, sizeof(quoted), "%s", name);
	for (char *c = quoted; *c != '\0'; c++) {
		*c = *c == '"' ? '\'' : *c;
	}
	put(o, before);
	put(o, "\"");
	put(o, quoted);
	put(o, "\"");
}

static void put_hash(struct out *o, const uint8_t sha256[32])
{
	char hex[3];

	put(o, ", sha256 ");
	for (size_t i = 0; i < 32; i++) {
		snprintf(hex, sizeof(hex), "%02x", sha256[i]);
		put(o, hex);
	}
}

/* The same but for the separators. */
static bool same_name(const char *sent, const char *name)
{
	while (*sent != '\0' && (*sent == *name || (*sent == '\\' && *name == '/'))) {
		sent++;
		name++;
	}
	return *sent == *name;
}

void sp_told_text(char text[SP_TOLD_TEXT_MAX], const struct sp_msg_transfer *t)
{
	struct out o = {.p = text, .left = SP_TOLD_TEXT_MAX};
	bool data = t->kind <= SP_TOLD_OTHER;

	put(&o, channels[t->channel]);
	put(&o, ": ");
	put(&o,
			t->kind == SP_TOLD_OPEN && t->verdict == SP_TOLD_PASSED ? "directory made"
										: kinds[t->kind]);
	put(&o,
			t->verdict == SP_TOLD_PASSED                    ? ""
					: t->verdict == SP_TOLD_DAMAGED ? " broken off"
					: t->verdict == SP_TOLD_NAMED_BADLY
					? " refused for its name"
					: " refused");
	if (data && t->verdict == SP_TOLD_PASSED) {
		put_bytes(&o, ", ", t->bytes);
	}
	put(&o, ", toward the ");
	put(&o, ways[t->way]);
	if (t->verdict == SP_TOLD_TOO_LARGE) {
		put_bytes(&o, ": ", t->bytes);
		put(&o, " are too much");
	} else if (t->verdict == SP_TOLD_DAMAGED) {
		put(&o, ": damaged");
	}
	if (t->has_sha256) {
		put_hash(&o, t->sha256);
	}
	if (t->name[0] != '\0') {
		put_name(&o, ", ", t->name);
	}
	if (t->next[0] != '\0') {
		put_name(&o, " to ", t->next);
	}
	if (t->sent[0] != '\0' && !same_name(t->sent, t->name)) {
		put_name(&o, ", sent as ", t->sent);
	}
}

bool sp_told_may(struct sp_told_rate *r, uint32_t times, uint64_t now_us)
{
	uint32_t most = times * SP_TOLD_BURST, rate = times * SP_TOLD_RATE;

	if (r->at_us == 0) {
		r->at_us = now_us;
		r->left = most;
	}
	uint64_t more = (now_us - r->at_us) / (1000000 / rate);
	if (more > 0) {
		r->left = more < most - r->left ? r->left + (uint32_t)more : most;
		r->at_us += more * (1000000 / rate);
	}
	if (r->left == 0) {
		r->missed++;
		return false;
	}
	r->left--;
	return true;
}
