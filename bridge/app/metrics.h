/*
 * metrics.h - what GET /metrics says: the whole instance, from the board, in the Prometheus text format (0.0.4).
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

struct board;
struct buffer;

void metrics_append(const struct board *board, struct buffer *out);

#endif
