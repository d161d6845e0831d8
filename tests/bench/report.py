"""The page: tables in Markdown, and the plots.

Story   First the project's promises, then the main figures, then all of them. Every number is a median of values in
        results.json; figures of deliveries are marked if a trial behind them was incomplete.
"""

import plot
from promises import all_promises
from tracing import KINDS

PAIRS = [(ours, theirs) for ours in ("bridge", "bridge-raw") for theirs in ("floor", "nchan-memory", "nchan-redis")]


def write(results, folder):
    """Write results.md and the plots to a folder. Return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in plot.PLOTS:  # a plot of an earlier run would mislead if this one has no figures for it
        (folder / f"{name}.svg").unlink(missing_ok=True)
    plots = plot.all_plots(results)
    for name, (_, drawing) in plots.items():
        (folder / f"{name}.svg").write_text(drawing)
    page = markdown(results, {name: title for name, (title, _) in plots.items()})
    (folder / "results.md").write_text(page)
    return page


def markdown(results, plots):
    def picture(name):
        return f"![{plots[name]}]({name}.svg)\n" if name in plots else ""

    bursts = [case for case in results.cases if case.mode == "burst"]
    parts = [heading(results), promises_table(results), picture("cpu"),
             overview(results, results.cases, "cpu_us_per_delivery", three, "Server CPU per delivery, µs"),
             picture("throughput"),
             overview(results, bursts, "deliveries_per_s", rate, "Deliveries per second, as fast as possible"),
             picture("latency"), picture("memory"), memory_table(results), hops_table(results),
             system_calls_table(results), details(results), failures(results)]
    return "\n".join(part for part in parts if part)


# --- cells ---------------------------------------------------------------------------------------------------------


def text(value, pattern="{:.2f}"):
    return "–" if value is None else pattern.format(value)


def three(value):
    return text(value, "{:.3f}")


def times(value):
    return text(value, "{:.2f}×")


def rate(value):
    if value is None:
        return "–"
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.1f} k"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


# --- parts ---------------------------------------------------------------------------------------------------------


def heading(results):
    host = results.machine
    calibrations = "; ".join(
        f"system call {c['syscall_ns']:.0f} ns, loopback send and receive {c['loopback_ns'] / 1e3:.1f} µs, "
        f"{c['stolen']:.0%} of the time stolen" for c in host["calibrations"])
    parts = [f"# Benchmark of {host['date']}\n",
             f"{host['cpu']}, {host['cores']} cores, {host['memory_gib']} GiB, {host['system']}, Linux "
             f"{host['kernel']}. Server on core {host['server_core']} (recorder on {host['recorder_core']}), "
             f"generator and Redis on core {host['load_core']}. {host['rounds']} round(s) of {host['seconds']} s each, "
             "medians.\n",
             f"Before each round, on the server's core: {calibrations}.\n",
             "\n".join(f"- {name}: {version}" for name, version in host["versions"].items()) + "\n"]
    return "\n".join(parts + [f"Not measured: {name}: {why}\n" for name, why in results.skipped.items()])


def promises_table(results):
    rows = []
    for promise in all_promises(results):
        kept = "not measured" if promise.measured is None else "kept" if promise.is_kept() else "**not kept**"
        flaw = "" if all(results.is_flawless(promise.case, side) for side in (promise.server, promise.other)) else " †"
        rows.append([promise.words, f"`{promise.case}`", results.labels[promise.server], promise.bound_text(),
                     times(promise.measured) + flaw, kept, promise.beside])
    head = ["promise", "case", "server", "bound", "measured", "kept?", "note"]
    return "## Promises\n\n" + table(head, rows) if rows else ""


def overview(results, cases, figure, show, title):
    """One line per case and one column per server; then redis-bridge's ratios to the floor and nchan."""
    if not cases:
        return ""
    pairs = [(a, b) for a, b in PAIRS if a in results.labels and b in results.labels]
    rows, ratios = [], []
    for case in cases:
        cells = [show(results.median(case.name, name, figure)) +
                 ("" if results.is_flawless(case.name, name) else " †") for name in results.labels]
        rows.append([f"`{case.name}`"] + cells)
        ratios.append([f"`{case.name}`"] + [times(results.ratio(case.name, a, b, figure)) for a, b in pairs])
    parts = [f"## {title}\n", table(["case"] + list(results.labels.values()), rows)]
    if any("†" in cell for row in rows for cell in row):
        parts.append("† incomplete, see the remarks below\n")
    if pairs:
        parts.append(table(["case"] + [f"{a} / {b}" for a, b in pairs], ratios))
    return "\n".join(parts)


def memory_table(results):
    rows = []
    for wire in ("sse", "ws"):
        cases = results.largest(wire)
        for name, label in results.labels.items():
            idle, after = (results.memory(cases, name, f"{when}_kib_per_connection") for when in ("idle", "after"))
            if idle is not None and cases[0].total >= 1000:
                rows.append([wire.upper(), f"{cases[0].total:,}", label, f"{idle:.2f}", f"{after:.2f}"])
    head = ["wire", "connections", "server", "all idle", "after the messages"]
    return "## Resident memory per connection, KiB\n\n" + table(head, rows) if rows else ""


def hops_table(results):
    """The median over the rounds, for each percentile."""
    rows = []
    for title, found in results.hops_by_title().items():
        if not found:
            rows.append([title] + ["–"] * 3)
            continue
        middle = {figure: results.middle(found, figure) for figure in ("p50_us", "p99_us", "messages")}
        rows.append([title, f"{middle['p50_us']:.0f}", f"{middle['p99_us']:.0f}", f"{middle['messages']:.0f}"])
    return ("## Hops: time from just before the publish, one subscriber, 50 messages a second\n\n" +
            table(["to", "p50 µs", "p99 µs", "messages"], rows)) if rows else ""


def system_calls_table(results):
    rows, tools = [], set()
    for case in results.cases:
        for name, label in results.labels.items():
            calls = results.system_calls(case.name, name)
            if calls:
                tools.add(calls["tool"])
                rows.append([f"`{case.name}`", label] + [f"{calls[kind] / calls['deliveries']:.3f}"
                                                         for kind in ("all", *KINDS)])
    if not rows:
        return ""
    return (f"## System calls of the server per delivery (counted with {' and '.join(sorted(tools))})\n\n" +
            table(["case", "server", "all", *KINDS], rows))


def details(results):
    head = ["case", "server", "server µs/delivery", "deliveries/s", "server busy", "p50 µs", "p99 µs", "p99.9 µs",
            "recorder µs/message", "Redis µs/message", "others, cores", "remarks"]
    rows = []
    for case in results.cases:
        for name, label in results.labels.items():
            if not results.of(case.name, name):
                continue

            def get(figure, pattern):
                return text(results.median(case.name, name, figure), pattern)

            rows.append([f"`{case.name}`", label, get("cpu_us_per_delivery", "{:.3f}"),
                         rate(results.median(case.name, name, "deliveries_per_s")), get("server_busy", "{:.0%}")] +
                        [get(figure, "{:.0f}") for figure in ("p50_us", "p99_us", "p999_us")] +
                        [get(f"{group}_us_per_message", "{:.1f}") for group in ("recorder", "redis")] +
                        [get("foreign_cores", "{:.2f}"), results.flaws(case.name, name)])
    return "## All figures (medians)\n\n" + table(head, rows)


def failures(results):
    lines = [f"- `{t['case']}` {t['server']}, round {t['round']}: {' '.join(t['error'].split())[:300]}"
             for t in results.failed]
    return "## Trials that failed\n\n" + "\n".join(lines) + "\n" if lines else ""
