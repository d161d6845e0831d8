/*
 * format.h - the wire formats of an entry.
 */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

enum format {
    FORMAT_SSE_PLAIN, /* the event name is the publisher's */
    FORMAT_SSE_NAMED, /* the event name is the channel */
    FORMAT_SSE_JSON,  /* the data is the whole message as JSON */
    FORMAT_WS_JSON,   /* the message as JSON; if not UTF-8, a binary frame: a header line, then the payload */
    FORMAT_WS_RAW,    /* the payload alone */
};

#endif
