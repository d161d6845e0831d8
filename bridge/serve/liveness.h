/*
 * liveness.h - is the client of a WebSocket still alive?
 *
 * Story     Browsers answer protocol pings (RFC 6455, 5.5.2) by themselves, even if the page hangs. So a script that
 *           has once sent {"type":"pong"} must go on sending messages; one that never has need not.
 */
#ifndef SERVE_LIVENESS_H
#define SERVE_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

struct liveness {
    uint64_t heard_ms;  /* when anything was last received, protocol pongs included */
    uint64_t asked_ms;  /* when a ping was last sent */
    uint64_t script_ms; /* when its script last sent a message; 0: it has never sent a pong */
};

void liveness_init(struct liveness *liveness, uint64_t now_ms);

/* A ping was sent. */
void liveness_ask(struct liveness *liveness, uint64_t now_ms);
/* A message, or a piece of one, was received. */
void liveness_hear_message(struct liveness *liveness, uint64_t now_ms);
/* That message was a pong from its script: from now on the script must send messages. */
void liveness_hear_script(struct liveness *liveness);
/* A protocol pong was received. */
void liveness_hear_browser(struct liveness *liveness, uint64_t now_ms);

/* When something was last received or a ping was last sent, whichever is later. */
uint64_t liveness_last_ms(const struct liveness *liveness);
/* Is it time to ask a script that must send messages for one, whatever else goes out? */
bool liveness_wants_script(const struct liveness *liveness, uint64_t now_ms, uint64_t heartbeat_ms);
/* Has the client, or a script that must send messages, been silent for two heartbeats and a grace period? */
bool liveness_is_over(const struct liveness *liveness, uint64_t now_ms, uint64_t heartbeat_ms);

#endif
