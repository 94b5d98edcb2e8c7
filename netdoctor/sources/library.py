"""The engine through the docker library: TLS and Windows' named pipes. Imported only for those."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import docker
import docker.tls
import requests
import urllib3

from netdoctor.sources.endpoint import EndpointAddress
from netdoctor.sources.transport import Readable, Reply, Request, Streamed


class LibraryTransport:
    """A `Transport` over the docker library's APIClient, which is a requests.Session."""

    def __init__(self, endpoint: EndpointAddress) -> None:
        tls: Any = False
        try:
            if endpoint.tls is not None:
                given = endpoint.tls
                pair = (given.cert, given.key) if given.cert and given.key else None
                tls = docker.tls.TLSConfig(client_cert=pair, ca_cert=given.ca or None, verify=given.verify)
            # A version outright, or it would ask the engine for one here.
            self._session = docker.APIClient(endpoint.url, version="1.41", tls=tls)
        except docker.errors.DockerException as error:
            raise OSError(str(error)) from error
        if endpoint.tls is not None and not endpoint.tls.verify:  # the user's own wish, so no reminder on every call
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def fetch(self, request: Request, deadline: float) -> Reply:
        with self.stream(request, deadline) as reply:
            content = bytearray()
            while chunk := reply.content.read(1 << 16):
                content += chunk
            return Reply(reply.status, reply.headers, bytes(content))

    @contextmanager
    def stream(self, request: Request, deadline: float) -> Iterator[Streamed]:
        try:
            response = self._session.request(
                request.method,
                self._session.base_url + request.path,
                data=request.body,
                headers={**request.headers, "Accept-Encoding": "identity"},
                stream=True,
                verify=self._session.verify,  # or REQUESTS_CA_BUNDLE would replace the engine's own
                timeout=max(0.001, deadline - time.monotonic()),  # for each read: the library knows no deadline
            )
            with response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                yield Streamed(response.status_code, headers, _Until(response.raw, deadline))
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise TimeoutError("timed out") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _root(error) from error

    def close(self) -> None:
        with suppress(OSError):
            self._session.close()


def _root(error: BaseException) -> OSError:
    """What the system said, below the library's layers."""
    found: OSError = OSError(str(error))
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            found = cause
        cause = cause.__cause__ or cause.__context__
    return found


class _Until:
    """A stream that ends in TimeoutError at the first read after the deadline."""

    def __init__(self, stream: Readable, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, size: int, /) -> bytes:
        if time.monotonic() > self._deadline:
            raise TimeoutError("timed out")
        return self._stream.read(size)
