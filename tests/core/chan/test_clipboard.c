/* tests/core/chan/test_clipboard.c - two ends of a clipboard in memory, and one with a hostile peer. */
#include "unit.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip.h"
#include "core/chan/clipboard.h"

#define SERVER 0
#define CLIENT 1

/* What an end has told, oldest first. */
struct told {
	struct sp_clipboard_event ev[64];
	uint8_t data[64][64];
	size_t n, at;
};

struct pair {
	struct sp_clipboard *end[2];
	struct told told[2];
	uint64_t now;
	size_t messages;
};

static void take_events(struct sp_clipboard *c, struct told *t)
{
	struct sp_clipboard_event ev;

	while (sp_clipboard_next(c, &ev)) {
		assert_true(t->n < SP_LEN(t->ev));
		if (ev.data.n > 0 && ev.data.n <= sizeof(t->data[0])) {
			memcpy(t->data[t->n], ev.data.p, ev.data.n);
			ev.data.p = t->data[t->n];
		}
		t->ev[t->n++] = ev;
	}
}

/* Carries messages until there are none, in memory of exactly their size. */
static void run(struct pair *p)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			struct sp_rcbuf *b;

			while (p->end[i] && (b = sp_clipboard_out(p->end[i])) != NULL) {
				p->messages++;
				moved = true;
				if (p->end[!i]) {
					assert_int_equal(sp_clipboard_feed(p->end[!i],
									 sp_span(b->p, b->n),
									 p->now),
							SP_OK);
					take_events(p->end[!i], &p->told[!i]);
				}
				sp_rcbuf_unref(b);
			}
			if (p->end[i]) {
				take_events(p->end[i], &p->told[i]);
			}
		}
	}
}

static struct sp_clipboard_event expect(struct pair *p, int end, enum sp_clipboard_event_kind kind)
{
	struct told *t = &p->told[end];

	run(p);
	assert_true(t->at < t->n);
	assert_int_equal(t->ev[t->at].kind, kind);
	return t->ev[t->at++];
}

static void expect_nothing(struct pair *p)
{
	run(p);
	assert_int_equal(p->told[0].at, p->told[0].n);
	assert_int_equal(p->told[1].at, p->told[1].n);
}

static void start(struct pair *p)
{
	*p = (struct pair){.now = 1000000};
	p->end[SERVER] = sp_clipboard_create(true);
	p->end[CLIENT] = sp_clipboard_create(false);
	assert_non_null(p->end[SERVER]);
	assert_non_null(p->end[CLIENT]);
	expect(p, CLIENT, SP_CLIPBOARD_READY);
	expect(p, SERVER, SP_CLIPBOARD_READY);
	assert_int_equal(expect(p, SERVER, SP_CLIPBOARD_OFFER).contents, 0);
	expect_nothing(p);
	assert_int_equal(sp_clipboard_deadline(p->end[0]), 0);
	assert_int_equal(sp_clipboard_deadline(p->end[1]), 0);
}

static void finish(struct pair *p)
{
	sp_clipboard_destroy(p->end[0]);
	sp_clipboard_destroy(p->end[1]);
}

static uint32_t offer(struct pair *p, int end, uint32_t contents)
{
	uint32_t id = 0;

	assert_int_equal(sp_clipboard_offer(p->end[end], contents, p->now, &id), SP_OK);
	assert_int_not_equal(id, 0);
	return id;
}

static uint32_t ask(struct pair *p, int end, enum sp_clipboard_content content)
{
	uint32_t id = 0;

	assert_int_equal(sp_clipboard_ask(p->end[end], content, p->now, &id), SP_OK);
	assert_int_not_equal(id, 0);
	return id;
}

/* ---- two ends ---- */

static void test_start(void **state)
{
	struct pair p;

	start(&p);
	assert_int_equal(p.messages, 5); /* caps, ready; caps, list; response */
	for (int i = 0; i < 2; i++) {
		assert_true(sp_clipboard_can_files(p.end[i]));
		assert_true(sp_clipboard_can_huge(p.end[i]));
		assert_true(sp_clipboard_can_lock(p.end[i]));
	}
	finish(&p);
	sp_clipboard_destroy(NULL);
}

