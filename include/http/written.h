/*
 * written.h - what became of bytes that were written.
 */
#ifndef HTTP_WRITTEN_H
#define HTTP_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>

/* At once. */
enum written {
    WRITTEN_ALL,    /* the system took everything */
    WRITTEN_HELD,   /* a rest is held back; on_writable tells when it is out */
    WRITTEN_FAILED, /* the socket is broken: kill the connection */
};

/* After a while. */
struct progress {
    uint32_t taken;    /* bytes that the other end has acknowledged so far, modulo 2^32 */
    bool is_under_way; /* others have not been: they are on the wire, or wait */
    bool is_waiting;   /* in the kernel, until the other end has room, or the network */
};

#endif
