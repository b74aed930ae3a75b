/* scan/checks.c - the catalogue: every check, why it matters and how it is mended. */
#include <string.h>

#include "core/base/attr.h"
#include "scan/report_part.h"

/* Paths of Windows' group policy. */
#define GPO "Computer Configuration > Policies > Administrative Templates > "
#define RDS GPO "Windows Components > Remote Desktop Services > Remote Desktop Session Host > "
#define RDS_SECURITY RDS "Security > "
#define CRYPTO GPO "Network > SSL Configuration Settings > "
#define SCHANNEL "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"

#define CERT_WINDOWS \
	"Issue a certificate from your authority with the template named in " RDS_SECURITY \
	"\"Server authentication certificate template\"."
#define CERT_XRDP "Set certificate= and key_file= in [Globals] of /etc/xrdp/xrdp.ini."
#define CERT_GRD "grdctl rdp set-tls-cert FILE, grdctl rdp set-tls-key FILE."
#define CERT_HERE "Name a certificate from your authority with `certificate` in sallyport.conf."
#define TLS_XRDP \
	"Set ssl_protocols=TLSv1.2, TLSv1.3 and tls_ciphers=HIGH:!kRSA:!aNULL:!3DES:!RC4 in " \
	"[Globals] of /etc/xrdp/xrdp.ini."
#define TLS_GRD \
	"It takes what the system's TLS library permits: raise that one's policy or update it."
#define NLA_FREERDP \
	"freerdp-shadow: start it with /sec:nla and /sam-file:FILE. weston has no NLA: put a " \
	"gateway " \
	"that requires it in front."
#define CERT_FREERDP \
	"weston: --rdp-tls-cert=FILE and --rdp-tls-key=FILE. freerdp-shadow reads its own from " \
	"~/.config/freerdp/shadow/shadow.crt and shadow.key: put yours there."
#define BASELINE "Find out who changed it; if it is meant, save this report as the new baseline."
#define UPDATE_UNIX "Update the package; it has no switch for this."

#define MS_NLA \
	"https://learn.microsoft.com/windows-server/remote/remote-desktop-services/clients/" \
	"remote-desktop-allow-access"
#define MS_SCHANNEL "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings"
#define MS_LIFECYCLE "https://learn.microsoft.com/lifecycle/products/"
#define MS_GUARD \
	"https://learn.microsoft.com/windows/security/identity-protection/remote-credential-guard"
#define NVD(id) "https://nvd.nist.gov/vuln/detail/" id

