/* tests/desk/flow_clipboard.c - programs of a desktop copy to and paste from a client of sp-desk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rcbuf.h"
#include "core/chan/clip_files.h"
#include "core/chan/clip_html.h"
#include "core/chan/clip_image.h"
#include "core/chan/clip_text.h"
#include "core/chan/clipboard.h"
#include "desk.h"
#include "desk/session/child.h"
#include "desk/session/copied.h"
#include "desk/session/urilist.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"
#include "host/lib/png.h"
#include "host/rdp/part.h"
#include "joined.h"
#include "unit.h"

#define BIG (50u << 20)
#define HUGE_SIZE (5ull << 30)
#define FILES 1000
#define WAIT_MS 20000

static const char *server = "xvfb";
static char dir[64];

/* The client: its end of the channel, and what it has for the desktop. */
static struct client {
	struct sp_part part;
	struct sp_port *port;
	struct sp_clipboard *end;
	bool silent; /* answers nothing any more */
	struct sp_rcbuf *mine[SP_CLIPBOARD_CONTENTS];
	struct sp_given *files;
	unsigned n_offers, n_wanted;
	uint32_t contents; /* of the last offer of the desktop */
	uint32_t answered;
	int err;
	struct sp_rcbuf *data;
} c;

/* ---- the client ---- */

static size_t bit_of(uint32_t content)
{
	return (size_t)__builtin_ctz(content);
}

static void give_data(const struct sp_clipboard_event *ev)
{
	struct sp_rcbuf *b = c.mine[bit_of(ev->contents)];

	if (ev->contents == SP_CLIPBOARD_FILES) {
		struct sp_wr w;

		sp_wr_init(&w, SP_CLIP_FILES_BYTES);
		assert_int_equal(sp_given_list(c.files, &w), SP_OK);
		assert_int_equal(sp_clipboard_give(c.end, ev->ask, sp_span(w.p, w.n)), SP_OK);
		sp_wr_finish(&w);
	} else if (b) {
		assert_int_equal(sp_clipboard_give(c.end, ev->ask, sp_span(b->p, b->n)), SP_OK);
	} else {
		assert_int_equal(sp_clipboard_refuse(c.end, ev->ask), SP_OK);
	}
}

static void give_range(const struct sp_clipboard_event *ev)
{
	uint8_t *p = malloc(ev->n);

	assert_non_null(p);
	int64_t n = sp_given_read(c.files, ev->index, ev->position, p, ev->n);
	assert_true(n >= 0);
	assert_int_equal(sp_clipboard_give(c.end, ev->ask, sp_span(p, (size_t)n)), SP_OK);
	free(p);
}

static void on_clip(const struct sp_clipboard_event *ev)
{
	uint64_t size;

	switch (ev->kind) {
	case SP_CLIPBOARD_OFFER:
		c.n_offers++;
		c.contents = ev->contents;
		break;
	case SP_CLIPBOARD_ANSWER:
		c.answered = ev->request;
		c.err = ev->err;
		sp_rcbuf_unref(c.data);
		c.data = ev->err == SP_OK ? sp_rcbuf_from(ev->data.p, ev->data.n) : NULL;
		break;
	case SP_CLIPBOARD_DATA_WANTED:
		c.n_wanted++;
		if (!c.silent) {
			give_data(ev);
		}
		break;
	case SP_CLIPBOARD_SIZE_WANTED:
		if (!c.silent) {
			assert_int_equal(sp_given_size(c.files, ev->index, &size), SP_OK);
			assert_int_equal(sp_clipboard_give_size(c.end, ev->ask, size), SP_OK);
		}
		break;
	case SP_CLIPBOARD_RANGE_WANTED:
		c.n_wanted++;
		if (!c.silent) {
			give_range(ev);
		}
		break;
	default:
		break;
	}
}

static void drain(void)
{
	struct sp_clipboard_event ev;
	struct sp_rcbuf *m;

	while (sp_clipboard_next(c.end, &ev)) {
		on_clip(&ev);
	}
	while ((m = sp_clipboard_out(c.end))) {
		assert_int_equal(sp_port_send(c.port, m), SP_OK);
	}
}

static void part_event(struct sp_part *p, const struct sp_vc_event *ev)
{
	if (ev->kind == SP_VC_MESSAGE) {
		assert_int_equal(sp_clipboard_feed(c.end, ev->message, sp_now_us()), SP_OK);
	}
	drain();
}

