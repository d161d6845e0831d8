/*
 * who.h - who asks, and what that one may.
 *
 * Lives     as long as the access room that named it; a session borrows it.
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
