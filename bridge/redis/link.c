/*
 * link.c - one connection to Redis that reconnects by itself.
 *
 *              link_new                    link_resolved          link_on_connect
 *   ┌─────────┐ ──────► ┌─────────────────┐ ──────► ┌────────────┐ ──────► ┌──────────┐ link_on_greeted ┌────┐
 *   │ WAITING │         │ RESOLVING       │         │ CONNECTING │         │ GREETING │ ──────────────► │ UP │
 *   └─────────┘ ──────► └─────────────────┘         └────────────┘         └──────────┘                 └────┘
 *        ▲  link_begin                                    │ next address         │                        │
 *        └────────────────────────────── link_fail ◄──────┴──────────────────────┴────────────────────────┘
 *
 * WAITING     no context; the timer runs and will call link_begin
 * RESOLVING   no context; the resolver will call link_resolved
 * CONNECTING  a context is connecting to addresses[next - 1], or to the unix socket
 * GREETING    connected; `greetings` commands are not answered yet
 * UP          the owner has been notified, and may send
 *
 * hiredis frees a context by itself after it has reported a failed connect or a disconnect, and it delays
 * redisAsyncFree() if that is called from a callback. So a context that we are done with is cut loose (data = NULL),
 * and callbacks of a loose context change nothing here.
 *
 * link_restart() may be called from anywhere, even while hiredis or the owner is iterating over something. So it only
 * marks the link as doomed: no more commands are accepted, and the timer closes the connection.
 */
#include "link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/resolver.h"
#include "library.h"
#include "redis/names.h"
#include "redis/remedy.h"
#include "space.h"

#include <hiredis/adapters/libevent.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000
#define LOG_REPEAT_MS 10000
#define STABLE_MS 5000 /* a connection that was up for longer resets the backoff */

enum link_state { LINK_WAITING, LINK_RESOLVING, LINK_CONNECTING, LINK_GREETING, LINK_UP };

struct link {
    struct loop *loop;
    const struct redis_config *config;
    const char *role; /* names the connection in Redis and in the log */
    bool loads_library;
    struct link_events events;
    void *arg;

    enum link_state state;
    redisAsyncContext *context; /* NULL in WAITING and RESOLVING */
    unsigned greetings;         /* commands of the greeting that are not answered yet */
    bool has_reply;             /* one of them was */
    unsigned attempts;          /* failures since it was last up for STABLE_MS */
    uint64_t up_ms;             /* when it came up */
    bool has_been_up;           /* at least once */
    const char *doomed;         /* UP, but the timer will close it: the reason; NULL: not doomed */
    struct timer *timer;
    struct resolver *resolver;
    struct resolver_result found;
    unsigned next; /* index in found.addresses of the next to try */
    SSL_CTX *tls;
    char tls_error[128]; /* why the server's certificate was refused */
    char error[160];     /* of link_error() */
    char why[256];       /* the last failure that was logged, so that a lasting one is not logged each time */
    uint64_t told_ms;
};

/* What a reply to the greeting means: NULL, or why the connection is of no use. */
typedef const char *(*link_judge)(struct link *link, const redisReply *reply);

static void link_begin(void *arg);
static void link_connect_next(struct link *link);

static void link_tell(struct link *link, const char *why)
{
    uint64_t now = clock_now_ms();
    if (link->told_ms && strncmp(link->why, why, sizeof link->why - 1) == 0 && now - link->told_ms < LOG_REPEAT_MS)
        return;
    snprintf(link->why, sizeof link->why, "%s", why);
    link->told_ms = now;
    log_warn("redis_away", "link=%s why=\"%s\"%s", link->role, LOG_TEXT(why, strlen(why)), REMEDY_TEXT(why));
}

/* The only writer of state. */
static void link_enter(struct link *link, enum link_state state)
{
    static const char *const names[] = {"WAITING", "RESOLVING", "CONNECTING", "GREETING", "UP"};
    log_debug("link", "role=%s %s -> %s", link->role, names[link->state], names[state]);
    link->state = state;
}

