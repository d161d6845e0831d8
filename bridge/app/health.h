/*
 * health.h - GET /healthz: the process is alive. GET /readyz: the instance can serve, or why it can't.
 */
#ifndef APP_HEALTH_H
#define APP_HEALTH_H

struct board;
struct broker;
struct request;
struct server;

/* What readiness depends on; borrowed. */
struct health {
    const struct broker *broker;
    const struct server *server;
    const struct board *board;
};

/* For routes; the second one's arg is a struct health. */
void health_answer_alive(void *arg, struct request *request);
void health_answer_ready(void *arg, struct request *request);

#endif
