/*
 * pager.h - what comes after a place of a feed where its tail does not reach back so far: pages of the log, or a gap.
 *
 *              pager_ask: no page has it        pager_read           pager_on_page
 *    ┌──────┐ ───────────────────────► ┌────────┐ ─────► ┌───────┐ ───────────────► on_page ──► IDLE
 *    │ IDLE │                          │ WANTED │        │ ASKED │
 *    └──────┘ ◄─────────────────────── └────────┘        └───────┘
 *              pager_ask: a page has it, pager_dismiss
 *
 *    IDLE     needs no page, or has been served one
 *    WANTED   waits for a page; the read that will bring it has not been sent
 *    ASKED    waits for a page; it waited already when the read that is under way was sent
 *
 * Story     All who read behind the tail share pages: at most one read per feed is under way, from the place of the one
 *           furthest behind, and all who are within what it brings go on from it. Whoever is served pins the page, so
 *           that somebody who needs pages of several feeds at once is not kept waiting for ever by others who need other
 *           ones. The pager alone knows who waits for a page, what was asked, what is kept, and what each was told.
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

/* One who reads. */
struct pager_client {
    TAILQ_ENTRY(pager_client) in_waiting; /* WANTED, ASKED */
    struct position after;                /* WANTED, ASKED: the place after which it reads */
    struct cached_page *pinned;           /* where it reads on; NULL: nowhere */
    struct known_loss known_loss;         /* what it may miss without a word */
    struct loss loss;                     /* where has_loss: what it misses, to be told */
    uint8_t state;                        /* enum pager_state */
    bool has_loss;
    bool is_served;  /* a page was judged for it before */
    bool wants_kept; /* it asked for what is kept: what is gone is no gap, the first time */
};
TAILQ_HEAD(pager_client_list, pager_client);

/* What a page means to one who waited for it. */
enum pager_news {
    PAGER_GOES_ON, /* it misses nothing that it was not told */
    PAGER_MISSES,  /* it misses something: pager_take_loss() says what */
};

struct pager_ops {
    /* A page came. Answers whether the client may keep it pinned: who can't be written to now keeps nothing. */
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
    bool is_reading; /* a page is on its way */
    bool is_wanted;  /* in broker.wanted: a page is to be asked for */
    TAILQ_ENTRY(pager) in_wanted;
};

void pager_init(struct pager *pager, struct shard *shard, struct bytes name, const struct pager_ops *ops);
void pager_fini(struct pager *pager);

/* Entries in order, without a hole. */
struct run {
    const struct tail *entries; /* borrowed: the page is pinned */
    unsigned next;              /* the index of the next one */
};

enum pager_answer { PAGER_ENTRIES, PAGER_WAIT, PAGER_GAP };

/*
 * What comes after this place? PAGER_ENTRIES: *run, known up to *until; pinned for the client. PAGER_WAIT: a page is asked
 * for, ops.on_page will say when it came. PAGER_GAP: something is missing there, which pager_take_loss() has.
 */
enum pager_answer pager_ask(struct pager *pager, struct pager_client *client, struct position after, struct run *run,
                            struct position *until);
/* The client needs no page now, and keeps none. */
void pager_dismiss(struct pager *pager, struct pager_client *client);
/* It keeps no page, but still waits where it waited. */
void pager_unpin(struct pager_client *client);
/* What is missing, once: it counts as told. false: nothing that was not told. */
bool pager_take_loss(struct pager_client *client, struct loss *loss);

/* Keep a page that somebody else has read. */
void pager_keep(struct pager *pager, const struct page *page);
/* What was read before is void. */
void pager_forget(struct pager *pager);
/* The answer that is under way belongs to an earlier connection: it shall find nobody. */
void pager_lose(struct pager *pager);
/* Ask for the page that is wanted; from the end of the turn, where the shard can be asked. */
void pager_read(struct pager *pager);
/* Give back pages that nobody used for a while, ask again for what did not come. true: there is nothing to see to. */
bool pager_sweep(struct pager *pager, uint64_t now_ms);

#endif
