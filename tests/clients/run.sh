#!/usr/bin/env bash
# Real clients against a real daemon: see clients/suite.py. npm packages first, then all else
# without a network.
#
#   FLUX_CLIS=1       installs Claude Code, Codex, opencode (1.2 GB) into the cache, and runs them
#   FLUX_MODELS=DIR   a folder with stories260K.gguf: a real model answers behind us
#   FLUX_CACHE=DIR    where big packages are kept (~/.cache/fluxrouter)
set -uo pipefail
cd "$(dirname "$0")"
export FLUX_CACHE=${FLUX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fluxrouter}

# Installs what a package.json (and its lock, if any) says into a folder, unless that is done.
packages() {
	local from=$1 to=$2 lock=$1/package-lock.json words="ci"
	[ -e "$lock" ] || lock=$from/package.json words="install --omit=optional --no-package-lock"
	mkdir -p "$to"
	cmp -s "$lock" "$to/.installed" && return
	[ "$from" -ef "$to" ] || cp "$from"/package*.json "$to/"
	(cd "$to" && by_npm $words) && cp "$lock" "$to/.installed"
}

# `npm ci` asks for packages of all platforms, and a registry may not have them all.
by_npm() {
	npm "$@" --no-audit --no-fund --loglevel=error >&2 && return
	[ "$1" = ci ] && npm install --no-audit --no-fund --loglevel=error >&2
}

packages . . || {
	echo "clients: 0 passed, 0 failed, 1 skipped (npm cannot install the SDKs)"
	exit 0
}
packages pi "$FLUX_CACHE/pi" || echo "npm: no pi"
[ -z "${FLUX_CLIS:-}" ] || packages agents "$FLUX_CACHE/agents" || echo "npm: no agents"
[ -z "${FLUX_MODELS:-}" ] || packages model "$FLUX_CACHE/model" || echo "npm: no model engine"

# Only loopback, so that no client phones home; plainly where the kernel forbids it.
lonely="ip link set lo up && exec python3 suite.py"
if unshare -rn true 2>/dev/null; then
	exec unshare -rn sh -c "$lonely"
fi
exec python3 suite.py
