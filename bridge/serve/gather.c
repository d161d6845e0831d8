/*
 * gather.c - most messages come in one piece; the pieces of the others are appended to a buffer.
 */
#include "gather.h"

enum gathered gather_add(struct buffer *so_far, const struct piece *piece, size_t max, struct bytes *message)
{
    if (piece->is_first)
        buffer_clear(so_far);
    if (so_far->len + piece->len + piece->missing > max)
        return GATHERED_TOO_LARGE;
    *message = (struct bytes){piece->bytes, piece->len};
    if (piece->is_first && piece->is_final)
        return GATHERED_WHOLE;
    buffer_append(so_far, piece->bytes, piece->len);
    if (so_far->failed)
        return GATHERED_NO_MEMORY;
    if (!piece->is_final)
        return GATHERED_PART;
    if (so_far->data)
        *message = (struct bytes){so_far->data, so_far->len};
    return GATHERED_WHOLE;
}

void gather_done(struct buffer *so_far)
{
    buffer_fini(so_far);
}
