/* scan/probe_udp.h - one datagram each to RDP's UDP port and to a gateway's, and what comes back. */
#ifndef SP_SCAN_PROBE_UDP_H
#define SP_SCAN_PROBE_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_PROBE_UDP_MAX 1232

/* [MS-RDPEUDP] 2.2.2.1 with SYN: the first datagram of a connection that never follows. */
void sp_probe_udp_syn_write(struct sp_wr *w, uint32_t sequence);
/* A SYN of the other side? */
bool sp_probe_udp_syn_is(struct sp_span in);
/* [RFC 4347] 4.2.1: a DTLS hello, as gateways hear it on 3391. */
void sp_probe_udp_dtls_write(struct sp_wr *w, const uint8_t random[32]);
/* A DTLS handshake record or alert? */
bool sp_probe_udp_dtls_is(struct sp_span in);

#endif
