/* tests/app/doctor_kit.h - a doctor without a patient, and what it has found. */
#ifndef SP_TESTS_APP_DOCTOR_KIT_H
#define SP_TESTS_APP_DOCTOR_KIT_H

#include "unit.h"

#include "app/doctor.h"

#define KIT_DAY INT64_C(86400)
#define KIT_TODAY (20000 * KIT_DAY)

extern struct app_doctor *kit;
extern struct sp_conf kit_conf; /* the defaults, to be changed by a test */

/* Of a test: a new doctor, on KIT_TODAY, and the default configuration. */
int kit_begin(void **state);
int kit_end(void **state);
/* What was found is forgotten. */
void kit_again(void);
/* The level of the first finding with this id (and of this thing, unless NULL); -1: none. */
int kit_level(const char *id, const char *about);
/* How many are worse than info. */
size_t kit_faults(void);
/* The text of the last one. */
const char *kit_text(void);

#define kit_test_of(f) cmocka_unit_test_setup_teardown(f, kit_begin, kit_end)

#endif
