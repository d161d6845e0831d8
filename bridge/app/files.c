/*
 * files.c - CMake turns each file into bytes and a length (bridge_embed).
 */
#include "files.h"

#include "http/response.h"

extern const char index_html[];
extern const size_t index_html_len;

void files_answer_index(void *arg, struct request *request)
{
    struct response response = {
        .status = 200, .type = "text/html; charset=utf-8", .body = {index_html, index_html_len}};
    (void)arg;
    response_send(request, &response);
}
