/*
 * A container's health check gets a result even if the bridge hangs.
 */
#include "probe.h"

#include "base/clock.h"
#include "cmocka_all.h"
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char no_file[] = "", any[] = "::";

/* A socket that listens on a free port of this machine, and a config to probe it. */
static int listen_somewhere(struct config *config)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *config = (struct config){.host = any, .tls_cert = no_file, .port = ntohs(address.sin_port)};
    return fd;
}

static pid_t answer_once(int fd, const char *answer)
{
    pid_t pid = fork();
    if (pid == 0) {
        char request[1024];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int one = accept(fd, NULL, NULL);
        if (read(one, request, sizeof request) > 0 && *answer != '\0')
            _exit(write(one, answer, strlen(answer)) < 0);
        pause();
    }
    return pid;
}

/* Keep what the probe prints out of the test's report. */
static bool is_ready_quietly(const struct config *config)
{
    int before = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
    fflush(stdout);
    dup2(null, STDOUT_FILENO);
    bool is_ready = probe_is_ready(config);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(null);
    return is_ready;
}

static bool is_ready_with(const char *answer)
{
    struct config config;
    int fd = listen_somewhere(&config);
    pid_t pid = answer_once(fd, answer);
    bool is_ready = is_ready_quietly(&config);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fd);
    return is_ready;
}

static void only_200_is_ready(void **state)
{
    (void)state;
    assert_true(is_ready_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    assert_false(is_ready_with("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"ready\":false}"));
    assert_true(is_ready_with("HTTP/1.0 200\r\n\r\n"));
    assert_false(is_ready_with("HTTP/1.1 2000 OK\r\n\r\n"));
    assert_false(is_ready_with("HTTP/2 200 OK\r\n\r\n"));
    assert_false(is_ready_with("HTTP/1.1\r\n200\r\n\r\n"));
    assert_false(is_ready_with("SSH-2.0-OpenSSH\r\n"));
}

static void a_hanging_bridge_is_not_ready(void **state)
{
    uint64_t before = clock_now_ms();
    (void)state;
    assert_false(is_ready_with(""));
    assert_in_range(clock_now_ms() - before, 1500, 10000);
}

static void nobody_is_not_ready(void **state)
{
    struct config config;
    (void)state;
    close(listen_somewhere(&config));
    assert_false(is_ready_quietly(&config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_200_is_ready),
        cmocka_unit_test(a_hanging_bridge_is_not_ready),
        cmocka_unit_test(nobody_is_not_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
