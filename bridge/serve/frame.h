/*
 * frame.h - what a client says in bridge.v1.json.
 *
 *     {"type":"subscribe","channel":…,"after":…,"replay":…,"ref":…}      {"type":"unsubscribe","channel":…,"ref":…}
 *     {"type":"publish","channel":…,"data":…,"event":…,"key":…,"ref":…}  {"type":"pong"}
 *     binary: publish <channel> <ref>\n<bytes>
 */
#ifndef SERVE_FRAME_H
#define SERVE_FRAME_H

#include <stddef.h>

struct ws;

/* One whole message. */
void frame_on_text(struct ws *ws, const char *bytes, size_t len);
void frame_on_binary(struct ws *ws, const char *bytes, size_t len);

#endif
