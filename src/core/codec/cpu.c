/* core/codec/cpu.c - see cpu.h. */
#include "core/codec/cpu.h"

enum sp_cpu sp_cpu_best(void)
{
#if defined(__x86_64__) && !defined(SP_SIMD_PORTABLE)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
			__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) {
		return SP_CPU_AVX2;
	}
	if (__builtin_cpu_supports("sse4.1")) {
		return SP_CPU_SSE41;
	}
#endif
	return SP_CPU_PLAIN;
}
