/*
 * help.c - prints the table of settings.
 */
#include "help.h"

#include "settings.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 100
#define INDENT 6

/* The sentence in lines of at most WIDTH characters, without the backquotes of Markdown. */
static void help_print_wrapped(const char *sentence)
{
    size_t column = 0;
    for (const char *at = sentence; *at != '\0';) {
        char word[128];
        size_t len = strcspn(at, " "), n = 0;
        for (size_t i = 0; i < len && n < sizeof word - 1; i++)
            if (at[i] != '`')
                word[n++] = at[i];
        word[n] = '\0';
        if (column == 0 || column + 1 + n > WIDTH) {
            printf("%s%*s%s", column == 0 ? "" : "\n", INDENT, "", word);
            column = INDENT + n;
        } else {
            printf(" %s", word);
            column += 1 + n;
        }
        at += len + strspn(at + len, " ");
    }
    printf("\n");
}

static const char *help_default_words(const struct setting *setting)
{
    if (setting->initial_words)
        return setting->initial_words;
    return *setting->initial != '\0' ? setting->initial : "nothing";
}

void help_print(void)
{
    char flag[SETTING_FLAG_MAX], accepts[SETTING_ACCEPTS_MAX], line[512];
    printf("redis-bridge " BRIDGE_VERSION ": Redis pub/sub and streams to browsers, over SSE and WebSocket.\n"
           "\n"
           "Usage: redis-bridge [--flag value | --flag=value] ...\n"
           "\n"
           "  --help, --version\n"
           "  --foreground\n"
           "      One process without supervisor, for a debugger. Needs BRIDGE_WORKERS=1.\n"
           "  --check\n"
           "      Ask the instance that listens on PORT of this machine whether it is ready; exit 0 if it is, else 1.\n"
           "\n"
           "Settings, each as a flag or in the environment. The flag wins.\n");
    for (unsigned i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        printf("\n  %s, %s\n", setting_flag(setting, flag), setting->name);
        help_print_wrapped(setting->sentence);
        snprintf(line, sizeof line, "Takes %s. Default: %s.", setting_accepts(setting, accepts),
                 help_default_words(setting));
        help_print_wrapped(line);
    }
}

void help_print_markdown(void)
{
    char flag[SETTING_FLAG_MAX];
    printf("| variable | flag | default | |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        const char *quote = !setting->initial_words && *setting->initial != '\0' ? "`" : "";
        printf("| `%s` | `%s` | %s%s%s | %s |\n", setting->name, setting_flag(setting, flag), quote,
               help_default_words(setting), quote, setting->sentence);
    }
}
