/*
 * supervisor.c - waits for signals, and until a child is to be started again; everything happens between two waits.
 *
 *     RUNNING ── SIGTERM, SIGINT, hopeless child: supervisor_begin_end ──► ENDING_WORKERS
 *     ENDING_WORKERS ── no worker left: supervisor_advance ──► ENDING_RECORDER
 *     ENDING_RECORDER ── no recorder left: supervisor_advance ──► GONE
 *
 *     RUNNING            dead children are started again, each after its back-off
 *     ENDING_WORKERS     workers were sent SIGTERM; at cut_workers_ms they get SIGKILL
 *     ENDING_RECORDER    no worker is left; the recorder was sent SIGTERM; at cut_recorder_ms it gets SIGKILL
 *     GONE               no child is left
 *
 * All signals that matter are blocked and fetched with sigtimedwait(), so there is no handler and no race. Children
 * inherit the blocked signals, and unblock them once their loop has handlers.
 */
#include "supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "board.h"
#include "config.h"
#include "sockets.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 5000
#define STABLE_MS 10000                      /* after living this long, a child counts its failures from 1 again */
#define CHILDREN_MAX (BOARD_WORKERS_MAX + 1) /* the workers and the recorder */
#define WAIT_MOST_MS 60000

enum supervisor_state {
    SUPERVISOR_RUNNING,
    SUPERVISOR_ENDING_WORKERS,
    SUPERVISOR_ENDING_RECORDER,
    SUPERVISOR_GONE,
};

struct child {
    pid_t pid; /* 0: not running */
    enum worker_parts parts;
    const char *role;
    unsigned number;   /* of a worker, from 0 */
    unsigned failures; /* deaths in a row */
    uint64_t started_ms;
    uint64_t start_at_ms; /* if it is not running: when to start it */
};

struct supervisor {
    const struct config *config;
    enum supervisor_state state;
    int exit_code;
    pid_t pid;
    sigset_t signals;
    uint64_t cut_workers_ms;  /* when workers get SIGKILL; UINT64_MAX: it was sent */
    uint64_t cut_recorder_ms; /* when the recorder gets SIGKILL; UINT64_MAX: it was sent */
    unsigned count;
    struct child children[CHILDREN_MAX];
    struct board *board;
    struct sockets *sockets; /* one for each worker; none once the shutdown has begun */
};

static void supervisor_enter(struct supervisor *supervisor, enum supervisor_state state, const char *why)
{
    static const char *const names[] = {"RUNNING", "ENDING_WORKERS", "ENDING_RECORDER", "GONE"};
    log_debug("supervisor_state", "from=%s to=%s why=\"%s\"", names[supervisor->state], names[state], why);
    supervisor->state = state;
}

uint64_t supervisor_backoff_ms(unsigned failures)
{
    unsigned doublings = failures > 0 ? failures - 1 : 0;
    return doublings < 6 ? BACKOFF_FIRST_MS << doublings : BACKOFF_MOST_MS;
}

/* --- children ----------------------------------------------------------------------------------------------------- */

static bool supervisor_is_worker(const struct child *child)
{
    return child->parts & WORKER_SERVES;
}

/* Runs in the child, and never returns. */
_Noreturn static void supervisor_child_main(const struct supervisor *supervisor, const struct child *child)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor->pid) /* the supervisor died before prctl() */
        _exit(WORKER_FAILED);
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches all processes, but the supervisor decides when each one ends */
    struct worker_task task = {
        .parts = child->parts, .role = child->role, .board = supervisor->board, .number = child->number};
    if (supervisor_is_worker(child))
        task.listening = sockets_keep(supervisor->sockets, child->number);
    else
        sockets_close(supervisor->sockets);
    exit(worker_run(supervisor->config, &task));
}

static void supervisor_child_retry_later(struct child *child)
{
    uint64_t now_ms = clock_now_ms();
    child->failures = now_ms - child->started_ms >= STABLE_MS ? 1 : child->failures + 1;
    child->start_at_ms = now_ms + random_below(supervisor_backoff_ms(child->failures) + 1);
}

static void supervisor_child_start(struct supervisor *supervisor, struct child *child)
{
    child->started_ms = clock_now_ms();
    if (supervisor_is_worker(child))
        board_say_worker(supervisor->board, child->number, BOARD_COMING);
    else
        board_reset_recorder(supervisor->board);
    fflush(NULL); /* else both processes would write what is buffered */
    pid_t pid = fork();
    if (pid == 0)
        supervisor_child_main(supervisor, child);
    if (pid < 0) {
        log_error(
            "cannot_fork",
            "role=%s number=%u error=\"%s\" hint=\"the machine has too little memory or too many processes; it is tried again\"",
            child->role, child->number, strerror(errno));
        supervisor_child_retry_later(child);
        return;
    }
    child->pid = pid;
    log_debug("child_started", "role=%s number=%u child=%d", child->role, child->number, (int)pid);
}