static void turn(void)
{
	if (c.port) {
		drain();
	}
	joined_turn();
}

#define UNTIL(cond) \
	do { \
		uint64_t until_end = desk_now() + WAIT_MS; \
		while (!(cond)) { \
			assert_true(desk_now() < until_end); \
			turn(); \
		} \
	} while (0)

static void part_attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = p, .max_message = SP_CLIPBOARD_MESSAGE_MAX};

	assert_int_equal(sp_vc_static(vc, "cliprdr", &conf, &c.port), SP_OK);
	c.end = sp_clipboard_create(false);
	assert_non_null(c.end);
}

static void part_detach(struct sp_part *p)
{
	c.port = NULL;
}

static void join(void)
{
	static const struct sp_part_calls calls = {.channel = "cliprdr",
			.attach = part_attach,
			.event = part_event,
			.detach = part_detach};

	memset(&c, 0, sizeof(c));
	c.part.calls = &calls;
	joined_client(&c.part);
	UNTIL(sp_clipboard_can_files(c.end));
}

static void leave(void)
{
	joined_leave();
	sp_clipboard_destroy(c.end);
	sp_given_destroy(c.files);
	for (size_t i = 0; i < SP_CLIPBOARD_CONTENTS; i++) {
		sp_rcbuf_unref(c.mine[i]);
	}
	sp_rcbuf_unref(c.data);
	memset(&c, 0, sizeof(c));
}

static void offer(uint32_t contents)
{
	assert_int_equal(sp_clipboard_offer(c.end, contents, sp_now_us(), NULL), SP_OK);
	for (uint64_t end = desk_now() + 150; desk_now() < end;) {
		turn();
	}
}

/* What the desktop has, on the wire. */
static const struct sp_rcbuf *fetch(enum sp_clipboard_content content)
{
	uint32_t request;

	assert_int_equal(sp_clipboard_ask(c.end, content, sp_now_us(), &request), SP_OK);
	UNTIL(c.answered == request);
	return c.data;
}

/* ---- programs of the desktop ---- */

