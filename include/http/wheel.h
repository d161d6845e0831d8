/*
 * wheel.h - many coarse deadlines, one tick.
 *
 * Story     Ten thousand streams each have a next moment at which somebody must look at them (a heartbeat, their age).
 *           A timer each would cost an allocation and a heap; here each hangs in the slot of its tick, and a delivery,
 *           which moves its heartbeat away, does not move it: it is looked at when its old moment comes, and put off.
 * Promise   Nobody is looked at early; at most a tick late. A moment beyond the wheel's span is looked at once per
 *           span.
 */
#ifndef HTTP_WHEEL_H
#define HTTP_WHEEL_H

#include <stdint.h>
#include <sys/queue.h>

#define WHEEL_SLOTS 128

struct wheel_item {
    LIST_ENTRY(wheel_item) links;
};

LIST_HEAD(wheel_list, wheel_item);

struct wheel {
    uint64_t tick_ms;
    uint64_t tick; /* the last one that was turned */
    struct wheel_list slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, uint64_t tick_ms, uint64_t now_ms);

/* Hang up an item that hangs nowhere. */
void wheel_put(struct wheel *wheel, struct wheel_item *item, uint64_t due_ms);
/* Take down one that hangs somewhere. */
void wheel_remove(struct wheel_item *item);

/* Take down each item whose moment has come, and look at it: fn puts it back, or not. fn may put others too, and remove
 * others, also those that are due. */
void wheel_turn(struct wheel *wheel, uint64_t now_ms, void (*fn)(struct wheel_item *item, void *arg), void *arg);

/* Look at all items, wherever they hang. fn may remove them. */
void wheel_each(struct wheel *wheel, void (*fn)(struct wheel_item *item, void *arg), void *arg);

#endif
