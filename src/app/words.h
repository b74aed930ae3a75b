/* app/words.h - the arguments of a command: words, the options of all, and its own. */
#ifndef SP_APP_WORDS_H
#define SP_APP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"

#define APP_WORDS 16

/* An option of a command: with `value` it takes one, "--name VALUE" or "--name=VALUE". */
struct app_option {
	const char *name; /* "--target" */
	bool *flag;
	const char **value;
};

struct app_words {
	const struct app_command *self;
	struct app_service service;
	bool json;
	size_t n;
	const char *word[APP_WORDS];
};

#define APP_GO_ON (-1)

/* Takes all arguments apart. APP_GO_ON, or the exit status when --help or a mistake was there. */
int app_words(struct app_words *w, const struct app_command *self, int argc, char **argv,
		const struct app_option *options, size_t n);

#endif
