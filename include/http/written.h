/*
 * written.h - what became of bytes that were written.
 */
#ifndef HTTP_WRITTEN_H
#define HTTP_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>

/* At once, when a write returns. */
enum written {
    WRITTEN_ALL,    /* the kernel took everything */
    WRITTEN_HELD,   /* the remaining bytes are buffered; on_writable is called when they are out */
    WRITTEN_FAILED, /* the socket is broken: kill the connection */
};

/* Later, as the kernel reports it. */
struct progress {
    uint32_t taken;    /* bytes that the peer has acknowledged so far, modulo 2^32 */
    bool is_under_way; /* some bytes are not acknowledged yet: they are in flight, or waiting */
    bool is_waiting;   /* some bytes are unsent in the kernel, until the peer or the network has room */
};

#endif
