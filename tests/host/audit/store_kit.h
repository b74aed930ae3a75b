/* tests/host/audit/store_kit.h - an audit in a folder, or on a server, and a hand that changes it behind its back. */
#ifndef SP_TESTS_AUDIT_STORE_KIT_H
#define SP_TESTS_AUDIT_STORE_KIT_H

#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "host/audit/store.h"
#include "host/db/db.h"

#define DAY (UINT64_C(86400) * 1000000000)

extern char kit_dir[64], kit_file[96];
extern struct sp_audit_store *kit_st;
extern struct sp_audit_now kit_now;
extern uint8_t kit_root[SP_SIGN_PUBLIC];
extern struct sp_audit_found kit_found; /* at the last kit_open() */
extern struct sp_chain kit_chain; /* of the last kit_verify() */
extern struct sp_db *kit_hand;

/* The server that the tests run against where its address is in the environment; else NULL. */
const char *kit_server(void);
/* Skips the test there. */
void kit_files_only(void);

int kit_make_dir(void **state);
int kit_remove_dir(void **state);
void kit_remove_files(const char *path);
#define kit_test(name) cmocka_unit_test_setup_teardown(name, kit_make_dir, kit_remove_dir)

/* A life of the service; _drop() ends it as a kill does. */
void kit_open(void);
void kit_close(void);
void kit_drop(void);
/* One event; its record. */
uint64_t kit_note(const char *text);
void kit_notes(size_t n);

int kit_verify(void);

#define assert_whole() \
	do { \
		int rc_ = kit_verify(); \
		if (rc_ != SP_OK) { \
			print_error("%s\n", kit_chain.why); \
		} \
		assert_int_equal(rc_, SP_OK); \
	} while (0)

#define assert_bad(seq, part) \
	do { \
		assert_int_equal(kit_verify(), SP_EFIELD); \
		assert_int_equal(kit_chain.bad, seq); \
		if (strstr(kit_chain.why, part) == NULL) { \
			fail_msg("\"%s\" is not in \"%s\"", part, kit_chain.why); \
		} \
	} while (0)

/* Who changes things behind our back. */
void kit_open_hand(void);
void kit_close_hand(void);
void kit_sql(const char *text);
/* With the parameters ?1 and, unless it is 0, ?2. */
void kit_sql2(const char *text, uint64_t a, uint64_t b);
int64_t kit_number(const char *text);
/* Keeps all tables aside, and puts them back. */
void kit_save(void);
void kit_restore(void);

#endif
