/*
 * format.h - how an entry can look on the wire.
 */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

enum format {
    FORMAT_SSE_PLAIN, /* the event is the publisher's */
    FORMAT_SSE_NAMED, /* the event is the channel */
    FORMAT_SSE_JSON,  /* the data is the whole message as JSON */
    FORMAT_WS_JSON,   /* a message as JSON, or a binary frame with a line before the payload */
    FORMAT_WS_RAW,    /* the payload, and nothing else */
};

#endif
