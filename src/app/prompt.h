/* app/prompt.h - secrets from a terminal without echo, or from standard input. */
#ifndef SP_APP_PROMPT_H
#define SP_APP_PROMPT_H

#include <stdbool.h>

#include "core/base/secret.h"

/* Longest password in bytes: 255 UTF-16 units are at most 765 bytes of UTF-8. */
#define APP_PASSWORD_MAX 1024

/*
 * The first line of standard input, without its end, NUL-terminated. False, and said so, when
 * there is none, it is too long or holds a NUL.
 */
bool app_password_stdin(char out[APP_PASSWORD_MAX]);
/* The next line of it, for something else than a password. */
bool app_line_stdin(const char *what, char out[APP_PASSWORD_MAX]);
/* Asks on the terminal, twice when `again`. False, and said so, without a terminal. */
bool app_password_prompt(const char *prompt, bool again, char out[APP_PASSWORD_MAX]);
/* Asks on the terminal for something that may be seen. */
bool app_line_prompt(const char *what, const char *prompt, char out[APP_PASSWORD_MAX]);

#endif
