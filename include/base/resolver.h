/*
 * resolver.h - the addresses of a host name, without ever blocking the loop (libevent's evdns and /etc/hosts).
 */
#ifndef BASE_RESOLVER_H
#define BASE_RESOLVER_H

#include "base/attributes.h"

struct loop;
struct resolver;

#define RESOLVER_ADDRESSES_MAX 8
#define RESOLVER_ADDRESS_LEN 64 /* a numeric IPv4 or IPv6 address, with scope */

struct resolver_result {
    unsigned count;    /* 0: not found */
    const char *error; /* why, if count is 0 */
    char addresses[RESOLVER_ADDRESSES_MAX][RESOLVER_ADDRESS_LEN];
};

typedef void (*resolver_fn)(void *arg, const struct resolver_result *result);

MUST_CHECK struct resolver *resolver_new(struct loop *loop);
/* Cancels a lookup that is under way, without its callback. */
void resolver_free(struct resolver *resolver);

/* Look up `host`; fn is called once, from the loop, and may look up again or free the resolver. One lookup at a time: a
 * new one cancels the one under way, without its callback. IPv4 and IPv6 alternate in the result, IPv4 first. */
void resolver_lookup(struct resolver *resolver, const char *host, resolver_fn fn, void *arg);

#endif
