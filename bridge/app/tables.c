/*
 * tables.c - settings, problems and stream endings as Markdown.
 *
 * The pages contain these tables between <!-- table: name --> and <!-- end -->. tests/docs fails if they differ, and
 * tests/docs/update puts them in.
 */
#include "tables.h"

#include "access/problem.h"
#include "serve/ending.h"
#include "settings.h"

#include <stdio.h>

/* A literal | ends a cell, so none of our texts may contain one. */
static void tables_print_settings(void)
{
    char flag[SETTING_FLAG_MAX], accepts[SETTING_ACCEPTS_MAX];
    printf("## settings\n| variable | flag | default | meaning | accepts |\n|---|---|---|---|---|\n");
    for (unsigned i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        const char *quote = !setting->initial_words && *setting->initial != '\0' ? "`" : "";
        printf("| `%s` | `%s` | %s%s%s | %s | %s |\n", setting->name, setting_flag(setting, flag), quote,
               setting_default(setting), quote, setting->sentence, setting_accepts(setting, accepts));
    }
}

static const char *tables_number(unsigned number, char out[static 12])
{
    snprintf(out, 12, "%u", number);
    return number > 0 ? out : "\u2013";
}

static void tables_print_problems(void)
{
    char status[12], close[12];
    printf("## problems\n| `code` | HTTP | WebSocket close | repeat it? | `message`, or a more exact one |\n"
           "|---|---|---|---|---|\n");
    for (unsigned id = 0; id < PROBLEM_COUNT; id++) {
        const struct problem *problem = problem_of((enum problem_id)id);
        printf("| `%s` | %s | %s | %s | %s |\n", problem->code, tables_number(problem->status, status),
               tables_number(problem->close, close), problem->is_final ? "no" : "later", problem->sentence);
    }
}

static void tables_print_endings(void)
{
    printf("## endings\n| `reason` | the stream ended because |\n|---|---|\n");
    for (unsigned ending = 0; ending < ENDINGS; ending++)
        printf("| `%s` | %s |\n", ending_name((enum ending)ending), ending_sentence((enum ending)ending));
}

void tables_print(void)
{
    tables_print_settings();
    printf("\n");
    tables_print_problems();
    printf("\n");
    tables_print_endings();
}
