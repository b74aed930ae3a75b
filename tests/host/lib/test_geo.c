/* tests/host/lib/test_geo.c - countries from a file in MMDB format, which the test writes itself. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "host/lib/geo.h"

#define NODES 1024u
#define NONE UINT32_MAX
#define LEAF 0x80000000u

static char dir[] = "/tmp/sp-test-geo-XXXXXX";

/* A tree of IPv6, in which IPv4 is ::/96; a side is a node, LEAF and an offset, or NONE. */
static uint32_t tree[NODES][2], nodes;

static void add(const char *net, unsigned bits, uint32_t data)
{
	uint8_t addr[16] = {0};
	uint32_t at = 0;

	if (strchr(net, ':') == NULL) {
		assert_int_equal(inet_pton(AF_INET, net, addr + 12), 1);
		bits += 96;
	} else {
		assert_int_equal(inet_pton(AF_INET6, net, addr), 1);
	}
	for (unsigned i = 0; i < bits; i++) {
		uint32_t *side = &tree[at][addr[i / 8] >> (7 - i % 8) & 1];
		if (i + 1 == bits) {
			*side = LEAF | data;
		} else {
			if (*side == NONE) {
				assert_true(nodes < NODES);
				tree[nodes][0] = tree[nodes][1] = NONE;
				*side = nodes++;
			}
			at = *side;
		}
	}
}

static void text(struct sp_wr *w, const char *s)
{
	size_t n = strlen(s);

	sp_wr_u8(w, (uint8_t)(2 << 5 | (n < 29 ? n : 29)));
	if (n >= 29) {
		sp_wr_u8(w, (uint8_t)(n - 29));
	}
	sp_wr_put(w, s, n);
}

static void map(struct sp_wr *w, uint8_t n)
{
	sp_wr_u8(w, (uint8_t)(7 << 5 | n));
}

static void number(struct sp_wr *w, const char *name, uint8_t type, uint32_t v)
{
	text(w, name);
	sp_wr_u8(w, (uint8_t)(type << 5 | 4));
	sp_wr_be32(w, v);
}

static void be24(struct sp_wr *w, uint32_t v)
{
	sp_wr_u8(w, (uint8_t)(v >> 16));
	sp_wr_be16(w, (uint16_t)v);
}

static uint32_t country(struct sp_wr *w, const char *code)
{
	uint32_t at = (uint32_t)w->n;

	map(w, 1);
	text(w, "country");
	map(w, 1);
	text(w, "iso_code");
	text(w, code);
	return at;
}

static void degrees(struct sp_wr *w, const char *name, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	text(w, name);
	sp_wr_u8(w, 3 << 5 | 8);
	sp_wr_be32(w, (uint32_t)(bits >> 32));
	sp_wr_be32(w, (uint32_t)bits);
}

static uint32_t city(struct sp_wr *w, double lat, double lon)
{
	uint32_t at = (uint32_t)w->n;

	map(w, 1);
	text(w, "location");
	map(w, 2);
	degrees(w, "latitude", lat);
	degrees(w, "longitude", lon);
	return at;
}

static uint32_t network(struct sp_wr *w, uint32_t asn, const char *owner)
{
	uint32_t at = (uint32_t)w->n;

	map(w, owner != NULL ? 2 : 1);
	number(w, "autonomous_system_number", 6, asn);
	if (owner != NULL) {
		text(w, "autonomous_system_organization");
		text(w, owner);
	}
	return at;
}

static void write_tree(struct sp_wr *w)
{
	for (uint32_t i = 0; i < nodes; i++) {
		for (int side = 0; side < 2; side++) {
			uint32_t v = tree[i][side];
			be24(w, v == NONE ? nodes : v & LEAF ? nodes + 16 + (v & ~LEAF) : v);
		}
	}
	sp_wr_zero(w, 16);
}

static void write_metadata(struct sp_wr *w)
{
	sp_wr_put(w, "\xab\xcd\xefMaxMind.com", 14);
	map(w, 9);
	number(w, "node_count", 6, nodes);
	text(w, "record_size");
	sp_wr_u8(w, 5 << 5 | 2);
	sp_wr_be16(w, 24);
	text(w, "ip_version");
	sp_wr_u8(w, 5 << 5 | 1);
	sp_wr_u8(w, 6);
	text(w, "database_type");
	text(w, "Test-Country");
	text(w, "languages");
	sp_wr_u8(w, 0); /* an array, which is type 11, without entries */
	sp_wr_u8(w, 4);
	text(w, "binary_format_major_version");
	sp_wr_u8(w, 5 << 5 | 1);
	sp_wr_u8(w, 2);
	text(w, "binary_format_minor_version");
	sp_wr_u8(w, 5 << 5);
	text(w, "build_epoch");
	sp_wr_u8(w, 4); /* of type 9 */
	sp_wr_u8(w, 2);
	sp_wr_be32(w, 1700000000);
	text(w, "description");
	map(w, 0);
}

