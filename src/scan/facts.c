/* scan/facts.c - see facts.h */
#include "scan/facts.h"

#include <string.h>

bool sp_scan_accepts(const struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t protocol)
{
	return f->nego[ask].answer == SP_SCAN_SELECTED && f->nego[ask].selected == protocol;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

#define ENDS(a) ends(a, sizeof(a))

static bool cert_valid(const struct sp_scan_cert *c)
{
	for (size_t i = 0; i < SP_SCAN_MAX_CERT_NAMES; i++) {
		if (!ENDS(c->names[i])) {
			return false;
		}
	}
	return ENDS(c->subject) && ENDS(c->issuer) && ENDS(c->serial) && ENDS(c->signature) &&
			c->key < SP_SCAN_KEY_COUNT && c->trusted < SP_SCAN_TRI_COUNT &&
			c->name_matches < SP_SCAN_TRI_COUNT;
}

static bool ntlm_valid(const struct sp_scan_ntlm *n)
{
	return ENDS(n->target) && ENDS(n->nb_domain) && ENDS(n->nb_computer) &&
			ENDS(n->dns_domain) && ENDS(n->dns_computer) && ENDS(n->dns_tree) &&
			n->kerberos < SP_SCAN_TRI_COUNT;
}

static bool web_valid(const struct sp_scan_web *w)
{
	for (size_t i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		if (w->present[i] >= SP_SCAN_TRI_COUNT) {
			return false;
		}
	}
	return w->open < SP_SCAN_TRI_COUNT && ENDS(w->server) && ntlm_valid(&w->ntlm) &&
			cert_valid(&w->cert);
}

static bool tls_valid(const struct sp_scan_tls *t)
{
	for (size_t i = 0; i < SP_SCAN_VERSIONS; i++) {
		if (t->version[i] >= SP_SCAN_TRI_COUNT) {
			return false;
		}
	}
	return t->n_ciphers <= SP_SCAN_MAX_CIPHERS && cert_valid(&t->cert);
}

bool sp_scan_facts_valid(const struct sp_scan_facts *f)
{
	for (size_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		if (f->nego[i].answer >= SP_SCAN_ANSWER_COUNT ||
				f->nego[i].n_evidence > SP_SCAN_EVIDENCE) {
			return false;
		}
	}
	return ENDS(f->host) && ENDS(f->address) && ENDS(f->why) && ENDS(f->family_why) &&
			f->reach < SP_SCAN_REACH_COUNT && f->family < SP_SCAN_FAMILY_COUNT &&
			f->udp_3389 < SP_SCAN_TRI_COUNT && f->udp_3391 < SP_SCAN_TRI_COUNT &&
			f->by_cookie < SP_SCAN_TRI_COUNT && tls_valid(&f->tls) &&
			ntlm_valid(&f->ntlm) && web_valid(&f->web);
}
