# shellcheck shell=bash
# Docker Engines of Debian's suites, each in namespaces of its own. Sourced by "engine" and "images", never run.
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

START_SECONDS=60

folder_of() { # folder_of NAME: where all that belongs to this engine lies
  printf '%s\n' "$CACHE/engines/$1"
}

host_of() { # host_of NAME: its DOCKER_HOST
  printf 'unix://%s/docker.sock\n' "$(folder_of "$1")"
}

# ---- the programs -------------------------------------------------------------------------------------------

programs() { # programs SUITE: the folder with dockerd, docker, containerd, runc, ..., fetched and unpacked if need be
  local root=$CACHE/suites/$1
  [ -e "$root/ready" ] || fetch_programs "$1" "$root"
  printf '%s\n' "$root/bin"
}

fetch_programs() ( # fetch_programs SUITE ROOT
  suite=$1 root=$2 log=$CACHE/unpack-$1.log
  lock "suite-$suite"
  [ ! -e "$root/ready" ] || exit 0
  rm -rf "$root"
  case $suite in
    bookworm) unpack "$suite" "$root/unpacked" docker.io tini ;;          # docker.io has the docker command in it
    trixie) unpack "$suite" "$root/unpacked" docker.io docker-cli tini ;; # from here on it is a package of its own
    *) unpack "$suite" "$root/unpacked" docker.io docker-cli tini-static ;;
  esac >"$log" 2>&1 || die_with_log "$log" "Debian's packages of $suite could not be fetched."
  mkdir -p "$root/bin"
  for program in dockerd docker docker-proxy docker-init containerd containerd-shim-runc-v2 ctr runc; do
    found=("$root"/unpacked/usr/*bin/"$program")
    [ -x "${found[0]}" ] || die "Debian's packages of $suite have no $program."
    cp --dereference "${found[0]}" "$root/bin/"
    runs_here "$root/bin/$program" || give_it_its_own_libraries "$root/bin/$program" "$root/unpacked"
  done
  find "$root/unpacked" -type f ! -name '*.so*' -delete # the libraries may be of use
  touch "$root/ready"
)

runs_here() { # runs_here PROGRAM: no library is missing, and the libc is new enough
  [[ $(ldd "$1" 2>&1) != *'not found'* ]]
}

give_it_its_own_libraries() { # give_it_its_own_libraries PROGRAM ROOT: those of the suite that it is from
  local loader libc
  need patchelf=patchelf
  loader=$(find "$2" -type f -name 'ld-linux*.so.*' -print -quit)
  libc=$(find "$2" -name libc.so.6 -print -quit)
  patchelf --set-interpreter "$loader" --set-rpath "${libc%/*}" "$1"
}

# ---- one engine ---------------------------------------------------------------------------------------------

version_of() { # version_of NAME: the version of the engine that answers there, or failure
  local folder
  folder=$(folder_of "$1")
  [ -S "$folder/docker.sock" ] && timeout 10 "$(programs "$(cat "$folder/suite")")/docker" -H "$(host_of "$1")" version --format '{{.Server.Version}}' 2>/dev/null | grep .
}

pid_of() { # pid_of NAME: the pid of its dockerd, if that lives
  local pidfile pid
  pidfile=$(folder_of "$1")/dockerd.pid
  pid=$(cat "$pidfile" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  grep -qzxF -- "--pidfile=$pidfile" "/proc/$pid/cmdline" 2>/dev/null || return 1
  printf '%s\n' "$pid"
}

detach() ( # detach LOG COMMAND...: in a session of its own, holding none of our files (such as make's pipes)
  log=$1
  shift
  exec </dev/null >>"$log" 2>&1
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -le 2 ] || eval "exec $fd>&-"
  done
  cd /
  exec setsid --fork "$@"
)

# "ip netns exec" would hide the control groups. Here /sys is that of the network namespace, with the groups put back.
# shellcheck disable=SC2016  # expanded by the shell that it is given to
ON_A_HOST_OF_ITS_OWN='
  set -e
  hostname netdoctor-lab
  mount --rbind /sys/fs/cgroup "$1/cgroup"
  mount -t sysfs sysfs /sys
  mount --rbind "$1/cgroup" /sys/fs/cgroup
  umount --lazy "$1/cgroup"
  [ ! -e "$1/resolv.conf" ] || mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
  shift
  exec "$@"'

start_dockerd() { # start_dockerd NAME SUITE OPTION...: in the network namespace netdoctor-NAME, which must be there
  local name=$1 suite=$2 folder bin unseen=0 began
  shift 2
  folder=$(folder_of "$name")
  bin=$(programs "$suite")
  ((${#folder} < 70)) || die "$folder is too long a path for dockerd's sockets; set XDG_CACHE_HOME to a shorter one."
  mkdir -p "$folder/cgroup" "$folder/docker-config"
  rm -rf "$folder/exec" "$folder/dockerd.pid"
  echo '{}' >"$folder/daemon.json"
  echo "$suite" >"$folder/suite"
  : >"$folder/dockerd.log"
  # No DOCKER_HOST, no settings and no contexts of the user. For every container dockerd runs itself a few times more;
  # a fifth of what a start costs is the garbage collection of processes that are gone before it matters.
  detach "$folder/dockerd.log" nsenter --net="/run/netns/netdoctor-$name" unshare --mount --uts --propagation slave \
    bash -c "$ON_A_HOST_OF_ITS_OWN" bash "$folder" env -i PATH="$bin:$PATH" HOME=/root GOGC=off GOMEMLIMIT=200MiB \
    dockerd -H "$(host_of "$name")" "--pidfile=$folder/dockerd.pid" --data-root="$folder/data" --exec-root="$folder/exec" \
    --config-file="$folder/daemon.json" "$@"
  began=$SECONDS
  while ! version_of "$name" >/dev/null; do
    # a process in the middle of exec has no command line, so one look is not enough
    # shellcheck disable=SC2062  # the pattern comes on standard input: as an argument grep would find itself
    if grep -qzxFf - /proc/[0-9]*/cmdline 2>/dev/null <<<"--pidfile=$folder/dockerd.pid"; then unseen=0; else unseen=$((unseen + 1)); fi
    ((unseen < 20)) || die_with_log "$folder/dockerd.log" "dockerd of $suite ended at once."
    ((SECONDS - began < START_SECONDS)) || die_with_log "$folder/dockerd.log" "dockerd of $suite has not answered within $START_SECONDS s."
    sleep 0.05
  done
}

