#!/usr/bin/env bash
# Runs everything that `make test` promises, and prints "N passed, N failed" alone on its last line.
#
#   tests/run.sh               all steps
#   tests/run.sh units cases   these steps
#   FLUX_PRICES=100000         random prices that are computed again
#   FLUX_EXCHANGES=20000       generated exchanges whose books are compared (long: 100,000)
#   FLUX_RACE=10000            requests at once against a ceiling that admits a tenth
#   FLUX_CRASHES=30            rounds of kill -9 under load (long: 200)
#   FLUX_UPGRADES=10           processes that take over under load (long: 100)
#   FUZZ_SECONDS=30            for each fuzz target (4)
#   FLUX_LONG=1                long: fuzz 30 s, all pairs of pieces, the large agents, static
#                              analysis, ThreadSanitizer, valgrind, leaks, coverage
#   FLUX_CLIS=1                installs and runs Claude Code, Codex and opencode (1.2 GB)
#   FLUX_MODELS=DIR            a folder with stories260K.gguf: a real model behind us
#
# Each step's output goes to build/test/STEP.log; lines that end in "N passed, N failed[, N skipped
# (why)]" are summed. A step that fails without saying how many counts as one.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=build/test
mkdir -p "$logs"
jobs=$(nproc)
export PYTHONUNBUFFERED=1 # what a program says last is last in its log
[ -z "${FLUX_LONG:-}" ] || export FLUX_CLIS=${FLUX_CLIS:-1} FUZZ_SECONDS=${FUZZ_SECONDS:-30} \
	FLUX_EXCHANGES=${FLUX_EXCHANGES:-100000} FLUX_CRASHES=${FLUX_CRASHES:-200} \
	FLUX_UPGRADES=${FLUX_UPGRADES:-100}

make_quiet() {
	make --no-print-directory -s -j"$jobs" "$@"
}

