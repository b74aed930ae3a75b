/* host/lib/window.c - see window.h. */
#include "host/lib/window.h"

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define LEAST_W 360
#define LEAST_H 160

struct sp_window {
	SDL_Window *win;
	SDL_Renderer *renderer;
	SDL_Texture *picture, *bar;
	uint32_t w, h; /* of the window, in the renderer's pixels */
	uint32_t pic_w, pic_h; /* of the picture */
	uint32_t bar_h;
	uint8_t *bar_px;
};

static int fail(char why[SP_WINDOW_WHY], const char *what)
{
	snprintf(why, SP_WINDOW_WHY, "%s: %s", what, SDL_GetError());
	return SP_ESYS;
}

static int measure(struct sp_window *win)
{
	int w, h;

	if (SDL_GetRendererOutputSize(win->renderer, &w, &h) != 0 || w < 1 || h < 1) {
		return SP_ESYS;
	}
	if ((uint32_t)w == win->w && (uint32_t)h == win->h && win->bar_px) {
		return SP_OK;
	}
	uint8_t *px = sp_calloc((size_t)w * win->bar_h, 4);
	SDL_Texture *bar = SDL_CreateTexture(win->renderer, SDL_PIXELFORMAT_RGB888,
			SDL_TEXTUREACCESS_STREAMING, w, (int)win->bar_h);
	if (!px || !bar) {
		sp_free(px);
		return SP_ENOMEM;
	}
	sp_free(win->bar_px);
	if (win->bar) {
		SDL_DestroyTexture(win->bar);
	}
	win->bar_px = px;
	win->bar = bar;
	win->w = (uint32_t)w;
	win->h = (uint32_t)h;
	return SP_OK;
}

/*
 * Where there is no display the library draws for nobody, or on the machine's console; that is only
 * for who asks for just that.
 */
static bool is_seen(void)
{
	const char *driver = SDL_GetCurrentVideoDriver();

	return getenv("SDL_VIDEODRIVER") != NULL ||
			(driver != NULL &&
					(strcmp(driver, "x11") == 0 ||
							strcmp(driver, "wayland") == 0));
}

