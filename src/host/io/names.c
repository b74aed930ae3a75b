/* host/io/names.c - see names.h. */
#include "host/io/names.h"

#include <limits.h>
#include <nss.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

int sp_names_init(void)
{
	return __nss_configure_lookup("hosts", "files dns") == 0 ? SP_OK : SP_ESYS;
}

size_t sp_names_paths(struct sp_jail_path out[SP_NAMES_PATHS])
{
	static char folder[PATH_MAX];
	size_t n = 0;

	/* The folders, not the files: who changes resolv.conf puts a new one in its place. */
	out[n++] = (struct sp_jail_path){.path = "/etc"};
	if (realpath("/etc/resolv.conf", folder) && strncmp(folder, "/etc/", 5) != 0) {
		*strrchr(folder, '/') = '\0';
		if (*folder) {
			out[n++] = (struct sp_jail_path){.path = folder};
		}
	}
	return n;
}
