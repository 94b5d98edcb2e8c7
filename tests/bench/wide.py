"""A part of `make bench`: the whole stack of 300 containers with 299 links, healthy, with nothing typed.

Ten servers in a row, each asking the one before, and 290 clients of theirs: 299 links that environment variables tell.
Starting 300 containers takes about a minute, measuring them seconds: `--keep` keeps them for the next time.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.live.lab import Lab

CONTAINERS = 300
SERVERS = 10
RUNS = 5
SECONDS, MEBIBYTES = 3.0, 150
PORT = 8080


def build(lab: Lab) -> None:
    """The stack, as one Compose project."""
    lab.network("default", "--subnet", "10.199.0.0/22")
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(_container, lab, number) for number in range(CONTAINERS)]:
            done.result()
    for number in range(SERVERS):
        lab.listens(f"s{number}-1", PORT)


def _container(lab: Lab, number: int) -> None:
    server = number < SERVERS
    asked = number - 1 if server else number % SERVERS
    told = [] if number == 0 else ["-e", f"UPSTREAM_URL=http://s{asked}:{PORT}/"]
    command = ["labsrv", "http", "0.0.0.0", str(PORT)] if server else ["sleep", "3600"]
    lab.service("", f"s{number}", command, network="default", options=told)


def measured(netdoctor: str, project: str) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of one run, which must find all links and call them healthy."""
    argv = [netdoctor, "--project", project, "-f", "json"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as run:
        out, err = run.communicate()
    took = time.perf_counter() - started
    if run.returncode != 0:
        sys.exit(f"netdoctor ended with {run.returncode}\n{out.decode()[:4000]}\n{err.decode()}")
    report = json.loads(out)
    links = [link for link in report["links"] if link["works"]]
    if len(links) != CONTAINERS - 1 or report["verdict"] != "healthy":
        sys.exit(f"{len(links)} links work, and the verdict is {report['verdict']}")
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main(netdoctor: str, *options: str) -> None:
    lab = Lab("wide")
    keep = "--keep" in options
    if not (keep and lab.docker("ps", "-q", "--filter", "label=netdoctor.scenario=wide").stdout.strip()):
        lab.remove()
        build(lab)
    try:
        measured(netdoctor, lab.slug)  # warm caches, bytecode
        runs = [measured(netdoctor, lab.slug) for _ in range(RUNS)]
    finally:
        if not keep:
            lab.remove()
    seconds, memory = statistics.median(s for s, _ in runs), max(m for _, m in runs)
    goal = f"median of {RUNS}; goal: under {SECONDS:.0f} s"
    print(f"{CONTAINERS} containers, {CONTAINERS - 1} links: {seconds:.2f} s ({goal})")
    print(f"peak memory: {memory:.0f} MiB (goal: under {MEBIBYTES} MiB)")


if __name__ == "__main__":
    main(*sys.argv[1:])
