/*
 * history.h - GET /history: entries once, as JSON, with the cursor to go on from.
 */
#ifndef SERVE_HISTORY_H
#define SERVE_HISTORY_H

struct lws;
struct request;
struct transport;

int history_open(struct transport *transport, struct lws *wsi, const struct request *request);

#endif