/* What is offered before anything is agreed on comes as soon as it can. */
static void test_early_offers(void **state)
{
	struct pair p = {.now = 1};

	for (int both = 0; both < 2; both++) {
		p = (struct pair){.now = 1};
		p.end[SERVER] = sp_clipboard_create(true);
		p.end[CLIENT] = sp_clipboard_create(false);
		offer(&p, SERVER, SP_CLIPBOARD_TEXT);
		if (both) {
			offer(&p, CLIENT, SP_CLIPBOARD_HTML | SP_CLIPBOARD_FILES);
		}
		expect(&p, CLIENT, SP_CLIPBOARD_READY);
		expect(&p, SERVER, SP_CLIPBOARD_READY);
		assert_int_equal(expect(&p, SERVER, SP_CLIPBOARD_OFFER).contents,
				both ? SP_CLIPBOARD_HTML | SP_CLIPBOARD_FILES : 0);
		if (both) {
			assert_int_equal(expect(&p, SERVER, SP_CLIPBOARD_RELEASED).offer, 1);
		} else {
			assert_int_equal(expect(&p, CLIENT, SP_CLIPBOARD_OFFER).contents,
					SP_CLIPBOARD_TEXT);
		}
		expect_nothing(&p);
		finish(&p);
	}
}

static void test_data(void **state)
{
	for (int from = 0; from < 2; from++) {
		struct sp_clipboard_event ev;
		struct pair p;

		start(&p);
		uint32_t id = offer(&p, from, SP_CLIPBOARD_ANY);
		assert_false(sp_clipboard_settled(p.end[from]));
		ev = expect(&p, !from, SP_CLIPBOARD_OFFER);
		assert_int_equal(ev.contents, SP_CLIPBOARD_ANY);
		assert_int_equal(sp_clipboard_theirs(p.end[!from]), SP_CLIPBOARD_ANY);
		assert_true(sp_clipboard_settled(p.end[from]));
		for (uint32_t i = 0; i < SP_CLIPBOARD_CONTENTS; i++) {
			uint32_t request = ask(&p, !from, 1u << i);

			ev = expect(&p, from, SP_CLIPBOARD_DATA_WANTED);
			assert_int_equal(ev.contents, 1u << i);
			assert_int_equal(ev.offer, id);
			assert_int_equal(sp_clipboard_give(p.end[from], ev.ask,
							 sp_span("abc", i % 4)),
					SP_OK);
			assert_int_equal(sp_clipboard_give(p.end[from], ev.ask, sp_span("x", 1)),
					SP_ENOTFOUND);
			ev = expect(&p, !from, SP_CLIPBOARD_ANSWER);
			assert_int_equal(ev.request, request);
			assert_int_equal(ev.err, SP_OK);
			unit_assert_span(ev.data, sp_span("abc", i % 4));
		}
		/* The next copy on the other side ends it. */
		offer(&p, !from, SP_CLIPBOARD_TEXT);
		expect(&p, from, SP_CLIPBOARD_OFFER);
		assert_int_equal(expect(&p, from, SP_CLIPBOARD_RELEASED).offer, id);
		expect_nothing(&p);
		finish(&p);
	}
}

/* Answers have no number: one request at a time, in the order they were asked. */
static void test_order(void **state)
{
	struct sp_clipboard_event ev;
	uint32_t request[3];
	struct pair p;

	start(&p);
	offer(&p, SERVER, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_HTML | SP_CLIPBOARD_RTF);
	expect(&p, CLIENT, SP_CLIPBOARD_OFFER);
	for (uint32_t i = 0; i < 3; i++) {
		request[i] = ask(&p, CLIENT, 1u << i);
	}
	for (uint32_t i = 0; i < 3; i++) {
		ev = expect(&p, SERVER, SP_CLIPBOARD_DATA_WANTED);
		assert_int_equal(ev.contents, 1u << i);
		assert_int_equal(p.told[SERVER].at, p.told[SERVER].n);
		assert_int_equal(i == 1 ? sp_clipboard_refuse(p.end[SERVER], ev.ask)
					: sp_clipboard_give(p.end[SERVER], ev.ask, sp_span("x", 1)),
				SP_OK);
		ev = expect(&p, CLIENT, SP_CLIPBOARD_ANSWER);
		assert_int_equal(ev.request, request[i]);
		assert_int_equal(ev.err, i == 1 ? SP_EDENIED : SP_OK);
	}
	/* One that nobody waits for any more. */
	request[0] = ask(&p, CLIENT, SP_CLIPBOARD_TEXT);
	request[1] = ask(&p, CLIENT, SP_CLIPBOARD_HTML);
	sp_clipboard_forget(p.end[CLIENT], request[0]);
	ev = expect(&p, SERVER, SP_CLIPBOARD_DATA_WANTED);
	assert_int_equal(sp_clipboard_give(p.end[SERVER], ev.ask, sp_span("text", 4)), SP_OK);
	ev = expect(&p, SERVER, SP_CLIPBOARD_DATA_WANTED);
	assert_int_equal(sp_clipboard_give(p.end[SERVER], ev.ask, sp_span("html", 4)), SP_OK);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_ANSWER);
	assert_int_equal(ev.request, request[1]);
	unit_assert_span(ev.data, sp_span("html", 4));
	expect_nothing(&p);
	finish(&p);
}