static void link_cut_loose(struct link *link)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    if (!context)
        return;
    context->data = NULL;
    redisAsyncFree(context);
}

/* hiredis frees the context itself. */
static void link_forget(struct link *link)
{
    link->context->data = NULL;
    link->context = NULL;
}

static void link_fail(struct link *link, const char *why)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", why && *why ? why : "connection lost");
    bool was_up = link->state == LINK_UP;
    link->doomed = NULL;
    if (was_up && clock_now_ms() - link->up_ms > STABLE_MS)
        link->attempts = 0;
    uint64_t limit = BACKOFF_MIN_MS;
    for (unsigned i = 0; i < link->attempts && limit < BACKOFF_MAX_MS; i++)
        limit *= 2;
    link->attempts++;
    link_enter(link, LINK_WAITING);
    link_cut_loose(link);
    timer_start(link->timer, random_below(limit < BACKOFF_MAX_MS ? limit : BACKOFF_MAX_MS) + 1);
    link_tell(link, copy);
    if (was_up)
        link->events.down(link->arg, copy);
}

/* A connection that ends before any reply: one end may speak TLS, and the other not. */
static const char *link_mismatch(const struct link *link, const redisAsyncContext *context)
{
    if (link->state != LINK_GREETING || link->has_reply || link->has_been_up)
        return "";
    if (link->config->tls)
        return "TLS handshake failed: "; /* or times out: a Redis without TLS waits for the end of a command */
    return context->err != REDIS_ERR_TIMEOUT ? "closed before any reply: " : "";
}

/* What went wrong with this connection: why the certificate was refused, if it was; else hiredis's error. */
static const char *link_error(struct link *link, const redisAsyncContext *context)
{
    const char *error = context->errstr[0] ? context->errstr : "connection closed";
    if (link->tls_error[0])
        return link->tls_error;
    snprintf(link->error, sizeof link->error, "%s%s", link_mismatch(link, context), error);
    return link->error;
}

/* --- greeting ----------------------------------------------------------------------------------------------------- */

/* What must not fail. */
static const char *link_judge_needed(struct link *link, const redisReply *reply)
{
    (void)link;
    return reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

/* What only describes the connection. A user may be forbidden to do it, or the command may be renamed. */
static const char *link_judge_wanted(struct link *link, const redisReply *reply)
{
    (void)link;
    bool is_fine = reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "NOPERM", 6) == 0 ||
                   strncmp(reply->str, "ERR unknown", 11) == 0;
    return is_fine ? NULL : reply->str;
}

/* HELLO tells the server's mode, in a list of names and values: a cluster's node and a Sentinel answer much as a Redis does,
 * and fail later in odd ways. */
static const char *link_judge_hello(struct link *link, const redisReply *reply)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING || strcmp(name->str, "mode") != 0)
            continue;
        if (strcmp(value->str, "cluster") == 0)
            return "CLUSTER this is a node of a Redis Cluster";
        if (strcmp(value->str, "sentinel") == 0)
            return "SENTINEL this is a Sentinel, and no Redis";
    }
    return link_judge_wanted(link, reply);
}

static void link_on_greeted(redisAsyncContext *context, void *raw, void *judge)
{
    struct link *link = context->data;
    const redisReply *reply = raw;
    if (!link || link->state != LINK_GREETING)
        return;
    link->has_reply = link->has_reply || reply;
    const char *error = reply ? ((link_judge)judge)(link, reply) : link_error(link, context);
    if (error) {
        link_fail(link, error);
        return;
    }
    if (--link->greetings > 0)
        return;
    link->up_ms = clock_now_ms();
    link->has_been_up = true;
    link_enter(link, LINK_UP);
    log_info("redis_up", "link=%s", link->role);
    link->events.up(link->arg);
}

static bool link_greet_with(struct link *link, link_judge judge, int argc, const char **argv, const size_t *lens)
{
    link->greetings++;
    return redisAsyncCommandArgv(link->context, link_on_greeted, (void *)judge, argc, argv, lens) == REDIS_OK;
}

