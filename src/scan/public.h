/* scan/public.h - is an address one of the internet's? */
#ifndef SP_SCAN_PUBLIC_H
#define SP_SCAN_PUBLIC_H

#include <stdbool.h>

/*
 * Textual IPv4 or IPv6, which may have a %zone. False for what is private, loopback, link local,
 * shared, multicast, reserved, kept for documentation, or no address at all.
 */
bool sp_scan_public(const char *address);

#endif
