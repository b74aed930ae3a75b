/* scan/facts.h - what an endpoint let us see, without any opinion on it. */
#ifndef SP_SCAN_FACTS_H
#define SP_SCAN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

/*
 * sp-probe fills one per endpoint and hands it over as it lies in memory, both being one build on
 * one machine. Every text is UTF-8 in an array that holds its NUL, and comes from a stranger:
 * whoever prints it escapes it. A structure is zeroed before it is filled, and 0 always means that
 * nothing is known.
 */
#define SP_SCAN_TEXT 256
#define SP_SCAN_EVIDENCE 48 /* bytes of an answer that are kept as evidence */
#define SP_SCAN_MAX_CIPHERS 48
#define SP_SCAN_MAX_CERT_NAMES 8
#define SP_SCAN_HASH 32

/* A question whose answer may be missing: not asked, or nobody could tell. */
enum sp_scan_tri {
	SP_SCAN_UNKNOWN,
	SP_SCAN_NO,
	SP_SCAN_YES,
	SP_SCAN_TRI_COUNT
};

enum sp_scan_reach {
	SP_SCAN_NOT_TRIED,
	SP_SCAN_NO_NAME, /* the name has no address */
	SP_SCAN_REFUSED, /* the port is closed */
	SP_SCAN_SILENT, /* no answer to the connection: filtered, or no such host */
	SP_SCAN_UNREACHABLE, /* the network said so */
	SP_SCAN_MUTE, /* connected, and not a byte of RDP came back in time */
	SP_SCAN_OTHER, /* connected, and something else than RDP answered */
	SP_SCAN_RDP, /* an RDP service */
	SP_SCAN_REACH_COUNT,
};

/* The sets of protocols that are asked for, one connection each ([MS-RDPBCGR] 2.2.1.1.1). */
enum sp_scan_ask {
	SP_SCAN_ASK_RDP, /* requestedProtocols 0x00 */
	SP_SCAN_ASK_TLS, /* 0x01 */
	SP_SCAN_ASK_CREDSSP, /* 0x03: HYBRID, SSL */
	SP_SCAN_ASK_RDSTLS, /* 0x04 */
	SP_SCAN_ASK_EARLY, /* 0x0b: HYBRID_EX, HYBRID, SSL */
	SP_SCAN_ASK_AAD, /* 0x10 */
	SP_SCAN_ASK_COUNT,
};

enum sp_scan_answer {
	SP_SCAN_NOT_ASKED,
	SP_SCAN_SELECTED, /* RDP_NEG_RSP; or a confirm without one, which selects 0 and is old */
	SP_SCAN_DENIED, /* RDP_NEG_FAILURE */
	SP_SCAN_CLOSED, /* the connection ended instead */
	SP_SCAN_TIMEOUT,
	SP_SCAN_NONSENSE, /* not a connection confirm */
	SP_SCAN_ANSWER_COUNT,
};

struct sp_scan_nego {
	uint32_t answer; /* enum sp_scan_answer */
	uint32_t selected; /* SELECTED: selectedProtocol */
	uint32_t code; /* DENIED: failureCode */
	uint8_t flags; /* SELECTED: of RDP_NEG_RSP */
	uint8_t bare; /* SELECTED: the confirm had no RDP_NEG_RSP */
	uint8_t n_evidence;
	uint8_t evidence[SP_SCAN_EVIDENCE]; /* the first bytes of the answer */
};

/* Standard RDP Security, asked only where it was selected ([MS-RDPBCGR] 2.2.1.4). */
struct sp_scan_legacy {
	uint32_t asked; /* 1: the rest is known */
	uint32_t methods; /* accepted, ENCRYPTION_METHOD bits: 1 40 bit, 2 128 bit, 8 56 bit, 0x10 FIPS */
	uint32_t level; /* highest encryptionLevel that was answered: 0 none .. 4 FIPS */
	uint32_t lowest; /* the lowest one */
	uint32_t none; /* 1: accepts no encryption at all (method 0) */
	uint32_t proprietary; /* 1: its key comes in a proprietary certificate, 2: in X.509 */
	uint32_t key_bits; /* of that RSA key; 0: not told */
};

