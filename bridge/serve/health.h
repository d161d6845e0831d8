/*
 * health.h - GET /healthz: the process answers. GET /readyz: it can serve, or why it can't. GET /metrics: how it does.
 */
#ifndef SERVE_HEALTH_H
#define SERVE_HEALTH_H

struct lws;
struct request;
struct transport;

int health_answer_alive(struct transport *transport, struct lws *wsi, const struct request *request);
int health_answer_ready(struct transport *transport, struct lws *wsi, const struct request *request);
int health_answer_metrics(struct transport *transport, struct lws *wsi, const struct request *request);

#endif
