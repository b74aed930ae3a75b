/* app/firewall.h - what the packet filter of this machine has loaded. */
#ifndef SP_APP_FIREWALL_H
#define SP_APP_FIREWALL_H

#include "core/base/attr.h"
#include "host/firewall/firewall.h"

#define APP_FIREWALL_CANNOT 3 /* exit status: it cannot be looked at */

/* Asks nft. SP_ENOTFOUND: it is not installed; SP_EDENIED: only root may ask; SP_ESYS; and why. */
sp_nodiscard int app_firewall_loaded(struct sp_firewall *f, char why[SP_FIREWALL_TEXT]);

#endif
