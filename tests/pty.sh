#!/bin/sh
# The tests in a terminal: run the Python harness on the programs that were built. PTY_CASES names the cases, the beginnings
# of their names, where not all are wanted.
set -u

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
if ! command -v "${PYTHON3:-python3}" >/dev/null 2>&1; then
	echo "skip (missing: python3)"
	exit 77
fi
MUNTIN=${MUNTIN:-$top_builddir/muntin${EXEEXT-}}
MUNTIN_WORKER=${MUNTIN_WORKER:-$top_builddir/muntin-worker${EXEEXT-}}
MUNTIN_TOOLS=${MUNTIN_TOOLS:-$top_builddir/tests}
export MUNTIN MUNTIN_WORKER MUNTIN_TOOLS
# shellcheck disable=SC2086 # names of cases
exec "${PYTHON3:-python3}" "$top_srcdir/tests/pty/run.py" ${PTY_CASES-}
