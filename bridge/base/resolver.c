/*
 * resolver.c - one lookup at a time, each with an evdns base of its own.
 *
 * A new base per lookup reads /etc/resolv.conf and /etc/hosts as they are now (a container's network may have changed
 * since the last reconnect) and forgets which name servers failed a while ago. Lookups are rare: one per connect.
 *
 *     resolver_lookup ──► evdns_getaddrinfo ──► resolver_on_answer: result kept ──► (timer) resolver_on_told:
 *                               │                                                      base freed, fn called
 *                               └─ resolver_free, or another lookup: base freed ──► resolver_on_answer: result ignored
 *
 * Lives     evdns calls back for every lookup: before evdns_getaddrinfo() returns, from the loop, or, if its base is
 *           freed, from a deferred callback. So only resolver_on_answer frees a lookup. A lookup can outlive its
 *           resolver by a turn (loop_free() runs that turn); its `resolver` is then NULL.
 * Trap      The evdns base must not be freed while one of its callbacks is on the stack. So the caller gets the result
 *           from a timer, where it may look up again or free the resolver.
 */
#include "base/resolver.h"

#include "base/log.h"
#include "base/loop.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct lookup {
    struct resolver *resolver; /* NULL: cancelled */
};

struct resolver {
    struct loop *loop;
    struct timer *telling;  /* fires as soon as there is a result */
    struct evdns_base *dns; /* of the lookup under way */
    struct lookup *lookup;  /* under way, or NULL */
    struct resolver_result result;
    resolver_fn fn;
    void *arg;
};

static void resolver_on_evdns_log(int is_warning, const char *message)
{
    (void)is_warning; /* a slow or unreachable name server: the lookup's own result says what matters */
    log_debug("evdns", "text=\"%s\"", LOG_TEXT(message, strlen(message)));
}

/* Cancel the lookup under way, if any. Not from within a callback of evdns. */
static void resolver_drop(struct resolver *resolver)
{
    timer_stop(resolver->telling);
    if (resolver->lookup)
        resolver->lookup->resolver = NULL;
    resolver->lookup = NULL;
    if (resolver->dns)
        evdns_base_free(resolver->dns, 1); /* 1: requests under way get their callback, from the loop */
    resolver->dns = NULL;
}

static void resolver_on_told(void *arg)
{
    struct resolver *resolver = arg;
    struct resolver_result result = resolver->result;
    resolver_drop(resolver);
    resolver->fn(resolver->arg, &result); /* may look up again, or free the resolver */
}

struct resolver *resolver_new(struct loop *loop)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver)
        return NULL;
    evdns_set_log_fn(resolver_on_evdns_log);
    resolver->loop = loop;
    resolver->telling = timer_new(loop, resolver_on_told, resolver);
    if (!resolver->telling) {
        free(resolver);
        return NULL;
    }
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    resolver_drop(resolver);
    timer_free(resolver->telling);
    free(resolver);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void resolver_result_add(struct resolver_result *result, const struct sockaddr *address, socklen_t len)
{
    if (result->count < RESOLVER_ADDRESSES_MAX &&
        getnameinfo(address, len, result->addresses[result->count], RESOLVER_ADDRESS_LEN, NULL, 0, NI_NUMERICHOST) == 0)
        result->count++;
}

/* The families alternate, so that eight IPv4 addresses do not crowd out the one IPv6 address that would answer. */
static void resolver_result_fill(struct resolver_result *result, const struct evutil_addrinfo *answers)
{
    const struct evutil_addrinfo *next[2] = {answers, answers};
    const int families[2] = {AF_INET, AF_INET6};
    while (result->count < RESOLVER_ADDRESSES_MAX && (next[0] || next[1]))
        for (unsigned i = 0; i < 2; i++) {
            while (next[i] && next[i]->ai_family != families[i])
                next[i] = next[i]->ai_next;
            if (!next[i])
                continue;
            resolver_result_add(result, next[i]->ai_addr, (socklen_t)next[i]->ai_addrlen);
            next[i] = next[i]->ai_next;
        }
}

/* Keep the result and start the timer. `answers` and `error` may be NULL. */
static void resolver_finish(struct resolver *resolver, const struct evutil_addrinfo *answers, const char *error)
{
    resolver->result = (struct resolver_result){.count = 0};
    resolver_result_fill(&resolver->result, answers);
    if (resolver->result.count == 0)
        resolver->result.error = error ? error : "no address";
    timer_start(resolver->telling, 0);
}

static void resolver_on_answer(int error, struct evutil_addrinfo *answers, void *arg)
{
    struct lookup *lookup = arg;
    if (lookup->resolver) {
        lookup->resolver->lookup = NULL;
        resolver_finish(lookup->resolver, answers, error == 0 ? NULL : evutil_gai_strerror(error));
    }
    if (answers)
        evutil_freeaddrinfo(answers);
    free(lookup);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static struct evdns_base *resolver_dns_new(struct event_base *base)
{
    struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!dns) { /* no usable resolv.conf: fall back to /etc/hosts and a name server on this machine */
        dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (!dns)
            return NULL;
        evdns_base_load_hosts(dns, "/etc/hosts");
        evdns_base_nameserver_ip_add(dns, "127.0.0.1");
    }
    /* Some name servers answer in lower case, which evdns would reject as forged. */
    evdns_base_set_option(dns, "randomize-case:", "0");
    evdns_base_set_option(dns, "timeout:", "2");
    return dns;
}

/* RFC 6761 section 6.3: localhost is this machine, whatever name servers and /etc/hosts say. */
static void resolver_finish_localhost(struct resolver *resolver)
{
    resolver->result = (struct resolver_result){.count = 2, .addresses = {"127.0.0.1", "::1"}};
    timer_start(resolver->telling, 0);
}

void resolver_lookup(struct resolver *resolver, const char *host, resolver_fn fn, void *arg)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct lookup *lookup;
    resolver_drop(resolver);
    resolver->fn = fn;
    resolver->arg = arg;
    if (strcasecmp(host, "localhost") == 0) {
        resolver_finish_localhost(resolver);
        return;
    }
    lookup = malloc(sizeof *lookup);
    resolver->dns = resolver_dns_new(loop_base(resolver->loop));
    if (!lookup || !resolver->dns) {
        free(lookup);
        resolver_finish(resolver, NULL, "no memory");
        return;
    }
    lookup->resolver = resolver;
    resolver->lookup = lookup;
    /* If it knows the answer already, it calls back before it returns; `lookup` is freed then. */
    evdns_getaddrinfo(resolver->dns, host, NULL, &hints, resolver_on_answer, lookup);
}
