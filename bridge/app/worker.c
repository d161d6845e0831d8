/*
 * worker.c - creates loop, broker, server and recorder, in this order; frees them in reverse order.
 *
 *     loop_run ── SIGTERM: worker_on_terminate ──► server_drain ──► worker_on_drained ──►
 *                                                  recorder_leave ──► worker_on_left ──► loop_stop
 *
 * A part that this process does not have is skipped. A timer also calls worker_on_left, in case Redis never answers.
 */
#include "worker.h"

#include "access/access.h"
#include "base/log.h"
#include "base/loop.h"
#include "board.h"
#include "broker/broker.h"
#include "config.h"
#include "files.h"
#include "health.h"
#include "http/request.h"
#include "metrics.h"
#include "recorder/recorder.h"
#include "redis/config.h"
#include "serve/route.h"
#include "serve/server.h"
#include "wire/encode.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#define TAIL_ENTRIES 512
#define TAIL_BYTES (1024 * 1024)
#define TAILS_BYTES (32 * 1024 * 1024) /* the encoded copies take about as much again */
#define LEAVE_WITHIN_MS (RECORDER_LEAVE_MS + 150)
#define WORKER_ROUTES 4

struct worker {
    const struct config *config;
    const struct worker_task *task;
    bool is_ending;
    struct loop *loop;
    struct timer *leave_deadline;
    struct broker *broker; /* NULL unless it serves */
    struct access access;  /* who a client is, and what it may do */
    struct server *server; /* NULL unless it serves */
    struct health health;  /* for /readyz */
    struct route routes[WORKER_ROUTES];
    struct server_status said;  /* what the board has been told of the server's streams */
    uint64_t ephemeral_refused; /* that the board knows of */
    struct recorder *recorder;  /* NULL unless it records */
};

uint64_t worker_drain_ms(const struct config *config)
{
    uint64_t margin_ms = config->drain_ms / 5;
    return config->drain_ms - (margin_ms < 2000 ? margin_ms : 2000);
}

/* --- shutting down ------------------------------------------------------------------------------------------------ */

static void worker_on_left(void *arg)
{
    struct worker *worker = arg;
    loop_stop(worker->loop);
}

static void worker_on_drained(void *arg)
{
    struct worker *worker = arg;
    if (!worker->recorder) {
        worker_on_left(worker);
        return;
    }
    timer_start(worker->leave_deadline, LEAVE_WITHIN_MS);
    recorder_leave(worker->recorder, worker_on_left, worker);
}

static void worker_on_terminate(int signal, void *arg)
{
    struct worker *worker = arg;
    if (worker->is_ending) /* a second signal changes nothing */
        return;
    worker->is_ending = true;
    log_info("ending", "signal=%d", signal);
    if (worker->server)
        server_drain(worker->server, worker_drain_ms(worker->config), worker_on_drained, worker);
    else
        worker_on_drained(worker);
}

