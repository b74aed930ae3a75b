/* host/conf/part.h - what the files that read a configuration share. */
#ifndef SP_HOST_CONF_PART_H
#define SP_HOST_CONF_PART_H

#include <libconfig.h>

#include "host/conf/conf.h"

struct sp_conf_reader {
	struct sp_conf *c;
	struct sp_conf_errors *errors;
	const char *file;
	char folder[SP_CONF_PATH];
	/* Where things stand, for what is looked at when everything is read. */
	const config_setting_t *targets, *rules, *countries, *critical, *auditors, *metrics;
	bool nomem;
};

/* One key of a group: what to do with its setting. */
struct sp_conf_key {
	const char *name;
	void (*read)(struct sp_conf_reader *r, const config_setting_t *s, void *to);
};

/* "FILE:LINE: ..."; `at` may be NULL. */
sp_printf(3, 4) void sp_conf_mistake(
		struct sp_conf_reader *r, const config_setting_t *at, const char *fmt, ...);
sp_printf(3, 4) void sp_conf_warn(
		struct sp_conf_reader *r, const config_setting_t *at, const char *fmt, ...);
/* Its own, or that of the list that it stands in. */
const char *sp_conf_name_of(const config_setting_t *s);
void sp_conf_read_group(struct sp_conf_reader *r, const config_setting_t *group,
		const struct sp_conf_key *keys, size_t n, void *to);
/* NULL, and said so, when the setting is no text. */
const char *sp_conf_text_of(struct sp_conf_reader *r, const config_setting_t *s);
/* A text of one line into to; said so when it is none, is longer or, unless it may be, empty. */
bool sp_conf_read_line(struct sp_conf_reader *r, const config_setting_t *s, char *to, size_t cap,
		bool may_be_empty);
/* Whole and within int; said so when it is not that, as a number of `unit` if there is one. */
bool sp_conf_read_int(
		struct sp_conf_reader *r, const config_setting_t *s, const char *unit, int *to);
bool sp_conf_read_bool(struct sp_conf_reader *r, const config_setting_t *s, bool *to);
/* The text's place among these; -1, and said so, when it is none of them. */
int sp_conf_choice(struct sp_conf_reader *r, const config_setting_t *s, const char *const *words,
		size_t n);
/*
 * A list of texts, or one text instead: each goes to take() as long as there are at most `most`;
 * an empty list is a mistake, since a key that is not there is what matches everything.
 */
void sp_conf_read_texts(struct sp_conf_reader *r, const config_setting_t *s, size_t most,
		void (*take)(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
				void *to),
		void *to);
/* The setting that holds the text number i of one that sp_conf_read_texts() has read. */
const config_setting_t *sp_conf_text_at(const config_setting_t *s, size_t i);
void sp_conf_add_net(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
		struct sp_conf_net *nets, size_t *n);
/* A path into SP_CONF_PATH bytes; a relative one is relative to the file's folder. */
void sp_conf_read_path(struct sp_conf_reader *r, const config_setting_t *s, void *to);
/* Said so where it is there and no file, or is not there. */
void sp_conf_check_file(struct sp_conf_reader *r, const config_setting_t *s, const char *path);
bool sp_conf_account_name(const char *s);
/* "Mon-Fri 08:00-18:00 Europe/Berlin" with its zone's clock, as hours[*n]; there is room for it. */
void sp_conf_add_hours(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
		struct sp_conf_hours *hours, size_t *n);

/* targets.c */
void sp_conf_read_targets(struct sp_conf_reader *r, const config_setting_t *s, void *to);
/* rules.c */
void sp_conf_read_rules(struct sp_conf_reader *r, const config_setting_t *s, void *to);
/* The rule of a file without `rules`. False without memory, and then there is none. */
bool sp_conf_builtin_rule(struct sp_conf *c);
/* alert.c */
void sp_conf_read_alerts(struct sp_conf_reader *r, const config_setting_t *s, void *to);
/* With their defaults. False without memory. */
bool sp_conf_alerts_make(struct sp_conf *c);
/* ship.c */
void sp_conf_read_ship(struct sp_conf_reader *r, const config_setting_t *s, void *to);
void sp_conf_read_metrics(struct sp_conf_reader *r, const config_setting_t *s, void *to);
void sp_conf_review_metrics(struct sp_conf_reader *r);
/* review.c: what only shows when all is read, like a name that means nothing. */
void sp_conf_review(struct sp_conf_reader *r);

#endif
