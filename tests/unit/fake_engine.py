"""An engine that answers exactly what a test says."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"


def reply(content: object, status: str = "200 OK", headers: str = "") -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def stream(body: bytes) -> bytes:
    """As the engine answers a start or a log: no length, the end of the connection is the end."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n" + body


def frame(number: int, text: bytes) -> bytes:
    return bytes([number, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


class FakeEngine:
    """Answers each request line (`GET /v1.41/info`) as written, in order; None: never. Says what it was asked."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.answers: dict[str, list[bytes | None]] = {"GET /_ping": [PING]}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.drip = 0.0
        threading.Thread(target=self._serve, daemon=True).start()

    def on(self, request: str, *answers: bytes | None) -> None:
        self.answers.setdefault(request, []).extend(answers)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with (
            suppress(OSError),
            connection,
            connection.makefile("rb") as incoming,
            connection.makefile("wb") as outgoing,
        ):
            while line := incoming.readline().decode():
                length = 0
                while (header := incoming.readline()) not in (b"\r\n", b""):
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.partition(b":")[2])
                self.bodies.append(incoming.read(length))
                request = line.rpartition(" ")[0]
                self.asked.append(request)
                answer = (self.answers.get(request) or [reply({"message": "page not found"}, "404 Not Found")]).pop(0)
                if answer is None:
                    time.sleep(5)
                    return
                for part in [answer] if not self.drip else [answer[i : i + 1] for i in range(len(answer))]:
                    time.sleep(self.drip)
                    outgoing.write(part)
                    outgoing.flush()
                if b"Content-Length" not in answer and b"chunked" not in answer:
                    return
