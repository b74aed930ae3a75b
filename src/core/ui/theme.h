/* core/ui/theme.h - the colours of the kit: dark slate, one accent, red only for what went wrong. */
#ifndef SP_CORE_UI_THEME_H
#define SP_CORE_UI_THEME_H

/* SP_UI_BACKGROUND, the desktop around the card, stands in screen.h. */
#define SP_UI_COL_CARD 0x1E2630
#define SP_UI_COL_RIM 0x313C4A
#define SP_UI_COL_RULE 0x2A3440
#define SP_UI_COL_TEXT 0xE9EDF2
#define SP_UI_COL_DIM 0xA3AFBD
#define SP_UI_COL_FAINT 0x748294
#define SP_UI_COL_ACCENT 0x4C9DF0
#define SP_UI_COL_SELECT 0x27507F
#define SP_UI_COL_ROW 0x233448
#define SP_UI_COL_HOVER 0x1F2935
#define SP_UI_COL_WELL 0x161C24
#define SP_UI_COL_WELL_RIM 0x3B4756
#define SP_UI_COL_THUMB 0x4A5869
#define SP_UI_COL_PRIMARY 0x2B74D1
#define SP_UI_COL_PRIMARY_HOVER 0x3580DF
#define SP_UI_COL_PRIMARY_DOWN 0x2262B5
#define SP_UI_COL_PLAIN 0x2A3441
#define SP_UI_COL_PLAIN_HOVER 0x323E4D
#define SP_UI_COL_PLAIN_DOWN 0x242D38
#define SP_UI_COL_BAD 0xF28B82
#define SP_UI_COL_BAD_WELL 0x33242A
#define SP_UI_COL_BAD_RIM 0x6B3A40
#define SP_UI_COL_WARN 0xE8B458
#define SP_UI_COL_GOOD 0x5FC08B
#define SP_UI_COL_PAPER 0xFFFFFF
#define SP_UI_COL_INK 0x10151B

#endif
