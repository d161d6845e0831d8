/*
 * answer.c - turns a refusal into an HTTP answer.
 */
#include "answer.h"

#include "access/origin.h"
#include "base/buffer.h"
#include "http/exchange.h"
#include "wire/json_string.h"

struct cors answer_cors(const struct access *access, struct bytes origin)
{
    switch (origin_check(access, origin)) {
    case ORIGIN_ANY:
        return (struct cors){.origin = BYTES("*")};
    case ORIGIN_OPEN:
        return (struct cors){.origin = origin, .depends_on_page = true};
    case ORIGIN_NO_PAGE:
    case ORIGIN_REFUSED:
        break;
    }
    return (struct cors){.depends_on_page = true};
}

static void answer_fill(struct response *response, struct buffer *body, struct refusal refusal)
{
    buffer_printf(body, "{\"error\":{\"code\":\"%s\",\"message\":", refusal.problem->code);
    wire_json_string(body, bytes_of(REFUSAL_TEXT(refusal)));
    buffer_append_text(body, "}}\n");
    response->status = refusal.problem->status;
    response->type = CONTENT_JSON;
    if (!body->failed)
        response->body = (struct bytes){body->data, body->len};
    if (response->status == 503)
        response->retry_after_s = ANSWER_RETRY_AFTER_S;
}

void answer_refusal(struct request *request, struct response response, struct refusal refusal)
{
    struct buffer body = {0};
    answer_fill(&response, &body, refusal);
    response_send(request, &response);
    buffer_fini(&body);
}

void answer_refusal_later(struct exchange *exchange, struct response response, struct refusal refusal)
{
    struct buffer body = {0};
    answer_fill(&response, &body, refusal);
    exchange_answer(exchange, &response);
    buffer_fini(&body);
}
