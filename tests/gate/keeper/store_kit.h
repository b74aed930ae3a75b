/* tests/gate/keeper/store_kit.h - a store in a directory of its own, for the tests of its parts. */
#ifndef SP_TESTS_GATE_KEEPER_STORE_KIT_H
#define SP_TESTS_GATE_KEEPER_STORE_KIT_H

#include "unit.h"

#include <stdbool.h>

#include "gate/keeper/store.h"

#define KIT_GOOD "four staples and a horse"
#define KIT_NOW INT64_C(1700000000)

extern struct sp_store *kit_st;
extern char kit_why[SP_STORE_WHY];

/* Of a group: a directory, which is the working one. */
int kit_make_dir(void **state);
int kit_remove_dir(void **state);
/* Of a test: a store with the users alice and bob, both with the password KIT_GOOD. */
int kit_open(void **state);
int kit_remove(void **state);
/* The same store, opened once more; NULL and kit_why. */
struct sp_store *kit_another(bool create);
/* Closes and opens it again. */
void kit_reopen(void);
/* What the store's witness hears from now on: "user alice: disable"; "" for what it did not. */
void kit_witness_begin(void);
const char *kit_witnessed(size_t index);
/* SQL past the store, as somebody with the database alone could. */
void kit_tamper(const char *sql);
/* The one number that a query answers. */
int64_t kit_number(const char *sql);
/* Is the text anywhere in the files of the store? */
bool kit_on_disk(const char *text);

/* Whether it failed for want of memory, which behind PostgreSQL's door is a failed database. */
bool kit_no_memory(int rc);
/* Skips the test where the store is a server's: it is about old files. */
void kit_files_only(void);

/* "192.0.2.7" or "2001:db8::1". */
struct sp_source kit_source(const char *text);
/* A login with that password. */
struct sp_checked kit_login(const char *user, const char *password, const struct sp_source *source,
		int64_t now);
/*
 * n processes with a store of their own do the same at the same moment; how many of them got
 * SP_OK.
 */
int kit_rivals(int n, int (*fn)(struct sp_store *st, const void *arg), const void *arg);
/* A process does it, says so, and is killed with -9; the store is open again afterwards. */
void kit_killed_after(int (*fn)(struct sp_store *st, const void *arg), const void *arg);

#define kit_test(f) cmocka_unit_test_setup_teardown(f, kit_open, kit_remove)

#endif
