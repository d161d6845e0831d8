/*
 * stream.c - write first, ask later: a delivery is passed to the connection whenever the broker has one, and only if
 *            bytes had to be buffered is the broker told to wait.
 */
#include "stream.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "parts.h"

#define ENDING_MS 8000   /* for the browser to take the farewell */
#define AGE_SPREAD 15    /* percent of max_age: streams end up to this much earlier, so not all at once */
#define TICKS_PER_BEAT 8 /* of the wheel, in the shortest of heartbeat, stall time and maximum age */
#define LOOKS_PER_STALL 4
#define FULL_LOG_MS 60000 /* a full server is logged once a minute */
#define TICK_MAX_MS 500
#define TICK_MIN_MS 20

/* The only function that changes the state. */
static void stream_enter(struct stream *stream, enum stream_state state, const char *why)
{
    static const char *const names[] = {"OPEN", "FULL", "ENDING", "DEAD"};
    uint64_t now_ms = stream->server->now_ms;
    log_debug("stream", "connection=%s kind=%s state=%s-%s why=%s", CONNECTION_ID(&stream->connection),
              stream->kind->name, names[stream->state], names[state], why);
    stream->state = (uint8_t)state;
    if (state < STREAM_ENDING)
        stream->untaken_ms = state == STREAM_FULL ? now_ms : 0;
    else
        stream->ending_ms = now_ms;
}

