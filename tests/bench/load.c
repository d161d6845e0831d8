/*
 * load.c - publishes messages, receives them over many connections, and measures what the server in between spends.
 *
 * Story     One thread, one run:
 *
 *             memory ─► open all subscribers ─► settle ─► memory ─► warm up ─► CPU ─► messages ─► CPU ─► memory ─► JSON
 *
 *           Publisher and subscribers run in one process, so one clock times both ends, and every payload can be
 *           compared with what was sent.
 * Why it    From the warm-up on it never sleeps: the kernel wakes a sleeping client inside the server's send() and
 * spins     would charge that work to the server. When idle it yields, because Redis runs on the same core.
 * Modes     one     the next message once all subscribers have the last: the cost of a delivery without any batching
 *           burst   up to --window messages in flight: how the server copes with a flood
 *           wave    --window messages at once, the next wave once all subscribers have them: the same work in every run
 *           paced   --rate messages a second: latency under ordinary load
 * Ends      by itself: after --messages or --seconds, whichever comes first, once everything has arrived or nothing has
 *           arrived for --grace seconds. Exit status 0: complete. 2: messages are missing, duplicated, out of order or
 *           damaged, a connection was closed, or publishing failed. 1: it could not run.
 */
#include "calibrate.h"
#include "process.h"
#include "publisher.h"
#include "subscribers.h"
#include "traffic.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode { MODE_ONE, MODE_BURST, MODE_WAVE, MODE_PACED };

struct options {
    struct subscribers_options subscribers;
    const char *publish;
    uint32_t channels, per_channel, size, window, messages, warm_up, rate;
    double seconds, settle_s, grace_s, open_s;
    enum mode mode;
    bool hold;
    struct process_group groups[GROUPS_MAX];
    int group_count;
};

struct run {
    struct options options;
    struct traffic traffic;
    struct publisher publisher;
    struct subscribers subscribers;
    uint32_t measured;             /* messages sent while measuring */
    uint64_t start_ns, opening_ns; /* when measuring began; how long opening took */
    bool stalled;
};

static uint64_t load_nanoseconds(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static const char usage[] =
    "usage: bench_load --port PORT --publish redis:PORT|fcall:PORT|socketio:PORT|http:PORT/path/{c} [options]\n"
    "       bench_load --calibrate    measure how fast this machine is right now\n"
    "  --wire NAME          the subscribers' protocol: sse, ws, webdis, socketio, redis (sse)\n"
    "  --path TARGET        their request target; {c} stands for the channel\n"
    "                       (/events?channel={c} or /ws?channel={c}; redis: {c})\n"
    "  --prefix TEXT        channels are named TEXT0, TEXT1 … (bench:)\n"
    "  --channels C         (1)\n"
    "  --subscribers S      per channel (1)\n"
    "  --size B             payload bytes, 40 or more (100)\n"
    "  --mode one|burst|wave|paced (one)\n"
    "  --window W           burst: at most this many messages in flight; wave: messages at once (128)\n"
    "  --rate R             paced: messages per second (50)\n"
    "  --messages M         at most (1000); 0 measures memory only\n"
    "  --seconds T          at most (10)\n"
    "  --warm-up K          messages before measuring, at least one per channel (20)\n"
    "  --settle T           idle seconds after all subscribers are open (1)\n"
    "  --grace T            give up after this many seconds without a delivery (10)\n"
    "  --open T             seconds allowed for opening all subscribers (60)\n"
    "  --hold               print \"ready\" before measuring and \"done\" after it, and wait for a line on\n"
    "                       standard input each time, so that a tracer can be attached and detached\n"
    "  --pid NAME=PID,…     report the CPU time and memory of these processes under NAME; may be repeated\n";

static void load_refuse(const char *why, const char *value)
{
    fprintf(stderr, "load: %s: %s\n%s", why, value, usage);
    exit(1);
}

static uint32_t load_number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end || n > 1000000000)
        load_refuse("not a number from 0 to 1000000000", text);
    return (uint32_t)n;
}

static double load_duration(const char *text)
{
    char *end;
    double s = strtod(text, &end);
    if (end == text || *end || !(s >= 0 && s <= 600))
        load_refuse("not a number of seconds from 0 to 600", text);
    return s;
}

static enum mode load_mode_parse(const char *text)
{
    if (strcmp(text, "one") == 0)
        return MODE_ONE;
    if (strcmp(text, "burst") == 0)
        return MODE_BURST;
    if (strcmp(text, "wave") == 0)
        return MODE_WAVE;
    if (strcmp(text, "paced") != 0)
        load_refuse("unknown mode", text);
    return MODE_PACED;
}