step_install() {
	tools/install.sh build test
}
step_build() {
	make_quiet all unit-programs
}
step_units() { # all beside one PostgreSQL, where there can be one
	tests/postgres.sh run make --no-print-directory -s -j"$jobs" -k units
}
step_lint() {
	if [ -x tools/lint ]; then
		tools/lint
	else
		echo "lint: 0 passed, 0 failed, 1 skipped (tools/lint is not there)"
	fi
}
part() { # one program of a step, and what it took
	local began=$SECONDS result=0
	"$@" || result=$?
	[ $result -eq 0 ] || echo "ended with $result: $*"
	echo "($((SECONDS - began)) s: $*)"
	return $result
}
live() { # everything that needs a daemon, from this build folder; scenes wait more than they work
	local bad=0 name beside=$logs/scenes-${1//\//-}.log scenes
	part python3 tests/run_cases.py --build "$1" ${FLUX_LONG:+--long} || bad=1
	part python3 tests/run_scenes.py --build "$1" >"$beside" 2>&1 &
	scenes=$!
	for name in run_{provider,verbs,stores,admin,gone,cloud} \
		chaos/run_{upgrade,matrix,secrets,load,storm}; do
		part python3 "tests/$name.py" --build "$1" || bad=1
	done
	wait $scenes || bad=1
	cat "$beside"
	return $bad
}
watched() { # the same where a sanitizer watches, and the front; that has a step of its own in build
	local bad=0
	live "$1" || bad=1
	part python3 tests/run_front.py --build "$1" --quick || bad=1
	return $bad
}
step_cases() {
	local bad=0
	live build || bad=1
	part python3 tests/chaos/run_overload.py || bad=1 # times, of no sanitizer
	part python3 tests/chaos/run_turns.py || bad=1    # not of their memory
	return $bad
}
step_tokens() { # our counts beside the package that the vocabularies come from
	python3 tests/run_tokens.py ${FLUX_LONG:+--texts 100000}
}
on_postgres() { # what else runs on SQLite
	FLUX_CASES_ON=postgres tests/postgres.sh run "$@"
}
money() { # what is counted and never in doubt, with the daemon of this build folder
	local bad=0 name
	for name in prices agree agents turn; do
		part python3 "tests/money/$name.py" --build "$1" || bad=1
	done
	part on_postgres python3 tests/run_admin.py --build "$1" || bad=1
	for name in race nodes; do
		part tests/postgres.sh run python3 "tests/money/$name.py" --build "$1" || bad=1
	done
	return $bad
}
step_money() {
	local bad=0 shared="ceiling money failover"
	[ -z "${FLUX_LONG:-}" ] || shared= # all cases
	make_quiet all unit-programs || return 1
	money build || bad=1
	part on_postgres python3 tests/run_cases.py $shared || bad=1
	part tests/postgres.sh run python3 tests/money/crash.py || bad=1
	return $bad
}
step_front() {
	local bad=0 files="chat.case messages.case upstream.case"
	[ -z "${FLUX_LONG:-}" ] || files= # all
	part python3 tests/run_front.py || bad=1
	part python3 tests/run_cases.py --via h2 $files || bad=1
	return $bad
}
step_asan() {
	make_quiet VARIANT=asan all unit-programs &&
		part tests/postgres.sh run make --no-print-directory -s -k VARIANT=asan units &&
		watched build/asan
}
step_clang() {
	make_quiet CC=clang VARIANT=clang all unit-programs &&
		make_quiet -k CC=clang VARIANT=clang units
}
step_fuzz() {
	make_quiet fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-4}"
}
step_clients() {
	tests/clients/run.sh
}
step_analyze() {
	tools/install.sh long && tools/analyze --jobs "$jobs"
}
step_tsan() {
	local -x TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp"
	make_quiet VARIANT=tsan all unit-programs && make_quiet -k VARIANT=tsan units &&
		watched build/tsan
}
step_leak() {
	python3 tests/run_leak.py
}
step_coverage() {
	find build/cover -name '*.gcda' -delete 2>/dev/null
	make_quiet VARIANT=cover all unit-programs || return 1
	tests/postgres.sh run make --no-print-directory -s -j"$jobs" -k VARIANT=cover units
	watched build/cover
	FLUX_PRICES=2000 FLUX_EXCHANGES=2000 FLUX_RACE=500 money build/cover
	python3 tests/chaos/run_overload.py --build build/cover # its times are of no interest
	python3 tests/chaos/run_turns.py --build build/cover
	tools/coverage
}
step_levels() {
	make_quiet LTO= all && tests/run_levels.sh
}
step_valgrind() {
	tools/install.sh long && tests/run_valgrind.sh
}

sums() { # of one log: passed failed skipped
	local n='([0-9]+)'
	sed -nE "s/^.*[^0-9]$n passed, $n failed(, $n skipped.*)?\$/\1 \2 \4/p" "$1" |
		awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}'
}

what_failed() { # of one step: what its log says of it, short; the last lines are what a CI keeps
	local bad='FAILED|: not true: |^SUMMARY: |[^0-9][1-9][0-9]* failed' log=$logs/$1.log named
	named=$(
		grep -E -A 3 "$bad" "$log" | head -n 9
		grep -E -B 8 '^ended with ' "$log" | tail -n 9 # one that broke off says why last
	)
	echo "--- $1 failed ($log):"
	([ -n "$named" ] && echo "$named" || tail -n 10 "$log") | cut -c -200
}

long=${FLUX_LONG:+analyze tsan valgrind levels leak coverage}
steps=${*:-install build units lint cases front tokens money asan clang fuzz clients $long}
passed=0 failed=0 skipped=0 broken=
for step in $steps; do
	log=$logs/$step.log
	began=$SECONDS
	"step_$step" >"$log" 2>&1
	result=$?
	read -r p f s < <(sums "$log")
	if [ $result -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	took=$((SECONDS - began))
	printf '%-8s %5d passed %3d failed %3d skipped  %4d s\n' "$step" "$p" "$f" "$s" $took
	grep -E ' [1-9][0-9]* skipped' "$log" | sed 's/^/         /'
	[ "$f" -eq 0 ] || broken+=" $step"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	case $step in
	install | build) [ $result -eq 0 ] || break ;;
	esac
done
for step in $broken; do
	what_failed "$step"
done
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
