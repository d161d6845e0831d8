/*
 * dice.h - seeded random numbers for games, which are random runs against a model: a seed replays its game.
 */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stdint.h>

static uint64_t dice_seed, dice_state;

static inline void dice_begin(uint64_t seed)
{
    dice_seed = dice_state = seed;
}

/* 0 to sides - 1 */
static inline unsigned roll(unsigned sides)
{
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice_state >> 33) % sides;
}

#endif
