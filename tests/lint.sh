#!/bin/sh
# The rules of the source tree that no compiler checks. Runs from `make check`, or by hand: sh tests/lint.sh
#
# A rule is a function that prints a line for everything that breaks it; the tables they read stand first.
# LINT_TREE names another tree to look at: that is how tests/lint_test.sh shows that every rule can fail.
set -u
LC_ALL=C
export LC_ALL

# ---- tables -------------------------------------------------------------------

# The layers of the engine and the modules in each; a module is a .c and its .h, and those of its family: op_walk.c is op's.
layers='
base     arena base buf diag error text vec
data     access apply compare dirnames entry fold glob perm rows tree wire
system   config_file crew draft fsys loop owner spawn thread user watch
work     content copy journal match op scan sink trash why
flow     feed look ring source
session  jobs listing pane session
program  worker_main
'

# What a layer may include, besides the headers of the system. Data knows no system, work knows no rings.
may_include='
base     base
data     base data
system   base data system
work     base data system work
flow     base data system work flow
session  base data system work flow session
program  base data system work flow session
'

# Sources that have no header of their own.
programs='src/worker_main.c ui/main.c'

# Calls that reach a filesystem: only src/fsys.c and its family make them.
fs_calls='
access acl_extended_file acl_extended_file_nofollow acl_get_fd acl_get_file acl_set_fd canonicalize_file_name closedir
copy_file_range eaccess faccessat faccessat2 fallocate fanotify_mark fchmod fchmodat fchmodat2 fchown fchownat fdatasync
fdopendir fgetxattr flistxattr fopen fremovexattr freopen fsetxattr fstat fstat64 fstatat fstatfs fstatvfs fsync
ftruncate fts_open ftw futimens getcwd getdents getdents64 getxattr inotify_add_watch lgetxattr linkat listxattr
llistxattr lstat lstat64 mkdirat mkdtemp mkfifoat mknodat mkostemp mkstemp name_to_handle_at nftw open open64 openat
openat2 open_by_handle_at opendir open_tree posix_fallocate posix_spawn_file_actions_addopen readdir readdir64
readdir_r readlinkat realpath renameat renameat2 rewinddir scandir seekdir sendfile shm_open stat stat64 statfs statvfs
statx symlinkat syncfs syscall tmpfile unlinkat utimensat
'

# Those calls where they do no harm: file, call, reason.
fs_exceptions='
src/config_file.c   fstat                            a file that the user named
src/config_file.c   getcwd                           a file that the user named
src/config_file.c   open                             a file that the user named
src/diag.c          open                             the log that the command line names
src/loop.c          syscall                          pidfd_open
src/spawn.c         open                             /dev/null for a child
src/spawn.c         posix_spawn_file_actions_addopen /dev/null for a child
src/spawn.c         syscall                          pidfd_open
src/thread.c        syscall                          gettid
src/watch.c         inotify_add_watch                a held directory, through /proc/self/fd
ui/script.c         open                             dump-screen, to the file that the script names
ui/supervise.c      open                             /dev/tty
ui/supervise.c      syscall                          pidfd_open
ui/tty.c            open                             /dev/tty
'

# Changing something by its path follows links and loses races: not even src/fsys does it.
path_calls='
acl_set_file chmod chown creat futimesat lchmod lchown link lremovexattr lsetxattr lutimes mkdir mkfifo mknod mktemp
readlink remove removexattr rename rmdir setxattr symlink tempnam tmpnam truncate unlink utime utimes
'

# No bounds, hidden state: never, in tests neither.
banned_calls='alloca gets sprintf stpcpy strcat strcpy strtok vsprintf wordexp'

# Not in the programs: a shell, the working directory as state, PATH look-ups, static buffers, threads killed.
banned_in_programs='
asctime chdir ctime execlp execvp execvpe fchdir gmtime localtime popen posix_spawnp pthread_cancel system vfork
'

# What lives as long as the program, in the engine: object, symbol, reason.
global_exceptions='
diag.o  diag_fd          the debug log
diag.o  diag_categories  what goes into it
'

# ---- machinery ----------------------------------------------------------------