static void test_files(void **state)
{
	static const uint64_t far = 5ull << 30;
	struct sp_clipboard_event ev;
	uint32_t first, second, lock, id;
	struct pair p;

	start(&p);
	first = offer(&p, CLIENT, SP_CLIPBOARD_FILES);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	assert_int_equal(sp_clipboard_lock(p.end[SERVER], &lock), SP_OK);
	assert_int_not_equal(lock, 0);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], lock, 7, p.now, &id), SP_OK);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_SIZE_WANTED);
	assert_int_equal(ev.index, 7);
	assert_int_equal(ev.offer, first);
	assert_int_equal(sp_clipboard_give(p.end[CLIENT], ev.ask, sp_span("x", 1)), SP_EARG);
	assert_int_equal(sp_clipboard_give_size(p.end[CLIENT], ev.ask, far), SP_OK);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(ev.request == id && ev.err == SP_OK && ev.size == far);

	/* Something else is copied meanwhile: what is locked stays. */
	second = offer(&p, CLIENT, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], lock, 7, far - 4, 4, p.now, &id),
			SP_OK);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_RANGE_WANTED);
	assert_int_equal(ev.offer, first);
	assert_true(ev.position == far - 4 && ev.n == 4 && ev.index == 7);
	assert_int_equal(sp_clipboard_give(p.end[CLIENT], ev.ask, sp_span("wxyz", 4)), SP_OK);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_int_equal(ev.err, SP_OK);
	unit_assert_span(ev.data, sp_span("wxyz", 4));
	/* Without the lock it is the present list. */
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], 0, 1, p.now, &id), SP_OK);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_SIZE_WANTED);
	assert_int_equal(ev.offer, second);
	assert_int_equal(sp_clipboard_give_size(p.end[CLIENT], ev.ask, 1), SP_OK);
	expect(&p, SERVER, SP_CLIPBOARD_ANSWER);

	sp_clipboard_unlock(p.end[SERVER], lock);
	assert_int_equal(expect(&p, CLIENT, SP_CLIPBOARD_RELEASED).offer, first);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], lock, 7, p.now, &id), SP_ENOTFOUND);
	sp_clipboard_unlock(p.end[SERVER], lock);
	sp_clipboard_unlock(p.end[SERVER], 0);
	expect_nothing(&p);
	finish(&p);
}

static void test_many_ranges(void **state)
{
	uint32_t id, asked = 0;
	struct pair p;

	start(&p);
	offer(&p, CLIENT, SP_CLIPBOARD_FILES);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	for (uint32_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 0, i, 1, p.now, &id),
				SP_OK);
	}
	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 0, 0, 1, p.now, &id), SP_ELIMIT);
	assert_int_equal(id, 0);
	run(&p);
	assert_int_equal(p.told[CLIENT].n - p.told[CLIENT].at, SP_CLIPBOARD_FLYING);
	/* Answered from the last one back; as many more come. */
	while (asked < SP_CLIPBOARD_REQUESTS) {
		struct told *t = &p.told[CLIENT];
		size_t n = t->n;

		assert_true(t->at < n);
		while (n > t->at) {
			struct sp_clipboard_event ev = t->ev[--n];
			uint8_t byte = (uint8_t)ev.position;

			assert_int_equal(
					sp_clipboard_give(p.end[CLIENT], ev.ask, sp_span(&byte, 1)),
					SP_OK);
			asked++;
		}
		t->at = t->n = 0;
		run(&p);
		for (size_t i = 0; i < p.told[SERVER].n; i++) {
			struct sp_clipboard_event *ev = &p.told[SERVER].ev[i];

			if (ev->kind == SP_CLIPBOARD_ANSWER) {
				assert_int_equal(ev->err, SP_OK);
				assert_int_equal(ev->data.p[0], (uint8_t)ev->position);
			}
		}
		p.told[SERVER].at = p.told[SERVER].n = 0;
	}
	finish(&p);
}

