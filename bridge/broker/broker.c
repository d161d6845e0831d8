/*
 * broker.c - creation, status, and the end of each loop turn.
 *
 *   a turn ends:  receive what the sockets still hold ──► fresh: live members are given what was pushed
 *                 ──► pump: strands that are behind, for PUMP_MS ──► what Redis reported void is dropped
 *                 ──► pages are asked for
 */
#include "broker/broker.h"

#include "base/clock.h"
#include "base/loop.h"
#include "feed.h"
#include "fresh.h"
#include "pump.h"
#include "shard.h"
#include "strand.h"

#include <stdlib.h>

#define PUMP_MS 2 /* the share of a turn for strands that are behind */

/* --- callbacks from a shard --------------------------------------------------------------------------------------- */

/* The listener is lost: strands that have been given everything up to shard.flushed take that as their place. */
static void broker_on_going(struct shard *shard)
{
    struct feed *feed, *next;
    struct member *member;
    HASH_ITER (by_name, shard->feeds, feed, next)
        TAILQ_FOREACH (member, &feed->members, in_feed)
            strand_settle(member->strand);
}

static void broker_on_tick(struct shard *shard)
{
    struct feed_list tended = TAILQ_HEAD_INITIALIZER(tended);
    struct feed *feed;
    uint64_t now_ms = clock_now_ms();
    TAILQ_CONCAT(&tended, &shard->tended, in_tended);
    while ((feed = TAILQ_FIRST(&tended))) {
        TAILQ_REMOVE(&tended, feed, in_tended);
        TAILQ_INSERT_TAIL(&shard->tended, feed, in_tended);
        feed_sweep(feed, now_ms);
    }
}

static void broker_on_asked(struct shard *shard)
{
    struct feed *feed, *next;
    broker_on_tick(shard);
    HASH_ITER (by_name, shard->feeds, feed, next)
        feed_wake_unstarted(feed);
}

static const struct shard_events broker_shard_events = {broker_on_going, broker_on_asked, broker_on_tick};

/* --- the end of a turn -------------------------------------------------------------------------------------------- */

static void broker_give_fresh(struct broker *broker)
{
    struct feed *feed;
    while ((feed = TAILQ_FIRST(&broker->dirty))) {
        TAILQ_REMOVE(&broker->dirty, feed, in_dirty);
        feed->is_dirty = false;
        fresh(feed);
        feed_count_tail(feed);
    }
}

/* More was received, so more is certain. */
static void broker_wake_horizon(struct shard *shard)
{
    struct strand *strand;
    if (!shard->has_news)
        return;
    shard->has_news = false;
    while ((strand = TAILQ_FIRST(&shard->at_horizon)))
        strand_wake(strand, "more was received");
}

/*
 * Strands that the pump puts back wait for the next turn, so that sockets and Redis are served in between. So do those
 * that do not fit into PUMP_MS, so that catching up does not delay live delivery.
 */
static void broker_pump_behind(struct broker *broker)
{
    struct strand *strand;
    broker->turn++;
    broker->turn_ms = clock_now_ms();
    while ((strand = TAILQ_FIRST(&broker->behind)) && strand->turn != broker->turn &&
           clock_now_ms() - broker->turn_ms <= PUMP_MS) {
        strand->turn = broker->turn;
        TAILQ_REMOVE(&broker->behind, strand, in_list);
        TAILQ_INSERT_TAIL(&broker->behind, strand, in_list);
        pump(strand);
    }
}

/* Redis was flushed, or lost something: clients that come back with a cursor from before must be told of the gap, not
 * served from memory. A loss is told before what came after it, a flush after what came before it. */
static void broker_forget(struct shard *shard, bool is_lost)
{
    struct feed *feed, *next;
    struct member *member;
    if (!shard->has_void || shard->is_lost != is_lost)
        return;
    HASH_ITER (by_name, shard->feeds, feed, next) {
        if (feed->state != FEED_LIVE || feed->is_ephemeral)
            continue;
        TAILQ_FOREACH (member, &feed->members, in_feed)
            strand_forget(member->strand, shard->void_before, shard->is_lost);
        feed_forget(feed, shard->void_before);
    }
    shard->has_void = shard->is_lost = false;
}

/* With many channels, those that have been quiet longest keep no tail. */
static void broker_limit_tails(struct broker *broker)
{
    while (broker->tail_bytes > broker->config.tails_bytes)
        feed_drop_tail(TAILQ_FIRST(&broker->tailed));
}

static void broker_read_pages(struct broker *broker)
{
    struct pager *pager, *next;
    for (pager = TAILQ_FIRST(&broker->wanted); pager; pager = next) {
        next = TAILQ_NEXT(pager, in_wanted);
        if (caller_is_up(pager->shard->caller))
            pager_read(pager);
    }
}

static void broker_on_turn_end(void *arg)
{
    struct broker *broker = arg;
    unsigned shards = broker->config.shard_count;
    for (unsigned i = 0; i < shards; i++)
        shard_hear_more(&broker->shards[i]);
    for (unsigned i = 0; i < shards; i++)
        broker_forget(&broker->shards[i], true);
    broker->is_walking = true;
    broker_give_fresh(broker);
    for (unsigned i = 0; i < shards; i++)
        broker_wake_horizon(&broker->shards[i]);
    broker_pump_behind(broker);
    broker->is_walking = false;
    for (unsigned i = 0; i < shards; i++) {
        shard_flushed(&broker->shards[i]);
        broker_forget(&broker->shards[i], false);
    }
    broker_limit_tails(broker);
    broker_read_pages(broker);
    if (!TAILQ_EMPTY(&broker->behind))
        loop_again(broker->loop);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void broker_status(const struct broker *broker, struct broker_status *out)
{
    *out = broker->counters;
    out->watermark = broker->shards[0].watermark;
    out->feeds = 0;
    for (unsigned i = 0; i < broker->config.shard_count; i++) {
        if (!*out->reason)
            shard_trouble(&broker->shards[i], out->reason, sizeof out->reason);
        out->feeds += HASH_CNT(by_name, broker->shards[i].feeds);
    }
    out->is_ready = !*out->reason;
}

struct broker *broker_new(struct loop *loop, const struct broker_config *config)
{
    struct broker *broker = calloc(1, sizeof *broker);
    bool is_good = broker;
    if (!broker)
        return NULL;
    broker->config = *config;
    broker->loop = loop;
    TAILQ_INIT(&broker->dirty);
    TAILQ_INIT(&broker->behind);
    TAILQ_INIT(&broker->wanted);
    TAILQ_INIT(&broker->tailed);
    CHECK(config->shard_count > 0);
    broker->shards = calloc(config->shard_count, sizeof *broker->shards);
    CHECK(broker->shards);
    for (unsigned i = 0; i < config->shard_count; i++)
        is_good = shard_init(&broker->shards[i], broker, i, &broker_shard_events) && is_good;
    if (!is_good) {
        broker_free(broker);
        return NULL;
    }
    loop_on_turn_end(loop, broker_on_turn_end, broker);
    return broker;
}

void broker_free(struct broker *broker)
{
    if (!broker)
        return;
    CHECK(broker->counters.subscribers == 0);
    broker->is_freeing = true;
    for (unsigned i = 0; i < broker->config.shard_count; i++)
        shard_fini(&broker->shards[i]);
    buffer_fini(&broker->scratch);
    free(broker->shards);
    free(broker);
}
