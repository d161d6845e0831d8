"""One trial: one server, one case, once.

Story   Start a fresh Redis and a fresh server, run bench_load, and derive figures from its report. Then, if asked to,
        run the same load once more on the same server and count its system calls: counting slows a server down, so
        processor time is measured in the run without it.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

from machine import busy_seconds
from places import BUILD
from processes import cpu_seconds, free_port, start_redis, tail
from tracing import by_kind

TRACED_SECONDS = 1


def run(server, case, options, tracer=None):
    """Return `result` (bench_load's report) and `figures`, with `tracer` also `system_calls`; or only `error`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = pathlib.Path(name)
        try:
            return measure(server, case, options, folder, tracer)
        except (RuntimeError, OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            return {"error": f"{error}\n{tail(folder / 'server.log')}".strip()}


def measure(server, case, options, folder, tracer):
    with contextlib.ExitStack() as stack:
        groups, redis_port = {}, 0
        if server.needs_redis:
            redis_port, redis = start_redis(stack, options.load_core, folder)
            groups["redis"] = [redis]
        port = free_port()
        groups |= server.start(stack, port, redis_port, folder)
        target = ["--port", port, "--publish", server.publish(port, redis_port)]
        result = run_load(load_command(target + case.arguments(server, options.seconds), groups, options), groups)
        trial = {"result": result, "figures": derive(result)}
        if tracer and result["messages"]:
            again = load_command(target + case.arguments(server, TRACED_SECONDS) + ["--settle", 0.3], {}, options)
            trial |= count_system_calls(again, groups["server"], tracer, folder)
        return trial


def load_command(arguments, groups, options):
    command = ["taskset", "-c", options.load_core, BUILD / "bench_load"] + arguments
    for name, pids in groups.items():
        command += ["--pid", f"{name}=" + ",".join(map(str, pids))]
    return [str(word) for word in command]


def run_load(command, groups):
    """Return bench_load's report, with the load that other programs put on the machine meanwhile."""
    watched = [pid for pids in groups.values() for pid in pids]
    busy, steal = busy_seconds()
    ours, since, own = cpu_seconds(watched), time.monotonic(), os.times()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
    seconds, now, own_now = time.monotonic() - since, busy_seconds(), os.times()
    ours = cpu_seconds(watched) - ours + sum(own_now[:4]) - sum(own[:4])
    if done.returncode == 1 or not done.stdout:
        raise RuntimeError(done.stderr.strip()[:300] or f"bench_load ended with status {done.returncode}")
    result = json.loads(done.stdout)
    result["flawless"] = done.returncode == 0
    result["remarks"] = done.stderr.strip()
    result["foreign_cores"] = round(max(0.0, now[0] - busy - ours) / seconds, 3)
    result["steal_cores"] = round((now[1] - steal) / seconds, 3)
    return result


@contextlib.contextmanager
def hold(command):
    """Start bench_load so that it pauses before and after its messages, until tell() lets it continue."""
    with subprocess.Popen(command + ["--hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as load:
        try:
            yield load
        except BaseException:
            load.kill()
            raise


def count(command, pids, tracer, folder):
    """Return what the tracer counts of these processes while messages are delivered, and bench_load's report."""
    with hold(command) as load:
        expect(load, "ready")
        with tracer(pids, folder) as counted:
            tell(load)
            expect(load, "done")
        tell(load)
        result = json.loads(load.communicate(timeout=60)[0])
        return counted, result | {"flawless": load.returncode == 0}


def count_system_calls(command, pids, tracer, folder):
    """If counting fails, the trial keeps its other figures."""
    try:
        calls, result = count(command, pids, tracer, folder)
    except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        return {"system_calls_error": str(error)}
    kinds = {"tool": tracer.__name__, "deliveries": result["deliveries"]} | by_kind(calls)
    return {"system_calls": kinds, "each_call": calls}


def tell(load):
    load.stdin.write("go\n")
    load.stdin.flush()


def expect(load, word):
    if load.stdout.readline().strip() != word:
        raise RuntimeError(f"bench_load did not print {word}")


def derive(result):
    """Compute the figures to compare from the measured counts. For a server that did not complete the warm-up, that is
    only memory and foreign load."""
    deliveries, messages, server = result["deliveries"], result["messages"], result["processes"]["server"]
    figures = {
        "idle_kib_per_connection": (server["rss_idle"] - server["rss_before"]) / 1024 / result["subscribers"],
        "after_kib_per_connection": (server["rss_after"] - server["rss_before"]) / 1024 / result["subscribers"],
        "foreign_cores": result["foreign_cores"],
    }
    if not messages or not deliveries:
        return figures
    figures |= {
        "cpu_us_per_delivery": server["cpu_ns"] / deliveries / 1e3,
        "deliveries_per_s": deliveries / result["elapsed_ns"] * 1e9,
        "server_busy": server["cpu_ns"] / result["elapsed_ns"],
        "p50_us": result["latency_ns"]["p50"] / 1e3,
        "p99_us": result["latency_ns"]["p99"] / 1e3,
        "p999_us": result["latency_ns"]["p999"] / 1e3,
    }
    for name, group in result["processes"].items():
        if name != "server":
            figures[f"{name}_us_per_message"] = group["cpu_ns"] / messages / 1e3
    return figures


def one_line(trial):
    if "error" in trial:
        return f"failed: {trial['error'].splitlines()[0]}"
    f = trial["figures"]
    if "p50_us" not in f:
        return "INCOMPLETE: did not complete the warm-up"
    return (f"{f['cpu_us_per_delivery']:8.3f} us/delivery {f['deliveries_per_s']:11.0f}/s  p50 {f['p50_us']:.0f} us"
            f"  others {f['foreign_cores']:.2f} cores" + ("" if trial["result"]["flawless"] else "  INCOMPLETE"))
