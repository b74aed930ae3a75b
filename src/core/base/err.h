/* core/base/err.h - every error there is, with its name, its text and whom to blame. */
#ifndef SP_CORE_BASE_ERR_H
#define SP_CORE_BASE_ERR_H

/*
 * PEER: the other side sent something it may not. SELF: our own fault or our own lack.
 * HOST: the operating system or a library refused.
 * Texts are lower case, without full stop, and compose with ": ".
 */
#define SP_ERR_MAP(X) \
	X(SHORT, PEER, "message too short") \
	X(FIELD, PEER, "field out of range") \
	X(TRAIL, PEER, "bytes left over at the end") \
	X(STATE, PEER, "message not expected now") \
	X(LIMIT, PEER, "limit exceeded") \
	X(DENIED, PEER, "not permitted") \
	X(PROTO, PEER, "protocol not supported") \
	X(AUTH, PEER, "authentication failed") \
	X(CODEC, PEER, "picture data damaged") \
	X(CLOSED, PEER, "connection closed by peer") \
	X(TIMEOUT, PEER, "time limit passed") \
	X(NOMEM, SELF, "out of memory") \
	X(SPACE, SELF, "buffer full") \
	X(ARG, SELF, "invalid argument") \
	X(BUG, SELF, "internal error") \
	X(SYS, HOST, "system call failed") \
	X(TLS, HOST, "TLS failed") \
	X(DB, HOST, "database failed") \
	X(NOTFOUND, HOST, "not found")

enum sp_err_class {
	SP_ERR_CLASS_PEER,
	SP_ERR_CLASS_SELF,
	SP_ERR_CLASS_HOST
};

enum sp_err_index {
	SP_ERR_INDEX_OK,
#define X(name, class, text) SP_ERR_INDEX_##name,
	SP_ERR_MAP(X)
#undef X
	SP_ERR_INDEX_COUNT
};

/* SP_OK is 0; every error is negative, so that functions may return a length or an error. */
enum sp_err {
	SP_OK = 0,
#define X(name, class, text) SP_E##name = -SP_ERR_INDEX_##name,
	SP_ERR_MAP(X)
#undef X
};

/* "field out of range"; for a number that is no error of ours "unknown error". Static. */
const char *sp_err_text(int err);
/* "SP_EFIELD"; static. */
const char *sp_err_name(int err);
enum sp_err_class sp_err_class(int err);

#endif
