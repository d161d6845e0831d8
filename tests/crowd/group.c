/*
 * group.c - when each of many browsers opens, shuts and sips; browser.c does the rest.
 */
#include "group.h"

#include "room.h"

#include <stdlib.h>
#include <string.h>

enum {
    UNDER_WAY_MAX = 100,        /* handshakes at once without a rate: below every accept backlog */
    UNDER_WAY_MAX_PACED = 2000, /* with a rate: a server that is too slow shows in `waiting` */
    DONE_PER_TURN = 20          /* so that answers are read between new requests */
};

struct group *group_new(const char *name, const struct group_options *options)
{
    struct group *g = room_for(NULL, 1, sizeof *g);
    memset(g, 0, sizeof *g);
    snprintf(g->name, sizeof g->name, "%s", name);
    g->options = *options;
    g->browsers = room_for(NULL, options->count, sizeof *g->browsers);
    for (uint32_t i = 0; i < options->count; i++)
        browser_init(&g->browsers[i], g, i);
    return g;
}

void group_free(struct group *g)
{
    for (uint32_t i = 0; i < g->options.count; i++)
        browser_fini(&g->browsers[i]);
    free(g->browsers);
    free(g);
}

void group_open(struct group *g, double rate, uint64_t now_ns)
{
    pace_start(&g->opening, g->options.count, rate, now_ns);
    g->is_opening = true;
}

void group_shut(struct group *g, double rate, enum browser_end how, uint64_t now_ns)
{
    if (rate == 0) {
        g->opening.total = g->opening.done;
        g->is_opening = false;
    }
    pace_start(&g->shutting, g->options.count, rate, now_ns);
    g->shut_how = how;
    g->is_shutting = true;
}

void group_sip(struct group *g, uint32_t bytes, uint32_t every_ms, uint64_t now_ns)
{
    g->sip_bytes = bytes;
    g->sip_every_ns = (uint64_t)every_ms * 1000000u;
    g->sip_next_ns = now_ns;
}

static void group_open_due(struct group *g, int epoll_fd, uint64_t now_ns)
{
    uint32_t under_way = g->by_state[BROWSER_CONNECTING] + g->by_state[BROWSER_ASKING] + g->by_state[BROWSER_ANSWERED];
    uint32_t most = g->opening.rate > 0 ? UNDER_WAY_MAX_PACED : UNDER_WAY_MAX;
    if (g->options.half)
        under_way = 0; /* they never get any further */
    for (uint64_t due = pace_due(&g->opening, now_ns, DONE_PER_TURN); due > 0 && under_way < most; due--, under_way++) {
        struct browser *b = &g->browsers[g->opening.done];
        if (b->fd < 0 && !browser_open(b, epoll_fd))
            break;
        g->opening.done++;
    }
    g->is_opening = !pace_is_over(&g->opening);
}

static void group_shut_due(struct group *g, uint64_t now_ns)
{
    uint64_t most = g->is_opening ? g->opening.done - g->shutting.done : 10 * DONE_PER_TURN;
    for (uint64_t due = pace_due(&g->shutting, now_ns, most); due > 0; due--)
        browser_shut(&g->browsers[g->shutting.done++], g->shut_how);
    g->is_shutting = !pace_is_over(&g->shutting);
}

static void group_sip_due(struct group *g, uint64_t now_ns)
{
    if (now_ns < g->sip_next_ns)
        return;
    g->sip_next_ns += g->sip_every_ns;
    for (uint32_t i = 0; i < g->options.count; i++)
        browser_sip(&g->browsers[i], g->sip_bytes);
}

bool group_turn(struct group *g, int epoll_fd, uint64_t now_ns)
{
    if (g->is_opening)
        group_open_due(g, epoll_fd, now_ns);
    if (g->is_shutting)
        group_shut_due(g, now_ns);
    if (g->sip_bytes)
        group_sip_due(g, now_ns);
    return g->is_opening || g->is_shutting || g->sip_bytes;
}

void group_clear(struct group *g)
{
    g->refused = g->cut = g->ended = g->received = g->spoken = g->bytes = 0;
    g->lost = g->doubled = g->damaged = g->skipped = g->gaps = 0;
    g->last_message_ns = g->last_listening_ns = 0;
    histogram_clear(&g->latency);
    histogram_clear(&g->waiting);
}

static void group_print_count(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, "\"%s\":%llu,", name, (unsigned long long)value);
}

void histogram_print(FILE *out, const char *name, const struct histogram *h)
{
    fprintf(out, "\"%s\":{\"count\":%llu,\"p50\":%llu,\"p99\":%llu,\"max\":%llu}", name, (unsigned long long)h->count,
            (unsigned long long)histogram_percentile(h, 0.5), (unsigned long long)histogram_percentile(h, 0.99),
            (unsigned long long)h->max_ns);
}

void group_print(const struct group *g, FILE *out)
{
    uint64_t owed = 0, behind = 0;
    for (uint32_t i = 0; i < g->options.count; i++) {
        uint64_t one = browser_owed(&g->browsers[i]);
        owed += one;
        behind += one > 0;
    }
    fputc('{', out);
    group_print_count(out, "started", g->opening.done);
    group_print_count(out, "idle", g->by_state[BROWSER_IDLE]);
    group_print_count(out, "asking", g->by_state[BROWSER_CONNECTING] + g->by_state[BROWSER_ASKING]);
    group_print_count(out, "answered", g->by_state[BROWSER_ANSWERED]);
    group_print_count(out, "listening", g->by_state[BROWSER_LISTENING]);
    group_print_count(out, "ended_by_server", g->by_state[BROWSER_CUT]);
    group_print_count(out, "shutting", g->is_shutting);
    group_print_count(out, "cut", g->cut);
    group_print_count(out, "refused", g->refused);
    group_print_count(out, "close_frames", g->ended);
    group_print_count(out, "close_code", g->close_code);
    group_print_count(out, "received", g->received);
    group_print_count(out, "spoken", g->spoken);
    group_print_count(out, "bytes", g->bytes);
    group_print_count(out, "lost", g->lost);
    group_print_count(out, "doubled", g->doubled);
    group_print_count(out, "damaged", g->damaged);
    group_print_count(out, "skipped", g->skipped);
    group_print_count(out, "gaps", g->gaps);
    group_print_count(out, "owed", owed);
    group_print_count(out, "behind", behind);
    group_print_count(out, "opening_ns", g->opening.start_ns);
    group_print_count(out, "last_message_ns", g->last_message_ns);
    group_print_count(out, "last_listening_ns", g->last_listening_ns);
    histogram_print(out, "latency", &g->latency);
    fputc(',', out);
    histogram_print(out, "waiting", &g->waiting);
    fputc('}', out);
}
