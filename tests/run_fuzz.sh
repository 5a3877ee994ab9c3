#!/usr/bin/env bash
# Runs every fuzz program in build/fuzz for so many seconds, one per core. What it finds new goes
# to build/fuzz/corpus, a crash to build/fuzz/crash-*.
#
#   tests/run_fuzz.sh SECONDS
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
root=build/fuzz

fuzz_one() {
	local name=$1 seconds=$2 root=$3 runs
	local options="-max_total_time=$seconds -timeout=10 -rss_limit_mb=2048"
	mkdir -p "$root/corpus/$name" "fuzz/corpus/$name"
	if timeout $((seconds + 60)) "$root/fuzz_$name" $options \
		-artifact_prefix="$root/crash-$name-" \
		"$root/corpus/$name" "fuzz/corpus/$name" >"$root/$name.log" 2>&1; then
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$root/$name.log")
		echo "fuzz $name ($runs runs): 1 passed, 0 failed"
	else
		tail -n 30 "$root/$name.log"
		echo "fuzz $name: 0 passed, 1 failed"
		return 1
	fi
}
export -f fuzz_one

names=$(for source in fuzz/fuzz_*.c; do
	[ -e "$source" ] && basename "$source" .c | sed 's/^fuzz_//'
done)
[ -n "$names" ] || exit 0
printf '%s\n' $names | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$@"' _ {} "$seconds" "$root"
