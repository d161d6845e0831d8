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

void help_print(void)
{
    char flag[SETTING_FLAG_MAX], accepts[SETTING_ACCEPTS_MAX], line[512];
    printf("redis-bridge " BRIDGE_VERSION ": connects Redis to browsers over Server-Sent Events and WebSocket.\n"
           "\n"
           "Usage: redis-bridge [--flag value | --flag=value] ...\n"
           "\n"
           "  --help, --version\n"
           "  --help-markdown\n"
           "      Print the tables of the documentation that come from the code.\n"
           "  --foreground\n"
           "      Run as one process without a supervisor, for a debugger. Needs BRIDGE_WORKERS=1.\n"
           "  --check\n"
           "      Ask the instance on this machine's PORT whether it is ready. Exit code 0: it is; 1: it is not.\n"
           "\n"
           "Every setting can be given as a flag or as an environment variable. The flag takes precedence.\n");
    for (unsigned i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        printf("\n  %s, %s\n", setting_flag(setting, flag), setting->name);
        help_print_wrapped(setting->sentence);
        snprintf(line, sizeof line, "Accepts %s. Default: %s.", setting_accepts(setting, accepts),
                 setting_default(setting));
        help_print_wrapped(line);
    }
}
