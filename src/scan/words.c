/* scan/words.c - see words.h */
#include "scan/words.h"

#include "core/base/attr.h"

static const char *of(const char *const *names, size_t n, uint32_t i)
{
	return i < n && names[i] != NULL ? names[i] : "?";
}

#define OF(names, i) of(names, SP_LEN(names), i)

const char *sp_scan_reach_name(uint32_t reach)
{
	static const char *const names[SP_SCAN_REACH_COUNT] = {[SP_SCAN_NOT_TRIED] = "not-tried",
			[SP_SCAN_NO_NAME] = "no-address",
			[SP_SCAN_REFUSED] = "refused",
			[SP_SCAN_SILENT] = "silent",
			[SP_SCAN_UNREACHABLE] = "unreachable",
			[SP_SCAN_MUTE] = "mute",
			[SP_SCAN_OTHER] = "other",
			[SP_SCAN_RDP] = "rdp"};

	return OF(names, reach);
}

const char *sp_scan_ask_name(uint32_t ask)
{
	static const char *const names[SP_SCAN_ASK_COUNT] = {[SP_SCAN_ASK_RDP] = "standard",
			[SP_SCAN_ASK_TLS] = "tls",
			[SP_SCAN_ASK_CREDSSP] = "credssp",
			[SP_SCAN_ASK_RDSTLS] = "rdstls",
			[SP_SCAN_ASK_EARLY] = "early",
			[SP_SCAN_ASK_AAD] = "aad"};

	return OF(names, ask);
}

const char *sp_scan_answer_name(uint32_t answer)
{
	static const char *const names[SP_SCAN_ANSWER_COUNT] = {[SP_SCAN_NOT_ASKED] = "not-asked",
			[SP_SCAN_SELECTED] = "selected",
			[SP_SCAN_DENIED] = "denied",
			[SP_SCAN_CLOSED] = "closed",
			[SP_SCAN_TIMEOUT] = "timeout",
			[SP_SCAN_NONSENSE] = "nonsense"};

	return OF(names, answer);
}

const char *sp_scan_protocol_name(uint32_t protocol)
{
	static const char *const names[] = {[0] = "Standard RDP Security",
			[1] = "TLS",
			[2] = "CredSSP",
			[4] = "RDSTLS",
			[8] = "CredSSP with early authorization",
			[16] = "RDS AAD"};

	return OF(names, protocol);
}

const char *sp_scan_code_name(uint32_t code)
{
	static const char *const names[] = {[1] = "SSL_REQUIRED_BY_SERVER",
			[2] = "SSL_NOT_ALLOWED_BY_SERVER",
			[3] = "SSL_CERT_NOT_ON_SERVER",
			[4] = "INCONSISTENT_FLAGS",
			[5] = "HYBRID_REQUIRED_BY_SERVER",
			[6] = "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"};

	return OF(names, code);
}

const char *sp_scan_tri_name(uint32_t tri)
{
	return tri == SP_SCAN_YES ? "yes" : tri == SP_SCAN_NO ? "no" : "unknown";
}

const char *sp_scan_version_name(uint32_t index)
{
	static const char *const names[SP_SCAN_VERSIONS] = {
			"SSL 2", "SSL 3", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

	return OF(names, index);
}

const char *sp_scan_version_id(uint32_t index)
{
	static const char *const names[SP_SCAN_VERSIONS] = {
			"ssl2", "ssl3", "tls1.0", "tls1.1", "tls1.2", "tls1.3"};

	return OF(names, index);
}

const char *sp_scan_family_name(uint32_t family)
{
	static const char *const names[SP_SCAN_FAMILY_COUNT] = {
			[SP_SCAN_FAMILY_UNKNOWN] = "unknown product",
			[SP_SCAN_FAMILY_WINDOWS] = "Windows",
			[SP_SCAN_FAMILY_XRDP] = "xrdp",
			[SP_SCAN_FAMILY_FREERDP] = "FreeRDP",
			[SP_SCAN_FAMILY_GRD] = "gnome-remote-desktop",
			[SP_SCAN_FAMILY_SALLYPORT] = "Sallyport"};

	return OF(names, family);
}

const char *sp_scan_family_id(uint32_t family)
{
	static const char *const names[SP_SCAN_FAMILY_COUNT] = {
			[SP_SCAN_FAMILY_UNKNOWN] = "unknown",
			[SP_SCAN_FAMILY_WINDOWS] = "windows",
			[SP_SCAN_FAMILY_XRDP] = "xrdp",
			[SP_SCAN_FAMILY_FREERDP] = "freerdp",
			[SP_SCAN_FAMILY_GRD] = "gnome-remote-desktop",
			[SP_SCAN_FAMILY_SALLYPORT] = "sallyport"};

	return OF(names, family);
}

const char *sp_scan_key_name(uint32_t key)
{
	static const char *const names[SP_SCAN_KEY_COUNT] = {[SP_SCAN_KEY_UNKNOWN] = "unknown",
			[SP_SCAN_KEY_RSA] = "RSA",
			[SP_SCAN_KEY_EC] = "EC",
			[SP_SCAN_KEY_ED] = "Edwards",
			[SP_SCAN_KEY_DSA] = "DSA"};

	return OF(names, key);
}

const char *sp_scan_path_name(uint32_t path)
{
	static const char *const names[SP_SCAN_PATH_COUNT] = {[SP_SCAN_RDWEB] = "rdweb",
			[SP_SCAN_RDG] = "rdgateway",
			[SP_SCAN_RPC] = "rpcproxy",
			[SP_SCAN_KDC] = "kdcproxy"};

	return OF(names, path);
}

const char *sp_scan_group_name(uint16_t group)
{
	static const struct {
		uint16_t group;
		const char *name;
	} names[] = {{0x0013, "P-192"}, {0x0015, "P-224"}, {0x0016, "secp256k1"}, {0x0017, "P-256"},
			{0x0018, "P-384"}, {0x0019, "P-521"}, {0x001d, "X25519"}, {0x001e, "X448"},
			{0x0100, "ffdhe2048"}, {0x0101, "ffdhe3072"}, {0x0102, "ffdhe4096"},
			{0x11ec, "X25519MLKEM768"}};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (names[i].group == group) {
			return names[i].name;
		}
	}
	return NULL;
}
