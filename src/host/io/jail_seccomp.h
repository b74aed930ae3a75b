/* host/io/jail_seccomp.h - the system calls of each class of jail; for this folder only. */
#ifndef SP_HOST_IO_JAIL_SECCOMP_H
#define SP_HOST_IO_JAIL_SECCOMP_H

#include "core/base/attr.h"
#include "host/io/jail.h"

/* Sanitizers make calls of their own at any time, so their builds have no filter. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SP_JAIL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
		__has_feature(thread_sanitizer)
#define SP_JAIL_SANITIZER 1
#endif
#endif
#ifndef SP_JAIL_SANITIZER
#define SP_JAIL_SANITIZER 0
#endif

/* Loads the filter of a class that has one; 0, or a negative errno. */
sp_nodiscard int sp_jail_seccomp(enum sp_jail_class class, bool database);

#endif
