/*
 * traffic.c - numbering, checking and counting of messages.
 *
 * Why the check is cheap: the process that receives a message also sent it, so the expected bytes are at hand, and one
 * memcmp of the whole payload proves channel, order and integrity at once. Everything else is the slow path, taken only
 * if the server made a mistake.
 */
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool traffic_init(struct traffic *t, uint32_t channels, uint32_t subscribers, uint32_t size, uint32_t window)
{
    memset(t, 0, sizeof *t);
    uint32_t slots = 1;
    while (slots < window)
        slots *= 2;
    t->channels = channels;
    t->subscribers = subscribers;
    t->size = size;
    t->window = window;
    t->mask = slots - 1;
    t->payloads = malloc((size_t)slots * size);
    t->missing = calloc(slots, sizeof *t->missing);
    t->sent_ns = calloc(slots, sizeof *t->sent_ns);
    if (t->payloads && t->missing && t->sent_ns) {
        memset(t->payloads, 'x', (size_t)slots * size);
        return true;
    }
    traffic_fini(t);
    return false;
}

void traffic_fini(struct traffic *t)
{
    free(t->payloads);
    t->payloads = NULL;
    free(t->missing);
    t->missing = NULL;
    free(t->sent_ns);
    t->sent_ns = NULL;
}

static char *traffic_payload_of(const struct traffic *t, uint32_t message)
{
    return t->payloads + (size_t)(message & t->mask) * t->size;
}

const char *traffic_next(struct traffic *t, uint64_t now_ns, uint32_t *channel)
{
    uint32_t message = t->sent++;
    char head[TRAFFIC_HEAD_LENGTH + 1];
    *channel = message % t->channels;
    snprintf(head, sizeof head, TRAFFIC_MARK "%08x:%08x:%016llx;", *channel, message / t->channels,
             (unsigned long long)now_ns);
    memcpy(traffic_payload_of(t, message), head, TRAFFIC_HEAD_LENGTH);
    t->missing[message & t->mask] = t->subscribers;
    t->sent_ns[message & t->mask] = now_ns;
    return traffic_payload_of(t, message);
}

static void traffic_settle_one(struct traffic *t, uint32_t message)
{
    t->missing[message & t->mask]--;
    while (t->complete != t->sent && t->missing[t->complete & t->mask] == 0)
        t->complete++;
}

static void traffic_count_delivery(struct traffic *t, uint64_t sent_ns, uint64_t now_ns)
{
    histogram_add(&t->latency, now_ns - sent_ns);
    t->delivered++;
    t->last_delivery_ns = now_ns;
}

/* A number below the expected one: skipped before, or a duplicate (skipped numbers are only counted, so while there are
 * any, a duplicate counts as one of them). The message's slot in the ring may have been reused, so the head is trusted,
 * and only the filler after it is compared, which is the same in all messages. */
static void traffic_deliver_past(struct traffic *t, struct traffic_reader *reader, const char *payload,
                                 uint64_t sent_ns, uint64_t now_ns)
{
    size_t rest = t->size - TRAFFIC_HEAD_LENGTH;
    if (memcmp(payload + TRAFFIC_HEAD_LENGTH, t->payloads + TRAFFIC_HEAD_LENGTH, rest) != 0) {
        t->damaged++;
    } else if (reader->skipped == 0) {
        t->doubled++;
    } else {
        reader->skipped--;
        t->lost--;
        t->disordered++;
        traffic_count_delivery(t, sent_ns, now_ns);
    }
}

/* A number beyond the expected one: those in between count as lost, unless they arrive later. */
static void traffic_deliver_early(struct traffic *t, struct traffic_reader *reader, uint32_t sequence,
                                  const char *payload, uint64_t now_ns)
{
    uint64_t message = (uint64_t)sequence * t->channels + reader->channel;
    if (message >= t->sent || memcmp(payload, traffic_payload_of(t, (uint32_t)message), t->size) != 0) {
        t->damaged++;
        return;
    }
    for (; reader->next < sequence; reader->next++) {
        t->lost++;
        reader->skipped++;
        traffic_settle_one(t, reader->next * t->channels + reader->channel);
    }
    reader->next++;
    traffic_count_delivery(t, t->sent_ns[message & t->mask], now_ns);
    traffic_settle_one(t, (uint32_t)message);
}

static void traffic_deliver_unexpected(struct traffic *t, struct traffic_reader *reader, const char *payload,
                                       uint64_t now_ns)
{
    char head[TRAFFIC_HEAD_LENGTH + 1] = {0};
    unsigned channel, sequence;
    unsigned long long sent_ns;
    memcpy(head, payload, TRAFFIC_HEAD_LENGTH);
    if (sscanf(head, TRAFFIC_MARK "%8x:%8x:%16llx;", &channel, &sequence, &sent_ns) != 3 || channel != reader->channel)
        t->damaged++;
    else if (sequence < reader->next)
        traffic_deliver_past(t, reader, payload, sent_ns, now_ns);
    else
        traffic_deliver_early(t, reader, sequence, payload, now_ns);
}

void traffic_deliver(struct traffic *t, struct traffic_reader *reader, const char *payload, uint64_t now_ns)
{
    uint32_t message = reader->next * t->channels + reader->channel;
    if (message < t->sent && memcmp(payload, traffic_payload_of(t, message), t->size) == 0) {
        reader->next++;
        traffic_count_delivery(t, t->sent_ns[message & t->mask], now_ns);
        traffic_settle_one(t, message);
    } else {
        traffic_deliver_unexpected(t, reader, payload, now_ns);
    }
}

void traffic_start_measuring(struct traffic *t)
{
    t->delivered = 0;
    histogram_clear(&t->latency);
}

uint64_t traffic_count_missing(const struct traffic *t)
{
    uint64_t sum = 0;
    for (uint32_t i = t->complete; i != t->sent; i++)
        sum += t->missing[i & t->mask];
    return sum;
}
