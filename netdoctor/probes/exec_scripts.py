"""The read-only programs that the rung `exec` runs in a container, for sh, Python and Perl: whichever the image has.

None writes a file, leaves a process behind or outlives its question. Sections of the output are led by a mark that
nobody in the container can guess, so that no file can pretend to be another.
"""

from __future__ import annotations

TABLES = ("tcp", "tcp6", "udp", "udp6", "unix", "arp", "route", "dev", "fib_trie", "if_inet6")
"""Read from /proc/net."""

# show FILE: cat, or the shell itself where the image has no cat.
# within SECONDS COMMAND...: no process may be left without its parent. It would become a child of the container's own
# first process, and one that takes the end of any child for the end of its server would end the container. busybox's
# `timeout` leaves such a one behind, as a `sleep` in the background would: without GNU's the shell looks by turns.
_SH_PRELUDE = r"""
LC_ALL=C; export LC_ALL
mark=$1; shift
tell() { printf '\n%s %s\n' "$mark" "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
show() { tell "$1"; cat "$1" 2>/dev/null || while IFS= read -r line; do printf '%s\n' "$line"; done 2>/dev/null <"$1"; }
if timeout --version >/dev/null 2>&1; then within() { timeout "$@"; }
else within() {
  read -r up rest </proc/uptime; over=$((${up%.*} * 100 + 1${up#*.} - 100 + $1 * 100)); shift
  "$@" & job=$!
  while kill -0 "$job" 2>/dev/null; do
    read -r up rest </proc/uptime
    if [ $((${up%.*} * 100 + 1${up#*.} - 100)) -ge $over ]; then kill "$job"; break; fi
    sleep 0.05 2>/dev/null || sleep 1
  done
  wait "$job"
}
fi
"""

SH_FILES = (
    _SH_PRELUDE
    + rf"""
for name in {" ".join(TABLES)}; do show /proc/net/$name; done
show /etc/resolv.conf; show /etc/hosts
tell namespace; readlink /proc/self/ns/net 2>/dev/null || ls -l /proc/self/ns/net 2>/dev/null
for name in /sys/class/net/*/flags; do show "$name"; done
set -- /proc/[0-9]*
if [ $# -le 64 ]; then
  tell stat; cat /proc/[0-9]*/stat 2>/dev/null
  tell files; ls -ln /proc/[0-9]*/fd 2>/dev/null
fi
exit 0
"""
)

# $1 seconds, $2 whether IPv6 is worth asking for (1 or 0), $3 and $4 the programs for Python and Perl, $5 the name,
# then the full names that it stands for. getent tells only that it failed, so then somebody else is asked why.
# IPv4 goes first and alone: a resolver that is silent about AAAA must not hide its answer about A.
SH_LOOK_UP = (
    _SH_PRELUDE
    + r"""
seconds=$1 six=$2 python=$3 perl=$4 name=$5; shift 5
run() { tool=$1; shift; out=$(within "$@" 2>&1); code=$?; tell "$tool $code"; printf '%s\n' "$out"; }
run6() { out=$(within 1 "$@" 2>&1); code=$?; tell "$1-ipv6 $code"; printf '%s\n' "$out"; }
# With a second server, glibc would wait five seconds for the first.
servers=0
while read -r word rest; do [ "$word" != nameserver ] || servers=$((servers + 1)); done 2>/dev/null </etc/resolv.conf
[ "$servers" -gt 1 ] && export RES_OPTIONS="timeout:1 attempts:1"
code=1
if have getent; then
  run getent "$seconds" getent ahostsv4 "$name"
  case $out in *atabase*) run getent "$seconds" getent ahosts "$name" ;; esac
  if [ "$six" = 1 ]; then last=$code; run6 getent ahostsv6 "$name"; [ "$code" = 0 ] || code=$last; fi
fi
case $code in 0 | 124 | 137 | 143) exit 0 ;; esac
if have python3; then run python3 "$seconds" python3 -I -S -c "$python" look "$seconds" "$six" "$name"
elif have perl; then run perl "$seconds" perl -e "$perl" look "$seconds" "$six" "$name"
elif have nslookup; then
  for full in "$@"; do
    run nslookup "$seconds" nslookup -type=a "$full."
    case $out in *sage*) run nslookup "$seconds" nslookup "$full." ;; esac
    [ "$six" != 1 ] || run6 nslookup -type=aaaa "$full."
  done
elif have node; then
  run node "$seconds" node -e 'require("dns").lookup(process.argv[1], {all: true}, (e, found) => console.log(
    e ? "error " + e.code : found.map(f => f.address).join("\n")))' "$name"
elif have php; then run php "$seconds" php -r 'echo implode("\n", gethostbynamel($argv[1]) ?: ["error"]);' "$name"
elif have ruby; then
  run ruby "$seconds" ruby -rsocket -e 'puts Addrinfo.getaddrinfo(ARGV[0], nil, nil, :STREAM).map(&:ip_address)' "$name"
fi
exit 0
"""
)

