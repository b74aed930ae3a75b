/* tests/core/ui/gallery.c - what the greeter shows, with the texts of an imaginary company. */
#include "gallery.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf16.h"

#define FOOTER "gate.example.com  \xC2\xB7  192.0.2.17  \xC2\xB7  Sun 22 Nov 2026, 18:32"

static const char notice[] =
		"This system is for the use of authorised persons only. By signing in you agree "
		"that your "
		"activity may be monitored, recorded and audited.\n"
		"\n"
		"Sessions on servers of the class \xE2\x80\x9Crestricted\xE2\x80\x9D are recorded. "
		"Recordings "
		"are kept for 180 days and may be viewed by the security team.\n"
		"\n"
		"\xE2\x80\xA2 Do not share your password or one-time codes with anyone.\n"
		"\xE2\x80\xA2 Lock your screen when you leave your desk.\n"
		"\xE2\x80\xA2 Report anything unusual to security@example.com.\n"
		"\n"
		"Unauthorised access is prohibited and will be prosecuted. If you are not an "
		"authorised user, "
		"disconnect now.\n"
		"\n"
		"Diese Anlage darf nur von berechtigten Personen benutzt werden. "
		"\xD0\x94\xD0\xBE\xD1\x81\xD1\x82\xD1\x83\xD0\xBF "
		"\xD1\x82\xD0\xBE\xD0\xBB\xD1\x8C\xD0\xBA\xD0\xBE \xD0\xB4\xD0\xBB\xD1\x8F "
		"\xD1\x81\xD0\xBE\xD1\x82\xD1\x80\xD1\x83\xD0\xB4\xD0\xBD\xD0\xB8\xD0\xBA\xD0\xBE"
		"\xD0\xB2. "
		"\xCE\xA0\xCF\x81\xCF\x8C\xCF\x83\xCE\xB2\xCE\xB1\xCF\x83\xCE\xB7 "
		"\xCE\xBC\xCF\x8C\xCE\xBD\xCE\xBF "
		"\xCE\xB3\xCE\xB9\xCE\xB1 "
		"\xCF\x80\xCF\x81\xCE\xBF\xCF\x83\xCF\x89\xCF\x80\xCE\xB9\xCE\xBA\xCF\x8C.";

static const struct sp_ui_item targets[] = {
		{"This machine", "Linux desktop"},
		{"app-01.example.com", "Windows Server 2022"},
		{"app-02.example.com", "Windows Server 2022"},
		{"app-03.example.com", "Windows Server 2019"},
		{"build-01.example.com", "Debian 12"},
		{"build-02.example.com", "Debian 12"},
		{"build-win.example.com", "Windows 11"},
		{"cad-01.example.com", "Windows 11, GPU"},
		{"cad-02.example.com", "Windows 11, GPU"},
		{"dc-01.example.com", "Domain controller, approval"},
		{"dc-02.example.com", "Domain controller, approval"},
		{"db-a.example.com", "SQL Server"},
		{"db-b.example.com", "SQL Server"},
		{"files.example.com", "File server"},
		{"finance.example.com", "Recorded"},
		{"hr.example.com", "Recorded"},
		{"jump-berlin.example.com", "Berlin"},
		{"jump-lyon.example.com", "Lyon"},
		{"jump-madrid.example.com", "Madrid"},
		{"kiosk-lobby.example.com", "Lobby"},
		{"lab-01.example.com", "Laboratory"},
		{"lab-02.example.com", "Laboratory"},
		{"mail.example.com", "Exchange"},
		{"plant-line-1-control-station.north.example.com",
				"Restricted, recorded, needs a ticket and approval"},
		{"plant-line-2.example.com", "Restricted"},
		{"print.example.com", "Print server"},
		{"test-01.example.com", "Test"},
		{"test-02.example.com", "Test"},
		{"vdi-pool.example.com", "Windows 11"},
		{"web.example.com", "Debian 12"},
};

/* Looks like a code from afar: three finders, timing, noise. */
static const uint8_t *qr(void)
{
	static uint8_t m[GALLERY_QR * GALLERY_QR];
	uint32_t seed = 7;

	for (int y = 0; y < GALLERY_QR; y++) {
		for (int x = 0; x < GALLERY_QR; x++) {
			int fx = x < 8 ? x : GALLERY_QR - 1 - x,
			    fy = y < 8 ? y : GALLERY_QR - 1 - y;
			int dx = abs(fx - 3), dy = abs(fy - 3), d = dx > dy ? dx : dy;
			bool finder = fx < 8 && fy < 8 && (x < 8 || y < 8);

			seed = seed * 1664525u + 1013904223u;
			m[y * GALLERY_QR + x] = finder     ? d == 3 || d < 2
					: x == 6 || y == 6 ? (x + y) % 2 == 0
							   : seed >> 31;
		}
	}
	return m;
}

static void buttons(struct sp_ui_screen *s, const char *main, const char *other)
{
	s->button[0] = (struct sp_ui_button){.text = main, .primary = true};
	s->button[1] = (struct sp_ui_button){.text = other, .cancel = true};
	s->n_buttons = 2;
}

static void code(struct sp_ui_screen *s)
{
	s->title = "Enter your code";
	s->text = "Signed in as anna.schmidt@example.com. Open your authenticator app and type the "
		  "six digits it "
		  "shows for Sallyport.";
	s->field[0] = (struct sp_ui_field){.kind = SP_UI_FIELD_CODE, .label = "One-time code"};
	s->n_fields = 1;
	buttons(s, "Continue", "Disconnect");
	s->button[2] = (struct sp_ui_button){.text = "Use a recovery code"};
	s->n_buttons = 3;
}

