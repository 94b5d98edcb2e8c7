"""Secrets in text: by their place in it, and by their own shape.

Every function here takes `hide`: see `secret_names.Hide`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from netdoctor.patterns import lazily
from netdoctor.secret_names import ONLY_TOKENS, PLACEHOLDER, WEAK, Hide, hidden, strength

_BETWEEN = "\x1f"
"""Joins the arguments of a command while it is searched: white space to a regular expression, and in no argument."""

# -- by place in a text ---------------------------------------------------------------------------------------------

# Every repetition that can start anywhere is bounded: a line of a log may be a megabyte without a space.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,30}://"
_USERINFO = lazily(rf"(?P<scheme>{_SCHEME})(?P<info>(?:(?!,{_SCHEME})[^\s\"'`/?#])+)@")
_WHOLE_URL = lazily(rf"^(?P<scheme>{_SCHEME})(?P<info>[^\s/?#,]+)@(?=\S+$)", holds="://")
_IMAGE_USERINFO = lazily(rf"^(?P<scheme>(?:{_SCHEME})?)(?P<info>[^\s/:@]+:[^\s/@]+)@(?!sha256:)", holds="@")
# A password with a raw slash, question mark or hash: what follows the colon is no port.
_SLASHED = lazily(rf"(?P<head>{_SCHEME}[^\s/?#:@\"'`\[]*:)(?!\d*[/?#]|\$)(?P<secret>[^\s\"'`@]{{1,300}})@(?=[\w.\[])")
# user:password@tcp(host:port), Go's way to name a MySQL server; user:password@host:port
_BARE_USERINFO = lazily(
    r"(?<![\w/:.@-])(?P<head>(?!mailto:|sips?:)[A-Za-z_][\w.%-]*:)(?P<secret>[^\s\"'`/:@]+|[^\s\"'`]{1,200}(?=@(?:tcp|unix)\())"
    r"@(?=(?:tcp|udp|unix)[46]?\(|(?!sha256:)[\w.-]+:\d{1,5}(?!\w))"
)
# jdbc:oracle:thin:user/password@host
_ORACLE = lazily(r"(?P<head>jdbc:oracle:\w+:[^\s/:@]+/)(?P<secret>[^\s\"'@]+)@", holds="jdbc:oracle:")

_AUTHORIZATION = lazily(
    r"(?P<head>\bauthorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:[A-Za-z]+[ \t]+)?)(?P<secret>[^\s\"'`\\,;]+)",
    re.IGNORECASE,
)
_BEARER = lazily(
    r"(?P<head>\b(?:bearer|basic|token)[ \t]+)(?P<secret>(?=[\w.~+/-]*(?:\d|(?-i:[a-z][A-Z])))[\w.~+/-]{8,}=*)",
    re.IGNORECASE,
)

_SQL = lazily(r"(?P<head>\b(?:identified\s+by|password)\s+')(?P<secret>[^']+)(?=')", re.IGNORECASE, holds="'")

_PROGRAM = r"(?P<head>\b(?:%s)\b[^|;&\n]{0,400}?[\s\x1f](?:%s))(?P<secret>\"[^\"]*\"|'[^']*'|[^\s\x1f\"';|&]+)"
_ATTACHED = tuple(
    lazily(_PROGRAM % pair)
    for pair in (
        (r"mysql\w*|mariadb[\w-]*", r"-p"),
        (r"mongo\w*|sshpass|ldap\w+|(?:docker|podman)[\s\x1f]login", r"-[pw][\s\x1f]*"),
        (r"(?:redis|valkey|keydb)-(?:cli|benchmark)", r"-a[\s\x1f]+"),
        (r"curl|etcdctl", r"(?:-u|--user|--proxy-user)[=\s\x1f]*[\"']?[^\s:\x1f\"']+:"),
    )
)
_QUOTED = r"\\\"(?:(?!\\\").)*|\"(?:[^\"\\\n]|\\.)*|'(?:[^'\\\n]|\\.)*"
_OPTION = lazily(r"(?<![^\s\x1f(=])(?:--?(?P<name>[A-Za-z][\w.-]+)|requirepass|masterauth|primaryauth)(?=[ \t\x1f])")
_OPERAND = lazily(rf"\x1f(?!--|-.{{0,4}}(?:\x1f|$))[^\x1f]+|[ \t]+(?:{_QUOTED}|[^\s\x1f\"'-][^\s\x1f\"']*)")
_ARGUMENT = lazily(r"(?:^|(?<=\x1f))(?P<head>--?(?P<name>[\w.-]+)=)(?P<value>[^\x1f]+)", holds="=")

_NAMED = lazily(
    r"(?<![\w.-])-{0,2}(?P<name>(?:(?:api|access|secret|private|encryption|license)[ ](?=key))?\w[\w.-]{0,200})"
    r"(?P<quote>\\?[\"'])?[ \t]*(?P<sign>=>|:=|==?|:(?!//))[ \t]*",
    re.IGNORECASE,
)
_VALUE = lazily(
    rf"{_QUOTED}"
    r"|(?:(?![,;&][ \t]*[\w.% -]{1,40}=|[,;](?:\s|$)|&&)[^\s\"'`\x1f])+"
)
_PORT = lazily(r"\d{1,5}(?=$|[/,;:.)\]?#])")

_PROSE = {
    "a", "an", "the", "is", "was", "are", "be", "has", "had", "not", "no", "invalid", "incorrect", "required",
    "missing", "expired", "failed", "wrong", "denied", "unknown", "empty", "unexpected", "error", "authentication",
    "must", "cannot", "unable", "too", "for", "unauthorized", "permission", "access", "accepted", "rejected",
    "mismatch", "not_found", "set", "unset", "given", "provided", "valid", "ok", "and", "or", "to", "from", "in", "of",
    "with",
}  # fmt: skip
"""What follows "password:" in a sentence rather than a password."""

# -- by shape -------------------------------------------------------------------------------------------------------

_PEM = lazily(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|(?:^[A-Za-z0-9+/=]{16,}\s+)+-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL | re.MULTILINE,
)
_SHAPES = lazily(
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


# One of these is in every line that the rules can match, in lower case; most lines of a log are spared the rules.
_SHAPE_HINTS = (
    "$", "eyj", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-", "sk-",
    "sk_", "rk_", "whsec_", "aiza", "ya29.", "npm_", "pypi-", "dckr_", "hf_", "dop_v1_", "hvs.", "hvb.", "sg.",
    "age-secret-", ":aa", "hooks.slack", "discord.com/api", "{sha", "{ssha", "scram-",
)  # fmt: skip
_NAME_HINTS = (
    "pass", "pw", "pswd", "secret", "token", "cred", "key", "auth", "session", "cookie", "signature", "salt", "nonce",
    "jwt", "bearer", "basic", "mnemonic", "identified",
)  # fmt: skip
_PROGRAM_HINTS = (
    "mysql", "mariadb", "mongo", "sshpass", "ldap", "login", "-cli", "-benchmark", "curl", "etcdctl",
)  # fmt: skip


def cut_text(text: str, hide: Hide, *, keep_lines: bool = False) -> str:
    """Free text with its secrets cut; `keep_lines`: one token for each line of a secret of several lines."""
    if "PRIVATE KEY" in text:
        text = _PEM.sub(lambda m: _lines(m[0], hide, keep_lines), text)
    lower = text.lower()
    shapes, programs, names = (
        tuple(hint for hint in hints if hint in lower) for hints in (_SHAPE_HINTS, _PROGRAM_HINTS, _NAME_HINTS)
    )
    if not (shapes or programs or names or "@" in text):
        return text
    return "\n".join(_cut_line(line, shapes, programs, names, hide) for line in text.split("\n"))


def _cut_line(line: str, shapes: Sequence[str], programs: Sequence[str], names: Sequence[str], hide: Hide) -> str:
    """One line of a text. The hints are those of the whole text, so most lines are compared with a few of them."""
    lower = line.lower()
    if any(hint in lower for hint in shapes):
        line = _SHAPES.sub(lambda m: hide(m[0], True), line)
    if "@" in line:
        line = _USERINFO.sub(lambda m: _userinfo(m, hide), line)
        for place in (_SLASHED, _BARE_USERINFO, _ORACLE):
            line = place.sub(lambda m: _placed(m, hide) + "@", line)
    if any(hint in lower for hint in programs):
        for place in _ATTACHED:
            line = place.sub(lambda m: _placed(m, hide), line)
    if any(hint in lower for hint in names):
        for place in (_AUTHORIZATION, _BEARER, _SQL):
            line = place.sub(lambda m: _placed(m, hide), line)
        line = _each(_NAMED, _value, _each(_OPTION, _operand, line, hide), hide)
    return line


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


def cut_image(image: str, hide: Hide) -> str:
    """An image's name, which can be written with a user and a password of its registry; its parts stay."""
    return _IMAGE_USERINFO.sub(lambda m: _userinfo(m, hide), image)


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
    if not secret or ONLY_TOKENS.fullmatch(secret) or PLACEHOLDER.fullmatch(secret):
        return secret if written is None else written
    return hide(secret, True)


def _argument(match: re.Match[str], hide: Hide) -> str:
    return match["head"] + (hidden(match["value"], match["name"], hide) or match["value"])


def _operand(option: re.Match[str], hide: Hide) -> tuple[int, str] | None:
    """The end of an option's operand in the text, and what to write there, or None to leave it."""
    name = option["name"] or "password"
    found = _OPERAND.match(option.string, option.end()) if strength(name) else None
    if found is None or (strength(name) == WEAK and found[0].lstrip().startswith("-")):
        return None
    if name.startswith(("no-", "without-", "ask-", "prompt-")) or found[0].strip().lower() in _PROSE:
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
