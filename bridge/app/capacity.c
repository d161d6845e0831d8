/*
 * capacity.c - asks the kernel.
 */
#include "capacity.h"

#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/*
 * Containers are often run with a limit of a thousand millions. libwebsockets allots memory by the limit, and above ten
 * millions it distrusts it and goes on with 2560. So the limit is lowered to this where it is higher.
 */
#define FILES_MOST (1024 * 1024)

/* The share of processors that the cgroup (version 2) grants, rounded up; 0 where it grants all. */
static unsigned capacity_cgroup_processors(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    unsigned long long quota = 0, period = 0;
    if (!file)
        return 0;
    if (fscanf(file, "%llu %llu", &quota, &period) != 2) /* "max 100000" */
        quota = 0;
    fclose(file);
    return period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

unsigned capacity_processors(void)
{
    cpu_set_t set;
    unsigned count = 1, granted = capacity_cgroup_processors();
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = (unsigned)CPU_COUNT(&set);
    return granted > 0 && granted < count ? granted : count;
}

unsigned capacity_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    rlim_t now = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max < FILES_MOST ? limit.rlim_max : FILES_MOST;
    if (limit.rlim_cur != now && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warn("open_files_limit", "now=%llu wanted=%llu error=\"%s\"", (unsigned long long)now,
                 (unsigned long long)limit.rlim_cur, strerror(errno));
        return (unsigned)(now < FILES_MOST ? now : FILES_MOST);
    }
    return (unsigned)limit.rlim_cur;
}
