"""Counting what a worker does for a delivery and for a connection.

Story   A tracer is on while messages are delivered, or while connections open or close. What a worker's timers do
        meanwhile is counted too, but is little.
"""

import contextlib
import time

from processes import cpu_seconds, open_files
from trial import count, expect, hold, tell

SETTLE_S, BUSY_S = 0.5, 0.005  # a worker is idle if it used less than BUSY_S of processor time in SETTLE_S
IDLE_WITHIN_S = 60


class Worker:
    """The worker processes to count. They must have no connection at first, and have none between two counts."""

    def __init__(self, pids, tracer, folder):
        self.pids, self.tracer, self.folder = pids, tracer, folder
        self.idle_files = self.files()

    def files(self):
        return sum(open_files(pid) for pid in self.pids)

    def wait_until_idle(self):
        """Work that a worker defers until after a connection has opened or closed must be counted for it, too."""
        end = time.monotonic() + IDLE_WITHIN_S
        while time.monotonic() < end:
            before = cpu_seconds(self.pids)
            time.sleep(SETTLE_S)
            if cpu_seconds(self.pids) - before < BUSY_S:
                return
        raise RuntimeError(f"the worker is still busy after {IDLE_WITHIN_S} s")

    def wait_until_empty(self):
        end = time.monotonic() + IDLE_WITHIN_S
        while self.files() > self.idle_files:
            if time.monotonic() > end:
                raise RuntimeError(f"connections are still open after {IDLE_WITHIN_S} s")
            time.sleep(0.01)
        self.wait_until_idle()

    def per_delivery(self, command):
        """Return what is counted per delivery, by name and as "all"."""
        counted, result = count(command, self.pids, self.tracer, self.folder)
        if not result["flawless"]:
            raise RuntimeError("deliveries were incomplete")
        self.wait_until_empty()
        return {name: number / result["deliveries"] for name, number in counted.items()}

    def per_connection(self, connections, command):
        """Run a command that opens so many and publishes nothing. Return what is counted per opening and closing."""
        with contextlib.ExitStack() as stack:
            with self.tracer(self.pids, self.folder) as opened:
                load = stack.enter_context(hold(command))
                expect(load, "ready")
                self.wait_until_idle()
            with self.tracer(self.pids, self.folder) as closed:
                tell(load)
                load.communicate(timeout=30)
                self.wait_until_empty()
        return [{name: number / connections for name, number in counted.items()} for counted in (opened, closed)]
