/* client/script_clip.h - the steps of a script that put things on the clipboard and take them from it. */
#ifndef SP_CLIENT_SCRIPT_CLIP_H
#define SP_CLIENT_SCRIPT_CLIP_H

#include "client/script.h"

extern const struct sp_script_set sp_script_clip;

#endif
