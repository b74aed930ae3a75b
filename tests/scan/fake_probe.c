/* tests/scan/fake_probe.c - stands where sp-probe does, and dies, hangs or lies by the port it is asked. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"
#include "scan/probe_link.h"

#define FOREVER_US (600 * UINT64_C(1000000))

static struct sp_ipc_msg in;
static struct sp_scan_facts facts;

static void answer(const struct sp_probe_order *o)
{
	memset(&facts, 0, sizeof(facts));
	facts.number = o->number;
	facts.reach = SP_SCAN_RDP;
	/* What it says of the question is not believed. */
	memcpy(facts.host, "somebody else", 14);
	memcpy(facts.address, "198.51.100.66", 14);
	(void)!sp_ipc_send(SP_PROBE_FD, SP_PROBE_FACTS, &facts, sizeof(facts), NULL, 0);
}

int main(void)
{
	struct sp_probe_mark *mark = mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE, MAP_SHARED,
			SP_PROBE_FD_MARK, 0);
	struct sp_probe_order o;

	sp_hostlog_open_raw(SP_LOG_INFO);
	if (mark == MAP_FAILED ||
			sp_ipc_wait(SP_PROBE_FD, &in, 0, sp_now_us() + FOREVER_US) != SP_OK ||
			sp_ipc_send(SP_PROBE_FD, SP_PROBE_READY, NULL, 0, NULL, 0) != SP_OK) {
		return 1;
	}
	while (sp_ipc_wait(SP_PROBE_FD, &in, 0, sp_now_us() + FOREVER_US) == SP_OK) {
		if (sp_ipc_body(&in, &o, sizeof(o)) != SP_OK) {
			return 1;
		}
		mark->number = o.number + 1;
		mark->turn++;
		switch (sp_addr_port(&o.to)) {
		case 1:
			raise(SIGKILL);
			break;
		case 2:
			for (;;) {
				pause();
			}
		case 3: /* a text without an end */
			memset(&facts, 'x', sizeof(facts));
			facts.number = o.number;
			(void)!sp_ipc_send(SP_PROBE_FD, SP_PROBE_FACTS, &facts, sizeof(facts), NULL,
					0);
			break;
		case 4: /* twice */
			answer(&o);
			answer(&o);
			break;
		case 5: /* without having said on what */
			mark->number = 0;
			raise(SIGKILL);
			break;
		default:
			answer(&o);
			break;
		}
		mark->number = 0;
	}
	return 0;
}