static bool link_greet_words(struct link *link, link_judge judge, const char *a, const char *b, const char *c)
{
    const char *argv[] = {a, b, c};
    size_t lens[] = {strlen(a), b ? strlen(b) : 0, c ? strlen(c) : 0};
    return link_greet_with(link, judge, c ? 3 : b ? 2 : 1, argv, lens);
}

static bool link_greet_library(struct link *link, bool is_public)
{
    struct buffer text = {0};
    library_text(link->config, is_public, &text);
    const char *argv[] = {"FUNCTION", "LOAD", "REPLACE", text.data};
    size_t lens[] = {8, 4, 7, text.len};
    bool ok = !text.failed && link_greet_with(link, link_judge_needed, 4, argv, lens);
    buffer_fini(&text);
    return ok;
}

/* It was asked of the library for a space of our own. A process that has to share needs the other one. */
static const char *link_judge_space(struct link *link, const redisReply *reply)
{
    const char *error = space_hear(link->config, reply);
    if (!error && link->loads_library && names_is_shared(link->config) && !link_greet_library(link, false))
        error = "no memory";
    return error;
}

static bool link_greet_libraries(struct link *link)
{
    char function[LIBRARY_NAME_MAX], key[NAMES_MAX];
    bool asks = space_is_unknown(link->config);
    if ((asks || link->loads_library) && !link_greet_library(link, false))
        return false;
    const char *argv[] = {"FCALL", library_function(link->config, "apart", function), "1",
                          names_position(link->config, key).data};
    size_t lens[] = {5, strlen(argv[1]), 1, strlen(argv[3])};
    if (asks && !link_greet_with(link, link_judge_space, 4, argv, lens))
        return false;
    return !link->loads_library || link_greet_library(link, true);
}

static void link_greet(struct link *link)
{
    const struct redis_config *config = link->config;
    char db[16], name[64];
    snprintf(db, sizeof db, "%u", config->db);
    snprintf(name, sizeof name, "redis-bridge-%s", link->role);
    bool ok = true;

    link->greetings = 0;
    link->has_reply = false;
    link_enter(link, LINK_GREETING);
    if (config->password[0])
        ok = ok && (config->user[0] ? link_greet_words(link, link_judge_needed, "AUTH", config->user, config->password)
                                    : link_greet_words(link, link_judge_needed, "AUTH", config->password, NULL));
    ok = ok && link_greet_words(link, link_judge_hello, "HELLO", NULL, NULL);
    if (config->db)
        ok = ok && link_greet_words(link, link_judge_needed, "SELECT", db, NULL);
    ok = ok && link_greet_words(link, link_judge_wanted, "CLIENT", "SETNAME", name);
    ok = ok && link_greet_libraries(link);
    if (!ok)
        link_fail(link, "no memory");
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void link_on_connect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;
    if (!link)
        return;
    if (status == REDIS_OK) {
        if (!link->config->path[0])
            redisEnableKeepAlive(&link->context->c);
        link_greet(link);
        return;
    }
    link_tell(link, link_error(link, context));
    link_forget(link);
    link_connect_next(link);
}

static void link_on_disconnect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;
    if (!link)
        return;
    const char *why = link_error(link, context);
    (void)status;
    link_forget(link);
    link_fail(link, why);
}

static bool link_start_tls(struct link *link)
{
    ERR_clear_error();
    link->tls_error[0] = '\0';
    SSL *ssl = SSL_new(link->tls);
    if (!ssl)
        return false;
    const char *host = link->config->host;
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, host) != 1) {
        SSL_set_tlsext_host_name(ssl, host);
        X509_VERIFY_PARAM_set1_host(verify, host, 0);
    }
    if (redisInitiateSSL(&link->context->c, ssl) == REDIS_OK)
        return true;
    SSL_free(ssl); /* hiredis takes ownership only if it succeeds */
    return false;
}

