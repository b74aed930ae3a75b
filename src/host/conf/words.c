/* host/conf/words.c - see words.h. */
#include "host/conf/words.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/utf16.h"

#define NAME_MAX_BYTES 64
#define RDP_PORT 3389
#define DURATION_MAX (31u * 86400)
#define DAY_MINUTES 1440u
#define SIZE_DIGITS 999999999u
#define SIZE_MOST (UINT64_C(1024) << 30)

/* A decimal number of at most n digits. */
static bool number(const char **s, size_t n, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;
	size_t i = 0;

	while (i < n && '0' <= (*s)[i] && (*s)[i] <= '9') {
		v = v * 10 + (uint32_t)((*s)[i++] - '0');
	}
	*s += i;
	*out = v;
	return i > 0 && v <= max;
}

static bool take(const char **s, char c)
{
	if (**s != c) {
		return false;
	}
	++*s;
	return true;
}

static bool clear_host_bits(struct sp_conf_net *net)
{
	bool had = false;

	for (uint32_t i = net->bits; i < 128; i++) {
		uint8_t bit = (uint8_t)(0x80u >> i % 8);
		had = had || (net->addr[i / 8] & bit) != 0;
		net->addr[i / 8] &= (uint8_t)~bit;
	}
	return had;
}

bool sp_words_net(const char *text, struct sp_conf_net *out, bool *had_host_bits)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

	memset(out, 0, sizeof(*out));
	*had_host_bits = false;
	if (!(n < sizeof(host))) {
		return false;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	out->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	out->bits = out->family == AF_INET ? 32 : 128;
	if (inet_pton((int)out->family, host, out->addr) != 1) {
		return false;
	}
	if (slash != NULL) {
		const char *s = slash + 1;
		if (!number(&s, 3, out->bits, &out->bits) || *s != '\0') {
			return false;
		}
	}
	/* Where connections come from, IPv4 in IPv6 is IPv4. */
	if (out->family == AF_INET6 && out->bits >= 96 &&
			memcmp(out->addr, mapped, sizeof(mapped)) == 0) {
		out->family = AF_INET;
		out->bits -= 96;
		memmove(out->addr, out->addr + 12, 4);
		memset(out->addr + 4, 0, 12);
	}
	*had_host_bits = clear_host_bits(out);
	return true;
}

bool sp_words_ago(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t unit = 0;
	uint64_t sum = 0;
	const char *s = text;

	/* Each unit once, the larger first. */
	while (*s != '\0') {
		uint32_t v;
		if (!number(&s, 7, 9999999, &v)) {
			return false;
		}
		while (unit < SP_LEN(units) && units[unit].unit != *s) {
			unit++;
		}
		if (unit == SP_LEN(units)) {
			return false;
		}
		sum += (uint64_t)v * units[unit++].seconds;
		s++;
	}
	*seconds = sum;
	return sum >= 1;
}

bool sp_words_duration(const char *text, uint32_t *seconds)
{
	uint64_t sum;

	*seconds = 0;
	if (!sp_words_ago(text, &sum) || sum > DURATION_MAX) {
		return false;
	}
	*seconds = (uint32_t)sum;
	return true;
}

bool sp_words_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	const char *s = text;
	uint32_t v;

	if (!number(&s, 9, SIZE_DIGITS, &v)) {
		return false;
	}
	*bytes = v;
	if (*s != '\0') {
		const char *unit = strchr(units, *s++);

		if (unit == NULL) {
			return false;
		}
		*bytes <<= 10 * (unit - units + 1);
	}
	return *s == '\0' && 1 <= *bytes && *bytes <= SIZE_MOST;
}

