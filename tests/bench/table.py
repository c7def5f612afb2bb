"""Lines of the table."""

import statistics
from dataclasses import dataclass


@dataclass
class Row:
    """A line of the table. `met` is `None` where there is no goal."""

    id: str
    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    def cells(self):
        verdict = {True: "met", False: "missed", None: ""}[self.met]
        return [self.id, self.what, self.ours, self.peer, self.ratio, self.goal, verdict]


def median(figures, name):
    """The median of one figure over rounds."""
    return statistics.median(figure[name] for figure in figures)


def markdown(rows, where):
    """The table, and what it was measured on."""
    head = ["", "what", "ours", "beside", "ratio", "goal", ""]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{where}\n"
