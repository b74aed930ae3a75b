/* fuzz/fuzz_replay.c - what a client was sent, as a recording has it; and what was saved of a replay. */
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/pdu/tpkt.h"
#include "core/view/replay.h"
#include "core/rdp/client_replay.h"
#include "core/pdu/gcc_client.h"

#define LARGEST (64u << 20)

static struct sp_replay *make(void)
{
	static const uint16_t ids[] = {1004, 1005};
	struct sp_gcc_client gcc = {.n_channels = 2};
	struct sp_client_replay_conf client = {.gcc = &gcc,
			.user_id = 1007,
			.io_channel = 1003,
			.channel = ids,
			.n_channels = 2};
	struct sp_replay_conf conf = {.client = &client, .saves = true, .memory = 8u << 20};

	memcpy(gcc.channel[0].name, "cliprdr", 8);
	memcpy(gcc.channel[1].name, "drdynvc", 8);
	return sp_replay_create(&conf);
}

/* What is saved now is what would be saved after it was loaded. */
static void keep(struct sp_replay *r)
{
	struct sp_replay *other = make();
	struct sp_wr a, b;

	sp_wr_init(&a, LARGEST);
	sp_wr_init(&b, LARGEST);
	if (other && sp_replay_save(r, &a) == SP_OK) {
		if (sp_replay_load(other, sp_span(a.p, a.n)) != SP_OK ||
				sp_replay_save(other, &b) != SP_OK || a.n != b.n ||
				memcmp(a.p, b.p, a.n) != 0) {
			abort();
		}
	}
	sp_wr_finish(&a);
	sp_wr_finish(&b);
	sp_replay_destroy(other);
}

static void out(const uint8_t *data, size_t size)
{
	struct sp_replay *r = make();
	uint64_t now = 1;

	while (r && size > 0) {
		int len = sp_frame_length(data, size);
		size_t n = len > 0 && (size_t)len <= size ? (size_t)len : size;

		sp_replay_in(r, sp_span(data, n));
		if (sp_replay_out(r, sp_span(data, n), now++) != SP_OK) {
			break;
		}
		data += n;
		size -= n;
	}
	if (r) {
		keep(r);
	}
	sp_replay_destroy(r);
}

static void load(const uint8_t *data, size_t size)
{
	struct sp_replay *r = make();

	if (r && sp_replay_load(r, sp_span(data, size)) == SP_OK) {
		keep(r);
	}
	sp_replay_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(data, size);
	out(data, size);
	return 0;
}
