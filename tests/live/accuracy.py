"""Root causes right of how many, and false alarms over healthy stacks, per family and rung: `make accuracy`.

The live tests note what netdoctor said of every case on every rung; this counts it. "could not see" is an honest
`unclear`; "in part" means one of two causes. A wrong cause, a sick stack called healthy, and any failure on a healthy
stack are counted against it.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

from netdoctor.diagnosis import Diagnosis
from tests.live.lab import RUNGS, Case

TALLY = "NETDOCTOR_TALLY"
"""The environment variable that names the file for the notes; without it none are taken."""


def note(family: str, case: Case, rung: str, diagnosis: Diagnosis, found: tuple[str, ...]) -> None:
    """One line for one case on one rung."""
    file = os.environ.get(TALLY)
    if not file:
        return
    expected = tuple(sorted(case.finds))
    if not expected:
        kind = "alarm" if found else "silent"
    elif found == expected:
        kind = "right"
    elif found and set(found) <= {*expected, *case.instead}:
        kind = "in part"
    else:
        unseen = diagnosis.verdict == "unclear" or rung in case.blind
        kind = "unclear" if not found and unseen else "wrong"
    engine = f"{diagnosis.engine.name} {diagnosis.engine.version}"
    line = json.dumps({"family": family, "rung": rung, "kind": kind, "engine": engine})
    with Path(file).open("a", encoding="utf-8") as notes:  # one short write: several test processes append to it
        notes.write(line + "\n")


def tables(lines: list[str]) -> str:
    """The notes as Markdown tables, one for each engine."""
    notes: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line in lines:
        entry = json.loads(line)
        notes[entry["engine"]].append(entry)
    return "\n\n".join(_table(engine, noted) for engine, noted in sorted(notes.items()))


def _table(engine: str, notes: list[dict[str, str]]) -> str:
    tally: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in notes:
        for family in (entry["family"], ""):
            tally[family, entry["rung"]][entry["kind"]] += 1
    rows = [
        f"Measured on {engine}.\n",
        "| family | rung | root causes right | in part | could not see | wrong | false alarms |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for (family, rung), count in sorted(tally.items(), key=lambda i: (i[0][0] == "", i[0][0], RUNGS.index(i[0][1]))):
        sick = count["right"] + count["in part"] + count["unclear"] + count["wrong"]
        healthy = count["alarm"] + count["silent"]
        rows.append(
            f"| {family or '**all**'} | {rung} "
            f"| {count['right']} of {sick} | {count['in part']} | {count['unclear']} | {count['wrong']} "
            f"| {count['alarm']} of {healthy} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(tables(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
