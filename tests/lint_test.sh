#!/bin/sh
# Shows that the rules of tests/lint.sh can fail: a small clean tree passes, and each line that is added to it
# breaks the rule it was written for.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 99
scratch=$(mktemp -d "${TMPDIR:-/tmp}/muntin-lint.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

# make_tree: a project that no rule objects to.
make_tree() {
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/src" "$scratch/tree/ui" "$scratch/tree/tests" "$scratch/tree/man" || exit 99
	(
		cd "$scratch/tree" || exit 99
		for module in base fsys op ring tree; do
			guard=MUNTIN_$(echo "$module" | tr '[:lower:]' '[:upper:]')_H
			printf '#ifndef %s\n#define %s\n#endif\n' "$guard" "$guard" >"src/$module.h"
			printf '#include "%s.h"\n' "$module" >"src/$module.c"
		done
		printf '#ifndef MUNTIN_PAINT_H\n#define MUNTIN_PAINT_H\n#endif\n' >ui/paint.h
		printf '#include "paint.h"\n' >ui/paint_panes.c
		printf '.Dd November 1, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n' >man/x.1
		printf '#include "tree.h"\n/* system("x") */\nstatic const char *s = "rename(a) \\" gets(b)"; // popen(c)\n' >tests/check_tree.c
		printf 'int f(void) { return ops->open(1) + ops.rename(2) + tree_open(3) + reopen (4); }\n' >>src/tree.c
		for file in src/*.[ch] ui/*.[ch] man/*.1 tests/*.c tests/lint.sh tests/lint_test.sh; do
			echo "\`$file\`" >>HACKING.md
			echo "	$file" >>Makefile.am
			echo "	${file%.c}" >>Makefile.am
		done
		echo '#!/bin/sh' | tee tests/lint.sh >tests/lint_test.sh
	)
}

# expect RULE FILE TEXT: with a line of TEXT at the end of FILE (at its beginning if a `^` stands before its name), this
# rule fails, and it alone. Without RULE none fails.
expect() {
	make_tree
	file=$scratch/tree/${2#^}
	case $2 in
	'') ;;
	^*) printf '%s\n' "$3" | cat - "$file" >"$scratch/new" && cp "$scratch/new" "$file" ;;
	*) printf '%s\n' "$3" >>"$file" ;;
	esac
	LINT_TREE=$scratch/tree sh "$here/lint.sh" >"$scratch/out" 2>&1
	broken=$(sed -n 's/^FAIL: //p' "$scratch/out")
	if [ "$broken" = "$1" ]; then
		passed=$((passed + 1))
		return
	fi
	echo "FAIL: '$3' in $2 should break '$1', and broke '$broken':"
	grep -E '^(FAIL|  )' "$scratch/out"
	failed=$((failed + 1))
}

expect '' '' ''
layers='includes go from a layer to those below'
expect "$layers" src/tree.c '#include "fsys.h"'
expect "$layers" src/op.c '#include "ring.h"'
expect "$layers" src/ring.c '#include "paint.h"'
curses='only ui/term_curses.c includes curses'
expect "$curses" src/tree.c '#include <curses.h>'
expect "$curses" ui/paint_panes.c '#  include <ncursesw/ncurses.h>'
expect 'a source includes its own header first' ^ui/paint_panes.c '#include <stdio.h>'
expect 'headers have include guards' ^src/op.h 'struct op;'
fs='only src/fsys calls the filesystem'
expect "$fs" ui/paint_panes.c 'int f = open("x", 0);'
expect "$fs" src/tree.c '	if (a) fstatat (1, "x");'
path='nothing is changed by its path'
expect "$path" src/fsys.c '	return rename(a, b);'
expect "$path" src/op.c '	*"\\"; /* x */ chmod(a, b);'
banned='no banned calls'
expect "$banned" tests/check_tree.c '	strcpy(a, b);'
expect "$banned" src/op.c '	x = 1 +system("ls");'
expect "$banned" ui/paint_panes.c '	(void)chdir(a);'
expect 'nothing is left for later' src/op.c '/* TODO: this */'
expect 'no places of one machine' src/op.h '/* see /home/someone/notes */'
documented='HACKING.md names every file, and none that is not there'
# shellcheck disable=SC2016 # nothing is to be expanded
expect "$documented" HACKING.md '`src/nowhere.c`'

# shellcheck disable=SC2016 # nothing is to be expanded
command -v shellcheck >/dev/null 2>&1 && expect 'shellcheck has nothing to say about the scripts' tests/lint_test.sh 'echo $nothing'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
