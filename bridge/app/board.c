/*
 * board.c - atomic numbers in shared memory.
 */
#include "board.h"

#include "recorder/recorder.h"
#include "serve/ending.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define STATUS_WORDS (sizeof(struct recorder_status) / sizeof(uint64_t))
_Static_assert(sizeof(struct recorder_status) % sizeof(uint64_t) == 0, "a status is copied by words");

struct board {
    bool has_recorder;
    atomic_uchar workers[BOARD_WORKERS_MAX]; /* enum board_word */
    atomic_uint connections[BOARD_WORKERS_MAX];
    atomic_uint parked[BOARD_WORKERS_MAX];
    atomic_uint_least64_t stalled;
    atomic_uint_least64_t ephemeral_refused;
    atomic_uint_least64_t ended[ENDINGS];
    atomic_uint_least64_t recorder[STATUS_WORDS]; /* struct recorder_status */
};

struct board *board_new(unsigned workers, bool has_recorder)
{
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(workers <= BOARD_WORKERS_MAX);
    if (board == MAP_FAILED)
        return NULL;
    board->has_recorder = has_recorder;
    for (unsigned i = 0; i < workers; i++)
        board_say_worker(board, i, BOARD_COMING);
    return board;
}

void board_free(struct board *board)
{
    if (board)
        munmap(board, sizeof *board);
}

void board_say_worker(struct board *board, unsigned worker, enum board_word word)
{
    CHECK(worker < BOARD_WORKERS_MAX);
    atomic_store_explicit(&board->workers[worker], (unsigned char)word, memory_order_relaxed);
    if (word != BOARD_READY)
        board_say_connections(board, worker, 0, 0);
}

void board_say_connections(struct board *board, unsigned worker, unsigned connections, unsigned parked)
{
    CHECK(worker < BOARD_WORKERS_MAX);
    atomic_store_explicit(&board->connections[worker], connections, memory_order_relaxed);
    atomic_store_explicit(&board->parked[worker], parked, memory_order_relaxed);
}

void board_add_stalled(struct board *board, uint64_t streams)
{
    atomic_fetch_add_explicit(&board->stalled, streams, memory_order_relaxed);
}

void board_add_ephemeral_refused(struct board *board, uint64_t messages)
{
    atomic_fetch_add_explicit(&board->ephemeral_refused, messages, memory_order_relaxed);
}

void board_add_ended(struct board *board, unsigned ending, uint64_t streams)
{
    CHECK(ending < ENDINGS);
    atomic_fetch_add_explicit(&board->ended[ending], streams, memory_order_relaxed);
}

void board_say_recorder(struct board *board, const struct recorder_status *status)
{
    uint64_t words[STATUS_WORDS];
    memcpy(words, status, sizeof words);
    for (size_t i = 0; i < STATUS_WORDS; i++)
        atomic_store_explicit(&board->recorder[i], words[i], memory_order_relaxed);
}

void board_reset_recorder(struct board *board)
{
    board_say_recorder(board, &(struct recorder_status){0});
}

void board_recorder(const struct board *board, struct recorder_status *out)
{
    uint64_t words[STATUS_WORDS];
    for (size_t i = 0; i < STATUS_WORDS; i++)
        words[i] = atomic_load_explicit(&board->recorder[i], memory_order_relaxed);
    memcpy(out, words, sizeof words);
}

bool board_has_recorder(const struct board *board)
{
    return board->has_recorder;
}

static unsigned board_count(const struct board *board, enum board_word word)
{
    unsigned count = 0;
    for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
        count += atomic_load_explicit(&board->workers[i], memory_order_relaxed) == word;
    return count;
}

const char *board_missing(const struct board *board)
{
    struct recorder_status recorder;
    if (board_count(board, BOARD_COMING) > 0)
        return "another worker of this instance is not ready yet";
    board_recorder(board, &recorder);
    if (board->has_recorder && !recorder.had_place)
        return "the recorder of this instance has not joined the others yet";
    return NULL;
}

unsigned board_workers_ready(const struct board *board)
{
    return board_count(board, BOARD_READY);
}

uint64_t board_stalled(const struct board *board)
{
    return atomic_load_explicit(&board->stalled, memory_order_relaxed);
}

uint64_t board_ephemeral_refused(const struct board *board)
{
    return atomic_load_explicit(&board->ephemeral_refused, memory_order_relaxed);
}

uint64_t board_ended(const struct board *board, unsigned ending)
{
    CHECK(ending < ENDINGS);
    return atomic_load_explicit(&board->ended[ending], memory_order_relaxed);
}

static unsigned board_sum(const atomic_uint numbers[static BOARD_WORKERS_MAX])
{
    unsigned sum = 0;
    for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
        sum += atomic_load_explicit(&numbers[i], memory_order_relaxed);
    return sum;
}

unsigned board_connections(const struct board *board)
{
    return board_sum(board->connections);
}

unsigned board_parked(const struct board *board)
{
    return board_sum(board->parked);
}