static const char *at(const char *name)
{
	static char path[4][1200];
	static size_t next;
	char *p = path[next++ % SP_LEN(path)];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void start(struct sp_child *child, const char *log, const char *const *argv)
{
	char path[256];
	struct sp_child_opts opts = {
			.path = path, .argv = argv, .log = log, .pass_fd = -1, .die_with_us = true};

	if (sp_child_find(argv[0], NULL, path, sizeof(path)) != SP_OK) {
		print_message("%s is not installed\n", argv[0]);
		skip();
	}
	assert_int_equal(sp_child_start(&opts, child), SP_OK);
}

/* A program's exit status. */
static int finish(struct sp_child *child)
{
	UNTIL(!sp_child_alive(child));
	int status = child->status;

	sp_child_end(child, 0);
	return status;
}

static struct sp_child copier;

static void write_file(const char *path, const void *p, size_t n)
{
	assert_int_equal(sp_file_write(path, 0600, sp_span(p, n)), SP_OK);
}

/* A program copies these bytes; the client is told. */
static void copy(const char *target, const void *p, size_t n)
{
	unsigned before = c.n_offers;
	const char *argv[] = {"xclip", "-quiet", "-selection", "clipboard", "-t", target,
			at("copy"), NULL};

	sp_child_end(&copier, 0);
	write_file(at("copy"), p, n);
	start(&copier, at("copier"), argv);
	UNTIL(c.n_offers > before && c.contents != 0);
}

static void begin_paste(struct sp_child *child, const char *target)
{
	const char *argv[] = {"xclip", "-o", "-selection", "clipboard", "-t", target, NULL};

	start(child, at("paste"), argv);
}

/* What a program gets; NULL when it is refused. */
static struct sp_rcbuf *paste(const char *target)
{
	struct sp_child child;
	struct sp_rcbuf *b = NULL;

	begin_paste(&child, target);
	int status = finish(&child);
	assert_int_equal(sp_file_read(at("paste"), BIG * 2, &b), SP_OK);
	if (status != 0) {
		print_message("%d %s: %.*s\n", status, target, (int)b->n, b->p);
		sp_rcbuf_unref(b);
		return NULL;
	}
	return b;
}

static void paste_is(const char *target, const void *p, size_t n)
{
	struct sp_rcbuf *b = paste(target);

	assert_non_null(b);
	assert_int_equal(b->n, n);
	assert_memory_equal(b->p, p, n);
	sp_rcbuf_unref(b);
}

/* A script of the shell in the test's directory, with $1; its exit status. */
static int shell(const char *script, const char *argument)
{
	struct sp_child child;
	char line[2600];
	const char *argv[] = {"sh", "-c", line, "sh", argument, NULL};

	snprintf(line, sizeof(line), "cd %s && %s", dir, script);
	start(&child, at("shell"), argv);
	int status = finish(&child);
	if (status != 0) {
		struct sp_rcbuf *said = NULL;

		if (sp_file_read(at("shell"), 10000, &said) == SP_OK) {
			print_message("%.*s\n", (int)said->n, said->p);
		}
		sp_rcbuf_unref(said);
	}
	return status;
}

static void open_all(void)
{
	desk_dir(dir);
	joined_open(server);
	join();
}

static int teardown(void **state)
{
	(void)state;
	sp_child_end(&copier, 0);
	if (c.port) {
		leave();
	}
	int status = joined_close();
	if (dir[0]) {
		desk_remove(dir);
		dir[0] = '\0';
	}
	return status == 0 ? 0 : -1;
}

/* ---- contents ---- */

/* Every character there is but CR, which the wire's line ends eat; then lines up to n bytes. */
static struct sp_rcbuf *text(size_t n)
{
	struct sp_wr w;
	char line[64];

	sp_wr_init(&w, n + 128);
	for (uint32_t ch = 1; ch < 0x110000; ch++) {
		if (ch == '\r' || (0xd800 <= ch && ch < 0xe000)) {
			continue;
		}
		if (ch < 0x80) {
			sp_wr_u8(&w, (uint8_t)ch);
		} else if (ch < 0x800) {
			sp_wr_u8(&w, (uint8_t)(0xc0 | ch >> 6));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch & 0x3f)));
		} else if (ch < 0x10000) {
			sp_wr_u8(&w, (uint8_t)(0xe0 | ch >> 12));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch >> 6 & 0x3f)));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch & 0x3f)));
		} else {
			sp_wr_u8(&w, (uint8_t)(0xf0 | ch >> 18));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch >> 12 & 0x3f)));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch >> 6 & 0x3f)));
			sp_wr_u8(&w, (uint8_t)(0x80 | (ch & 0x3f)));
		}
	}
	for (unsigned i = 0; w.n < n; i++) {
		snprintf(line, sizeof(line), "line %u of many, so that it takes a while\n", i);
		sp_wr_put(&w, line, strlen(line));
	}
	struct sp_rcbuf *b = sp_wr_take(&w);
	assert_non_null(b);
	return b;
}

/* As UTF-16 it is up to twice as much: half of it is as much as a clipboard may have. */
static void test_text(void **state)
{
	struct sp_rcbuf *big = text(BIG / 2);
	struct sp_wr w;

	(void)state;
	open_all();
	sp_wr_init(&w, SP_CLIPBOARD_DATA_MAX);
	assert_int_equal(sp_clip_text_write(&w, sp_span(big->p, big->n)), SP_OK);
	c.mine[bit_of(SP_CLIPBOARD_TEXT)] = sp_wr_take(&w);
	offer(SP_CLIPBOARD_TEXT);
	paste_is("UTF8_STRING", big->p, big->n);
	paste_is("text/plain;charset=utf-8", big->p, big->n);

	copy("UTF8_STRING", big->p, big->n);
	assert_int_equal(c.contents, SP_CLIPBOARD_TEXT);
	const struct sp_rcbuf *wire = fetch(SP_CLIPBOARD_TEXT);
	assert_int_equal(c.err, SP_OK);
	sp_wr_init(&w, BIG * 2);
	assert_int_equal(sp_clip_text_read(sp_span(wire->p, wire->n), &w), SP_OK);
	assert_int_equal(w.n, big->n);
	assert_memory_equal(w.p, big->p, big->n);
	sp_wr_finish(&w);
	sp_rcbuf_unref(big);

	/* Old programs, and some that are not sure what they have. */
	sp_rcbuf_unref(c.mine[0]);
	c.mine[0] = sp_rcbuf_from("g\0r\0\xfc\0\xac\x20\0\0", 10);
	offer(SP_CLIPBOARD_TEXT);
	paste_is("STRING", "gr\xfc?", 4);
	copy("STRING", "gr\xfc", 3);
	wire = fetch(SP_CLIPBOARD_TEXT);
	assert_memory_equal(wire->p, "g\0r\0\xfc\0\0\0", 8);
	/* The program ends, and with it what it copied. */
	unsigned before = c.n_offers;
	sp_child_end(&copier, 0);
	UNTIL(c.n_offers > before);
	assert_int_equal(c.contents, 0);
}

