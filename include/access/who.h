/*
 * who.h - a client's identity, and what it may do.
 *
 * Lives     as long as the struct access that named it; a session borrows it.
 */
#ifndef ACCESS_WHO_H
#define ACCESS_WHO_H

struct glob_list;

/* Channels and patterns. */
struct rights {
    const struct glob_list *subscribe; /* may be listened to */
    const struct glob_list *publish;   /* may be published to */
};

struct who {
    const char *name; /* "": anonymous */
    struct rights rights;
};

#endif
