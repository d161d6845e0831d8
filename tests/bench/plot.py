"""The plots, as SVG: horizontal bars, a group for each case, a bar for each server, its value beside it.

Story   A bar has one or more values, the largest last: percentiles are drawn over one another, the smallest darkest.
        All groups of a plot share one scale; it is logarithmic if the values are too far apart for a linear one.
        Colours follow the reader's light or dark mode, on the plot's own background, so that it suits any page.
"""

import math
from html import escape

WIDTH, MARGIN = 900, 20
NAMES_END = 210  # server names end here, bars begin a little to the right
BARS_START, BARS_END = 220, 700
BAR, ROW, GROUP_HEAD, GROUP_GAP = 13, 20, 26, 10
HEAD, FOOT, REMARK = 74, 36, 24
TICK_APART = 58
LOGARITHMIC_FROM = 15  # the scale is logarithmic if the largest value is more than this many times the smallest

STYLE = """
svg { --ground: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d8dee4;
      --floor: #8c959f; --bridge: #0b6bcb; --bridge-raw: #5aa2e6; --nchan-memory: #8250df; --nchan-redis: #b58cf0;
      --webdis: #c2541b; --node: #2d8a43; --socketio: #b58407; --other: #6e7781; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #2b323b;
        --floor: #8b949e; --bridge: #4493f8; --bridge-raw: #2f6fbf; --nchan-memory: #a778f5; --nchan-redis: #7349b8;
        --webdis: #e0713a; --node: #3fb950; --socketio: #d6a018; --other: #8b949e; } }
text { font: 13px system-ui, sans-serif; fill: var(--text); }
.title { font-size: 17px; font-weight: 600; }
.quiet, .tick { fill: var(--quiet); font-size: 12px; }
.group, .ours { font-weight: 600; }
.value { font-size: 12px; }
.group, .value { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; }
.name { text-anchor: end; }
.tick { text-anchor: middle; }
line { stroke: var(--line); }
""".strip()
COLOURS = ("floor", "bridge", "bridge-raw", "nchan-memory", "nchan-redis", "webdis", "node", "socketio")


class Bar:
    """`values` are in ascending order; `words` are written beside the bar."""

    def __init__(self, server, label, values, words):
        self.server, self.label, self.values, self.words = server, label, values, words


# --- scale ---------------------------------------------------------------------------------------------------------


class Scale:
    """Maps values to x coordinates, and has the ticks for which there is room."""

    def __init__(self, values):
        smallest, largest = min(values), max(values)
        self.logarithmic = largest / smallest > LOGARITHMIC_FROM
        if self.logarithmic:
            self.low, self.high = math.log10(smallest / 2), math.log10(largest)  # so the smallest bar has a length
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            for digits in ((1, 2, 5), (1, 3), (1,)):
                ticks = self.inside(float(f"{digit}e{decade}") for decade in decades for digit in digits)
                if self.has_room(ticks):
                    break
        else:
            self.low, self.high = 0, largest
            power = 10 ** math.floor(math.log10(largest))
            step = next(power * part for part in (0.1, 0.2, 0.5, 1, 2) if largest / (power * part) <= 8)
            ticks = [step * number for number in range(int(largest / step) + 1)]
        self.ticks = ticks

    def inside(self, ticks):
        return [tick for tick in ticks if self.low <= math.log10(tick) <= self.high + 0.001]

    def has_room(self, ticks):
        places = [self.x(tick) for tick in ticks]
        return all(right - left >= TICK_APART for left, right in zip(places, places[1:]))

    def x(self, value):
        place = ((math.log10(value) if self.logarithmic else value) - self.low) / (self.high - self.low)
        return BARS_START + max(0, place) * (BARS_END - BARS_START)


# --- drawing -------------------------------------------------------------------------------------------------------


def draw(title, note, show_tick, groups, remark=""):
    """`groups`: heading -> bars. Return the SVG."""
    scale = Scale([value for bars in groups.values() for bar in bars for value in bar.values])
    end = HEAD + sum(GROUP_HEAD + ROW * len(bars) + GROUP_GAP for bars in groups.values())
    height = end + FOOT + (REMARK if remark else 0)
    note += ". Logarithmic scale" if scale.logarithmic else ""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" role="img" aria-label="{escape(title)}">', f"<style>\n{STYLE}\n</style>",
             f'<rect width="{WIDTH}" height="{height}" rx="6" style="fill: var(--ground)"/>',
             label(MARGIN, 32, "title", title), label(MARGIN, 54, "quiet", note + ".")]
    for tick in scale.ticks:
        x = scale.x(tick)
        parts += [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD}" y2="{end}"/>',
                  label(x, end + 18, "tick", show_tick(tick))]
    y = HEAD
    for heading, bars in groups.items():
        parts += draw_group(heading, bars, y, scale)
        y += GROUP_HEAD + ROW * len(bars) + GROUP_GAP
    parts.append(label(MARGIN, height - 14, "quiet", remark))
    return "\n".join(part for part in parts + ["</svg>"] if part) + "\n"


