/* gate/ship/http.h - as much of HTTP/1.1 as a metrics page and a webhook need. */
#ifndef SP_GATE_SHIP_HTTP_H
#define SP_GATE_SHIP_HTTP_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

#define SP_HTTP_MAX 4096 /* bytes of a request, and of what is read of an answer */

struct sp_http_request {
	struct sp_span method, path; /* path without what stands behind '?' */
};

/*
 * A request's line and headers, up to the empty line; a body is not read. Bytes of it, 0 while more
 * are needed; SP_EFIELD, SP_ELIMIT. The spans are in `in`.
 */
sp_nodiscard int sp_http_request_read(struct sp_span in, struct sp_http_request *out);
/*
 * The status of an answer, as soon as its first line is there: 200 to 599. 0: more is needed. Those
 * below only say that it will come, whether asked for that or not [RFC 9110, 15.2].
 */
sp_nodiscard int sp_http_status_read(struct sp_span in);

#endif
