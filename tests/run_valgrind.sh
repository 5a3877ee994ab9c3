#!/usr/bin/env bash
# Runs the unit tests of build/ under valgrind: no byte read that was never written, nothing lost.
#
#   tests/run_valgrind.sh              all
#   tests/run_valgrind.sh url price    these
#
# A finding of valgrind that is not ours stands with its reason in tests/valgrind.supp.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0
names=("$@")
[ $# -gt 0 ] || for one in build/unit/test_*; do names+=("${one#build/unit/test_}"); done
for name in "${names[@]}"; do
	log=build/test/valgrind_$name.log
	mkdir -p build/test
	began=$SECONDS
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
		--suppressions=tests/valgrind.supp --log-file="$log" "build/unit/test_$name" >/dev/null 2>&1
	result=$?
	if [ $result -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "valgrind $name: status $result, $((SECONDS - began)) s"
		head -n 40 "$log"
	fi
done
echo "valgrind: $passed passed, $failed failed"
[ $failed -eq 0 ]
