/* bench/desktop/picture.h - what the probe draws on a desktop and the client looks for. */
#ifndef SP_BENCH_PICTURE_H
#define SP_BENCH_PICTURE_H

#include <stdint.h>

/* The whole screen in one colour, */
#define PICTURE_GROUND 0x335577u
/* on it a page of text, */
#define PICTURE_PAPER 0xF4F0E8u
#define PICTURE_INK 0x202830u
#define PICTURE_PAGE_X 200
#define PICTURE_PAGE_Y 80
#define PICTURE_PAGE_W 740
#define PICTURE_PAGE_H 560
#define PICTURE_LINES 40
#define PICTURE_COLUMNS 120
/* and, drawn last, a block that takes the next colour at each key press. */
#define PICTURE_BLOCK_X 64
#define PICTURE_BLOCK_Y 64
#define PICTURE_BLOCK_SIDE 64

#define PICTURE_COLOURS 4
static const uint32_t picture_colours[PICTURE_COLOURS] = {0xD02020, 0x20C020, 0x2030D0, 0xD0C020};

#endif
