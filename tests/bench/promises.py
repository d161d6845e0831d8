"""What the project promises about its speed, and whether this run keeps it.

Story   A promise is a bound on a ratio, so it means the same on another machine. Besides redis-bridge with its
        default frames (JSON objects over WebSocket), bridge-raw is held to the promises: its frames are bare payloads,
        like the floor's and nchan's.
"""

SUBJECTS = {"sse": ("bridge",), "ws": ("bridge", "bridge-raw")}


class Promise:
    """One line of the table. `measured` is `server`'s figure divided by `other`'s; None if one was not measured."""

    def __init__(self, words, case, server, other, measured, bound, at_least=False, beside=""):
        self.words, self.case, self.server, self.other, self.measured = words, case, server, other, measured
        self.bound, self.at_least, self.beside = bound, at_least, beside

    def is_kept(self):
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def bound_text(self):
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}×"


def all_promises(results):
    """Return the promises for which at least redis-bridge's figure was measured."""
    lines = [line for wire in SUBJECTS for server in SUBJECTS[wire] for line in lines_of(results, wire, server)]
    return [line for line in lines if results.of(line.case, line.server)]


def lines_of(results, wire, server):
    """Yield all promises about one server on one wire."""
    def line(words, shape, other, figure, bound, **more):
        case = f"{wire}-{shape}"
        return Promise(words, case, server, other, results.ratio(case, server, other, figure), bound, **more)

    cpu, speed = "cpu_us_per_delivery", "deliveries_per_s"
    yield line("CPU per delivery, one at a time, relative to the floor", "1x1000-one-100", "floor", cpu, 1.15)
    yield line("CPU per delivery, one at a time, relative to nchan", "1x1000-one-100", "nchan-memory", cpu,
               0.7 if wire == "sse" else 0.9)
    yield line("deliveries per second, burst, relative to the floor", "1x1000-burst-100", "floor", speed, 0.5,
               at_least=True)
    yield line("deliveries per second, burst, relative to nchan", "1x1000-burst-100", "nchan-memory", speed, 10,
               at_least=True)
    yield line("CPU per delivery, 1000 channels, relative to the floor", "1000x10-one-100", "floor", cpu, 1.25,
               beside=recorder_beside(results, f"{wire}-1000x10-one-100", server))
    for share in ("p50", "p99"):
        yield line(f"{share} at 50 messages a second, relative to nchan", "1x1000-paced50-100", "nchan-memory",
                   f"{share}_us", 1)
    large, small = f"{wire}-1x10000-one-100", f"{wire}-1x1000-one-100"
    floors = results.ratio(large, "floor", "floor", cpu, small)
    yield Promise("CPU per delivery with 10,000 subscribers, relative to 1000", large, server, server,
                  results.ratio(large, server, server, cpu, small), 1.15,
                  beside=f"the floor's ratio: {floors:.2f}×" if floors else "")


def recorder_beside(results, case, server):
    cost = results.median(case, server, "recorder_us_per_message")
    return f"plus the recorder: {cost:.0f} µs per message" if cost is not None else ""
