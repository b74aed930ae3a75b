/* client/settings.h - what our client says of itself: settings blocks and Client Info. */
#ifndef SP_CLIENT_SETTINGS_H
#define SP_CLIENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct sp_display_layout;
struct sp_gcc_client;
struct sp_info;

/* Core, security and cluster block of a client without channels. */
void sp_settings_gcc(struct sp_gcc_client *out, uint16_t width, uint16_t height, uint8_t depth);
/* The monitor blocks, and a desktop around all of a layout that was checked. */
void sp_settings_monitors(struct sp_gcc_client *out, const struct sp_display_layout *l);
/*
 * Without user and password. address is ours on this connection, as text; compress asks the server for
 * bulk compression.
 */
void sp_settings_info(struct sp_info *out, const char *address, bool compress);

#endif
