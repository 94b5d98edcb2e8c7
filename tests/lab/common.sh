# shellcheck shell=bash
# What "engine" and "images" share. Sourced, never run.
set -euo pipefail

export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netdoctor-lab
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

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
  flock -w 600 9 || die "another process has held $CACHE/$1.lock for ten minutes."
}

# ---- packages of this machine -------------------------------------------------------------------------------

apt_quietly() {
  apt-get -o DPkg::Lock::Timeout=120 -y "$@" </dev/null
}

# Services are not started where no systemd looks after them. The package lists are fetched only where they are missing or too old.
apt_install() ( # apt_install PACKAGE...
  lock apt
  log=$CACHE/apt.log policy=/usr/sbin/policy-rc.d made='' failed=''
  command -v apt-get >/dev/null || die "there is no apt-get here to install $*."
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
)

need() { # need PROGRAM=PACKAGE...: install the packages whose program is missing
  local pair
  local -a absent=()
  for pair in "$@"; do
    command -v "${pair%=*}" >/dev/null || absent+=("${pair#*=}")
  done
  [ ${#absent[@]} = 0 ] || apt_install "${absent[@]}"
}

# ---- packages of any suite, without installing them -----------------------------------------------------------

mirror() { # the Debian mirror that this machine's apt uses
  local uri
  # shellcheck disable=SC2016  # apt expands them
  uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "bookworm" { print $2; found = 1; exit } !/-security/ && !first { first = $2 } END { if (!found) print first }')
  if [[ $uri == mirror+file:* ]]; then uri=$(awk '/^[a-z]/ { print $1; exit }' "${uri#mirror+file:}"); fi
  [ "$uri" ] || die "apt is configured with no Debian mirror."
  printf '%s\n' "$uri"
}

unpack() ( # unpack SUITE FOLDER PACKAGE...: these and all that they depend on
  suite=$1 folder=$2 apt=$CACHE/apt/$1
  shift 2
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$folder"
  : >"$apt/status" # as if nothing were installed
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$apt/sources.list"
  # The machine's own settings (a proxy, say) hold; its lists, sources and packages stay as they are.
  get() {
    apt_quietly -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root \
      -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" -o APT::Default-Release= \
      -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false "$@"
  }
  fetch() {
    get install --download-only --no-install-recommends "$@"
  }
  { compgen -G "$apt/lists/*_Packages*" >/dev/null && fetch "$@"; } || { get update && fetch "$@"; }
  for package in "$apt"/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
  rm -rf "$apt/archives"
)

# ---- labsrv, for this machine and for the images --------------------------------------------------------------

musl() { # musl OUTPUT OPTION... : gcc against musl, with the kernel's headers
  local headers=$CACHE/headers
  need musl-gcc=musl-tools gcc=gcc
  [ -e /usr/include/linux/types.h ] || apt_install libc6-dev
  mkdir -p "$headers"
  ln -sfn /usr/include/linux /usr/include/asm-generic "$headers/"
  ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$headers/asm"
  musl-gcc -isystem "$headers" -O2 -s -o "$@"
}

labsrv() { # the path of the static labsrv, made if need be
  local hash folder
  hash=$(sha256sum <"$HERE/recipes/labsrv.c")
  folder=$CACHE/bin-${hash:0:12}
  if [ ! -x "$folder/labsrv" ]; then
    rm -rf "$CACHE"/bin-*
    mkdir -p "$folder"
    musl "$folder/labsrv.new" -static "$HERE/recipes/labsrv.c"
    mv "$folder/labsrv.new" "$folder/labsrv"
  fi
  printf '%s\n' "$folder/labsrv"
}
