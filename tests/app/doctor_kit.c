/* tests/app/doctor_kit.c - see doctor_kit.h. */
#include "doctor_kit.h"

#include <stdlib.h>
#include <string.h>

struct app_doctor *kit;
struct sp_conf kit_conf;

int kit_begin(void **state)
{
	kit = calloc(1, sizeof(*kit));
	sp_conf_default(&kit_conf);
	kit->conf = &kit_conf;
	kit->file = "/etc/sallyport/sallyport.conf";
	kit->now = KIT_TODAY;
	kit->password_days = 365;
	return 0;
}

int kit_end(void **state)
{
	sp_conf_finish(&kit_conf);
	free(kit);
	kit = NULL;
	return 0;
}

void kit_again(void)
{
	kit->n = kit->lost = 0;
}

int kit_level(const char *id, const char *about)
{
	for (size_t i = 0; i < kit->n; i++) {
		const struct app_doctor_finding *f = &kit->finding[i];
		if (strcmp(f->id, id) == 0 && (about == NULL || strcmp(f->about, about) == 0)) {
			return (int)f->level;
		}
	}
	return -1;
}

size_t kit_faults(void)
{
	return app_doctor_faults(kit, 0);
}

const char *kit_text(void)
{
	return kit->n > 0 ? kit->finding[kit->n - 1].text : "";
}