/* ---- ends that come early ---- */

static void test_new_list(void **state)
{
	uint32_t data, file;
	struct sp_clipboard_event ev;
	struct pair p;

	start(&p);
	offer(&p, CLIENT, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	data = ask(&p, SERVER, SP_CLIPBOARD_TEXT);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], 0, 0, p.now, &file), SP_OK);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_DATA_WANTED);
	expect(&p, CLIENT, SP_CLIPBOARD_SIZE_WANTED);
	offer(&p, CLIENT, SP_CLIPBOARD_HTML);
	struct sp_clipboard_event end = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(end.request == data && end.err == SP_ESTATE);
	end = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(end.request == file && end.err == SP_ESTATE);
	assert_int_equal(expect(&p, SERVER, SP_CLIPBOARD_OFFER).contents, SP_CLIPBOARD_HTML);
	/* The late answer is not taken for the one to the next request. */
	data = ask(&p, SERVER, SP_CLIPBOARD_HTML);
	expect_nothing(&p);
	assert_int_equal(sp_clipboard_give(p.end[CLIENT], ev.ask, sp_span("old", 3)), SP_OK);
	ev = expect(&p, CLIENT, SP_CLIPBOARD_DATA_WANTED);
	assert_int_equal(sp_clipboard_give(p.end[CLIENT], ev.ask, sp_span("new", 3)), SP_OK);
	end = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_int_equal(end.request, data);
	unit_assert_span(end.data, sp_span("new", 3));
	finish(&p);
}

static void test_deadlines(void **state)
{
	struct sp_clipboard_event ev, want;
	uint32_t data, file;
	struct pair p;

	start(&p);
	offer(&p, CLIENT, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	data = ask(&p, SERVER, SP_CLIPBOARD_TEXT);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], 0, 0, p.now, &file), SP_OK);
	want = expect(&p, CLIENT, SP_CLIPBOARD_DATA_WANTED);
	expect(&p, CLIENT, SP_CLIPBOARD_SIZE_WANTED);
	assert_int_equal(sp_clipboard_deadline(p.end[SERVER]), p.now + SP_CLIPBOARD_FILE_US);
	p.now += SP_CLIPBOARD_FILE_US;
	assert_int_equal(sp_clipboard_tick(p.end[SERVER], p.now), SP_OK);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(ev.request == file && ev.err == SP_ETIMEOUT);
	p.now = sp_clipboard_deadline(p.end[SERVER]);
	assert_int_equal(sp_clipboard_tick(p.end[SERVER], p.now - 1), SP_OK);
	expect_nothing(&p);
	assert_int_equal(sp_clipboard_tick(p.end[SERVER], p.now), SP_OK);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(ev.request == data && ev.err == SP_ETIMEOUT);
	assert_int_equal(sp_clipboard_deadline(p.end[SERVER]), 0);
	/* The other end refuses what its owner left lying, and what comes late goes nowhere. */
	p.now = sp_clipboard_deadline(p.end[CLIENT]);
	assert_int_not_equal(p.now, 0);
	assert_int_equal(sp_clipboard_tick(p.end[CLIENT], p.now), SP_OK);
	expect_nothing(&p);
	assert_int_equal(sp_clipboard_give(p.end[CLIENT], want.ask, sp_span("x", 1)), SP_ENOTFOUND);
	assert_int_equal(sp_clipboard_deadline(p.end[CLIENT]), 0);
	finish(&p);
}

static void test_stop(void **state)
{
	uint32_t data, file, lock, id;
	struct sp_clipboard_event ev;
	struct pair p;

	start(&p);
	id = offer(&p, CLIENT, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	expect(&p, SERVER, SP_CLIPBOARD_OFFER);
	assert_int_equal(sp_clipboard_lock(p.end[SERVER], &lock), SP_OK);
	data = ask(&p, SERVER, SP_CLIPBOARD_TEXT);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], lock, 0, p.now, &file), SP_OK);
	run(&p);
	sp_clipboard_stop(p.end[SERVER]);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(ev.request == data && ev.err == SP_ECLOSED);
	ev = expect(&p, SERVER, SP_CLIPBOARD_ANSWER);
	assert_true(ev.request == file && ev.err == SP_ECLOSED);
	assert_int_equal(sp_clipboard_ask(p.end[SERVER], SP_CLIPBOARD_TEXT, p.now, &data),
			SP_ENOTFOUND);
	p.told[CLIENT].at = p.told[CLIENT].n;
	sp_clipboard_stop(p.end[CLIENT]);
	assert_int_equal(expect(&p, CLIENT, SP_CLIPBOARD_RELEASED).offer, id);
	expect_nothing(&p);
	finish(&p);
}

