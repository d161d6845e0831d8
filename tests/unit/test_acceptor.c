/*
 * A burst of new connections does not hold up the existing ones; no client is refused because the acceptor is paused or
 * out of descriptors; and every client that connects before acceptor_shut() is accepted.
 */
#include "acceptor.h"

#include "base/log.h"
#include "base/loop.h"
#include "cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 256

struct scene {
    struct loop *loop;
    struct acceptor *acceptor;
    struct timer *alarm;
    int listening; /* a duplicate, such as the supervisor holds */
    struct sockaddr_in address;
    unsigned clients, came, turns;
    int client[CLIENTS_MAX], in[CLIENTS_MAX];
    in_port_t peers[CLIENTS_MAX];
    unsigned most, most_per_turn, came_before_turn; /* most: stop the loop when this many were accepted */
    bool pauses;
};

static void on_come(void *arg, int fd, const struct sockaddr *peer)
{
    struct scene *scene = arg;
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(peer->sa_family, AF_INET);
    scene->peers[scene->came] = ((const struct sockaddr_in *)peer)->sin_port;
    scene->in[scene->came++] = fd;
    if (scene->pauses)
        acceptor_pause(scene->acceptor);
}

static void on_turn_end(void *arg)
{
    struct scene *scene = arg;
    unsigned came = scene->came - scene->came_before_turn;
    scene->came_before_turn = scene->came;
    if (came > scene->most_per_turn)
        scene->most_per_turn = came;
    scene->turns++;
    if (scene->came >= scene->most)
        loop_stop(scene->loop);
}

static void on_alarm(void *arg)
{
    struct scene *scene = arg;
    loop_stop(scene->loop);
}

static int scene_begin(void **state)
{
    static struct scene scene;
    socklen_t len = sizeof scene.address;
    scene = (struct scene){.loop = loop_new(), .most = CLIENTS_MAX + 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    scene.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)&scene.address, len), 0);
    acceptor_prepare(fd);
    assert_int_equal(listen(fd, CLIENTS_MAX), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&scene.address, &len), 0);
    scene.listening = dup(fd);
    scene.acceptor = acceptor_new(scene.loop, fd, on_come, &scene);
    scene.alarm = timer_new(scene.loop, on_alarm, &scene);
    loop_on_turn_end(scene.loop, on_turn_end, &scene);
    log_open(LOG_ERROR, false, "test");
    *state = &scene;
    return !scene.acceptor || !scene.alarm;
}

static int scene_end(void **state)
{
    struct scene *scene = *state;
    acceptor_free(scene->acceptor);
    timer_free(scene->alarm);
    loop_free(scene->loop);
    for (unsigned i = 0; i < scene->clients; i++)
        close(scene->client[i]);
    for (unsigned i = 0; i < scene->came; i++)
        close(scene->in[i]);
    if (scene->listening >= 0)
        close(scene->listening);
    return 0;
}

static void knock(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&scene->address, sizeof scene->address), 0);
        scene->client[scene->clients++] = fd;
    }
}

/* Run the loop until `count` clients have been accepted in all; fail after 10 s. */
static void run_until(struct scene *scene, unsigned count)
{
    scene->most = count;
    timer_start(scene->alarm, 10000);
    loop_run(scene->loop);
    timer_stop(scene->alarm);
    assert_int_equal(scene->came, count);
    assert_int_equal(acceptor_count(scene->acceptor), count);
}

static void run_for(struct scene *scene, uint64_t ms)
{
    scene->most = CLIENTS_MAX + 1;
    timer_start(scene->alarm, ms);
    loop_run(scene->loop);
}

static void lets_in_everybody_in_order(void **state)
{
    struct scene *scene = *state;
    knock(scene, 200);
    run_until(scene, 200);
    for (unsigned i = 0; i < 200; i++) {
        struct sockaddr_in own;
        socklen_t len = sizeof own;
        assert_int_equal(getsockname(scene->client[i], (struct sockaddr *)&own, &len), 0);
        assert_int_equal(scene->peers[i], own.sin_port);
    }
}

static void others_have_their_turns_between(void **state)
{
    struct scene *scene = *state;
    knock(scene, 200);
    run_until(scene, 200);
    assert_in_range(scene->most_per_turn, 1, 64);
    assert_true(scene->turns >= 4);
}

static void who_comes_in_a_pause_waits(void **state)
{
    struct scene *scene = *state;
    knock(scene, 3);
    scene->pauses = true;
    run_until(scene, 1);
    assert_true(acceptor_is_paused(scene->acceptor));
    run_for(scene, 30);
    assert_int_equal(scene->came, 1);
    scene->pauses = false;
    acceptor_resume(scene->acceptor);
    run_until(scene, 3);
}

/* Without a free descriptor, clients are not refused, and the loop does not spin. */
static void who_comes_when_nothing_is_left_waits(void **state)
{
    struct scene *scene = *state;
    struct rlimit before, none;
    knock(scene, 5);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    run_for(scene, 250);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(scene->came, 0);
    assert_true(scene->turns < 20);
    run_until(scene, 5);
}

static void shut(struct scene *scene)
{
    acceptor_shut(scene->acceptor);
    while (!acceptor_is_shut(scene->acceptor)) {
        loop_again(scene->loop);
        scene->most = 0;
        loop_run(scene->loop);
    }
}

static void shut_lets_in_who_waits(void **state)
{
    struct scene *scene = *state;
    knock(scene, 100);
    acceptor_pause(scene->acceptor);
    close(scene->listening);
    scene->listening = -1;
    shut(scene);
    assert_int_equal(scene->came, 100);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&scene->address, sizeof scene->address), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

/* If another process also holds the socket, later connections are left to it and do not wake this loop. */
static void shut_forgets_what_others_hold(void **state)
{
    struct scene *scene = *state;
    shut(scene);
    scene->turns = 0;
    knock(scene, 3);
    run_for(scene, 100);
    assert_int_equal(scene->came, 0);
    assert_true(scene->turns < 5);
    struct acceptor *next = acceptor_new(scene->loop, dup(scene->listening), on_come, scene);
    acceptor_free(scene->acceptor);
    scene->acceptor = next;
    run_until(scene, 3);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(lets_in_everybody_in_order), WITH_SCENE(others_have_their_turns_between),
        WITH_SCENE(who_comes_in_a_pause_waits), WITH_SCENE(who_comes_when_nothing_is_left_waits),
        WITH_SCENE(shut_lets_in_who_waits),     WITH_SCENE(shut_forgets_what_others_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
