/*
 * crowd.c - the load generator: one thread, one epoll set, lines in, JSON out.
 *
 * It waits a millisecond at most while something is done at a pace. With `spin`, while the server is measured, it
 * does not sleep at all: waking a sleeping reader is work inside the server's send(), and would be charged to the
 * server. Then it only yields its core to other programs when there is nothing to read.
 */
#include "browser.h"
#include "payload.h"
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 512, LINE_MAX_BYTES = 4096, IDLE_MS = 1000 };

static char crowd_line[LINE_MAX_BYTES];
static size_t crowd_line_length;
static char tag_of_orders, crowd_tag_of_pen; /* epoll's data for what is not a browser */

/* False: the scenario has closed standard input, or a line is too long. */
static bool crowd_read_orders(int epoll_fd)
{
    ssize_t n = read(STDIN_FILENO, crowd_line + crowd_line_length, sizeof crowd_line - crowd_line_length - 1);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    crowd_line_length += (size_t)n;
    for (char *end; (end = memchr(crowd_line, '\n', crowd_line_length));) {
        size_t used = (size_t)(end + 1 - crowd_line);
        *end = '\0';
        verbs_obey(crowd_line, epoll_fd, &crowd_tag_of_pen);
        crowd_line_length -= used;
        memmove(crowd_line, crowd_line + used, crowd_line_length);
    }
    return crowd_line_length < sizeof crowd_line - 1;
}

int main(void)
{
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event orders = {.events = EPOLLIN, .data.ptr = &tag_of_orders};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool is_busy = false, has_orders = false;
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &orders) != 0) {
        perror("crowd: epoll");
        return 1;
    }
    do {
        int timeout_ms = verbs_want_spinning() ? 0 : is_busy ? 1 : IDLE_MS;
        int n = epoll_wait(epoll_fd, events, EVENTS_MAX, timeout_ms);
        uint64_t start_ns = clock_ns();
        has_orders = false;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &tag_of_orders)
                has_orders = true;
            else if (events[i].data.ptr != &crowd_tag_of_pen)
                browser_turn(events[i].data.ptr, events[i].events);
        }
        if (has_orders && !crowd_read_orders(epoll_fd))
            break;
        is_busy = verbs_turn(epoll_fd, clock_ns());
        verbs_count_turn(clock_ns() - start_ns);
        if (n == 0 && timeout_ms == 0)
            sched_yield();
    } while (true);
    return 0;
}
