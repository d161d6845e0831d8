/*
 * roll.c - a byte per worker.
 */
#include "roll.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

struct roll {
    atomic_uchar words[ROLL_MAX]; /* enum roll_word */
};

struct roll *roll_new(unsigned workers)
{
    struct roll *roll = mmap(NULL, sizeof *roll, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(workers <= ROLL_MAX);
    if (roll == MAP_FAILED)
        return NULL;
    for (unsigned i = 0; i < workers; i++)
        roll_say(roll, i, ROLL_COMING);
    return roll;
}

void roll_free(struct roll *roll)
{
    if (roll != NULL)
        munmap(roll, sizeof *roll);
}

void roll_say(struct roll *roll, unsigned worker, enum roll_word word)
{
    CHECK(worker < ROLL_MAX);
    atomic_store_explicit(&roll->words[worker], (unsigned char)word, memory_order_relaxed);
}

bool roll_is_ready(const struct roll *roll)
{
    for (unsigned i = 0; i < ROLL_MAX; i++)
        if (atomic_load_explicit(&roll->words[i], memory_order_relaxed) == ROLL_COMING)
            return false;
    return true;
}