tree=${LINT_TREE:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$tree" || exit 99
code=$(mktemp "${TMPDIR:-/tmp}/muntin-lint.XXXXXX") || exit 99
trap 'rm -f "$code"' EXIT
passed=0
failed=0
skipped=0

# rule FUNCTION WHAT: run one rule and count it. A rule that cannot be checked here ends with status 77.
rule() {
	found=$("$1")
	status=$?
	if [ -n "$found" ]; then
		printf '%s\n' "$found" | sed 's/^/  /'
		echo "FAIL: $2"
		failed=$((failed + 1))
	elif [ "$status" -eq 77 ]; then
		skipped=$((skipped + 1))
	else
		echo "ok: $2"
		passed=$((passed + 1))
	fi
}

# need PROGRAM: is it here? Says so if not.
need() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "skip (missing: $1)" >&2
	return 77
}

# files DIR...: the C files of directories.
files() {
	find "$@" -name '*.[ch]' 2>/dev/null | sort
}

# What people write and read here: by its name, so that nothing built is taken for it. Corpora are only bytes, and
# the two files that must spell out what is forbidden are left out.
texts() {
	find . \( -name .git -o -name 'build*' -o -name __pycache__ -o -path ./tests/corpus -o -name 'muntin-[0-9]*' -o -name autom4te.cache -o -name _build \) -prune \
		-o -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.md' -o -name '*.1' -o -name '*.am' \
		-o -name '*.ac' -o -name '*.txt' -o -path ./.ci/run -o -name NEWS \) \
		! -path ./tests/lint.sh ! -path ./tests/lint_test.sh -print | sed 's|^\./||' | sort
	[ ! -f bootstrap ] || echo bootstrap
}

# strip FILE...: `file:line:code` without comments and what is in quotes; an #include keeps its operand.
strip() {
	awk '
	FNR == 1 { comment = 0; open = "" }
	/^[ \t]*#[ \t]*include/ && !comment { print FILENAME ":" FNR ":" $0; next }
	{
		out = ""; len = length($0); quote = open; open = ""
		for (i = 1; i <= len; i++) {
			c = substr($0, i, 1); two = substr($0, i, 2)
			if (comment) {
				if (two == "*/") { comment = 0; i++; out = out " " }
			} else if (quote != "") {
				if (c == "\\") { if (i == len) open = quote; i++ }
				else if (c == quote) { quote = ""; out = out c }
			} else if (two == "/*") { comment = 1; i++ }
			else if (two == "//") break
			else { out = out c; if (c == "\"" || c == "\047") quote = c }
		}
		if (out !~ /^[ \t]*$/) print FILENAME ":" FNR ":" out
	}' "$@" /dev/null
}

