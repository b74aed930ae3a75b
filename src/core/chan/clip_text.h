/* core/chan/clip_text.h - CF_UNICODETEXT from and to UTF-8. */
#ifndef SP_CORE_CHAN_CLIP_TEXT_H
#define SP_CORE_CHAN_CLIP_TEXT_H

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Appends UTF-8 as UTF-16LE with a NUL; a line that ends in LF alone ends in CR LF. Ends at a
 * NUL; what is no UTF-8 becomes U+FFFD. The writer's error, SP_ESPACE when it is too much.
 */
sp_nodiscard int sp_clip_text_write(struct sp_wr *w, struct sp_span utf8);
/*
 * Appends the text up to its NUL or its end as UTF-8 without a NUL; CR LF becomes LF. Lone
 * surrogates become U+FFFD, an odd last byte is ignored.
 */
sp_nodiscard int sp_clip_text_read(struct sp_span wire, struct sp_wr *utf8);

#endif
