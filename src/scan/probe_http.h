/* scan/probe_http.h - HTTP/1.1 as far as a gateway is found by it: requests, heads of answers. */
#ifndef SP_SCAN_PROBE_HTTP_H
#define SP_SCAN_PROBE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "scan/facts.h"

#define SP_PROBE_HTTP_HEAD (16 * 1024)
#define SP_PROBE_HTTP_TOKEN 4096 /* bytes of a login's token */

struct sp_probe_http {
	uint16_t status;
	uint32_t auth; /* SP_SCAN_AUTH_* that WWW-Authenticate offers */
	bool has_length, close; /* close: no other request can follow */
	uint64_t length; /* of the body; 0 where there is none */
	char server[SP_SCAN_TEXT]; /* the Server header */
	bool to_rdweb; /* Location leads to RDWeb */
	struct sp_span token; /* base64, what stands behind NTLM or Negotiate; borrowed */
};

/*
 * One request. host may be an address; with ntlm it brings an NTLM NEGOTIATE under that scheme, or
 * under Negotiate.
 */
void sp_probe_http_write(struct sp_wr *w, enum sp_scan_path path, const char *host, uint16_t port,
		uint32_t ntlm);
/*
 * The head of an answer: its size, 0 while it is not all there, SP_EFIELD and the like when it is
 * none. An answer to HEAD or the like has no body, whatever it says: not asked for here.
 */
sp_nodiscard int sp_probe_http_read(struct sp_span in, struct sp_probe_http *out);
/* Decodes base64 up to the first byte that is none; how many bytes. */
size_t sp_probe_base64_read(struct sp_span in, uint8_t *out, size_t cap);
/* Is the service there? all_same: whatever was asked, the host answered the same status. */
enum sp_scan_tri sp_probe_http_present(
		enum sp_scan_path path, const struct sp_probe_http *m, bool all_same);

#endif