# included FILE: the operands of its #include lines in order, with `"` or `<` before them.
included() {
	awk -v file="$1:" 'index($0, file) == 1 && match($0, /#[ \t]*include[ \t]*["<][^">]*/) {
		operand = substr($0, RSTART, RLENGTH); sub(/#[ \t]*include[ \t]*/, "", operand); print operand }' "$code"
}

# row TABLE KEY: what stands after KEY in the table.
row() {
	printf '%s\n' "$1" | awk -v key="$2" '$1 == key { $1 = ""; print $0 " "; exit }'
}

# layer_of MODULE: op_walk is where op is, unless it stands in the table itself.
layer_of() {
	printf '%s\n' "$layers" | awk -v module="$1" '
	{ for (i = 2; i <= NF; i++) layer[$i] = $1 }
	END {
		family = module
		sub(/_.*/, "", family)
		print (module in layer) ? layer[module] : layer[family]
	}'
}

# calling DIRS NAMES: the lines in files of DIRS that call one of NAMES; members and longer names are others.
calling() {
	grep -E "^($1)/" "$code" | awk -v names="$2" '
	BEGIN { n = split(names, list); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
	{
		rest = $0
		sub(/^[^:]*:[^:]*:/, "", rest)
		where = substr($0, 1, length($0) - length(rest) - 1)
		before = " "
		while (match(rest, /[A-Za-z_][A-Za-z0-9_]*/)) {
			word = substr(rest, RSTART, RLENGTH)
			if (RSTART > 1) before = substr(rest, RSTART - 1, 1)
			if (RSTART > 2 && substr(rest, RSTART - 2, 2) == "->") before = "."
			rest = substr(rest, RSTART + RLENGTH)
			if (word in wanted && before != "." && rest ~ /^[ \t]*\(/) print where ": " word "()"
			before = " "
		}
	}'
}

# ---- rules: who includes whom -------------------------------------------------

rule_layers() {
	for file in $(files src); do
		module=${file#src/}
		layer=$(layer_of "${module%.*}")
		if [ -z "$layer" ]; then
			echo "$file: in no layer; the table is in tests/lint.sh"
			continue
		fi
		for header in $(included "$file" | sed -n 's/^"//p'); do
			other=$(layer_of "${header%.h}")
			case $(row "$may_include" "$layer") in
			*" ${other:-?} "*) [ -f "src/$header" ] || echo "$file: \"$header\" is not in src/" ;;
			*) echo "$file: $layer includes \"$header\", ${other:-which is not of the engine}" ;;
			esac
		done
	done
}

rule_curses() {
	for file in $(files src ui tests); do
		[ "$file" != ui/term_curses.c ] || continue
		included "$file" | grep -E '^["<](ncursesw?/)?((n?curses|ncurses_dll|termcap|unctrl|panel|menu|form)\.h$)|^<(ncursesw?/)?term\.h$' |
			sed "s|^.|$file: |"
	done
}

# Its own, or that of its family: paint_panes.c begins with paint.h, op.c may begin with op_node.h.
rule_own_header() {
	for file in $(files src ui | grep '\.c$'); do
		case " $programs " in *" $file "*) continue ;; esac
		header=$(included "$file" | sed -n '1s/^"//p')
		own=$(basename "${file%.c}.h")
		family=${own%.h}
		if [ ! -f "${file%/*}/${header:-none}" ]; then
			echo "$file: does not begin with a header that stands beside it"
		elif [ -f "${file%.c}.h" ] && [ "$header" != "$own" ] && [ "$header" != "${family%%_*}.h" ] &&
			[ "${header#"${family%%_*}_"}" = "$header" ]; then
			echo "$file: begins with $header, not with $own"
		fi
	done
}

rule_guards() {
	for file in $(files src ui tests | grep '\.h$'); do
		guard=MUNTIN_$(basename "$file" .h | tr '[:lower:]-' '[:upper:]_')_H
		begins=$(grep "^$file:" "$code" | head -n 2 | cut -d: -f3- | tr '\n' ' ')
		[ "$begins" = "#ifndef $guard #define $guard " ] || echo "$file: does not begin with the guard $guard"
	done
}

# ---- rules: who calls what ----------------------------------------------------

rule_fs_calls() {
	calling 'src|ui' "$fs_calls" | while read -r where call; do
		file=${where%%:*}
		case $file in src/fsys.c | src/fsys_*.c) continue ;; esac
		printf '%s\n' "$fs_exceptions" | awk -v file="$file" -v call="${call%??}" \
			'$1 == file && $2 == call { found = 1 } END { exit !found }' || echo "$where $call"
	done
}

rule_path_calls() {
	calling 'src|ui' "$path_calls"
}

rule_banned_calls() {
	calling 'src|ui|tests' "$banned_calls"
	calling 'src|ui' "$banned_in_programs"
}

