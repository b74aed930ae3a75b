/* tests/gate/net/prompts.c - see prompts.h. */
#include "prompts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 45

static const char notice[] =
		"This system is for the use of authorised persons only. By going on you agree that "
		"your activity may be monitored, recorded and audited.\n\n"
		"Sessions on servers of the class \xE2\x80\x9Crestricted\xE2\x80\x9D are recorded. "
		"Recordings are kept for 180 days and may be viewed by the security team.\n\n"
		"\xE2\x80\xA2 Do not share your password or one-time codes with anyone.\n"
		"\xE2\x80\xA2 Lock your screen when you leave your desk.\n"
		"\xE2\x80\xA2 Report anything unusual to security@example.com.\n\n"
		"Unauthorised access is prohibited and will be prosecuted. If you are not an "
		"authorised user, leave now.\n\n"
		"\xD0\x94\xD0\xBE\xD1\x81\xD1\x82\xD1\x83\xD0\xBF "
		"\xD1\x82\xD0\xBE\xD0\xBB\xD1\x8C\xD0\xBA\xD0\xBE \xD0\xB4\xD0\xBB\xD1\x8F "
		"\xD1\x81\xD0\xBE\xD1\x82\xD1\x80\xD1\x83\xD0\xB4\xD0\xBD\xD0\xB8\xD0\xBA\xD0\xBE"
		"\xD0\xB2.\n"
		"\xCE\xA0\xCF\x81\xCF\x8C\xCF\x83\xCE\xB2\xCE\xB1\xCF\x83\xCE\xB7 "
		"\xCE\xBC\xCF\x8C\xCE\xBD\xCE\xBF \xCE\xB3\xCE\xB9\xCE\xB1 "
		"\xCF\x80\xCF\x81\xCE\xBF\xCF\x83\xCF\x89\xCF\x80\xCE\xB9\xCE\xBA\xCF\x8C.";

static const char *const targets[][2] = {
		{"desktop", "This machine"},
		{"app-01.example.com", "Windows Server 2022"},
		{"app-02.example.com", "Windows Server 2022"},
		{"build-01.example.com", "Debian 12"},
		{"build-win.example.com", "Windows 11"},
		{"cad-01.example.com", "Windows 11, GPU"},
		{"db-a.example.com", "SQL Server, recorded"},
		{"dc-01.example.com", "Domain controller, needs approval"},
		{"files.example.com", "File server"},
		{"jump-lyon.example.com", "Lyon"},
		{"lab-01.example.com", ""},
		{"lab-02.example.com", ""},
		{"mail.example.com", "Exchange"},
		{"print.example.com", "Print server"},
};

static const char *const places[] = {"north", "south", "\xCE\x91\xCE\xB8\xCE\xAE\xCE\xBD\xCE\xB1",
		"\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0"};

/* Looks like a code from afar: three finders, timing, noise. */
static void draw(struct sp_msg_prompt *p, uint32_t side)
{
	uint32_t seed = 7;

	p->qr_side = side;
	for (int y = 0; y < (int)side; y++) {
		for (int x = 0; x < (int)side; x++) {
			int fx = x < 8 ? x : (int)side - 1 - x, fy = y < 8 ? y : (int)side - 1 - y;
			int dx = abs(fx - 3), dy = abs(fy - 3), d = dx > dy ? dx : dy;
			int finder = fx < 8 && fy < 8 && (x < 8 || y < 8);

			seed = seed * 1664525u + 1013904223u;
			p->qr[y * (int)side + x] = (uint8_t)(finder        ? d == 3 || d < 2
							: x == 6 || y == 6 ? (x + y) % 2 == 0
									   : seed >> 31);
		}
	}
}

#define set(array, text) snprintf(array, sizeof(array), "%s", text)
#define flood(array) \
	do { \
		memset(array, 'W', sizeof(array)); \
		(array)[sizeof(array) - 1] = '\0'; \
	} while (0)

static void list(struct sp_msg_prompt *p, size_t n)
{
	p->kind = SP_PROMPT_TARGET;
	for (p->items = 0; p->items < n; p->items++) {
		set(p->item[p->items].name, targets[p->items][0]);
		set(p->item[p->items].text, targets[p->items][1]);
	}
}

static void list_long(struct sp_msg_prompt *p)
{
	p->kind = SP_PROMPT_TARGET;
	for (p->items = 0; p->items < SP_PROMPT_ITEMS; p->items++) {
		struct sp_prompt_item *i = &p->item[p->items];

		snprintf(i->name, sizeof(i->name),
				"plant-%02u-control-station-line-%u.%s.example.com", p->items / 4,
				p->items % 4, places[p->items % 4]);
		snprintf(i->text, sizeof(i->text),
				"Control station of the bottling line number %u in the plant of "
				"%s; "
				"restricted, recorded, needs a ticket and the approval of the "
				"shift "
				"leader",
				p->items, places[p->items % 4]);
	}
}

static void recovery(struct sp_msg_prompt *p)
{
	static const char *const codes[] = {"k7m2-9xw4-0fz3q", "wmw4-mmqx-ww0mm", "3c1t-iv2e-77gha",
			"q0p9-2dnb-5r8sw", "h4v6-jx3m-9ktc1", "z8ye-7wqa-2bpfn", "m5ds-1rg0-x6vhk",
			"0tjc-8n4z-qe2yw", "b9xf-3hsm-6akp7", "v2wr-5dgq-c1n8t"};

	p->kind = SP_PROMPT_RECOVERY;
	for (p->items = 0; p->items < 10; p->items++) {
		set(p->item[p->items].name, codes[p->items]);
	}
}