static const struct dialect *load_wire_parse(const char *text)
{
    const struct dialect *dialect = dialect_find(text);
    if (!dialect)
        load_refuse("unknown wire", text);
    return dialect;
}

static void load_group_add(struct options *o, const char *text)
{
    if (o->group_count == GROUPS_MAX || !process_group_parse(&o->groups[o->group_count++], text))
        load_refuse("expected NAME=PID,…, at most 8 times", text);
}

static void load_option_take(struct options *o, int option, const char *value)
{
    /* clang-format off */
    switch (option) {
    case 'p': o->subscribers.port = (int)load_number(value); break;
    case 'P': o->publish = value; break;
    case 'w': o->subscribers.dialect = load_wire_parse(value); break;
    case 't': o->subscribers.path = value; break;
    case 'x': o->subscribers.prefix = value; break;
    case 'c': o->channels = load_number(value); break;
    case 's': o->per_channel = load_number(value); break;
    case 'b': o->size = load_number(value); break;
    case 'm': o->mode = load_mode_parse(value); break;
    case 'W': o->window = load_number(value); break;
    case 'r': o->rate = load_number(value); break;
    case 'n': o->messages = load_number(value); break;
    case 'T': o->seconds = load_duration(value); break;
    case 'u': o->warm_up = load_number(value); break;
    case 'S': o->settle_s = load_duration(value); break;
    case 'g': o->grace_s = load_duration(value); break;
    case 'o': o->open_s = load_duration(value); break;
    case 'h': o->hold = true; break;
    case 'i': load_group_add(o, value); break;
    default: fputs(usage, stderr); exit(1);
    }
    /* clang-format on */
}

static void load_options_check(struct options *o)
{
    if (!o->subscribers.port || (!o->publish && o->messages))
        load_refuse("--port and --publish are required", "");
    if (!o->channels || !o->per_channel || !o->window || !o->rate || o->window > 65536)
        load_refuse("--channels, --subscribers, --window (at most 65536) and --rate must not be 0", "");
    if (o->size < TRAFFIC_HEAD_LENGTH || o->size > 65536)
        load_refuse("--size must be from 40 to 65536", "");
    if ((uint64_t)o->channels * o->per_channel > 1000000)
        load_refuse("at most 1000000 subscribers", "");
    o->subscribers.count = o->channels * o->per_channel;
    if (o->warm_up < o->channels)
        o->warm_up = o->channels;
    if (!o->subscribers.dialect)
        o->subscribers.dialect = dialect_find("sse");
    if (!o->subscribers.path)
        o->subscribers.path = o->subscribers.dialect->path;
}