/* By TLS version: 0 SSL 2, 1 SSL 3, 2 TLS 1.0, 3 1.1, 4 1.2, 5 1.3. */
#define SP_SCAN_VERSIONS 6

enum sp_scan_key {
	SP_SCAN_KEY_UNKNOWN,
	SP_SCAN_KEY_RSA,
	SP_SCAN_KEY_EC,
	SP_SCAN_KEY_ED,
	SP_SCAN_KEY_DSA,
	SP_SCAN_KEY_COUNT
};

struct sp_scan_cert {
	uint32_t seen; /* 1: the rest is known */
	uint32_t chain; /* certificates that were sent */
	char subject[SP_SCAN_TEXT]; /* RFC 4514 */
	char issuer[SP_SCAN_TEXT];
	char names[SP_SCAN_MAX_CERT_NAMES]
		  [SP_SCAN_TEXT]; /* subjectAltName: DNS and IP; empty ones at the end */
	char serial[48]; /* hex */
	char signature[48]; /* "sha256WithRSAEncryption" */
	uint32_t key; /* enum sp_scan_key */
	uint32_t key_bits;
	uint32_t self_signed; /* 1: issuer is subject and the signature fits */
	uint32_t trusted; /* enum sp_scan_tri: by this system's authorities, for a server, whatever its name */
	uint32_t name_matches; /* enum sp_scan_tri: names the host as it was given */
	uint32_t eku; /* 0: no such extension; bit 0 serverAuth, bit 1 Remote Desktop (1.3.6.1.4.1.311.54.1.2), bit 2 any, bit 3 others */
	uint32_t ca; /* 1: may sign others */
	int64_t not_before, not_after; /* seconds since 1970 */
	uint8_t sha256[SP_SCAN_HASH]; /* of the certificate */
	uint8_t spki[SP_SCAN_HASH]; /* of its SubjectPublicKeyInfo */
};

struct sp_scan_tls {
	uint32_t asked; /* 1: versions are known as far as they are not UNKNOWN */
	uint32_t version[SP_SCAN_VERSIONS]; /* enum sp_scan_tri: accepted */
	/* What it accepted up to TLS 1.2, in the order in which it chose; not a complete list of strong ones. */
	uint32_t n_ciphers;
	uint16_t cipher[SP_SCAN_MAX_CIPHERS]; /* IANA numbers */
	uint16_t best; /* what was chosen from all that a modern client offers */
	uint16_t best_version; /* 0x0304 */
	uint32_t dh_bits; /* the smallest finite field group that was seen; 0: none */
	uint16_t group; /* named group of the best exchange; 0: none */
	uint16_t weak_group; /* a curve below 224 bits that was accepted; 0: none */
	struct sp_scan_cert cert;
};

/* From a CredSSP exchange that ends with the server's challenge; no name and no secret is sent. */
struct sp_scan_ntlm {
	uint32_t asked; /* 1 */
	uint32_t challenged; /* 1: an NTLM CHALLENGE came, the rest is from it */
	uint32_t credssp; /* the server's TSRequest version; 0: unknown */
	uint32_t kerberos; /* enum sp_scan_tri: negotiates Kerberos (SPNEGO) */
	uint32_t error; /* an errorCode in place of a challenge */
	char target[SP_SCAN_TEXT];
	char nb_domain[SP_SCAN_TEXT], nb_computer[SP_SCAN_TEXT];
	char dns_domain[SP_SCAN_TEXT], dns_computer[SP_SCAN_TEXT], dns_tree[SP_SCAN_TEXT];
	uint8_t major, minor; /* of Windows; 0.0 when VERSION was not sent */
	uint16_t build;
	int64_t time; /* MsvAvTimestamp, seconds since 1970; 0: not sent */
	int64_t skew_ms; /* its clock less ours, only with time */
};

