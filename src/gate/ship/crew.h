/* gate/ship/crew.h - starting the processes of sp-ship, each in a jail for what it does. */
#ifndef SP_GATE_SHIP_CREW_H
#define SP_GATE_SHIP_CREW_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "gate/ship/board.h"
#include "gate/ship/sink.h"
#include "host/io/jail.h"
#include "host/io/names.h"

#define SP_CREW_WATCH SP_CONF_SHIPS /* the index of who watches; others are destinations */
#define SP_CREW_ALL (SP_CONF_SHIPS + 1)
/* The audit, our folder, files, names, and what a database's library reads. */
#define SP_CREW_PATHS (2 + SP_CONF_SHIPS + SP_NAMES_PATHS + 2)

/* What all of them have. */
struct sp_crew {
	const struct sp_conf *conf;
	struct sp_board *board; /* shared */
	char audit[PATH_MAX], dir[PATH_MAX]; /* folders of the audit and of the marks */
	int wake[SP_CONF_SHIPS];
	int listener; /* of metrics; -1 */
	int link; /* to the parent */
	bool able[SP_CONF_SHIPS]; /* a destination has its files: */
	struct sp_sink_files files[SP_CONF_SHIPS];
};

/* For the log: "sp-ship of siem"; valid until the next call. */
const char *sp_crew_name(const struct sp_crew *c, size_t index);
/* So that the audit has it; name "": the process above them all. */
void sp_crew_tell_jail(const struct sp_crew *c, const char *name, const char *level);
/* Makes a folder for each destination in c->dir. False, and said so. */
sp_nodiscard bool sp_crew_folders(const struct sp_crew *c);
/* Paths that one, or all, need to reach. How many; at most SP_CREW_PATHS, valid as long as c. */
size_t sp_crew_paths(struct sp_crew *c, size_t index, struct sp_jail_path out[SP_CREW_PATHS]);
/* Forks one. It ends when this process does. -1 and errno. */
sp_nodiscard pid_t sp_crew_start(struct sp_crew *c, size_t index);

#endif
