/*
 * files.c - CMake turns each file into bytes and a length (bridge_embed); here they get their paths.
 */
#include "files.h"

#include "serve/serve.h"

extern const char index_html[];
extern const size_t index_html_len;

const struct transport_file *files_all(unsigned *count)
{
    static struct transport_file files[1];
    files[0] = (struct transport_file){"/", "text/html; charset=utf-8", index_html, index_html_len};
    *count = sizeof files / sizeof files[0];
    return files;
}
