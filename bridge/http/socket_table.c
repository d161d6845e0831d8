/*
 * socket_table.c - a replacement for one function of libwebsockets (by the linker's --wrap, see CMakeLists.txt).
 *
 * Whenever a connection closes, lws 4.3 makes sure that its socket is nowhere else in the table of all sockets. It
 * checks every entry, including the empty ones, and the table is as large as the limit of open files. Measured cost for
 * each browser that disconnects: 20 us at a limit of 20,000, 65 us once 15,000 are connected, and milliseconds at the
 * million that containers get. It does so for asserts that fail only if lws itself has a bug. lws built for several
 * threads leaves it out.
 */
struct lws_context;

int __wrap_sanity_assert_no_sockfd_traces(const struct lws_context *context, int fd);

int __wrap_sanity_assert_no_sockfd_traces(const struct lws_context *context, int fd)
{
    (void)context;
    (void)fd;
    return 0;
}