/* ---- one end and what a hostile or old peer sends ---- */

static void say(struct pair *p, int to, uint16_t type, uint16_t flags, const char *hex)
{
	struct sp_span body = unit_hex(hex);
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	size_t mark = sp_clip_begin(&w, type, flags);
	sp_wr_span(&w, body);
	sp_clip_end(&w, mark);
	assert_int_equal(sp_clipboard_feed(p->end[to], sp_span(w.p, w.n), p->now), SP_OK);
	take_events(p->end[to], &p->told[to]);
	sp_wr_finish(&w);
}

/* The next message of the end, which must be of this type; its body as hex, or anything. */
static void heard(struct pair *p, int from, uint16_t type, uint16_t flags, const char *hex)
{
	struct sp_rcbuf *b = sp_clipboard_out(p->end[from]);
	struct sp_clip_head h;
	struct sp_rd r;

	assert_non_null(b);
	sp_rd_init(&r, b->p, b->n);
	assert_int_equal(sp_clip_head_read(&r, &h), SP_OK);
	assert_int_equal(h.type, type);
	assert_int_equal(h.flags, flags);
	if (hex) {
		unit_assert_span(sp_rd_rest(&r), unit_hex(hex));
	}
	sp_rcbuf_unref(b);
}

static void silent(struct pair *p, int end)
{
	assert_null(sp_clipboard_out(p->end[end]));
	assert_int_equal(p->told[end].at, p->told[end].n);
}

#define CAPS(flags) "0100 0000 0100 0c00 02000000 " flags "000000"

static void server_alone(struct pair *p, const char *caps)
{
	*p = (struct pair){.now = 1000000};
	p->end[SERVER] = sp_clipboard_create(true);
	heard(p, SERVER, SP_CLIP_CAPS, 0, CAPS("3e"));
	heard(p, SERVER, SP_CLIP_MONITOR_READY, 0, "");
	if (caps) {
		say(p, SERVER, SP_CLIP_CAPS, 0, caps);
	}
	silent(p, SERVER);
}

