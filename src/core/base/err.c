/* core/base/err.c - the tables behind err.h, made from the one list. */
#include "core/base/err.h"

#include "core/base/attr.h"

static const struct {
	const char *name, *text;
	enum sp_err_class class;
} errors[] = {{"SP_OK", "no error", SP_ERR_CLASS_SELF},
#define X(name, class, text) {"SP_E" #name, text, SP_ERR_CLASS_##class},
		SP_ERR_MAP(X)
#undef X
};

static unsigned index_of(int err)
{
	if (err <= 0 && err > -SP_ERR_INDEX_COUNT) {
		return (unsigned)-err;
	}
	return SP_ERR_INDEX_COUNT;
}

const char *sp_err_text(int err)
{
	unsigned i = index_of(err);

	return i < SP_LEN(errors) ? errors[i].text : "unknown error";
}

const char *sp_err_name(int err)
{
	unsigned i = index_of(err);

	return i < SP_LEN(errors) ? errors[i].name : "SP_E?";
}

enum sp_err_class sp_err_class(int err)
{
	unsigned i = index_of(err);

	return i < SP_LEN(errors) ? errors[i].class : SP_ERR_CLASS_SELF;
}
