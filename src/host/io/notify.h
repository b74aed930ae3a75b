/* host/io/notify.h - telling the service manager how we are (sd_notify without its library). */
#ifndef SP_HOST_IO_NOTIFY_H
#define SP_HOST_IO_NOTIFY_H

#include "core/base/attr.h"

/* Sends "READY=1", "STOPPING=1", "STATUS=..." to $NOTIFY_SOCKET; SP_OK also where there is none. */
sp_nodiscard int sp_notify(const char *state);

#endif
