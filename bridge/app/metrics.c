/*
 * metrics.c - a table for the recorder's metrics; the others are written one by one.
 */
#include "metrics.h"

#include "base/buffer.h"
#include "board.h"
#include "http/response.h"
#include "recorder/recorder.h"
#include "serve/ending.h"

#include <inttypes.h>
#include <stddef.h>

#define PREFIX "redis_bridge_"
#define CONTENT_METRICS "text/plain; version=0.0.4; charset=utf-8"

static const struct metric {
    const char *name, *type, *help;
    size_t offset; /* of a uint64_t in struct recorder_status */
} metrics[] = {
    {"recorder_recorded_total", "counter", "Plain messages recorded by this instance while its recorder was active.",
     offsetof(struct recorder_status, recorded)},
    {"recorder_refused_total", "counter",
     "Plain messages refused because they are too large or their channel name is invalid; browsers are told of a gap.",
     offsetof(struct recorder_status, refused)},
    {"recorder_lost_total", "counter",
     "Plain messages dropped because they were published faster than Redis could record them; browsers are told of a gap.",
     offsetof(struct recorder_status, lost)},
    {"recorder_eras_total", "counter",
     "Times this instance began to record with no other recorder to continue from; earlier plain messages may be lost.",
     offsetof(struct recorder_status, eras)},
    {"recorder_places_lost_total", "counter",
     "Times the recorder lost its Redis connection while it was active or standby.",
     offsetof(struct recorder_status, places_lost)},
    {"recorder_queued_messages", "gauge", "Plain messages received and not yet confirmed as recorded.",
     offsetof(struct recorder_status, queued)},
    {"recorder_queued_bytes", "gauge", "Memory used by these messages, in bytes.",
     offsetof(struct recorder_status, queued_bytes)},
    {"recorder_lag_milliseconds", "gauge", "Round-trip time of the recorder's latest message to itself through Redis.",
     offsetof(struct recorder_status, lag_ms)},
    {"inbox_recorded_total", "counter", "Inbox entries recorded by this instance.",
     offsetof(struct recorder_status, inbox_recorded)},
    {"inbox_rejected_total", "counter",
     "Inbox entries rejected by this instance; the stream inbox:rejected has the reasons.",
     offsetof(struct recorder_status, inbox_rejected)},
};

static void metrics_metric_append(struct buffer *out, const char *name, const char *type, const char *help,
                                  uint64_t value)
{
    buffer_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n" PREFIX "%s %" PRIu64 "\n", name, help, name,
                  type, name, value);
}

static void metrics_recorder_append(const struct board *board, struct buffer *out)
{
    struct recorder_status status;
    board_recorder(board, &status);
    buffer_printf(out,
                  "# HELP " PREFIX "recorder_place Role of this instance's recorder.\n"
                  "# TYPE " PREFIX "recorder_place gauge\n" PREFIX "recorder_place{place=\"holder\"} %d\n" PREFIX
                  "recorder_place{place=\"standby\"} %d\n",
                  status.is_holder, status.is_standby);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const uint64_t *value = (const uint64_t *)(const void *)((const char *)&status + metrics[i].offset);
        metrics_metric_append(out, metrics[i].name, metrics[i].type, metrics[i].help, *value);
    }
}

static void metrics_endings_append(const struct board *board, struct buffer *out)
{
    buffer_append_text(out, "# HELP " PREFIX "streams_ended_total Streams that ended, by reason.\n"
                            "# TYPE " PREFIX "streams_ended_total counter\n");
    for (unsigned ending = 0; ending < ENDINGS; ending++)
        buffer_printf(out, PREFIX "streams_ended_total{reason=\"%s\"} %" PRIu64 "\n", ending_name((enum ending)ending),
                      board_ended(board, ending));
}

static void metrics_append(const struct board *board, struct buffer *out)
{
    buffer_printf(out,
                  "# HELP " PREFIX "info Version of this program.\n# TYPE " PREFIX "info gauge\n" PREFIX
                  "info{version=\"%s\"} 1\n",
                  BRIDGE_VERSION);
    metrics_metric_append(out, "workers_ready", "gauge", "Worker processes that are ready.",
                          board_workers_ready(board));
    metrics_metric_append(out, "connections", "gauge", "Open streams: Server-Sent Events and WebSocket.",
                          board_connections(board));
    metrics_metric_append(out, "requests_parked", "gauge",
                          "Requests waiting for their access check; 0 in this version.", board_parked(board));
    metrics_endings_append(board, out);
    metrics_metric_append(out, "streams_stalled_total", "counter",
                          "Streams disconnected because the browser accepted no data.", board_stalled(board));
    metrics_metric_append(out, "ephemeral_refused_total", "counter",
                          "Messages of ephemeral channels that were not delivered because they are too large, "
                          "counted by each worker whose browsers listen there.",
                          board_ephemeral_refused(board));
    if (board_has_recorder(board))
        metrics_recorder_append(board, out);
}

void metrics_answer(void *arg, struct request *request)
{
    struct response response = {.status = 200, .type = CONTENT_METRICS};
    struct buffer body = {0};
    metrics_append(arg, &body);
    if (!body.failed)
        response.body = (struct bytes){body.data, body.len};
    response_send(request, &response);
    buffer_fini(&body);
}
