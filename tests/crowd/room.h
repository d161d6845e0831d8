/*
 * room.h - allocates memory, or ends the program: a generator without memory can measure nothing.
 */
#ifndef CROWD_ROOM_H
#define CROWD_ROOM_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Grow `old`, or NULL, to room for `count` things of `size` bytes. */
static inline void *room_for(void *old, size_t count, size_t size)
{
    void *room = reallocarray(old, count, size);
    if (!room && count * size != 0) {
        perror("crowd: memory");
        exit(1);
    }
    return room;
}

#endif
