#!/bin/sh
# Screens: a script in, the picture out.
#
# For every tests/screens/NAME.script a small tree is made, the program runs the script without a terminal in the directory
# above it, and what it wrote with `dump-screen screen` (once or several times: screen, screen2 ...) must be tests/screens/NAME.txt.
# What differs between machines (owners, sizes of directories, inode numbers, times) is made alike first.
#
#     sh tests/screens.sh            run all
#     sh tests/screens.sh NAME...    run some
#     UPDATE=yes sh tests/screens.sh write what comes out as what is expected
set -u

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
MUNTIN=${MUNTIN:-${top_builddir:-$top_srcdir/build}/muntin}
[ -x "$MUNTIN" ] || { echo "not there: $MUNTIN" >&2; exit 99; }
# A pane that cannot watch what it shows says so in its frame: these pictures have none of that.
if "$MUNTIN" --version | grep -q posix-only; then
	echo "skip (missing: inotify, which this build does without)"
	exit 77
fi
screens=$top_srcdir/tests/screens
scratch=$(mktemp -d "${TMPDIR:-/tmp}/muntin-screens.XXXXXX") || exit 99
trap 'chmod -R u+rwX "$scratch"; rm -rf "$scratch"' EXIT
LC_ALL=C.UTF-8
TZ=UTC
HOME=$scratch/home
export LC_ALL TZ HOME
passed=0
failed=0

# The tree that every script finds: all times alike, and long ago.
make_tree() {
	mkdir -p tree/docs tree/src/deep tree/empty other
	printf 'all:\n' >tree/Makefile
	printf '%6148s' '' >tree/notes.txt
	printf '%2000s' '' >tree/src/main.c
	printf '%300s' '' >tree/src/deep/util.c
	printf 'x' >tree/docs/index
	printf 'x' >tree/.hidden
	printf 'x' >"tree/$(printf 'new\nline\033[31m')"
	printf 'x' >other/one
	printf 'x' >other/two
	ln -s notes.txt tree/latest
	chmod 755 tree tree/docs tree/src tree/src/deep tree/empty other
	chmod 644 tree/Makefile tree/notes.txt tree/src/main.c tree/src/deep/util.c tree/docs/index tree/.hidden
	chmod 755 tree/src/deep/util.c
	find tree other -depth -exec touch -h -d '2020-02-03 04:05:06' {} +
}

# And for scripts that compare three that are much alike: left, right, third.
make_versions() {
	for version in left right third; do
		mkdir -p $version/docs $version/src/deep
		printf 'all:\n' >$version/Makefile
		printf 'one' >$version/docs/index
		printf 'int main' >$version/src/main.c
		printf 'int util' >$version/src/deep/util.c
		for letter in a b c d; do printf 'same' >$version/same-$letter; done
		ln -s $version $version/link
	done
	printf 'ALL:\n' >right/Makefile
	printf 'int utility' >third/src/deep/util.c
	printf 'old' >left/docs/only-left
	rm third/same-b
	mkdir left/alone
	printf 'x' >left/alone/x
	find left right third -depth -exec touch -h -d '2020-02-03 04:05:06' {} +
	chmod -R u=rwX,go=rX left right third
	touch -d '2021-02-03 04:05:06' right/Makefile
	chmod 600 third/same-c
}

# Directories have other sizes on every file system, people other names; and today's date is another one tomorrow.
alike() {
	sed -E \
		-e "s|$scratch/work|WORK|g" \
		-e 's/(▸|▾)( [^│]*).{8} ([r-][w-][xsS-])/\1\2       # \3/g' \
		-e 's/(▸|▾)( [^│#]*).{8}│/\1\2       #│/g' \
		-e 's/─* (✓|◼) ([0-9,]+) · [^┐]*┐/ \1 \2 · # ┐/g' \
		-e 's/┐.*B ┐$/┐ # ┐/' \
		-e 's/ marked [0-9.]+ [kMG]?B ─*/ marked # /g' \
		-e 's/ (0[0-7]{3}) [^ ]+:[^ ]+ [0-9.]+ [kMG]?B,/ \1 # #,/' \
		-e 's/ (0[0-7]{3}) [^ ]+:[^ ]+ / \1 # /' \
		-e 's/ (0[0-7]{3} #) .*…$/ \1 …/' \
		-e 's/ (0[0-7]{3}) [^ ]+…$/ \1 # …/' \
		-e '/= compare/!s/^ r rename  .*q quit( +root)?$/ r rename … q quit/' \
		-e 's/owner [^ ]+:[^ ]+ */owner # /' \
		-e 's/│  you: .*│/│  you: #/' \
		-e 's/(│ (owner|group|disk) +).*$/\1#/' \
		-e 's/[0-9.]+ [kMG]?B \([0-9,]+ bytes?\) */#/' \
		-e 's/tid [0-9]+, [0-9.]+ [kMG]?B/tid #/' \
		-e 's/^.*(┌ sources) .*$/\1/' \
		-e 's/^.*│ (scan:[^│]*[^│ ]) *│.*$/\1/' \
		-e 's/^.*└ Esc leave ─*┘.*$/└ Esc leave ┘/' \
		-e 's/([rwxsStT-]{9}) (1[0-2]|0[1-9])-[0-3][0-9]  /\1 today  /g' \
		-e 's/ +root$//' \
		-e 's/─* [0-9,]+ of [0-9,]+ ┐/ # of # ┐/' \
		"$@"
}

run_one() {
	name=$1
	rm -rf "$scratch/work"
	mkdir -p "$scratch/work" "$scratch/home"
	cd "$scratch/work" || exit 99
	make_tree
	# The first line of a script says how the program is started: "# ARGUMENTS...".
	arguments=$(sed -n '1s/^# *//p' "$screens/$name.script")
	case $arguments in *left*) make_versions ;; esac
	case $arguments in *--fold*) mv right/docs right/DOCS && mv right/DOCS/index right/DOCS/Index && mv right/same-a right/Same-A && touch -d '2021-02-03' right/DOCS/Index ;; esac
	case $arguments in *--config=bad*) printf 'foo = 1\n\ncolumns = x\nbind F99 = down\n' >bad ;; esac
	case $arguments in *tree.scan*) "$MUNTIN" --no-config --dump tree >tree.scan ;; esac
	# shellcheck disable=SC2086 # several words are meant
	timeout 60 "$MUNTIN" --no-config --script="$screens/$name.script" $arguments >out 2>err
	echo "exit $?" >status
	: >got
	for dump in screen screen?; do
		[ ! -f "$dump" ] || { echo "== $dump"; alike "$dump"; } >>got
	done
	{ sed "s|$screens/||" err; alike out; cat status; } >>got
	if [ "${UPDATE:-no}" = yes ]; then
		cp got "$screens/$name.txt"
	elif ! diff -u "$screens/$name.txt" got >difference 2>&1; then
		echo "FAIL: $name"
		cat difference
		failed=$((failed + 1))
		return
	fi
	echo "ok: $name"
	passed=$((passed + 1))
}

if [ $# -eq 0 ]; then
	for script in "$screens"/*.script; do
		script=${script##*/}
		set -- "$@" "${script%.script}"
	done
fi
for name; do
	run_one "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
