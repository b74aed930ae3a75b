/* client/script_sound.h - the steps that listen and speak. */
#ifndef SP_CLIENT_SCRIPT_SOUND_H
#define SP_CLIENT_SCRIPT_SOUND_H

#include "client/script.h"

/* sound-save: what the server plays, into a file. */
extern const struct sp_script_set sp_script_sound;
/* mic-play: a file, as what the microphone hears. */
extern const struct sp_script_set sp_script_mic;

#endif
