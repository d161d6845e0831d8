/*
 * handshake.c - before it is a WebSocket: only what is no request for us at all is refused here, with a status, because
 * no script can read it. The rest is said after accepting (ws.c).
 */
#include "handshake.h"

#include "request.h"
#include "response.h"
#include "server.h"

#include <string.h>

#define PATH "/ws"

/* Is one of the offered subprotocols ours? None offered is fine too. */
static bool handshake_offers_ours(struct lws *wsi)
{
    char offered[128], *rest = offered, *one;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) == 0)
        return true;
    if (lws_hdr_copy(wsi, offered, sizeof offered - 1, WSI_TOKEN_PROTOCOL) < 0)
        return false; /* longer than what lws itself can read (4.3.5: 127 bytes) */
    while ((one = strsep(&rest, ", \t")))
        if (strcmp(one, SUBPROTOCOL_JSON) == 0 || strcmp(one, SUBPROTOCOL_RAW) == 0)
            return true;
    return false;
}

static int handshake_refuse(struct transport *transport, struct lws *wsi, unsigned status, const char *code,
                            const char *message)
{
    struct response response = {.status = status, .is_last = true};
    return response_send_error(transport, wsi, response, code, message);
}

int handshake_check(struct transport *transport, struct lws *wsi, char *upgrade)
{
    char *path = NULL;
    int len = 0, method = lws_http_get_uri_and_method(wsi, &path, &len);
    if (strcasecmp(upgrade, "websocket") != 0) {
        /* h2c. A server may ignore such a request (RFC 9110, 7.8), but lws asks only whether to close the connection. It
         * looks at this word again after us, and knows no other but its two. */
        upgrade[0] = '-';
        return 0;
    }
    if (!request_is_whole(wsi))
        return handshake_refuse(transport, wsi, 400, "bad_request", "line ends don't belong into a URL");
    if (method != LWSHUMETH_GET)
        return handshake_refuse(transport, wsi, 405, "method_not_allowed", "a WebSocket begins with GET");
    if (len != (int)strlen(PATH) || memcmp(path, PATH, (size_t)len) != 0)
        return handshake_refuse(transport, wsi, 404, "not_found", "WebSockets are at " PATH);
    if (!handshake_offers_ours(wsi))
        return handshake_refuse(transport, wsi, 400, "bad_subprotocol",
                                "subprotocols are " SUBPROTOCOL_JSON " and " SUBPROTOCOL_RAW ", or none");
    return 0;
}

int handshake_refuse_plain(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct response response = {.status = 426, .origin = request->origin, .is_head = request->method == METHOD_HEAD};
    return response_send_error(transport, wsi, response, "upgrade_required", "this is for WebSockets");
}
