"""The services of a swarm on its networks, as the engine tells them. Asked only where there are such networks.

`GET /networks/ID?verbose=true` tells any node which services are on an overlay network that it takes part in, with
their virtual addresses and all tasks; only a manager tells their aliases (`GET /services`).
https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkInspect
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from netdoctor.model import Container, Network, Service
from netdoctor.sources.docker_api import EngineAPI, EngineError

Json = Mapping[str, Any]


def with_services(
    api: EngineAPI, networks: tuple[Network, ...], containers: Iterable[Container]
) -> tuple[Network, ...]:
    """The networks, those of a swarm that containers here are on with their services."""
    used = {e.network_id for c in containers for e in c.endpoints}
    wanted = {n.id for n in networks if n.scope == "swarm" and not n.ingress and n.id in used}
    if not wanted:
        return networks
    specs = _get(api, "/services") or ()
    return tuple(
        msgspec.structs.replace(n, services=services(_get(api, f"/networks/{n.id}", verbose=True) or {}, specs))
        if n.id in wanted
        else n
        for n in networks
    )


def services(network: Json, specs: Iterable[Json]) -> tuple[Service, ...]:
    """The services of a network: from its verbose inspection, and from what a manager says of all services."""
    aliases = {s["Spec"]["Name"]: tuple(_aliases(s, network.get("Id", ""))) for s in specs}
    told = {s["Spec"]["Name"]: _virtual(s, network.get("Id", "")) for s in specs if _is_on(s, network.get("Id", ""))}
    found = network.get("Services") or {}
    names = [n for n in (*found, *(n for n in told if n not in found)) if n]  # "" holds the containers that are no task
    return tuple(_service(n, found.get(n) or {}, told.get(n, ""), aliases.get(n, ())) for n in names)


def _service(name: str, found: Json, told: str, aliases: tuple[str, ...]) -> Service:
    virtual = found.get("VIP") or ""
    return Service(
        name=name,
        virtual_address=told if virtual in ("", "<nil>") else virtual,
        aliases=aliases,
        tasks=tuple((t.get("Name") or "", t.get("EndpointIP") or "") for t in found.get("Tasks") or ()),
    )


def _attachments(spec: Json) -> list[Json]:
    return list((spec["Spec"].get("TaskTemplate") or {}).get("Networks") or spec["Spec"].get("Networks") or ())


def _is_on(spec: Json, network: str) -> bool:
    return any(a.get("Target") == network for a in _attachments(spec))


def _aliases(spec: Json, network: str) -> list[str]:
    return [alias for a in _attachments(spec) if a.get("Target") == network for alias in a.get("Aliases") or ()]


def _virtual(spec: Json, network: str) -> str:
    addresses = (spec.get("Endpoint") or {}).get("VirtualIPs") or ()
    return next((a["Addr"].partition("/")[0] for a in addresses if a.get("NetworkID") == network and a.get("Addr")), "")


def _get(api: EngineAPI, path: str, **query: object) -> Any | None:
    try:
        return api.get(path, **query)
    except EngineError:  # no manager, or no swarm any more
        return None