static const struct sp_scan_check checks[] = {
		{.id = "RDP-001",
				.title = "RDP is open to the internet",
				.severity = SP_SCAN_HIGH,
				.why = "Whoever can reach the port can guess passwords and use the "
				       "next flaw in "
				       "what stands before the login. Open RDP is the most usual "
				       "way in for "
				       "ransomware.",
				.fix_windows = "Close the port at the edge. Let people in through "
					       "a VPN or an RD "
					       "Gateway with a second factor, and limit the scope "
					       "of the rule "
					       "\"Remote Desktop - User Mode (TCP-In)\" in Windows "
					       "Defender Firewall.",
				.fix_xrdp = "Close the port at the edge or listen inside only: "
					    "port=tcp://ADDRESS:3389 in [Globals] of "
					    "/etc/xrdp/xrdp.ini.",
				.fix_grd = "Close the port at the edge or in the machine's own "
					   "firewall.",
				.fix_sallyport = "Load the rules that `sallyport firewall` writes, "
						 "or let `listen` name "
						 "only the VPN's address.",
				.references = "https://www.cisa.gov/stopransomware/"
					      "ransomware-guide"},
		{.id = "RDP-002",
				.title = "Standard RDP Security is accepted",
				.severity = SP_SCAN_CRITICAL,
				.why = "This encryption from before TLS proves nobody's identity: "
				       "its keys are signed "
				       "with one that is public. Whoever is on the path reads and "
				       "changes everything, "
				       "passwords included.",
				.fix_freerdp = NLA_FREERDP,
				.fix_windows = RDS_SECURITY
				"\"Require use of specific security layer for remote (RDP) "
				"connections\": SSL, and \"Require user authentication for "
				"remote connections by using Network Level Authentication\": "
				"Enabled.",
				.fix_xrdp = "Set security_layer=tls in [Globals] of "
					    "/etc/xrdp/xrdp.ini.",
				.aliases = "ONLY_RDP_SUPPORTED_MITM "
					   "SSL_SUPPORTED_BUT_NOT_MANDATED_MITM",
				.references = NVD("CVE-2005-1794") " " MS_NLA},
		{.id = "RDP-003",
				.title = "Standard RDP Security with weak encryption or none",
				.severity = SP_SCAN_CRITICAL,
				.why = "40 and 56 bit of RC4 are broken within minutes even by "
				       "those who only listen, "
				       "and the low levels leave a direction or everything in the "
				       "clear.",
				.fix_freerdp = NLA_FREERDP,
				.fix_windows = RDS_SECURITY
				"\"Set client connection encryption level\": High Level; "
				"better, end Standard RDP Security (RDP-002).",
				.fix_xrdp = "Set crypt_level=high, and security_layer=tls, in "
					    "[Globals] of "
					    "/etc/xrdp/xrdp.ini.",
				.aliases = "WEAK_RDP_ENCRYPTION_SUPPORTED "
					   "NULL_RDP_ENCRYPTION_SUPPORTED"},
		{.id = "RDP-004",
				.title = "Standard RDP Security with RC4 of 128 bit or FIPS",
				.severity = SP_SCAN_HIGH,
				.why = "The strength of the cipher does not help where the "
				       "server's key is not "
				       "proven: whoever is on the path takes its place.",
				.fix_freerdp = NLA_FREERDP,
				.fix_windows = RDS_SECURITY
				"\"Require use of specific security layer for remote (RDP) "
				"connections\": SSL.",
				.fix_xrdp = "Set security_layer=tls in [Globals] of "
					    "/etc/xrdp/xrdp.ini.",
				.aliases = "FIPS_SUPPORTED_BUT_NOT_MANDATED"},
		{.id = "RDP-005",
				.title = "NLA is not required",
				.severity = SP_SCAN_HIGH,
				.why = "Who leaves out NLA gets a session and a login screen "
				       "without having proven "
				       "anything: room for flaws before the login, for exhausting "
				       "the server and for "
				       "reading names off the screen. It is bearable only where "
				       "nobody but an RD "
				       "Gateway or Entra's sign-in reaches the port.",
				.fix_freerdp = NLA_FREERDP,
				.fix_windows = RDS_SECURITY
				"\"Require user authentication for remote connections by "
				"using Network Level Authentication\": Enabled.",
				.fix_grd = UPDATE_UNIX,
				.aliases = "NLA_SUPPORTED_BUT_NOT_MANDATED_DOS",
				.references = MS_NLA},
		{.id = "RDP-006",
				.title = "NLA is not offered",
				.severity = SP_SCAN_HIGH,
				.why = "Everybody gets a session and a login screen without having "
				       "proven anything, and "
				       "clients that require NLA cannot connect.",
				.fix_freerdp = NLA_FREERDP,
				.fix_windows = RDS_SECURITY
				"\"Require user authentication for remote connections by "
				"using Network Level Authentication\": Enabled.",
				.fix_xrdp = "It has no NLA: put a gateway that requires it in "
					    "front, and let xrdp "
					    "listen on that one's network only.",
				.fix_grd = UPDATE_UNIX,
				.aliases = "NLA_NOT_SUPPORTED_DOS",
				.references = MS_NLA},
		{.id = "RDP-007",
				.title = "TLS 1.0 or 1.1 is accepted",
				.severity = SP_SCAN_MEDIUM,
				.why = "Both rest on MD5 and SHA-1 and were withdrawn in 2021; no "
				       "client of this "
				       "decade needs them.",
				.fix_freerdp = TLS_GRD,
				.fix_windows = "Set Enabled=0 under " SCHANNEL
					       "\\TLS 1.0\\Server and \\TLS 1.1\\Server, "
					       "then restart.",
				.fix_xrdp = TLS_XRDP,
				.fix_grd = TLS_GRD,
				.references = "https://www.rfc-editor.org/rfc/"
					      "rfc8996 " MS_SCHANNEL},
		{.id = "RDP-008",
				.title = "SSL 2 or SSL 3 is accepted",
				.severity = SP_SCAN_HIGH,
				.why = "Both are broken: who is on the path can read parts of what "
				       "they protect.",
				.fix_freerdp = TLS_GRD,
				.fix_windows = "Set Enabled=0 under " SCHANNEL
					       "\\SSL 2.0\\Server and \\SSL 3.0\\Server, "
					       "then restart.",
				.fix_xrdp = TLS_XRDP,
				.fix_grd = TLS_GRD,
				.references = "https://www.rfc-editor.org/rfc/rfc7568 " NVD(
						"CVE-2014-3566") " " MS_SCHANNEL},
		{.id = "RDP-009",
				.title = "Weak TLS cipher suites are accepted",
				.severity = SP_SCAN_MEDIUM,
				.why = "Suites without encryption or proof of identity, for "
				       "export, with RC4 or DES can "
				       "be read; 3DES after much traffic. With key exchange by "
				       "plain RSA, recorded "
				       "sessions are open to whoever gets the key later.",
				.fix_freerdp = TLS_GRD,
				.fix_windows = CRYPTO
				"\"SSL Cipher Suite Order\": only ECDHE with AES-GCM.",
				.fix_xrdp = TLS_XRDP,
				.fix_grd = TLS_GRD,
				.references = "https://www.rfc-editor.org/rfc/rfc9325 " NVD(
						"CVE-2016-2183")},
		{.id = "RDP-010",
				.title = "Key exchange in a small group",
				.severity = SP_SCAN_MEDIUM,
				.why = "A finite field below 2048 bits or a curve below 224 is "
				       "within reach of those who "
				       "compute in advance for everybody.",
				.fix_freerdp = TLS_GRD,
				.fix_windows = "Set ServerMinKeyBitLength=2048 under "
					       "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityP"
					       "roviders\\SCHANNEL\\"
					       "KeyExchangeAlgorithms\\Diffie-Hellman, or leave "
					       "out DHE in " CRYPTO
					       "\"SSL Cipher Suite Order\"; weak curves in \"ECC "
					       "Curve Order\".",
				.fix_xrdp = TLS_XRDP,
				.fix_grd = TLS_GRD,
				.references = "https://weakdh.org/"},
		{.id = "RDP-011",
				.title = "No TLS 1.3",
				.severity = SP_SCAN_INFO,
				.why = "TLS 1.2 with good suites holds. 1.3 hides the certificate "
				       "from those who listen "
				       "and has no weak choices left.",
				.fix_freerdp = TLS_GRD,
				.fix_windows = "Windows Server 2022, Windows 11 and newer speak "
					       "it.",
				.fix_xrdp = TLS_XRDP,
				.fix_grd = TLS_GRD},
		{.id = "RDP-020",
				.title = "The certificate is out of its time",
				.severity = SP_SCAN_MEDIUM,
				.why = "Clients warn about every connection, and people learn to "
				       "click the warning "
				       "away; then also the one that means an attack.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = "Renew it. Windows replaces a self-signed one when "
					       "\"Remote Desktop "
					       "Configuration\" (SessionEnv) restarts after the "
					       "old one was deleted from "
					       "the store \"Remote Desktop\".",
				.fix_xrdp = "Renew it and set certificate= and key_file= in "
					    "[Globals] of "
					    "/etc/xrdp/xrdp.ini.",
				.fix_grd = CERT_GRD,
				.fix_sallyport = "Renew the file that `certificate` names, then "
						 "reload the service."},
		{.id = "RDP-021",
				.title = "The certificate comes from no authority known here",
				.severity = SP_SCAN_INFO,
				.why = "Inside, trust at first sight or a pinned key can do. Over "
				       "the internet "
				       "the first sight may already be somebody else.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = CERT_WINDOWS,
				.fix_xrdp = CERT_XRDP,
				.fix_grd = CERT_GRD,
				.fix_sallyport = CERT_HERE},
		{.id = "RDP-022",
				.title = "The certificate is not for this name",
				.severity = SP_SCAN_LOW,
				.why = "A client that was given this name cannot tell this server "
				       "from another one "
				       "with a certificate of the same authority.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = CERT_WINDOWS,
				.fix_xrdp = CERT_XRDP,
				.fix_grd = CERT_GRD,
				.fix_sallyport = CERT_HERE},
		{.id = "RDP-023",
				.title = "The certificate's key or signature is weak",
				.severity = SP_SCAN_MEDIUM,
				.why = "RSA below 2048 bits can be factored by those with means, "
				       "and signatures over MD5 "
				       "or SHA-1 can be moved to a forged certificate.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = CERT_WINDOWS,
				.fix_xrdp = CERT_XRDP,
				.fix_grd = CERT_GRD,
				.fix_sallyport = CERT_HERE,
				.references = "https://csrc.nist.gov/pubs/sp/800/131/a/r2/final"},
		{.id = "RDP-024",
				.title = "Other hosts have the same key",
				.severity = SP_SCAN_CRITICAL,
				.why = "A key that came with an image is known to everybody who "
				       "has the image. Whoever "
				       "has one of these hosts can be all of them.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = "Give each host its own key: generalise images with "
					       "sysprep, or enrol a "
					       "certificate per host.",
				.fix_xrdp = "Make a key on each host: openssl req -x509 -newkey "
					    "rsa:3072 -nodes -keyout "
					    "/etc/xrdp/key.pem -out /etc/xrdp/cert.pem -days 365.",
				.fix_grd = "Make a key on each host, then " CERT_GRD,
				.fix_sallyport = "Remove the copied state folder's certificate, or "
						 "name one per host with "
						 "`certificate`."},
		{.id = "RDP-025",
				.title = "The certificate is valid for long",
				.severity = SP_SCAN_INFO,
				.why = "Nobody can call back a self-signed certificate: a stolen "
				       "key serves until the "
				       "end.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = CERT_WINDOWS,
				.fix_xrdp = CERT_XRDP,
				.fix_grd = CERT_GRD,
				.fix_sallyport = CERT_HERE},
		{.id = "RDP-026",
				.title = "The certificate is not meant for a server",
				.severity = SP_SCAN_LOW,
				.why = "Its extended key usage names neither server authentication "
				       "nor Remote Desktop: "
				       "strict clients refuse it.",
				.fix_freerdp = CERT_FREERDP,
				.fix_windows = CERT_WINDOWS,
				.fix_xrdp = CERT_XRDP,
				.fix_grd = CERT_GRD,
				.fix_sallyport = CERT_HERE},
		{.id = "RDP-030",
				.title = "Names and build are told before the login",
				.severity = SP_SCAN_LOW,
				.why = "NTLM tells everyone who asks the machine's domain, its "
				       "names and the build of "
				       "Windows: a good start for guessing accounts and choosing "
				       "an attack.",
				.fix_windows = "It belongs to NTLM and cannot be switched off "
					       "alone: limit who reaches "
					       "the port. Where all clients have Kerberos: "
					       "Computer Configuration > "
					       "Policies > Windows Settings > Security Settings > "
					       "Local Policies > "
					       "Security Options > \"Network security: Restrict "
					       "NTLM: Incoming NTLM "
					       "traffic\".",
				.fix_grd = "It tells the host name only: limit who reaches the "
					   "port.",
				.references = "https://nmap.org/nsedoc/scripts/rdp-ntlm-info.html"},
		{.id = "RDP-031",
				.title = "The clock is wrong",
				.severity = SP_SCAN_LOW,
				.why = "Beyond five minutes Kerberos fails, one-time codes do too, "
				       "and logs of two hosts "
				       "cannot be laid side by side.",
				.fix_windows = "w32tm /resync; " GPO
					       "System > Windows Time Service > Time Providers > "
					       "\"Configure Windows NTP Client\".",
				.fix_xrdp = "Run chrony or systemd-timesyncd.",
				.fix_grd = "Run chrony or systemd-timesyncd.",
				.fix_sallyport = "Run chrony or systemd-timesyncd."},
		{.id = "RDP-032",
				.title = "CredSSP is older than its repair",
				.severity = SP_SCAN_HIGH,
				.why = "Before version 5 the binding to the TLS key could be "
				       "forged (CVE-2018-0886): "
				       "whoever is on the path logs in elsewhere with what the "
				       "client sends.",
				.fix_windows = "Install updates of May 2018 or later; " GPO
					       "System > Credentials Delegation > \"Encryption "
					       "Oracle Remediation\": Force "
					       "Updated Clients.",
				.fix_grd = "Update FreeRDP's libraries.",
				.references = NVD("CVE-2018-0886")},
		{.id = "RDP-033",
				.title = "NTLM is accepted where only Kerberos is wanted",
				.severity = SP_SCAN_MEDIUM,
				.why = "NTLM can be relayed, and its answers can be guessed "
				       "offline.",
				.fix_windows = "Computer Configuration > Policies > Windows "
					       "Settings > Security Settings "
					       "> Local Policies > Security Options > \"Network "
					       "security: Restrict NTLM: "
					       "Incoming NTLM traffic\": Deny all accounts. Mind "
					       "Remote Desktop's own "
					       "exceptions there.",
				.fix_grd = "grdctl rdp set-auth-methods kerberos, where its "
					   "version has that.",
				.fix_sallyport = "Its NLA is NTLM with a secret made for that "
						 "alone; it keeps no password "
						 "of a domain."},
		{.id = "RDP-040",
				.title = "The operating system gets no updates",
				.severity = SP_SCAN_HIGH,
				.why = "Flaws found since the end of support stay open, among them "
				       "ones before the "
				       "login.",
				.fix_windows = "Move to a supported release, or enrol it for "
					       "extended security updates "
					       "where these are still sold; until then no access "
					       "but from a gateway.",
				.references = MS_LIFECYCLE},
		{.id = "RDP-041",
				.title = "Perhaps open to BlueKeep",
				.severity = SP_SCAN_HIGH,
				.why = "This build had the flaw that runs a stranger's code before "
				       "any login. Whether "
				       "the update is in cannot be seen from outside: look at the "
				       "host.",
				.fix_windows = "Look for the update of May 2019 on the host, and "
					       "require NLA until it is "
					       "in.",
				.references = NVD("CVE-2019-0708")},
		{.id = "RDP-042",
				.title = "Perhaps open to DejaBlue",
				.severity = SP_SCAN_MEDIUM,
				.why = "This build had flaws in dynamic channels that run a "
				       "stranger's code; with NLA "
				       "only that of who can log in. Whether the update is in "
				       "cannot be seen from "
				       "outside: look at the host.",
				.fix_windows = "Look for the update of August 2019 or a later "
					       "cumulative one on the host.",
				.references = NVD("CVE-2019-1181") " " NVD("CVE-2019-1182")},
		{.id = "RDP-050",
				.title = "Restricted Admin may be on",
				.severity = SP_SCAN_LOW,
				.why = "With it a password's hash is enough to log in as an "
				       "administrator. Some want it, "
				       "since it leaves no credentials behind. The flag says that "
				       "the server knows the "
				       "mode, not that its registry permits it.",
				.fix_windows = "Set DisableRestrictedAdmin=1 (or remove it) under "
					       "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa "
					       "unless administrators use it; "
					       "prefer Remote Credential Guard.",
				.references = MS_GUARD},
		{.id = "RDP-051",
				.title = "Remote Credential Guard is supported",
				.severity = SP_SCAN_INFO,
				.why = "A good thing: with it credentials stay with the client.",
				.references = MS_GUARD},
		{.id = "RDP-052",
				.title = "RDSTLS is offered",
				.severity = SP_SCAN_INFO,
				.why = "Hosts of a farm need it for redirected logins; elsewhere "
				       "it is one more way to "
				       "offer a password."},
		{.id = "RDP-053",
				.title = "Sign-in with Entra ID is offered",
				.severity = SP_SCAN_INFO,
				.why = "RDS AAD authentication: the tenant's rules for access "
				       "decide, a second factor "
				       "among them."},
		{.id = "RDP-060",
				.title = "An RD Gateway answers",
				.severity = SP_SCAN_MEDIUM,
				.why = "On the internet it asks strangers for passwords without a "
				       "second factor before. "
				       "Offered Basic authentication hands them over; whether NTLM "
				       "there is bound to the "
				       "TLS channel cannot be seen without credentials.",
				.fix_windows = "Put sign-in with a second factor before it (Entra "
					       "application proxy, or "
					       "the NPS extension); switch off Basic in IIS > /rpc "
					       "and "
					       "/remoteDesktopGateway > Authentication, and set "
					       "Extended Protection to "
					       "Required.",
				.references = "https://learn.microsoft.com/windows-server/remote/"
					      "remote-desktop-services/"
					      "rds-plan-access-from-anywhere"},
		{.id = "RDP-061",
				.title = "RD Gateway's UDP port is open",
				.severity = SP_SCAN_MEDIUM,
				.why = "The flaws named BlueGate ran a stranger's code over this "
				       "port. Whether the "
				       "update of January 2020 is in cannot be seen from outside.",
				.fix_windows = "Look for that update on the host; close UDP 3391, "
					       "or RD Gateway Manager > "
					       "Properties > Transport Settings: UDP off, if "
					       "nobody misses it.",
				.references = NVD("CVE-2020-0609") " " NVD("CVE-2020-0610")},
		{.id = "RDP-062",
				.title = "RD Web Access answers",
				.severity = SP_SCAN_LOW,
				.why = "Its login page is one more place to guess passwords, and "
				       "by the time it takes it "
				       "has told which names exist.",
				.fix_windows = "Put sign-in with a second factor before it, or "
					       "take /RDWeb away in IIS."},
		{.id = "RDP-063",
				.title = "A KDC proxy answers",
				.severity = SP_SCAN_LOW,
				.why = "It passes Kerberos to the domain's controllers: strangers "
				       "can guess passwords "
				       "and ask for tickets of accounts without "
				       "pre-authentication.",
				.fix_windows = "Remove it where no client needs it: netsh http "
					       "delete urlacl "
					       "url=https://+:443/KdcProxy, and stop the service "
					       "KPSSVC."},
		{.id = "RDP-071",
				.title = "Answers differ by the name in the cookie",
				.severity = SP_SCAN_INFO,
				.why = "A load balancer or broker stands before it: what was seen "
				       "is one of several "
				       "hosts."},
		{.id = "RDP-072",
				.title = "RDP on another port than 3389",
				.severity = SP_SCAN_INFO,
				.why = "Neither good nor bad: whoever looks for RDP finds it on "
				       "every port."},
		{.id = "RDP-080",
				.title = "Something changed since the baseline",
				.severity = SP_SCAN_LOW,
				.why = "A change that nobody here made may be an attack, or the "
				       "end of a hardening.",
				.fix_windows = BASELINE,
				.fix_xrdp = BASELINE,
				.fix_grd = BASELINE,
				.fix_freerdp = BASELINE,
				.fix_sallyport = BASELINE},
};

_Static_assert(SP_LEN(checks) <= SP_SCAN_MAX_CHECKS, "more checks than reports have room for");

const struct sp_scan_check *sp_scan_checks(size_t *n)
{
	*n = SP_LEN(checks);
	return checks;
}

const struct sp_scan_check *sp_scan_check_of(const char *id)
{
	for (size_t i = 0; i < SP_LEN(checks); i++) {
		if (strcmp(checks[i].id, id) == 0) {
			return &checks[i];
		}
	}
	return NULL;
}
