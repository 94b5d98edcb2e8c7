"""Is there a network that both are on?

What is asked
    The networks of the two containers, by ID; whether one of them is on the host's network or on none; where no
    container here bears the name, whether another engine of this user has one that does.

Healthy
    They share a network, or a network namespace (container: mode, both on the host's network). Another way that works
    is healthy too: a published port of the host, an entry in extra_hosts, the address of a container asked from the
    host's network.

Sick
    no-common-network  Each is on networks of its own: two Compose projects, a service with a networks: list (which
                       takes it off the default one), docker run without --network.
    default-and-own    One is only on the default bridge, the other only on user-defined networks.
    no-network         Network mode none, or disconnected from all.
    host-network       One is in the host's namespace, where names and addresses of networks mean nothing: from there
                       the other is a published port of 127.0.0.1, and it is itself the host (host.docker.internal).
    other-engine       The name is known on another engine only (another context, a rootless engine, Docker Desktop).

Remedy
    Let one join a network of the other, in the Compose file where it has one. The host's network cannot be joined to
    others: use the address that does apply.

By hand
    docker inspect --format '{{json .NetworkSettings.Networks}}' api postgres
    docker inspect --format '{{.HostConfig.NetworkMode}}' api postgres
    docker context ls

See also
    network.default-bridge, network.exists, dns.resolves, address.host
    https://docs.docker.com/engine/network/
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskLookup,
    AskOtherEngines,
    Container,
    Finding,
    Link,
    OtherEngines,
    Reason,
    Remedy,
    Stack,
    check,
    fail,
    is_address,
    is_loopback,
    passed,
    skip,
)

from . import hosts
from .joining import connect, share, verify
from .places import found, has_names, in_words, literals, lonely, lost_donor, means_host, networks, on_host


@check(
    id="network.shared",
    title="{source} and {target} share a network",
    reasons=(
        Reason("no-common-network", "each on networks of its own"),
        Reason("default-and-own", "one only on the default bridge, the other only on user-defined networks"),
        Reason("no-network", "network mode none, or disconnected from all"),
        Reason("host-network", "one in the host's namespace, where names and container addresses do not apply"),
        Reason("other-engine", "the name is known on another engine only"),
    ),
    needs=(AskConnection, AskLookup, AskOtherEngines),
    hop="network",
)
def shared(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
