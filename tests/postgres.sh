#!/usr/bin/env bash
# A PostgreSQL server of the tests' own, from Debian's package, on a unix socket in a temporary
# directory.
#
#   tests/postgres.sh run COMMAND...   the command with FLUX_POSTGRES=postgresql://..., and the
#                                      server removed after it; FLUX_POSTGRES=none:WHY where there
#                                      can be none
#   tests/postgres.sh start [DIR]      a new one, or one that was stopped or killed; prints DIR
#   tests/postgres.sh stop DIR         as an operator would
#   tests/postgres.sh kill DIR         kill -9, all of its processes
#   tests/postgres.sh remove DIR       kill, and nothing is left
#
# PostgreSQL does not run as root: then the user postgres does.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb 2>/dev/null || echo /)")

why_not() {
	if [ ! -x "$bin/initdb" ]; then
		echo "PostgreSQL is not installed"
	elif [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
		echo "there is no user postgres to run it"
	fi
}

as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups -- env -C "$dir" "$@"
	else
		"$@"
	fi
}

url() {
	echo "postgresql://flux@${dir//\//%2F}/postgres"
}

make_dir() {
	dir=$(mktemp -d /tmp/flux-postgres-XXXXXX)
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres "$dir"
	fi
	as_server "$bin/initdb" -D "$dir/data" -U flux -A trust -E UTF8 --locale=C --no-sync \
		>"$dir.log" 2>&1
	mv "$dir.log" "$dir/initdb.log"
}

start() {
	local options="-k $dir -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
	options+=" -c max_connections=80 ${FLUX_POSTGRES_OPTIONS:-}"
	as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 20 -s \
		-o "$options" start >/dev/null
}

stop() {
	as_server "$bin/pg_ctl" -D "$dir/data" -m fast -w -t 20 -s stop >/dev/null
}

kill_all() {
	local pid
	pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) || return 0
	# The server first, so that it does not notice its children's end.
	kill -9 "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}

run() {
	local why status=0
	why=$(why_not)
	if [ -n "$why" ]; then
		FLUX_POSTGRES="none:$why" "$@"
		return
	fi
	make_dir
	trap 'kill_all; rm -rf "$dir"' EXIT
	start
	FLUX_POSTGRES=$(url) FLUX_POSTGRES_DIR=$dir "$@" || status=$?
	return $status
}

verb=${1:-}
shift || true
dir=${1:-}
case $verb in
run) run "$@" ;;
start)
	if [ -z "$dir" ]; then
		make_dir
	fi
	start
	echo "$dir"
	;;
stop) stop ;;
kill) kill_all ;;
remove)
	kill_all
	rm -rf "$dir"
	;;
*)
	sed -n '2,15s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
