/* app/doctor_machine.c - the clock and the disk. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "app/doctor.h"

#define G APP_DOCTOR_MACHINE
#define MIB (UINT64_C(1) << 20)
#define SKEW_S 1 /* what the kernel thinks it may be off */

void app_doctor_clock(struct app_doctor *d, int rc, int status, long maxerror_us)
{
	if (rc < 0) {
		app_doctor_say(d, G, "clock", APP_DOCTOR_UNKNOWN, NULL,
				"the clock's state cannot be asked: %s", strerror(errno));
	} else if ((status & STA_UNSYNC) != 0) {
		app_doctor_say(d, G, "clock", APP_DOCTOR_WARN, NULL,
				"nothing keeps the clock right: one-time codes, certificates and "
				"the audit's times rest on it");
		app_doctor_todo(d, "systemctl enable --now systemd-timesyncd # or chrony");
	} else {
		app_doctor_say(d, G, "clock", APP_DOCTOR_OK, NULL,
				"the clock is kept right (it may be off by %ld ms)",
				maxerror_us / 1000);
	}
}

void app_doctor_disk(struct app_doctor *d, uint64_t available, uint64_t size, const char *where)
{
	uint64_t reserve = d->conf->audit_reserve * MIB;

	if (available < reserve) {
		app_doctor_say(d, G, "disk", APP_DOCTOR_BAD, where,
				"%" PRIu64
				" MiB are free, less than audit-reserve (%u MiB): no new "
				"session begins",
				available / MIB, d->conf->audit_reserve);
		app_doctor_todo(d, "make room: old recordings, or records: %s",
				app_doctor_own(d, "audit prune --before TIME"));
	} else if (available < 4 * reserve || available < size / 20) {
		app_doctor_say(d, G, "disk", APP_DOCTOR_WARN, where,
				"%" PRIu64 " MiB are free, and at %u nothing new begins "
				"(audit-reserve)",
				available / MIB, d->conf->audit_reserve);
		app_doctor_todo(d, "make room: old recordings, or records: %s",
				app_doctor_own(d, "audit prune --before TIME"));
	} else {
		app_doctor_say(d, G, "disk", APP_DOCTOR_OK, where,
				"%" PRIu64 " MiB are free; nothing new begins at %u "
				"(audit-reserve)",
				available / MIB, d->conf->audit_reserve);
	}
}

static void disk(struct app_doctor *d)
{
	struct statvfs v;

	if (statvfs(d->conf->state, &v) != 0) {
		app_doctor_say(d, G, "disk", APP_DOCTOR_UNKNOWN, d->conf->state,
				"its disk cannot be asked: %s", strerror(errno));
		return;
	}
	app_doctor_disk(d, (uint64_t)v.f_bavail * v.f_frsize, (uint64_t)v.f_blocks * v.f_frsize,
			d->conf->state);
	if (v.f_files > 0 && v.f_favail < 1000) {
		app_doctor_say(d, G, "disk", APP_DOCTOR_BAD, d->conf->state,
				"there is room for %llu more files only",
				(unsigned long long)v.f_favail);
	}
}

void app_doctor_machine(struct app_doctor *d)
{
	struct timex t = {.modes = 0};
	int rc = adjtimex(&t);

	app_doctor_clock(d, rc, t.status, (long)t.maxerror);
	disk(d);
	app_doctor_kernel(d, "");
}
