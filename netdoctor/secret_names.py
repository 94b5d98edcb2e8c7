"""Whether the name of a value says that it is a secret, and whether the value itself denies it.

Over-cutting costs a word of a log line, a miss costs a password; so what might be one is cut, except where hosts,
ports, paths and switches stand, since nothing can be diagnosed without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from netdoctor.patterns import lazily

Hide = Callable[[str, bool], str]
"""Called with each secret found, and whether it is sure to be one, so that it may be looked for elsewhere too; returns
what stands in its place."""

ONLY_TOKENS = lazily(r"(?:<secret-\d+>)+", holds="<secret-")
"""What is cut already."""

# -- by name --------------------------------------------------------------------------------------------------------

_WORD = lazily(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_SECRET = lazily(
    r".*(?:password|passwd|passphrase|passcode|secret|token|credential|(?:api|access|secret|private|auth|pass)key)s?"
)
"""Words that mean a secret wherever they stand in a name: PGPASSWORD, clientSecretValue."""

_SECRET_LAST = lazily(
    r".*(?<!com)(?<!by)(?<!tres)(?:pass|pwd)|pw|pswd|creds?|auth|authorization|session|cookies?|signature|salt|nonce|jwt"
    r"|bearer|pin|otp|pat|mnemonic|basicauth"
)
"""Words that mean a secret only at the end of a name: SMTP_PASS, REDIS_AUTH, ERLANG_COOKIE."""

_KEY_OF = {
    "api", "access", "secret", "private", "signing", "sign", "encryption", "encrypt", "decryption", "master", "auth",
    "app", "license", "licence", "account", "shared", "storage", "session", "cookie", "crypt", "crypto", "hmac", "jwt",
    "deploy", "service", "stripe", "webhook", "admin", "root", "server", "ssl", "tls", "ssh", "security", "data",
}  # fmt: skip
"""SIGNING_KEY holds a secret; ROUTING_KEY may be a name."""

_IGNORED_LAST = {
    "value", "string", "text", "raw", "plain", "plaintext", "b64", "base64", "hex", "hash", "json", "env", "var",
    "default", "new", "old", "current", "prod", "production", "dev", "test", "staging", "local", "main", "live", "data",
    "content", "pem", "id",
}  # fmt: skip

_NOT_SECRET_LAST = {
    "file", "files", "path", "paths", "dir", "directory", "folder", "location", "url", "urls", "uri", "uris",
    "endpoint", "endpoints", "host", "hosts", "hostname", "addr", "address", "addresses", "port", "ports", "name",
    "names", "user", "username", "type", "types", "method", "methods", "mode", "algorithm", "algorithms", "alg", "algo",
    "mechanism", "ttl", "timeout", "expiry", "expire", "expires", "expiration", "lifetime", "duration", "age", "length",
    "len", "size", "rounds", "cost", "prefix", "suffix", "enabled", "enable", "disabled", "disable", "required",
    "require", "policy", "count", "limit", "max", "min", "interval", "issuer", "audience", "provider", "providers",
    "backend", "driver", "scheme", "domain", "domains", "scope", "scopes", "version", "server", "servers", "service",
    "services", "store", "broker", "cluster", "gateway", "proxy", "realm", "region", "bucket", "db", "database",
    "plugin", "plugins", "module", "rule", "rules", "middlewares", "entrypoints", "stdin", "format", "field", "column",
    "class", "strategy", "protocol", "minutes", "seconds", "hours", "days", "ms", "table", "index", "samesite",
    "secure", "httponly", "rotation", "manager", "engine", "context", "source",
}  # fmt: skip
"""A name that ends so means a place, a person or a switch: TOKEN_ENDPOINT, AUTH_HOST, PASSWORD_FILE, SESSION_DRIVER."""

NONE, WEAK, STRONG = 0, 1, 2


@lru_cache(4096)
def strength(name: str) -> int:
    """Whether something of this name holds a secret: NONE, WEAK (its value decides) or STRONG."""
    words = [w.lower() for w in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _NOT_SECRET_LAST:
        return NONE
    if any(_SECRET.fullmatch(w) for w in words) or "basic auth" in " ".join(words).replace("basicauth", "basic auth"):
        return STRONG
    while len(words) > 1 and (words[-1] in _IGNORED_LAST or words[-1].isdigit()):
        words.pop()
    if words[-1] in ("key", "keys"):
        return NONE if {"public", "pub"} & set(words) else STRONG if _KEY_OF & set(words) else WEAK
    return WEAK if _SECRET_LAST.fullmatch(words[-1]) else NONE


# -- by value -------------------------------------------------------------------------------------------------------

PLACEHOLDER = lazily(r"\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]*|\$\(.*|`.*|%\w+%|\{\{.*", re.DOTALL)
"""Not yet the value: a shell or a template puts it there."""

_SWITCH = lazily(r"true|false|yes|no|on|off|0|1|none|null|nil|undefined|[*]+|x{4,}", re.IGNORECASE)

_PATH = lazily(
    r"/(?:run|var|etc|app|opt|usr|home|root|srv|mnt|tmp|data|config|conf|certs?|ssl|tls|keys|secrets|vault)/\S*",
    holds="/",
)

_URL = lazily(
    r"(?:jdbc:\w+|https?|wss?|tcp|udp|rediss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|nats|kafka|mqtts?"
    r"|ldaps?|smtps?|s?ftps?|ssh|git|memcached|elasticsearch|clickhouse|mssql|sqlserver|oracle|grpcs?|unix|file)://\S+",
    holds="://",
)

_HARMLESS_IF_WEAK = lazily(
    r"[A-Za-z0-9._-]+:\d{1,5}|\d{1,4}|trust|md5|scram-sha-\d+|plain|login|cram-md5|basic|bearer|digest|ntlm|oauth2?|jwt"
    r"|required|optional|enabled|disabled|ok|failed|success|error|denied|default|local|internal|peer|ident|redis|memory",
    re.IGNORECASE,
)


def hidden(value: str, name: str, hide: Hide) -> str | None:
    """The value of something called `name` with its secret cut, or None when the name or the value clears it."""
    strong = strength(name)
    inner = value.strip().strip("\"'")
    if not strong or not inner or ONLY_TOKENS.fullmatch(inner) or _SWITCH.fullmatch(inner):
        return None
    if PLACEHOLDER.fullmatch(inner) or _PATH.fullmatch(inner) or _URL.fullmatch(inner):
        return None
    if name in ("PWD", "OLDPWD") and inner.startswith("/"):
        return None
    if strong == WEAK and (_HARMLESS_IF_WEAK.fullmatch(inner) or _keyless(name, inner)):
        return None
    if inner.isdigit() and name.lower().endswith("tokens"):  # MAX_TOKENS
        return None
    return value.replace(inner, hide(inner, strong == STRONG or not name.lower().endswith(("key", "keys"))))


def _keyless(name: str, value: str) -> bool:
    """Whether NAME_KEY rather names something than holds a key."""
    return name.lower().endswith(("key", "keys")) and (len(value) < 8 or value.isalpha() or " " in value)
