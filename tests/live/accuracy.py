"""`make accuracy`: root causes right of how many, and false alarms over healthy stacks, per family and rung.

Counts what netdoctor said of every case of every scenario. "unclear" is an honest "could not be checked"; a wrong or
missing cause, and any failure on a healthy stack, are counted against it.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

from tests.live.asking import ask, causes
from tests.live.lab import RUNGS, Lab
from tests.live.table import SCENARIOS


def main() -> None:
    tally: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    engine = ""
    for slug, scenario in sorted(SCENARIOS.items()):
        lab = Lab(slug)
        lab.remove()
        try:
            for case in scenario.build(lab):
                for rung in RUNGS:
                    diagnosis = ask(case, rung).diagnosis
                    engine = f"{diagnosis.engine.name} {diagnosis.engine.version}"
                    found, expected = causes(diagnosis), tuple(sorted(case.finds))
                    count = tally[scenario.family, rung]
                    if not expected:
                        count["healthy"] += 1
                        count["alarms"] += bool(found)
                        continue
                    count["sick"] += 1
                    kind = (
                        "right"
                        if found == expected
                        else "unclear"
                        if not found and diagnosis.verdict == "unclear"
                        else "wrong"
                    )
                    count[kind] += 1
                    if kind == "wrong":
                        print(
                            f"wrong: {case.name} on {rung}: {found or diagnosis.verdict}, not {expected}",
                            file=sys.stderr,
                        )
        finally:
            lab.remove()
    print(f"Measured on {engine}.\n")
    print("| family | rung | root cause right | could not see | wrong | false alarms |")
    print("|---|---|---:|---:|---:|---:|")
    for (family, rung), count in sorted(tally.items(), key=lambda item: (item[0][0], RUNGS.index(item[0][1]))):
        print(
            f"| {family} | {rung} | {count['right']} of {count['sick']} | {count['unclear']} | {count['wrong']} "
            f"| {count['alarms']} of {count['healthy']} |"
        )
    for rung in RUNGS:
        total = sum((count for (_, asked), count in tally.items() if asked == rung), Counter[str]())
        print(
            f"| **all** | **{rung}** | **{total['right']} of {total['sick']}** | {total['unclear']} | {total['wrong']} "
            f"| **{total['alarms']} of {total['healthy']}** |"
        )


if __name__ == "__main__":
    main()
