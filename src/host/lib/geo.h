/* host/lib/geo.h - the country of an address, and whose network it is, by files in MaxMind's MMDB format. */
#ifndef SP_HOST_LIB_GEO_H
#define SP_HOST_LIB_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"

#define SP_GEO_WHY 192
#define SP_GEO_NAME 96

struct sp_geo; /* an open file; it stays mapped, so a new one is moved into its place */

/* NULL and why in words, without the path. */
sp_nodiscard struct sp_geo *sp_geo_open(const char *path, char why[SP_GEO_WHY]);
/* Accepts NULL. */
void sp_geo_close(struct sp_geo *g);
/*
 * The ISO 3166-1 code of the country that the file has for an address (AF_INET or AF_INET6,
 * network order), two capitals and a NUL. False, and out empty, when it has none.
 */
bool sp_geo_country(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], char out[4]);
/* Where it is, in degrees, by a file of cities. False where the file has no place for it. */
bool sp_geo_place(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], double *lat,
		double *lon);
/*
 * The number of its autonomous system, and who that is ("" where the file does not say; what is
 * longer is cut), by a file of those. False where it has none.
 */
bool sp_geo_network(const struct sp_geo *g, uint32_t family, const uint8_t addr[16], uint32_t *asn,
		char name[SP_GEO_NAME]);

#endif
