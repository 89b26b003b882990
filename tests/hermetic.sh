#!/bin/sh
# Run one test in a world of its own: hermetic.sh COMMAND [ARG]...
#
# HOME, TMPDIR and the XDG directories are in a scratch directory that goes away afterwards; locale, time zone and
# terminal are fixed; nothing else that could change a result is inherited. Reports of sanitizers, those of child
# processes whose standard error goes nowhere too, make the test fail. The exit status is the command's.
set -u

scratch=$(mktemp -d "${TMPDIR:-/tmp}/muntin-test.XXXXXX") || exit 99

# A test that leaves a mount behind must not have it emptied.
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	if grep -qF " $scratch/" /proc/self/mountinfo 2>/dev/null; then
		echo "left alone, something is still mounted below it: $scratch" >&2
		return
	fi
	chmod -R u+rwX "$scratch" 2>/dev/null
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$scratch/home" "$scratch/tmp" "$scratch/config" "$scratch/state" "$scratch/data" "$scratch/cache" \
	"$scratch/runtime" "$scratch/reports" || exit 99
chmod 700 "$scratch/runtime"
# Tests that run as root also act as somebody else.
chmod 755 "$scratch"

HOME=$scratch/home
TMPDIR=$scratch/tmp
TMUX_TMPDIR=$scratch/tmp
XDG_CONFIG_HOME=$scratch/config
XDG_STATE_HOME=$scratch/state
XDG_DATA_HOME=$scratch/data
XDG_CACHE_HOME=$scratch/cache
XDG_RUNTIME_DIR=$scratch/runtime
TZ=UTC
LC_ALL=C.UTF-8
LANG=C.UTF-8
TERM=xterm-256color
SHELL=/bin/sh
PYTHONDONTWRITEBYTECODE=1
export HOME TMPDIR TMUX_TMPDIR XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
export TZ LC_ALL LANG TERM SHELL PYTHONDONTWRITEBYTECODE
unset NO_COLOR LS_COLORS COLORTERM COLUMNS LINES TMUX STY EDITOR VISUAL PAGER LESS ESCDELAY TERMINFO TERMINFO_DIRS \
	XDG_CONFIG_DIRS XDG_DATA_DIRS CDPATH MAKEFLAGS MFLAGS MAKELEVEL LANGUAGE
umask 022

if [ "${MUNTIN_INSTRUMENTED:-no}" = yes ]; then
	# Ten times slower: libcheck's patience is multiplied.
	CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-10}
	# A deadly signal stays one, for the tests that send some.
	common=log_path=$scratch/reports/report:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0
	ASAN_OPTIONS=$common:detect_stack_use_after_return=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
	UBSAN_OPTIONS=$common:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
	TSAN_OPTIONS=$common:second_deadlock_stack=1:atexit_sleep_ms=0${TSAN_OPTIONS:+:$TSAN_OPTIONS}
	export CK_TIMEOUT_MULTIPLIER ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
fi

"$@"
status=$?

for report in "$scratch"/reports/*; do
	[ -f "$report" ] || continue
	echo "--- a sanitizer's report:"
	cat "$report"
	[ "$status" -ne 0 ] || status=1
done
exit "$status"
