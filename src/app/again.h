/* app/again.h - how a person calls this program again: what is printed has to be right as it is pasted. */
#ifndef SP_APP_AGAIN_H
#define SP_APP_AGAIN_H

#include <stddef.h>

#include "app/app.h"

#define APP_AGAIN_MAX 1400

/* A word as a shell reads it: as it is, or in quotes. */
void app_shell_word(const char *text, char *out, size_t cap);
/* This very program as a shell has to read it: by its name only where the shell finds it. */
void app_self(char *out, size_t cap);
/* A path from the root on; what it leads to is not looked at. */
void app_absolute(const char *path, char *out, size_t cap);
/*
 * The program, the words `what` of a command of its, and which service it is about, from any folder:
 * "sallyport user list --dir /tmp/x". Without a service, or about the default one: no option.
 */
void app_again(const struct app_service *s, const char *what, char *out, size_t cap);

#endif
