"""What the project promises of its speed, and whether this run keeps it.

Story   A promise is a bound on a ratio, so it means the same on another machine. Beside redis-bridge as it is
        (WebSocket frames that are JSON objects) stands bridge-raw, whose frames are payloads as the floor's and nchan's
        are.
"""

SUBJECTS = {"sse": ("bridge",), "ws": ("bridge", "bridge-raw")}


class Promise:
    """One line of the table: what is measured of `server` by the same of `other`, None where one of them was not."""

    def __init__(self, words, case, server, other, measured, bound, at_least=False, beside=""):
        self.words, self.case, self.server, self.other, self.measured = words, case, server, other, measured
        self.bound, self.at_least, self.beside = bound, at_least, beside

    def is_kept(self):
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def bound_text(self):
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}×"


def all_promises(results):
    """Those of which at least our side was measured."""
    lines = [line for wire in SUBJECTS for server in SUBJECTS[wire] for line in lines_of(results, wire, server)]
    return [line for line in lines if results.of(line.case, line.server)]


def lines_of(results, wire, server):
    """Everything that is promised of one server on one wire."""
    def line(words, shape, other, figure, bound, **more):
        case = f"{wire}-{shape}"
        return Promise(words, case, server, other, results.ratio(case, server, other, figure), bound, **more)

    cpu, speed = "cpu_us_per_delivery", "deliveries_per_s"
    yield line("CPU per delivery, one at a time, by the floor's", "1x1000-one-100", "floor", cpu, 1.15)
    yield line("CPU per delivery, one at a time, by nchan's", "1x1000-one-100", "nchan-memory", cpu,
               0.7 if wire == "sse" else 0.9)
    yield line("deliveries per second, burst, by the floor's", "1x1000-burst-100", "floor", speed, 0.5, at_least=True)
    yield line("deliveries per second, burst, by nchan's", "1x1000-burst-100", "nchan-memory", speed, 10, at_least=True)
    yield line("CPU per delivery, 1000 channels, by the floor's", "1000x10-one-100", "floor", cpu, 1.25,
               beside=recorder_beside(results, f"{wire}-1000x10-one-100", server))
    for share in ("p50", "p99"):
        yield line(f"{share} at 50 messages a second, by nchan's", "1x1000-paced50-100", "nchan-memory",
                   f"{share}_us", 1)
    large, small = f"{wire}-1x10000-one-100", f"{wire}-1x1000-one-100"
    floors = results.ratio(large, "floor", "floor", cpu, small)
    yield Promise("CPU per delivery with 10,000, by that with 1000", large, server, server,
                  results.ratio(large, server, server, cpu, small), 1.15,
                  beside=f"the floor's own: {floors:.2f}×" if floors else "")


def recorder_beside(results, case, server):
    cost = results.median(case, server, "recorder_us_per_message")
    return f"the recorder besides: {cost:.0f} µs per message" if cost is not None else ""
