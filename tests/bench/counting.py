"""Counting what a worker does for a delivery and for a connection.

Story   A tracer is switched on for as long as messages go, or connections open, or close. What a worker does by the
        clock meanwhile is counted too, and is little.
"""

import contextlib
import time

from processes import cpu_seconds, open_files
from trial import count, expect, hold, tell

SETTLE_S, BUSY_S = 0.5, 0.005  # a worker that took less processor time in a while is idle
IDLE_WITHIN_S = 60


class Worker:
    """The processes that a tracer counts. Without a connection when this begins, and between any two counts."""

    def __init__(self, pids, tracer, folder):
        self.pids, self.tracer, self.folder = pids, tracer, folder
        self.idle_files = self.files()

    def files(self):
        return sum(open_files(pid) for pid in self.pids)

    def wait_until_idle(self):
        """What a worker puts off and does when a connection is open, or has ended, is the connection's too."""
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
        """Gives what is counted, by name and as "all"."""
        counted, result = count(command, self.pids, self.tracer, self.folder)
        if not result["flawless"]:
            raise RuntimeError("deliveries were incomplete")
        self.wait_until_empty()
        return {name: number / result["deliveries"] for name, number in counted.items()}

    def per_connection(self, connections, command):
        """Of a command that opens so many and sends nothing. Gives what is counted for an opening, and for an end."""
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