# An instrumented object has variables of its own, so only ordinary builds are looked at.
rule_globals() {
	archive=${top_builddir:-build}/libmuntin.a
	if [ -n "${LINT_TREE-}" ] || [ ! -f "$archive" ] || [ "${MUNTIN_INSTRUMENTED:-no}" != no ]; then
		echo "skip (missing: an ordinary build)" >&2
		return 77
	fi
	need objdump || return
	objdump -t "$archive" | awk -v allowed="$global_exceptions" '
	BEGIN { n = split(allowed, line, "\n"); for (i = 1; i <= n; i++) { split(line[i], word, " "); ok[word[1] " " word[2]] = 1 } }
	/file format/ { object = $1; sub(/:$/, "", object); sub(/.*src_/, "", object) }
	/ O / {
		section = ""
		for (i = 2; i < NF; i++) if ($i ~ /^(\.data|\.bss|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/) section = $i
		name = $NF
		sub(/\.[0-9]+$/, "", name)
		if (section != "" && !((object " " name) in ok)) print object ": " name " in " section
	}'
}

# ---- rules: the texts ---------------------------------------------------------

rule_words() {
	texts | while read -r file; do
		grep -nwE 'TODO|FIXME|XXX|HACK' "$file" /dev/null
	done
}

rule_places() {
	texts | while read -r file; do
		grep -nE '(^|[^A-Za-z0-9_.~-])/(root/|work/|Users/|builds/)' "$file" /dev/null
		# Tests need homes to show.
		case $file in tests/*) ;; *) grep -nE '(^|[^A-Za-z0-9_.~-])/home/[a-z]' "$file" /dev/null ;; esac
		# Where this is built, unless that is a short name that could be anything.
		[ "${#tree}" -lt 5 ] || grep -nF "$tree" "$file" /dev/null
	done
}

# Tests may be named by a pattern, as `tests/check_*.c`.
rule_documented() {
	# shellcheck disable=SC2016 # the backquotes are meant
	named=$(grep -ohE '`(\.ci|docs|man|src|tests|ui)/[A-Za-z0-9_./*-]+`' HACKING.md 2>/dev/null | tr -d '`' | sort -u)
	for file in $(texts) tests/lint.sh tests/lint_test.sh; do
		case $file in */*) ;; *) continue ;; esac
		printf '%s\n' "$named" | while read -r name; do
			case $name in
			tests/*\**)
				# shellcheck disable=SC2254 # it is a pattern
				case $file in $name) echo found ;; esac
				;;
			"$file") echo found ;;
			esac
		done | grep -q found || echo "$file: not named in HACKING.md"
	done
	printf '%s\n' "$named" | while read -r name; do
		[ -n "$name" ] || continue
		# shellcheck disable=SC2086 # it may be a pattern
		ls -d $name >/dev/null 2>&1 || echo "HACKING.md: names $name, which is not there"
	done
}

rule_built() {
	texts | grep -E '^(src|ui|tests|man|docs)/' | while read -r file; do
		pattern=$(printf '%s' "$file" | sed 's/\./\\./g')
		# A program from one source is named without the ending.
		case $file in tests/*.c) pattern="${pattern%???}(\.c)?" ;; esac
		# A directory of data is named as a whole.
		case $file in tests/*/*.txt) pattern=${file%/*} ;; esac
		grep -qE "(^|[[:space:]])$pattern([[:space:]]|\$)" Makefile.am || echo "$file: not in Makefile.am"
	done
}

rule_manuals() {
	need mandoc || return
	# Which other manuals are installed is no matter of ours.
	mandoc -Tlint man/*.1 2>/dev/null | grep -v 'referenced manual not found'
}

# The manual has every command with its default keys, and every option.
rule_manual_complete() {
	if [ ! -f ui/command.h ] || [ ! -f ui/options.c ]; then
		return 77
	fi
	sed -n 's/^[ \t]*X([a-z_]*, "\([a-z-]*\)", "\([^"]*\)",.*/\1 \2/p' ui/command.h | sed 's/\\\\/\\/g' | while read -r name keys; do
		shown=$(grep -E "^\.It Ic $name( |\$)" man/muntin.1 | sed -n 's/.* Pq Ic //p' | sed 's/\\&//g; s/\\e/\\/g; s/ , /, /g')
		grep -qE "^\.It Ic $name( |\$)" man/muntin.1 || echo "man/muntin.1: the command $name is missing"
		[ "$shown" = "$keys" ] || echo "man/muntin.1: the keys of $name are '$keys', not '$shown'"
	done
	sed -n "s/^[ \t]*{ \"\([a-z-]*\)\", [0'].*OPERAND_.*/\1/p" ui/options.c | while read -r name; do
		grep -qE "^\.It Fl (. , )?-$name( |\$)" man/muntin.1 || echo "man/muntin.1: the option --$name is missing"
	done
}

rule_scripts() {
	need shellcheck || return
	for file in bootstrap .ci/run tests/*.sh; do
		[ ! -f "$file" ] || shellcheck -f gcc "$file" 2>&1
	done
}

# ---- all of them --------------------------------------------------------------

# shellcheck disable=SC2046 # no file of ours has a blank in its name
strip $(files src ui tests) >"$code"

rule rule_layers 'includes go from a layer to those below'
rule rule_curses 'only ui/term_curses.c includes curses'
rule rule_own_header 'a source includes its own header first'
rule rule_guards 'headers have include guards'
rule rule_fs_calls 'only src/fsys calls the filesystem'
rule rule_path_calls 'nothing is changed by its path'
rule rule_banned_calls 'no banned calls'
rule rule_globals 'the engine has no mutable globals'
rule rule_words 'nothing is left for later'
rule rule_places 'no places of one machine'
rule rule_documented 'HACKING.md names every file, and none that is not there'
rule rule_built 'Makefile.am knows every file'
rule rule_manuals 'mandoc has nothing to say about the manuals'
rule rule_manual_complete 'the manual has every command, key and option'
rule rule_scripts 'shellcheck has nothing to say about the scripts'

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
