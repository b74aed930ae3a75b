/* core/chan/transfer.h - what a filter tells of: something went from one side to the other, or did not. */
#ifndef SP_CORE_CHAN_TRANSFER_H
#define SP_CORE_CHAN_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/crypt/crypto.h"

#define SP_TRANSFER_NAME 780 /* bytes of a path in UTF-8, with its NUL */
#define SP_TRANSFERS_MAX 32

/* The two sides of a filter. */
enum sp_side {
	SP_SIDE_CLIENT,
	SP_SIDE_TARGET,
};

enum sp_transfer_channel {
	SP_TRANSFER_CLIPBOARD,
	SP_TRANSFER_DRIVES,
};

enum sp_transfer_kind {
	SP_TRANSFER_TEXT,
	SP_TRANSFER_FILES, /* a list of files: their names */
	SP_TRANSFER_FILE, /* the contents of one */
	SP_TRANSFER_OTHER, /* pictures, HTML and the rest */
	/* Of drives only, from here on. */
	SP_TRANSFER_DEVICE, /* announced by the client */
	SP_TRANSFER_OPEN, /* of a file or directory, made if it has to be */
	SP_TRANSFER_RENAME, /* name is the old one */
	SP_TRANSFER_REMOVE,
	SP_TRANSFER_CHANGE, /* attributes, times, sizes, the volume */
};

enum sp_transfer_verdict {
	SP_TRANSFER_PASSED,
	SP_TRANSFER_REFUSED, /* by the rules */
	SP_TRANSFER_NAMED_BADLY, /* refused for its name */
	SP_TRANSFER_TOO_LARGE, /* n is what it claimed */
	SP_TRANSFER_DAMAGED, /* ended early, or contradicts itself */
};

struct sp_transfer {
	enum sp_transfer_channel channel;
	enum sp_side to; /* of the data, or of what was changed */
	enum sp_transfer_kind kind;
	enum sp_transfer_verdict verdict;
	uint64_t n; /* bytes */
	bool has_sha256; /* FILE: all of it passed, once and in order */
	uint8_t sha256[SP_SHA256_SIZE];
	char sent[SP_TRANSFER_NAME]; /* the name as it came, without what cannot be shown */
	char name[SP_TRANSFER_NAME]; /* '/' between its parts; empty where it is none */
	char next[SP_TRANSFER_NAME]; /* RENAME: the new one */
};

/* The latest ones; embedded in a filter. */
struct sp_transfers {
	struct sp_transfer v[SP_TRANSFERS_MAX];
	size_t at, n;
	uint32_t lost; /* before the ones that are there; the owner may reset it */
};

/* A zeroed one at the end, to be filled in at once; the oldest one makes room. */
struct sp_transfer *sp_transfers_add(struct sp_transfers *t);
/* False when there is none. */
bool sp_transfers_next(struct sp_transfers *t, struct sp_transfer *out);
/* Fills in both names from the wire: UTF-16LE. A rooted one may begin with a separator. */
void sp_transfer_named(struct sp_transfer *t, struct sp_span utf16, bool rooted);

#endif