static void link_connect(struct link *link, const char *address)
{
    uint64_t ms = link->config->deadline_ms;
    struct timeval deadline = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
    redisOptions options = {.connect_timeout = &deadline, .command_timeout = &deadline};
    if (address)
        REDIS_OPTIONS_SET_TCP(&options, address, (int)link->config->port);
    else
        REDIS_OPTIONS_SET_UNIX(&options, link->config->path);

    link_enter(link, LINK_CONNECTING);
    redisAsyncContext *context = redisAsyncConnectWithOptions(&options);
    link->context = context;
    if (!context) {
        link_fail(link, "no memory");
        return;
    }
    if (context->err) {
        link_tell(link, context->errstr);
        link_cut_loose(link);
        link_connect_next(link);
        return;
    }
    context->data = link;
    if (redisLibeventAttach(context, loop_base(link->loop)) != REDIS_OK) {
        link_fail(link, "no memory");
        return;
    }
    if (link->config->tls && !link_start_tls(link)) {
        link_fail(link, link_error(link, context));
        return;
    }
    redisAsyncSetConnectCallback(context, link_on_connect);
    redisAsyncSetDisconnectCallback(context, link_on_disconnect);
}

static void link_connect_next(struct link *link)
{
    if (link->next < link->found.count)
        link_connect(link, link->found.addresses[link->next++]);
    else
        link_fail(link, link->why);
}

static void link_resolved(void *arg, const struct resolver_result *result)
{
    struct link *link = arg;
    link->found = *result;
    link->next = 0;
    if (result->count) {
        link_connect_next(link);
        return;
    }
    char why[REDIS_URL_PART_MAX + 64];
    snprintf(why, sizeof why, "the host %s could not be resolved: %s", link->config->host, result->error);
    link_fail(link, why);
}

static void link_begin(void *arg)
{
    struct link *link = arg;
    if (link->doomed) {
        link_fail(link, link->doomed);
        return;
    }
    if (link->config->path[0]) {
        link->found.count = link->next = 0;
        link_connect(link, NULL);
        return;
    }
    link_enter(link, LINK_RESOLVING);
    resolver_lookup(link->resolver, link->config->host, link_resolved, link);
}

/* --- the owner's calls -------------------------------------------------------------------------------------------- */

redisAsyncContext *link_context(struct link *link)
{
    return link->state == LINK_UP && !link->doomed ? link->context : NULL;
}

void link_read(struct link *link)
{
    redisAsyncContext *context = link_context(link);
    int waiting = 0;
    if (context && ioctl(context->c.fd, FIONREAD, &waiting) == 0 && waiting > 0)
        redisAsyncHandleRead(context);
}

const char *link_trouble(const struct link *link)
{
    return link->state == LINK_UP ? "" : link->why;
}

void link_restart(struct link *link, const char *why)
{
    if (link->state != LINK_UP || link->doomed)
        return;
    link->doomed = why;
    timer_start(link->timer, 0);
}

static int link_on_certificate(int is_good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct link *link = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!is_good)
        snprintf(link->tls_error, sizeof link->tls_error, "TLS: the server's certificate was refused: %s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    return is_good;
}

static SSL_CTX *link_tls_new(struct link *link)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return NULL;
    SSL_CTX_set_app_data(tls, link);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, link_on_certificate);
    SSL_CTX_set_default_verify_paths(tls); /* honours SSL_CERT_FILE and SSL_CERT_DIR */
    return tls;
}

struct link *link_new(struct loop *loop, const struct redis_config *config, const char *role, bool loads_library,
                      const struct link_events *events, void *arg)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    *link = (struct link){
        .loop = loop, .config = config, .role = role, .loads_library = loads_library, .events = *events, .arg = arg};
    link->timer = timer_new(loop, link_begin, link);
    link->resolver = resolver_new(loop);
    if (config->tls)
        link->tls = link_tls_new(link);
    if (!link->timer || !link->resolver || (config->tls && !link->tls)) {
        link_free(link);
        return NULL;
    }
    timer_start(link->timer, 0);
    return link;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    link_cut_loose(link);
    resolver_free(link->resolver);
    timer_free(link->timer);
    SSL_CTX_free(link->tls);
    free(link);
}
