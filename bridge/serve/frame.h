/*
 * frame.h - reads the frames that clients send in bridge.v1.json.
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
#define FRAME_REF_TEXT_MAX (FRAME_REF_LEN_MAX * 6 + 2) /* each byte escaped, and the quotes */

struct json_t; /* jansson.h */

/* Its fields point into the message that was read, into `object`, or into the frame itself: do not copy it. */
struct frame {
    enum frame_type type;
    struct bytes ref;       /* a piece of JSON that the answer to this frame repeats; empty if it has none */
    struct message message; /* FRAME_PUBLISH; for FRAME_SUBSCRIBE and FRAME_UNSUBSCRIBE only the channel */
    struct start start;     /* FRAME_SUBSCRIBE; points to `after` below */
    struct cursor after;
    struct json_t *object;
    char ref_text[FRAME_REF_TEXT_MAX];
};

/* Read one whole message, which must outlive the frame. PROBLEM_BAD_FRAME: it is not a valid frame; PROBLEM_BAD_CURSOR:
 * its start is not valid. In any case, call frame_fini() afterwards; `ref` is set if it could be read. */
MUST_CHECK struct refusal frame_read_text(struct frame *frame, struct bytes message);
MUST_CHECK struct refusal frame_read_binary(struct frame *frame, struct bytes message);
void frame_fini(struct frame *frame);

#endif
