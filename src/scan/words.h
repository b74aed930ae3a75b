/* scan/words.h - the names of what facts hold as numbers; all static. */
#ifndef SP_SCAN_WORDS_H
#define SP_SCAN_WORDS_H

#include <stdint.h>

#include "scan/facts.h"

/* "rdp", "refused", "silent"... for programs. */
const char *sp_scan_reach_name(uint32_t reach);
/* "standard", "tls", "credssp", "rdstls", "early", "aad". */
const char *sp_scan_ask_name(uint32_t ask);
/* "selected", "denied", "closed", "timeout", "nonsense", "not-asked". */
const char *sp_scan_answer_name(uint32_t answer);
/* "Standard RDP Security", "TLS", "CredSSP"...; "?" for a number that is no protocol. */
const char *sp_scan_protocol_name(uint32_t protocol);
/* A failureCode: "SSL_REQUIRED_BY_SERVER"; "?" for an unknown one. */
const char *sp_scan_code_name(uint32_t code);
/* "yes", "no", "unknown". */
const char *sp_scan_tri_name(uint32_t tri);
/* By index of sp_scan_tls.version: "TLS 1.2". */
const char *sp_scan_version_name(uint32_t index);
/* "tls1.2" */
const char *sp_scan_version_id(uint32_t index);
/* "Windows", "xrdp", "FreeRDP", "gnome-remote-desktop", "Sallyport", "unknown". */
const char *sp_scan_family_name(uint32_t family);
/* "windows", "xrdp", "freerdp"... for programs. */
const char *sp_scan_family_id(uint32_t family);
/* "RSA", "EC"...; "unknown". */
const char *sp_scan_key_name(uint32_t key);
/* "rdweb", "rdgateway", "rpcproxy", "kdcproxy". */
const char *sp_scan_path_name(uint32_t path);
/* A named group: "X25519", "P-256"; NULL for others. */
const char *sp_scan_group_name(uint16_t group);

#endif
