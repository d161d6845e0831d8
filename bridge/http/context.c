/*
 * context.c - setting up libwebsockets, destroying it, and its one callback: a line per reason.
 *
 * What the settings guard against (lws 4.3.5; known from its source or from trying it):
 *   max_http_header_data2   4 KB by default; a longer request is disconnected without an answer. Proxies pass 32 KB.
 *   tx_packet_size          without it a write larger than rx_buffer_size is sent in pieces, copied through the heap.
 *   retry_and_idle_policy   for its own pings lws keeps a sorted list of all connections, and walks it for each pong.
 *                           Heartbeats are up to the owners of connections; zeroes switch lws's pings off.
 *   keepalive_timeout       5 s by default, shorter than proxies keep idle connections: their next request would meet a
 *                           closing socket.
 */
#include "context.h"

#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "eventlib.h"
#include "exchange.h"
#include "request.h"
#include "state.h"

#include <string.h>

#define HEADERS_MAX (32 * 1024)
#define SERVICE_BUFFER (16 * 1024) /* one per process: the most that is read at once */
#define MESSAGE_PIECE 512          /* one per WebSocket: the most that is passed on at once */
#define SEND_MAX (16u << 20)
#define REQUEST_TIMEOUT_S 20
#define KEEPALIVE_S 75
#define VHOST "browsers"
#define LOG_LINES_PER_SECOND 3

static struct http *context_http(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* --- the callback ------------------------------------------------------------------------------------------------- */

/* A request that was neither answered nor taken over (no memory, for example) closes the connection. */
static int context_end_request(struct request *request)
{
    bool goes_on = request->is_settled && !request->must_close;
    request_fini(request);
    return goes_on ? 0 : -1;
}

static int context_on_request(struct http *http, struct lws *wsi)
{
    struct request_arg args[REQUEST_ARGS_MAX];
    struct request request;
    if (!request_init(&request, args, http, wsi))
        return -1;
    http->handlers->request(http->arg, &request);
    return context_end_request(&request);
}

static int context_on_upgrade(struct http *http, struct lws *wsi, char *upgrade)
{
    struct request_arg args[REQUEST_ARGS_MAX];
    struct request request;
    if (strcasecmp(upgrade, "websocket") != 0) {
        /* h2c. A server may ignore an upgrade (RFC 9110, 7.8), but all we can tell lws here is whether to close the
         * connection. lws compares this word again afterwards and, if it is neither of the two that it knows, goes on
         * with plain HTTP. */
        upgrade[0] = '-';
        return 0;
    }
    if (!request_init(&request, args, http, wsi))
        return -1;
    http->handlers->upgrade(http->arg, &request);
    request_fini(&request);
    return request.is_settled ? -1 : 0; /* settled: the handler refused the upgrade */
}

static int context_on_websocket(struct http *http, struct lws *wsi)
{
    struct request_arg args[REQUEST_ARGS_MAX];
    struct request request;
    if (!request_init(&request, args, http, wsi))
        return -1;
    http->handlers->websocket(http->arg, &request);
    return context_end_request(&request);
}

static int context_on_writable(struct connection *connection)
{
    if (connection && connection->state == CONNECTION_ANSWERED)
        return exchange_send((struct exchange *)connection);
    return connection_on_writable(connection);
}

static int context_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return context_on_request(context_http(wsi), wsi);
    case LWS_CALLBACK_HTTP_BODY:
        return connection_on_body(connection_of(wsi), in, len);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return context_on_upgrade(context_http(wsi), wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return context_on_websocket(context_http(wsi), wsi);
    case LWS_CALLBACK_RECEIVE:
        return connection_on_message(connection_of(wsi), in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        return connection_on_pong(connection_of(wsi));
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return context_on_writable(connection_of(wsi));
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return connection_on_leaving(connection_of(wsi));
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        return connection_on_closed(connection_of(wsi));
    case LWS_CALLBACK_RAW_ADOPT: /* CONNECT: we are not a proxy */
    case LWS_CALLBACK_RAW_RX:
        return -1;
    default:
        return 0;
    }
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

/* "[time] E: text" */
static const char *context_skip_prefix(const char *line)
{
    const char *bracket = line[0] == '[' ? strchr(line, ']') : NULL;
    return bracket && strlen(bracket) > 5 && bracket[3] == ':' ? bracket + 5 : line;
}

/* lws's errors are mostly about what a client sent; the limit keeps clients from flooding our log. */
static void context_on_lws_log(int level, const char *line)
{
    static uint64_t second;
    static unsigned lines;
    uint64_t now = clock_now_ms() / 1000;
    const char *text = context_skip_prefix(line);
    if (now != second) {
        second = now;
        lines = 0;
    }
    if (++lines <= LOG_LINES_PER_SECOND)
        log_line(level == LLL_ERR ? LOG_WARN : LOG_INFO, "lws", "text=\"%s\"", LOG_TEXT(text, strcspn(text, "\n")));
}

/* To lws, each WebSocket subprotocol is a protocol of its own. The first one also gets plain HTTP. */
static void context_name_subprotocols(struct http *http)
{
    const char *const *names = http->config.subprotocols;
    for (unsigned i = 0; names[i]; i++) {
        CHECK(i < HTTP_SUBPROTOCOLS_MAX);
        http->protocols[i] = (struct lws_protocols){
            .name = names[i], .callback = context_on_lws, .rx_buffer_size = MESSAGE_PIECE, .tx_packet_size = SEND_MAX};
    }
}

static void context_choose_tls(struct lws_context_creation_info *info, const struct http_config *config)
{
    if (config->tls_cert[0] == '\0')
        return;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->ssl_cert_filepath = config->tls_cert;
    info->ssl_private_key_filepath = config->tls_key;
    info->alpn = "http/1.1"; /* our blocks and frames are written as they are: HTTP/2 would need frames around them */
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool context_init(struct http *http)
{
    static const lws_retry_bo_t no_pings = {0};
    void *loops[] = {http->eventlib};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = VHOST,
        .protocols = http->protocols,
        .user = http,
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
    context_name_subprotocols(http);
    context_choose_tls(&info, &http->config);
    lws_set_log_level(LLL_ERR | LLL_WARN, context_on_lws_log);
    http->context = lws_create_context(&info);
    if (!http->context) {
        log_error(
            "cannot_serve",
            "tls_cert=\"%s\" hint=\"BRIDGE_TLS_CERT and BRIDGE_TLS_KEY must be a certificate and its key, both as PEM; without them, memory is short\"",
            LOG_TEXT(http->config.tls_cert, strlen(http->config.tls_cert)));
        return false;
    }
    http->vhost = lws_get_vhost_by_name(http->context, VHOST);
    eventlib_settle(http->eventlib);
    return true;
}

void context_fini(struct http *http)
{
    eventlib_detach(http->eventlib);
    lws_context_destroy(http->context);
    http->context = NULL;
}
