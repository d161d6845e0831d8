/*
 * wheel.h - many coarse deadlines, one tick.
 *
 * Story     Ten thousand streams each have a next deadline (a heartbeat, their age limit). A timer for each would cost
 *           an allocation and a heap; here each item is in the slot of its tick. A delivery, which postpones the
 *           heartbeat, does not move the item: at the old deadline it is looked at and put back for the new one.
 * Promise   An item is never looked at before its deadline, and less than two ticks after it if wheel_turn() is called
 *           once per tick. Exception: an item due beyond the wheel's span (WHEEL_SLOTS - 1 ticks) is looked at once per
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
    uint64_t tick; /* the last one that wheel_turn() has handled */
    struct wheel_list slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, uint64_t tick_ms, uint64_t now_ms);

/* Add an item that is not in the wheel. */
void wheel_put(struct wheel *wheel, struct wheel_item *item, uint64_t due_ms);
/* Remove an item that is in the wheel. */
void wheel_remove(struct wheel_item *item);

/* Remove each item that is due and call fn for it, which may put it back. fn may also put and remove other items,
 * including those that are due. */
void wheel_turn(struct wheel *wheel, uint64_t now_ms, void (*fn)(struct wheel_item *item, void *arg), void *arg);

/* Call fn for every item in the wheel, due or not. fn may remove the item that it was given. */
void wheel_each(struct wheel *wheel, void (*fn)(struct wheel_item *item, void *arg), void *arg);

#endif