static void client_list(struct pair *p, const char *hex)
{
	say(p, SERVER, SP_CLIP_FORMAT_LIST, 0, hex);
	heard(p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	p->told[SERVER].at = p->told[SERVER].n;
}

static void test_spec_start(void **state)
{
	static const char *const dumps[] = {
			"spec/MS-RDPECLIP-4.1.3-client-clipboard-capabilities-pdu.hex",
			"spec/MS-RDPECLIP-4.1.4-client-temporary-directory-pdu.hex",
			"spec/MS-RDPECLIP-4.2.1-format-list-pdu.hex",
	};
	struct pair p;
	uint32_t id;

	server_alone(&p, NULL);
	for (size_t i = 0; i < SP_LEN(dumps); i++) {
		struct sp_span in = unit_vector(dumps[i]);

		assert_int_equal(sp_clipboard_feed(p.end[SERVER], in, p.now), SP_OK);
		take_events(p.end[SERVER], &p.told[SERVER]);
	}
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	assert_int_equal(p.told[SERVER].n, 2);
	assert_int_equal(p.told[SERVER].ev[1].contents, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_RTF);
	assert_true(sp_clipboard_can_files(p.end[SERVER]));
	assert_false(sp_clipboard_can_lock(p.end[SERVER]));
	assert_false(sp_clipboard_can_huge(p.end[SERVER]));
	p.told[SERVER].at = 2;
	/* 4.4.1 asks for 13, and 4.4.2 answers. */
	assert_int_equal(sp_clipboard_ask(p.end[SERVER], SP_CLIPBOARD_TEXT, p.now, &id), SP_OK);
	heard(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	assert_int_equal(sp_clipboard_feed(p.end[SERVER],
					 unit_vector("spec/"
						     "MS-RDPECLIP-4.4.2-format-data-response-pdu."
						     "hex"),
					 p.now),
			SP_OK);
	take_events(p.end[SERVER], &p.told[SERVER]);
	assert_int_equal(p.told[SERVER].ev[2].kind, SP_CLIPBOARD_ANSWER);
	assert_int_equal(p.told[SERVER].ev[2].data.n, 24);
	finish(&p);
}

/* A peer without capabilities: short names, no files, no locks; both kinds of short names are read. */
static void test_old_peer(void **state)
{
	struct pair p;
	uint32_t lock;

	server_alone(&p, NULL);
	client_list(&p,
			"01000000 0000000000000000000000000000000000000000000000000000000000000000"
			"c0c00000 "
			"480054004d004c00200046006f0072006d006100740000000000000000000000");
	assert_int_equal(sp_clipboard_theirs(p.end[SERVER]), SP_CLIPBOARD_TEXT | SP_CLIPBOARD_HTML);
	say(&p, SERVER, SP_CLIP_FORMAT_LIST, SP_CLIP_ASCII_NAMES,
			"c1c00000 504e470000000000000000000000000000000000000000000000000000000000"
			"c2c00000 "
			"46696c6547726f757044657363726970746f7257000000000000000000000000");
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	assert_int_equal(sp_clipboard_theirs(p.end[SERVER]), SP_CLIPBOARD_PNG);
	p.told[SERVER].at = p.told[SERVER].n;
	assert_int_equal(sp_clipboard_lock(p.end[SERVER], &lock), SP_ENOTFOUND);
	/* Ours in the short form, and the files left out. */
	offer(&p, SERVER, SP_CLIPBOARD_HTML | SP_CLIPBOARD_FILES);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0,
			"f0c00000 "
			"480054004d004c00200046006f0072006d006100740000000000000000000000");
	say(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	say(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 01000000 00000000 00000000 08000000");
	heard(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	silent(&p, SERVER);
	finish(&p);
}

/* F5: a peer that takes what nobody offered gets nothing, and its owner is not even asked. */
static void test_asks_without_offer(void **state)
{
	struct pair p;

	server_alone(&p, CAPS("3e"));
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "0d000000"); /* before anything */
	silent(&p, SERVER);
	client_list(&p, "");
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	heard(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, ""); /* cut, but counted like one */
	heard(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	say(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 02000000 00000000 00000000 08000000");
	heard(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	offer(&p, SERVER, SP_CLIPBOARD_TEXT);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, "0d000000 0000");
	say(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "f0c00000"); /* not what was offered */
	heard(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	say(&p, SERVER, SP_CLIP_LOCK, 0, "01000000"); /* no files to lock */
	say(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
			"05000000 00000000 02000000 00000000 00000000 08000000 01000000");
	heard(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
	/* A list that was refused is not there. */
	offer(&p, SERVER, SP_CLIPBOARD_HTML);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, NULL);
	say(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_FAIL, "");
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "f0c00000");
	heard(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	p.told[SERVER].at = p.told[SERVER].n; /* released, twice */
	/* Nor what was there before a copy of their own. */
	offer(&p, SERVER, SP_CLIPBOARD_TEXT);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, NULL);
	client_list(&p, "0d000000 0000");
	say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	heard(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
	silent(&p, SERVER);
	finish(&p);
}

/* D4: answers twice, late, to nothing, of the wrong kind, too large, or of nonsense. */
static void test_wrong_answers(void **state)
{
	uint32_t id, size, other;
	struct pair p;

	server_alone(&p, CAPS("3e"));
	client_list(&p,
			"0d000000 0000 c0c00000 "
			"460069006c006500470072006f0075007000440065007300630072"
			"006900700074006f0072005700 0000");
	assert_int_equal(
			sp_clipboard_theirs(p.end[SERVER]), SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	say(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "41000000");
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "01000000 41");
	say(&p, SERVER, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	silent(&p, SERVER);

	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 3, 9, 2, p.now, &id), SP_OK);
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], 0, 3, p.now, &size), SP_OK);
	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 3, 9, 2, p.now, &other), SP_OK);
	heard(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
			"01000000 03000000 02000000 09000000 00000000 02000000");
	heard(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
			"02000000 03000000 01000000 00000000 00000000 08000000");
	heard(&p, SERVER, SP_CLIP_FILE_REQUEST, 0, NULL);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "01000000 414243"); /* one too many */
	assert_int_equal(p.told[SERVER].ev[p.told[SERVER].at++].err, SP_EFIELD);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "01000000 4142");
	silent(&p, SERVER);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "02000000 41424344");
	assert_int_equal(p.told[SERVER].ev[p.told[SERVER].at++].err, SP_EFIELD);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "0300");
	silent(&p, SERVER);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, 0, "03000000 41"); /* neither ok nor failed */
	assert_int_equal(p.told[SERVER].ev[p.told[SERVER].at].request, other);
	assert_int_equal(p.told[SERVER].ev[p.told[SERVER].at++].err, SP_EDENIED);
	say(&p, SERVER, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "41000000");
	silent(&p, SERVER);
	/* A size beyond what any system has. */
	assert_int_equal(sp_clipboard_ask_size(p.end[SERVER], 0, 3, p.now, &size), SP_OK);
	heard(&p, SERVER, SP_CLIP_FILE_REQUEST, 0, NULL);
	say(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK, "04000000 ffffffff ffffffff");
	assert_int_equal(p.told[SERVER].ev[p.told[SERVER].at++].err, SP_EFIELD);
	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 3, 9, SP_CLIPBOARD_RANGE_MAX + 1,
					 p.now, &other),
			SP_ELIMIT);
	assert_int_equal(sp_clipboard_ask_range(p.end[SERVER], 0, 3, UINT64_MAX, 1, p.now, &other),
			SP_ELIMIT);
	finish(&p);
}