static void write_file(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	struct sp_wr data, w;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
		return -1;
	}
	sp_wr_init(&data, 4096);
	sp_wr_init(&w, 65536);
	tree[0][0] = tree[0][1] = NONE;
	nodes = 1;
	add("192.0.2.0", 24, country(&data, "DE"));
	add("198.51.100.128", 25, country(&data, "FR"));
	add("2001:db8::", 32, country(&data, "US"));
	/* What is no code of a country, and an entry without any. */
	add("203.0.113.1", 32, country(&data, "de"));
	add("203.0.113.2", 32, country(&data, "DEU"));
	add("203.0.113.3", 32, (uint32_t)data.n);
	map(&data, 0);
	add("203.0.113.64", 27, city(&data, 52.52, 13.405));
	add("203.0.113.96", 27, city(&data, -33.5, -180));
	add("203.0.113.128", 27, city(&data, 91, 0)); /* beyond the pole */
	add("203.0.113.160", 28, network(&data, 64500, "Example Net"));
	add("203.0.113.176", 28, network(&data, 4200000000, NULL));
	add("203.0.113.192", 28, network(&data, 0, "Nobody"));
	write_tree(&w);
	sp_wr_put(&w, data.p, data.n);
	write_metadata(&w);
	if (sp_wr_ok(&w) != SP_OK || sp_wr_ok(&data) != SP_OK) {
		return -1;
	}
	write_file("good.mmdb", w.p, w.n);
	write_file("cut.mmdb", w.p, w.n / 2);
	write_file("text.mmdb", "countries\n", 10);
	write_file("empty.mmdb", "", 0);
	sp_wr_finish(&data);
	sp_wr_finish(&w);
	return 0;
}

static int teardown(void **state)
{
	unlink("good.mmdb");
	unlink("cut.mmdb");
	unlink("text.mmdb");
	unlink("empty.mmdb");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void test_countries(void **state)
{
	static const struct {
		const char *addr, *want;
	} rows[] = {{"192.0.2.0", "DE"}, {"192.0.2.255", "DE"}, {"192.0.3.0", ""},
			{"192.0.1.255", ""}, {"198.51.100.128", "FR"}, {"198.51.100.127", ""},
			{"203.0.113.1", ""}, {"203.0.113.2", ""}, {"203.0.113.3", ""},
			{"10.0.0.1", ""}, {"127.0.0.1", ""}, {"2001:db8::1", "US"},
			{"2001:db9::1", ""}, {"::1", ""}, {"ffff::", ""}};
	char why[SP_GEO_WHY], out[4];
	struct sp_geo *g = sp_geo_open("good.mmdb", why);

	assert_non_null(g);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		uint8_t addr[16] = {0};
		int family = strchr(rows[i].addr, ':') != NULL ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(family, rows[i].addr, addr), 1);
		memset(out, 'x', sizeof(out));
		assert_int_equal(sp_geo_country(g, (uint32_t)family, addr, out),
				rows[i].want[0] != '\0');
		assert_string_equal(out, rows[i].want);
	}
	double lat = 0, lon = 0;
	assert_true(sp_geo_place(g, AF_INET, (const uint8_t[16]){203, 0, 113, 65}, &lat, &lon));
	assert_true(lat == 52.52 && lon == 13.405);
	assert_true(sp_geo_place(g, AF_INET, (const uint8_t[16]){203, 0, 113, 127}, &lat, &lon));
	assert_true(lat == -33.5 && lon == -180);
	assert_false(sp_geo_place(g, AF_INET, (const uint8_t[16]){203, 0, 113, 129}, &lat, &lon));
	assert_false(sp_geo_place(g, AF_INET, (const uint8_t[16]){192, 0, 2, 1}, &lat, &lon));
	assert_false(sp_geo_place(g, AF_INET, (const uint8_t[16]){10, 0, 0, 1}, &lat, &lon));
	char owner[SP_GEO_NAME];
	uint32_t asn;
	assert_true(sp_geo_network(g, AF_INET, (const uint8_t[16]){203, 0, 113, 161}, &asn, owner));
	assert_int_equal(asn, 64500);
	assert_string_equal(owner, "Example Net");
	assert_true(sp_geo_network(g, AF_INET, (const uint8_t[16]){203, 0, 113, 177}, &asn, owner));
	assert_int_equal(asn, 4200000000);
	assert_string_equal(owner, "");
	assert_false(sp_geo_network(
			g, AF_INET, (const uint8_t[16]){203, 0, 113, 193}, &asn, owner));
	assert_false(sp_geo_network(g, AF_INET, (const uint8_t[16]){192, 0, 2, 1}, &asn, owner));
	assert_int_equal(asn, 0);
	assert_string_equal(owner, "");
	/* Replaced by renaming, the open one stays what it is. */
	assert_int_equal(unlink("good.mmdb"), 0);
	assert_true(sp_geo_country(g, AF_INET, (const uint8_t[16]){192, 0, 2, 1}, out));
	sp_geo_close(g);
	sp_geo_close(NULL);
}

static void test_bad_files(void **state)
{
	char why[SP_GEO_WHY];

	assert_null(sp_geo_open("/nowhere/x.mmdb", why));
	assert_string_equal(why, "No such file or directory");
	assert_null(sp_geo_open("text.mmdb", why));
	assert_string_equal(why, "is no file in MMDB format");
	assert_null(sp_geo_open("cut.mmdb", why));
	assert_null(sp_geo_open("empty.mmdb", why));
	assert_true(why[0] != '\0');
	assert_null(sp_geo_open("/", why));
	assert_true(why[0] != '\0');
	sp_mem_fail_after(0);
	assert_null(sp_geo_open("text.mmdb", why));
	sp_mem_fail_after(-1);
	assert_string_equal(why, "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_bad_files),
			cmocka_unit_test(test_countries),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
