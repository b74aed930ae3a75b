/* fuzz/driver.c - runs a fuzz target without libFuzzer: known inputs, then mutations of them. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * usage: fuzz_NAME [--seconds S] [--runs N] [--seed N] [FILE or FOLDER...]
 * Replays every file (.hex is read as hex text), then mutates them in a fixed order until S
 * seconds or N runs are over. An input that ends the process is kept as crash-NAME in
 * $SP_FUZZ_FINDINGS, or here. Same seed, same inputs.
 */

#define INPUT_LIMIT (256u * 1024)
#define MAX_FILES 4096
#define HANG_SECONDS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

struct input {
	uint8_t *p;
	size_t n;
};

static struct input inputs[MAX_FILES];
static size_t n_inputs;
static struct input current; /* what the target is looking at, for the post mortem */
static char finding[4608];
static uint64_t state = 0x5a11;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t below(size_t n)
{
	return n ? (size_t)(draw() % n) : 0;
}

/* Only what a signal handler may do. */
static void keep_finding(void)
{
	static const char text[] = "\ninput kept as ";
	int fd = open(finding, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0) {
		return;
	}
	if (write(fd, current.p, current.n) == (ssize_t)current.n) {
		(void)!write(2, text, sizeof(text) - 1);
		(void)!write(2, finding, strlen(finding));
		(void)!write(2, "\n", 1);
	}
	close(fd);
}

static void on_signal(int sig)
{
	keep_finding();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void watch(void)
{
	static const int sigs[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		signal(sigs[i], on_signal);
	}
	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(keep_finding);
	}
}

/* Memory of exactly the input's size, so that a sanitizer sees every byte read beyond it. */
static void try(const uint8_t *p, size_t n)
{
	current.p = malloc(n ? n : 1);
	current.n = n;
	if (!current.p) {
		return;
	}
	memcpy(current.p, p, n);
	LLVMFuzzerTestOneInput(current.p, n);
	free(current.p);
	current = (struct input){NULL, 0};
}

static size_t unhex(uint8_t *p, size_t n)
{
	size_t out = 0;
	int high = -1;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '#') {
			while (i < n && p[i] != '\n') {
				i++;
			}
			high = -1;
		} else if (isxdigit(p[i])) {
			int digit = isdigit(p[i]) ? p[i] - '0' : tolower(p[i]) - 'a' + 10;

			if (high < 0) {
				high = digit;
			} else {
				p[out++] = (uint8_t)(high << 4 | digit);
				high = -1;
			}
		} else {
			high = -1;
		}
	}
	return out;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void load_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f || n_inputs == MAX_FILES) {
		if (f) {
			fclose(f);
		}
		return;
	}
	uint8_t *p = malloc(INPUT_LIMIT);
	size_t n = p ? fread(p, 1, INPUT_LIMIT, f) : 0;
	bool whole = fgetc(f) == EOF;

	fclose(f);
	if (ends_with(path, ".hex")) {
		n = unhex(p, n);
	}
	if (!p || !whole || n == 0) {
		free(p);
		return;
	}
	uint8_t *fit = realloc(p, n);

	inputs[n_inputs++] = (struct input){fit ? fit : p, n};
}

static int is_input(const struct dirent *e)
{
	return e->d_name[0] != '.' && !ends_with(e->d_name, ".fields") &&
			!ends_with(e->d_name, ".md") && !ends_with(e->d_name, ".kv") &&
			!ends_with(e->d_name, ".i16") && !ends_with(e->d_name, ".json");
}

/* Sorted, so that the mutations are the same everywhere. A path that is not there is no error. */
static void load(const char *path)
{
	struct dirent **names;
	struct stat st;

	if (stat(path, &st) != 0) {
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		load_file(path);
		return;
	}
	int n = scandir(path, &names, is_input, alphasort);

	for (int i = 0; i < n; i++) {
		char inner[4096];

		snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
		load_file(inner);
		free(names[i]);
	}
	if (n >= 0) {
		free(names);
	}
}

static void poke(uint8_t *p, size_t n)
{
	static const uint32_t numbers[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x7fff,
			0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	uint32_t v = numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
	size_t width = (size_t)1 << below(3), at = below(n);
	bool big = draw() & 1;

	for (size_t i = 0; i < width && at + i < n; i++) {
		size_t shift = big ? width - 1 - i : i;

		p[at + i] = (uint8_t)(v >> (8 * shift));
	}
}

/* Changes the n bytes at p, which has room for INPUT_LIMIT; returns how many they are now. */
static size_t mutate(uint8_t *p, size_t n)
{
	const struct input *other = &inputs[below(n_inputs)];
	size_t at = below(n), len = 1 + below(n - at < 64 ? n - at : 64);

	switch (below(8)) {
	case 0:
		p[at] ^= (uint8_t)(1u << below(8));
		return n;
	case 1:
		p[at] = (uint8_t)draw();
		return n;
	case 2:
	case 3:
		poke(p, n);
		return n;
	case 4: /* cut the end */
		return 1 + below(n);
	case 5: /* cut out */
		len = len < n ? len : n - 1;
		at = at + len <= n ? at : n - len;
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	case 6: /* say twice */
		if (at + len <= n && n + len <= INPUT_LIMIT) {
			memmove(p + at + len, p + at, n - at);
			return n + len;
		}
		return n;
	default: /* go on as another input does */
		len = below(other->n);
		if (at + other->n - len <= INPUT_LIMIT) {
			memcpy(p + at, other->p + len, other->n - len);
			return at + other->n - len;
		}
		return n;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *wanted = getenv("SP_FUZZ_FINDINGS");
	char *folder = realpath(wanted ? wanted : ".", NULL);
	unsigned long long runs = 0, max_runs = 0;
	double seconds = 0, begin = now();
	int i = 1;

	snprintf(finding, sizeof(finding), "%s/crash-%s", folder ? folder : ".", name);
	free(folder);
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--seconds") == 0) {
			seconds = strtod(argv[i + 1], NULL);
		} else if (strcmp(argv[i], "--runs") == 0) {
			max_runs = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--seed") == 0) {
			state = strtoull(argv[i + 1], NULL, 10) * 2 + 1;
		} else {
			fprintf(stderr, "%s: no option %s\n", name, argv[i]);
			return 2;
		}
	}
	for (; i < argc; i++) {
		load(argv[i]);
	}
	size_t files = n_inputs;

	watch();
	if (n_inputs == 0) {
		inputs[n_inputs++] = (struct input){calloc(1, 64), 64};
	}
	alarm(HANG_SECONDS);
	try((const uint8_t *)"", 0);
	for (size_t k = 0; k < n_inputs; k++) {
		alarm(HANG_SECONDS);
		try(inputs[k].p, inputs[k].n);
	}
	uint8_t *work = malloc(INPUT_LIMIT);

	while (work && (max_runs == 0 || runs < max_runs) &&
			(max_runs != 0 || now() - begin < seconds)) {
		const struct input *from = &inputs[runs % n_inputs];
		size_t n = from->n;

		memcpy(work, from->p, n);
		for (size_t steps = 1 + below(4); steps > 0; steps--) {
			n = mutate(work, n);
		}
		alarm(HANG_SECONDS);
		try(work, n);
		runs++;
	}
	alarm(0);
	free(work);
	printf("%s: %zu inputs, %llu mutations, %.1f s\n", name, files, runs, now() - begin);
	while (n_inputs > 0) {
		free(inputs[--n_inputs].p);
	}
	return 0;
}