/* Requests without end: only so many are kept, and each that counts is answered. */
static void test_flood(void **state)
{
	struct pair p;
	size_t refused = 0;
	struct sp_rcbuf *b;

	server_alone(&p, CAPS("3e"));
	client_list(&p, "");
	offer(&p, SERVER, SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, NULL);
	for (size_t i = 0; i < 1000; i++) {
		say(&p, SERVER, SP_CLIP_DATA_REQUEST, 0, "0d000000");
	}
	assert_int_equal(p.told[SERVER].n - p.told[SERVER].at, 1);
	for (size_t i = 0; i < 1000; i++) {
		say(&p, SERVER, SP_CLIP_FILE_REQUEST, 0,
				"05000000 00000000 02000000 00000000 00000000 08000000");
		say(&p, SERVER, SP_CLIP_LOCK, 0, "01000000");
	}
	while ((b = sp_clipboard_out(p.end[SERVER])) != NULL) {
		refused++;
		sp_rcbuf_unref(b);
	}
	assert_int_equal(refused, 1000);
	assert_int_equal(p.told[SERVER].n - p.told[SERVER].at, 1);
	/* Lists without a response: the newest one is told, once. */
	for (uint32_t i = 0; i < 5; i++) {
		offer(&p, SERVER, SP_CLIPBOARD_TEXT << i);
		take_events(p.end[SERVER], &p.told[SERVER]);
	}
	assert_null(sp_clipboard_out(p.end[SERVER]));
	p.now += 5000000;
	assert_int_equal(sp_clipboard_tick(p.end[SERVER], p.now), SP_OK);
	heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, NULL);
	assert_null(sp_clipboard_out(p.end[SERVER]));
	finish(&p);
}

