/*
 * stream.c - write first, ask later.
 *
 * libwebsockets would have one ask for writability before each write: two epoll_ctl and a trip through the loop per
 * delivery. Read in its source (4.3.5): lws_write() is a send() with a heap list behind it. What the socket does not
 * take is copied there, in order, and goes out before anything else; WRITEABLE comes when the list is empty. So it is
 * sound to write at any time between the response's head and the close, and enough to ask afterwards whether a rest was
 * kept (lws_partial_buffered: a pointer compare; lws_send_pipe_choked would be a poll() each). And where lws keeps
 * nothing (it is not waiting) and there is no TLS, the send() may as well be ours: what lws_write() does around it costs
 * 5 % of a delivery.
 */
#include "stream.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "outgoing.h"
#include "server.h"

#include <sys/socket.h>

#define ENDING_MS 8000   /* from the last words to the close */
#define AGE_SPREAD 15    /* percent of max_age by which streams end earlier than others */
#define TICKS_PER_BEAT 8 /* how finely silence is measured */
#define LOOKS_PER_STALL 4
#define TICK_MAX_MS 500
#define TICK_MIN_MS 20

static const char *stream_why_name(enum stream_why why)
{
    static const char *const names[] = {
        [WHY_AGE] = "age",       [WHY_DRAIN] = "drain", [WHY_STALLED] = "stalled", [WHY_WRITE_FAILED] = "write",
        [WHY_SILENT] = "silent", [WHY_LEFT] = "left",   [WHY_POLICY] = "policy",   [WHY_NO_MEMORY] = "memory",
    };
    return names[why];
}

