/*
 * outgoing.h - what a socket is given without libwebsockets in between, and what became of it.
 */
#ifndef HTTP_OUTGOING_H
#define HTTP_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much of it the socket takes. Less than all of it: whatever is the matter, lws will find it out from the rest.
 * has_more: more is to come at once, and one packet will do for both (the kernel waits for it for 0.2 s, tcp(7)).
 */
size_t outgoing_send(int fd, const char *bytes, size_t len, bool has_more);

/*
 * Of a listening socket: connections that it brings keep this much that can't be sent, before they are full. By itself
 * the kernel keeps 4 MB for a browser that does not read, and we would take it for one that does.
 */
void outgoing_limit(int listener);

struct outgoing {
    uint32_t taken;    /* bytes that the other end has acknowledged so far, modulo 2^32 */
    bool is_under_way; /* others have not been: they are on the wire, or wait */
    bool is_waiting;   /* in the kernel, until the other end has room, or the network */
};

/* A system call. false: this socket or this kernel does not tell (Linux before 4.6), or it is shut. */
bool outgoing_read(int fd, struct outgoing *out);

#endif
