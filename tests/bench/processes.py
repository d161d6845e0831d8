"""Starting, finding and stopping processes.

Story   Every process started here has its own process group and is pinned to one core. It is stopped when the ExitStack
        that it was registered with unwinds, whatever happened in between.
"""

import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    """Return a port below the ephemeral range, so that no subscriber's connection can take it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def start(stack, command, core, log, env=None):
    """Start a command on one core. When the stack unwinds, it gets SIGTERM, and its process group then SIGKILL."""
    with open(log, "ab") as out:
        process = subprocess.Popen(["taskset", "-c", str(core)] + [str(word) for word in command], stdout=out,
                                   stderr=out, stdin=subprocess.DEVNULL, env=env, start_new_session=True)
    stack.callback(stop, process)
    return process


def stop(process):
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def start_redis(stack, core, folder):
    """Start a Redis that keeps nothing on disk. Return its port and process ID."""
    port = free_port()
    process = start(stack, ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                            "--maxclients", 40000, "--dir", folder, "--daemonize", "no"], core, folder / "redis.log")
    wait_for("redis-server", lambda: accepts(port), process)
    return port, process.pid


def wait_for(what, question, process, seconds=10):
    """Poll until question() is true. Raise RuntimeError if the process ends first, or after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{what}: ended with status {process.returncode}")
        if question():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not ready after {seconds} s")


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def status(url):
    """Return the status of the response to a GET; None if there is no response."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError):
        return None


def is_ready(url):
    return status(url) == 200


def first_line(command):
    """Return the first line that a command prints, or "?"."""
    with contextlib.suppress(OSError):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout.strip().split("\n")[0]
    return "?"


def tail(path):
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")[-500:]
    return ""


def children(pid):
    """Return the children of a process: those with it as the parent in /proc/PID/stat."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return sorted(found)


def threads(pid):
    return sorted(int(folder.name) for folder in pathlib.Path(f"/proc/{pid}/task").glob("[0-9]*"))


def open_files(pid):
    """Return how many files a process has open."""
    return sum(1 for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())


def title(pid):
    """Return a process's short name and its command line, without the folder of the program."""
    folder = pathlib.Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        program, _, rest = (folder / "cmdline").read_bytes().decode(errors="replace").partition("\0")
        return " ".join([(folder / "comm").read_text().strip(), program.rpartition("/")[2], rest])
    return ""


def listens(pid, port):
    """Does this process hold a listening socket on the port?"""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                field = line.split()
                if field[3] == "0A" and int(field[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{field[9]}]")
    for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) in inodes:
                return True
    return False


def cpu_seconds(pids):
    """Return the processor time that processes have used, over all of their threads."""
    total = 0
    for pid in pids:
        for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(file.read_text().split()[0])
    return total / 1e9
