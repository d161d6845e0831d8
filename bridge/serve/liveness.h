/*
 * liveness.h - does a WebSocket's other end still live?
 *
 * Story     Browsers answer a ping of the protocol by themselves, also where the page hangs. So a script that has ever
 *           said pong is held to it, and one that never did is not.
 */
#ifndef SERVE_LIVENESS_H
#define SERVE_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

struct liveness {
    uint64_t heard_ms;  /* when anything was last heard, a protocol's pong included */
    uint64_t asked_ms;  /* when it was last asked for a sign of life */
    uint64_t script_ms; /* when its script last said something, once it said pong; 0: it never did */
};

void liveness_init(struct liveness *liveness, uint64_t now_ms);

/* It was asked for a sign of life. */
void liveness_ask(struct liveness *liveness, uint64_t now_ms);
/* A message came. */
void liveness_hear_message(struct liveness *liveness, uint64_t now_ms);
/* That message was a pong of its script: from now on it is expected to say something. */
void liveness_hear_script(struct liveness *liveness);
/* A pong of the protocol came. */
void liveness_hear_browser(struct liveness *liveness, uint64_t now_ms);

/* When it was last heard or asked. */
uint64_t liveness_last_ms(const struct liveness *liveness);
/* Has it been silent for two heartbeats, and some more? */
bool liveness_is_over(const struct liveness *liveness, uint64_t now_ms, uint64_t heartbeat_ms);

#endif
