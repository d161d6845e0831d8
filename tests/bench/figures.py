"""The measured results, in the form that the page, the promises and the plots need.

Story   Figures are medians over rounds. A ratio is the median of the ratios of each round, since what disturbs a round
        affects both sides.
"""

import statistics

from cases import Case

FLAWS = ("lost", "missing", "doubled", "disordered", "damaged", "cut", "publish_errors")


class Results:
    """Reads results.json, which `run` writes, and from which `run --from` can write the page again."""

    def __init__(self, data):
        self.machine, self.skipped, self.hops = data["machine"], data["skipped"], data["hops"]
        self.labels = data["servers"]  # name -> label, in the order of columns
        self.cases = [Case.parse(name) for name in data["cases"]]
        self.failed = [t for t in data["trials"] if "error" in t]
        self.trials = [t for t in data["trials"] if "figures" in t]

    def of(self, case, server):
        return [t for t in self.trials if t["case"] == case and t["server"] == server]

    def median(self, case, server, figure):
        """Return None if it was not measured."""
        values = [t["figures"][figure] for t in self.of(case, server) if figure in t["figures"]]
        return statistics.median(values) if values else None

    def ratio(self, case, server, other, figure, other_case=None):
        """One server's figure divided by another's, in the same case or in `other_case`."""
        theirs = {t["round"]: t["figures"].get(figure) for t in self.of(other_case or case, other)}
        ratios = [t["figures"][figure] / theirs[t["round"]] for t in self.of(case, server)
                  if theirs.get(t["round"]) and figure in t["figures"]]
        return statistics.median(ratios) if ratios else None

    def system_calls(self, case, server):
        """Return those of the round in which they were counted, with "deliveries"; None if they were not."""
        counted = [t["system_calls"] for t in self.of(case, server) if "system_calls" in t]
        return counted[0] if counted and counted[0]["deliveries"] else None

    def is_flawless(self, case, server):
        return all(t["result"]["flawless"] for t in self.of(case, server))

    def flaws(self, case, server):
        """Return what went wrong, in words; an empty string if nothing did."""
        bad = [t["result"] for t in self.of(case, server) if not t["result"]["flawless"]]
        if not bad:
            return ""
        sums = {flaw: sum(result[flaw] for result in bad) for flaw in FLAWS}
        words = [f"{value:,} {flaw.replace('_', ' ').replace('disordered', 'out of order')}"
                 for flaw, value in sums.items() if value]
        if any(result["stalled"] for result in bad):
            words.append("deliveries stopped")
        return f"**{len(bad)} of {len(self.of(case, server))} incomplete**: " + ", ".join(words)

    def largest(self, wire):
        """Return the cases with the most subscribers on a wire, for which memory is reported."""
        most = max((case.total for case in self.cases if case.wire == wire), default=0)
        return [case for case in self.cases if case.wire == wire and case.total == most]

    def memory(self, cases, server, figure):
        values = [t["figures"][figure] for case in cases for t in self.of(case.name, server)]
        return statistics.median(values) if values else None

    def hops_by_title(self):
        """Return title -> the results of the rounds in which everything arrived."""
        titles = {hop["hop"]: [] for hop in self.hops}
        for hop in self.hops:
            if hop.get("flawless"):
                titles[hop["hop"]].append(hop)
        return titles

    @staticmethod
    def middle(found, figure):
        return statistics.median(each[figure] for each in found)
