/* tests/core/ui/gallery.h - the greeter's screens as examples, for tests, pictures and the bench. */
#ifndef SP_TESTS_CORE_UI_GALLERY_H
#define SP_TESTS_CORE_UI_GALLERY_H

#include "core/ui/screen.h"

#define GALLERY_QR 45

enum gallery {
	GALLERY_NOTICE,
	GALLERY_CODE,
	GALLERY_WRONG_CODE,
	GALLERY_TARGETS,
	GALLERY_FILTERED,
	GALLERY_ENROL,
	GALLERY_REASON,
	GALLERY_PASSWORD,
	GALLERY_WAIT,
	GALLERY_REFUSED,
	GALLERY_LONG, /* more of everything than there is room for */
	GALLERY_COUNT
};

const char *gallery_name(enum gallery which);
/* Fills in a screen without layout; all it borrows is static. */
void gallery_fill(struct sp_ui_screen *s, enum gallery which);
/* Types text as unicode events. */
void gallery_type(struct sp_ui_screen *s, struct sp_ui_keyboard *k, const char *text);

#endif
