/*
 * pager.h - what comes after a place in a feed if its tail does not reach back that far: pages of the log, or a gap.
 *
 *              pager_ask: no page has it        pager_read           pager_on_page
 *    ┌──────┐ ───────────────────────► ┌────────┐ ─────► ┌───────┐ ───────────────► on_page ──► IDLE
 *    │ IDLE │                          │ WANTED │        │ ASKED │
 *    └──────┘ ◄─────────────────────── └────────┘        └───────┘
 *              pager_ask: a page has it, pager_dismiss
 *
 *    IDLE     the client needs no page, or has been served one
 *    WANTED   it waits for a page; the read that will bring it has not been sent
 *    ASKED    it waits for a page; it was already waiting when the read that is under way was sent
 *
 * Story     All clients that are behind the tail share pages: at most one read per feed is under way, from the place of
 *           the client furthest behind, and all clients whose places are within the page go on from it. A client that
 *           is served pins its page, so that one that needs pages of several feeds at once can't be starved by clients
 *           that need other pages. Only the pager knows which clients wait, what was asked, which pages are kept, and
 *           which losses each client was told of.
 * Owns      the pages.    Borrows  its clients, until pager_dismiss(); the shard and the name.
 */
#ifndef BROKER_PAGER_H
#define BROKER_PAGER_H

#include "base/bytes.h"
#include "gap.h"
#include "page_cache.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

struct pager;
struct shard;

enum pager_state { PAGER_IDLE, PAGER_WANTED, PAGER_ASKED };

/* One reader, embedded in a member. */
struct pager_client {
    TAILQ_ENTRY(pager_client) in_waiting; /* WANTED, ASKED */
    struct position after;                /* WANTED, ASKED: the place after which it reads */
    struct cached_page *pinned;           /* the page that it reads on from; NULL: none */
    struct known_loss known_loss;         /* what it may miss without a gap event */
    struct loss loss;                     /* if has_loss: what it misses and has to be told */
    uint8_t state;                        /* enum pager_state */
    struct position void_after;           /* if is_void: the place that was void ... */
    enum gap_reason void_reason;
    bool is_void; /* ... for this reason, of which it has to be told with its next page */
    bool has_loss;
    bool is_served;  /* it was served or checked against a page before */
    bool wants_kept; /* it asked for what is kept: of its first page, it is told only what is known to be gone */
};
TAILQ_HEAD(pager_client_list, pager_client);

/* What a page means to a client that waited for it. */
enum pager_news {
    PAGER_GOES_ON, /* it misses nothing, or nothing that it was not told of */
    PAGER_MISSES,  /* it misses something: pager_take_loss() says what */
};

struct pager_ops {
    /* A page came. Returns whether the client may pin it: one that can't be written to now keeps no page. */
    bool (*on_page)(struct pager_client *client, enum pager_news news, struct position newest);
};

struct pager {
    UT_hash_handle by_ticket;
    uint64_t ticket; /* of its reads */
    struct shard *shard;
    const struct pager_ops *ops;
    struct bytes name;
    struct page_cache pages;
    struct pager_client_list waiting;
    bool is_reading; /* a read is under way */
    bool is_wanted;  /* in broker.wanted: a page has to be read */
    TAILQ_ENTRY(pager) in_wanted;
};

void pager_init(struct pager *pager, struct shard *shard, struct bytes name, const struct pager_ops *ops);
void pager_fini(struct pager *pager);

/* Entries in order, without a hole. */
struct run {
    const struct tail *entries; /* borrowed: a feed's tail, or a pinned page */
    unsigned next;              /* index of the next entry */
};

enum pager_answer { PAGER_ENTRIES, PAGER_WAIT, PAGER_GAP };

/*
 * What comes after this place? PAGER_ENTRIES: *run, complete up to *until; its page is pinned for the client.
 * PAGER_WAIT: a page will be read, and ops.on_page called when it comes. PAGER_GAP: the client misses something; see
 * pager_take_loss().
 */
enum pager_answer pager_ask(struct pager *pager, struct pager_client *client, struct position after, struct run *run,
                            struct position *until);
/* The client needs no page now: it stops waiting, and its page is unpinned. */
void pager_dismiss(struct pager *pager, struct pager_client *client);
/* The same, and it reads from the beginning on, because its place `after` is void: with its next page it is told so. */
void pager_begin_anew(struct pager *pager, struct pager_client *client, struct position after, enum gap_reason reason);
/* Unpin the client's page. If it waits for another, it goes on waiting. */
void pager_unpin(struct pager_client *client);
/* What the client misses; it counts as told afterwards. false: nothing that it was not told of. */
bool pager_take_loss(struct pager_client *client, struct loss *loss);

/* Keep a page that the feed has read. */
void pager_keep(struct pager *pager, const struct page *page);
/* Serve no more clients from the pages read so far: they are void. */
void pager_forget(struct pager *pager);
/* A read under way belongs to an earlier connection: its answer will be ignored. */
void pager_lose(struct pager *pager);
/* Send the read for the clients that wait. Called at the end of the turn, if the shard's caller is connected. */
void pager_read(struct pager *pager);
/* Free pages that have not been used for a while, and repeat a read that failed. true: nothing is left to do. */
bool pager_sweep(struct pager *pager, uint64_t now_ms);

#endif