int sp_window_create(struct sp_window **out, const char *title, uint32_t w, uint32_t h,
		uint32_t bar, char why[SP_WINDOW_WHY])
{
	struct sp_window *win = sp_calloc(1, sizeof(*win));
	SDL_Rect room = {0, 0, 1024, 768};

	*out = NULL;
	if (!win) {
		snprintf(why, SP_WINDOW_WHY, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	win->bar_h = bar;
	SDL_SetMainReady();
	SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	if (SDL_Init(SDL_INIT_VIDEO) != 0) {
		sp_window_destroy(win);
		return fail(why, "no window can be opened");
	}
	if (!is_seen()) {
		sp_window_destroy(win);
		snprintf(why, SP_WINDOW_WHY,
				"there is no display: neither DISPLAY nor WAYLAND_DISPLAY");
		return SP_ENOTFOUND;
	}
	(void)SDL_GetDisplayUsableBounds(0, &room);
	int ww = (int)w < room.w ? (int)w : room.w, wh = (int)(h + bar);
	wh = wh < room.h ? wh : room.h;
	ww = ww < LEAST_W ? LEAST_W : ww;
	wh = wh < LEAST_H ? LEAST_H : wh;
	/* Hidden at first: to get a renderer, SDL may take the window away and make another. */
	win->win = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, ww, wh,
			SDL_WINDOW_RESIZABLE | SDL_WINDOW_HIDDEN);
	win->renderer = win->win ? SDL_CreateRenderer(win->win, -1, 0) : NULL;
	if (win->win && !win->renderer) {
		win->renderer = SDL_CreateRenderer(win->win, -1, SDL_RENDERER_SOFTWARE);
	}
	if (!win->renderer || measure(win) != SP_OK) {
		int rc = fail(why, "no window can be opened");
		sp_window_destroy(win);
		return rc;
	}
	SDL_SetWindowMinimumSize(win->win, LEAST_W, LEAST_H);
	SDL_ShowWindow(win->win);
	*out = win;
	return SP_OK;
}

void sp_window_destroy(struct sp_window *win)
{
	if (!win) {
		return;
	}
	if (win->picture) {
		SDL_DestroyTexture(win->picture);
	}
	if (win->bar) {
		SDL_DestroyTexture(win->bar);
	}
	if (win->renderer) {
		SDL_DestroyRenderer(win->renderer);
	}
	if (win->win) {
		SDL_DestroyWindow(win->win);
	}
	SDL_Quit();
	sp_free(win->bar_px);
	sp_free(win);
}

void sp_window_size(const struct sp_window *win, uint32_t *w, uint32_t *h)
{
	*w = win->w;
	*h = win->h;
}

void sp_window_title(struct sp_window *win, const char *title)
{
	SDL_SetWindowTitle(win->win, title);
}

void sp_window_fullscreen(struct sp_window *win, bool on)
{
	if (SDL_SetWindowFullscreen(win->win, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0) != 0) {
		SDL_ClearError(); /* then it stays as it is */
	}
}

int sp_window_picture(struct sp_window *win, const uint8_t *px, uint32_t w, uint32_t h,
		struct sp_rect changed)
{
	if (!win->picture || w != win->pic_w || h != win->pic_h) {
		if (win->picture) {
			SDL_DestroyTexture(win->picture);
		}
		win->picture = SDL_CreateTexture(win->renderer, SDL_PIXELFORMAT_RGB888,
				SDL_TEXTUREACCESS_STREAMING, (int)w, (int)h);
		if (!win->picture) {
			return SP_ENOMEM;
		}
		win->pic_w = w;
		win->pic_h = h;
		changed = (struct sp_rect){0, 0, (int32_t)w, (int32_t)h};
	}
	if (sp_rect_empty(changed)) {
		return SP_OK;
	}
	SDL_Rect r = {changed.x, changed.y, changed.w, changed.h};
	const uint8_t *from = px + ((size_t)changed.y * w + (size_t)changed.x) * 4;
	return SDL_UpdateTexture(win->picture, &r, from, (int)w * 4) == 0 ? SP_OK : SP_ESYS;
}

uint8_t *sp_window_bar(struct sp_window *win, size_t *stride)
{
	*stride = (size_t)win->w * 4;
	return win->bar_px;
}

/* As large as it goes without being distorted, and never larger than it is. */
static SDL_Rect place(const struct sp_window *win)
{
	uint32_t room = win->h > win->bar_h ? win->h - win->bar_h : 1;
	uint64_t w = win->pic_w, h = win->pic_h;

	if (w > win->w) {
		h = h * win->w / w;
		w = win->w;
	}
	if (h > room) {
		w = w * room / h;
		h = room;
	}
	return (SDL_Rect){(int)((win->w - w) / 2), (int)((room - h) / 2), (int)w, (int)h};
}

void sp_window_present(struct sp_window *win)
{
	SDL_Rect at = {0, (int)(win->h > win->bar_h ? win->h - win->bar_h : 0), (int)win->w,
			(int)win->bar_h};

	SDL_SetRenderDrawColor(win->renderer, 0, 0, 0, 255);
	SDL_RenderClear(win->renderer);
	if (win->picture) {
		SDL_Rect to = place(win);

		SDL_RenderCopy(win->renderer, win->picture, NULL, &to);
	}
	if (SDL_UpdateTexture(win->bar, NULL, win->bar_px, (int)win->w * 4) == 0) {
		SDL_RenderCopy(win->renderer, win->bar, NULL, &at);
	}
	SDL_RenderPresent(win->renderer);
}

static uint32_t key_of(SDL_Keycode sym)
{
	switch (sym) {
	case SDLK_LEFT:
		return SP_WINDOW_LEFT;
	case SDLK_RIGHT:
		return SP_WINDOW_RIGHT;
	case SDLK_HOME:
		return SP_WINDOW_HOME;
	case SDLK_END:
		return SP_WINDOW_END;
	case SDLK_ESCAPE:
		return SP_WINDOW_ESCAPE;
	case SDLK_SPACE:
		return ' ';
	default:
		return 0; /* comes as text */
	}
}

/* False for what is of no interest. */
static bool translate(struct sp_window *win, const SDL_Event *e, struct sp_window_event *ev)
{
	*ev = (struct sp_window_event){.kind = SP_WINDOW_CLOSED};
	switch (e->type) {
	case SDL_QUIT:
		return true;
	case SDL_KEYDOWN:
		ev->kind = SP_WINDOW_KEY;
		ev->key = key_of(e->key.keysym.sym);
		return ev->key != 0;
	case SDL_TEXTINPUT:
		ev->kind = SP_WINDOW_KEY;
		ev->key = (unsigned char)e->text.text[0];
		return ev->key > ' ' && ev->key < 0x7F;
	case SDL_MOUSEBUTTONDOWN:
		ev->kind = SP_WINDOW_PRESSED;
		ev->x = e->button.x;
		ev->y = e->button.y;
		return e->button.button == SDL_BUTTON_LEFT;
	case SDL_MOUSEMOTION:
		ev->kind = SP_WINDOW_PRESSED;
		ev->x = e->motion.x;
		ev->y = e->motion.y;
		return (e->motion.state & SDL_BUTTON_LMASK) != 0;
	case SDL_WINDOWEVENT:
		ev->kind = SP_WINDOW_EXPOSED;
		return (e->window.event == SDL_WINDOWEVENT_SIZE_CHANGED ||
				       e->window.event == SDL_WINDOWEVENT_EXPOSED) &&
				measure(win) == SP_OK;
	default:
		return false;
	}
}

/*
 * Not SDL_WaitEventTimeout(): what comes while that waits makes it send a message to the window, over
 * a second connection. A window that is closed at once may be gone by then, and Xlib ends the process.
 */
bool sp_window_next(struct sp_window *win, unsigned wait_ms, struct sp_window_event *ev)
{
	SDL_Event e;
	bool any = SDL_PollEvent(&e);

	if (!any && wait_ms > 0) {
		SDL_Delay(wait_ms);
		any = SDL_PollEvent(&e);
	}
	for (; any; any = SDL_PollEvent(&e)) {
		if (translate(win, &e, ev)) {
			return true;
		}
	}
	return false;
}
