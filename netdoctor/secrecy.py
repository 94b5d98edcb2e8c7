"""What a secret looks like: by the name of what holds it, by its place in a text, by its own shape.

Over-cutting costs a word of a log line, a miss costs a password; so what might be one is cut, except where hosts,
ports, paths and switches stand, since nothing can be diagnosed without them.

Every function here takes `hide`, which is called with each secret found and returns what stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import unquote

Hide = Callable[[str, bool], str]
"""(secret, sure): `sure` that it is one, so that it may be looked for elsewhere too."""

TOKEN = re.compile(r"<secret-(\d+)>")

_ONLY_TOKENS = re.compile(r"(?:<secret-\d+>)+")

_BETWEEN = "\x1f"
"""Joins the arguments of a command while it is searched: white space to a regular expression, and in no argument."""

# -- by name --------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_SECRET = re.compile(
    r".*(?:password|passwd|passphrase|passcode|secret|token|credential|(?:api|access|secret|private|auth|pass)key)s?"
)
"""Words that mean a secret wherever they stand in a name: PGPASSWORD, clientSecretValue."""

_SECRET_LAST = re.compile(
    r".*(?<!com)(?<!by)(?<!tres)(?:pass|pwd)|creds?|auth|authorization|session|cookies?|signature|salt|nonce|jwt"
    r"|bearer|pin|otp|pat|mnemonic|basicauth"
)
"""Words that mean a secret only at the end of a name: SMTP_PASS, REDIS_AUTH, ERLANG_COOKIE."""

_KEY_OF = frozenset(
    "api access secret private signing sign encryption encrypt decryption master auth app license licence account"
    " shared storage session cookie crypt crypto hmac jwt deploy service stripe webhook admin root server ssl tls ssh"
    " security data".split()
)
"""SIGNING_KEY holds a secret; ROUTING_KEY may be a name."""

_IGNORED_LAST = frozenset(
    "value string text raw plain plaintext b64 base64 hex hash json env var default new old current prod production"
    " dev test staging local main live data content pem id".split()
)

_NOT_SECRET_LAST = frozenset(
    "file files path paths dir directory folder location url urls uri uris endpoint endpoints host hosts hostname addr"
    " address addresses port ports name names user username type types method methods mode algorithm algorithms alg algo"
    " mechanism ttl timeout expiry expire expires expiration lifetime duration age length len size rounds cost prefix"
    " suffix enabled enable disabled disable required require policy count limit max min interval issuer audience"
    " provider providers backend driver scheme domain domains scope scopes version server servers service services store"
    " broker cluster gateway proxy realm region bucket db database plugin plugins module rule rules middlewares"
    " entrypoints stdin format field column class strategy protocol minutes seconds hours days ms table index samesite"
    " secure httponly rotation manager engine context source".split()
)
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
    if any(_SECRET.fullmatch(w) for w in words) or "basicauth" in words:  # basicauth.users is Traefik's label
        return STRONG
    while len(words) > 1 and (words[-1] in _IGNORED_LAST or words[-1].isdigit()):
        words.pop()
    if words[-1] in ("key", "keys"):
        return NONE if {"public", "pub"} & set(words) else STRONG if _KEY_OF & set(words) else WEAK
    return WEAK if _SECRET_LAST.fullmatch(words[-1]) else NONE


# -- by value -------------------------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]*|\$\(.*|`.*|%\w+%|\{\{.*", re.DOTALL)
"""Not yet the value: a shell or a template puts it there."""

_SWITCH = re.compile(r"true|false|yes|no|on|off|0|1|none|null|nil|undefined|[*x]+", re.IGNORECASE)

_PATH = re.compile(
    r"/(?:run|var|etc|app|opt|usr|home|root|srv|mnt|tmp|data|config|conf|certs?|ssl|tls|keys|secrets|vault)/\S*"
)

_URL = re.compile(
    r"(?:jdbc:\w+|https?|wss?|tcp|udp|rediss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|nats|kafka|mqtts?"
    r"|ldaps?|smtps?|s?ftps?|ssh|git|memcached|elasticsearch|clickhouse|mssql|sqlserver|oracle|grpcs?|unix|file)://\S+"
)

_HARMLESS_IF_WEAK = re.compile(
    r"[A-Za-z0-9._-]+:\d{1,5}|\d{1,4}|trust|md5|scram-sha-\d+|plain|login|cram-md5|basic|bearer|digest|ntlm|oauth2?|jwt"
    r"|required|optional|enabled|disabled|ok|failed|success|error|denied|default|local|internal|peer|ident|redis|memory",
    re.IGNORECASE,
)


def hidden(value: str, name: str, hide: Hide) -> str | None:
    """The value of something called `name` with its secret cut, or None when the name or the value clears it."""
    strong = strength(name)
    inner = value.strip().strip("\"'")
    if not strong or not inner or _ONLY_TOKENS.fullmatch(inner) or _SWITCH.fullmatch(inner):
        return None
    if _PLACEHOLDER.fullmatch(inner) or _PATH.fullmatch(inner) or _URL.fullmatch(inner):
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
    return name.lower().endswith(("key", "keys")) and (len(value) < 8 or value.isalpha())


# -- by place in a text ---------------------------------------------------------------------------------------------

# Every repetition that can start anywhere is bounded: a line of a log may be a megabyte without a space.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,30}://"
_USERINFO = re.compile(rf"(?P<scheme>{_SCHEME})(?P<info>(?:(?!,{_SCHEME})[^\s\"'`/?#])+)@")
_WHOLE_URL = re.compile(rf"^(?P<scheme>{_SCHEME})(?P<info>[^\s/?#,]+)@(?=\S+$)")
# A password with a raw slash, question mark or hash: what follows the colon is no port.
_SLASHED = re.compile(
    rf"(?P<head>{_SCHEME}[^\s/?#:@\"'`\[]*:)(?!\d*[/?#]|\$)(?P<secret>[^\s\"'`@]{1, 300})@(?=[\w.\[])"
)
# user:password@tcp(host:port), Go's way to name a MySQL server; user:password@host:port; jdbc:oracle:thin:user/password@
_BARE_USERINFO = re.compile(
    r"(?<![\w/:.@-])(?P<head>(?!mailto:|sips?:)[A-Za-z_][\w.%-]*:)(?P<secret>[^\s\"'`/:@]+|[^\s\"'`]{1,200}(?=@(?:tcp|unix)\())"
    r"@(?=(?:tcp|udp|unix)[46]?\(|(?!sha256:)[\w.-]+:\d{1,5}(?!\w))"
)
_ORACLE = re.compile(r"(?P<head>jdbc:oracle:\w+:[^\s/:@]+/)(?P<secret>[^\s\"'@]+)@")

_AUTHORIZATION = re.compile(
    r"(?P<head>\bauthorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:[A-Za-z]+[ \t]+)?)(?P<secret>[^\s\"'`\\,;]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(?P<head>\b(?:bearer|basic|token)[ \t]+)(?P<secret>(?=[\w.~+/-]*\d)[\w.~+/-]{8,}=*)", re.IGNORECASE
)

_SQL = re.compile(r"(?P<head>\b(?:identified\s+by|password)\s+')(?P<secret>[^']+)(?=')", re.IGNORECASE)

_PROGRAM = r"(?P<head>\b(?:%s)\b[^|;&\n]*?[\s\x1f](?:%s))(?P<secret>\"[^\"]*\"|'[^']*'|[^\s\x1f\"';|&]+)"
_ATTACHED = tuple(
    re.compile(_PROGRAM % pair)
    for pair in (
        (r"mysql\w*|mariadb[\w-]*", r"-p"),
        (r"mongo\w*|sshpass|ldap\w+|(?:docker|podman)[\s\x1f]login", r"-[pw][\s\x1f]*"),
        (r"(?:redis|valkey|keydb)-(?:cli|benchmark)", r"-a[\s\x1f]+"),
        (r"curl|etcdctl", r"(?:-u|--user|--proxy-user)[=\s\x1f]*[\"']?[^\s:\x1f\"']+:"),
    )
)
_QUOTED = r"\\\"(?:(?!\\\").)*|\"(?:[^\"\\\n]|\\.)*|'(?:[^'\\\n]|\\.)*"
_OPTION = re.compile(
    r"(?<![^\s\x1f(=])(?:--?(?P<name>[A-Za-z][\w.-]+)|requirepass|masterauth|primaryauth)(?=[ \t\x1f])"
)
_OPERAND = re.compile(rf"\x1f(?!-)[^\x1f]+|[ \t]+(?:{_QUOTED}|[^\s\x1f\"'-][^\s\x1f\"']*)")
_ARGUMENT = re.compile(r"(?:^|(?<=\x1f))(?P<head>--?(?P<name>[\w.-]+)=)(?P<value>[^\x1f]+)")

_NAMED = re.compile(
    r"(?<!\w)(?P<name>(?:(?:api|access|secret|private|encryption|license)[ ](?=key))?[A-Za-z_][\w.-]{0,80})"
    r"(?P<quote>\\?[\"'])?[ \t]*(?P<sign>=>|:=|==?|:(?!//))[ \t]*",
    re.IGNORECASE,
)
_VALUE = re.compile(
    rf"{_QUOTED}"
    r"|(?:(?![,;&][ \t]*[\w.% -]{1,40}=|[,;](?:\s|$)|&&)[^\s\"'`\x1f])+"
)
_PORT = re.compile(r"\d{1,5}(?=$|[/,;)\]?#])")

_PROSE = frozenset(
    "a an the is was are be has had not no invalid incorrect required missing expired failed wrong denied unknown empty"
    " unexpected error authentication must cannot unable too for unauthorized permission access accepted rejected"
    " mismatch not_found set unset given provided valid ok and or to from in of with".split()
)
"""What follows "password:" in a sentence rather than a password."""

# -- by shape -------------------------------------------------------------------------------------------------------

_PEM = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|(?:^[A-Za-z0-9+/=]{16,}\s+)+-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL | re.MULTILINE,
)
_SHAPES = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"  # JSON Web Token
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[a-z]-[\w-]{10,}|\bxapp-[\w-]{10,}|\bsk-[\w-]{16,}|\b[sr]k_(?:live|test)_\w{10,}|\bwhsec_\w{16,}"
    r"|\bAIza[\w-]{30,}|\bya29\.[\w-]{16,}|\bnpm_\w{30,}|\bpypi-[\w-]{30,}|\bdckr_pat_[\w-]{16,}|\bhf_\w{20,}"
    r"|\bdop_v1_\w{32,}|\bhv[sb]\.[\w-]{16,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bAGE-SECRET-KEY-1\w{20,}"
    r"|\b\d{8,10}:AA[\w-]{30,}"  # Telegram
    r"|(?<=hooks\.slack\.com/services/)[\w/]+|(?<=discord\.com/api/webhooks/)[\w/-]+"
    r"|\$(?:2[abxy]|apr1|[156y]|argon2\w*|pbkdf2[\w-]*)\$[\w./$=,+-]{8,}|\{S?SHA(?:256|512)?\}[\w+/=]{16,}"  # hashes
    r"|SCRAM-SHA-256\$[\w:$+/=]{16,}"
)


def cut_text(text: str, hide: Hide, *, keep_lines: bool = False) -> str:
    """Free text with its secrets cut; `keep_lines`: one token for each line of a secret of several lines."""
    if "PRIVATE KEY" in text:
        text = _PEM.sub(lambda m: _lines(m[0], hide, keep_lines), text)
    text = _SHAPES.sub(lambda m: hide(m[0], True), text)
    if "@" in text:
        text = _USERINFO.sub(lambda m: _userinfo(m, hide), text)
        for place in (_SLASHED, _BARE_USERINFO, _ORACLE):
            text = place.sub(lambda m: _placed(m, hide) + "@", text)
    for place in (_AUTHORIZATION, _BEARER, _SQL, *_ATTACHED):
        text = place.sub(lambda m: _placed(m, hide), text)
    return _each(_NAMED, _value, _each(_OPTION, _operand, text, hide), hide)


def cut_value(name: str, value: str, hide: Hide) -> str:
    """The value of an environment variable or a label, which its name may call a secret as a whole."""
    whole = hidden(value, name, hide)
    if whole is not None:
        return whole
    # Nothing but a URL: quotes are part of its password.
    return cut_text(_WHOLE_URL.sub(lambda m: _userinfo(m, hide), value), hide)


def cut_command(arguments: Sequence[str], hide: Hide) -> tuple[str, ...]:
    """A command's arguments, searched together: `--password` in one can announce the next."""
    if not arguments:
        return ()
    joined = _ARGUMENT.sub(lambda m: _argument(m, hide), _BETWEEN.join(arguments))
    return tuple(cut_text(joined, hide).split(_BETWEEN))