stop_dockerd() { # stop_dockerd NAME: with all its containers
  local name=$1 folder pid process i
  folder=$(folder_of "$name")
  if pid=$(pid_of "$name"); then
    # a PID 1 that ignores SIGTERM would cost ten seconds
    (on_it "$name" sh -c 'docker ps -q | xargs -r docker kill') >/dev/null 2>&1 || true
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 300; i++)); do
      pid_of "$name" >/dev/null || break
      sleep 0.1
    done
    ! pid_of "$name" >/dev/null || die "dockerd (pid $pid) has not ended within 30 s of SIGTERM."
  fi
  # a dockerd that was killed leaves containerd and the shims of its containers
  for process in $(grep -lzFf - /proc/[0-9]*/cmdline 2>/dev/null <<<"$folder/exec/"); do
    process=${process#/proc/}
    kill -KILL "${process%/cmdline}" 2>/dev/null || true
  done
}

remove_namespace() { # remove_namespace NAMESPACE: a network namespace, with whatever still runs in it
  [ -e "/run/netns/$1" ] || return 0
  { ip netns pids "$1" | xargs -r kill -KILL; } 2>/dev/null || true
  ip netns delete "$1"
}

on_it() { # on_it NAME COMMAND...: become this command, as root on that Docker host would run it
  local name=$1 folder pid bin
  shift
  folder=$(folder_of "$name")
  pid=$(pid_of "$name") || die "the engine $name is not up; run '$HERE/engine $name up'."
  bin=$(programs "$(cat "$folder/suite")")
  exec nsenter --target "$pid" --net --mount --uts env --chdir="$PWD" \
    --unset=DOCKER_CONTEXT --unset=DOCKER_TLS_VERIFY --unset=DOCKER_CERT_PATH --unset=DOCKER_API_VERSION \
    DOCKER_HOST="$(host_of "$name")" DOCKER_CONFIG="$folder/docker-config" NETDOCTOR_LAB="$folder" \
    PATH="$bin:$(dirname "$(labsrv)"):$PATH" "$@"
}
