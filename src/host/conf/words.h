/* host/conf/words.h - the small languages inside the texts of a configuration. */
#ifndef SP_HOST_CONF_WORDS_H
#define SP_HOST_CONF_WORDS_H

#include "host/conf/conf.h"

/* All of these: false when the text is not of the form, and out is not to be used then. */

/* "10.8.0.0/16", "192.0.2.7", "2001:db8::/32"; host bits may be set, and are cleared then. */
bool sp_words_net(const char *text, struct sp_conf_net *out, bool *had_host_bits);
/* For who wrote something else: "again: \"99d\" is no " SP_WORDS_DURATION. */
#define SP_WORDS_DURATION "time from \"1s\" to \"31d\" (\"8h\", \"30m\", \"90s\", \"1h30m\")"
#define SP_WORDS_SIZE "size from \"1\" to \"1024G\" (\"4096\", \"64K\", \"100M\")"
/* "8h", "30m", "90s", "1h30m", in seconds; at least 1, at most 31 days. */
bool sp_words_duration(const char *text, uint32_t *seconds);
/* The same of any length: "90d". */
bool sp_words_ago(const char *text, uint64_t *seconds);
/* "4096", "64K", "100M", "5G", in bytes; at least 1, at most 1024G. */
bool sp_words_size(const char *text, uint64_t *bytes);
/* "Mon-Fri 08:00-18:00 Europe/Berlin"; clock stays NULL, whether the zone exists is not asked. */
bool sp_words_hours(const char *text, struct sp_conf_hours *out);
/* "10.0.0.5", "db1.example:3390", "[2001:db8::5]:3389", "2001:db8::5"; with a port afterwards. */
bool sp_words_address(const char *text, char out[SP_CONF_HOST]);
/* What stands after "pin:": "sha256/" and base64, or 64 hex digits with or without colons. */
bool sp_words_pin(const char *text, uint8_t out[SP_CONF_PIN]);
/* "x25519:" and base64 of 32 bytes. */
bool sp_words_auditor(const char *text, uint8_t out[SP_CONF_AUDITOR]);
/* A user, a secret or a group without '@': 1 to 64 of a-z, 0-9, . _ - @, the first a-z or 0-9. */
bool sp_words_name(const char *text);
/* Valid UTF-8 without control characters; line feeds only where `lines`. */
bool sp_words_clean(const char *text, bool lines);

#endif
