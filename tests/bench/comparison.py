"""What the rounds of one aspect on one wire found, and their lines in the tables.

Story   A round is side -> row -> value. The sides are "base", "new", and with --control "again": the base once more.
"""

import math

from cases import WIRES

NOTABLE = 0.002  # report a system call that differs by more than this share of all calls

HEAD = ["", "base", "new", "new / base", "range of pairs"]


def readable(value):
    """Format with at least four significant digits."""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def head(options):
    cells = HEAD + ["base / base", "range of pairs"] * options.control
    return [line(cells), "|---" + "|---:" * (len(cells) - 1) + "|"]


class Comparison:
    def __init__(self, aspect, wire, rounds, options):
        self.aspect, self.wire, self.rounds, self.options = aspect, wire, rounds, options

    def pairs(self, row, side):
        """Return (base, side) of the rounds in which both were measured."""
        return [(found["base"].get(row, 0), found[side].get(row, 0)) for found in self.rounds
                if "base" in found and side in found]

    def is_complete(self):
        return all(self.pairs(None, side) for side in self.sides())

    def sides(self):
        return ["new"] + ["again"] * self.options.control

    def rows(self):
        """Return the rows of the table and those of single system calls, in the order in which they were found."""
        found = list(dict.fromkeys(row for sides in self.rounds for rows in sides.values() for row in rows))
        return [row for row in found if not row.call], [row for row in found if row.call]

    def value(self, row, side):
        at = 0 if side == "base" else 1
        return self.aspect.best(pair[at] for pair in self.pairs(row, "new" if side == "base" else side))

    def is_over(self, row):
        bound = self.aspect.bound(row.what, self.options)
        return bound is not None and self.aspect.ratio(self.pairs(row, "new")) > bound

    def ratio(self, row, side):
        """Return two cells: the ratio, and the range of the pairs' ratios."""
        pairs = self.pairs(row, side)
        each = sorted(new / base for base, new in pairs)
        words = f"{self.aspect.ratio(pairs):.3f}"
        over = side == "new" and self.is_over(row)
        return [f"**{words}**, over {self.aspect.bound(row.what, self.options)}" if over else words,
                f"{each[0]:.3f} – {each[-1]:.3f}"]

    def line(self, row):
        cells = [f"{self.aspect.title} per {row.what}, {WIRES[self.wire]}"]
        cells += [readable(self.value(row, side)) for side in ("base", "new")]
        return line(cells + [cell for side in self.sides() for cell in self.ratio(row, side)])

    def lines(self):
        return [self.line(row) for row in self.rows()[0]]

    def remarks(self):
        """Return a line for each system call that differs notably."""
        told = []
        for row in self.rows()[1]:
            base, new = self.value(row, "base"), self.value(row, "new")
            if abs(new - base) > NOTABLE * self.value(row._replace(call=""), "base"):
                told.append(f"- {row.call} per {row.what}, {WIRES[self.wire]}: {readable(base)} → {readable(new)}")
        return told
