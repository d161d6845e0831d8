"""What the measurements run on: its speed just now, its load from others, its limits, its name.

Story   Shared and virtual machines change by the minute. A trial is put off while others use the processors, and told
        apart afterwards by how much they did.
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

FILES_WANTED = 42000  # 10,000 subscribers of a server that opens a connection to Redis for each, twice over


def raise_file_limit():
    """Gives how many files a process that is started from now on may open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def busy_seconds():
    """CPU seconds that all processors together have spent on anything, and those that the host took away."""
    ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, soft, steal = ticks[:8]
    scale = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft) / scale, steal / scale


def wait_until_quiet(seconds):
    """Wait while others use more than a fifth of a core, but no longer than this."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before, since = busy_seconds()[0], time.monotonic()
        time.sleep(0.5)
        if (busy_seconds()[0] - before) / (time.monotonic() - since) < 0.2:
            return


@contextlib.contextmanager
def alone(options):
    """Measure in here: others that measure wait for the same lock, and those that do not are waited for."""
    with contextlib.ExitStack() as stack:
        if options.lock:
            lock = stack.enter_context(open(options.lock, "a"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        wait_until_quiet(options.wait_quiet)
        yield


def calibrate(core):
    """What system calls and loopback cost just now; without it, figures of two runs could not be compared."""
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