static void test_html_and_pictures(void **state)
{
	enum {
		W = 3840,
		H = 2160
	};
	static const char html[] = "<b>bold</b> gr\xc3\xbc\xc3\x9f";
	uint8_t *px = malloc((size_t)W * H * 4);
	struct sp_wr w;

	(void)state;
	open_all();
	assert_non_null(px);
	for (size_t i = 0; i < (size_t)W * H; i++) {
		uint8_t p[] = {(uint8_t)(i * 7), (uint8_t)(i / 997), (uint8_t)(i * i >> 9), 255};

		memcpy(px + 4 * i, p, 4);
	}
	sp_wr_init(&w, 1 << 16);
	assert_int_equal(sp_clip_html_write(&w, sp_span(html, sizeof(html) - 1)), SP_OK);
	c.mine[bit_of(SP_CLIPBOARD_HTML)] = sp_wr_take(&w);
	sp_wr_init(&w, SP_CLIPBOARD_DATA_MAX);
	assert_int_equal(sp_clip_dib_write(&w, px, W * 4, W, H), SP_OK);
	c.mine[bit_of(SP_CLIPBOARD_DIB)] = sp_wr_take(&w);
	offer(SP_CLIPBOARD_HTML | SP_CLIPBOARD_DIB);
	struct sp_rcbuf *got = paste("text/html");
	assert_non_null(got);
	assert_non_null(memmem(got->p, got->n, html, sizeof(html) - 1));
	sp_rcbuf_unref(got);

	/* A DIB of the client is a PNG file for programs. */
	got = paste("image/png");
	struct sp_png png;
	bool alpha;
	assert_non_null(got);
	assert_int_equal(sp_png_decode(sp_span(got->p, got->n), &png, &alpha), SP_OK);
	assert_true(png.w == W && png.h == H);
	assert_memory_equal(png.bgrx, px, (size_t)W * H * 4);
	sp_png_finish(&png);

	/* And a PNG file of a program is itself, and a DIB, for the client. */
	copy("image/png", got->p, got->n);
	assert_int_equal(c.contents, SP_CLIPBOARD_PNG | SP_CLIPBOARD_DIB);
	const struct sp_rcbuf *wire = fetch(SP_CLIPBOARD_PNG);
	assert_int_equal(wire->n, got->n);
	assert_memory_equal(wire->p, got->p, got->n);
	wire = fetch(SP_CLIPBOARD_DIB);
	struct sp_clip_image image;
	assert_int_equal(sp_clip_dib_read(sp_span(wire->p, wire->n), &image), SP_OK);
	assert_memory_equal(image.bgra, px, (size_t)W * H * 4);
	sp_clip_image_finish(&image);
	sp_rcbuf_unref(got);
	copy("image/png", "\x89PNG no picture", 15);
	fetch(SP_CLIPBOARD_DIB);
	assert_int_equal(c.err, SP_EDENIED);
	copy("text/html", "\xff\xfe<\0b\0>\0", 8);
	wire = fetch(SP_CLIPBOARD_HTML);
	assert_non_null(memmem(wire->p, wire->n, "<b>", 3));
	free(px);
}

/* ---- files ---- */

static const char *const names[] = {"grüße.txt", "Ελληνικά", "Русский текст", "עברית", "العربية",
		"हिन्दी", "ไทย", "日本語", "한국어", "😀 and 𝒎𝒂𝒕𝒉", "a\xcc\x81 combining", "-dash",
		"%41", "con.txt", "ends with a dot.", "what?<>|*\":", "two  blanks", ".hidden",
		"tab&amp;#"};

