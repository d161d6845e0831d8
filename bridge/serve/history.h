/*
 * history.h - GET /history: entries once, as JSON, with the cursor to go on from.
 */
#ifndef SERVE_HISTORY_H
#define SERVE_HISTORY_H

#include "incoming.h"

extern const struct incoming_kind history_incoming;

#endif
