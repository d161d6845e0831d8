/*
 * frame.h - what a client says in bridge.v1.json, read.
 *
 *     {"type":"subscribe","channel":…,"after":…,"replay":…,"ref":…}      {"type":"unsubscribe","channel":…,"ref":…}
 *     {"type":"publish","channel":…,"data":…,"event":…,"key":…,"ref":…}  {"type":"pong"}  {"type":"auth"}
 *     binary: publish <channel> <ref>\n<bytes>
 */
#ifndef SERVE_FRAME_H
#define SERVE_FRAME_H

#include "access/problem.h"
#include "base/bytes.h"
#include "base/check.h"
#include "broker/start.h"
#include "words/cursor.h"
#include "words/message.h"

enum frame_type { FRAME_SUBSCRIBE, FRAME_UNSUBSCRIBE, FRAME_PUBLISH, FRAME_PONG, FRAME_AUTH };

#define FRAME_REF_LEN_MAX 64
#define FRAME_REF_TEXT_MAX (FRAME_REF_LEN_MAX * 6 + 2) /* each byte escaped, quotes */

struct json_t; /* jansson.h */

/* All of it points into the message that was read, or into the frame itself. */
struct frame {
    enum frame_type type;
    struct bytes ref;       /* a piece of JSON, to be given back with what answers the frame; empty where it has none */
    struct message message; /* FRAME_PUBLISH; the channel alone of FRAME_SUBSCRIBE and FRAME_UNSUBSCRIBE */
    struct start start;     /* FRAME_SUBSCRIBE; its cursor is the next one */
    struct cursor after;
    struct json_t *object;
    char ref_text[FRAME_REF_TEXT_MAX];
};

/* One whole message. PROBLEM_BAD_FRAME: it is none. In any case *frame is to be given to frame_fini(), and its ref is as
 * good as it could be read. */
MUST_CHECK struct refusal frame_read_text(struct frame *frame, struct bytes message);
MUST_CHECK struct refusal frame_read_binary(struct frame *frame, struct bytes message);
void frame_fini(struct frame *frame);

#endif
