# shellcheck shell=bash
# What "engine" and "images" share. Sourced, never run.
set -euo pipefail

export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netdoctor-lab

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

complain_with_log() { # complain_with_log FILE MESSAGE
  printf '%s: %s The end of %s:\n' "${0##*/}" "$2" "$1" >&2
  tail -n 25 "$1" | sed 's/^/    /' >&2
}

die_with_log() {
  complain_with_log "$@"
  exit 1
}

need_root() { # need_root WHY
  [ "$(id -u)" = 0 ] || die "$1"
}

lock() { # lock NAME: one at a time; the lock goes with this process
  mkdir -p "$CACHE"
  exec 9>"$CACHE/$1.lock"
  flock -w 600 9 || die "another '$1' has held $CACHE/$1.lock for ten minutes."
}

apt_quietly() {
  apt-get -o DPkg::Lock::Timeout=120 -y "$@" </dev/null
}

# Services are not started where no systemd looks after them. The package lists are fetched only where they are missing or too old.
apt_install() { # apt_install PACKAGE...
  local log=$CACHE/apt.log policy=/usr/sbin/policy-rc.d made='' failed=''
  command -v apt-get >/dev/null || die "there is no apt-get here to install $*."
  mkdir -p "$CACHE"
  if [ ! -d /run/systemd/system ] && [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made=1
  fi
  {
    { compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && apt_quietly install --no-install-recommends "$@"; } ||
      { apt_quietly update && apt_quietly install --no-install-recommends "$@"; } || failed=1
  } >"$log" 2>&1
  [ ! "$made" ] || rm -f "$policy"
  [ ! "$failed" ] || die_with_log "$log" "apt could not install $*."
}
