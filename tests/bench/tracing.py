"""Counting the system calls that processes make and the instructions that they execute.

Story   A tracer is a context manager that yields a dictionary. What the processes do inside the context is counted, and
        the dictionary holds the counts once the context has ended.
        System calls: perf counts them in the kernel without stopping the process, if it has permission (root, or
        perf_event_paranoid -1). Otherwise strace stops the server twice for each: good enough for counting, though a
        slower server batches more. User-space instructions: callgrind, in which the process must have been started;
        vgdb, valgrind's remote control, tells it when to start and stop counting.
Why     perf counts the whole system with a filter by thread: if the kernel is much newer than perf, its option for a
        single process (-p) counts nothing. Threads that start later are not counted; none of the servers starts any
        while it delivers.
"""

import contextlib
import pathlib
import re
import shutil
import signal
import subprocess

from processes import threads

KINDS = {
    "send": ("write", "writev", "sendto", "sendmsg", "sendmmsg"),
    "receive": ("read", "readv", "recvfrom", "recvmsg"),
    "wait": ("epoll_wait", "epoll_pwait", "epoll_pwait2"),
    "change what to wait for": ("epoll_ctl",),
}


def by_kind(calls):
    """Return the number of calls by purpose, and of all calls together."""
    kinds = {kind: sum(calls.get(name, 0) for name in names) for kind, names in KINDS.items()}
    return kinds | {"all": calls.get("all", 0)}


@contextlib.contextmanager
def perf(pids, folder):
    """perf counts while its workload, `cat`, runs: once a line comes back it has begun, and it ends with the input."""
    who = " || ".join(f"common_pid == {thread}" for pid in pids for thread in threads(pid))
    events = ["raw_syscalls:sys_enter"] + [f"syscalls:sys_enter_{name}" for names in KINDS.values() for name in names]
    command = ["perf", "stat", "-a", "-x", ",", "-o", folder / "perf"]
    for event in events:
        command += ["-e", event, "--filter", who]
    calls = {}
    with subprocess.Popen(command + ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("on\n")
                process.stdin.flush()
            if not process.stdout.readline():
                raise RuntimeError("perf: " + process.stderr.read().strip()[:200])
            yield calls
        finally:
            process.communicate(timeout=20)
    for count, event in re.findall(r"^(\d+),[^,]*,\w+:sys_enter_?(\w*)", (folder / "perf").read_text(), re.M):
        calls[event or "all"] = int(count)


@contextlib.contextmanager
def strace(pids, folder):
    """strace reports on standard error that it is attached, and writes its counts when it is interrupted."""
    command = ["strace", "-f", "-c", "-o", folder / "strace"] + [word for pid in pids for word in ("-p", str(pid))]
    calls = {}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            for _ in pids:
                line = process.stderr.readline()
                if "attached" not in line:
                    raise RuntimeError(line.strip() or "strace ended")
            yield calls
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    for line in (folder / "strace").read_text().splitlines():
        row = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d*\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if row:
            calls["all" if row.group(2) == "total" else row.group(2)] = int(row.group(1))


def callgrind_command(folder):
    """Return the command prefix under which callgrind(…, folder) can count a program and its children."""
    return ["valgrind", "--tool=callgrind", "--quiet", "--instr-atstart=no", "--trace-children=yes",
            f"--vgdb-prefix={folder}/vgdb", f"--callgrind-out-file={folder}/callgrind.%p"]


@contextlib.contextmanager
def callgrind(pids, folder):
    counted = {}
    for pid in pids:
        for word in ("instrumentation on", "zero"):
            tell_valgrind(pid, folder, word)
    yield counted
    counted["all"] = 0
    for pid in pids:
        tell_valgrind(pid, folder, "dump")
        tell_valgrind(pid, folder, "instrumentation off")
        for file in pathlib.Path(folder).glob(f"callgrind.{pid}.*"):
            counted["all"] += int(re.search(r"^totals: (\d+)", file.read_text(), re.M).group(1))
            file.unlink()


def tell_valgrind(pid, folder, words):
    subprocess.run(["vgdb", f"--pid={pid}", f"--vgdb-prefix={folder}/vgdb"] + words.split(), check=True, timeout=30,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def choose(folder):
    """Return perf if it works here, else strace if that works, else None."""
    for tool in (perf, strace):
        if not shutil.which(tool.__name__):
            continue
        with contextlib.suppress(RuntimeError, OSError, subprocess.TimeoutExpired):
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as somebody:
                with tool([somebody.pid], folder) as calls:
                    somebody.communicate("a line")
            if calls.get("all"):
                return tool
    return None
