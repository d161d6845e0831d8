/*
 * history.h - GET /history: entries once, as JSON, with the cursor to go on from.
 */
#ifndef SERVE_HISTORY_H
#define SERVE_HISTORY_H

struct request;

/* `arg` is the transport. */
void history_open(void *arg, struct request *request);

#endif
