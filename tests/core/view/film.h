/* tests/core/view/film.h - a desktop through the pipeline, a line, and what the client shows of it. */
#ifndef TESTS_FILM_H
#define TESTS_FILM_H

#include "unit.h"

#include "core/chan/gfx_client.h"
#include "core/view/emit_gfx.h"
#include "core/view/pace.h"

#define MS 1000u

/* A desktop, its emitter, a line, and the client. */
struct film {
	uint32_t w, h;
	uint32_t *px; /* the desktop */
	uint32_t *shown; /* the client's output */
	uint32_t shown_w, shown_h;
	struct sp_gfx_server *s;
	struct sp_gfx_client *c;
	struct sp_emit_gfx *e;
	struct sp_pace pace;
	const struct sp_h264_impl *h264; /* of both ends */
	struct sp_tilekeys *keys; /* NULL: the cache is not used */
	uint64_t now;
	uint32_t seed;
	uint64_t ack_us; /* answers take so long */
	struct {
		struct sp_rcbuf *b;
		uint64_t at;
	} late[512];
	size_t n_late, at_late;
	bool deaf; /* answers are lost */
	uint64_t rate, free_us; /* bytes a second that the line carries, 0: any; when it is empty */
	struct {
		struct sp_rcbuf *b;
		uint64_t at;
	} line[4096];
	size_t n_line, at_line;
	uint64_t worst_us; /* that anything was on the line */
	uint64_t bytes;
	size_t frames;
};

/* Sees each message before the client does, from the first one on; NULL: nobody does. */
extern void (*film_tap)(void *user, struct sp_span message);
extern void *film_tap_user;

uint32_t film_dice(struct film *f);
void film_layout(struct film *f, uint32_t w, uint32_t h);
void film_hear(struct film *f, struct sp_rcbuf *b);
/* The client takes all that was sent and that the line let through, shows it, and answers. */
void film_carry(struct film *f);
/* With a client of that kind, and keys, which are borrowed. */
void film_begin(struct film *f, uint32_t w, uint32_t h, const struct sp_gfx_client_conf *cc,
		struct sp_tilekeys *keys);
void film_end(struct film *f);
void film_send(struct film *f);
/* Time goes by, and frames as they may. */
void film_pass(struct film *f, uint32_t ms);
double film_psnr(const struct film *f);
double film_psnr_of(const struct film *f, struct sp_rect r);
void film_assert_exact(const struct film *f);
void film_damage(struct film *f, struct sp_rect r);
void film_letters(struct film *f, struct sp_rect r);
void film_photo(struct film *f, struct sp_rect r, uint32_t t, uint32_t noise);
void film_scene(struct film *f);
void film_copy(struct film *f, struct sp_rect to, int32_t dx, int32_t dy);

#endif