static void choose(struct sp_ui_screen *s)
{
	s->title = "Where do you want to go?";
	s->text = "30 computers are open to you.";
	s->list.item = targets;
	s->list.n = sizeof(targets) / sizeof(targets[0]);
	s->filter = true;
	s->filter_hint = "Type to filter";
	buttons(s, "Connect", "Disconnect");
}

static void enrol(struct sp_ui_screen *s)
{
	s->title = "Set up your second factor";
	s->text = "Scan this picture with an authenticator app, then type the code it shows. You "
		  "need the app each "
		  "time you sign in.";
	s->qr = qr();
	s->qr_n = GALLERY_QR;
	s->qr_text = "Or type the key: JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP";
	s->field[0] = (struct sp_ui_field){.kind = SP_UI_FIELD_CODE, .label = "Code from the app"};
	s->n_fields = 1;
	buttons(s, "Confirm", "Disconnect");
}

static void reason(struct sp_ui_screen *s)
{
	s->title = "Why do you need this session?";
	s->text = "The policy for dc-01.example.com asks for a ticket and a reason. Both are "
		  "written to the audit "
		  "log.";
	s->field[0] = (struct sp_ui_field){.label = "Ticket number", .hint = "e.g. INC-10234"};
	s->field[1] = (struct sp_ui_field){.label = "Reason"};
	s->n_fields = 2;
	buttons(s, "Continue", "Back");
}

static void password(struct sp_ui_screen *s)
{
	s->title = "Sign in to app-02";
	s->text = "This computer wants credentials of its own.";
	s->field[0] = (struct sp_ui_field){.label = "User name"};
	s->field[1] = (struct sp_ui_field){.kind = SP_UI_FIELD_SECRET, .label = "Password"};
	s->n_fields = 2;
	buttons(s, "Sign in", "Back");
}

static void wait(struct sp_ui_screen *s)
{
	s->icon = SP_UI_ICON_CLOCK;
	s->title = "Waiting for approval";
	s->text = "Your request for dc-01.example.com was sent to the approvers of the group "
		  "\xE2\x80\x9C"
		  "Domain controllers\xE2\x80\x9D. This screen moves on by itself.\n\nRequest "
		  "8F2K, 9 minutes left.";
	s->busy = true;
	s->button[0] = (struct sp_ui_button){.text = "Cancel request", .cancel = true};
	s->n_buttons = 1;
}

static void refused(struct sp_ui_screen *s)
{
	s->icon = SP_UI_ICON_CROSS;
	s->title = "Not allowed now";
	s->text = "app-02.example.com may be used on weekdays between 07:00 and 19:00 "
		  "(Europe/Berlin). It is "
		  "Sunday, 18:32.\n\nIf you think this is wrong, give the reference 4C1-77D to the "
		  "service desk.";
	s->button[0] = (struct sp_ui_button){.text = "Disconnect", .primary = true, .cancel = true};
	s->n_buttons = 1;
}

static void much(struct sp_ui_screen *s)
{
	choose(s);
	s->title = "A title that goes on and on, since somebody thought that a title is a good "
		   "place for a text of "
		   "some length, which it is not";
	s->text = notice;
	s->notice = notice;
	s->field[0] = (struct sp_ui_field){.kind = SP_UI_FIELD_CODE, .label = notice, .max = 10};
	s->field[1] = (struct sp_ui_field){.label = notice, .hint = notice};
	s->field[2] = (struct sp_ui_field){.kind = SP_UI_FIELD_SECRET, .label = "Password"};
	s->n_fields = 3;
	s->error = notice;
	s->busy = true;
	s->button[0] = (struct sp_ui_button){.text = notice, .primary = true};
	s->button[1] = (struct sp_ui_button){.text = notice};
	s->button[2] = (struct sp_ui_button){.text = notice, .disabled = true};
	s->n_buttons = 3;
	s->footer = notice;
}

const char *gallery_name(enum gallery which)
{
	static const char *const names[GALLERY_COUNT] = {"notice", "code", "wrong-code", "targets",
			"filtered", "enrol", "reason", "password", "wait", "refused", "long"};

	return names[which];
}

void gallery_fill(struct sp_ui_screen *s, enum gallery which)
{
	static void (*const fill[GALLERY_COUNT])(struct sp_ui_screen *) = {
			[GALLERY_CODE] = code,
			[GALLERY_WRONG_CODE] = code,
			[GALLERY_TARGETS] = choose,
			[GALLERY_FILTERED] = choose,
			[GALLERY_ENROL] = enrol,
			[GALLERY_REASON] = reason,
			[GALLERY_PASSWORD] = password,
			[GALLERY_WAIT] = wait,
			[GALLERY_REFUSED] = refused,
			[GALLERY_LONG] = much,
	};

	*s = (struct sp_ui_screen){.footer = FOOTER};
	if (which == GALLERY_NOTICE) {
		s->title = "Before you sign in";
		s->notice = notice;
		buttons(s, "I agree", "Disconnect");
	} else {
		fill[which](s);
	}
	if (which == GALLERY_WRONG_CODE) {
		s->error = "That code is not right, or it was used already. Wait for the next one. "
			   "4 attempts left.";
	} else if (which == GALLERY_REASON) {
		sp_ui_field_set(&s->field[1], "Restart of the replication after the power cut");
	} else if (which == GALLERY_PASSWORD) {
		sp_ui_field_set(&s->field[0], "EXAMPLE\\anna.schmidt");
		sp_ui_field_set(&s->field[1], "correct horse");
	}
}

void gallery_type(struct sp_ui_screen *s, struct sp_ui_keyboard *k, const char *text)
{
	while (*text) {
		struct sp_input_event ev = {
				.kind = SP_INPUT_UNICODE, .code = (uint16_t)sp_utf8_next(&text)};

		(void)sp_ui_screen_input(s, k, &ev, 1000000);
	}
}
