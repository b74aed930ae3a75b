/* gate/net/ja4.h - which program a client is, by its first TLS message. */
#ifndef SP_GATE_NET_JA4_H
#define SP_GATE_NET_JA4_H

#include "core/base/span.h"
#include "core/pdu/hello.h"

/* Empty where the message is none that can be read. It is a hint: whoever wants to looks like others. */
void sp_net_ja4(struct sp_span hello, char out[SP_JA4]);

#endif
