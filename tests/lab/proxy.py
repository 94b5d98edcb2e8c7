"""proxy.py NAMESPACE PORT MIRROR: an HTTP proxy for containers whose network namespace leads nowhere.

It listens on 127.0.0.1 of that namespace and fetches, from this one, what lies below MIRROR and nothing else. So an
image can be built from Debian's packages without a bridge, a route or a rule on this machine.
"""

from __future__ import annotations

import ctypes
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

CLONE_NEWNET = 0x40000000


def enter(namespace: Path) -> None:
    """Put this thread into a network namespace."""
    with namespace.open() as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def handler(mirror: str) -> type[BaseHTTPRequestHandler]:
    _, _, below = mirror.rstrip("/").partition("://")

    class Fetch(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix(f"http://{below}/")
            if path == self.path:
                self.send_error(403, "not the mirror")
                return
            try:
                answer = urlopen(f"{mirror.rstrip('/')}/{path}", timeout=60)
            except HTTPError as error:
                answer = error
            except OSError as error:
                self.send_error(502, str(error))
                return
            with answer:
                body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Fetch


def main() -> None:
    namespace, port, mirror = sys.argv[1:]
    with Path("/proc/thread-self/ns/net").open() as ours:
        enter(Path(namespace))
        # A socket belongs to the namespace in which it was made, wherever it is used.
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler(mirror))
        enter(Path(f"/proc/self/fd/{ours.fileno()}"))
    server.serve_forever()


if __name__ == "__main__":
    main()