static void supervisor_children_start_due(struct supervisor *supervisor)
{
    uint64_t now_ms = clock_now_ms();
    for (unsigned i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].pid == 0 && supervisor->children[i].start_at_ms <= now_ms)
            supervisor_child_start(supervisor, &supervisor->children[i]);
}

/* Connections may wait in the socket of a worker that is not running: start it once more, to end them in order. */
static void supervisor_children_start_absent(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].pid == 0 && supervisor_is_worker(&supervisor->children[i]))
            supervisor_child_start(supervisor, &supervisor->children[i]);
}

static unsigned supervisor_children_alive(const struct supervisor *supervisor, bool workers)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < supervisor->count; i++)
        alive += supervisor->children[i].pid != 0 && supervisor_is_worker(&supervisor->children[i]) == workers;
    return alive;
}

static void supervisor_children_kill(struct supervisor *supervisor, bool workers, int signal)
{
    for (unsigned i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->pid == 0 || supervisor_is_worker(child) != workers)
            continue;
        if (signal == SIGKILL)
            log_warn("child_cut",
                     "role=%s number=%u child=%d hint=\"it was killed because it did not stop in time (BRIDGE_DRAIN)\"",
                     child->role, child->number, (int)child->pid);
        kill(child->pid, signal);
    }
}

/* --- shutting down ------------------------------------------------------------------------------------------------ */

/* Workers get SIGKILL after half of the time that worker_drain_ms() leaves; the other half is for the recorder. */
static void supervisor_begin_end(struct supervisor *supervisor, int exit_code, const char *why)
{
    const struct config *config = supervisor->config;
    uint64_t now_ms = clock_now_ms();
    if (supervisor->state != SUPERVISOR_RUNNING)
        return;
    log_info("ending", "why=\"%s\"", why);
    supervisor->exit_code = exit_code;
    supervisor->cut_recorder_ms = now_ms + config->drain_ms;
    supervisor->cut_workers_ms = now_ms + (worker_drain_ms(config) + config->drain_ms) / 2;
    if (exit_code == EXIT_SUCCESS)
        supervisor_children_start_absent(supervisor);
    sockets_close(supervisor->sockets);
    supervisor_enter(supervisor, SUPERVISOR_ENDING_WORKERS, why);
    supervisor_children_kill(supervisor, true, SIGTERM);
}

/* Go on to the next state once the children that this one waits for are gone. */
static void supervisor_advance(struct supervisor *supervisor)
{
    if (supervisor->state == SUPERVISOR_ENDING_WORKERS && supervisor_children_alive(supervisor, true) == 0) {
        supervisor_enter(supervisor, SUPERVISOR_ENDING_RECORDER, "no worker left");
        supervisor_children_kill(supervisor, false, SIGTERM);
    }
    if (supervisor->state == SUPERVISOR_ENDING_RECORDER && supervisor_children_alive(supervisor, false) == 0)
        supervisor_enter(supervisor, SUPERVISOR_GONE, "no recorder left");
}

/* Send SIGKILL, once, to children whose time is over; then just wait for their deaths. */
static void supervisor_cut_overdue(struct supervisor *supervisor)
{
    uint64_t now_ms = clock_now_ms();
    if (supervisor->state == SUPERVISOR_ENDING_WORKERS && now_ms >= supervisor->cut_workers_ms) {
        supervisor_children_kill(supervisor, true, SIGKILL);
        supervisor->cut_workers_ms = UINT64_MAX;
    }
    if (supervisor->state == SUPERVISOR_ENDING_RECORDER && now_ms >= supervisor->cut_recorder_ms) {
        supervisor_children_kill(supervisor, false, SIGKILL);
        supervisor->cut_recorder_ms = UINT64_MAX;
    }
}

/* --- deaths ------------------------------------------------------------------------------------------------------- */

