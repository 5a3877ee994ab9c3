#!/usr/bin/env bash
# What `make run` ends with: serves the providers that this environment offers, or the simulator
# where it offers none.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=()
if ! build/fluxrouter models >/dev/null 2>&1; then
	echo "No provider's key is set and no local model server answers: starting the demo."
	demo=(--demo)
fi
exec build/fluxrouter serve "${demo[@]}" "$@"
