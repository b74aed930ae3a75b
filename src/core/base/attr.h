/* core/base/attr.h - the GNU extensions we use, each behind a name. */
#ifndef SP_CORE_BASE_ATTR_H
#define SP_CORE_BASE_ATTR_H

#define sp_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define sp_nodiscard __attribute__((warn_unused_result))
#define sp_nonnull __attribute__((nonnull))
#define sp_noreturn __attribute__((noreturn))
#define sp_unused __attribute__((unused))
/* A large array that is written before it is read, left out of the zeroing of all others. */
#if defined(__clang__) || __GNUC__ >= 12
#define sp_uninit __attribute__((uninitialized))
#else
#define sp_uninit
#endif

/* Number of elements of a true array. */
#define SP_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
