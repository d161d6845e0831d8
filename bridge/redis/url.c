/*
 * url.c - parses REDIS_URL.
 *
 *   redis://[user[:password]@]host[:port][/db]     rediss:// the same over TLS
 *   unix://[user[:password]@]/path/to/socket[?db=n]
 *
 * valkey:// and valkeys:// are the same as redis:// and rediss://. Schemes may be in upper case (RFC 3986, 3.1). White
 * space around it is dropped: a secret that comes from a file often ends in a line break.
 */
#include "redis/config.h"

#include "base/bytes.h"

#include <string.h>

#define PORT_USUAL 6379
#define NUMBER_MOST 65535
#define NUMBER_DIGITS_MAX 5

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

/* Copy with %XX decoded. false: a bad escape, a NUL, or too long. */
static bool url_decode(struct bytes text, char out[static REDIS_URL_PART_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (i + 2 >= text.len || url_hex_digit(text.data[i + 1]) < 0 || url_hex_digit(text.data[i + 2]) < 0)
                return false;
            c = (char)(url_hex_digit(text.data[i + 1]) * 16 + url_hex_digit(text.data[i + 2]));
            i += 2;
        }
        if (c == '\0' || n + 1 >= REDIS_URL_PART_MAX)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool url_number(struct bytes text, unsigned *out)
{
    uint64_t number;
    if (text.len > NUMBER_DIGITS_MAX || !bytes_number(text, NUMBER_MOST, &number))
        return false;
    *out = (unsigned)number;
    return true;
}

/* Take [user[:password]@] off the front. It ends at the last @, so a password may contain an unencoded @. */
static const char *url_take_credentials(struct redis_config *config, struct bytes *text)
{
    struct bytes credentials, user, password, rest;
    if (!bytes_split_last(*text, '@', &credentials, &rest))
        return NULL;
    *text = rest;
    bytes_split(credentials, ':', &user, &password);
    if (!url_decode(user, config->user) || !url_decode(password, config->password))
        return "the user or password is too long or not percent-encoded correctly";
    return NULL;
}

/* host[:port] */
static const char *url_read_host(struct redis_config *config, struct bytes text)
{
    struct bytes host, port;
    bool has_port;
    if (bytes_take(&text, "[")) { /* an IPv6 address */
        if (!bytes_split(text, ']', &host, &port) || !url_decode(host, config->host))
            return "the IPv6 address has no closing bracket";
        has_port = bytes_take(&port, ":");
        if (!has_port && port.len > 0)
            return "only a port may follow the IPv6 address";
    } else {
        has_port = bytes_split(text, ':', &host, &port);
        if (!url_decode(host, config->host))
            return "the host is too long or not percent-encoded correctly";
    }
    if (!config->host[0])
        strcpy(config->host, "localhost");
    config->port = PORT_USUAL;
    if (has_port && (!url_number(port, &config->port) || config->port == 0))
        return "the port is not a number from 1 to 65535";
    return NULL;
}

/* An @ behind the authority belongs to a password that was not encoded. */
static bool url_has_at(struct bytes text)
{
    struct bytes before, after;
    return bytes_split(text, '@', &before, &after);
}

/* [user[:password]@]host[:port][/db] */
static const char *url_read_server(struct redis_config *config, struct bytes text)
{
    struct bytes authority, db;
    bytes_split(text, '/', &authority, &db);
    if (url_has_at(db))
        return "the user or password contains a slash: write it as %2F";
    const char *error = url_take_credentials(config, &authority);
    if (!error)
        error = url_read_host(config, authority);
    if (!error && db.len > 0 && !url_number(db, &config->db))
        error = "the database is not a number";
    return error;
}

/* [user[:password]@]/path/to/socket */
static const char *url_read_socket(struct redis_config *config, struct bytes text)
{
    const char *error = url_take_credentials(config, &text);
    if (!error && (text.len == 0 || !url_decode(text, config->path)))
        error = "unix:// needs the path of a socket";
    return error;
}

static const char *url_read_query(struct redis_config *config, struct bytes text)
{
    if (!bytes_take(&text, "db="))
        return "the only supported parameter is db";
    return url_number(text, &config->db) ? NULL : "the database is not a number";
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static const struct url_scheme {
    const char *begins;
    bool is_tls, is_socket;
} url_schemes[] = {
    {"redis://", false, false},  {"rediss://", true, false}, {"valkey://", false, false},
    {"valkeys://", true, false}, {"unix://", false, true},
};

/* Take the scheme off the front. NULL: it is none of ours. */
static const struct url_scheme *url_take_scheme(struct bytes *text)
{
    for (size_t i = 0; i < sizeof url_schemes / sizeof *url_schemes; i++) {
        size_t len = strlen(url_schemes[i].begins);
        if (text->len < len || strncasecmp(text->data, url_schemes[i].begins, len) != 0)
            continue;
        *text = bytes_skip(*text, len);
        return &url_schemes[i];
    }
    return NULL;
}

static struct bytes url_trim(struct bytes text)
{
    static const char space[] = " \t\r\n";
    while (text.len > 0 && strchr(space, text.data[0]))
        text = bytes_skip(text, 1);
    while (text.len > 0 && strchr(space, text.data[text.len - 1]))
        text.len--;
    return text;
}

const char *redis_config_parse_url(struct redis_config *config, const char *url)
{
    struct bytes rest = url_trim(bytes_of(url)), query;
    const struct url_scheme *scheme = url_take_scheme(&rest);
    if (!scheme)
        return "the scheme is not redis://, rediss:// or unix://";
    config->host[0] = config->path[0] = config->user[0] = config->password[0] = '\0';
    config->port = config->db = 0;
    config->tls = scheme->is_tls;

    bool has_query = bytes_split(rest, '?', &rest, &query);
    if (has_query && url_has_at(query))
        return "the user or password contains a question mark: write it as %3F";
    const char *error = scheme->is_socket ? url_read_socket(config, rest) : url_read_server(config, rest);
    if (!error && has_query)
        error = url_read_query(config, query);
    return error;
}
