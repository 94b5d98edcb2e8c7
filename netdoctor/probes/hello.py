"""What a server says at once, or to a harmless hello in the protocol that the client would speak."""

from __future__ import annotations

from contextlib import suppress

from netdoctor.answers import TurnedAway

_POSTGRES = ("postgres", "postgresql")
_HTTP = ("http", "ws")
_REDIS = ("redis", "valkey")
_REDIS_SAYS = (b"+PONG", b"-NOAUTH", b"-DENIED", b"-ERR ", b"-LOADING", b"-MASTERDOWN", b"-MISCONF", b"-NOPERM")
_TLS = ("https", "wss", "tls")


def hello(scheme: str, host: str) -> bytes:
    """What to say to a server that is silent; b"" for a protocol where it speaks first or that is not known here."""
    kind = scheme.lower().partition("+")[0]  # postgresql+asyncpg
    if kind in _POSTGRES:
        # SSLRequest: the one message that PostgreSQL forgets without a word in its log when the client then leaves.
        # https://www.postgresql.org/docs/current/protocol-message-formats.html
        return bytes.fromhex("0000000804d2162f")
    if kind in _REDIS:
        return b"PING\r\n"
    if kind in _HTTP:
        host = "".join(host.split())
        return f"HEAD / HTTP/1.0\r\nHost: {host}\r\nUser-Agent: netdoctor\r\n\r\n".encode("ascii", "replace")
    if kind in _TLS:
        return _client_hello(host)
    return b""


def _client_hello(host: str) -> bytes:
    """The first message of a TLS handshake, RFC 8446, 4.1.2."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the system's certificates, which take 10 ms to load
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is trusted: the handshake is never finished
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError, ValueError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=host).do_handshake()
    return sent.read()


def heard(said: bytes, scheme: str = "") -> str:
    """The protocol that the first bytes of a server belong to: "other" where none fits, "" for no bytes."""
    if not said:
        return ""
    if said.startswith(b"HTTP/"):
        # A plain request to a TLS port: Go and nginx answer in plain text, and say so.
        return "tls" if b"HTTPS" in said and b" 400 " in said[:16] else "http"
    if said[:1] in (b"\x15", b"\x16") and said[1:2] == b"\x03":  # an alert or a handshake record, RFC 8446, 5.1
        return "tls"
    if said.startswith(b"SSH-"):
        return "ssh"
    if said.startswith(b"AMQP"):
        return "amqp"
    if said.startswith(_REDIS_SAYS):
        return "redis"
    # Length of three bytes, number of the packet, then protocol version 10 or an error packet.
    # https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets.html
    if len(said) > 4 and said[3] == 0 and said[4] in (0x0A, 0xFF) and said[2] == 0:
        return "mysql"
    if said[:4] in (b"220 ", b"220-", b"421 ", b"554 "):
        return "ftp" if b"ftp" in said.lower() or b"filezilla" in said.lower() else "smtp"
    # Only to an SSLRequest: yes, no, or an error message.
    if scheme.lower().partition("+")[0] in _POSTGRES and (said in (b"S", b"N") or said.startswith(b"E")):
        return "postgres"
    return "other"


# https://mariadb.com/kb/en/mariadb-error-code-reference/ and the same numbers in MySQL's.
_MYSQL_ERRORS: dict[int, TurnedAway] = {1040: "too-many-connections", 1129: "host-blocked", 1130: "host-not-allowed"}


def turned_away(said: bytes) -> TurnedAway:
    """Why the server does not serve who connects, where it says so in its first bytes."""
    if said.startswith(b"-DENIED Redis is running in protected mode"):
        return "protected-mode"
    if heard(said) == "mysql" and said[4] == 0xFF:  # an error packet: the number stands behind, little endian
        return _MYSQL_ERRORS.get(int.from_bytes(said[5:7], "little"), "")
    return ""