static bool day(const char **s, uint32_t *out)
{
	static const char names[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	for (uint32_t i = 0; i < SP_LEN(names); i++) {
		if (strncmp(*s, names[i], 3) == 0) {
			*s += 3;
			*out = i;
			return true;
		}
	}
	return false;
}

/* "Mon-Fri,Sun", also over the end of a week. */
static bool days(const char **s, uint32_t *out)
{
	*out = 0;
	do {
		uint32_t from, to;
		if (!day(s, &from)) {
			return false;
		}
		to = from;
		if (take(s, '-') && !day(s, &to)) {
			return false;
		}
		for (uint32_t i = from; i != to; i = (i + 1) % 7) {
			*out |= 1u << i;
		}
		*out |= 1u << to;
	} while (take(s, ','));
	return true;
}

static bool clock_time(const char **s, uint32_t *out)
{
	uint32_t hours, minutes;

	if (!number(s, 2, 24, &hours) || !take(s, ':') || (*s)[0] == '\0' || (*s)[1] == '\0' ||
			!number(s, 2, 59, &minutes)) {
		return false;
	}
	*out = hours * 60 + minutes;
	return *out <= DAY_MINUTES;
}

static bool span_of_day(const char **s, struct sp_conf_hours *out)
{
	return clock_time(s, &out->from) && out->from < DAY_MINUTES && take(s, '-') &&
			clock_time(s, &out->until);
}

static bool gap(const char **s)
{
	bool was = false;

	while (take(s, ' ')) {
		was = true;
	}
	return was;
}

bool sp_words_hours(const char *text, struct sp_conf_hours *out)
{
	const char *s = text;
	bool with_days, with_hours;

	memset(out, 0, sizeof(*out));
	out->days = (1u << 7) - 1;
	out->until = DAY_MINUTES;
	gap(&s);
	with_days = 'A' <= *s && *s <= 'Z';
	if (with_days && (!days(&s, &out->days) || (*s != '\0' && !gap(&s)))) {
		return false;
	}
	with_hours = '0' <= *s && *s <= '9';
	if (with_hours && (!span_of_day(&s, out) || (*s != '\0' && !gap(&s)))) {
		return false;
	}
	size_t n = strcspn(s, " ");
	if (!(n < sizeof(out->zone))) {
		return false;
	}
	memcpy(out->zone, s, n);
	s += n;
	gap(&s);
	return (with_days || with_hours) && *s == '\0';
}

static bool is_host(const char *s, size_t n)
{
	static const char chars[] =
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t label = 0;

	for (size_t i = 0; i < n; i++) {
		label = s[i] == '.' ? 0 : label + 1;
		if (strchr(chars, s[i]) == NULL || label > 63 ||
				(s[i] == '.' && (i == 0 || s[i - 1] == '.'))) {
			return false;
		}
	}
	return 1 <= n && n <= 253 && s[0] != '-';
}

bool sp_words_address(const char *text, char out[SP_CONF_HOST])
{
	struct in6_addr v6;
	char host[SP_CONF_HOST];
	const char *end, *s = text, *port;
	uint32_t number_of_port = RDP_PORT;
	bool bracket = take(&s, '['), is_v6;

	if (bracket) {
		end = strchr(s, ']');
		port = end != NULL ? end + 1 : NULL;
	} else {
		/* One colon stands before a port; several are an address without one. */
		const char *colon = strchr(s, ':');
		end = colon != NULL && strchr(colon + 1, ':') == NULL ? colon : s + strlen(s);
		port = end;
	}
	if (end == NULL || !((size_t)(end - s) < sizeof(host) - 8)) {
		return false;
	}
	memcpy(host, s, (size_t)(end - s));
	host[end - s] = '\0';
	is_v6 = inet_pton(AF_INET6, host, &v6) == 1;
	if (*port != '\0' &&
			(!take(&port, ':') || !number(&port, 5, 65535, &number_of_port) ||
					*port != '\0' || number_of_port == 0)) {
		return false;
	}
	if (bracket ? !is_v6 : !is_v6 && !is_host(host, strlen(host))) {
		return false;
	}
	snprintf(out, SP_CONF_HOST, is_v6 ? "[%s]:%u" : "%s:%u", host, number_of_port);
	return true;
}

static int hex_digit(char c)
{
	if ('0' <= c && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return 'a' <= c && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool pin_hex(const char *s, uint8_t out[SP_CONF_PIN])
{
	for (size_t i = 0; i < SP_CONF_PIN; i++) {
		if (i > 0 && *s == ':') {
			s++;
		}
		int high = hex_digit(s[0]), low = high >= 0 ? hex_digit(s[1]) : -1;
		if (low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
		s += 2;
	}
	return *s == '\0';
}

static bool pin_base64(const char *s, uint8_t out[SP_CONF_PIN])
{
	static const char letters[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0, have = 0;
	size_t n = 0;

	/* 43 letters and a '=', which may be left out; the last letter has two bits too many. */
	for (; *s != '\0' && *s != '='; s++) {
		const char *at = strchr(letters, *s);
		if (at == NULL || n == SP_CONF_PIN) {
			return false;
		}
		bits = bits << 6 | (uint32_t)(at - letters);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	if (*s == '=') {
		s++;
	}
	return *s == '\0' && n == SP_CONF_PIN && have == 2 && (bits & 3) == 0;
}

bool sp_words_pin(const char *text, uint8_t out[SP_CONF_PIN])
{
	memset(out, 0, SP_CONF_PIN);
	return strncmp(text, "sha256/", 7) == 0 ? pin_base64(text + 7, out) : pin_hex(text, out);
}

_Static_assert(SP_CONF_AUDITOR == SP_CONF_PIN, "one base64 for both");

bool sp_words_auditor(const char *text, uint8_t out[SP_CONF_AUDITOR])
{
	memset(out, 0, SP_CONF_AUDITOR);
	return strncmp(text, "x25519:", 7) == 0 && pin_base64(text + 7, out);
}

bool sp_words_name(const char *text)
{
	size_t n = strlen(text);

	return 1 <= n && n <= NAME_MAX_BYTES && strchr("._-@", text[0]) == NULL &&
			strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-@") == n;
}

bool sp_words_clean(const char *text, bool lines)
{
	for (const char *s = text; *s != '\0';) {
		const char *at = s;
		uint32_t c = sp_utf8_next(&s);
		if ((c < 0x20 && !(lines && c == '\n')) || c == 0x7f || (0x80 <= c && c < 0xa0)) {
			return false;
		}
		/* U+FFFD that is written in the file is three bytes. */
		if (c == 0xfffd && strncmp(at, "\xef\xbf\xbd", 3) != 0) {
			return false;
		}
	}
	return true;
}