/* What answers on 443 (or the port that was given for it). */
enum sp_scan_path {
	SP_SCAN_RDWEB, /* /RDWeb/ */
	SP_SCAN_RDG, /* RDG_OUT_DATA /remoteDesktopGateway/ */
	SP_SCAN_RPC, /* RPC_OUT_DATA /rpc/rpcproxy.dll */
	SP_SCAN_KDC, /* /KdcProxy */
	SP_SCAN_PATH_COUNT,
};
#define SP_SCAN_AUTH_BASIC 1u
#define SP_SCAN_AUTH_NTLM 2u
#define SP_SCAN_AUTH_NEGOTIATE 4u
#define SP_SCAN_AUTH_BEARER 8u
#define SP_SCAN_AUTH_OTHER 16u

struct sp_scan_web {
	uint32_t asked; /* 1 */
	uint32_t open; /* enum sp_scan_tri: HTTPS answered */
	uint16_t port;
	uint16_t status[SP_SCAN_PATH_COUNT]; /* 0: no answer */
	uint32_t present[SP_SCAN_PATH_COUNT]; /* enum sp_scan_tri: judged from status and headers */
	uint32_t auth[SP_SCAN_PATH_COUNT]; /* SP_SCAN_AUTH_* offered with 401 */
	char server[SP_SCAN_TEXT]; /* the Server header */
	uint32_t challenged; /* 1: ntlm comes from there */
	struct sp_scan_ntlm ntlm;
	struct sp_scan_cert cert;
};

enum sp_scan_family {
	SP_SCAN_FAMILY_UNKNOWN,
	SP_SCAN_FAMILY_WINDOWS,
	SP_SCAN_FAMILY_XRDP,
	SP_SCAN_FAMILY_FREERDP, /* freerdp-shadow and servers built on its library, such as weston's */
	SP_SCAN_FAMILY_GRD, /* gnome-remote-desktop */
	SP_SCAN_FAMILY_SALLYPORT,
	SP_SCAN_FAMILY_COUNT,
};

/* An endpoint: one address, one port. */
struct sp_scan_facts {
	uint64_t number; /* of the endpoint in this scan, from 0 */
	char host[SP_SCAN_TEXT]; /* as it was asked for: a name or an address */
	char address[64]; /* that was tried, without port; empty: none */
	uint16_t port;
	uint32_t lone; /* 1: asked for by itself, and not as one of a network */
	uint32_t reach; /* enum sp_scan_reach */
	char why[SP_SCAN_TEXT]; /* in words, when it is not RDP or something was cut short */
	int64_t started_ms; /* since 1970 */
	uint32_t took_ms;
	uint32_t connections; /* that were made */
	struct sp_scan_nego nego[SP_SCAN_ASK_COUNT];
	uint32_t rdp_version; /* serverCore version, 0x00080004...; 0: not seen */
	struct sp_scan_legacy legacy;
	struct sp_scan_tls tls;
	struct sp_scan_ntlm ntlm;
	struct sp_scan_web web;
	uint32_t udp_3389, udp_3391; /* enum sp_scan_tri; UNKNOWN also where nothing came back */
	uint32_t by_cookie; /* enum sp_scan_tri: answers differ by the name in the cookie */
	uint32_t family; /* enum sp_scan_family: as far as the answers show */
	char family_why[SP_SCAN_TEXT]; /* what shows it */
};

/* "open to NLA only", and so on, is for those who judge; these only say what was seen. */
bool sp_scan_accepts(const struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t protocol);
/* Texts end, counts and enums are within their bounds: what came over a pipe may be used. */
bool sp_scan_facts_valid(const struct sp_scan_facts *f);

#endif
