/*
 * dialect.c - the table of dialects.
 *
 * Trap      Socket.IO's server accepts "40" only after it has sent "0{…}", so that must be awaited, although nothing is
 *           read from it.
 */
#include "dialect.h"

#include <stddef.h>
#include <string.h>

static const struct dialect dialects[] = {
    {.name = "sse", .http = true, .path = "/events?channel={c}"},
    {.name = "ws",
     .http = true,
     .websocket = true,
     .path = "/ws?channel={c}",
     .ping = "{\"type\":\"ping\"",
     .pong = "{\"type\":\"pong\"}"},
    {.name = "webdis",
     .http = true,
     .websocket = true,
     .path = "/.json",
     .exchanges = {{"[\"SUBSCRIBE\",\"{c}\"]", "\"subscribe\""}}},
    {.name = "socketio",
     .http = true,
     .websocket = true,
     .path = "/socket.io/?EIO=4&transport=websocket&channel={c}",
     .exchanges = {{NULL, "0{"}, {"40", "40{"}},
     .ping = "\x81\x01\x32", /* the whole frame, since a single "2" is in many payloads */
     .pong = "3"},
    {.name = "redis", .path = "{c}", .exchanges = {{"SUBSCRIBE {c}\r\n", "subscribe\r\n"}}},
};

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    }
    return NULL;
}
