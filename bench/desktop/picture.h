/* bench/desktop/picture.h - what the probe draws on a desktop and the client looks for. */
#ifndef SP_BENCH_PICTURE_H
#define SP_BENCH_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
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

/* Keys that start a workload, by scan code and as X has it; any other key is for the block. */
enum picture_work {
	PICTURE_STILL, /* Escape ends the others, their last picture stays; F3 clears that away */
	PICTURE_TEXT, /* F1: 100 lines a second come up from below the page */
	PICTURE_VIDEO, /* F2: 30 frames a second */
};
#define PICTURE_KEY_STILL 0x01
#define PICTURE_KEY_CLEAR 0x3D
#define PICTURE_KEY_TEXT 0x3B
#define PICTURE_KEY_VIDEO 0x3C
#define PICTURE_X_KEY(scancode) ((scancode) + 8)

#define PICTURE_TEXT_US 10000
#define PICTURE_VIDEO_US 33333

/* A line of text: PICTURE_COLUMNS glyphs, the number of the line before them. */
#define PICTURE_GLYPH_W 6
#define PICTURE_LINE_H 14
#define PICTURE_LINE_W PICTURE_PAGE_W
/* The film. */
#define PICTURE_VIDEO_X 400
#define PICTURE_VIDEO_Y 200
#define PICTURE_VIDEO_W 1280
#define PICTURE_VIDEO_H 720

/* Numbers are written in black and white blocks, the lowest bit first. */
#define PICTURE_BITS 12
#define PICTURE_NUMBERS (1u << PICTURE_BITS)

/* Pixels are 0xFFRRGGBB; stride is in pixels. The line with this number. */
void picture_line(uint32_t *px, size_t stride, unsigned number);
/* The number in a line that a client shows, or PICTURE_NUMBERS for none. */
unsigned picture_line_number(const uint32_t *px, size_t stride);

/* What all frames are cut from; about 10 MB. NULL without memory. Freed by free(). */
uint32_t *picture_film(void);
void picture_frame(const uint32_t *film, uint32_t *px, size_t stride, unsigned number);
unsigned picture_frame_number(const uint32_t *px, size_t stride);

/* The sum of squared differences of all three channels. */
double picture_distance(const uint32_t *a, size_t a_stride, const uint32_t *b, size_t b_stride,
		uint32_t w, uint32_t h);
/* Decibels of a sum over n pixels; 99 when they are the same. */
double picture_psnr(double distance, double n);
/*
 * How alike the structure of two pictures is, 1 for the same: the mean of SSIM over windows of 8x8
 * values of luma that lie side by side; what is left at the right and the bottom does not count.
 */
double picture_ssim(const uint32_t *a, size_t a_stride, const uint32_t *b, size_t b_stride,
		uint32_t w, uint32_t h);

#endif
