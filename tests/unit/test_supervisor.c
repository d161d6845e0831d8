/*
 * Whatever happens to one process of an instance, the others keep serving; told to end, all do, in order and in time;
 * and no process is left behind, even if the supervisor itself is killed.
 */
#include "supervisor.h"

#include "address.h"
#include "base/clock.h"
#include "cmocka_all.h"
#include "config.h"
#include "redis/config.h"
#include "sockets.h"
#include "worker.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The workers here are stubs: they report what they do with a letter in a pipe (upper case: begins, lower case: ends,
 * '+': has accepted a connection).
 */
enum manner { WAITS, HANGS, HOPELESS, DIES_ONCE, DIES_KNOCKED };

static enum manner manner;
static int news[2];
static struct sockets sockets;
static struct address address;

static void tell(char letter)
{
    assert_int_equal(write(news[1], &letter, 1), 1);
}

uint64_t worker_drain_ms(const struct config *config)
{
    return config->drain_ms / 2;
}

/* Is this the first worker of its supervisor to get here? */
static bool is_first(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/test_supervisor.first.%d", (int)getppid());
    return mkdir(path, 0700) == 0;
}

/* Wait for a client to connect; the first worker to notice kills itself, the next one accepts. */
static void meet(int listening)
{
    struct pollfd poll_knock = {.fd = listening, .events = POLLIN};
    assert_int_equal(poll(&poll_knock, 1, 10000), 1);
    if (is_first())
        raise(SIGKILL);
    if (accept(listening, NULL, NULL) >= 0)
        tell('+');
}

int worker_run(const struct config *config, const struct worker_task *task)
{
    sigset_t term;
    int signal;
    (void)config;
    enum worker_parts parts = task->parts;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    tell(parts & WORKER_SERVES ? 'W' : 'R');
    if (manner == HOPELESS && parts & WORKER_SERVES)
        return WORKER_HOPELESS;
    if (manner == DIES_ONCE && parts & WORKER_SERVES && is_first())
        raise(SIGKILL);
    if (manner == DIES_KNOCKED && parts & WORKER_SERVES)
        meet(task->listening);
    sigwait(&term, &signal);
    if (manner == HANGS)
        pause();
    tell(parts & WORKER_SERVES ? 'w' : 'r');
    return WORKER_DONE;
}

static pid_t begin(enum manner chosen, unsigned workers, unsigned drain_ms)
{
    static struct redis_config redis;
    struct config config = {
        .redis = &redis, .host = (char *)"127.0.0.1", .workers = workers, .drain_ms = drain_ms, .log_level = LOG_ERROR};
    pid_t pid;
    manner = chosen;
    assert_int_equal(pipe(news), 0);
    assert_true(glob_list_parse(&config.channels, "public:*"));
    assert_true(sockets_open(&sockets, &config, workers));
    address.len = sizeof address.at;
    assert_int_equal(getsockname(sockets.fds[0], &address.at.any, &address.len), 0);
    pid = fork();
    if (pid == 0) {
        close(news[0]);
        _exit(supervisor_run(&config, &sockets));
    }
    close(news[1]);
    sockets_close(&sockets);
    glob_list_fini(&config.channels);
    return pid;
}

/* The next `count` letters, sorted; fewer if nothing came for 10 s or all processes have ended. */
static const char *hear(unsigned count)
{
    static char heard[32];
    struct pollfd poll_news = {.fd = news[0], .events = POLLIN};
    unsigned len = 0;
    while (len < count && poll(&poll_news, 1, 10000) > 0 && read(news[0], heard + len, 1) == 1)
        len++;
    heard[len] = '\0';
    for (unsigned i = 0; i < len; i++)
        for (unsigned j = i + 1; j < len; j++)
            if (heard[j] < heard[i]) {
                char c = heard[i];
                heard[i] = heard[j];
                heard[j] = c;
            }
    return heard;
}

