/*
 * process.h - the CPU time and memory of a server's processes, as the kernel counts them.
 *
 * Story     A group is a name ("worker", "recorder") and the processes that share it. CPU time is the sum over all
 *           their threads in nanoseconds (/proc/PID/task/TID/schedstat): user and kernel time, including the
 *           loopback TCP work that the kernel does inside send() and charges to the sender.
 * Trap      The kernel updates a running thread's figure only at its next tick, so a snapshot of a busy process can be
 *           some milliseconds old. Measure over seconds, or end while the process is idle.
 * Fails     A process that has ended counts as 0.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { GROUP_PROCESSES_MAX = 64, GROUPS_MAX = 8 };

struct process_group {
    char name[32];
    pid_t pids[GROUP_PROCESSES_MAX];
    int count;
    uint64_t cpu_start_ns, cpu_end_ns;
    uint64_t rss_before, rss_idle, rss_after; /* bytes: before any connection; with all idle; after the messages */
};

/* Parse "name=PID,PID,…". False: malformed, or too many processes. */
bool process_group_parse(struct process_group *g, const char *text);

uint64_t process_group_cpu_ns(const struct process_group *g);
uint64_t process_group_rss_bytes(const struct process_group *g);

#endif
