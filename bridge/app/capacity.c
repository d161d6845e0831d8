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
 * Containers often run with a limit of about a billion open files. libwebsockets allocates memory in proportion to the
 * limit, and above ten million it ignores the limit and uses 2560. So a higher limit is lowered to this.
 */
#define FILES_MOST (1024 * 1024)

unsigned capacity_granted(struct bytes cpu_max)
{
    struct bytes line = bytes_word(&cpu_max, '\n'), quota_text = bytes_word(&line, ' ');
    uint64_t quota, period;
    if (!bytes_number(quota_text, INT64_MAX, &quota) || !bytes_number(line, INT64_MAX, &period) || period == 0)
        return 0;
    return (unsigned)((quota + period - 1) / period);
}

/* What the cgroup (version 2) grants; 0: there is no cgroup, or it grants all. */
static unsigned capacity_cgroup_processors(void)
{
    char text[64];
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    return capacity_granted((struct bytes){text, len});
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
        log_warn(
            "open_files_limit",
            "now=%llu wanted=%llu error=\"%s\" hint=\"raise the limit on open files (ulimit -n, LimitNOFILE, ulimits)\"",
            (unsigned long long)now, (unsigned long long)limit.rlim_cur, strerror(errno));
        return (unsigned)(now < FILES_MOST ? now : FILES_MOST);
    }
    return (unsigned)limit.rlim_cur;
}
