/*
 * browser.h - one connection, from connect() to its end, and what it is still owed.
 *
 * Story     A browser asks for its channels, reads, and checks every message: the right channel, the next sequence
 *           number, every byte. It remembers the last id, and sends it when it reconnects, as a real one does.
 *           A paused one does not read at all; one that sips reads a few bytes now and then.
 * Promise   Edge-triggered: a turn reads until the socket is drained. Nothing here blocks.
 * Owns      its socket, its sequence numbers and an incomplete event.   Borrows  the group, always.
 */
#ifndef CROWD_BROWSER_H
#define CROWD_BROWSER_H

#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

struct group;

enum browser_state {
    BROWSER_IDLE, /* never opened, or shut from this side */
    BROWSER_CONNECTING,
    BROWSER_ASKING,   /* the request is sent */
    BROWSER_ANSWERED, /* 200 or 101 has come */
    BROWSER_LISTENING,
    BROWSER_CUT, /* the server ended it */
    BROWSER_STATES
};

enum browser_end { END_FIN, END_RESET };

struct browser {
    struct group *group;
    uint32_t index;
    int fd;
    enum browser_state state;
    bool is_paused;
    bool is_gap_told;    /* so the next jump in the sequence numbers is no loss */
    uint32_t subscribed; /* WebSocket: channels that it has caught up with */
    struct position id;  /* the last one that it received */
    uint32_t *next;      /* the sequence number expected next on each of its channels */
    char *kept;          /* the beginning of an incomplete event */
    uint32_t kept_length;
    uint64_t started_ns;
};

void browser_init(struct browser *b, struct group *group, uint32_t index);
void browser_fini(struct browser *b);

/* Connect, or reconnect. False: that failed at once. */
bool browser_open(struct browser *b, int epoll_fd);

/* Close it from this side. It keeps its id and its sequence numbers for the next time. */
void browser_shut(struct browser *b, enum browser_end how);

/* Handle what epoll has reported for it. */
void browser_turn(struct browser *b, uint32_t events);

void browser_pause(struct browser *b);
void browser_resume(struct browser *b);

/* Read at most this many bytes, although it is paused. */
void browser_sip(struct browser *b, size_t bytes);

/* Publish on its first channel by a WebSocket frame. */
void browser_speak(struct browser *b, const char *text, size_t length);

/* How many messages it is still owed. */
uint64_t browser_owed(const struct browser *b);

#endif