/* Only the first reason counts: a stream that is ENDING may become DEAD for another one. */
static void stream_enter_end(struct stream *stream, enum stream_state state, enum ending why)
{
    if (stream->state < STREAM_ENDING)
        stream->server->ended[why]++;
    stream_enter(stream, state, ending_name(why));
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum sink_result stream_write(void *sink, char *bytes, size_t len)
{
    struct stream *stream = sink;
    if (stream->connection.state != CONNECTION_OPEN)
        return SINK_FULL;
    stream->output_ms = stream->server->now_ms;
    enum written written = connection_write(&stream->connection, bytes, len);
    if (written == WRITTEN_ALL)
        return SINK_READY;
    if (written == WRITTEN_FAILED)
        stream_kill(stream, ENDING_WRITE);
    else if (stream->state == STREAM_OPEN)
        stream_enter(stream, STREAM_FULL, "socket");
    return SINK_FULL;
}

struct buffer *stream_scratch(struct stream *stream)
{
    struct buffer *scratch = &stream->server->scratch;
    buffer_clear(scratch);
    return scratch;
}

enum sink_result stream_send(struct stream *stream)
{
    struct buffer *scratch = &stream->server->scratch;
    if (!scratch->failed)
        return stream_write(stream, scratch->data, scratch->len);
    buffer_fini(scratch);
    stream_kill(stream, ENDING_MEMORY);
    return SINK_FULL;
}

void stream_on_writable(struct connection *connection)
{
    struct stream *stream = (struct stream *)connection;
    if (stream->state != STREAM_FULL)
        return; /* for example, http has sent a pong */
    stream_enter(stream, STREAM_OPEN, "drained");
    subscriber_writable(stream->session.subscriber);
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

void stream_end(struct stream *stream, enum ending why, const struct problem *problem, const char *reason)
{
    if (stream->state >= STREAM_ENDING)
        return;
    stream->kind->farewell(stream, why);
    if (stream->state == STREAM_DEAD) /* the farewell could not be written */
        return;
    session_fini(&stream->session);
    stream_enter_end(stream, STREAM_ENDING, why);
    connection_close(&stream->connection, stream->kind->has_close_code ? problem->close : 0,
                     reason ? reason : problem->sentence);
}

void stream_kill(struct stream *stream, enum ending why)
{
    if (stream->state == STREAM_DEAD)
        return;
    stream_enter_end(stream, STREAM_DEAD, why);
    connection_kill(&stream->connection);
}

/*
 * The browser accepts nothing. After an ordinary close the kernel would keep the unsent bytes for minutes, so this is a
 * reset.
 */
static void stream_cut(struct stream *stream, uint64_t since_ms)
{
    struct server *server = stream->server;
    server->stalled++;
    log_info("stalled", "connection=%s kind=%s ms=%llu", CONNECTION_ID(&stream->connection), stream->kind->name,
             (unsigned long long)(server->now_ms - since_ms));
    stream_enter_end(stream, STREAM_DEAD, ENDING_STALLED);
    connection_reset(&stream->connection);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

uint64_t stream_heartbeat_ms(const struct stream *stream)
{
    uint64_t heartbeat_ms = stream->server->config.heartbeat_ms;
    /* Streams that were all written to at the same time should not all need a heartbeat at the same time. */
    return heartbeat_ms - ((uintptr_t)stream >> 6) % (heartbeat_ms / 8 + 1);
}

/* The earlier of two times; 0: never. */
static uint64_t stream_earlier(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms == 0 || (b_ms != 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* What the peer has acknowledged. If the kernel does not report that, only a FULL stream can be found stalled. */
static struct progress stream_progress(const struct stream *stream)
{
    struct progress progress;
    return connection_progress(&stream->connection, &progress) ? progress : (struct progress){.taken = stream->taken};
}

/*
 * Does the browser's system acknowledge what is sent to it? If the browser reads slowly, it does, and may go on so for
 * hours. If it disappeared without closing the connection, TCP would not report that for a quarter of an hour. Cuts the
 * stream if it is stalled; returns when to look for that again.
 */
static uint64_t stream_look_for_stall(struct stream *stream, uint64_t now_ms)
{
    uint64_t stall_ms = stream->server->config.stall_ms;
    struct progress progress = stream_progress(stream);
    bool is_full = stream->state == STREAM_FULL;
    bool has_taken = progress.taken != stream->taken;
    stream->taken = progress.taken;
    stream->is_slow = has_taken && (is_full || progress.is_waiting);
    if (!is_full && !progress.is_under_way)
        stream->untaken_ms = 0;
    else if (has_taken || stream->untaken_ms == 0)
        stream->untaken_ms = now_ms;
    else if (now_ms - stream->untaken_ms >= stall_ms)
        stream_cut(stream, stream->untaken_ms);
    if (stream->untaken_ms == 0)
        return now_ms + stall_ms;
    return stream_earlier(stream->untaken_ms + stall_ms, now_ms + stall_ms / LOOKS_PER_STALL);
}

/* The farewell was not sent in time. If the browser still takes data, the kernel goes on sending; else it is cut. */
static void stream_end_now(struct stream *stream)
{
    if (stream_progress(stream).taken != stream->taken)
        stream_kill(stream, ENDING_STALLED);
    else
        stream_cut(stream, stream->ending_ms);
}

/* Do what is due; returns when to look again. */
static uint64_t stream_look(struct stream *stream, uint64_t now_ms)
{
    uint64_t next_ms = 0;
    if (stream->state < STREAM_ENDING && stream->ends_ms != 0 && now_ms >= stream->ends_ms)
        stream_end(stream, ENDING_AGE, problem_of(PROBLEM_AGE), NULL);
    if (stream->state < STREAM_ENDING)
        next_ms = stream_earlier(stream->ends_ms, stream_look_for_stall(stream, now_ms));
    switch ((enum stream_state)stream->state) {
    case STREAM_OPEN:
        return stream_earlier(next_ms, stream->kind->look(stream));
    case STREAM_FULL:
        return next_ms;
    case STREAM_ENDING:
        if (now_ms - stream->ending_ms >= ENDING_MS)
            stream_end_now(stream);
        return stream->ending_ms + ENDING_MS;
    case STREAM_DEAD:
        break;
    }
    return now_ms + ENDING_MS; /* http is closing it */
}

static struct stream *stream_of(struct wheel_item *item)
{
    return (struct stream *)((char *)item - offsetof(struct stream, item));
}

static void stream_drain(struct wheel_item *item, void *arg)
{
    struct stream *stream = stream_of(item);
    (void)arg;
    stream->kind->drain(stream);
}

void stream_drain_all(struct server *server)
{
    wheel_each(&server->wheel, stream_drain, NULL);
}

static void stream_on_due(struct wheel_item *item, void *arg)
{
    struct server *server = arg;
    wheel_put(&server->wheel, item, stream_look(stream_of(item), server->now_ms));
}

void stream_tick(void *arg)
{
    struct server *server = arg;
    server->now_ms = clock_now_ms();
    wheel_turn(&server->wheel, server->now_ms, stream_on_due, server);
    if (server->streams > 0)
        timer_start(server->tick, server->wheel.tick_ms);
}

static uint64_t stream_tick_ms(const struct server_config *config)
{
    uint64_t ms =
        stream_earlier(stream_earlier(config->max_age_ms, config->heartbeat_ms), config->stall_ms) / TICKS_PER_BEAT;
    return ms > TICK_MAX_MS ? TICK_MAX_MS : ms < TICK_MIN_MS ? TICK_MIN_MS : ms;
}

/* The first stream starts the timer; without streams it does not run. */
static void stream_start_ticking(struct server *server)
{
    server->now_ms = clock_now_ms();
    if (server->streams > 0)
        return;
    wheel_init(&server->wheel, stream_tick_ms(&server->config), server->now_ms);
    timer_start(server->tick, server->wheel.tick_ms);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void stream_log_full(struct server *server)
{
    if (!clock_is_due(&server->full_logged_ms, FULL_LOG_MS))
        return;
    log_warn(
        "connections_full",
        "max_connections=%u hint=\"new browsers are told to come back later; raise BRIDGE_MAX_CONNECTIONS or the limit "
        "on open files, or add instances\"",
        server->config.max_connections);
}

bool stream_has_room(struct server *server)
{
    bool has_room = server->streams < server->config.max_connections;
    if (!has_room)
        stream_log_full(server);
    return has_room;
}

void stream_open(struct stream *stream, const struct stream_kind *kind, struct server *server)
{
    uint64_t age_ms = server->config.max_age_ms;
    stream_start_ticking(server);
    server->streams++;
    stream->server = server;
    stream->kind = kind;
    stream->state = STREAM_OPEN;
    stream->output_ms = server->now_ms;
    stream->ends_ms = age_ms == 0 ? 0 : server->now_ms + age_ms - random_below(age_ms * AGE_SPREAD / 100 + 1);
    wheel_put(&server->wheel, &stream->item,
              stream_earlier(stream->ends_ms,
                             server->now_ms + stream_earlier(stream_heartbeat_ms(stream), server->config.stall_ms)));
}

void stream_close(struct stream *stream)
{
    if (stream->state < STREAM_ENDING)
        stream_enter_end(stream, STREAM_DEAD, ENDING_CLOSED);
    wheel_remove(&stream->item);
    stream->server->streams--;
    session_fini(&stream->session);
}
