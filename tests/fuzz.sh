#!/bin/sh
# Replay the corpus of every fuzzer: tests/fuzz_NAME gets each file of tests/corpus/NAME.
set -u

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
passed=0
failed=0
for fuzzer in ${FUZZ_TESTS-}; do
	corpus=$top_srcdir/tests/corpus/${fuzzer#tests/fuzz_}
	if [ ! -d "$corpus" ]; then
		echo "FAIL: $fuzzer has no corpus in tests/corpus/${fuzzer#tests/fuzz_}"
		failed=$((failed + 1))
		continue
	fi
	if "$top_builddir/$fuzzer${EXEEXT-}" -runs=0 "$corpus"; then
		passed=$((passed + 1))
	else
		echo "FAIL: $fuzzer ends with status $?"
		failed=$((failed + 1))
	fi
done

if [ $((passed + failed)) -eq 0 ]; then
	echo "skip (missing: no fuzzer is built)"
	exit 77
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
