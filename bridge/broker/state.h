/*
 * state.h - what the broker's files share: its settings, the work that waits for the end of the turn, its counters.
 *
 *   broker 1 ── n shard 1 ── n source 1 ── n feed 1 ── n member n ── 1 strand n ── 1 subscriber
 *
 * It depends on no other file of the broker: the lists' elements are defined by the files that fill them.
 */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "base/buffer.h"
#include "broker/config.h"
#include "broker/status.h"
#include "redis/complaint.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct feed;
struct pager;
struct question;
struct shard;
struct strand;

TAILQ_HEAD(feed_list, feed);
TAILQ_HEAD(pager_list, pager);
TAILQ_HEAD(strand_list, strand);

struct broker {
    struct broker_config config;
    struct loop *loop;
    struct shard *shards;    /* config.shard_count of them */
    uint64_t last_ticket;    /* the last one that was given out */
    struct feed *feeds;      /* by the ticket of their reads */
    struct pager *pagers;    /* by the ticket of their reads */
    struct question *asking; /* questions for the newest entries, by ticket */
    struct broker_status counters;
    unsigned publishing;      /* publishes that have not been answered yet */
    struct complaint refused; /* what Redis refused of what clients asked for */
    bool is_freeing;          /* pending callbacks are not called any more */

    /* For the end of the turn. */
    struct feed_list dirty;    /* something was pushed in this turn */
    struct strand_list behind; /* waiting for the pump */
    struct pager_list wanted;  /* a page has to be read */
    uint32_t turn;             /* counts turns */
    uint64_t turn_ms;          /* when this turn's pumping began */
    bool is_walking;           /* sinks may be called: subscribers must not be changed or freed */
    struct buffer scratch;     /* where a write is put together */

    /* Tails. */
    struct feed_list tailed; /* feeds with entries in their tails, the one that has been quiet longest first */
    size_t tail_bytes;       /* of all of them together */
};

#endif
