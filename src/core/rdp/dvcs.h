/* core/rdp/dvcs.h - the dynamic channels between two legs: which are created, which are heard. */
#ifndef SP_CORE_RDP_DVCS_H
#define SP_CORE_RDP_DVCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/pdu/dvc.h"
#include "core/pdu/svc.h"
#include "core/rdp/legs.h"

#define SP_DVCS_MAX 256 /* open at a time; what is created beyond is refused */
#define SP_DVCS_CREATE_MAX (SP_DVC_HEAD_MAX + SP_DVC_NAME)

struct sp_dvcs_open {
	uint32_t id;
	bool input; /* what comes on it is a person's doing */
};

struct sp_dvcs {
	struct sp_legs_rules rules;
	size_t n;
	struct sp_dvcs_open open[SP_DVCS_MAX];
	/* What becomes of the chunks that follow in the message under way, from either side. */
	bool target_passes, client_passes;
	bool holding; /* a create request that came in pieces */
	size_t held_n;
	uint8_t held[SP_SVC_HEADER + SP_DVCS_CREATE_MAX]; /* with a chunk header in front */
	uint8_t answer[SP_SVC_HEADER + SP_DVC_HEAD_MAX + 4];
	char refused[SP_DVC_NAME], opened[SP_DVC_NAME];
};

void sp_dvcs_init(struct sp_dvcs *d, const struct sp_legs_rules *rules);

/* Spans are valid until the next call on the object; empty where there is nothing to send. */
struct sp_dvcs_result {
	struct sp_span pass; /* chunk for the client */
	struct sp_span answer; /* chunk for the target */
	const char *refused; /* the name of a channel that was refused now, else NULL */
	const char *opened; /* of one that the client is asked for now, else NULL */
};

/* A chunk of drdynvc as the target sent it, with its header. What is damaged is dropped. */
void sp_dvcs_target(struct sp_dvcs *d, struct sp_span chunk, struct sp_dvcs_result *out);
/* A chunk that the client sent: whether it may pass; *input when a person caused it. */
bool sp_dvcs_client(struct sp_dvcs *d, struct sp_span chunk, bool *input);

/* Equal but for ASCII's letter case, as channel names are compared. */
bool sp_dvcs_same_name(const char *a, const char *b);

#endif
