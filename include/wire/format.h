/*
 * format.h - how an entry can look on the wire. The broker hands these numbers back to transport_encode().
 */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

enum format { FORMAT_SSE_PLAIN, FORMAT_SSE_NAMED, FORMAT_SSE_JSON, FORMAT_WS_JSON, FORMAT_WS_RAW };

#endif
