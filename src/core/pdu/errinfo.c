/* core/pdu/errinfo.c - see errinfo.h. */
#include "core/pdu/errinfo.h"

const char *sp_errinfo_text(uint32_t code)
{
	switch (code) {
#define X(name, number, text) \
	case number: \
		return text;
		SP_ERRINFO_MAP(X)
#undef X
	}
	return "unknown reason";
}

const char *sp_errinfo_name(uint32_t code)
{
	switch (code) {
#define X(name, number, text) \
	case number: \
		return #name;
		SP_ERRINFO_MAP(X)
#undef X
	}
	return "UNKNOWN";
}
