/*
 * server.c - libwebsockets, set up and taken down, and its one callback: a line per reason.
 *
 * What the settings guard against (4.3.5, read or tried):
 *   max_http_header_data2   4 KB by default; a longer request is cut off without a word. Proxies pass 32 KB.
 *   tx_packet_size          without it a write larger than rx_buffer_size is sent in pieces by way of the heap.
 *   retry_and_idle_policy   lws's own pings keep a sorted list of all connections, and walk it for each pong; ours are
 *                           in the wheel. Zeroes switch it off.
 *   keepalive_timeout       5 s by default, shorter than a proxy's memory of a good connection: requests would meet a
 *                           closing socket.
 *   RLIMIT_NOFILE           above ten million (containers without a limit) lws falls back to 2560 without saying so,
 *                           and it clears a table of that many entries.
 */
#include "server.h"

#include "acceptor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "broker/broker.h"
#include "connection.h"
#include "drain.h"
#include "eventlib.h"
#include "handshake.h"
#include "route.h"
#include "stream.h"
#include "ws.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEADERS_MAX (32 * 1024)
#define SERVICE_BUFFER (16 * 1024) /* one per process: what is read at once */
#define MESSAGE_PIECE 512          /* one per WebSocket: what is handed over at once */
#define SEND_MAX (16u << 20)
#define REQUEST_TIMEOUT_S 20
#define KEEPALIVE_S 75
#define DESCRIPTORS_SPARE 512 /* beside the streams: requests, Redis, files */
#define DESCRIPTORS_KEPT 64   /* of these, what is not for browsers */
#define VHOST "browsers"
#define LOG_LINES_PER_SECOND 3

struct transport *transport_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

bool transport_is_plain(const struct transport *transport)
{
    return transport->config.tls_cert[0] == '\0';
}

/* --- the callback ------------------------------------------------------------------------------------------------- */

static int server_on_writable(struct connection *c)
{
    return c ? c->ops->on_writable(c) : 0;
}

static int server_on_input(struct connection *c, void *bytes, size_t len)
{
    return c && c->ops->on_input ? c->ops->on_input(c, bytes, len) : 0;
}

static int server_on_input_end(struct connection *c)
{
    return c && c->ops->on_input_end ? c->ops->on_input_end(c) : 0;
}

static int server_on_pong(struct connection *c)
{
    if (c && c->ops->on_pong)
        c->ops->on_pong(c);
    return 0;
}

static int server_on_leaving(struct connection *c)
{
    if (c && c->ops->on_leaving)
        c->ops->on_leaving(c);
    return 0;
}

/* lws says it in up to two ways, depending on how far the connection had come. */
static int server_on_closed(struct connection *c)
{
    if (c)
        c->ops->on_closed(c);
    return 0;
}

static int server_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return route_request(transport_of(wsi), wsi);
    case LWS_CALLBACK_HTTP_BODY:
        return server_on_input(connection_of(wsi), in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return server_on_input_end(connection_of(wsi));
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return handshake_check(transport_of(wsi), wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return ws_open(transport_of(wsi), wsi);
    case LWS_CALLBACK_RECEIVE:
        return server_on_input(connection_of(wsi), in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        return server_on_pong(connection_of(wsi));
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return server_on_writable(connection_of(wsi));
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return server_on_leaving(connection_of(wsi));
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        return server_on_closed(connection_of(wsi));
    case LWS_CALLBACK_RAW_ADOPT: /* CONNECT, which we are no proxy for */
    case LWS_CALLBACK_RAW_RX:
        return -1;
    default:
        return 0;
    }
}

static const struct lws_protocols server_protocols[] = {
    /* The first one also gets plain HTTP, and WebSockets that ask for no subprotocol. */
    {.name = SUBPROTOCOL_JSON, .callback = server_on_lws, .rx_buffer_size = MESSAGE_PIECE, .tx_packet_size = SEND_MAX},
    {.name = SUBPROTOCOL_RAW, .callback = server_on_lws, .rx_buffer_size = MESSAGE_PIECE, .tx_packet_size = SEND_MAX},
    LWS_PROTOCOL_LIST_TERM,
};

/* --- settings ----------------------------------------------------------------------------------------------------- */

/* "[time] E: text" */
static const char *server_skip_prefix(const char *line)
{
    const char *bracket = line[0] == '[' ? strchr(line, ']') : NULL;
    return bracket && strlen(bracket) > 5 && bracket[3] == ':' ? bracket + 5 : line;
}

/* lws's errors are mostly about what a browser sent; nobody shall be able to fill our log with them. */
static void server_on_lws_log(int level, const char *line)
{
    static uint64_t second;
    static unsigned lines;
    uint64_t now = clock_now_ms() / 1000;
    const char *text = server_skip_prefix(line);
    if (now != second) {
        second = now;
        lines = 0;
    }
    if (++lines <= LOG_LINES_PER_SECOND)
        log_line(level == LLL_ERR ? LOG_WARN : LOG_INFO, "lws", "text=\"%s\"", LOG_TEXT(text, strcspn(text, "\n")));
}

/*
 * As many descriptors as the streams need, fewer streams where the system does not give them. lws takes the limit that
 * it is born under for the size of its tables. The last few descriptors are not for newcomers: Redis needs some, too.
 */
static void server_provide_descriptors(struct transport *transport)
{
    rlim_t count = (rlim_t)transport->config.max_connections + DESCRIPTORS_SPARE;
    struct rlimit limit;
    transport->descriptors = UINT_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max < count) {
        count = limit.rlim_max;
        unsigned room = (unsigned)(count > 2 * DESCRIPTORS_SPARE ? count - DESCRIPTORS_SPARE : count / 2);
        log_warn("descriptors", "limit=%llu max_connections=%u", (unsigned long long)count, room);
        transport->config.max_connections = room;
    }
    limit.rlim_cur = count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warn("descriptors", "wanted=%llu error=\"%s\"", (unsigned long long)count, strerror(errno));
    else
        transport->descriptors = (unsigned)(count > 2 * DESCRIPTORS_KEPT ? count - DESCRIPTORS_KEPT : count);
}

