#!/bin/sh
# Permissions as the system sees them: run the Python cases on what was built. Arguments choose cases by a part of their name.
set -u

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
if ! command -v "${PYTHON3:-python3}" >/dev/null 2>&1; then
	echo "skip (missing: python3)"
	exit 77
fi
MUNTIN=${MUNTIN:-$top_builddir/muntin${EXEEXT-}}
export MUNTIN
exec "${PYTHON3:-python3}" "$top_srcdir/tests/perms.py" "$@"
