/* scan/render_prometheus.c - gauges for the textfile collector; the lines of a metric stand together. */
#include <stdio.h>

#include "scan/report_part.h"
#include "scan/words.h"

enum metric {
	UP,
	FINDING,
	NLA,
	PROTOCOL,
	CERT,
	DURATION,
	METRICS
};

#define PREFIX "sallyport_scan_"

static const struct {
	const char *name, *help;
} metrics[METRICS] = {[UP] = {"up", "1 where RDP answered."},
		[FINDING] = {"finding", "1 per check that hits an endpoint."},
		[NLA] = {"nla", "1 for what was found of Network Level Authentication."},
		[PROTOCOL] = {"protocol", "1 where the protocol is accepted, 0 where it is not."},
		[CERT] = {"cert_not_after_seconds",
				"End of the certificate's validity, Unix time."},
		[DURATION] = {"duration_seconds", "How long the endpoint took."}};

static void head(struct sp_scan_report *r, const char *name, const char *help)
{
	fprintf(r->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s gauge\n", name, help, name);
}

/* The name and what names the endpoint; more labels and the value follow. */
static void series(struct sp_scan_report *r, const struct sp_scan_facts *f, const char *name)
{
	fprintf(r->out, PREFIX "%s{host=", name);
	sp_scan_put_label(r->out, f->host);
	fputs(",address=", r->out);
	sp_scan_put_label(r->out, f->address);
	fprintf(r->out, ",port=\"%u\"", f->port);
}

static void protocols(struct sp_scan_report *r, const struct sp_scan_facts *f, const char *name)
{
	static const uint32_t numbers[] = {0, 1, 2, 4, 16};
	static const char *const names[] = {"standard", "tls", "credssp", "rdstls", "aad"};

	for (size_t i = 0; i < SP_LEN(numbers); i++) {
		bool accepted = false, asked = false;
		for (uint32_t k = 0; k < SP_SCAN_ASK_COUNT; k++) {
			const struct sp_scan_nego *n = &f->nego[k];
			uint32_t selected = n->selected == 8 ? 2 : n->selected;
			asked = asked || n->answer != SP_SCAN_NOT_ASKED;
			accepted = accepted ||
					(n->answer == SP_SCAN_SELECTED && selected == numbers[i]);
		}
		if (asked) {
			series(r, f, name);
			fprintf(r->out, ",protocol=\"%s\"} %d\n", names[i], accepted);
		}
	}
}

static void begin(struct sp_scan_report *r)
{
	if (!r->totals.interrupted) {
		head(r, "last_success_timestamp", "When the scan ended, Unix time.");
		fprintf(r->out, PREFIX "last_success_timestamp %lld\n", (long long)r->o.judge.now);
	}
	head(r, "endpoints", "Endpoints by what was reached.");
	for (unsigned i = 0; i < SP_SCAN_REACH_COUNT; i++) {
		fprintf(r->out, PREFIX "endpoints{reach=\"%s\"} %llu\n", sp_scan_reach_name(i),
				(unsigned long long)r->totals.reach[i]);
	}
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	const struct sp_scan_facts *f = &e->f;
	const char *name = metrics[r->pass].name;

	if (r->written == 0) {
		head(r, name, metrics[r->pass].help);
	}
	switch ((enum metric)r->pass) {
	case UP:
		series(r, f, name);
		fprintf(r->out, ",product=\"%s\"} %d\n", sp_scan_family_id(f->family),
				f->reach == SP_SCAN_RDP);
		break;
	case FINDING:
		for (size_t i = 0; i < e->j.n; i++) {
			series(r, f, name);
			fprintf(r->out, ",id=\"%s\",severity=\"%s\",confidence=\"%s\"} 1\n",
					e->j.finding[i].check->id,
					sp_scan_severity_name(e->j.finding[i].severity),
					sp_scan_confidence_name(e->j.finding[i].confidence));
		}
		break;
	case NLA:
		if (f->reach == SP_SCAN_RDP) {
			series(r, f, name);
			fprintf(r->out, ",nla=\"%s\"} 1\n", sp_scan_nla_name(e->j.nla));
		}
		break;
	case PROTOCOL:
		protocols(r, f, name);
		break;
	case CERT:
		if (f->tls.cert.seen) {
			series(r, f, name);
			fprintf(r->out, "} %lld\n", (long long)f->tls.cert.not_after);
		}
		break;
	default:
		series(r, f, name);
		fprintf(r->out, "} %u.%03u\n", f->took_ms / 1000, f->took_ms % 1000);
		break;
	}
}

static void end(struct sp_scan_report *r)
{
	(void)r;
}

const struct sp_scan_renderer sp_scan_as_prometheus = {
		.passes = METRICS, .begin = begin, .endpoint = endpoint, .end = end};
