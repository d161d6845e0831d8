/*
 * metrics.h - answers GET /metrics: the whole instance, from the board, in the Prometheus text format (0.0.4).
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

struct request;

/* For a route; its arg is the struct board. */
void metrics_answer(void *arg, struct request *request);

#endif
