/* tests/harness/primitives.c - preloaded into FreeRDP's programs, so that they start at once. */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define ONLY_CPU 1 /* PRIMITIVES_ONLY_CPU: the vector code, as measuring chose each time */

/* Each would measure for up to a second whether its vector code is faster than its plain one. */
__attribute__((constructor)) static void choose(void)
{
	void *found = dlsym(RTLD_DEFAULT, "primitives_set_hints");
	void (*set_hints)(int);

	memcpy(&set_hints, &found, sizeof(set_hints));
	if (found) {
		set_hints(ONLY_CPU);
	}
}