/* Did our parent set it to be ignored: the supervisor (Ctrl-C is for it alone), or a shell with `&`? */
static bool worker_is_ignored(int signal)
{
    struct sigaction now;
    return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* --- readiness ---------------------------------------------------------------------------------------------------- */

static void worker_say_endings(struct worker *worker, const struct server_status *now)
{
    struct board *board = worker->task->board;
    if (memcmp(now->ended, worker->said.ended, sizeof now->ended) == 0 && now->stalled == worker->said.stalled)
        return;
    for (unsigned i = 0; i < ENDINGS; i++)
        if (now->ended[i] > worker->said.ended[i])
            board_add_ended(board, i, now->ended[i] - worker->said.ended[i]);
    if (now->stalled > worker->said.stalled)
        board_add_stalled(board, now->stalled - worker->said.stalled);
    worker->said = *now;
}

/* At the end of each loop turn; the broker's beat causes one at least every second. */
static void worker_say_serving(void *arg)
{
    struct worker *worker = arg;
    struct broker_status broker;
    struct server_status server;
    broker_status(worker->broker, &broker);
    board_say_worker(worker->task->board, worker->task->number, broker.is_ready ? BOARD_READY : BOARD_COMING);
    if (broker.ephemeral_refused > worker->ephemeral_refused)
        board_add_ephemeral_refused(worker->task->board, broker.ephemeral_refused - worker->ephemeral_refused);
    worker->ephemeral_refused = broker.ephemeral_refused;
    if (!worker->server)
        return;
    server_status(worker->server, &server);
    if (broker.is_ready)
        board_say_connections(worker->task->board, worker->task->number, server.connections, server.parked);
    worker_say_endings(worker, &server);
}

static void worker_say_recording(void *arg)
{
    struct worker *worker = arg;
    struct recorder_status status;
    recorder_status(worker->recorder, &status);
    board_say_recorder(worker->task->board, &status);
}

/* --- access ------------------------------------------------------------------------------------------------------- */

static void worker_set_access(struct worker *worker)
{
    const struct config *config = worker->config;
    worker->access = (struct access){
        .ops = &access_anonymous_ops,
        .anonymous = {.name = "", .rights = {.subscribe = &config->subscribe, .publish = &config->publish}},
        .internal_prefix = config->redis->prefix,
        .channels = &config->channels,
        .origins = &config->origins,
    };
}

/* --- setup and run ------------------------------------------------------------------------------------------------ */

static unsigned worker_set_routes(struct worker *worker)
{
    const struct route routes[WORKER_ROUTES] = {
        {"/healthz", METHOD_READ | METHOD_OPTIONS, false, health_answer_alive, NULL},
        {"/readyz", METHOD_READ | METHOD_OPTIONS, false, health_answer_ready, &worker->health},
        {"/metrics", METHOD_READ | METHOD_OPTIONS, false, metrics_answer, worker->task->board},
        {"/", METHOD_READ, false, files_answer_index, NULL},
    };
    memcpy(worker->routes, routes, sizeof routes);
    return WORKER_ROUTES;
}

static int worker_serve(struct worker *worker)
{
    const struct config *config = worker->config;
    const struct broker_config broker_config = {
        .redis = config->redis,
        .shard_count = 1,
        .ephemeral = &config->ephemeral,
        .needs_recorder = config->channels.count > 0,
        .tail_entries = TAIL_ENTRIES,
        .tail_bytes = TAIL_BYTES,
        .tails_bytes = TAILS_BYTES,
        .encode = wire_encode,
    };
    const struct server_config server_config = {
        .listening = worker->task->listening,
        .tls_cert = config->tls_cert,
        .tls_key = config->tls_key,
        .access = &worker->access,
        .default_channels = &config->default_channels,
        .heartbeat_ms = config->heartbeat_ms,
        .stall_ms = config->stall_ms,
        .max_age_ms = config->max_age_ms,
        .max_payload = (size_t)config->max_payload,
        .max_channels = (unsigned)config->max_channels,
        .max_connections = (unsigned)config->max_connections,
        .routes = worker->routes,
        .route_count = worker_set_routes(worker),
    };
    worker_set_access(worker);
    worker->broker = broker_new(worker->loop, &broker_config);
    if (!worker->broker)
        return WORKER_FAILED;
    loop_on_turn_end(worker->loop, worker_say_serving, worker);
    worker->server = server_new(worker->loop, worker->broker, &server_config);
    if (!worker->server)
        return WORKER_HOPELESS;
    worker->health = (struct health){worker->broker, worker->server, worker->task->board};
    log_info("listening", "host=%s port=%u tls=%s", config->host, (unsigned)config->port,
             *config->tls_cert != '\0' ? "yes" : "no");
    return WORKER_DONE;
}

static int worker_record(struct worker *worker)
{
    const struct recorder_config recorder_config = {
        .redis = worker->config->redis,
        .channels = &worker->config->channels,
        .ephemeral = &worker->config->ephemeral,
        .lease_ms = worker->config->lease_ms,
    };
    worker->recorder = recorder_new(worker->loop, &recorder_config);
    if (!worker->recorder)
        return WORKER_FAILED;
    loop_on_turn_end(worker->loop, worker_say_recording, worker);
    return WORKER_DONE;
}

/* They were blocked before any worker started; a signal that has come since then is handled now. */
static void worker_unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int worker_init(struct worker *worker)
{
    int code = WORKER_DONE;
    worker->loop = loop_new();
    if (!worker->loop)
        return WORKER_FAILED;
    worker->leave_deadline = timer_new(worker->loop, worker_on_left, worker);
    if (!worker->leave_deadline)
        return WORKER_FAILED;
    loop_on_signal(worker->loop, SIGTERM, worker_on_terminate, worker);
    if (!worker_is_ignored(SIGINT))
        loop_on_signal(worker->loop, SIGINT, worker_on_terminate, worker);
    worker_unblock_signals();
    if (worker->task->parts & WORKER_SERVES)
        code = worker_serve(worker);
    if (code == WORKER_DONE && worker->task->parts & WORKER_RECORDS && worker->config->channels.count > 0)
        code = worker_record(worker);
    return code;
}

static void worker_fini(struct worker *worker)
{
    recorder_free(worker->recorder);
    server_free(worker->server);
    broker_free(worker->broker);
    timer_free(worker->leave_deadline);
    loop_free(worker->loop);
}

int worker_run(const struct config *config, const struct worker_task *task)
{
    struct worker worker = {.config = config, .task = task};
    log_open(config->log_level, config->log_json, task->role);
    prctl(PR_SET_NAME, task->role);
    signal(SIGPIPE, SIG_IGN);
    int code = worker_init(&worker);
    if (code == WORKER_DONE)
        loop_run(worker.loop);
    else
        log_error("worker_failed", "code=%d hint=\"the line before says why\"", code);
    worker_fini(&worker);
    return code;
}
