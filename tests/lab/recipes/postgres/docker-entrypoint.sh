#!/bin/bash
# PostgreSQL on $PGDATA as user postgres, the cluster made on the first start. A test image: the variables, the rules
# for the data directory and the lines in the log are those that people know of the official one, nothing more.
set -e
[[ ${1:-} != -* ]] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres: "$PGDATA"
  chmod 700 "$PGDATA"
  chown postgres: /var/run/postgresql
  exec gosu postgres "$0" "$@"
fi

mkdir -p "$PGDATA"
chmod 700 "$PGDATA" || true
user=${POSTGRES_USER:-postgres}
db=${POSTGRES_DB:-$user}

if [ -s "$PGDATA/PG_VERSION" ]; then
  printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
  exec "$@"
fi

if [ "$PG_MAJOR" -ge 18 ] && { [ -s /var/lib/postgresql/data/PG_VERSION ] || mountpoint -q /var/lib/postgresql/data; }; then
  echo 'Error: in 18+, these Docker images are configured to store database data in a format which is compatible with' >&2
  echo '       "pg_ctlcluster" (specifically, using major-version-specific directory names).' >&2
  echo 'Counter to that, there appears to be PostgreSQL data in: /var/lib/postgresql/data (unused mount/volume)' >&2
  exit 1
fi
if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
  echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
  exit 1
fi

password=$(mktemp)
printf '%s\n' "${POSTGRES_PASSWORD:-none}" >"$password"
initdb --no-sync --auth-local=trust --auth-host=scram-sha-256 --username="$user" --pwfile="$password"
rm "$password"
echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
if [ "$(ls /docker-entrypoint-initdb.d)" ]; then
  pg_ctl --wait --options="-c listen_addresses=''" start
  [ "$db" = postgres ] || createdb --username="$user" "$db"
  for file in /docker-entrypoint-initdb.d/*; do
    echo "$0: running $file"
    case $file in
      *.sh) . "$file" ;;
      *.sql) psql --set=ON_ERROR_STOP=1 --no-password --no-psqlrc --username="$user" --dbname="$db" --file="$file" ;;
      *) echo "$0: ignoring $file" ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
elif [ "$db" != postgres ]; then # a server in the making answers quicker than one that must be started
  echo "CREATE DATABASE \"$db\";" | postgres --single -j postgres
fi
printf '\nPostgreSQL init process complete; ready for start up.\n\n'
exec "$@"
