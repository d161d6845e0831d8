/*
 * history.h - GET /history: kept entries as one JSON object, with the cursor to continue from.
 */
#ifndef SERVE_HISTORY_H
#define SERVE_HISTORY_H

#include "incoming.h"

extern const struct incoming_kind history_incoming;

#endif
