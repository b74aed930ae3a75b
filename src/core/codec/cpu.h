/* core/codec/cpu.h - which kernels this machine can run. */
#ifndef SP_CORE_CODEC_CPU_H
#define SP_CORE_CODEC_CPU_H

/*
 * A codec with kernels has a table of functions per level, all bit-exact with the plain C ones;
 * what is compiled for a level stands in files named after it (rfx_avx2.c), so that nothing else
 * may use its instructions. A level that has no kernels of its own uses those of the one below.
 */
enum sp_cpu {
	SP_CPU_PLAIN,
	SP_CPU_SSE41,
	SP_CPU_AVX2, /* with BMI1, BMI2, LZCNT and POPCNT, as every machine that has it */
};
#define SP_CPU_LEVELS 3

/* The best level here; asks the processor once per call, so ask at creation and keep it. */
enum sp_cpu sp_cpu_best(void);

#endif