static int end(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(news[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int knock(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &address.at.any, address.len), 0);
    return fd;
}

static void forget_first(pid_t pid)
{
    char lock[64];
    snprintf(lock, sizeof lock, "/tmp/test_supervisor.first.%d", (int)pid);
    assert_int_equal(rmdir(lock), 0);
}

static void ends_workers_first(void **state)
{
    pid_t pid = begin(WAITS, 3, 10000);
    (void)state;
    assert_string_equal(hear(4), "RWWW");
    kill(pid, SIGTERM);
    kill(pid, SIGTERM);
    assert_string_equal(hear(3), "www");
    kill(pid, SIGTERM);
    assert_string_equal(hear(1), "r");
    assert_int_equal(end(pid), 0);
}

static void ends_on_ctrl_c(void **state)
{
    pid_t pid = begin(WAITS, 1, 10000);
    (void)state;
    assert_string_equal(hear(2), "RW");
    kill(pid, SIGINT);
    assert_string_equal(hear(2), "rw");
    assert_int_equal(end(pid), 0);
}

static void cuts_who_does_not_end(void **state)
{
    pid_t pid = begin(HANGS, 2, 1000);
    uint64_t before_ms;
    (void)state;
    assert_string_equal(hear(3), "RWW");
    before_ms = clock_now_ms();
    kill(pid, SIGTERM);
    assert_int_equal(end(pid), 0);
    assert_in_range(clock_now_ms() - before_ms, 900, 5000);
}

static void starts_anew_what_dies(void **state)
{
    pid_t pid = begin(DIES_ONCE, 2, 10000);
    (void)state;
    assert_string_equal(hear(4), "RWWW");
    kill(pid, SIGTERM);
    assert_string_equal(hear(3), "rww");
    assert_int_equal(end(pid), 0);
    forget_first(pid);
}

static bool is_dead(pid_t pid)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file) {
        assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
        fclose(file);
    }
    return state == 'Z';
}

/* Wait until a child of `parent` has died. The parent is stopped, so the child is not reaped. */
static void wait_for_a_death(pid_t parent)
{
    uint64_t until_ms = clock_now_ms() + 10000;
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    for (bool is_found = false; !is_found; usleep(1000)) {
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (!is_found && fscanf(file, "%d", &pid) == 1)
            is_found = is_dead(pid);
        fclose(file);
        assert_true(clock_now_ms() < until_ms);
    }
}

static void who_knocks_outlives_a_worker(void **state)
{
    pid_t pid = begin(DIES_KNOCKED, 1, 10000);
    (void)state;
    assert_string_equal(hear(2), "RW");
    int fd = knock();
    assert_string_equal(hear(2), "+W");
    kill(pid, SIGTERM);
    assert_string_equal(hear(2), "rw");
    close(fd);
    assert_int_equal(end(pid), 0);
    forget_first(pid);
}

/* Even if the instance ends before the worker would have been restarted. */
static void who_knocks_is_let_in_at_the_end(void **state)
{
    pid_t pid = begin(DIES_KNOCKED, 1, 10000);
    (void)state;
    assert_string_equal(hear(2), "RW");
    kill(pid, SIGSTOP);
    int fd = knock();
    wait_for_a_death(pid);
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
    assert_string_equal(hear(4), "+Wrw");
    close(fd);
    assert_int_equal(end(pid), 0);
    forget_first(pid);
}

static void gives_up_where_it_is_hopeless(void **state)
{
    pid_t pid = begin(HOPELESS, 1, 10000);
    (void)state;
    assert_non_null(strchr(hear(8), 'W')); /* the recorder may be terminated before it writes a letter */
    assert_int_equal(end(pid), 1);
}

/* The pipe reaches end of file when the last process that holds it has ended. */
static void leaves_nobody_behind(void **state)
{
    pid_t pid = begin(HANGS, 2, 10000);
    (void)state;
    assert_string_equal(hear(3), "RWW");
    kill(pid, SIGKILL);
    assert_string_equal(hear(1), "");
    assert_int_equal(end(pid), 1000 + SIGKILL);
}

static void waits_longer_after_each_failure(void **state)
{
    (void)state;
    assert_int_equal(supervisor_backoff_ms(1), 100);
    assert_int_equal(supervisor_backoff_ms(2), 200);
    for (unsigned failures = 1; failures < 100; failures++)
        assert_true(supervisor_backoff_ms(failures) <= supervisor_backoff_ms(failures + 1));
    assert_int_equal(supervisor_backoff_ms(100), 5000);
    assert_int_equal(supervisor_backoff_ms(0), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_workers_first),
        cmocka_unit_test(ends_on_ctrl_c),
        cmocka_unit_test(cuts_who_does_not_end),
        cmocka_unit_test(starts_anew_what_dies),
        cmocka_unit_test(who_knocks_outlives_a_worker),
        cmocka_unit_test(who_knocks_is_let_in_at_the_end),
        cmocka_unit_test(leaves_nobody_behind),
        cmocka_unit_test(gives_up_where_it_is_hopeless),
        cmocka_unit_test(waits_longer_after_each_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
