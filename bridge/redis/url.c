/*
 * url.c - REDIS_URL.
 *
 *   redis://[user[:password]@]host[:port][/db]     rediss:// the same over TLS
 *   unix://[user[:password]@]/path/to/socket[?db=n]
 */
#include "redis/config.h"

#include <stdlib.h>
#include <string.h>

static int url_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Copy with %XX decoded. NUL is not a character of any part. */
static bool url_decode(const char *text, size_t len, char out[static REDIS_URL_PART_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= len || url_hex_digit(text[i + 1]) < 0 || url_hex_digit(text[i + 2]) < 0)
                return false;
            c = (char)(url_hex_digit(text[i + 1]) * 16 + url_hex_digit(text[i + 2]));
            i += 2;
        }
        if (c == '\0' || n + 1 >= REDIS_URL_PART_MAX)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool url_number(const char *text, size_t len, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = value;
    return value <= max;
}

static const char *url_credentials(struct redis_config *config, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t user = colon ? (size_t)(colon - text) : len;
    if (!url_decode(text, user, config->user) || (colon && !url_decode(colon + 1, len - user - 1, config->password)))
        return "user or password is not percent-encoded rightly";
    return NULL;
}

static const char *url_host(struct redis_config *config, const char *text, size_t len)
{
    const char *end = text + len, *port = NULL;
    if (len && *text == '[') { /* an IPv6 address */
        const char *close = memchr(text, ']', len);
        if (!close || !url_decode(text + 1, (size_t)(close - text - 1), config->host))
            return "the IPv6 address has no closing bracket";
        if (close + 1 < end && close[1] != ':')
            return "after the IPv6 address a port is expected";
        port = close + 1 < end ? close + 2 : NULL;
    } else {
        const char *colon = memchr(text, ':', len);
        if (!url_decode(text, colon ? (size_t)(colon - text) : len, config->host))
            return "the host is not percent-encoded rightly";
        port = colon ? colon + 1 : NULL;
    }
    if (!config->host[0])
        strcpy(config->host, "localhost");
    config->port = 6379;
    if (port && (!url_number(port, (size_t)(end - port), 65535, &config->port) || config->port == 0))
        return "the port is not a number from 1 to 65535";
    return NULL;
}

const char *redis_config_parse_url(struct redis_config *config, const char *url)
{
    static const char *const schemes[] = {"redis://", "rediss://", "unix://"};
    size_t kind = 0;
    while (kind < 3 && strncmp(url, schemes[kind], strlen(schemes[kind])) != 0)
        kind++;
    if (kind == 3)
        return "it begins with none of redis://, rediss://, unix://";
    bool is_unix = kind == 2;
    const char *rest = url + strlen(schemes[kind]);

    config->host[0] = config->path[0] = config->user[0] = config->password[0] = '\0';
    config->port = config->db = 0;
    config->tls = kind == 1;

    const char *query = strchr(rest, '?');
    const char *end = query ? query : rest + strlen(rest);
    const char *authority_end = is_unix ? end : rest + strcspn(rest, "/?");
    const char *at = memrchr(rest, '@', (size_t)(authority_end - rest));
    if (at) {
        const char *error = url_credentials(config, rest, (size_t)(at - rest));
        if (error)
            return error;
        rest = at + 1;
    }
    if (is_unix) {
        if (rest == end || !url_decode(rest, (size_t)(end - rest), config->path))
            return "unix:// needs the path of a socket";
    } else {
        const char *error = url_host(config, rest, (size_t)(authority_end - rest));
        if (error)
            return error;
        const char *db = authority_end < end ? authority_end + 1 : end;
        if (db < end && !url_number(db, (size_t)(end - db), 65535, &config->db))
            return "the database is not a number";
    }
    if (query && strncmp(query, "?db=", 4) == 0) {
        if (!url_number(query + 4, strlen(query + 4), 65535, &config->db))
            return "the database is not a number";
    } else if (query) {
        return "the only parameter that is known is db";
    }
    return NULL;
}
