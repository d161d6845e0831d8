/*
 * A broken invariant aborts the process: continuing would lose messages silently.
 */
#include "base/check.h"

#include "cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int signal_of_child(void (*body)(void))
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void broken(void)
{
    CHECK(1 + 1 == 3);
}

static void kept(void)
{
    CHECK(1 + 1 == 2);
    if (!EXPECT(1 + 1 == 2))
        CHECK(0);
}

static void unexpected(void)
{
    if (EXPECT(1 + 1 == 3))
        _exit(1);
}

static void check_aborts(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child(broken), SIGABRT);
    assert_int_equal(signal_of_child(kept), 0);
}

static void expect_aborts_in_debug_builds(void **state)
{
    (void)state;
#ifdef NDEBUG
    assert_int_equal(signal_of_child(unexpected), 0);
#else
    assert_int_equal(signal_of_child(unexpected), SIGABRT);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(check_aborts), cmocka_unit_test(expect_aborts_in_debug_builds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
