/* host/firewall/nets.h - sets of addresses as sorted ranges, so that two ways to write one are equal. */
#ifndef SP_HOST_FIREWALL_NETS_H
#define SP_HOST_FIREWALL_NETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"

#define SP_NETS_ADDR 16 /* network order; IPv4 stands in the last four, after zeroes */
#define SP_NETS_MAX 8192 /* ranges of one set */
#define SP_NETS_TEXT 96 /* "10.8.0.0/16", or "10.8.0.3-10.8.0.9" */

struct sp_range {
	uint8_t lo[SP_NETS_ADDR], hi[SP_NETS_ADDR]; /* both are in it */
};

/* Zeroed it is empty. */
struct sp_nets {
	bool six; /* IPv6 */
	size_t n, cap;
	struct sp_range *r; /* INVARIANT: after sp_nets_merge() sorted, and no two touch */
};

/* Accepts a zeroed one, and leaves it empty. */
void sp_nets_finish(struct sp_nets *s);
/* SP_ENOMEM, SP_ELIMIT. */
sp_nodiscard int sp_nets_add(
		struct sp_nets *s, const uint8_t lo[SP_NETS_ADDR], const uint8_t hi[SP_NETS_ADDR]);
/* An address (4 or 16 bytes, by s->six) and the bits of its prefix; SP_EARG for too many. */
sp_nodiscard int sp_nets_add_prefix(struct sp_nets *s, const uint8_t *addr, uint32_t bits);
sp_nodiscard int sp_nets_add_all(struct sp_nets *s);
sp_nodiscard int sp_nets_join(struct sp_nets *s, const struct sp_nets *other);
/* Sorts, and makes one of those that touch. */
void sp_nets_merge(struct sp_nets *s);
/* Both merged. All of one that is not in the other, into an empty `out`. */
sp_nodiscard int sp_nets_less(
		const struct sp_nets *a, const struct sp_nets *b, struct sp_nets *out);
/* Every address there is? Merged. */
bool sp_nets_all(const struct sp_nets *s);
/* "192.0.2.7", "10.8.0.0/16", or "10.8.0.3-10.8.0.9": as nft reads it, too. */
void sp_nets_text(const struct sp_nets *s, size_t i, char out[SP_NETS_TEXT]);

#endif
