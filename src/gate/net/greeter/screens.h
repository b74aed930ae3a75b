/*
 * gate/net/greeter/screens.h - which screen a prompt of the keeper is, and what a person says on it.
 *
 * Knows no connection: prompts and input go in, damage and answers come out, and draw() draws.
 */
#ifndef SP_GATE_NET_GREETER_SCREENS_H
#define SP_GATE_NET_GREETER_SCREENS_H

#include "core/ui/screen.h"
#include "host/monitor/msg.h"

/* What the person did with the event. */
enum sp_screens_said {
	SP_SCREENS_NOTHING,
	SP_SCREENS_ANSWER, /* sp_screens_answer() has it */
	SP_SCREENS_LEAVE,
};

struct sp_screens_result {
	enum sp_screens_said said;
	struct sp_ui_damage damage;
};

/* What a button is for. */
enum sp_screens_does {
	SP_SCREENS_DOES_ANSWER,
	SP_SCREENS_DOES_LEAVE,
	SP_SCREENS_DOES_SWITCH, /* between a one-time code and a recovery code */
};

/* Longer than any of its screens; large, and full of secrets: sp_screens_finish() wipes it. */
struct sp_screens {
	char who[SP_TEXT_USER];
	struct sp_rect area; /* the primary monitor */
	unsigned scale;
	struct sp_ui_screen ui;
	enum sp_screens_does does[SP_UI_MAX_BUTTONS];
	char target[SP_TEXT_TARGET]; /* the last one that was chosen or named */
	bool asking; /* the prompt waits for its answer */
	bool recovery; /* a recovery code is typed instead of a one-time code */
	uint64_t shown_us; /* since when this screen stands */
	uint64_t until_us; /* when the prompt's time is over, or a refusal closes; 0: never */
	/* What the screen borrows. */
	struct sp_msg_prompt prompt;
	struct sp_ui_item item[SP_PROMPT_ITEMS];
	const char *code[SP_UI_MAX_CODES];
	char title[SP_TEXT_TARGET + 32];
	char text[SP_TEXT_WHY + SP_TEXT_USER + 256];
	char error[SP_TEXT_WHY + 32];
	char notice[SP_PROMPT_ITEMS * (SP_TEXT_TARGET + 8)];
	char footer[32];
};

void sp_screens_init(struct sp_screens *s, const char *who, struct sp_rect area, unsigned scale);
void sp_screens_finish(struct sp_screens *s);

/* Shows a prompt, but DONE. The damage is what the screen before and this one cover. */
struct sp_ui_damage sp_screens_prompt(
		struct sp_screens *s, const struct sp_msg_prompt *p, uint64_t now_us);
/* Nothing is left to ask; target is being opened: "" is the one of the last prompts. */
struct sp_ui_damage sp_screens_open(struct sp_screens *s, const char *target, uint64_t now_us);

struct sp_screens_result sp_screens_input(struct sp_screens *s, struct sp_ui_keyboard *k,
		const struct sp_input_event *ev, uint64_t now_us);
/*
 * After SP_SCREENS_ANSWER, once: what was typed and chosen, which is wiped from the screen. The
 * caller wipes it in turn.
 */
void sp_screens_answer(struct sp_screens *s, struct sp_msg_answer *out);

/* The caret, the bar and the seconds that are left. */
struct sp_ui_damage sp_screens_tick(struct sp_screens *s, uint64_t now_us);
/* True when a refusal has stood long enough to be read. */
bool sp_screens_over(const struct sp_screens *s, uint64_t now_us);
/* When there is something to tick next; 0 never. */
uint64_t sp_screens_deadline(const struct sp_screens *s, uint64_t now_us);
void sp_screens_draw(struct sp_ui_canvas *c, const struct sp_screens *s);

#endif