def _lines(secret: str, hide: Hide, keep_lines: bool) -> str:
    token = hide(secret, True)
    return "\n".join([token] * (secret.count("\n") + 1)) if keep_lines else token


def _userinfo(match: re.Match[str], hide: Hide) -> str:
    user, colon, password = match["info"].partition(":")
    # https://TOKEN@host and https://TOKEN:x-oauth-basic@host: the user is the secret.
    if match["scheme"].startswith(("http", "git")) and len(user) >= 16 and re.search(r"\d", user):
        user = _once(user, hide)
    return f"{match['scheme']}{user}{colon}{_once(unquote(password), hide, password)}@"


def _placed(match: re.Match[str], hide: Hide) -> str:
    secret = match["secret"]
    inner = secret.strip("\"'")
    if not inner or inner.lower() in _PROSE:
        return match[0]
    return match["head"] + secret.replace(inner, _once(inner, hide))


def _once(secret: str, hide: Hide, written: str | None = None) -> str:
    """The secret cut, unless it is cut already or only stands for one."""
    if not secret or _ONLY_TOKENS.fullmatch(secret) or _PLACEHOLDER.fullmatch(secret):
        return secret if written is None else written
    return hide(secret, True)


def _argument(match: re.Match[str], hide: Hide) -> str:
    return match["head"] + (hidden(match["value"], match["name"], hide) or match["value"])


