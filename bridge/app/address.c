/*
 * address.c - turns a numeric host and a port into a struct sockaddr.
 */
#include "address.h"

#include "base/check.h"

#include <arpa/inet.h>

struct address address_of(const char *host, unsigned port)
{
    struct address address = {.len = sizeof address.at.v4};
    in_port_t network_port = htons((in_port_t)port);
    address.at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = network_port};
    if (inet_pton(AF_INET, host, &address.at.v4.sin_addr) == 1)
        return address;
    address.len = sizeof address.at.v6;
    address.at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = network_port};
    CHECK(inet_pton(AF_INET6, host, &address.at.v6.sin6_addr) == 1);
    return address;
}
