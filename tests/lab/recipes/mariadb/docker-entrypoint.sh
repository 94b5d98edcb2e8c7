#!/bin/bash
# MariaDB on its data directory as user mysql, the database made on the first start. A test image: the variables are
# those that people know of the official one, nothing more.
set -e
[[ ${1:-} != -* ]] || set -- mariadbd "$@"
[ "$1" = mariadbd ] || exec "$@"

data=/var/lib/mysql
for argument in "$@"; do
  [[ $argument != --datadir=* ]] || data=${argument#*=}
done
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$data"
  chown -R mysql: "$data" /run/mysqld
  exec gosu mysql "$0" "$@"
fi

note() {
  printf '%s [Note] [Entrypoint]: %s\n' "$(date '+%Y-%m-%d %H:%M:%S%:z')" "$*"
}

if [ ! -d "$data/mysql" ]; then
  if [ -z "$MARIADB_ROOT_PASSWORD$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD" ]; then
    note 'Database is uninitialized and password option is not specified' >&2
    exit 1
  fi
  note 'Initializing database files'
  mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  {
    echo 'FLUSH PRIVILEGES;'
    echo "ALTER USER root@localhost IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
    echo "CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE \`$MARIADB_DATABASE\`;"
    if [ -n "$MARIADB_USER" ]; then
      echo "CREATE USER \`$MARIADB_USER\`@'%' IDENTIFIED BY '$MARIADB_PASSWORD';"
      [ -z "$MARIADB_DATABASE" ] || echo "GRANT ALL ON \`$MARIADB_DATABASE\`.* TO \`$MARIADB_USER\`@'%';"
    fi
    [ -z "$MARIADB_DATABASE" ] || echo "USE \`$MARIADB_DATABASE\`;"
    cat /docker-entrypoint-initdb.d/*.sql 2>/dev/null || true
  } | mariadbd --bootstrap --datadir="$data"
  note 'MariaDB init process done. Ready for start up.'
fi
exec "$@"