static void test_file_request_bounds(void **state)
{
	static const struct {
		const char *caps, *request;
		bool served;
	} rows[] = {
			{CAPS("3e"), "05000000 00000000 02000000 00000000 01000000 08000000", true},
			{CAPS("1e"), "05000000 00000000 02000000 00000000 01000000 08000000",
					false},
			{CAPS("1e"), "05000000 00000000 02000000 ffffffff 00000000 08000000", true},
			{CAPS("3e"), "05000000 00000000 02000000 00000000 00000080 08000000",
					false},
			{CAPS("3e"), "05000000 00000000 02000000 00000000 00000000 00008000", true},
			{CAPS("3e"), "05000000 00000000 02000000 00000000 00000000 01008000",
					false},
			{CAPS("3e"), "05000000 00000000 03000000 00000000 00000000 08000000",
					false},
			{CAPS("3e"), "05000000 00000000 01000000 00000000 00000000 09000000",
					false},
			{CAPS("3e"),
					"05000000 00000000 01000000 00000000 00000000 08000000 "
					"09000000",
					false},
			{CAPS("2e"),
					"05000000 00000000 01000000 00000000 00000000 08000000 "
					"09000000",
					true},
			{CAPS("3a"), "05000000 00000000 01000000 00000000 00000000 08000000",
					false},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct pair p;

		server_alone(&p, rows[i].caps);
		client_list(&p, "");
		offer(&p, SERVER, SP_CLIPBOARD_FILES);
		heard(&p, SERVER, SP_CLIP_FORMAT_LIST, 0, NULL);
		say(&p, SERVER, SP_CLIP_FILE_REQUEST, 0, rows[i].request);
		assert_int_equal(p.told[SERVER].n - p.told[SERVER].at, rows[i].served);
		if (!rows[i].served) {
			heard(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
		} else {
			uint32_t asked = p.told[SERVER].ev[p.told[SERVER].at].ask;
			static const uint8_t much[16];

			if (p.told[SERVER].ev[p.told[SERVER].at].n == 8 &&
					p.told[SERVER].ev[p.told[SERVER].at].kind ==
							SP_CLIPBOARD_RANGE_WANTED) {
				assert_int_equal(sp_clipboard_give(p.end[SERVER], asked,
								 sp_span(much, 9)),
						SP_ELIMIT);
				heard(&p, SERVER, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, "05000000");
			}
		}
		finish(&p);
	}
}

static void feed_cut(struct sp_span cut, void *arg)
{
	struct pair *p = arg;
	struct sp_rcbuf *b;

	assert_int_equal(sp_clipboard_feed(p->end[SERVER], cut, p->now), SP_OK);
	take_events(p->end[SERVER], &p->told[SERVER]);
	p->told[SERVER].n = p->told[SERVER].at = 0;
	while ((b = sp_clipboard_out(p->end[SERVER])) != NULL) {
		sp_rcbuf_unref(b);
	}
}

static void test_cut(void **state)
{
	static const char *const dumps[] = {
			"spec/MS-RDPECLIP-4.1.3-client-clipboard-capabilities-pdu.hex",
			"spec/MS-RDPECLIP-4.2.1-format-list-pdu.hex",
			"spec/MS-RDPECLIP-4.3.1-lock-clipboard-data-pdu.hex",
			"spec/MS-RDPECLIP-4.3.2-unlock-clipboard-data-pdu.hex",
			"spec/MS-RDPECLIP-4.4.1-format-data-request-pdu.hex",
			"spec/MS-RDPECLIP-4.4.3.1-requesting-the-size-of-a-file.hex",
			"spec/MS-RDPECLIP-4.4.3.2-requesting-the-contents-of-a-file.hex",
			"spec/MS-RDPECLIP-4.4.4.1-sending-the-size-of-a-file.hex",
			"spec/MS-RDPECLIP-4.5.4-format-data-response-pdu.hex",
	};
	struct pair p;

	server_alone(&p, CAPS("3e"));
	client_list(&p, "");
	offer(&p, SERVER, SP_CLIPBOARD_FILES);
	for (size_t i = 0; i < SP_LEN(dumps); i++) {
		unit_truncate(unit_vector(dumps[i]), feed_cut, &p);
	}
	finish(&p);
}

/* Whatever allocation fails, the call says so, and nothing is lost or lives on. */
static void test_no_memory(void **state)
{
	for (long n = 0; n < 30; n++) {
		static const char list[] = "\2\0\0\0\6\0\0\0\x0d\0\0\0\0\0";
		struct sp_clipboard_event ev;
		struct sp_clipboard *c;
		struct sp_rcbuf *b;
		uint32_t id;

		sp_mem_fail_after(n);
		c = sp_clipboard_create(n % 2);
		if (c) {
			static const char ready[] = "\1\0\0\0\0\0\0\0";
			int rc = sp_clipboard_feed(c, sp_span(ready, 8), 1);

			rc = rc == SP_OK ? sp_clipboard_feed(c, sp_span(list, 14), 1) : rc;
			rc = rc == SP_OK ? sp_clipboard_ask(c, SP_CLIPBOARD_TEXT, 1, &id) : rc;
			rc = rc == SP_OK ? sp_clipboard_offer(c, SP_CLIPBOARD_FILES, 2, NULL) : rc;
			assert_true(rc == SP_OK || rc == SP_ENOMEM || rc == SP_ENOTFOUND);
			while (sp_clipboard_next(c, &ev)) {
			}
		}
		sp_mem_fail_after(-1);
		while (c && (b = sp_clipboard_out(c)) != NULL) {
			sp_rcbuf_unref(b);
		}
		sp_clipboard_destroy(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_start),
			cmocka_unit_test(test_early_offers),
			cmocka_unit_test(test_data),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_files),
			cmocka_unit_test(test_many_ranges),
			cmocka_unit_test(test_new_list),
			cmocka_unit_test(test_deadlines),
			cmocka_unit_test(test_stop),
			cmocka_unit_test(test_spec_start),
			cmocka_unit_test(test_old_peer),
			cmocka_unit_test(test_asks_without_offer),
			cmocka_unit_test(test_wrong_answers),
			cmocka_unit_test(test_flood),
			cmocka_unit_test(test_file_request_bounds),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
