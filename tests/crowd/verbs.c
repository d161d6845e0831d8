/*
 * verbs.c - a table of verbs; the words after a verb are the name of a group, and settings, `name=value`.
 */
#include "verbs.h"

#include "group.h"
#include "ledger.h"
#include "payload.h"
#include "pen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 256, WORDS_MAX = 24 };

static struct group *verbs_groups[GROUPS_MAX];
static bool verbs_is_spinning;
static struct histogram verbs_turns;

struct order {
    char *words[WORDS_MAX];
    int count;
    const char *name; /* of the group */
    struct group *group;
    int epoll_fd;
    void *pen_tag;
    uint64_t now_ns;
};

static const char *verbs_setting(const struct order *order, const char *name, const char *otherwise)
{
    size_t length = strlen(name);
    for (int i = 1; i < order->count; i++) {
        if (strncmp(order->words[i], name, length) == 0 && order->words[i][length] == '=')
            return order->words[i] + length + 1;
    }
    return otherwise;
}

static uint32_t verbs_number(const struct order *order, const char *name, uint32_t otherwise)
{
    const char *text = verbs_setting(order, name, NULL);
    return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static double verbs_rate(const struct order *order)
{
    return atof(verbs_setting(order, "rate", "0"));
}

static int verbs_slot_of(const char *name)
{
    for (int i = 0; i < GROUPS_MAX; i++) {
        if (verbs_groups[i] && strcmp(verbs_groups[i]->name, name) == 0)
            return i;
    }
    return -1;
}

/* Each returns what went wrong, or NULL. */

static const char *verbs_verb_redis(const struct order *order)
{
    return pen_open((int)verbs_number(order, "port", 6379), order->epoll_fd, order->pen_tag) ? NULL : "no Redis there";
}

static const char *verbs_verb_open(const struct order *order)
{
    struct group_options o = {
        .is_websocket = strcmp(verbs_setting(order, "wire", "sse"), "ws") == 0,
        .has_frames = verbs_number(order, "frames", 0) != 0,
        .port = verbs_number(order, "port", 8080),
        .count = verbs_number(order, "count", 1),
        .channels = verbs_number(order, "channels", 1),
        .first = verbs_number(order, "first", 0),
        .each = verbs_number(order, "each", 1),
        .source = verbs_number(order, "source", 0),
        .receive_buffer = verbs_number(order, "rcvbuf", 0),
        .cookie = verbs_number(order, "cookie", 0),
        .half = verbs_number(order, "half", 0),
    };
    int free_slot = 0;
    snprintf(o.pattern, sizeof o.pattern, "%s", verbs_setting(order, "pattern", ""));
    snprintf(o.query, sizeof o.query, "%s", verbs_setting(order, "query", ""));
    if (order->group)
        return "this group exists already";
    while (free_slot < GROUPS_MAX && verbs_groups[free_slot])
        free_slot++;
    if (free_slot == GROUPS_MAX || o.each == 0 || o.channels < o.each || o.cookie > 32768)
        return "too many groups, or a setting is out of range";
    verbs_groups[free_slot] = group_new(order->name, &o);
    group_open(verbs_groups[free_slot], verbs_rate(order), order->now_ns);
    return NULL;
}

static const char *verbs_verb_reopen(const struct order *order)
{
    order->group->options.port = verbs_number(order, "port", order->group->options.port);
    group_open(order->group, verbs_rate(order), order->now_ns);
    return NULL;
}

static const char *verbs_verb_shut(const struct order *order)
{
    enum browser_end how = strcmp(verbs_setting(order, "how", "reset"), "fin") == 0 ? END_FIN : END_RESET;
    group_shut(order->group, verbs_rate(order), how, order->now_ns);
    return NULL;
}

static const char *verbs_verb_drop(const struct order *order)
{
    verbs_groups[verbs_slot_of(order->name)] = NULL;
    group_free(order->group);
    return NULL;
}

static const char *verbs_verb_pause(const struct order *order)
{
    for (uint32_t i = 0; i < order->group->options.count; i++)
        browser_pause(&order->group->browsers[i]);
    return NULL;
}

static const char *verbs_verb_resume(const struct order *order)
{
    order->group->sip_bytes = 0;
    for (uint32_t i = 0; i < order->group->options.count; i++)
        browser_resume(&order->group->browsers[i]);
    return NULL;
}

static const char *verbs_verb_sip(const struct order *order)
{
    group_sip(order->group, verbs_number(order, "bytes", 1), verbs_number(order, "every_ms", 100), order->now_ns);
    return NULL;
}

static const char *verbs_verb_speak(const struct order *order)
{
    static char text[PAYLOAD_MAX];
    uint32_t size = verbs_number(order, "size", 100);
    if (size > sizeof text / 2)
        return "size is too large";
    memset(text, PAYLOAD_SPOKEN, size);
    for (uint32_t i = 0; i < order->group->options.count; i++)
        browser_speak(&order->group->browsers[i], text, size);
    return NULL;
}

static const char *verbs_verb_clear(const struct order *order)
{
    group_clear(order->group);
    return NULL;
}

static const char *verbs_verb_say(const struct order *order)
{
    struct pen_order say = {
        .channels = verbs_number(order, "channels", 1),
        .first = verbs_number(order, "first", 0),
        .size = verbs_number(order, "size", 100),
        .window = verbs_number(order, "window", 128),
        .count = verbs_number(order, "count", 1),
        .rate = verbs_rate(order),
        .is_fcall = strcmp(verbs_setting(order, "via", "publish"), "fcall") == 0,
    };
    if (say.channels == 0 || say.size < PAYLOAD_HEAD || say.size > PAYLOAD_MAX)
        return "no channels, or size is out of range";
    pen_say(&say, order->now_ns);
    return NULL;
}

static const char *verbs_verb_hush(const struct order *order)
{
    (void)order;
    pen_hush();
    return NULL;
}

static const char *verbs_verb_expect(const struct order *order)
{
    uint32_t first = verbs_number(order, "first", 0), channels = verbs_number(order, "channels", 1);
    uint32_t said = verbs_number(order, "said", 0);
    for (uint32_t i = 0; i < channels; i++)
        ledger_expect(first + i, said);
    return NULL;
}

static const char *verbs_verb_spin(const struct order *order)
{
    histogram_clear(&verbs_turns);
    verbs_is_spinning = verbs_number(order, "on", 1) != 0;
    return NULL;
}

static const char *verbs_verb_state(const struct order *order)
{
    printf("{\"now_ns\":%llu,\"pen\":", (unsigned long long)order->now_ns);
    pen_print(stdout, order->now_ns);
    putchar(',');
    histogram_print(stdout, "turns", &verbs_turns);
    for (int i = 0; i < GROUPS_MAX; i++) {
        if (verbs_groups[i] && (!order->name || verbs_groups[i] == order->group)) {
            printf(",\"%s\":", verbs_groups[i]->name);
            group_print(verbs_groups[i], stdout);
        }
    }
    puts("}");
    return NULL;
}

static const struct {
    const char *name;
    bool has_group;
    const char *(*obey)(const struct order *order);
} verbs[] = {
    {"redis", false, verbs_verb_redis},   {"say", false, verbs_verb_say},      {"hush", false, verbs_verb_hush},
    {"expect", false, verbs_verb_expect}, {"spin", false, verbs_verb_spin},    {"state", false, verbs_verb_state},
    {"open", false, verbs_verb_open},     {"reopen", true, verbs_verb_reopen}, {"shut", true, verbs_verb_shut},
    {"drop", true, verbs_verb_drop},      {"pause", true, verbs_verb_pause},   {"resume", true, verbs_verb_resume},
    {"sip", true, verbs_verb_sip},        {"speak", true, verbs_verb_speak},   {"clear", true, verbs_verb_clear},
};

static const char *verbs_carry_out(const struct order *order)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, order->words[0]) != 0)
            continue;
        return verbs[i].has_group && !order->group ? "no such group" : verbs[i].obey(order);
    }
    return "no such verb";
}

