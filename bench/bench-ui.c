/* bench/bench-ui.c - milliseconds for a full redraw of each screen of the greeter; pictures of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/ui/screen.h"
#include "gallery.h"
#include "gate/net/greeter/screens.h"
#include "host/lib/png.h"
#include "prompts.h"

#define RUNS 20

struct size {
	int32_t w, h;
	uint32_t zoom; /* the client's desktopScaleFactor */
};

static const struct size sizes[] = {{800, 600, 100}, {1024, 768, 100}, {1920, 1080, 100},
		{1920, 1080, 200}, {3840, 2160, 100}, {7680, 4320, 100}};
static const char *folder;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void type(struct sp_ui_screen *s, struct sp_ui_keyboard *k, enum gallery which)
{
	struct sp_input_event tab = {.kind = SP_INPUT_SCANCODE, .code = 0x0F};

	if (which == GALLERY_CODE) {
		gallery_type(s, k, "4071");
	} else if (which == GALLERY_FILTERED) {
		gallery_type(s, k, "win");
	} else if (which == GALLERY_PASSWORD) {
		(void)sp_ui_screen_input(s, k, &tab, 0);
	}
}

static void measure(const char *name, const struct size *z, const struct sp_ui_screen *s)
{
	struct sp_ui_canvas c;
	struct sp_rect all = {0, 0, z->w, z->h};
	uint8_t *fb = malloc((size_t)z->w * (size_t)z->h * 4);
	char path[512];

	if (!fb) {
		fputs("bench-ui: out of memory\n", stderr);
		exit(1);
	}
	sp_ui_canvas_init(&c, fb, (size_t)z->w * 4, all);
	double start = now();
	for (int run = 0; run < RUNS; run++) {
		sp_ui_screen_draw(&c, s);
	}
	double middle = now();
	sp_ui_canvas_clip(&c, s->bounds);
	for (int run = 0; run < RUNS; run++) {
		sp_ui_screen_draw(&c, s);
	}
	printf("%-12s %4dx%-4d @%u %10.2f %10.2f\n", name, z->w, z->h, s->scale,
			(middle - start) / RUNS, (now() - middle) / RUNS);
	snprintf(path, sizeof(path), "%s/%s-%d-%u.png", folder ? folder : "", name, z->w, z->zoom);
	if (folder &&
			sp_png_write(path, fb, (size_t)z->w * 4, (uint32_t)z->w, (uint32_t)z->h) !=
					0) {
		fprintf(stderr, "bench-ui: cannot write %s\n", path);
		exit(1);
	}
	free(fb);
}

/* usage: bench-ui [FOLDER]   (a folder gets a PNG of each screen in each size) */
int main(int argc, char **argv)
{
	static struct sp_ui_screen s;
	static struct sp_screens screens;
	static struct sp_msg_prompt p;
	struct sp_ui_keyboard k;

	folder = argc > 1 ? argv[1] : NULL;
	sp_ui_keyboard_init(&k, 0x409);
	printf("%-12s %-12s %10s %10s\n", "screen", "size, scale", "redraw ms", "card ms");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sp_rect area = {0, 0, sizes[i].w, sizes[i].h};
		unsigned scale = sp_ui_scale(area.w, sizes[i].zoom);

		for (enum gallery g = 0; g < GALLERY_COUNT; g++) {
			gallery_fill(&s, g);
			sp_ui_screen_layout(&s, area, scale, 0);
			type(&s, &k, g);
			measure(gallery_name(g), &sizes[i], &s);
		}
		for (enum prompts g = 0; g < PROMPTS_COUNT; g++) {
			prompts_fill(&p, g);
			sp_screens_init(&screens, "anna.schmidt", area, scale);
			(void)sp_screens_prompt(&screens, &p, 1);
			measure(prompts_name(g), &sizes[i], &screens.ui);
		}
	}
	return 0;
}
