#!/usr/bin/env bash
# Compiles the scorer with both compilers at every level and holds each against the same 5,000
# results (tests/unit/test_score.c). What is not part of a decision is linked as `make` built it.
#
#   tests/run_levels.sh [-O0 ..]
set -uo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
sources=(tests/unit/test_score.c)
for part in canon feature gather lexicon odds reading score scorer_file structure toll; do
	sources+=("src/route/$part.c")
done
flags=(-std=c11 -D_GNU_SOURCE -iquote src -include src/base/banned.h)
read -ra packages < <(pkg-config --cflags --libs libuv openssl sqlite3 libcyaml yaml-0.1)
levels=("$@")
[ $# -gt 0 ] || levels=(-O0 -O1 -O2 -O3)
passed=0 failed=0
for compiler in gcc clang; do
	for level in "${levels[@]}"; do
		if "$compiler" "${flags[@]}" "$level" -o "$work/test" "${sources[@]}" \
			build/libfluxrouter.a "${packages[@]}" -lm -lpthread &&
			"$work/test" >"$work/log"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "levels: $compiler $level fails"
			tail -n 3 "$work/log"
		fi
	done
done
echo "levels: $passed passed, $failed failed"
[ $failed -eq 0 ]
