"""What the configuration alone proves, where nobody could see the rules."""

from __future__ import annotations

from netdoctor.api import Attempt, Container, Endpoint, Link, Stack, is_address

from ._blame import is_closed

_OPEN_MODES = ("routed", "nat-unprotected")


def kept_apart(stack: Stack, link: Link, attempt: Attempt | None) -> str:
    """The reason for which the engine itself lets nothing through to the address, "" where nothing proves one.

    `attempt` is what came of the connection, None where nobody could try it: then the address itself has to tell.
    """
    source, target = stack.source(link), stack.target(link)
    address = attempt.address if attempt is not None else link.address.strip("[]")
    if target is None or stack.engine.name != "docker" or stack.namespace_owner(source).on_host_network:
        return ""
    if stack.same_namespace(source, target):
        return ""
    shared = stack.shared_networks(source, target)
    if not is_address(address):  # a name, and nobody knows what it means: it has to be so for all that it can mean
        return "inter-container-off" if shared and all(_closed(stack, source, target, e) for e in shared) else ""
    end = next((e for e in stack.endpoints(target) if address in e.addresses), None)
    if end is None:
        return ""
    if any(e.network_id == end.network_id for e in shared):
        return "inter-container-off" if _closed(stack, source, target, end) else ""
    return "bridges-isolated" if _isolated(stack, end) else ""


def _closed(stack: Stack, source: Container, target: Container, end: Endpoint) -> bool:
    network = stack.network(end.network_id)
    linked = any(entry.partition(":")[0].lstrip("/") == target.name for entry in source.links)
    return network is not None and network.driver == "bridge" and is_closed(network) and not linked


def _isolated(stack: Stack, end: Endpoint) -> bool:
    """Whether the endpoint is on a bridge that lets in nothing from other bridges.

    https://docs.docker.com/engine/network/packet-filtering-firewalls/#direct-routing
    """
    network = stack.network(end.network_id)
    if network is None or network.driver != "bridge":
        return False
    mode = network.options.get("com.docker.network.bridge.gateway_mode_ipv4", "")
    return mode not in _OPEN_MODES and "com.docker.network.bridge.trusted_host_interfaces" not in network.options
