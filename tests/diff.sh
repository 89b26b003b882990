#!/bin/sh
# The comparison: chosen cases, and its rules in Python on trees made up by chance: diff.sh [TREES [SEED]]
set -u

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
if ! command -v "${PYTHON3:-python3}" >/dev/null 2>&1; then
	echo "skip (missing: python3)"
	exit 77
fi
MUNTIN=${MUNTIN:-$top_builddir/muntin${EXEEXT-}}
export MUNTIN
"${PYTHON3:-python3}" "$top_srcdir/tests/diff_cases.py" || exit 1
exec "${PYTHON3:-python3}" "$top_srcdir/tests/diff_reference.py" "$@"
