/* desk/session/drive_link.c - the drives' links in the user's desktop folder. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/drives_part.h"
#include "host/io/fdio.h"

#define MAX_DIRS_FILE 65536
#define MAX_PATH 1024
#define MAX_TRIES 4

/* The part below $HOME of XDG_DESKTOP_DIR="$HOME/..." in user-dirs.dirs; else "Desktop". */
static void desktop_name(const char *home, char *out, size_t cap)
{
	static const char key[] = "XDG_DESKTOP_DIR=\"$HOME/";
	char path[MAX_PATH];
	struct sp_rcbuf *text;

	snprintf(out, cap, "Desktop");
	snprintf(path, sizeof(path), "%s/.config/user-dirs.dirs", home);
	if (sp_file_read(path, MAX_DIRS_FILE, &text) != SP_OK) {
		return;
	}
	for (size_t at = 0, end; at < text->n; at = end + 1) {
		const char *line = (const char *)text->p + at;
		const char *nl = memchr(line, '\n', text->n - at);
		size_t n = nl ? (size_t)(nl - line) : text->n - at;

		end = at + n;
		if (n > sizeof(key) - 1 && memcmp(line, key, sizeof(key) - 1) == 0) {
			const char *value = line + sizeof(key) - 1;
			const char *quote = memchr(value, '"', n - (sizeof(key) - 1));
			size_t len = quote ? (size_t)(quote - value) : 0;

			if (0 < len && len < cap) {
				snprintf(out, cap, "%.*s", (int)len, value);
			}
		}
	}
	sp_rcbuf_unref(text);
}

/* The folder, if there is one of the user's own. Never over a link or into another mount: it might
 * be one of ours, and we would wait for ourselves. */
static int open_desktop(const char *home)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	char name[256];
	int at = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at < 0) {
		return -1;
	}
	desktop_name(home, name, sizeof(name));
	int fd = (int)syscall(SYS_openat2, at, name, &how, sizeof(how));
	sp_fd_close(&at);
	return fd;
}

static bool points_to(int dir, const char *name, const char *target)
{
	char there[MAX_PATH];
	ssize_t n = readlinkat(dir, name, there, sizeof(there));

	return n == (ssize_t)strlen(target) && memcmp(there, target, (size_t)n) == 0;
}

char *sp_drive_link_make(const char *home, const char *name, const char *target)
{
	char folder[300];
	char *made = NULL;
	int dir = open_desktop(home);

	for (int i = 1; dir >= 0 && !made && i <= MAX_TRIES; i++) {
		snprintf(folder, sizeof(folder), i == 1 ? "%s" : "%s (%d)", name, i);
		bool made_now = symlinkat(target, dir, folder) == 0;
		int error = made_now ? 0 : errno;

		/* One that is there already was left by a predecessor. */
		if (made_now || (error == EEXIST && points_to(dir, folder, target))) {
			made = sp_strdup(folder);
		} else if (error != EEXIST) {
			break;
		}
	}
	sp_fd_close(&dir);
	if (!made) {
		sp_log(SP_LOG_DEBUG, "drive %s: no link in the desktop folder", name);
	}
	return made;
}

void sp_drive_link_remove(const char *home, const char *link, const char *target)
{
	int dir = open_desktop(home);

	if (dir >= 0 && points_to(dir, link, target)) {
		unlinkat(dir, link, 0);
	}
	sp_fd_close(&dir);
}
