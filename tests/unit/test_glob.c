/*
 * Globs decide which channels a client gets, in our code and in Redis: the two must never disagree. Thousands of random
 * globs are given to a real redis-server (KEYS) and to glob_match(), with the same names.
 */
#include "words/glob.h"

#include "cmocka_all.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMES 400
#define GLOBS 4000
#define TEXT_MAX 12

struct text {
    size_t len;
    char bytes[TEXT_MAX];
};

/* xorshift: the same globs on every run, so that a failure can be reproduced */
static uint64_t seed = 0x9E3779B97F4A7C15;

static unsigned roll(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % limit;
}

/* Few different letters, so that many texts match; all special characters of globs; bytes of both signs, and NUL. */
static struct text random_text(size_t longest, const char *letters, unsigned letter_count)
{
    struct text text = {.len = roll((unsigned)longest + 1)};
    for (size_t i = 0; i < text.len; i++)
        text.bytes[i] = letters[roll(letter_count)];
    return text;
}

static struct text random_name(void)
{
    static const char letters[] = "aaabbbccd-]^[*?\\\x80\xff\0";
    return random_text(6, letters, sizeof letters - 1);
}

static struct text random_glob(void)
{
    static const char letters[] = "aaabbcd***??[[]]^^--\\\\\x80\xff\0";
    return random_text(TEXT_MAX, letters, sizeof letters - 1);
}

static bool matches(const struct text *glob, const struct text *name)
{
    return glob_match(glob->bytes, glob->len, name->bytes, name->len);
}

/* A text with C escapes, for messages; valid for the next three calls. */
static const char *shown(const struct text *text)
{
    static char out[4][TEXT_MAX * 4 + 1];
    static unsigned turn;
    char *at = out[turn = (turn + 1) % 4], *start = at;
    *at = '\0';
    for (size_t i = 0; i < text->len; i++)
        at += text->bytes[i] > ' ' && text->bytes[i] <= '~' ? sprintf(at, "%c", text->bytes[i])
                                                            : sprintf(at, "\\x%02x", (unsigned char)text->bytes[i]);
    return start;
}

/* --- a redis-server of our own, on a unix socket ------------------------------------------------------------------ */

struct server {
    pid_t pid;
    char folder[64], path[96];
    FILE *in, *out;
};

static void server_exec(const struct server *server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->path, "--dir", server->folder,
           "--save", "", "--appendonly", "no", "--logfile", "/dev/null", (char *)NULL);
    _exit(127);
}