/* A tree of a thousand files, names in every script, one of 5 GB that is nearly all hole. */
static void make_tree(void)
{
	char path[600], line[200];

	mkdir(at("tree"), 0700);
	mkdir(at("tree/many"), 0700);
	mkdir(at("tree/empty"), 0700);
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/tree/many/file %u", dir, i);
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		for (unsigned j = 0; j < i; j++) {
			fprintf(f, "%u.%u\n", i, j);
		}
		fclose(f);
	}
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/tree/%s", dir, names[i]);
		int n = snprintf(line, sizeof(line), "this is %s\n", names[i]);
		write_file(path, line, (size_t)n);
	}
	int fd = open(at("huge"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)HUGE_SIZE), 0);
	assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
	assert_int_equal(pwrite(fd, "the end", 7, (off_t)HUGE_SIZE - 7), 7);
	close(fd);
}

static struct sp_rcbuf *uris(const char *const *what, size_t n)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	sp_urilist_begin(&w, SP_URILIST_PLAIN);
	for (size_t i = 0; i < n; i++) {
		sp_urilist_add(&w, SP_URILIST_PLAIN, at(what[i]));
	}
	struct sp_rcbuf *b = sp_wr_take(&w);
	assert_non_null(b);
	return b;
}

static void offer_files(const char *const *what, size_t n)
{
	struct sp_rcbuf *list = uris(what, n);

	sp_given_destroy(c.files);
	assert_int_equal(sp_copied_create(sp_span(list->p, list->n), &c.files), SP_OK);
	sp_rcbuf_unref(list);
	offer(SP_CLIPBOARD_FILES);
}

/* Where the pasted files lie: the directory of the first URI. */
static void pasted_at(char out[SP_URILIST_PATH])
{
	struct sp_rcbuf *b = paste("text/uri-list");

	if (!b) {
		print_message("no FUSE here\n");
		skip();
	}
	struct sp_span rest = sp_span(b->p, b->n);
	assert_true(sp_urilist_next(&rest, out));
	*strrchr(out, '/') = '\0';
	sp_rcbuf_unref(b);
}

static void test_files_in(void **state)
{
	static const char *const what[] = {"tree", "huge"};
	char place[SP_URILIST_PATH];

	(void)state;
	open_all();
	make_tree();
	offer_files(what, 2);
	pasted_at(place);
	assert_int_equal(c.n_wanted, 1);
	struct sp_rcbuf *b = paste("x-special/gnome-copied-files");
	assert_memory_equal(b->p, "copy\nfile:///", 13);
	sp_rcbuf_unref(b);
	paste_is("application/x-kde-cutselection", "0", 1);
	assert_int_equal(c.n_wanted, 1);

	assert_int_equal(shell("diff -r \"$1/tree\" tree", place), 0);
	assert_int_equal(shell("test $(stat -c %s \"$1/huge\") = 5368709120", place), 0);
	assert_int_equal(shell("head -c 9000 \"$1/huge\" > h; head -c 9000 huge | cmp - h", place),
			0);
	assert_int_equal(shell("tail -c 9000 \"$1/huge\" > h; tail -c 9000 huge | cmp - h", place),
			0);
	assert_int_not_equal(shell("echo x > \"$1/tree/new\"", place), 0);
	assert_int_not_equal(shell("echo x >> \"$1/huge\"", place), 0);
	assert_int_not_equal(shell("ls \"$1/../77\"", place), 0);

	/* Something else is copied meanwhile: the files stay as long as they are locked. */
	copy("UTF8_STRING", "text", 4);
	assert_int_equal(shell("dd if=\"$1/huge\" bs=1M count=2 skip=500 of=h status=none", place),
			0);
}

