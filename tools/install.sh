#!/usr/bin/env bash
# Installs what the project needs from Debian's archive, and says what it installs.
#
#   tools/install.sh build           what `make` needs
#   tools/install.sh run             what `make run` needs beyond: authorities of TLS, and curl
#   tools/install.sh build test      and what `make test` needs
#   tools/install.sh long            what `make test-long` needs beyond
#   tools/install.sh bench           what `make bench` needs
#   tools/install.sh --list test     prints the packages only
#
# A group that is all there costs milliseconds. Needs root or sudo only when something is missing.
set -euo pipefail

packages_build="gcc make pkg-config libuv1-dev libssl-dev libnghttp2-dev libsqlite3-dev"
packages_build+=" libcyaml-dev libyaml-dev"
packages_run="ca-certificates curl"
packages_test="clang libclang-rt-14-dev libjansson-dev libhttp-parser-dev"
packages_test+=" python3 curl sqlite3 openssl iproute2"
# A server for the tests of that store, and a clock that can be set; where they cannot be had, tests
# are skipped.
optional="postgresql faketime varnish nghttp2-client"
packages_long="clang-tidy cppcheck valgrind"
packages_bench="nginx-light haproxy python3"

# Node may come from elsewhere than Debian's package; a command that is there is enough.
command -v node >/dev/null || packages_test+=" nodejs"
command -v npm >/dev/null || packages_test+=" npm"

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

list=
wanted=()
for group in "$@"; do
	case $group in
	--list) list=yes ;;
	build) wanted+=($packages_build) ;;
	run) wanted+=($packages_run) ;;
	test) wanted+=($packages_test $optional) ;;
	long) wanted+=($packages_long) ;;
	bench) wanted+=($packages_bench) ;;
	*)
		sed -n '2,11s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	esac
done
if [ -n "$list" ]; then
	printf '%s\n' "${wanted[@]}"
	exit 0
fi
if ! command -v dpkg-query >/dev/null; then
	echo "tools/install.sh: not Debian; please install the equivalents of: ${wanted[*]}" >&2
	exit 0
fi

missing=()
wished=()
for package in "${wanted[@]}"; do
	if is_installed "$package"; then
		continue
	fi
	case " $optional " in
	*" $package "*) wished+=("$package") ;;
	*) missing+=("$package") ;;
	esac
done
[ ${#missing[@]} -gt 0 ] || [ ${#wished[@]} -gt 0 ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		[ ${#missing[@]} -gt 0 ] || exit 0
		echo "tools/install.sh: please install as root: apt-get install ${missing[*]}" >&2
		exit 1
	}
	as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
install() {
	echo "installing from Debian: $*"
	$as_root apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 || {
		$as_root apt-get update -q >/dev/null
		$as_root apt-get install -y -q --no-install-recommends "$@" >/dev/null
	}
}
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
for package in "${wished[@]}"; do
	install "$package" || echo "tools/install.sh: goes on without $package"
done
