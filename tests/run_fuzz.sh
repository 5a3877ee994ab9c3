#!/usr/bin/env bash
# Runs every fuzz program in build/fuzz for so many seconds, one per core. What it finds new goes
# to build/fuzz/corpus, a crash to build/fuzz/crash-*.
#
#   tests/run_fuzz.sh [--keep] SECONDS
#
# --keep: the least of build/fuzz/corpus that reaches more code than fuzz/corpus goes there, but
# nothing above KEEP_BYTES and no more than KEEP_FILES each, the smallest first.
set -uo pipefail
cd "$(dirname "$0")/.."
export KEEP_BYTES=1024 KEEP_FILES=40
keep=
if [ "${1:-}" = --keep ]; then
	keep=yes
	shift
fi
seconds=${1:-30}
root=build/fuzz

fuzz_one() {
	local name=$1 seconds=$2 root=$3 runs
	local options="-max_total_time=$seconds -timeout=10 -rss_limit_mb=2048"
	mkdir -p "$root/corpus/$name" "fuzz/corpus/$name"
	if timeout $((seconds + 300)) "$root/fuzz_$name" $options \
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

# Small files from the many, merged into a folder beside and taken from there by size.
keep_one() {
	local name=$1 root=$2 small=$root/small/$1 merged=$root/merged/$1
	rm -rf "$small" "$merged"
	mkdir -p "$small" "$merged"
	find "$root/corpus/$name" -type f -size -"$((KEEP_BYTES + 1))"c -exec cp -t "$small" {} +
	cp fuzz/corpus/"$name"/* "$merged"/
	"$root/fuzz_$name" -merge=1 -rss_limit_mb=2048 "$merged" "$small" \
		>"$root/$name.merge.log" 2>&1 || return 1
	(cd "$merged" && ls -Sr) | while read -r file; do
		[ -e "fuzz/corpus/$name/$file" ] || echo "$file"
	done | head -n "$KEEP_FILES" | while read -r file; do
		cp "$merged/$file" "fuzz/corpus/$name/"
	done
}
export -f fuzz_one keep_one

names=$(for source in fuzz/fuzz_*.c; do
	[ -e "$source" ] && basename "$source" .c | sed 's/^fuzz_//'
done)
[ -n "$names" ] || exit 0
each() { # a function, for every name
	printf '%s\n' $names | xargs -P "$(nproc)" -I{} bash -c '"$@"' _ "$1" {} "${@:2}"
}

result=0
each fuzz_one "$seconds" "$root" || result=1
[ -z "$keep" ] || each keep_one "$root" || result=1
exit $result