static struct options load_options_parse(int argc, char **argv)
{
    static const struct option table[] = {
        {"port", 1, 0, 'p'},    {"publish", 1, 0, 'P'},  {"wire", 1, 0, 'w'},        {"path", 1, 0, 't'},
        {"prefix", 1, 0, 'x'},  {"channels", 1, 0, 'c'}, {"subscribers", 1, 0, 's'}, {"size", 1, 0, 'b'},
        {"mode", 1, 0, 'm'},    {"window", 1, 0, 'W'},   {"rate", 1, 0, 'r'},        {"messages", 1, 0, 'n'},
        {"seconds", 1, 0, 'T'}, {"warm-up", 1, 0, 'u'},  {"settle", 1, 0, 'S'},      {"grace", 1, 0, 'g'},
        {"open", 1, 0, 'o'},    {"pid", 1, 0, 'i'},      {"hold", 0, 0, 'h'},        {0}};
    struct options o = {.subscribers = {.prefix = "bench:"},
                        .channels = 1,
                        .per_channel = 1,
                        .size = 100,
                        .window = 128,
                        .messages = 1000,
                        .warm_up = 20,
                        .rate = 50,
                        .seconds = 10,
                        .settle_s = 1,
                        .grace_s = 10,
                        .open_s = 60};
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
        load_option_take(&o, option, optarg);
    load_options_check(&o);
    return o;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void load_publish_next(struct run *r, uint64_t now_ns)
{
    char name[96];
    uint32_t channel;
    const char *payload = traffic_next(&r->traffic, now_ns, &channel);
    channel_name(name, r->options.subscribers.prefix, channel);
    publisher_push(&r->publisher, name, payload, r->traffic.size);
}

/* Send what is queued and read what has arrived, once. */
static void load_turn(struct run *r)
{
    publisher_turn(&r->publisher);
    if (subscribers_turn(&r->subscribers, 0) == 0)
        sched_yield();
}

/* False once nothing has been delivered for the grace time since `since_ns`, or the publisher is disconnected. */
static bool load_is_alive(struct run *r, uint64_t now_ns, uint64_t since_ns)
{
    uint64_t last = r->traffic.last_delivery_ns > since_ns ? r->traffic.last_delivery_ns : since_ns;
    return now_ns < last + load_nanoseconds(r->options.grace_s) && !r->publisher.gone;
}

static void load_warm_up(struct run *r)
{
    uint64_t since = clock_ns();
    uint32_t left = r->options.warm_up;
    while ((left || !traffic_is_complete(&r->traffic)) && !r->stalled) {
        uint64_t now = clock_ns();
        if (left && traffic_is_complete(&r->traffic)) {
            load_publish_next(r, now);
            left--;
        }
        load_turn(r);
        r->stalled = !load_is_alive(r, now, since);
    }
}

/* How many messages may be published now. */
static uint32_t load_allowance(const struct run *r, uint64_t now_ns)
{
    const struct options *o = &r->options;
    const struct traffic *t = &r->traffic;
    uint32_t left = o->messages - r->measured, room = t->window - (t->sent - t->complete), wanted = room;
    if (now_ns >= r->start_ns + load_nanoseconds(o->seconds))
        return 0;
    if (o->mode == MODE_ONE)
        wanted = traffic_is_complete(t) ? 1 : 0;
    if (o->mode == MODE_WAVE && !traffic_is_complete(t))
        wanted = 0;
    if (o->mode == MODE_PACED)
        wanted = (uint32_t)((now_ns - r->start_ns) * o->rate / 1000000000u) + 1 - r->measured;
    wanted = wanted < room ? wanted : room;
    return wanted < left ? wanted : left;
}

/* If subscribers skipped messages, wait a moment longer: those may still arrive out of order. */
static bool load_is_over(const struct run *r, uint64_t now_ns)
{
    static const uint64_t moment_ns = 300000000;
    const struct traffic *t = &r->traffic;
    bool all_sent = r->measured == r->options.messages || now_ns >= r->start_ns + load_nanoseconds(r->options.seconds);
    return all_sent && traffic_is_complete(t) && (t->lost == 0 || now_ns >= t->last_delivery_ns + moment_ns);
}

/* Pause, so that the parent process can attach a tracer to the server, or detach it. */
static void load_hold(const struct options *o, const char *word)
{
    char line[16];
    if (!o->hold)
        return;
    puts(word);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        exit(1); /* the parent process has ended */
}

static void load_measure(struct run *r)
{
    struct options *o = &r->options;
    traffic_start_measuring(&r->traffic);
    for (int i = 0; i < o->group_count; i++)
        o->groups[i].cpu_start_ns = process_group_cpu_ns(&o->groups[i]);
    r->start_ns = clock_ns();
    for (uint64_t now = r->start_ns; !load_is_over(r, now) && !r->stalled; now = clock_ns()) {
        for (uint32_t n = load_allowance(r, now); n; n--, r->measured++)
            load_publish_next(r, now);
        load_turn(r);
        r->stalled = !load_is_alive(r, now, r->start_ns);
    }
    for (int i = 0; i < o->group_count; i++)
        o->groups[i].cpu_end_ns = process_group_cpu_ns(&o->groups[i]);
}

/* Let the server finish its work after opening (free request memory, subscribe in Redis). Sleeping is fine here. */
static void load_settle(struct run *r)
{
    for (uint64_t end = clock_ns() + load_nanoseconds(r->options.settle_s); clock_ns() < end;)
        subscribers_turn(&r->subscribers, 20);
}

static void load_take_memory(struct options *o, size_t field)
{
    for (int i = 0; i < o->group_count; i++)
        *(uint64_t *)((char *)&o->groups[i] + field) = process_group_rss_bytes(&o->groups[i]);
}

static bool load_run_all(struct run *r)
{
    struct options *o = &r->options;
    load_take_memory(o, offsetof(struct process_group, rss_before));
    uint64_t begin = clock_ns();
    r->subscribers.options.deadline_ns = begin + load_nanoseconds(o->open_s);
    if (!subscribers_open_all(&r->subscribers))
        return false;
    r->opening_ns = clock_ns() - begin;
    load_settle(r);
    load_take_memory(o, offsetof(struct process_group, rss_idle));
    if (!o->messages) {
        load_hold(o, "ready");
        return true;
    }
    load_warm_up(r);
    if (!r->stalled) {
        load_hold(o, "ready");
        load_measure(r);
        load_hold(o, "done");
    }
    load_take_memory(o, offsetof(struct process_group, rss_after));
    return true;
}

/* --- the report --------------------------------------------------------------------------------------------------- */

static void load_report_group(const struct process_group *g, const char *comma)
{
    printf("    \"%s\": {\"cpu_ns\": %llu, \"rss_before\": %llu, \"rss_idle\": %llu, \"rss_after\": %llu}%s\n", g->name,
           (unsigned long long)(g->cpu_end_ns - g->cpu_start_ns), (unsigned long long)g->rss_before,
           (unsigned long long)g->rss_idle, (unsigned long long)g->rss_after, comma);
}

static void load_report(const struct run *r)
{
    const struct options *o = &r->options;
    const struct traffic *t = &r->traffic;
    const struct histogram *h = &t->latency;
    uint64_t elapsed = t->delivered && r->start_ns ? t->last_delivery_ns - r->start_ns : 0;
    printf("{\n  \"subscribers\": %u, \"channels\": %u, \"size\": %u,\n", r->subscribers.opened, o->channels, o->size);
    printf("  \"messages\": %u, \"deliveries\": %llu, \"elapsed_ns\": %llu, \"opening_ns\": %llu,\n", r->measured,
           (unsigned long long)t->delivered, (unsigned long long)elapsed, (unsigned long long)r->opening_ns);
    printf("  \"lost\": %llu, \"missing\": %llu, \"doubled\": %llu, \"disordered\": %llu, \"damaged\": %llu, "
           "\"cut\": %u, \"publish_errors\": %llu, \"unanswered\": %llu, \"publisher_cut\": %s, \"stalled\": %s,\n",
           (unsigned long long)t->lost, (unsigned long long)traffic_count_missing(t), (unsigned long long)t->doubled,
           (unsigned long long)t->disordered, (unsigned long long)t->damaged, r->subscribers.cut,
           (unsigned long long)r->publisher.errors, (unsigned long long)(r->publisher.asked - r->publisher.answered),
           r->publisher.gone ? "true" : "false", r->stalled ? "true" : "false");
    printf("  \"latency_ns\": {\"p50\": %llu, \"p99\": %llu, \"p999\": %llu, \"max\": %llu},\n",
           (unsigned long long)histogram_percentile(h, 0.5), (unsigned long long)histogram_percentile(h, 0.99),
           (unsigned long long)histogram_percentile(h, 0.999), (unsigned long long)h->max_ns);
    printf("  \"processes\": {\n");
    for (int i = 0; i < o->group_count; i++)
        load_report_group(&o->groups[i], i + 1 < o->group_count ? "," : "");
    printf("  }\n}\n");
}

static bool load_is_flawless(const struct run *r)
{
    const struct traffic *t = &r->traffic;
    return !r->stalled && !t->lost && !t->doubled && !t->disordered && !t->damaged && !r->subscribers.cut &&
           !r->publisher.errors && traffic_is_complete(t);
}

static int load_report_calibration(void)
{
    struct calibration c;
    if (!calibrate(&c))
        return 1;
    printf("{\"syscall_ns\": %.0f, \"loopback_ns\": %.0f, \"stolen\": %.3f}\n", c.syscall_ns, c.loopback_ns, c.stolen);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--calibrate") == 0)
        return load_report_calibration();
    static struct run run; /* static: the histogram and the reply buffer are too large for a stack */
    run.options = load_options_parse(argc, argv);
    const struct options *o = &run.options;
    uint32_t window = o->mode == MODE_PACED ? 65536 : o->window;
    if (!traffic_init(&run.traffic, o->channels, o->per_channel, o->size, window) ||
        !subscribers_init(&run.subscribers, &o->subscribers, &run.traffic)) {
        perror("load");
        return 1;
    }
    if (o->publish && !publisher_open(&run.publisher, o->publish))
        return 1;
    bool ran = load_run_all(&run);
    if (ran)
        load_report(&run);
    int status = !ran ? 1 : load_is_flawless(&run) ? 0 : 2;
    publisher_shut(&run.publisher);
    subscribers_fini(&run.subscribers);
    traffic_fini(&run.traffic);
    return status;
}
