/*
 * handshake.c - before the WebSocket is open. No script can read the status of a refused handshake, so only what is no
 *               valid request for /ws at all is refused here; every other refusal is sent after accepting (ws.c).
 */
#include "handshake.h"

#include "answer.h"
#include "http/request.h"
#include "parts.h"
#include "ws.h"

#define PATH "/ws"

static struct bytes handshake_next_word(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && !strchr(", \t", rest->data[len]))
        len++;
    struct bytes word = {rest->data, len};
    *rest = bytes_skip(*rest, len + 1);
    return word;
}

/* Is one of the offered subprotocols ours? Offering none is fine too. */
static bool handshake_offers_ours(struct bytes offered)
{
    bool is_ours = offered.len == 0;
    while (offered.len > 0) {
        struct bytes one = handshake_next_word(&offered);
        is_ours |= bytes_is(one, WS_SUBPROTOCOL_JSON) || bytes_is(one, WS_SUBPROTOCOL_RAW);
    }
    return is_ours;
}

static void handshake_refuse(struct request *request, enum problem_id problem, const char *text)
{
    answer_refusal(request, (struct response){.is_last = true}, refusal_because(problem, text));
}

void handshake_check(struct request *request)
{
    if (request->is_broken)
        handshake_refuse(request, PROBLEM_BAD_REQUEST, "a URL may not contain line breaks");
    else if (request->method != METHOD_GET)
        handshake_refuse(request, PROBLEM_METHOD_NOT_ALLOWED, "a WebSocket handshake is a GET request");
    else if (!bytes_is(request->path, PATH))
        handshake_refuse(request, PROBLEM_NOT_FOUND, "WebSocket connections are accepted at " PATH);
    else if (!handshake_offers_ours(request->subprotocols))
        handshake_refuse(request, PROBLEM_BAD_SUBPROTOCOL,
                         "the subprotocol must be " WS_SUBPROTOCOL_JSON " or " WS_SUBPROTOCOL_RAW ", or none");
}

void handshake_refuse_plain(void *arg, struct request *request)
{
    const struct server *server = arg;
    struct response response = {.cors = answer_cors(server->sessions.access, request->origin)};
    answer_refusal(request, response, refusal_of(PROBLEM_UPGRADE_REQUIRED));
}
