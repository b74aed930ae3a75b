/* bench/bench-ui.c - milliseconds for a full redraw of each screen of the greeter; pictures of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/ui/screen.h"
#include "gallery.h"
#include "host/lib/png.h"

#define RUNS 20

static const struct {
	int32_t w, h;
} sizes[] = {{800, 600}, {1024, 768}, {1920, 1080}, {3840, 2160}, {7680, 4320}};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void use(struct sp_ui_screen *s, struct sp_ui_keyboard *k, enum gallery which)
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

/* usage: bench-ui [FOLDER]   (a folder gets a PNG of each screen in each size but 8K) */
int main(int argc, char **argv)
{
	static struct sp_ui_screen s;
	struct sp_ui_keyboard k;

	sp_ui_keyboard_init(&k, 0x409);
	printf("%-12s %-10s %10s %10s\n", "screen", "size", "redraw ms", "card ms");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int32_t w = sizes[i].w, h = sizes[i].h;
		uint8_t *fb = malloc((size_t)w * (size_t)h * 4);

		if (!fb) {
			fputs("bench-ui: out of memory\n", stderr);
			return 1;
		}
		for (enum gallery g = 0; g < GALLERY_COUNT; g++) {
			struct sp_ui_canvas c;

			gallery_fill(&s, g);
			sp_ui_screen_layout(
					&s, (struct sp_rect){0, 0, w, h}, sp_ui_scale(w, 100), 0);
			use(&s, &k, g);
			sp_ui_canvas_init(&c, fb, (size_t)w * 4, (struct sp_rect){0, 0, w, h});
			double start = now();
			for (int run = 0; run < RUNS; run++) {
				sp_ui_screen_draw(&c, &s);
			}
			double middle = now();
			sp_ui_canvas_clip(&c, s.bounds);
			for (int run = 0; run < RUNS; run++) {
				sp_ui_screen_draw(&c, &s);
			}
			printf("%-12s %4dx%-5d %10.2f %10.2f\n", gallery_name(g), w, h,
					(middle - start) / RUNS, (now() - middle) / RUNS);
			if (argc > 1 && w <= 3840) {
				char path[512];

				snprintf(path, sizeof(path), "%s/%s-%d.png", argv[1],
						gallery_name(g), w);
				if (sp_png_write(path, fb, (size_t)w * 4, (uint32_t)w,
						    (uint32_t)h) != 0) {
					fprintf(stderr, "bench-ui: cannot write %s\n", path);
					return 1;
				}
			}
		}
		free(fb);
	}
	return 0;
}