static void test_files_out(void **state)
{
	static const char *const what[] = {"tree", "huge", "link", "fifo", "missing"};
	struct sp_rcbuf *list;
	struct sp_clip_file f;
	struct sp_rd r;
	size_t n, files = 0;
	uint32_t lock, request;

	(void)state;
	open_all();
	make_tree();
	assert_int_equal(symlink("/etc", at("tree/out")), 0);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(symlink("tree/-dash", at("link")), 0);
	list = uris(what, SP_LEN(what));
	copy("text/uri-list", list->p, list->n);
	sp_rcbuf_unref(list);
	assert_true(c.contents & SP_CLIPBOARD_FILES);
	assert_int_equal(sp_clipboard_lock(c.end, &lock), SP_OK);
	struct sp_rcbuf *wire =
			sp_rcbuf_ref((struct sp_rcbuf *)(uintptr_t)fetch(SP_CLIPBOARD_FILES));
	sp_rd_init(&r, wire->p, wire->n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_OK);
	/* tree, many, empty, huge, and what the link is; not the link out, the fifo, the missing. */
	assert_int_equal(n, FILES + SP_LEN(names) + 5);
	for (uint32_t i = 0; i < n; i++) {
		struct sp_rcbuf *own = NULL;

		assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
		assert_int_equal(f.fault, SP_NAME_FINE);
		if (f.dir || f.size == HUGE_SIZE) {
			continue;
		}
		/* The link has become what it is to. */
		const char *real = strcmp(f.name, "-dash") == 0 ? at("tree/-dash") : at(f.name);
		assert_int_equal(sp_file_read(real, 1 << 20, &own), SP_OK);
		assert_int_equal(f.size, own->n);
		assert_int_equal(sp_clipboard_ask_range(
						 c.end, lock, i, 0, 1 << 16, sp_now_us(), &request),
				SP_OK);
		UNTIL(c.answered == request);
		assert_int_equal(c.err, SP_OK);
		assert_int_equal(c.data->n, own->n);
		assert_memory_equal(c.data->p, own->p, own->n);
		sp_rcbuf_unref(own);
		files++;
	}
	assert_int_equal(files, FILES + SP_LEN(names) + 1);
	sp_rcbuf_unref(wire);
	/* Of another clipboard now, but locked; not there; then not locked any more. */
	copy("UTF8_STRING", "text", 4);
	assert_int_equal(sp_clipboard_ask_range(c.end, lock, 0, 0, 10, sp_now_us(), &request),
			SP_OK);
	UNTIL(c.answered == request);
	assert_int_equal(c.err, SP_EDENIED);
	assert_int_equal(sp_clipboard_ask_range(
					 c.end, lock, (uint32_t)n, 0, 10, sp_now_us(), &request),
			SP_OK);
	UNTIL(c.answered == request);
	assert_int_equal(c.err, SP_EDENIED);
}

/* ---- ends ---- */

static unsigned rss_kib(void)
{
	char path[64], line[200];
	unsigned kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)joined_pid());
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "VmRSS: %u", &kib);
	}
	fclose(f);
	return kib;
}

/* The client vanishes while programs wait: for data, for a list, for the content of a file. */
static void test_vanish(void **state)
{
	static const char *const what[] = {"huge"};
	struct sp_child child[3];
	char place[SP_URILIST_PATH], path[SP_URILIST_PATH + 8];
	unsigned before = 0;

	(void)state;
	open_all();
	make_tree();
	for (unsigned round = 0; round < 4; round++) {
		offer_files(what, 1);
		pasted_at(place);
		c.silent = true;
		snprintf(path, sizeof(path), "%s/huge", place);
		const char *cat[] = {"cat", path, NULL};
		start(&child[0], at("cat"), cat);
		unsigned wanted = c.n_wanted;
		UNTIL(c.n_wanted > wanted);
		offer(SP_CLIPBOARD_TEXT | SP_CLIPBOARD_FILES);
		begin_paste(&child[1], "text/plain");
		begin_paste(&child[2], "text/uri-list");
		wanted = c.n_wanted;
		UNTIL(c.n_wanted > wanted);
		uint64_t begin = desk_now();
		leave();
		assert_int_not_equal(finish(&child[0]), 0);
		assert_int_not_equal(finish(&child[1]), 0);
		assert_int_not_equal(finish(&child[2]), 0);
		assert_true(desk_now() - begin < 2000);
		assert_int_not_equal(shell("head -c 1 \"$1/huge\"", place), 0);
		assert_int_not_equal(
				shell("exec 2>/dev/null; xclip -o -selection clipboard", ""), 0);
		before = round == 0 ? rss_kib() : before;
		join();
	}
#ifdef __SANITIZE_ADDRESS__
	before += 200 << 10; /* what is freed stays for a while */
#endif
	assert_true(rss_kib() < before + 4096);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_text, teardown),
			cmocka_unit_test_teardown(test_html_and_pictures, teardown),
			cmocka_unit_test_teardown(test_files_in, teardown),
			cmocka_unit_test_teardown(test_files_out, teardown),
			cmocka_unit_test_teardown(test_vanish, teardown),
	};

	if (argc > 1) {
		server = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
