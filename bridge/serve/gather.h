/*
 * gather.h - puts a WebSocket message together from the pieces that it comes in.
 */
#ifndef SERVE_GATHER_H
#define SERVE_GATHER_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/check.h"
#include "http/connection.h"

enum gathered {
    GATHERED_WHOLE,     /* *message is complete */
    GATHERED_PART,      /* more is to come */
    GATHERED_TOO_LARGE, /* it would have more than `max` bytes; known before all of them are received */
    GATHERED_NO_MEMORY,
};

/* Add a piece. `so_far` is the caller's, empty at first; once a complete message has been handled, gather_done()
 * empties it. A message that comes in one piece is not copied: *message borrows the piece. */
MUST_CHECK enum gathered gather_add(struct buffer *so_far, const struct piece *piece, size_t max,
                                    struct bytes *message);
/* The message has been handled: *message is not valid any more. */
void gather_done(struct buffer *so_far);

#endif