/* The only writer of state. */
static void stream_enter(struct stream *stream, enum stream_state state, const char *why)
{
    static const char *const names[] = {"OPEN", "FULL", "ENDING", "DEAD"};
    log_debug("stream", "kind=%s fd=%d state=%s-%s why=%s", stream->kind->name, stream->fd, names[stream->state],
              names[state], why);
    stream->state = state;
    stream->since_ms = state == STREAM_OPEN ? 0 : stream->connection.transport->now_ms;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum sink_result stream_write(void *sink, char *bytes, size_t len)
{
    struct stream *stream = sink;
    struct lws *wsi = stream->connection.wsi;
    if (stream->state >= STREAM_ENDING)
        return SINK_FULL;
    stream->output_ms = stream->connection.transport->now_ms;
    if (stream->is_plain && !stream->connection.is_waiting) {
        size_t taken = outgoing_send(stream->fd, bytes, len, false);
        if (taken == len)
            return SINK_READY;
        bytes += taken;
        len -= taken;
    }
    if (lws_write(wsi, (unsigned char *)bytes, len, LWS_WRITE_HTTP) < 0) {
        stream_kill(stream, WHY_WRITE_FAILED);
        return SINK_FULL;
    }
    if (!lws_partial_buffered(wsi))
        return SINK_READY;
    if (stream->state == STREAM_OPEN)
        stream_enter(stream, STREAM_FULL, "socket");
    return SINK_FULL; /* lws has asked for writability itself */
}

int stream_on_writable(struct connection *connection)
{
    struct stream *stream = (struct stream *)connection;
    switch (stream->state) {
    case STREAM_ENDING:
        return stream->kind->close(stream);
    case STREAM_DEAD:
        return -1;
    case STREAM_FULL:
        if (lws_partial_buffered(connection->wsi))
            return 0;
        stream_enter(stream, STREAM_OPEN, "drained");
        subscriber_writable(stream->subscriber);
        break;
    case STREAM_OPEN: /* lws has sent a pong, say */
        break;
    }
    return 0;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

void stream_end(struct stream *stream, enum stream_why why)
{
    if (stream->state >= STREAM_ENDING)
        return;
    stream->kind->farewell(stream, why);
    if (stream->state == STREAM_DEAD) /* of its last words */
        return;
    subscriber_free(stream->subscriber);
    stream->subscriber = NULL;
    stream_enter(stream, STREAM_ENDING, stream_why_name(why));
    lws_callback_on_writable(stream->connection.wsi);
}

void stream_kill(struct stream *stream, enum stream_why why)
{
    if (stream->state == STREAM_DEAD)
        return;
    stream_enter(stream, STREAM_DEAD, stream_why_name(why));
    lws_set_timeout(stream->connection.wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/*
 * It takes nothing. What the kernel still holds for it would stay there for minutes after an ordinary close, so this is
 * a reset.
 */
static void stream_cut(struct stream *stream)
{
    struct transport *transport = stream->connection.transport;
    struct linger none = {.l_onoff = 1};
    transport->stalled++;
    log_info("stalled", "kind=%s ms=%llu", stream->kind->name,
             (unsigned long long)(transport->now_ms - stream->since_ms));
    setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    stream_kill(stream, WHY_STALLED);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

uint64_t stream_heartbeat_ms(const struct stream *stream)
{
    uint64_t heartbeat_ms = stream->connection.transport->config.heartbeat_ms;
    /* Streams that were all written to at the same time shall not all be silent at the same time. */
    return heartbeat_ms - ((uintptr_t)stream >> 6) % (heartbeat_ms / 8 + 1);
}

static uint64_t stream_earlier(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms == 0 || (b_ms != 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* What became of what it was sent. Where the kernel does not tell: it takes what comes, until it is full. */
static struct outgoing stream_outgoing(const struct stream *stream)
{
    struct outgoing outgoing;
    return outgoing_read(stream->fd, &outgoing) ? outgoing : (struct outgoing){.taken = stream->taken};
}

/*
 * Does the browser's system take what is sent to it? One that reads slowly does, and may go on for hours. Of one that is
 * gone without a word, nothing is heard for a quarter of an hour otherwise. Cut it if it is stalled; else, when is the
 * next moment to look for that?
 */
static uint64_t stream_look_for_stall(struct stream *stream, uint64_t now_ms)
{
    uint64_t stall_ms = stream->connection.transport->config.stall_ms;
    struct outgoing outgoing = stream_outgoing(stream);
    bool is_full = stream->state == STREAM_FULL;
    bool has_taken = outgoing.taken != stream->taken;
    stream->taken = outgoing.taken;
    stream->is_slow = has_taken && (is_full || outgoing.is_waiting);
    if (!is_full && !outgoing.is_under_way)
        stream->since_ms = 0;
    else if (has_taken || stream->since_ms == 0)
        stream->since_ms = now_ms;
    else if (now_ms - stream->since_ms >= stall_ms)
        stream_cut(stream);
    if (stream->since_ms == 0)
        return now_ms + stall_ms;
    return stream_earlier(stream->since_ms + stall_ms, now_ms + stall_ms / LOOKS_PER_STALL);
}

/* It had time enough for its last words. The kernel goes on with them where the browser takes them. */
static void stream_end_now(struct stream *stream)
{
    if (stream_outgoing(stream).taken != stream->taken)
        stream_kill(stream, WHY_STALLED);
    else
        stream_cut(stream);
}

/* Do what is due; when is the next moment to look? */
static uint64_t stream_look(struct stream *stream, uint64_t now_ms)
{
    uint64_t next_ms = 0;
    if (stream->state < STREAM_ENDING && stream->ends_ms != 0 && now_ms >= stream->ends_ms)
        stream_end(stream, WHY_AGE);
    if (stream->state < STREAM_ENDING)
        next_ms = stream_earlier(stream->ends_ms, stream_look_for_stall(stream, now_ms));
    switch (stream->state) {
    case STREAM_OPEN:
        return stream_earlier(next_ms, stream->kind->look(stream));
    case STREAM_FULL:
        return next_ms;
    case STREAM_ENDING:
        if (now_ms - stream->since_ms >= ENDING_MS)
            stream_end_now(stream);
        return stream->since_ms + ENDING_MS;
    case STREAM_DEAD:
        break;
    }
    return now_ms + ENDING_MS; /* lws is closing it */
}

static struct stream *stream_of(struct wheel_item *item)
{
    return (struct stream *)((char *)item - offsetof(struct stream, item));
}

static void stream_on_due(struct wheel_item *item, void *arg)
{
    struct transport *transport = arg;
    wheel_put(&transport->wheel, item, stream_look(stream_of(item), transport->now_ms));
}

void stream_tick(void *arg)
{
    struct transport *transport = arg;
    transport->now_ms = clock_now_ms();
    wheel_turn(&transport->wheel, transport->now_ms, stream_on_due, transport);
    if (transport->wheel.count > 0)
        timer_start(transport->tick, transport->wheel.tick_ms);
}

static uint64_t stream_tick_ms(const struct transport_config *config)
{
    uint64_t ms =
        stream_earlier(stream_earlier(config->max_age_ms, config->heartbeat_ms), config->stall_ms) / TICKS_PER_BEAT;
    return ms > TICK_MAX_MS ? TICK_MAX_MS : ms < TICK_MIN_MS ? TICK_MIN_MS : ms;
}

/* The first stream after none winds the clock up; there is no ticking for nobody. */
static void stream_start_ticking(struct transport *transport)
{
    transport->now_ms = clock_now_ms();
    if (transport->wheel.count > 0)
        return;
    wheel_init(&transport->wheel, stream_tick_ms(&transport->config), transport->now_ms);
    timer_start(transport->tick, transport->wheel.tick_ms);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool stream_has_room(const struct transport *transport)
{
    return transport->wheel.count < transport->config.max_connections;
}

void stream_open(struct stream *stream, const struct stream_kind *kind, const struct connection_ops *ops,
                 struct transport *transport, struct lws *wsi)
{
    uint64_t age_ms = transport->config.max_age_ms;
    connection_open(&stream->connection, ops, transport, wsi);
    stream_start_ticking(transport);
    stream->kind = kind;
    stream->fd = lws_get_socket_fd(wsi);
    stream->is_plain = transport_is_plain(transport);
    stream->subscriber = NULL;
    stream->state = STREAM_OPEN;
    stream->since_ms = 0;
    stream->taken = 0;
    stream->output_ms = transport->now_ms;
    stream->ends_ms = age_ms == 0 ? 0 : transport->now_ms + age_ms - random_below(age_ms * AGE_SPREAD / 100 + 1);
    wheel_put(&transport->wheel, &stream->item,
              stream_earlier(stream->ends_ms, transport->now_ms + stream_earlier(stream_heartbeat_ms(stream),
                                                                                 transport->config.stall_ms)));
}

void stream_close(struct stream *stream)
{
    wheel_remove(&stream->connection.transport->wheel, &stream->item);
    subscriber_free(stream->subscriber);
    stream->subscriber = NULL;
    connection_shut(&stream->connection);
}
