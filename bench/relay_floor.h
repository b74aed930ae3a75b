/* bench/relay_floor.h - the least that a relay between two TLS connections can cost. */
#ifndef SP_BENCH_RELAY_FLOOR_H
#define SP_BENCH_RELAY_FLOOR_H

#include "core/base/span.h"

/*
 * CPU seconds per gigabyte of a process that does nothing but SSL_read and SSL_write of 16 KiB
 * records, over loopback, for so many seconds. Negative when that is not possible.
 */
double relay_floor(struct sp_span cert_pem, struct sp_span key_pem, double seconds);

#endif
