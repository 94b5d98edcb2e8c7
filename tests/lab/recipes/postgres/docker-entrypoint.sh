#!/bin/sh
# PostgreSQL on $PGDATA as user postgres, the cluster made on the first start. A test image: the variables and the
# rules for the data directory are those that people know, nothing more.
set -e
[ "$1" = postgres ] || exec "$@"
mkdir -p "$PGDATA"
chown postgres: "$PGDATA"
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -n "$POSTGRES_PASSWORD" ] || { echo "set POSTGRES_PASSWORD for a new database" >&2; exit 1; }
  printf '%s\n' "$POSTGRES_PASSWORD" > /run/postgresql/pw
  chown postgres: /run/postgresql/pw
  gosu postgres initdb --no-sync --auth-local=trust --auth-host=scram-sha-256 -U "${POSTGRES_USER:-postgres}" \
    --pwfile=/run/postgresql/pw >/dev/null
  rm /run/postgresql/pw
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  db=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
  [ "$db" = postgres ] || echo "CREATE DATABASE \"$db\";" | gosu postgres postgres --single -j postgres >/dev/null
fi
shift
exec gosu postgres postgres -c listen_addresses='*' "$@"
