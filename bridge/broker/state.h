/*
 * state.h - what the files of the broker share: its settings, the work that waits for the end of the turn, its counters.
 *
 *   broker 1 ── n shard 1 ── n source 1 ── n feed 1 ── n member n ── 1 strand n ── 1 subscriber
 *
 * It knows nobody: what the lists hold is defined by those who put it there.
 */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "base/buffer.h"
#include "broker/config.h"
#include "broker/status.h"

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
    uint64_t last_ticket;    /* that Redis was asked with */
    struct feed *feeds;      /* by the ticket of their reads */
    struct pager *pagers;    /* by the ticket of their reads */
    struct question *asking; /* for the newest entries, by ticket */
    struct broker_status counters;
    unsigned publishing; /* publishes that are sent and not answered */
    bool is_freeing;     /* answers that are owed to others are dropped */

    /* For the end of the turn. */
    struct feed_list dirty;    /* something was pushed in this turn */
    struct strand_list behind; /* the pump will see to them */
    struct pager_list wanted;  /* a page is to be asked for */
    uint32_t turn;             /* counts turns */
    uint64_t turn_ms;          /* when this turn's pumping began */
    bool is_walking;           /* sinks are being called: nobody may be freed */
    struct buffer scratch;     /* what one write puts together */

    /* Tails. */
    struct feed_list tailed; /* with something in their tails, the one that was quiet longest first */
    size_t tail_bytes;       /* of all of them */
};

#endif