static void server_choose_tls(struct lws_context_creation_info *info, const struct transport_config *config)
{
    if (config->tls_cert[0] == '\0')
        return;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->ssl_cert_filepath = config->tls_cert;
    info->ssl_private_key_filepath = config->tls_key;
    info->alpn = "http/1.1"; /* our blocks and frames are written as they are: HTTP/2 would need frames around them */
}

static struct lws_context *server_context_new(struct transport *transport)
{
    static const lws_retry_bo_t no_pings = {0};
    void *loops[] = {transport->eventlib};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = VHOST,
        .protocols = server_protocols,
        .user = transport,
        .event_lib_custom = &eventlib_plugin,
        .foreign_loops = loops,
        .options = LWS_SERVER_OPTION_VALIDATE_UTF8,
        .max_http_header_data2 = HEADERS_MAX,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .timeout_secs = REQUEST_TIMEOUT_S,
        .keepalive_timeout = KEEPALIVE_S,
        .retry_and_idle_policy = &no_pings,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    server_choose_tls(&info, &transport->config);
    lws_set_log_level(LLL_ERR | LLL_WARN, server_on_lws_log);
    return lws_create_context(&info);
}

/* --- newcomers ---------------------------------------------------------------------------------------------------- */

/* lws has the socket now, or has closed it. It looks at the address by itself. */
static void server_on_accept(void *arg, int fd, const struct sockaddr *peer)
{
    struct transport *transport = arg;
    (void)peer;
    lws_adopt_socket_vhost(lws_get_vhost_by_name(transport->context, VHOST), fd);
    if (eventlib_count(transport->eventlib) >= transport->descriptors)
        acceptor_pause(transport->acceptor);
}

void transport_prepare(int fd)
{
    acceptor_prepare(fd);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void server_on_turn_end(void *arg)
{
    struct transport *transport = arg;
    eventlib_settle(transport->eventlib);
    if (acceptor_is_paused(transport->acceptor) && eventlib_count(transport->eventlib) < transport->descriptors)
        acceptor_resume(transport->acceptor);
    drain_check(transport);
}

struct transport *transport_new(struct loop *loop, struct broker *broker, const struct transport_config *config)
{
    struct transport *transport = calloc(1, sizeof *transport);
    if (!transport) {
        close(config->listening);
        return NULL;
    }
    transport->loop = loop;
    transport->broker = broker;
    transport->config = *config;
    transport->eventlib = eventlib_new(loop, connection_on_wait);
    transport->tick = timer_new(loop, stream_tick, transport);
    transport->acceptor = acceptor_new(loop, config->listening, server_on_accept, transport);
    if (!transport->eventlib || !transport->tick || !transport->acceptor)
        goto failed;
    server_provide_descriptors(transport);
    transport->context = server_context_new(transport);
    if (!transport->context) {
        log_error("cannot_serve", "tls_cert=\"%s\"", LOG_TEXT(config->tls_cert, strlen(config->tls_cert)));
        goto failed;
    }
    eventlib_settle(transport->eventlib);
    loop_on_turn_end(loop, server_on_turn_end, transport);
    return transport;
failed:
    acceptor_free(transport->acceptor);
    timer_free(transport->tick);
    eventlib_free(transport->eventlib);
    free(transport);
    return NULL;
}

void transport_status(const struct transport *transport, struct transport_status *out)
{
    *out = (struct transport_status){.connections = transport->wheel.count, .stalled = transport->stalled};
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    acceptor_free(transport->acceptor);
    eventlib_detach(transport->eventlib);
    lws_context_destroy(transport->context); /* each connection hears that it is closed */
    CHECK(transport->wheel.count == 0 && transport->exchanges == 0);
    drain_free(transport);
    timer_free(transport->tick);
    eventlib_free(transport->eventlib);
    buffer_fini(&transport->scratch);
    free(transport);
}