# $1 seconds, $2 `first` or `all`, $3 and $4 the programs for Python and Perl, $5 tcp or udp, $6 the hello in hex, then
# pairs of address and port. Python and Perl tell the most. nc is given numbers only: a static glibc dies of names.
# Small busybox has no -z: `nc -e true` connects and hangs up, but musl's getopt wants no options after the address;
# then nc is left to itself, and one that has to be ended after its own time for connecting was connected.
SH_CONNECT = (
    _SH_PRELUDE
    + r"""
seconds=$1 mode=$2 python=$3 perl=$4 protocol=$5 hello=$6; shift 6
if have python3; then
  tell attempts; python3 -I -S -c "$python" connect "$seconds" "$mode" "$protocol" "$hello" "$@" 2>&1
elif have perl; then
  tell attempts; perl -e "$perl" connect "$seconds" "$mode" "$protocol" "$hello" "$@" 2>&1
elif [ "$protocol" = udp ]; then tell none
else
  while [ $# -ge 2 ]; do
    case $1 in *:*) place="[$1]" ;; *) place=$1 ;; esac
    if have nc; then
      tool=nc
      out=$(within $((seconds + 1)) nc -z -v -n -w "$seconds" "$1" "$2" 2>&1 </dev/null); code=$?
      case $out in *sage:*)
        out=$(within $((seconds + 1)) nc -w "$seconds" "$1" "$2" -e true 2>&1 </dev/null); code=$? ;;
      esac
      case $out in *sage:*)
        tool=nc-eof; out=$(within $((seconds + 1)) nc -w "$seconds" "$1" "$2" 2>&1 </dev/null); code=$? ;;
      esac
    elif have bash; then
      tool=bash; out=$(within "$seconds" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1); code=$?
    elif have curl; then
      tool=curl
      out=$(curl -sv --connect-timeout "$seconds" -m "$seconds" "telnet://$place:$2" 2>&1 </dev/null); code=$?
      case $out in *"Connected to"*) code=0 ;; esac
    elif have php; then
      tool=php
      out=$(php -r '$f = @fsockopen($argv[1], (int) $argv[2], $n, $text, (float) $argv[3]); echo $text;
        exit($f ? 0 : 1);' "$place" "$2" "$seconds" 2>&1); code=$?
    elif have node; then
      tool=node
      out=$(node -e 'const [host, port, t] = process.argv.slice(1), s = require("net").connect({host, port: +port});
        const end = (text, code) => { console.log(text); process.exit(code); };
        s.on("connect", () => end("", 0)); s.on("error", e => end(e.code, 1));
        setTimeout(() => end("ETIMEDOUT", 1), 1000 * t);' "$1" "$2" "$seconds" 2>&1); code=$?
    else tell none; break
    fi
    tell "$tool $code $1 $2"; printf '%s\n' "$out"
    [ "$mode" = all ] || [ "$code" != 0 ] || break
    shift 2
  done
fi
show /proc/net/arp; show /proc/net/route
exit 0
"""
)

SH_QUEUE = _SH_PRELUDE + "show /proc/net/tcp; show /proc/net/tcp6; exit 0\n"

PROCESS_FILES = ("/proc/self/mountinfo", "/proc/self/uid_map", "/proc/self/gid_map", "/proc/1/attr/current")

SH_MOUNTS = (
    _SH_PRELUDE
    + rf"""
for name in {" ".join(PROCESS_FILES)}; do show $name; done
set -- /proc/[0-9]*/status
tell status
if [ $# -le 64 ]; then cat "$@" 2>/dev/null; else cat /proc/1/status; fi
exit 0
"""
)

# $1 how many of the paths, the last ones, lie on file systems that can hang: each is asked for alone, by a program that
# can be ended, as the shell itself could not be; and twice, since a machine can be so busy that a second is not enough.
SH_PLACES = (
    _SH_PRELUDE
    + r"""
have stat || { tell none; exit 0; }
slow=$1; shift
found='found %f %u %g %d %i %h %s %Y %Z %n' room='room %S %b %f %a %c %d %n'
n=$(($# - slow)) count=0 later=
for path in "$@"; do
  count=$((count + 1)); shift
  if [ "$count" -le "$n" ]; then set -- "$@" "$path"; else later="$later$path
"; fi
done
tell places
[ $# = 0 ] || { stat -L -c "$found" "$@" 2>&1; stat -f -c "$room" "$@" 2>&1; }
set -f; IFS='
'
for path in $later; do
  unset IFS
  for seconds in 1 2; do
    out=$(within $seconds stat -L -c "$found" "$path" 2>&1); code=$?
    case $code in 124 | 137 | 143) continue ;; esac
    printf '%s\n' "$out"; within 1 stat -f -c "$room" "$path" 2>&1
    break
  done
done
exit 0
"""
)
