"""The cases: a wire, channels and subscribers per channel, how messages are paced, and their size.

Story   A case's name contains all of it: sse-1x1000-paced50-100 is SSE, one channel with 1000 subscribers, 50 messages
        a second of 100 bytes each.
"""

import fnmatch
import sys

UNDER_WAY = 512 * 1024  # the most bytes in flight to each subscriber
WIRES = {"sse": "SSE", "ws": "WebSocket"}


class Case:
    """`mode` is "one", "burst", or "paced" followed by the messages per second."""

    def __init__(self, wire, channels, subscribers, mode, size):
        self.wire, self.channels, self.subscribers, self.size = wire, channels, subscribers, size
        self.name = f"{wire}-{channels}x{subscribers}-{mode}-{size}"
        self.rate = int(mode[len("paced"):]) if mode.startswith("paced") else None
        self.mode = "paced" if self.rate else mode
        self.total = channels * subscribers

    @staticmethod
    def parse(name):
        wire, shape, mode, size = name.split("-")
        channels, subscribers = shape.split("x")
        return Case(wire, int(channels), int(subscribers), mode, int(size))

    def title(self):
        """Return the heading in a plot. The plot itself states the mode, but not the rate."""
        listeners = f"{self.total:,} browsers" if self.total > 1 else "1 browser"
        spread = f"{listeners} on {self.channels:,} channels" if self.channels > 1 else listeners
        rate = f", {self.rate} messages a second" if self.rate else ""
        return f"{WIRES[self.wire]}, {spread}, {self.size:,} bytes{rate}"

    def arguments(self, server, seconds):
        """Return bench_load's arguments for this case."""
        return ["--wire", server.dialects.get(self.wire, self.wire), "--path", server.paths[self.wire],
                "--channels", self.channels, "--subscribers", self.subscribers, "--size", self.size,
                "--mode", self.mode, "--window", min(server.windows[self.wire], UNDER_WAY // self.size), "--rate", self.rate or 1,
                "--messages", 10000000, "--seconds", seconds, "--warm-up", 5 if self.total >= 10000 else 20,
                "--grace", 5]


def of_shapes(shapes):
    return [Case(wire, *shape) for shape in shapes for wire in WIRES]


DEFAULT = of_shapes([(1, 1000, "one", 100), (1, 1000, "burst", 100), (1, 1000, "paced50", 100),
                     (1, 1000, "paced100", 100), (1, 1000, "one", 4096), (1, 1000, "burst", 4096),
                     (1, 10000, "one", 100), (1, 10000, "burst", 100), (1000, 10, "one", 100),
                     (1000, 10, "burst", 100)])
QUICK = of_shapes([(1, 1000, "one", 100), (1, 1000, "burst", 100)])
FULL = of_shapes([(1, 1, "one", 100), (1, 1, "burst", 100)]) + DEFAULT


def choose(options):
    if options.cases:
        patterns = options.cases.split(",")
        chosen = [case for case in FULL if any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns)]
        if not chosen:
            sys.exit("run: no such case; available: " + " ".join(case.name for case in FULL))
        return chosen
    return QUICK if options.quick else FULL if options.full else DEFAULT
