/*
 * address.h - a numeric host and a port, as socket calls need them.
 */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

struct address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
};

/* `host` is numeric, IPv4 or IPv6. */
struct address address_of(const char *host, unsigned port);

#endif
