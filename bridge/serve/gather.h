/*
 * gather.h - a WebSocket's message, whole, out of the pieces that it comes in.
 */
#ifndef SERVE_GATHER_H
#define SERVE_GATHER_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/check.h"
#include "http/connection.h"

enum gathered {
    GATHERED_WHOLE,     /* *message is all of it */
    GATHERED_PART,      /* more is to come */
    GATHERED_TOO_LARGE, /* it would be more than `max` bytes: known before all of it is here */
    GATHERED_NO_MEMORY,
};

/* One more piece. `so_far` is the caller's, empty at first, and holds nothing once a message is whole and done with:
 * gather_done(). A message that comes in one piece is not copied. */
MUST_CHECK enum gathered gather_add(struct buffer *so_far, const struct piece *piece, size_t max,
                                    struct bytes *message);
/* The message is not needed any more. */
void gather_done(struct buffer *so_far);

#endif
