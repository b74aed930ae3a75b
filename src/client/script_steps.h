/* client/script_steps.h - the steps of a script that need no channel: keys, mouse, pictures. */
#ifndef SP_CLIENT_SCRIPT_STEPS_H
#define SP_CLIENT_SCRIPT_STEPS_H

#include "client/script.h"

extern const struct sp_script_set sp_script_steps;

#endif