/* false: no redis-server is installed. */
static bool server_start(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;
    strcpy(server->folder, "/tmp/test_glob.XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof server->path, "%s/redis", server->folder);
    strcpy(address.sun_path, server->path);
    server->pid = fork();
    if (server->pid == 0)
        server_exec(server);
    for (unsigned tries = 0; tries < 2000; tries++) {
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            break;
        close(fd);
        fd = -1;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            rmdir(server->folder);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    assert_true(fd >= 0);
    server->in = fdopen(fd, "r");
    server->out = fdopen(dup(fd), "w");
    return true;
}

static void server_stop(struct server *server)
{
    fclose(server->in);
    fclose(server->out);
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
    unlink(server->path);
    rmdir(server->folder);
}

static void send_part(struct server *server, const char *bytes, size_t len)
{
    fprintf(server->out, "$%zu\r\n", len);
    fwrite(bytes, 1, len, server->out);
    fputs("\r\n", server->out);
}

static long read_header(struct server *server, char kind)
{
    char line[64];
    assert_non_null(fgets(line, sizeof line, server->in));
    assert_int_equal(line[0], kind);
    return strtol(line + 1, NULL, 10);
}

static void set_key(struct server *server, const struct text *name)
{
    char line[64];
    fputs("*3\r\n", server->out);
    send_part(server, "SET", 3);
    send_part(server, name->bytes, name->len);
    send_part(server, "1", 1);
    fflush(server->out);
    assert_non_null(fgets(line, sizeof line, server->in));
    assert_string_equal(line, "+OK\r\n");
}

/* KEYS must return exactly the names that glob_match() accepts: the same number, and each of them. */
static void compare_with_redis(struct server *server, const struct text *glob, const struct text *names, unsigned count)
{
    unsigned ours = 0;
    for (unsigned i = 0; i < count; i++)
        ours += matches(glob, &names[i]);
    fputs("*2\r\n", server->out);
    send_part(server, "KEYS", 4);
    send_part(server, glob->bytes, glob->len);
    fflush(server->out);
    long theirs = read_header(server, '*');
    for (long i = 0; i < theirs; i++) {
        struct text name = {.len = (size_t)read_header(server, '$')};
        char end[2];
        assert_int_equal(fread(name.bytes, 1, name.len, server->in), name.len);
        assert_int_equal(fread(end, 1, 2, server->in), 2);
        if (!matches(glob, &name))
            fail_msg("only Redis says that \"%s\" matches \"%s\"", shown(glob), shown(&name));
    }
    if (theirs != ours)
        fail_msg("\"%s\" matches %ld names in Redis, %u here", shown(glob), theirs, ours);
}

static unsigned distinct_names(struct text *names)
{
    unsigned count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        unsigned known = 0;
        names[count] = random_name();
        while (known < count && (names[known].len != names[count].len ||
                                 memcmp(names[known].bytes, names[count].bytes, names[count].len) != 0))
            known++;
        count += known == count;
    }
    return count;
}

static void agrees_with_redis(void **state)
{
    static const char *const odd[] = {
        "[",     "[^",      "[]",  "[^]",   "[a",      "[^a",     "[a-", "[a-]",        "[a-]]",   "[z-a]", "[a-\\]",
        "\\",    "a\\",     "[\\", "[\\]",  "[\\]]",   "[]a]",    "**",  "***a",        "*?",      "?*",    "[^^]",
        "[--a]", "[a-b-c]", "\\*", "\\[a]", "[\\a-c]", "a*a*a*b", "",    "[\x80-\xff]", "[a-\xff]"};
    struct server server;
    struct text names[NAMES], glob;
    (void)state;
    if (!server_start(&server))
        skip();
    unsigned count = distinct_names(names);
    for (unsigned i = 0; i < count; i++)
        set_key(&server, &names[i]);
    for (unsigned i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        glob.len = strlen(odd[i]);
        memcpy(glob.bytes, odd[i], glob.len);
        compare_with_redis(&server, &glob, names, count);
    }
    for (unsigned i = 0; i < GLOBS; i++) {
        glob = random_glob();
        if (glob.len != 1 || glob.bytes[0] != '*') /* KEYS * does no matching, it lists all keys */
            compare_with_redis(&server, &glob, names, count);
    }
    server_stop(&server);
}

/* --- without Redis ------------------------------------------------------------------------------------------------ */

static bool match(const char *glob, const char *name)
{
    return glob_match(glob, strlen(glob), name, strlen(name));
}

static void matches_the_usual(void **state)
{
    (void)state;
    assert_true(match("chat:*", "chat:lobby") && match("chat:*", "chat:") && !match("chat:*", "chat"));
    assert_true(match("a?c", "abc") && !match("a?c", "ac") && match("[a-c]x", "bx") && !match("[^a-c]x", "bx"));
    assert_true(match("\\*", "*") && !match("\\*", "a") && !match("A", "a"));
    assert_true(match("", "") && !match("*", "") && match("*", "x"));
}

static void many_stars_take_no_time(void **state)
{
    char glob[257], name[257];
    (void)state;
    for (unsigned i = 0; i < 128; i++)
        memcpy(glob + 2 * i, "*a", 2);
    memset(name, 'a', 255);
    name[255] = 'b';
    for (unsigned i = 0; i < 1000; i++)
        assert_false(glob_match(glob, 256, name, 256));
}

static bool contains(const char *outer, const char *inner)
{
    return glob_contains(outer, strlen(outer), inner, strlen(inner));
}

static void contains_the_usual(void **state)
{
    static const char *const yes[][2] = {
        {"*", "*"},
        {"*", "a"},
        {"*", "chat:*"},
        {"chat:*", "chat:*"},
        {"chat:*", "chat:lobby"},
        {"chat:*", "chat:a*b"},
        {"chat:*", "chat:[ab]"},
        {"[a-c]*", "[ab]*"},
        {"[^x]*", "[ab]?"},
        {"?*", "*?"},
        {"*?", "?*"},
        {"*?", "a*"},
        {"?*", "a*"},
        {"a*", "a**"},
        {"a*b*", "a*bc*"},
        {"*a*", "*ba*"},
        {"?", "[ab]"},
        {"a?*?", "a*??"},
        {"a", "\\a"},
        {"*", "[]"},
        {"?*", "*a"},
        {"*?*", "**a"},
    };
    static const char *const no[][2] = {
        {"a", "*"},        {"a", "?"},   {"chat:*", "*"},  {"chat:*", "cha*"}, {"chat:?", "chat:*"},
        {"[ab]", "[abc]"}, {"a*", "b*"}, {"a*b", "a*"},    {"*a", "*"},        {"public:*", "p*"},
        {"??", "?"},       {"?", "??"},  {"[a-c]*", "?*"}, {"a?*?", "a*?"},    {"", "a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (!contains(yes[i][0], yes[i][1]))
            fail_msg("%s is within %s", yes[i][1], yes[i][0]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (contains(no[i][0], no[i][1]))
            fail_msg("%s is not within %s", no[i][1], no[i][0]);
}

/* A wrong yes would give clients a channel that they may not subscribe to, so this test tries many globs. */
static void never_contains_too_much(void **state)
{
    struct text names[NAMES];
    unsigned count = distinct_names(names), contained = 0;
    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        struct text outer = random_glob(), inner = random_glob();
        if (i % 2 == 0) /* two random globs are rarely related: derive one from the other */
            inner.len = outer.len = outer.len % 6, memcpy(inner.bytes, outer.bytes, outer.len),
            inner.bytes[0] = random_glob().bytes[0];
        if (!glob_contains(outer.bytes, outer.len, inner.bytes, inner.len))
            continue;
        contained++;
        for (unsigned j = 0; j < count; j++)
            if (names[j].len > 0 && matches(&inner, &names[j]) && !matches(&outer, &names[j]))
                fail_msg("\"%s\" is not within \"%s\": \"%s\"", shown(&inner), shown(&outer), shown(&names[j]));
    }
    assert_true(contained > 1000);
}

static void lists_split_at_commas(void **state)
{
    struct glob_list list;
    (void)state;
    assert_true(glob_list_parse(&list, " chat:* ,, public:news,a\\,b ,"));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.globs[0], "chat:*");
    assert_string_equal(list.globs[1], "public:news");
    assert_string_equal(list.globs[2], "a\\,b");
    assert_int_equal(glob_list_match(&list, "public:news", 11), 1);
    assert_int_equal(glob_list_match(&list, "a,b", 3), 2);
    assert_int_equal(glob_list_match(&list, "public:new", 10), -1);
    assert_true(glob_list_contains(&list, "chat:lobby", 10) && glob_list_contains(&list, "chat:l*", 7));
    assert_false(glob_list_contains(&list, "*", 1));
    glob_list_fini(&list);
    assert_true(glob_list_parse(&list, ""));
    assert_int_equal(list.count, 0);
    assert_int_equal(glob_list_match(&list, "x", 1), -1);
    glob_list_fini(&list);
}

/* Two hexadecimal digits for each byte, or "-" for none. */
static size_t name_of_hex(char out[static 256], const char *hex)
{
    size_t len = 0;
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        out[len++] = (char)byte;
    return len;
}

/* The table that the Lua library is held to, too: what one accepts and the other refuses is recorded and never
 * delivered. */
static void names_are_those_of_the_table(void **state)
{
    char line[512], verdict[8], hex[256], name[256];
    unsigned count = 0;
    FILE *file = fopen(NAMES_FILE, "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#' || sscanf(line, "%7s %255s", verdict, hex) != 2)
            continue;
        const char *error = channel_name_error(name, name_of_hex(name, hex));
        if ((strcmp(verdict, "good") == 0) != !error)
            fail_msg("%s", line);
        count++;
    }
    fclose(file);
    assert_true(count > 20);
}

static void names_are_text_of_some_length(void **state)
{
    char name[258];
    (void)state;
    memset(name, 'x', sizeof name);
    assert_null(channel_name_error(name, 256));
    assert_non_null(channel_name_error(name, 257));
    assert_true(glob_is_pattern("a*", 2) && glob_is_pattern("?", 1));
    assert_true(glob_is_pattern("[", 1) && glob_is_pattern("\\a", 2));
    assert_false(glob_is_pattern("chat:lobby]", 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_redis),
        cmocka_unit_test(matches_the_usual),
        cmocka_unit_test(many_stars_take_no_time),
        cmocka_unit_test(contains_the_usual),
        cmocka_unit_test(never_contains_too_much),
        cmocka_unit_test(lists_split_at_commas),
        cmocka_unit_test(names_are_those_of_the_table),
        cmocka_unit_test(names_are_text_of_some_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
