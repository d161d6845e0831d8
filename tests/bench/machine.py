"""The machine that measurements run on: its current speed, load from other programs, limits and description.

Story   Shared and virtual machines change by the minute. A trial can wait while other programs use the
        processors, and records how much they use during it.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import time

from places import BUILD
from processes import first_line

FILES_WANTED = 42000  # twice what 10,000 subscribers need if the server connects to Redis for each


def raise_file_limit():
    """Raise the limit of open files, which started processes inherit. Return the new limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def busy_seconds():
    """Return the CPU seconds that all processors together were busy, and those that the host took away."""
    ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, soft, steal = ticks[:8]
    scale = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft) / scale, steal / scale


def wait_until_quiet(seconds):
    """Wait while other programs use more than a fifth of a core, but no longer than this."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before, since = busy_seconds()[0], time.monotonic()
        time.sleep(0.5)
        if (busy_seconds()[0] - before) / (time.monotonic() - since) < 0.2:
            return


@contextlib.contextmanager
def alone(options):
    """Measure inside this context: other benchmarks wait for the same lock; for other programs, this one waits."""
    with contextlib.ExitStack() as stack:
        if options.lock:
            lock = stack.enter_context(open(options.lock, "a"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        wait_until_quiet(options.wait_quiet)
        yield


def calibrate(core):
    """Return what system calls and loopback cost right now; without it, figures of two runs cannot be compared."""
    done = subprocess.run(["taskset", "-c", str(core), BUILD / "bench_load", "--calibrate"], stdout=subprocess.PIPE,
                          text=True, check=True)
    return json.loads(done.stdout)


def describe(servers, options):
    model = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.+)"', pathlib.Path("/etc/os-release").read_text())
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 1024 / 1024, 1),
        "kernel": platform.release(),
        "system": system.group(1) if system else "",
        "versions": {"redis-server": first_line(["redis-server", "--version"])} |
                    {s.label: s.version() for s in servers if s.version()},
        "server_core": options.server_core,
        "load_core": options.load_core,
        "recorder_core": options.server_core if options.recorder_core is None else options.recorder_core,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
