/*
 * process.c - reads /proc. Files are opened anew each time: a run takes only a handful of snapshots.
 */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool process_group_parse(struct process_group *g, const char *text)
{
    memset(g, 0, sizeof *g);
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || (size_t)(equals - text) >= sizeof g->name)
        return false;
    memcpy(g->name, text, (size_t)(equals - text));
    const char *at = equals;
    do {
        char *end;
        long pid = strtol(at + 1, &end, 10);
        if (end == at + 1 || pid <= 0 || g->count == GROUP_PROCESSES_MAX)
            return false;
        g->pids[g->count++] = (pid_t)pid;
        at = end;
    } while (*at == ',');
    return *at == '\0';
}

static uint64_t process_thread_cpu_ns(pid_t pid, const char *thread)
{
    char path[320];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    fclose(file);
    return ns;
}

static uint64_t process_cpu_ns(pid_t pid)
{
    char path[64];
    uint64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (!threads)
        return 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] != '.')
            sum += process_thread_cpu_ns(pid, entry->d_name);
    }
    closedir(threads);
    return sum;
}

static uint64_t process_rss_bytes(pid_t pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file) && sscanf(line, "Rss: %llu kB", &kib) != 1)
        ;
    fclose(file);
    return kib * 1024;
}

uint64_t process_group_cpu_ns(const struct process_group *g)
{
    uint64_t sum = 0;
    for (int i = 0; i < g->count; i++)
        sum += process_cpu_ns(g->pids[i]);
    return sum;
}

uint64_t process_group_rss_bytes(const struct process_group *g)
{
    uint64_t sum = 0;
    for (int i = 0; i < g->count; i++)
        sum += process_rss_bytes(g->pids[i]);
    return sum;
}
