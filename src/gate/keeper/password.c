/* gate/keeper/password.c - which names and passwords the store takes. */
#include "gate/keeper/password.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/base/utf16.h"

#define DISTINCT_MIN 5
/* As many common words, and as few other letters, make no password. */
#define WORDS_MAX 2
#define REST_MAX 2
/* A shorter name is found in too many good passwords by chance. */
#define NAME_LOOKED_FOR 3

/* data/common-passwords.txt. */
static const char *const common[] = {
#include "gate/keeper/common_passwords.inc"
};

/* data/common-words.txt. */
static const char *const words[] = {
#include "gate/keeper/common_words.inc"
};

const char *sp_user_name_complaint(const char *name)
{
	size_t n = strlen(name);

	if (!(1 <= n && n <= SP_USER_NAME_MAX)) {
		return "must be 1 to 64 characters";
	}
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-@") != n) {
		return "may only have lower-case letters, digits and . _ - @";
	}
	if (strchr("._-@", name[0]) != NULL) {
		return "must begin with a letter or a digit";
	}
	return NULL;
}

/* Is the name, or its part before '@', in the password, whatever the case? */
static bool holds_name(const char *password, const char *user)
{
	size_t whole = strlen(user);
	size_t local = strcspn(user, "@");

	for (const char *p = password; *p != '\0'; p++) {
		if (whole >= NAME_LOOKED_FOR && strncasecmp(p, user, whole) == 0) {
			return true;
		}
		if (local >= NAME_LOOKED_FOR && strncasecmp(p, user, local) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_common(const char *password)
{
	for (size_t i = 0; i < SP_LEN(common); i++) {
		if (strcasecmp(password, common[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* What people write for a letter, so that it is "another" word. */
static char plain(char c)
{
	static const char from[] = "@4301!$57", to[] = "aaeoiisst";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	if ('A' <= c && c <= 'Z') {
		return (char)(c - 'A' + 'a');
	}
	return at != NULL ? to[at - from] : c;
}

/* The longest common word that the text begins with, and which it is; 0 for none. */
static size_t word_at(const char *text, size_t *which)
{
	size_t longest = 0;

	for (size_t i = 0; i < SP_LEN(words); i++) {
		size_t n = 0;
		while (words[i][n] != '\0' && plain(text[n]) == words[i][n]) {
			n++;
		}
		if (words[i][n] == '\0' && n > longest) {
			longest = n;
			*which = i;
		}
	}
	return longest;
}

/* One or two common words with digits and signs around them: what guessing programs try first. */
static bool is_decorated(const char *password)
{
	size_t used[WORDS_MAX], n = 0, rest = 0;

	for (const char *p = password; *p != '\0';) {
		size_t which = 0, k = 0, length = word_at(p, &which);
		if (length == 0) {
			/* Bytes above ASCII are letters of other alphabets. */
			rest += ('a' <= (*p | 0x20) && (*p | 0x20) <= 'z') || (*p & 0x80) != 0;
			p++;
			continue;
		}
		while (k < n && used[k] != which) {
			k++;
		}
		if (k == WORDS_MAX) {
			return false;
		}
		if (k == n) {
			used[n++] = which;
		}
		p += length;
	}
	return n > 0 && rest <= REST_MAX;
}

const char *sp_password_complaint(const char *password, const char *user)
{
	uint32_t seen[DISTINCT_MIN];
	size_t distinct = 0, n = 0;

	for (const char *p = password; *p != '\0'; n++) {
		uint32_t c = sp_utf8_next(&p);
		size_t i = 0;
		if (c == 0xfffd) {
			return "is not UTF-8";
		}
		if (c < 0x20 || c == 0x7f) {
			return "has a control character";
		}
		while (i < distinct && seen[i] != c) {
			i++;
		}
		if (i == distinct && distinct < DISTINCT_MIN) {
			seen[distinct++] = c;
		}
	}
	if (n < SP_PASSWORD_MIN) {
		return "is shorter than 14 characters";
	}
	if (sp_utf16_units(password) > SP_PASSWORD_MAX) {
		return "is longer than 255 characters";
	}
	if (distinct == 1) {
		return "is one character repeated";
	}
	if (distinct < DISTINCT_MIN) {
		return "has fewer than 5 different characters";
	}
	if (holds_name(password, user)) {
		return "holds the user name";
	}
	if (is_common(password)) {
		return "is on the list of common passwords";
	}
	if (is_decorated(password)) {
		return "is a common word with digits and signs";
	}
	return NULL;
}