void verbs_obey(char *line, int epoll_fd, void *pen_tag)
{
    struct order order = {.epoll_fd = epoll_fd, .pen_tag = pen_tag, .now_ns = clock_ns()};
    for (char *word = strtok(line, " \n"); word && order.count < WORDS_MAX; word = strtok(NULL, " \n"))
        order.words[order.count++] = word;
    if (order.count == 0)
        return;
    if (order.count > 1 && !strchr(order.words[1], '='))
        order.name = order.words[1];
    int slot = order.name ? verbs_slot_of(order.name) : -1;
    order.group = slot >= 0 ? verbs_groups[slot] : NULL;
    const char *wrong = verbs_carry_out(&order);
    if (wrong)
        printf("{\"error\":\"%s: %s\"}\n", order.words[0], wrong);
    else if (strcmp(order.words[0], "state") != 0)
        puts("{}");
    fflush(stdout);
}

bool verbs_turn(int epoll_fd, uint64_t now_ns)
{
    bool is_busy = pen_turn(now_ns);
    for (int i = 0; i < GROUPS_MAX; i++) {
        if (verbs_groups[i])
            is_busy |= group_turn(verbs_groups[i], epoll_fd, now_ns);
    }
    return is_busy;
}

void verbs_count_turn(uint64_t ns)
{
    histogram_add(&verbs_turns, ns);
}

bool verbs_want_spinning(void)
{
    return verbs_is_spinning;
}
