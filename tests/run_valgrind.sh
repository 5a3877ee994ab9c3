#!/usr/bin/env bash
# Runs the unit tests of build/ under valgrind: no byte used that was never written, nothing lost.
#
#   tests/run_valgrind.sh              all
#   tests/run_valgrind.sh url price    these
#
# Not test_crash: its children are killed within milliseconds, before valgrind has started them.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/test
options="-q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible"
passed=0 failed=0
names=("$@")
if [ $# -eq 0 ]; then
	for one in build/unit/test_*; do
		[ "$one" = build/unit/test_crash ] || names+=("${one#build/unit/test_}")
	done
fi
for name in "${names[@]}"; do
	log=build/test/valgrind_$name.log
	if valgrind $options --log-file="$log" "build/unit/test_$name" >"$log.out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "valgrind: $name fails"
		grep 'not true' "$log.out" | head -n 5
		head -n 40 "$log"
	fi
done
echo "valgrind: $passed passed, $failed failed"
[ $failed -eq 0 ]
