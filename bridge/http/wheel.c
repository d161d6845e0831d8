/*
 * wheel.c - an item is in the slot of its tick number, modulo WHEEL_SLOTS.
 */
#include "http/wheel.h"

#include "base/check.h"

#include <stddef.h>

void wheel_init(struct wheel *wheel, uint64_t tick_ms, uint64_t now_ms)
{
    CHECK(tick_ms > 0);
    wheel->tick_ms = tick_ms;
    wheel->tick = now_ms / tick_ms;
    for (unsigned i = 0; i < WHEEL_SLOTS; i++)
        LIST_INIT(&wheel->slots[i]);
}

void wheel_put(struct wheel *wheel, struct wheel_item *item, uint64_t due_ms)
{
    uint64_t tick = (due_ms + wheel->tick_ms - 1) / wheel->tick_ms;
    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    if (tick >= wheel->tick + WHEEL_SLOTS)
        tick = wheel->tick + WHEEL_SLOTS - 1;
    LIST_INSERT_HEAD(&wheel->slots[tick % WHEEL_SLOTS], item, links);
}

void wheel_remove(struct wheel_item *item)
{
    LIST_REMOVE(item, links);
}

void wheel_turn(struct wheel *wheel, uint64_t now_ms, void (*fn)(struct wheel_item *item, void *arg), void *arg)
{
    uint64_t until = now_ms / wheel->tick_ms;
    /* After a long pause, visit each slot just once. */
    if (until > wheel->tick + WHEEL_SLOTS)
        wheel->tick = until - WHEEL_SLOTS;
    while (wheel->tick < until) {
        wheel->tick++;
        struct wheel_list *slot = &wheel->slots[wheel->tick % WHEEL_SLOTS];
        struct wheel_item *item;
        /* What fn puts goes to a later tick, at most WHEEL_SLOTS - 1 further on: never into this slot. */
        while ((item = LIST_FIRST(slot))) {
            wheel_remove(item);
            fn(item, arg);
        }
    }
}

void wheel_each(struct wheel *wheel, void (*fn)(struct wheel_item *item, void *arg), void *arg)
{
    for (unsigned i = 0; i < WHEEL_SLOTS; i++) {
        struct wheel_item *item, *next;
        for (item = LIST_FIRST(&wheel->slots[i]); item; item = next) {
            next = LIST_NEXT(item, links);
            fn(item, arg);
        }
    }
}
