/* scan/probe.c - see probe.h. */
#include "scan/probe.h"

#include <stdio.h>
#include <string.h>

#define LOST_MAX 4 /* then nobody waits any longer */

/* ---- which questions, in which order ---- */

static bool ask(struct sp_probe *p, struct sp_probe_task *task, enum sp_scan_ask what)
{
	if (p->round > 0) {
		return false;
	}
	task->ask = what;
	return true;
}

/* The widest set first: every service says something to it. */
static bool ask_early(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask(p, task, SP_SCAN_ASK_EARLY);
}

static bool ask_rdp(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask(p, task, SP_SCAN_ASK_RDP);
}

static bool is_rdp(const struct sp_probe *p)
{
	return p->facts.reach == SP_SCAN_RDP;
}

static bool ask_credssp(struct sp_probe *p, struct sp_probe_task *task)
{
	return is_rdp(p) && ask(p, task, SP_SCAN_ASK_CREDSSP);
}

static bool ask_tls(struct sp_probe *p, struct sp_probe_task *task)
{
	return is_rdp(p) && ask(p, task, SP_SCAN_ASK_TLS);
}

static bool ask_rdstls(struct sp_probe *p, struct sp_probe_task *task)
{
	return is_rdp(p) && ask(p, task, SP_SCAN_ASK_RDSTLS);
}

static bool ask_aad(struct sp_probe *p, struct sp_probe_task *task)
{
	return is_rdp(p) && ask(p, task, SP_SCAN_ASK_AAD);
}

/* Each fills in one question and says whether there is one. */
static bool (*const questions[])(struct sp_probe *p, struct sp_probe_task *task) = {
		ask_early,
		ask_rdp,
		ask_credssp,
		ask_tls,
		ask_rdstls,
		ask_aad,
};

void sp_probe_begin(struct sp_probe *p, const struct sp_probe_order *order, int64_t now_ms)
{
	memset(p, 0, sizeof(*p));
	p->order = *order;
	p->facts.number = order->number;
	memcpy(p->facts.host, order->host, sizeof(p->facts.host));
	p->facts.host[sizeof(p->facts.host) - 1] = '\0';
	char text[SP_ADDR_TEXT_MAX];
	sp_addr_host_text(&order->to, text);
	snprintf(p->facts.address, sizeof(p->facts.address), "%.*s",
			(int)sizeof(p->facts.address) - 1, text);
	p->facts.port = sp_addr_port(&order->to);
	p->facts.started_ms = now_ms;
}

bool sp_probe_next(struct sp_probe *p, struct sp_probe_task *task)
{
	while (!p->over && p->step < SP_LEN(questions)) {
		*task = (struct sp_probe_task){.port = p->facts.port};
		if (questions[p->step](p, task)) {
			p->round++;
			return true;
		}
		p->step++;
		p->round = 0;
	}
	return false;
}

/* ---- what answers show ---- */

static const char *reach_text(enum sp_scan_reach how)
{
	switch (how) {
	case SP_SCAN_REFUSED:
		return "the port is closed";
	case SP_SCAN_SILENT:
		return "no answer to the connection";
	case SP_SCAN_UNREACHABLE:
		return "the network says that it cannot be reached";
	case SP_SCAN_MUTE:
		return "connected, and no answer came";
	case SP_SCAN_OTHER:
		return "something else than RDP answered";
	default:
		return "";
	}
}

static void say(struct sp_probe *p, const char *why)
{
	if (p->facts.why[0] == '\0') {
		snprintf(p->facts.why, sizeof(p->facts.why), "%s", why);
	}
}

void sp_probe_cut(struct sp_probe *p, const char *why)
{
	say(p, why);
	p->over = true;
}

static void reached(struct sp_probe *p, enum sp_scan_reach how)
{
	p->facts.reach = how;
	say(p, reach_text(how));
	p->over = true;
}

static void count_lost(struct sp_probe *p)
{
	if (++p->lost >= LOST_MAX) {
		sp_probe_cut(p, "cut short: too many answers did not come in time");
	}
}

void sp_probe_unreached(
		struct sp_probe *p, const struct sp_probe_task *task, enum sp_scan_reach how)
{
	if (p->facts.reach != SP_SCAN_RDP) {
		reached(p, how);
		return;
	}
	(void)task;
	count_lost(p);
}

static void nego_answer(
		struct sp_probe *p, const struct sp_probe_task *task, const struct sp_scan_nego *n)
{
	if (!task->other_name) {
		p->facts.nego[task->ask] = *n;
	}
	switch (n->answer) {
	case SP_SCAN_SELECTED:
	case SP_SCAN_DENIED:
		if (p->facts.reach != SP_SCAN_RDP) {
			p->facts.reach = SP_SCAN_RDP;
			p->facts.why[0] = '\0';
		}
		break;
	case SP_SCAN_NONSENSE:
		if (p->facts.reach != SP_SCAN_RDP) {
			reached(p, SP_SCAN_OTHER);
		}
		break;
	case SP_SCAN_TIMEOUT:
		count_lost(p);
		break;
	default:
		break;
	}
	/* Some old service closes where it does not know what it is asked for: asked twice. */
	if (p->facts.reach == SP_SCAN_NOT_TRIED && task->ask == SP_SCAN_ASK_RDP) {
		reached(p, SP_SCAN_MUTE);
	}
}

void sp_probe_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	nego_answer(p, task, &r->nego);
}