def _operand(option: re.Match[str], hide: Hide) -> tuple[int, str] | None:
    """The end of an option's operand in the text, and what to write there, or None to leave it."""
    name = option["name"] or "password"
    found = _OPERAND.match(option.string, option.end()) if strength(name) else None
    if found is None or name.startswith(("no-", "without-", "ask-", "prompt-")) or found[0].strip().lower() in _PROSE:
        return None
    cut = hidden(found[0], name, hide)
    return None if cut is None else (found.end(), cut)


def _value(named: re.Match[str], hide: Hide) -> tuple[int, str] | None:
    """The end of the value that a name and a sign announce, and what to write there, or None to leave it."""
    name, colon = named["name"], named["sign"] == ":"
    found = _VALUE.match(named.string, named.end()) if strength(name) else None
    if found is None:
        return None
    opening = re.match(r"\\?[\"']?", found[0])
    start = opening.end() if opening else 0
    inner = found[0][start:]
    if colon and not named["quote"] and (strength(name) == WEAK or _PORT.match(inner)):
        return None
    if inner.strip(".,;:!)").lower() in _PROSE:
        return None
    doubtful = inner.isalpha() and (colon or strength(name) == WEAK)
    cut = hidden(inner, name, lambda secret, sure: hide(secret, sure and not doubtful))
    return None if cut is None else (found.end(), found[0][:start] + cut)


def _each(
    pattern: re.Pattern[str], judge: Callable[[re.Match[str], Hide], tuple[int, str] | None], text: str, hide: Hide
) -> str:
    """The text with what follows each match replaced as `judge` says; what it leaves is searched for more."""
    parts: list[str] = []
    done = position = 0
    while match := pattern.search(text, position):
        position = match.end()
        found = judge(match, hide)
        if found is not None:
            parts += (text[done : match.end()], found[1])
            done = position = found[0]
    return "".join((*parts, text[done:]))
