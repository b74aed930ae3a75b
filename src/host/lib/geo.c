/* host/lib/geo.c - see geo.h. */
#include "host/lib/geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"

struct sp_geo {
	MMDB_s db;
};

struct sp_geo *sp_geo_open(const char *path, char why[SP_GEO_WHY])
{
	struct sp_geo *g = sp_calloc(1, sizeof(*g));

	why[0] = '\0';
	if (g == NULL) {
		snprintf(why, SP_GEO_WHY, "out of memory");
		return NULL;
	}
	errno = 0;
	int rc = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
	if (rc == MMDB_SUCCESS) {
		return g;
	}
	bool system = rc == MMDB_FILE_OPEN_ERROR || rc == MMDB_IO_ERROR;
	snprintf(why, SP_GEO_WHY, "%s",
			system && errno != 0 ? strerror(errno) : "is no file in MMDB format");
	sp_free(g);
	return NULL;
}

void sp_geo_close(struct sp_geo *g)
{
	if (g != NULL) {
		MMDB_close(&g->db);
		sp_free(g);
	}
}

static bool find(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], MMDB_entry_s *out)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u = {0};
	int rc;

	if (family == AF_INET) {
		u.v4.sin_family = AF_INET;
		memcpy(&u.v4.sin_addr, addr, 4);
	} else {
		u.v6.sin6_family = AF_INET6;
		memcpy(&u.v6.sin6_addr, addr, 16);
	}
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&g->db, &u.sa, &rc);
	*out = found.entry;
	return rc == MMDB_SUCCESS && found.found_entry;
}

bool sp_geo_country(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], char out[4])
{
	MMDB_entry_data_s data;
	MMDB_entry_s entry;

	memset(out, 0, 4);
	if (!find(g, family, addr, &entry)) {
		return false;
	}
	int rc = MMDB_get_value(&entry, &data, "country", "iso_code", NULL);
	if (rc != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
			data.data_size != 2) {
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!('A' <= data.utf8_string[i] && data.utf8_string[i] <= 'Z')) {
			out[0] = '\0';
			return false;
		}
		out[i] = data.utf8_string[i];
	}
	return true;
}

static bool degrees(MMDB_entry_s *entry, const char *name, double most, double *out)
{
	MMDB_entry_data_s data;
	int rc = MMDB_get_value(entry, &data, "location", name, NULL);

	if (rc != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_DOUBLE ||
			!(-most <= data.double_value && data.double_value <= most)) {
		return false;
	}
	*out = data.double_value;
	return true;
}

bool sp_geo_place(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], double *lat,
		double *lon)
{
	MMDB_entry_s entry;

	return find(g, family, addr, &entry) && degrees(&entry, "latitude", 90, lat) &&
			degrees(&entry, "longitude", 180, lon);
}

bool sp_geo_network(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], uint32_t *asn,
		char name[SP_GEO_NAME])
{
	MMDB_entry_data_s data;
	MMDB_entry_s entry;

	*asn = 0;
	name[0] = '\0';
	if (!find(g, family, addr, &entry) ||
			MMDB_get_value(&entry, &data, "autonomous_system_number", NULL) !=
					MMDB_SUCCESS ||
			!data.has_data || data.type != MMDB_DATA_TYPE_UINT32 || data.uint32 == 0) {
		return false;
	}
	*asn = data.uint32;
	if (MMDB_get_value(&entry, &data, "autonomous_system_organization", NULL) == MMDB_SUCCESS &&
			data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING) {
		snprintf(name, SP_GEO_NAME, "%.*s",
				(int)(data.data_size < SP_GEO_NAME ? data.data_size : SP_GEO_NAME),
				data.utf8_string);
	}
	return true;
}
