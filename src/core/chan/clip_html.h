/* core/chan/clip_html.h - "HTML Format" (CF_HTML) from and to plain HTML in UTF-8. */
#ifndef SP_CORE_CHAN_CLIP_HTML_H
#define SP_CORE_CHAN_CLIP_HTML_H

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Appends the header with its offsets, and html: as it is where it has an <html> or <body>
 * element, else put into one. Fragment marks that are there already stay.
 */
sp_nodiscard int sp_clip_html_write(struct sp_wr *w, struct sp_span html);
/*
 * The HTML behind the header, without the fragment's marks' outside when the offsets are sound:
 * *fragment is what was copied, *whole the document around it (both borrowed, never empty
 * pointers into nothing). SP_EFIELD when there is no such header; content without a header is
 * taken by its caller as it is.
 */
sp_nodiscard int sp_clip_html_read(
		struct sp_span wire, struct sp_span *whole, struct sp_span *fragment);

#endif
