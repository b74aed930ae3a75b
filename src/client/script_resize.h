/* client/script_resize.h - the step of a script that asks for other monitors. */
#ifndef SP_CLIENT_SCRIPT_RESIZE_H
#define SP_CLIENT_SCRIPT_RESIZE_H

#include "client/script.h"

extern const struct sp_script_set sp_script_resize;

#endif
