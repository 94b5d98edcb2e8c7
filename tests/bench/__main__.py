"""`make bench`: netdoctor against the chapter's checklist typed as a script, alternating, in one run.

The netdoctor that is measured is named on the command line: one that tests/bench/install has put into an environment of
its own from a wheel, as users have it. (The developers' own is editable, and finds its modules by a slower way.)

The machine's noise hits both alike, so the ratio of the medians is what counts, not the milliseconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.live.lab import Lab

RUNS = 15
GOAL = 0.8
SHORT_GOAL_MS = 100


def checklist(lab: Lab) -> str:
    """The five commands of the chapter: same network? name resolves? port reachable? really listening, and where?"""
    api, postgres = lab.name("api"), lab.name("postgres")
    return f"""
docker inspect {api} {postgres}
docker network inspect {lab.name("net")}
docker exec {api} nslookup {postgres}
docker exec {api} nc -w 2 {lab.address("postgres")} 5432 -e true
docker exec {postgres} sh -c 'cat /proc/net/tcp /proc/net/tcp6'
"""


def once(argv: Sequence[str], wanted: int = 0) -> float:
    """Milliseconds that the command takes; a wrong exit code ends the benchmark, since it would measure nothing."""
    started = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    took = (time.perf_counter() - started) * 1000
    if done.returncode != wanted:
        sys.exit(f"{' '.join(argv)}: exit code {done.returncode}, not {wanted}\n{done.stdout}{done.stderr}")
    return took


def main(netdoctor: str) -> None:
    lab = Lab("bench")
    lab.remove()
    try:
        lab.network("net")
        lab.run("postgres", ["postgres"], image="postgres:15", network="net", options=["-e", "POSTGRES_PASSWORD=bench"])
        lab.run("api", network="net")
        lab.listens("postgres", 5432)
        lab.connects("api", "postgres", 5432)
        script = ["bash", "-e", "-c", checklist(lab)]
        doctor = [netdoctor, lab.name("api"), lab.name("postgres")]
        once(script), once(doctor)  # warm caches
        pairs = [(once(script), once(doctor)) for _ in range(RUNS)]
    finally:
        lab.remove()
    by_hand, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    short = [[once([netdoctor, option]) for option in ("--help", "--version")] for _ in range(RUNS)]
    helps, version = (statistics.median(column) for column in zip(*short, strict=True))
    print(f"the checklist, five docker commands   {by_hand:6.0f} ms (median of {RUNS}, alternating)")
    print(f"netdoctor api postgres                {ours:6.0f} ms")
    print(f"ratio                                 {ours / by_hand:6.2f}    (goal: at most {GOAL})")
    print(f"netdoctor --help                      {helps:6.0f} ms (goal: under {SHORT_GOAL_MS})")
    print(f"netdoctor --version                   {version:6.0f} ms (goal: under {SHORT_GOAL_MS})")


if __name__ == "__main__":
    main(*sys.argv[1:])
