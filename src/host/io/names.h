/* host/io/names.h - what a jailed process needs to look names up. */
#ifndef SP_HOST_IO_NAMES_H
#define SP_HOST_IO_NAMES_H

#include <stddef.h>

#include "core/base/attr.h"
#include "host/io/jail.h"

#define SP_NAMES_PATHS 8

/*
 * Names are looked up in /etc/hosts and DNS, whatever nsswitch.conf says: other sources are
 * plugins, which a jail cannot load. Once, before the jail.
 */
sp_nodiscard int sp_names_init(void);
/* What the whole process must be able to read for that; how many. Valid as long as the program. */
size_t sp_names_paths(struct sp_jail_path out[SP_NAMES_PATHS]);

#endif
