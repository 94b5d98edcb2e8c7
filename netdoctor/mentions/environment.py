"""Addresses in environment variables: in their values, and in pairs like DB_HOST and DB_PORT."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from netdoctor.mentions.addresses import is_address, is_any_address, is_bare_name
from netdoctor.mentions.kinds import DATABASE, SCHEME_PORTS, kind_of, kind_told, words
from netdoctor.mentions.mention import Mention, Purpose
from netdoctor.mentions.texts import NAME, in_text, port_in
from netdoctor.patterns import lazily

# -- what a variable's or a flag's name says ------------------------------------------------------------------------

_BROWSER = (
    "VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "VUE_APP_", "GATSBY_", "EXPO_PUBLIC_", "NG_APP_", "PUBLIC_",
)  # fmt: skip
_PROXY = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"}
_ADVERTISED = lazily(
    r"ADVERTISED?|(?:ANNOUNCE|PUBLISH|BROADCAST)[^A-Z]*(?:RPC[^A-Z]*)?(?:IP|HOST|HOSTNAME|ADDR|ADDRESS)$"
)
# This is where the process itself listens, or what others may call it.
_OWN = {
    "LISTEN", "LISTENER", "LISTENERS", "BIND", "BINDING", "ORIGIN", "ORIGINS", "CORS", "ALLOWED",
    "TRUSTED", "CALLBACK", "REDIRECT", "CANONICAL", "DOMAINS", "VIRTUAL", "LETSENCRYPT", "ACME",
    "HEALTHCHECK", "PROBE", "SELF", "REFERER", "CSRF", "COOKIE", "AUDIENCE", "SWAGGER", "NEXTAUTH",
    "LOGOUT", "SUCCESS", "CANCEL", "OVERWRITEHOST", "OVERWRITECLIURL", "LIVENESS", "READINESS", "JMX", "RMI",
}  # fmt: skip
# The address in a browser's address bar, if it is localhost or a domain; a service of the stack, if it is a bare name.
_EITHER = {
    "PUBLIC", "EXTERNAL", "DOMAIN", "ROOT", "SITE", "WEBSITE", "HOME", "HOMEPAGE", "FRONTEND",
    "WEBHOOK", "ISSUER", "RETURN", "EDITOR", "SITEURL",
}  # fmt: skip
_EITHER_WHOLE = lazily(
    r"(HOST|HOSTNAME|PORT|URLS?|IP|ADDR(ESS)?|SERVER_NAME|NO_PROXY|ASPNETCORE_URLS)"
    r"|(APP|BASE|SERVER|WEB|SERVICE|CLIENT|AUTH|BETTER_AUTH|HTTP|HTTPS|GRPC|METRICS|ADMIN)_(BASE_)?"
    r"(URL|URI|HOST|HOSTNAME|ADDR|ADDRESS|IP|INTERFACE)"
    r"|KC_HOSTNAME.*"
)
# `redis:7` in one of these is an image, not an address.
_NO_ADDRESS = {
    "IMAGE", "IMAGES", "TAG", "VERSION", "VER", "USER", "GROUP", "OWNER", "CLASS", "MODEL", "DIGEST",
    "TIME", "TIMES", "RATIO", "KEY", "LABEL", "INITIAL_MASTER",
}  # fmt: skip
_SPARE = {"TEST", "TESTS", "TESTING", "LOCAL", "DEV", "DEVELOPMENT", "EXAMPLE", "SAMPLE", "CI", "XDEBUG"}
_ENDS_IN_HOST = (
    "HOST|HOSTNAME|HOST_NAME|HOSTS|SERVERS?|ADDR|ADDRESS|ADDRESSES|ENDPOINTS?|SERVICE|SEEDS?|NODES?|CONTACT_POINTS?"
    "|UPSTREAMS?|BROKERS?|PEERS?"
)
_HOST_SUFFIX = lazily(rf"^(?P<stem>.*?)(?:[_.\-:]*(?<!V)(?:{_ENDS_IN_HOST})|[_.\-:]+IP)$", re.IGNORECASE)
_CONNECTION_STRING = lazily(r"CONNECTION_?STRINGS?(_|$)", re.IGNORECASE)
"""ConnectionStrings__Redis=cache: .NET's clients of Redis and RabbitMQ take a bare name."""
_STEM = lazily(rf"({_ENDS_IN_HOST}|IP)$")
_KIND_SIBLINGS = ("TYPE", "ENGINE", "CLIENT", "DRIVER", "DIALECT", "CONNECTION", "VENDOR", "ADAPTER")

HOST_ONLY = lazily(rf"^(?:{NAME})$")
_NO_HOST = {
    "true", "false", "yes", "no", "on", "off", "none", "null", "tcp", "udp",
}  # fmt: skip
_SEED_PORTS = {"discovery.seed_hosts": 9300, "discovery.zen.ping.unicast.hosts": 9300}
"""Where the nodes of Elasticsearch and OpenSearch meet: not the port that clients ask."""
_PROPERTY = lazily(r"(?:^|\s)-D(?P<name>[\w.-]+)=(?P<value>\S+)")
"""A system property of a JVM, in JAVA_OPTS and on the command line: -Ddb.host=db."""