def draw_group(heading, bars, y, scale):
    parts = [label(MARGIN, y + 17, "group", heading)]
    for number, bar in enumerate(bars):
        top = y + GROUP_HEAD + number * ROW
        colour = bar.server if bar.server in COLOURS else "other"
        ours = " ours" if bar.server.startswith("bridge") else ""
        parts.append(label(NAMES_END, top + 11, "name" + ours, bar.label))
        for depth, value in enumerate(reversed(bar.values)):
            opacity = (depth + 1) / len(bar.values)
            parts.append(f'<rect x="{BARS_START}" y="{top}" width="{max(1, scale.x(value) - BARS_START):.1f}" '
                         f'height="{BAR}" rx="2" style="fill: var(--{colour})" opacity="{opacity:.2f}"/>')
        parts.append(label(scale.x(bar.values[-1]) + 8, top + 11, "value" + ours, bar.words))
    return parts


def label(x, y, kind, words):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>' if words else ""


# --- the four plots: each returns title, note, how to write ticks, and groups --------------------------------------


def remark_on(groups):
    flawed = any("†" in bar.words for bars in groups.values() for bar in bars)
    return "† incomplete: messages were lost, out of order or never arrived" if flawed else ""


def bars_of(results, case, figures, words):
    """Return a bar for each server that has all of the figures."""
    bars = []
    for name, server_label in results.labels.items():
        values = [results.median(case.name, name, figure) for figure in figures]
        if all(values):
            dagger = "" if results.is_flawless(case.name, name) else " †"
            bars.append(Bar(name, server_label, values, words(*values) + dagger))
    return bars


def groups_of(results, mode, figures, words):
    groups = {case.title(): bars_of(results, case, figures, words) for case in results.cases if case.mode == mode}
    return {heading: bars for heading, bars in groups.items() if bars}


def cpu(results):
    groups = groups_of(results, "one", ["cpu_us_per_delivery"], lambda us: f"{us:.1f} µs")
    return "CPU per delivery", "Server, one message at a time; less is better", lambda us: f"{us:g} µs", groups


def throughput(results):
    groups = groups_of(results, "burst", ["deliveries_per_s"], count)
    return "Deliveries per second", "As fast as possible, one core; more is better", count, groups


def latency(results):
    groups = groups_of(results, "paced", ["p50_us", "p99_us", "p999_us"],
                       lambda *values: " / ".join(milliseconds(value) for value in values) + " ms")
    return ("From publish to receipt", "p50 (dark), p99, p99.9 (light), of all browsers; less is better",
            lambda us: f"{us / 1e3:g} ms", groups)


def memory(results):
    groups = {}
    for wire in ("sse", "ws"):
        cases, figure = results.largest(wire), "idle_kib_per_connection"
        bars = [Bar(name, server_label, [kib], f"{kib:.1f} KiB") for name, server_label in results.labels.items()
                if (kib := results.memory(cases, name, figure)) and kib > 0]
        if bars and cases[0].total >= 1000:
            groups[f"{cases[0].title().split(',')[0]}, {cases[0].total:,} idle connections"] = bars
    return "Memory per connection", "Resident, of the server; less is better", lambda kib: f"{kib:g} KiB", groups


def count(number):
    return f"{number / 1e6:.3g} M" if number >= 1e6 else f"{number / 1e3:.3g} k"


def milliseconds(us):
    return f"{us / 1e3:.1f}" if us < 10000 else f"{us / 1e3:.0f}"


PLOTS = {"cpu": cpu, "throughput": throughput, "latency": latency, "memory": memory}


def all_plots(results):
    """Return name -> (title, SVG), for the plots that have figures."""
    found = {name: plot(results) for name, plot in PLOTS.items()}
    return {name: (title, draw(title, note, show_tick, groups, remark_on(groups)))
            for name, (title, note, show_tick, groups) in found.items() if groups}