static void ordinary(struct sp_msg_prompt *p, enum prompts which)
{
	switch (which) {
	case PROMPTS_NOTICE:
		p->kind = SP_PROMPT_NOTICE;
		set(p->title, "Terms of use");
		set(p->text, "Your last session ended: idle for too long.");
		set(p->notice, notice);
		break;
	case PROMPTS_LAST:
		p->kind = SP_PROMPT_NOTICE;
		set(p->text, "Your last session ended: time is over.");
		break;
	case PROMPTS_CODE:
	case PROMPTS_CODE_WRONG:
		p->kind = SP_PROMPT_CODE;
		p->tries = 3;
		p->seconds = 120;
		break;
	case PROMPTS_ENROL:
		p->kind = SP_PROMPT_ENROL;
		p->seconds = 120;
		set(p->secret, "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP");
		draw(p, SIDE);
		break;
	case PROMPTS_REASON:
		p->kind = SP_PROMPT_REASON;
		set(p->title, "dc-01.example.com");
		set(p->text, "A reason or ticket number is needed.");
		p->seconds = 120;
		break;
	case PROMPTS_LOGIN:
		p->kind = SP_PROMPT_LOGIN;
		set(p->title, "app-02.example.com");
		set(p->user, "anna.schmidt");
		p->seconds = 120;
		break;
	case PROMPTS_WAIT:
		p->kind = SP_PROMPT_WAIT;
		set(p->text, "alice, bob or @shift-leaders must approve this session.");
		p->seconds = 2 * 3600;
		break;
	case PROMPTS_REFUSED:
		p->kind = SP_PROMPT_REFUSED;
		set(p->text, "Too many wrong codes. Connect again to try once more.");
		break;
	default:
		break;
	}
	if (which == PROMPTS_CODE_WRONG) {
		p->recovery = 1;
		p->tries = 1;
		set(p->text, "That code was used already. Wait for the next one.");
	}
}

static void huge(struct sp_msg_prompt *p, enum prompts which)
{
	flood(p->title);
	flood(p->user);
	flood(p->text);
	p->tries = p->seconds = UINT32_MAX;
	p->recovery = 1;
	switch (which) {
	case PROMPTS_NOTICE_HUGE:
		p->kind = SP_PROMPT_NOTICE;
		flood(p->notice);
		break;
	case PROMPTS_ENROL_HUGE:
		p->kind = SP_PROMPT_ENROL;
		draw(p, SP_PROMPT_QR_SIDE);
		flood(p->secret);
		break;
	case PROMPTS_RECOVERY_HUGE:
	case PROMPTS_TARGET_HUGE:
		p->kind = which == PROMPTS_TARGET_HUGE ? SP_PROMPT_TARGET : SP_PROMPT_RECOVERY;
		for (p->items = 0; p->items < SP_PROMPT_ITEMS; p->items++) {
			flood(p->item[p->items].name);
			flood(p->item[p->items].text);
		}
		break;
	case PROMPTS_REFUSED_HUGE:
		p->kind = SP_PROMPT_REFUSED;
		break;
	default:
		p->kind = SP_PROMPT_LOGIN;
		break;
	}
}

void prompts_fill(struct sp_msg_prompt *p, enum prompts which)
{
	memset(p, 0, sizeof(*p));
	switch (which) {
	case PROMPTS_RECOVERY:
		recovery(p);
		break;
	case PROMPTS_TARGET:
		list(p, sizeof(targets) / sizeof(targets[0]));
		break;
	case PROMPTS_TARGET_FEW:
		list(p, 3);
		break;
	case PROMPTS_TARGET_LONG:
		list_long(p);
		break;
	default:
		if (which < PROMPTS_NOTICE_HUGE) {
			ordinary(p, which);
		} else {
			huge(p, which);
		}
		break;
	}
}

const char *prompts_name(enum prompts which)
{
	static const char *const names[PROMPTS_COUNT] = {
			[PROMPTS_NOTICE] = "p-notice",
			[PROMPTS_LAST] = "p-last",
			[PROMPTS_CODE] = "p-code",
			[PROMPTS_CODE_WRONG] = "p-wrong",
			[PROMPTS_ENROL] = "p-enrol",
			[PROMPTS_RECOVERY] = "p-recovery",
			[PROMPTS_TARGET] = "p-target",
			[PROMPTS_TARGET_FEW] = "p-few",
			[PROMPTS_TARGET_LONG] = "p-long",
			[PROMPTS_REASON] = "p-reason",
			[PROMPTS_LOGIN] = "p-login",
			[PROMPTS_WAIT] = "p-wait",
			[PROMPTS_REFUSED] = "p-refused",
			[PROMPTS_NOTICE_HUGE] = "h-notice",
			[PROMPTS_ENROL_HUGE] = "h-enrol",
			[PROMPTS_RECOVERY_HUGE] = "h-recovery",
			[PROMPTS_TARGET_HUGE] = "h-target",
			[PROMPTS_REFUSED_HUGE] = "h-refused",
			[PROMPTS_LOGIN_HUGE] = "h-login",
	};

	return names[which];
}
