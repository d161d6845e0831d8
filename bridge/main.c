/*
 * main.c - read the settings, then run as what they ask for: supervisor, single foreground process, or readiness check.
 *
 * A reading order for the program: main.c, app/supervisor.c, app/worker.c, broker/broker.h, serve/server.h.
 */
#include "app/board.h"
#include "app/config.h"
#include "app/probe.h"
#include "app/sockets.h"
#include "app/startup.h"
#include "app/supervisor.h"
#include "app/worker.h"

#include <signal.h>
#include <stdlib.h>

static int main_run_in_foreground(const struct config *config, struct sockets *sockets)
{
    struct board *board = board_new(1, config->channels.count > 0);
    struct worker_task whole = {.parts = WORKER_SERVES | WORKER_RECORDS, .role = "bridge", .board = board};
    whole.listening = sockets_keep(sockets, 0);
    int code = board ? worker_run(config, &whole) : WORKER_FAILED;
    board_free(board);
    return code == WORKER_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Block SIGTERM and SIGINT until something handles them. Otherwise an early one would kill us before a proper shutdown
 * or, if we are PID 1, be lost.
 */
static void main_hold_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int main_run(const struct config *config, bool in_foreground)
{
    struct sockets sockets;
    main_hold_signals();
    config_log(config);
    if (!sockets_open(&sockets, config, in_foreground ? 1 : (unsigned)config->workers))
        return EXIT_FAILURE;
    return in_foreground ? main_run_in_foreground(config, &sockets) : supervisor_run(config, &sockets);
}

int main(int argc, char **argv)
{
    struct config *config;
    int code = EXIT_FAILURE;
    switch (startup_read(&config, argc, argv)) {
    case STARTUP_SUPERVISE:
        code = main_run(config, false);
        break;
    case STARTUP_FOREGROUND:
        code = main_run(config, true);
        break;
    case STARTUP_CHECK:
        code = probe_is_ready(config) ? EXIT_SUCCESS : EXIT_FAILURE;
        break;
    case STARTUP_DONE:
        code = EXIT_SUCCESS;
        break;
    case STARTUP_BAD:
        break;
    }
    config_free(config);
    return code;
}
