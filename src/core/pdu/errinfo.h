/* core/pdu/errinfo.h - the codes of Set Error Info: why a session ended. */
#ifndef SP_CORE_PDU_ERRINFO_H
#define SP_CORE_PDU_ERRINFO_H

#include <stdint.h>

/* [MS-RDPBCGR] 2.2.5.1.1 errorInfo. X(name, number, text) */
#define SP_ERRINFO_MAP(X) \
	X(NONE, 0x0000, "no error") \
	X(RPC_INITIATED_DISCONNECT, 0x0001, "disconnected by an administrator") \
	X(RPC_INITIATED_LOGOFF, 0x0002, "logged off by an administrator") \
	X(IDLE_TIMEOUT, 0x0003, "idle time limit passed") \
	X(LOGON_TIMEOUT, 0x0004, "session time limit passed") \
	X(DISCONNECTED_BY_OTHERCONNECTION, 0x0005, "taken over by another connection") \
	X(OUT_OF_MEMORY, 0x0006, "server out of memory") \
	X(SERVER_DENIED_CONNECTION, 0x0007, "connection denied") \
	X(SERVER_INSUFFICIENT_PRIVILEGES, 0x0009, "user may not log on here") \
	X(SERVER_FRESH_CREDENTIALS_REQUIRED, 0x000A, "saved credentials not accepted") \
	X(RPC_INITIATED_DISCONNECT_BYUSER, 0x000B, "disconnected by the user's own tool") \
	X(LOGOFF_BY_USER, 0x000C, "user logged off") \
	X(CLOSE_STACK_ON_DRIVER_NOT_READY, 0x000F, "display driver did not start in time") \
	X(SERVER_DWM_CRASH, 0x0010, "window manager crashed") \
	X(CLOSE_STACK_ON_DRIVER_FAILURE, 0x0011, "display driver failed to start") \
	X(CLOSE_STACK_ON_DRIVER_IFACE_FAILURE, 0x0012, "display driver not usable") \
	X(SERVER_WINLOGON_CRASH, 0x0017, "logon process crashed") \
	X(SERVER_CSRSS_CRASH, 0x0018, "session process crashed") \
	X(SERVER_SHUTDOWN, 0x0019, "server is shutting down") \
	X(SERVER_REBOOT, 0x001A, "server is restarting") \
	X(LICENSE_INTERNAL, 0x0100, "licensing failed inside the server") \
	X(LICENSE_NO_LICENSE_SERVER, 0x0101, "no licence server found") \
	X(LICENSE_NO_LICENSE, 0x0102, "no licence available") \
	X(LICENSE_BAD_CLIENT_MSG, 0x0103, "invalid licence message") \
	X(LICENSE_HWID_DOESNT_MATCH_LICENSE, 0x0104, "stored licence was changed") \
	X(LICENSE_BAD_CLIENT_LICENSE, 0x0105, "stored licence has an invalid format") \
	X(LICENSE_CANT_FINISH_PROTOCOL, 0x0106, "licence exchange broken off by the network") \
	X(LICENSE_CLIENT_ENDED_PROTOCOL, 0x0107, "licence exchange ended by the client") \
	X(LICENSE_BAD_CLIENT_ENCRYPTION, 0x0108, "licence message wrongly encrypted") \
	X(LICENSE_CANT_UPGRADE_LICENSE, 0x0109, "stored licence cannot be renewed") \
	X(LICENSE_NO_REMOTE_CONNECTIONS, 0x010A, "server not licensed for remote connections") \
	X(CB_DESTINATION_NOT_FOUND, 0x0400, "target not found") \
	X(CB_LOADING_DESTINATION, 0x0402, "target is leaving the broker") \
	X(CB_REDIRECTING_TO_DESTINATION, 0x0404, "redirection to the target failed") \
	X(CB_SESSION_ONLINE_VM_WAKE, 0x0405, "target machine did not wake up") \
	X(CB_SESSION_ONLINE_VM_BOOT, 0x0406, "target machine did not start") \
	X(CB_SESSION_ONLINE_VM_NO_DNS, 0x0407, "target address unknown") \
	X(CB_DESTINATION_POOL_NOT_FREE, 0x0408, "no free target") \
	X(CB_CONNECTION_CANCELLED, 0x0409, "connection cancelled") \
	X(CB_CONNECTION_ERROR_INVALID_SETTINGS, 0x0410, "routing token not valid") \
	X(CB_SESSION_ONLINE_VM_BOOT_TIMEOUT, 0x0411, "target machine did not start in time") \
	X(CB_SESSION_ONLINE_VM_SESSMON_FAILED, 0x0412, "target session cannot be watched") \
	X(UNKNOWNPDUTYPE2, 0x10C9, "unknown data PDU") \
	X(UNKNOWNPDUTYPE, 0x10CA, "unknown PDU") \
	X(DATAPDUSEQUENCE, 0x10CB, "data PDU not expected now") \
	X(CONTROLPDUSEQUENCE, 0x10CD, "activation PDU not expected now") \
	X(INVALIDCONTROLPDUACTION, 0x10CE, "control PDU with an invalid action") \
	X(INVALIDINPUTPDUTYPE, 0x10CF, "input event of an invalid type") \
	X(INVALIDINPUTPDUMOUSE, 0x10D0, "mouse event with invalid flags") \
	X(INVALIDREFRESHRECTPDU, 0x10D1, "invalid refresh rect PDU") \
	X(CREATEUSERDATAFAILED, 0x10D2, "server could not answer the conference request") \
	X(CONNECTFAILED, 0x10D3, "channel connection failed") \
	X(CONFIRMACTIVEWRONGSHAREID, 0x10D4, "confirm active with a wrong share id") \
	X(CONFIRMACTIVEWRONGORIGINATOR, 0x10D5, "confirm active with a wrong originator id") \
	X(PERSISTENTKEYPDUBADLENGTH, 0x10DA, "persistent key list too short") \
	X(PERSISTENTKEYPDUILLEGALFIRST, 0x10DB, "second first persistent key list") \
	X(PERSISTENTKEYPDUTOOMANYTOTALKEYS, 0x10DC, "too many persistent keys") \
	X(PERSISTENTKEYPDUTOOMANYCACHEKEYS, 0x10DD, "too many persistent keys for a cache") \
	X(INPUTPDUBADLENGTH, 0x10DE, "input PDU too short") \
	X(BITMAPCACHEERRORPDUBADLENGTH, 0x10DF, "bitmap cache error PDU too short") \
	X(SECURITYDATATOOSHORT, 0x10E0, "fast-path signature too short") \
	X(VCHANNELDATATOOSHORT, 0x10E1, "channel data too short") \
	X(SHAREDATATOOSHORT, 0x10E2, "share data too short") \
	X(BADSUPRESSOUTPUTPDU, 0x10E3, "invalid suppress output PDU") \
	X(CONFIRMACTIVEPDUTOOSHORT, 0x10E5, "confirm active too short") \
	X(CAPABILITYSETTOOSMALL, 0x10E7, "capability set too short") \
	X(CAPABILITYSETTOOLARGE, 0x10E8, "capability set too long") \
	X(NOCURSORCACHE, 0x10E9, "no pointer cache") \
	X(BADCAPABILITIES, 0x10EA, "capabilities not accepted") \
	X(VIRTUALCHANNELDECOMPRESSIONERR, 0x10EC, "channel data does not decompress") \
	X(INVALIDVCCOMPRESSIONTYPE, 0x10ED, "invalid channel compression") \
	X(INVALIDCHANNELID, 0x10EF, "invalid channel id") \
	X(VCHANNELSTOOMANY, 0x10F0, "too many channels") \
	X(REMOTEAPPSNOTENABLED, 0x10F3, "server offers remote programs only") \
	X(CACHECAPNOTSET, 0x10F4, "persistent key list without bitmap cache") \
	X(BITMAPCACHEERRORPDUBADLENGTH2, 0x10F5, "bitmap cache error PDU with a wrong count") \
	X(OFFSCRCACHEERRORPDUBADLENGTH, 0x10F6, "offscreen cache error PDU too short") \
	X(DNGCACHEERRORPDUBADLENGTH, 0x10F7, "nine grid cache error PDU too short") \
	X(GDIPLUSPDUBADLENGTH, 0x10F8, "GDI+ error PDU too short") \
	X(SECURITYDATATOOSHORT2, 0x1111, "security header too short") \
	X(SECURITYDATATOOSHORT3, 0x1112, "security header without signature") \
	X(SECURITYDATATOOSHORT4, 0x1113, "security exchange too short") \
	X(SECURITYDATATOOSHORT5, 0x1114, "client info text too short") \
	X(SECURITYDATATOOSHORT6, 0x1115, "client info lengths too short") \
	X(SECURITYDATATOOSHORT7, 0x1116, "client address length too short") \
	X(SECURITYDATATOOSHORT8, 0x1117, "client address too short") \
	X(SECURITYDATATOOSHORT9, 0x1118, "client directory length too short") \
	X(SECURITYDATATOOSHORT10, 0x1119, "client directory too short") \
	X(SECURITYDATATOOSHORT11, 0x111A, "client time zone too short") \
	X(SECURITYDATATOOSHORT12, 0x111B, "client session id too short") \
	X(SECURITYDATATOOSHORT13, 0x111C, "performance flags too short") \
	X(SECURITYDATATOOSHORT14, 0x111D, "auto-reconnect length too short") \
	X(SECURITYDATATOOSHORT15, 0x111E, "auto-reconnect cookie too short") \
	X(SECURITYDATATOOSHORT16, 0x111F, "auto-reconnect cookie too long") \
	X(SECURITYDATATOOSHORT17, 0x1120, "client address length too short") \
	X(SECURITYDATATOOSHORT18, 0x1121, "client address too short") \
	X(SECURITYDATATOOSHORT19, 0x1122, "client directory length too short") \
	X(SECURITYDATATOOSHORT20, 0x1123, "client directory too short") \
	X(SECURITYDATATOOSHORT21, 0x1124, "client time zone too short") \
	X(SECURITYDATATOOSHORT22, 0x1125, "client session id too short") \
	X(SECURITYDATATOOSHORT23, 0x1126, "client info too short") \
	X(BADMONITORDATA, 0x1129, "fewer monitors than announced") \
	X(VCDECOMPRESSEDREASSEMBLEFAILED, 0x112A, "channel data cannot be put together") \
	X(VCDATATOOLONG, 0x112B, "channel chunk too long") \
	X(BAD_FRAME_ACK_DATA, 0x112C, "frame acknowledge too short") \
	X(GRAPHICSMODENOTSUPPORTED, 0x112D, "graphics mode not supported") \
	X(GRAPHICSSUBSYSTEMRESETFAILED, 0x112E, "graphics did not restart") \
	X(GRAPHICSSUBSYSTEMFAILED, 0x112F, "graphics failed") \
	X(TIMEZONEKEYNAMELENGTHTOOSHORT, 0x1130, "time zone key length too short") \
	X(TIMEZONEKEYNAMELENGTHTOOLONG, 0x1131, "time zone key too long") \
	X(DYNAMICDSTDISABLEDFIELDMISSING, 0x1132, "daylight saving field missing") \
	X(VCDECODINGERROR, 0x1133, "dynamic channel data not valid") \
	X(VIRTUALDESKTOPTOOLARGE, 0x1134, "desktop too large") \
	X(MONITORGEOMETRYVALIDATIONFAILED, 0x1135, "monitor layout not valid") \
	X(INVALIDMONITORCOUNT, 0x1136, "too many monitors") \
	X(UPDATESESSIONKEYFAILED, 0x1191, "session key update failed") \
	X(DECRYPTFAILED, 0x1192, "decryption failed") \
	X(ENCRYPTFAILED, 0x1193, "encryption failed") \
	X(ENCPKGMISMATCH, 0x1194, "no encryption method in common") \
	X(DECRYPTFAILED2, 0x1195, "unencrypted data where encrypted was due")

enum sp_errinfo {
#define X(name, number, text) SP_ERRINFO_##name = number,
	SP_ERRINFO_MAP(X)
#undef X
};

/* "taken over by another connection"; "unknown reason" for a number without a text. Static. */
const char *sp_errinfo_text(uint32_t code);
/* "DISCONNECTED_BY_OTHERCONNECTION"; "UNKNOWN". Static. */
const char *sp_errinfo_name(uint32_t code);

#endif
