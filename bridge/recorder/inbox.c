/*
 * inbox.c - wait until the inbox has entries, record them, and wait again.
 *
 *          inbox_serve(true)               there may be something
 *   IDLE ─────────────────────► WAITING ────────────────────────► TAKING ─┐ more
 *     ▲                            ▲         nothing is left      │  ▲ ▲   │
 *     └─ not serving any more      └──────────────────────────────┘  │ └───┘
 *                                PAUSED ◄── an error                 │
 *                                   └── retry_timer, caller up ──────┘
 */
#include "inbox.h"

#include "base/log.h"
#include "base/loop.h"
#include "recorder/config.h"
#include "redis/caller.h"
#include "redis/complaint.h"
#include "redis/inbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_MAX 64 /* entries per call */
#define WAIT_MS 1000
#define RETRY_MS 1000

enum inbox_state { INBOX_IDLE, INBOX_WAITING, INBOX_TAKING, INBOX_PAUSED };

struct inbox {
    const struct recorder_config *config;
    struct caller *caller;
    struct timer *retry_timer;
    enum inbox_state state;
    bool serves;
    struct complaint complaint;
    struct inbox_count count;
};

static void inbox_wait(struct inbox *inbox);

static void inbox_pause(struct inbox *inbox, struct reply reply)
{
    inbox->state = INBOX_PAUSED;
    timer_start(inbox->retry_timer, RETRY_MS);
    if (reply.status == REPLY_ERROR)
        complaint_hear(&inbox->complaint, "inbox_failed", reply.text);
}

static void inbox_on_taken(void *arg, uint64_t ticket, struct reply reply, struct inbox_reply taken);

static void inbox_take(struct inbox *inbox)
{
    inbox->state = INBOX_TAKING;
    caller_inbox(inbox->caller, inbox->config->channels, inbox->config->ephemeral, TAKE_MAX, inbox_on_taken, inbox, 0);
}

static void inbox_on_taken(void *arg, uint64_t ticket, struct reply reply, struct inbox_reply taken)
{
    struct inbox *inbox = arg;
    (void)ticket;
    if (reply.status != REPLY_OK) {
        inbox_pause(inbox, reply);
        return;
    }
    complaint_end(&inbox->complaint);
    inbox->count.recorded += taken.done - taken.rejected;
    inbox->count.rejected += taken.rejected;
    if (taken.rejected)
        log_warn("inbox_rejected", "entries=%" PRIu64 " total=%" PRIu64 " why=\"%s\"", taken.rejected,
                 inbox->count.rejected, LOG_TEXT(taken.why.data, taken.why.len));
    if (taken.done && inbox->serves)
        inbox_take(inbox);
    else
        inbox_wait(inbox);
}

static void inbox_on_waited(void *arg, uint64_t ticket, struct reply reply)
{
    struct inbox *inbox = arg;
    (void)ticket;
    if (reply.status != REPLY_OK)
        inbox_pause(inbox, reply);
    else if (inbox->serves)
        inbox_take(inbox);
    else
        inbox->state = INBOX_IDLE;
}

static void inbox_wait(struct inbox *inbox)
{
    inbox->state = inbox->serves ? INBOX_WAITING : INBOX_IDLE;
    if (inbox->serves)
        caller_inbox_wait(inbox->caller, WAIT_MS, inbox_on_waited, inbox, 0);
}

static void inbox_retry(void *arg)
{
    struct inbox *inbox = arg;
    if (inbox->state == INBOX_PAUSED && inbox->serves)
        inbox_take(inbox); /* don't wait: that reads an entry, which may be too large to arrive in time */
    else if (inbox->state == INBOX_PAUSED)
        inbox->state = INBOX_IDLE;
}

void inbox_serve(struct inbox *inbox, bool serves)
{
    inbox->serves = serves;
    if (inbox->state == INBOX_IDLE)
        inbox_wait(inbox);
}

void inbox_reconnect(struct inbox *inbox)
{
    caller_restart(inbox->caller, CALLER_READONLY);
}

const struct inbox_count *inbox_count(const struct inbox *inbox)
{
    return &inbox->count;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void inbox_on_caller_up(void *arg)
{
    inbox_retry(arg);
}

static void inbox_on_caller_down(void *arg, const char *why)
{
    (void)arg, (void)why; /* the pending call gets REPLY_DOWN */
}

struct inbox *inbox_new(struct loop *loop, const struct recorder_config *config)
{
    static const struct caller_events events = {inbox_on_caller_up, inbox_on_caller_down};
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return NULL;
    inbox->config = config;
    inbox->retry_timer = timer_new(loop, inbox_retry, inbox);
    inbox->caller = caller_new(loop, config->redis, "recorder-inbox", &events, inbox);
    if (inbox->retry_timer && inbox->caller)
        return inbox;
    inbox_free(inbox);
    return NULL;
}

void inbox_free(struct inbox *inbox)
{
    if (!inbox)
        return;
    inbox->serves = false;
    caller_free(inbox->caller);
    timer_free(inbox->retry_timer);
    free(inbox);
}