def in_environment(environment: Mapping[str, str]) -> Iterator[Mention]:
    """The mentions of all variables, in their order."""
    upper = {name.upper(): value for name, value in environment.items()}
    for name, value in environment.items():
        yield from in_variable(name, value, upper)
        for found in _PROPERTY.finditer(value) if "-D" in value else ():
            properties = {m["name"].replace(".", "_").upper(): m["value"] for m in _PROPERTY.finditer(value)}
            yield from in_variable(found["name"].replace(".", "_"), found["value"], properties, f"environment {name}")


def in_variable(variable: str, value: str, environment: Mapping[str, str], where: str = "") -> Iterator[Mention]:
    """The mentions of one variable. `environment`: all of them, with their names in capitals."""
    value = value.strip()
    if not value or value.isdigit():
        return
    hint, where = _hint(variable, environment), where or f"environment {variable}"
    no_address = bool(_NO_ADDRESS & set(words(variable))) or "INITIAL_MASTER" in variable.upper()
    found = False
    for mention in in_text(value):
        if not mention.scheme and no_address:
            continue
        found = True
        yield placed(mention, variable, where, hint)
    if found or no_address or value.lower() in _NO_HOST:
        return
    if _CONNECTION_STRING.search(variable) and HOST_ONLY.match(value):
        yield placed(Mention(host=value, sure=True), variable, where, hint)
    suffix = _HOST_SUFFIX.match(variable)
    if suffix is None:
        return
    for host in value.split(","):
        if HOST_ONLY.match(host) or is_address(host):
            port = _sibling_port(variable, environment) or _SEED_PORTS.get(variable.lower(), 0)
            if suffix["stem"] or port:
                scheme = "" if hint == DATABASE else hint
                yield placed(Mention(host=host, port=port, scheme=scheme, sure=True), variable, where, hint)


def placed(mention: Mention, variable: str, where: str, hint: str) -> Mention:
    """The mention with what its place says of it: purpose, kind, and whether it is surely an address."""
    either = _either(variable)
    return replace(
        mention,
        purpose=_purpose(variable, mention, hint),
        where=where,
        variable=variable,
        hint=mention.scheme if mention.scheme in SCHEME_PORTS else hint,
        sure=not either and bool(mention.sure or mention.scheme or hint or _HOST_SUFFIX.match(variable)),
        spare=bool(set(words(variable)) & _SPARE),
        doubtful=either,
    )


def is_advertising(name: str) -> bool:
    """Whether what is called so holds the address that a server tells its clients."""
    return _ADVERTISED.search(name.upper()) is not None


def _purpose(variable: str, mention: Mention, hint: str) -> Purpose:
    name = variable.upper()
    if name in _PROXY:
        return "proxy"
    if name.startswith(_BROWSER):
        return "browser"
    if _ADVERTISED.search(name):
        return "advertised"
    # PUBLIC_URL=http://front:3000 is asked by the process, for nobody else knows the name.
    if set(words(variable)) & _OWN or (_either(variable) and not is_bare_name(mention.host)):
        return "own"
    # HOST=0.0.0.0 is for listening; REDIS_HOST=0.0.0.0 and a URL are not.
    return "own" if is_any_address(mention.host) and not hint and not mention.scheme else "client"


@lru_cache(4096)
def _either(variable: str) -> bool:
    return bool(_EITHER & set(words(variable)) or _EITHER_WHOLE.fullmatch(variable.upper()))


def _hint(variable: str, environment: Mapping[str, str]) -> str:
    hint = kind_of(variable)
    if hint in ("", DATABASE):
        suffix = _HOST_SUFFIX.match(variable)
        for sibling in _KIND_SIBLINGS if suffix is not None and suffix["stem"] else ():
            told = environment.get(f"{suffix['stem']}_{sibling}".upper(), "") if suffix is not None else ""
            hint = kind_told(told) if told and kind_told(told) else hint
    return hint


def port_variable(variable: str, environment: Mapping[str, str]) -> str:
    """The variable that holds the port for a variable that holds a host: DB_PORT for DB_HOST, "" for none."""
    names = {name.upper(): name for name in environment}
    return names.get(_port_name(variable, {n: environment[own] for n, own in names.items()}), "")


def _port_name(variable: str, upper: Mapping[str, str]) -> str:
    whole = variable.upper()
    stem = _STEM.sub("", whole)
    candidates = (f"{stem}PORT", f"{stem}PORT_NUMBER", f"{whole}_PORT")
    return next((n for n in candidates if n != whole and port_in(upper.get(n, ""))), "")


def _sibling_port(variable: str, upper: Mapping[str, str]) -> int:
    name = _port_name(variable, upper)
    return port_in(upper[name]) if name else 0
