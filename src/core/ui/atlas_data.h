/* core/ui/atlas_data.h - what the file that tools/atlas.c writes defines. */
#ifndef SP_CORE_UI_ATLAS_DATA_H
#define SP_CORE_UI_ATLAS_DATA_H

#include "core/ui/atlas.h"

extern const struct sp_ui_font sp_ui_fonts[SP_UI_STYLE_COUNT][SP_UI_MAX_SCALE];

#endif