static void supervisor_child_died(struct supervisor *supervisor, struct child *child, int status)
{
    bool is_hopeless = WIFEXITED(status) && WEXITSTATUS(status) == WORKER_HOPELESS;
    bool is_expected =
        supervisor->state != SUPERVISOR_RUNNING && WIFEXITED(status) && WEXITSTATUS(status) == WORKER_DONE;
    log_line(is_expected ? LOG_DEBUG : LOG_WARN, "child_died", "role=%s number=%u child=%d %s=%d hint=\"%s\"",
             child->role, child->number, (int)child->pid, WIFSIGNALED(status) ? "signal" : "code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
             supervisor->state != SUPERVISOR_RUNNING ? ""
             : is_hopeless                           ? "its own line says why"
                                                     : "it is started again");
    child->pid = 0;
    if (supervisor_is_worker(child))
        board_say_worker(supervisor->board, child->number, BOARD_ABSENT);
    else
        board_reset_recorder(supervisor->board);
    if (is_hopeless)
        supervisor_begin_end(supervisor, EXIT_FAILURE,
                             "a child process reported an error that a restart cannot mend; see its log line");
    else
        supervisor_child_retry_later(child);
}

/* As PID 1 it also reaps orphans, which are not in the table. */
static void supervisor_reap(struct supervisor *supervisor)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (unsigned i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == pid)
                supervisor_child_died(supervisor, &supervisor->children[i], status);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static uint64_t supervisor_next_due_ms(const struct supervisor *supervisor)
{
    uint64_t due_ms = UINT64_MAX;
    switch (supervisor->state) {
    case SUPERVISOR_RUNNING:
        for (unsigned i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == 0 && supervisor->children[i].start_at_ms < due_ms)
                due_ms = supervisor->children[i].start_at_ms;
        return due_ms;
    case SUPERVISOR_ENDING_WORKERS:
        return supervisor->cut_workers_ms;
    case SUPERVISOR_ENDING_RECORDER:
        return supervisor->cut_recorder_ms;
    case SUPERVISOR_GONE:
        break;
    }
    return 0;
}

/* The next signal, or 0 when something is due. */
static int supervisor_wait_for_signal(const struct supervisor *supervisor)
{
    uint64_t now_ms = clock_now_ms(), due_ms = supervisor_next_due_ms(supervisor);
    uint64_t wait_ms = due_ms <= now_ms ? 0 : due_ms - now_ms < WAIT_MOST_MS ? due_ms - now_ms : WAIT_MOST_MS;
    struct timespec wait = {.tv_sec = (time_t)(wait_ms / 1000), .tv_nsec = (long)(wait_ms % 1000 * 1000000)};
    int signal = sigtimedwait(&supervisor->signals, NULL, &wait);
    return signal > 0 ? signal : 0;
}

/* --- all together ------------------------------------------------------------------------------------------------- */

static void supervisor_child_add(struct supervisor *supervisor, enum worker_parts parts, const char *role,
                                 unsigned number)
{
    CHECK(supervisor->count < CHILDREN_MAX);
    supervisor->children[supervisor->count++] = (struct child){.parts = parts, .role = role, .number = number};
}

static void supervisor_init(struct supervisor *supervisor, const struct config *config, struct sockets *sockets)
{
    *supervisor =
        (struct supervisor){.config = config, .state = SUPERVISOR_RUNNING, .pid = getpid(), .sockets = sockets};
    sigemptyset(&supervisor->signals);
    sigaddset(&supervisor->signals, SIGCHLD);
    sigaddset(&supervisor->signals, SIGTERM);
    sigaddset(&supervisor->signals, SIGINT);
    signal(SIGCHLD, SIG_DFL); /* if it were ignored, waitpid() would report nothing */
    sigprocmask(SIG_BLOCK, &supervisor->signals, NULL);
    if (config->channels.count > 0)
        supervisor_child_add(supervisor, WORKER_RECORDS, "recorder", 0);
    for (unsigned i = 0; i < config->workers; i++)
        supervisor_child_add(supervisor, WORKER_SERVES, "worker", i);
    supervisor->board = board_new((unsigned)config->workers, config->channels.count > 0);
    CHECK(supervisor->board);
}

int supervisor_run(const struct config *config, struct sockets *sockets)
{
    struct supervisor supervisor;
    log_open(config->log_level, config->log_json, "supervisor");
    supervisor_init(&supervisor, config, sockets);
    while (supervisor.state != SUPERVISOR_GONE) {
        if (supervisor.state == SUPERVISOR_RUNNING)
            supervisor_children_start_due(&supervisor);
        int signal = supervisor_wait_for_signal(&supervisor);
        supervisor_reap(&supervisor); /* after any signal: several SIGCHLD may have been merged */
        if (signal == SIGTERM || signal == SIGINT)
            supervisor_begin_end(&supervisor, EXIT_SUCCESS, signal == SIGTERM ? "SIGTERM" : "SIGINT");
        supervisor_advance(&supervisor);
        supervisor_cut_overdue(&supervisor);
    }
    board_free(supervisor.board);
    /* The signals stay blocked: a second SIGTERM must not turn a clean exit into a failure. */
    return supervisor.exit_code;
}
