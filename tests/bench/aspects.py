"""What is compared of two builds of redis-bridge: instructions, system calls, processor time, idle memory.

Story   An aspect measures one binary on one wire once, with its own Redis and bridge, and returns row -> value. It also
        defines how several values become one (`best`): disturbances only add to a count, so the least is taken; they
        may raise or lower other values, so the median is.
Counts  are of a fixed workload: so many messages, one at a time or in waves, the next when all subscribers have them.
        How a flood is split into batches is chance. A wave is less than the 16 KiB that one read from Redis takes: it
        reaches the worker at once, and leaves it with one send to each subscriber.
"""

import argparse
import collections
import contextlib
import pathlib
import statistics
import tempfile

import tracing
import trial
from cases import Case
from counting import SETTLE_S, Worker
from machine import alone
from processes import free_port, start_redis
from servers import Bridge, BridgeInCallgrind

Row = collections.namedtuple("Row", "aspect wire what call", defaults=[""])  # call: a system call, "" for all

ONE, BURST = "delivery, one at a time", "delivery, in bursts"
OPENED, CLOSED = "connection, from accept until idle", "connection that ends"
IDLE, EMPTY = "idle connection", "worker without connections"
PAYLOAD_BYTES = 100
MESSAGES, WAVES, WAVE = 40, 20, 48  # messages sent one at a time; waves; messages per wave
HEARTBEAT = "44s"  # the longest allowed: heartbeats depend on the clock, and are not to be counted


@contextlib.contextmanager
def bridge(kind, options):
    """Yield the groups of processes, the arguments with which bench_load finds them, and a folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        folder, server, port = pathlib.Path(name), kind(options), free_port()
        redis_port, redis = start_redis(stack, options.load_core, folder)
        groups = server.start(stack, port, redis_port, folder) | {"redis": [redis]}
        yield groups, ["--port", port, "--publish", server.publish(port, redis_port)], folder


def ratio_of_least(pairs):
    return min(new for _, new in pairs) / min(base for base, _ in pairs)


def median_of_ratios(pairs):
    return statistics.median(new / base for base, new in pairs)


class Counted:
    """What a tracer counts in the worker."""

    best, ratio = staticmethod(min), staticmethod(ratio_of_least)

    def __init__(self, name, title, tracer, kind):
        self.name, self.title, self.tracer, self.kind = name, title, tracer, kind

    def rounds(self, options):
        return options.repeats

    def bound(self, what, options):
        """Return the highest accepted ratio, or None: that of connections is left to the reader."""
        return options.bound if what in (ONE, BURST) else None

    def measure(self, options, wire):
        quiet = argparse.Namespace(**vars(options))
        quiet.bridge_env = [f"BRIDGE_HEARTBEAT={HEARTBEAT}"] + options.bridge_env
        with bridge(self.kind, quiet) as (groups, target, folder):
            worker = Worker(groups["server"], self.tracer, folder)
            target += ["--wire", wire, "--subscribers", options.subscribers, "--size", PAYLOAD_BYTES,
                       "--settle", SETTLE_S, "--seconds", 60]
            return {Row(self.name, wire, what, "" if call == "all" else call): value
                    for what, counts in self.count(worker, target, options).items() for call, value in counts.items()}

    def count(self, worker, target, options):
        def command(*arguments):
            return trial.load_command(target + list(arguments), {}, options)

        # The first connections and messages have one-time costs. Deliveries come first, as only they have a warm-up.
        one = worker.per_delivery(command("--mode", "one", "--messages", MESSAGES))
        burst = worker.per_delivery(command("--mode", "wave", "--window", WAVE, "--messages", WAVE * WAVES))
        opened, closed = worker.per_connection(options.subscribers, command("--messages", 0))
        return {ONE: one, BURST: burst, OPENED: opened, CLOSED: closed}


class Cpu:
    """Processor time per delivery, in trials like those of `run`."""

    name, title = "cpu", "µs of processor time"
    best, ratio = staticmethod(statistics.median), staticmethod(median_of_ratios)

    def rounds(self, options):
        return options.pairs

    def bound(self, what, options):
        return None

    def measure(self, options, wire):
        found = {}
        for what, mode in ((ONE, "one"), (BURST, "burst")):
            done = trial.run(Bridge(options), Case(wire, 1, options.subscribers, mode, PAYLOAD_BYTES), options)
            if "error" in done or not done["result"]["flawless"]:
                raise RuntimeError(trial.one_line(done))
            found[Row(self.name, wire, what)] = done["figures"]["cpu_us_per_delivery"]
        return found


class Memory:
    """The worker's resident memory: without connections, and per idle connection."""

    name, title = "memory", "resident KiB"
    best, ratio = staticmethod(statistics.median), staticmethod(median_of_ratios)

    def rounds(self, options):
        return options.repeats

    def bound(self, what, options):
        return 1.05

    def measure(self, options, wire):
        with bridge(Bridge, options) as (groups, target, _):
            arguments = ["--wire", wire, "--subscribers", options.idle, "--messages", 0, "--settle", 2]
            result = trial.run_load(trial.load_command(target + arguments, groups, options), groups)
        return {Row(self.name, wire, EMPTY): result["processes"]["server"]["rss_before"] / 1024,
                Row(self.name, wire, IDLE): trial.derive(result)["idle_kib_per_connection"]}


ASPECTS = [Counted("instructions", "instructions", tracing.callgrind, BridgeInCallgrind),
           Counted("syscalls", "system calls", tracing.strace, Bridge), Cpu(), Memory()]
