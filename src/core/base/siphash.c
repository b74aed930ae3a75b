/* core/base/siphash.c - see siphash.h. */
#include "core/base/siphash.h"

struct state {
	uint64_t a, b, c, d;
};

static uint64_t turn(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static void mix(struct state *s, unsigned rounds)
{
	while (rounds-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = turn(s->b, 13) ^ s->a;
		s->d = turn(s->d, 16) ^ s->c;
		s->a = turn(s->a, 32) + s->d;
		s->c += s->b;
		s->d = turn(s->d, 21) ^ s->a;
		s->b = turn(s->b, 17) ^ s->c;
		s->c = turn(s->c, 32);
	}
}

static void take(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

uint64_t sp_siphash(const uint64_t key[2], const void *p, size_t n)
{
	const uint8_t *byte = p;
	struct state s = {key[0] ^ UINT64_C(0x736F6D6570736575),
			key[1] ^ UINT64_C(0x646F72616E646F6D),
			key[0] ^ UINT64_C(0x6C7967656E657261),
			key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++) {
		word |= (uint64_t)byte[i] << 8 * (i % 8);
		if (i % 8 == 7) {
			take(&s, word);
			word = 0;
		}
	}
	take(&s, word | (uint64_t)n << 56);
	s.c ^= 0xFF;
	mix(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}
