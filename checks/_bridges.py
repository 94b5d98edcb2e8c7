"""The interfaces that networks have on the host."""

from __future__ import annotations

from netdoctor.api import Network


def interface(network: Network) -> str:
    """The name of a bridge network's interface on the host.

    https://docs.docker.com/engine/network/drivers/bridge/#options
    """
    usual = "docker0" if network.name == "bridge" else f"br-{network.id[:12]}"
    return network.options.get("com.docker.network.bridge.name") or usual
