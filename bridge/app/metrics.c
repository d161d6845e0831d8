/*
 * metrics.c - one table for what the recorder counts; the rest is a few lines.
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
    {"recorder_recorded_total", "counter", "Plain messages that were recorded while this instance held the seat.",
     offsetof(struct recorder_status, recorded)},
    {"recorder_refused_total", "counter", "Plain messages that can't be recorded: too large, or a bad channel name.",
     offsetof(struct recorder_status, refused)},
    {"recorder_lost_total", "counter",
     "Plain messages that were not recorded because Redis records more slowly than others publish.",
     offsetof(struct recorder_status, lost)},
    {"recorder_eras_total", "counter",
     "Times this instance began to record with nobody to go on from; plain messages from before may be lost.",
     offsetof(struct recorder_status, eras)},
    {"recorder_places_lost_total", "counter", "Times the recorder lost its connection while it held or stood by.",
     offsetof(struct recorder_status, places_lost)},
    {"recorder_queued_messages", "gauge", "Plain messages that were heard and are not known to be recorded.",
     offsetof(struct recorder_status, queued)},
    {"recorder_queued_bytes", "gauge", "Memory that they take.", offsetof(struct recorder_status, queued_bytes)},
    {"recorder_lag_milliseconds", "gauge", "How late the recorder heard the newest of its own words through Redis.",
     offsetof(struct recorder_status, lag_ms)},
    {"inbox_recorded_total", "counter", "Inbox entries that this instance recorded.",
     offsetof(struct recorder_status, inbox_recorded)},
    {"inbox_rejected_total", "counter", "Inbox entries that this instance rejected; see the stream inbox:rejected.",
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
                  "# HELP " PREFIX "recorder_place What the recorder of this instance is.\n"
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
    buffer_append_text(out, "# HELP " PREFIX "streams_ended_total Streams that ended, by the reason.\n"
                            "# TYPE " PREFIX "streams_ended_total counter\n");
    for (unsigned ending = 0; ending < ENDINGS; ending++)
        buffer_printf(out, PREFIX "streams_ended_total{reason=\"%s\"} %" PRIu64 "\n", ending_name((enum ending)ending),
                      board_ended(board, ending));
}

static void metrics_append(const struct board *board, struct buffer *out)
{
    buffer_printf(out,
                  "# HELP " PREFIX "info The version that runs.\n# TYPE " PREFIX "info gauge\n" PREFIX
                  "info{version=\"%s\"} 1\n",
                  BRIDGE_VERSION);
    metrics_metric_append(out, "workers_ready", "gauge", "Worker processes that are ready.",
                          board_workers_ready(board));
    metrics_metric_append(out, "connections", "gauge", "Open streams: Server-Sent Events and WebSocket.",
                          board_connections(board));
    metrics_metric_append(out, "requests_parked", "gauge", "Requests that wait until it is known who asks.",
                          board_parked(board));
    metrics_endings_append(board, out);
    metrics_metric_append(out, "streams_stalled_total", "counter",
                          "Streams that were cut because the browser took nothing.", board_stalled(board));
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
