/* host/audit/detect_rules.c - the rules' titles, their places in MITRE ATT&CK, and how bad they are. */
#include "host/audit/detect.h"

static const struct rule {
	const char *title, *attack;
	enum sp_severity severity;
} rules[SP_ALERT_RULES] = {
#define R(name, severity, attack, title) [SP_ALERT_##name] = {title, attack, SP_SEVERITY_##severity}
		R(BRUTE_FORCE, MEDIUM, "T1110.001", "Brute force against a user"),
		R(SPRAY, HIGH, "T1110.003", "Password spray from one network"),
		R(SPRAY_WIDE, HIGH, "T1110.003", "Password spray from several networks"),
		R(SPRAY_SLOW, MEDIUM, "T1110.003", "Slow password spray"),
		R(SUCCESS_AFTER, CRITICAL, "T1078", "Login after failures from the same place"),
		R(TRAVEL, MEDIUM, "T1078", "Impossible travel"),
		R(NEW_DEVICE, LOW, "T1078", "First login from a device"),
		R(NEW_COUNTRY, LOW, "T1078", "First login from a country"),
		R(NEW_NETWORK, LOW, "T1078", "First login from a network"),
		R(NEW_TARGET, LOW, "T1021.001", "First session on a target"),
		R(OFF_HOURS, LOW, "T1078", "Login at an unusual hour"),
		R(LONG_SESSION, LOW, "T1021.001", "Unusually long session"),
		R(IDLE_SESSION, LOW, "T1021.001", "Long session in which nobody worked"),
		R(MANY_TARGETS, HIGH, "T1021.001", "Many targets in short time"),
		R(NEW_PATH, MEDIUM, "T1021.001", "First session on a critical target"),
		R(VOLUME, HIGH, "T1115", "Much data toward the client"),
		R(PROBING, HIGH, "T1133", "Probing for weaknesses"),
		R(TOKEN_MISUSE, HIGH, "T1563.002", "Spent or foreign token"),
		R(ADMIN_TAMPER, CRITICAL, "T1562.001", "Protection weakened"),
		R(DORMANT, MEDIUM, "T1078", "Login of a dormant user"),
		R(SHARED_USE, MEDIUM, "T1078", "One user in two places"),
		R(ENUMERATION, MEDIUM, "T1087", "Guessing of user names"),
		R(CLAIMS_CHANGED, MEDIUM, "T1078", "Device describes itself differently"),
		R(TARGET_CERT, HIGH, "T1557", "Certificate of a target changed"),
#undef R
};

const char *sp_detect_title(uint32_t rule)
{
	return rule < SP_ALERT_RULES ? rules[rule].title : "?";
}

const char *sp_detect_attack(uint32_t rule)
{
	return rule < SP_ALERT_RULES ? rules[rule].attack : "?";
}

enum sp_severity sp_detect_severity(uint32_t rule)
{
	return rule < SP_ALERT_RULES ? rules[rule].severity : SP_SEVERITY_NONE;
}
