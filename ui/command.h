/*
 * Commands: the one table of what the program can be told, by keys, at the `:` prompt and by scripts.
 *
 * A command line is a name and operands, quoted as in sh. Everything else that speaks of commands (the default keys, the
 * help screen, the hint line, completion) reads the table.   Thread: main, for all functions.
 */
#ifndef MUNTIN_COMMAND_H
#define MUNTIN_COMMAND_H

#include "keys.h"
#include "prompt.h"
#include "tree.h"

struct app;
struct command;

/** What a command takes after its name. */
enum operand {
	OPERAND_NONE,
	OPERAND_COUNT,    /* a number, may be left out; the same as one typed before the key */
	OPERAND_NUMBER,   /* of a pane */
	OPERAND_NAME,     /* of an entry */
	OPERAND_ROOT,
	OPERAND_DIRECTORY, /* a path, relative to the shown directory */
	OPERAND_SORT,     /* a word of the sort order */
	OPERAND_BACKEND,  /* threads or workers */
	OPERAND_TEXT,     /* to search or filter by, a pattern */
	OPERAND_PROGRAM,  /* and its arguments */
	OPERAND_BY,       /* criteria, with commas */
	OPERAND_COLUMNS,  /* names of columns, with commas or blanks */
	OPERAND_STATES,   /* words for states of compared rows */
	OPERAND_MODE,     /* as chmod takes it, -R before it */
	OPERAND_USER,     /* a name or a number */
	OPERAND_OWNER,    /* as chown takes it, -R before it */
	OPERAND_MATCH,    /* a pane, -R and -o before it */
};

enum command_flags {
	COMMAND_DESTROYS = 1 << 0,  /* not from a key that was typed ahead */
	COMMAND_CURRENT = 1 << 1,   /* needs a current entry */
	COMMAND_TARGETS = 1 << 2,   /* needs marked entries or a current one */
	COMMAND_SCREEN = 1 << 3,    /* has a sense on a terminal only, not when headless */
	COMMAND_CHANGES = 1 << 4,   /* changes entries: not with --read-only, not in a recording */
};

/*
 * identifier, name, default keys (separated by ", "), operand, flags, word for the hint line (NULL: not there), words of help.
 * In the order of the help screen; a command of several words stands with what belongs to it.
 */
#define COMMAND_TABLE(X) \
	X(down, "down", "j, Down", COUNT, 0, NULL, "move down; 5j moves five rows") \
	X(up, "up", "k, Up", COUNT, 0, NULL, "move up") \
	X(page_down, "page-down", "PgDn, ^d", COUNT, 0, NULL, "move down by a screen") \
	X(page_up, "page-up", "PgUp, ^u", COUNT, 0, NULL, "move up by a screen") \
	X(top, "top", "g, Home", COUNT, 0, NULL, "to the first row; 5g to the fifth") \
	X(bottom, "bottom", "G, End", COUNT, 0, NULL, "to the last row") \
	X(enter, "enter", "l, Right, Enter", NONE, 0, NULL, "into a directory; a file is viewed") \
	X(leave, "leave", "h, Left, Backspace", COUNT, 0, NULL, "to the parent, above the root too") \
	X(cd, "cd", "", DIRECTORY, 0, NULL, "show another directory; without, ~") \
	X(expand, "expand", "o", NONE, 0, NULL, "show what is in a directory in place") \
	X(pane_next, "pane-next", "Tab", COUNT, 0, NULL, "the next pane becomes active") \
	X(pane_prev, "pane-prev", "S-Tab", COUNT, 0, NULL, "the pane before becomes active") \
	X(pane, "pane", "", NUMBER, 0, NULL, "pane N becomes active") \
	X(zoom, "zoom", "z, ^w z", NONE, 0, NULL, "the active pane alone, or all again") \
	X(pane_close, "pane-close", "^w c", NONE, 0, NULL, "close the active pane") \
	X(pane_only, "pane-only", "^w o", NONE, 0, NULL, "close all other panes") \
	X(pane_swap, "pane-swap", "^w x", NONE, 0, NULL, "change places with the next pane") \
	X(pane_hide, "pane-hide", "^w -", NONE, 0, NULL, "take the pane off the screen") \
	X(pane_show, "pane-show", "^w +", NONE, 0, NULL, "show the hidden panes again") \
	X(link, "link", "y", NONE, 0, NULL, "panes move together by path, or not") \
	X(open, "open", "x", ROOT, 0, NULL, "with a program; ROOT: in a new pane") \
	X(open_with, "open-with", "", PROGRAM, COMMAND_CURRENT | COMMAND_SCREEN, NULL, "open the entry with PROGRAM") \
	X(mark, "mark", "Space", COUNT, COMMAND_CURRENT, NULL, "mark or unmark, and down") \
	X(mark_range, "mark-range", "V", NONE, COMMAND_CURRENT, NULL, "mark from the last marked row on") \
	X(mark_glob, "mark-glob", "+", TEXT, 0, NULL, "mark what matches a pattern") \
	X(unmark_glob, "unmark-glob", "\\", TEXT, 0, NULL, "unmark what matches a pattern") \
	X(mark_invert, "mark-invert", "*", NONE, 0, NULL, "mark what is not, unmark what is") \
	X(unmark, "unmark", "", NONE, 0, NULL, "unmark everything") \
	X(hidden, "hidden", ".", NONE, 0, NULL, "show or hide names like .this") \
	X(sort, "sort", "s", SORT, 0, NULL, "name size mtime ext mode owner count") \
	X(reverse, "reverse", "S", NONE, 0, NULL, "turn the order around") \
	X(columns, "columns", "", COLUMNS, 0, NULL, "what panes show: size,mode,owner,...") \
	X(filter, "filter", "f", TEXT, 0, NULL, "only names that hold a text") \
	X(search, "search", "/", TEXT, 0, NULL, "to the next name that holds a text") \
	X(search_next, "search-next", "n", COUNT, 0, NULL, "to the next one") \
	X(search_prev, "search-prev", "N", COUNT, 0, NULL, "to the one before") \
	X(info, "info", "i", NONE, 0, NULL, "every field of stat") \
	X(why, "why", "w", USER, COMMAND_CURRENT, NULL, "why you or USER may use it, or not") \
	X(view, "view", "v, F3", NONE, COMMAND_CURRENT | COMMAND_SCREEN, NULL, "$PAGER, or bytes if it is no text") \
	X(hex, "hex", "", NONE, COMMAND_CURRENT, NULL, "look at the bytes of the file") \
	X(edit, "edit", "e, F4", NONE, COMMAND_CURRENT | COMMAND_SCREEN, NULL, "edit the file, with $EDITOR") \
	X(rename, "rename", "r, F6", NAME, COMMAND_CHANGES | COMMAND_TARGETS, "rename", "another name; of several in $EDITOR") \
	X(mkdir, "mkdir", "m, F7", NAME, COMMAND_CHANGES, "mkdir", "make a directory, a/b/c with parents") \
	X(create, "create", "^n", NAME, COMMAND_CHANGES, NULL, "make an empty file") \
	X(trash, "trash", "d, F8, Del", NONE, COMMAND_DESTROYS | COMMAND_TARGETS, NULL, "not there yet: nothing is done") \
	X(delete, "delete", "X", NONE, COMMAND_DESTROYS | COMMAND_CHANGES | COMMAND_TARGETS, "delete", "delete for good, after a question") \
	X(chmod, "chmod", "p, F9", MODE, COMMAND_CHANGES | COMMAND_TARGETS, "permissions", "permission editor; with MODE at once") \
	X(chown, "chown", "", OWNER, COMMAND_CHANGES | COMMAND_TARGETS, NULL, "another owner or group, asks first") \
	X(match, "match", "", MATCH, COMMAND_CHANGES | COMMAND_TARGETS, NULL, "modes as in another pane, asks first") \
	X(compare, "compare", "=", NONE, 0, "compare", "line the panes up by path, or end it") \
	X(next_difference, "next-difference", "]", COUNT, 0, NULL, "next row that differs, below too") \
	X(prev_difference, "prev-difference", "[", COUNT, 0, NULL, "to the one before") \
	X(odd, "odd", "O", COUNT, 0, NULL, "to the next where this pane is alone") \
	X(by, "by", "", BY, 0, NULL, "compare by: auto, content, mode, ...") \
	X(show, "show", "a", STATES, 0, NULL, "same different missing error pending") \
	X(fold, "fold", "F", NONE, 0, NULL, "rows that are the same in one line") \
	X(reference, "reference", "^w r", NONE, 0, NULL, "measure the others against this pane") \
	X(contents, "contents", "P", NONE, 0, NULL, "stop reading contents, or go on") \
	X(diff, "diff", "D", PROGRAM, COMMAND_CURRENT | COMMAND_SCREEN, NULL, "this file and another pane's") \
	X(backend, "backend", "B", BACKEND, 0, "backend", "scan by threads, or by workers") \
	X(rescan, "rescan", "R", NONE, 0, NULL, "read the directory and below again") \
	X(redraw, "redraw", "^l", NONE, 0, NULL, "draw the screen again") \
	X(stop, "stop", "Esc", NONE, 0, NULL, "stop the scan and keep what it found") \
	X(tasks, "tasks", "t", NONE, 0, NULL, "running and finished operations") \
	X(workers, "workers", "W", NONE, 0, NULL, "what feeds the panes") \
	X(messages, "messages", "", NONE, 0, NULL, "what was said in the status line") \
	X(command, "command", ":", NONE, 0, NULL, "type a command; Tab completes") \
	X(help, "help", "?, F1", NONE, 0, "help", "all keys, as they are bound now") \
	X(suspend, "suspend", "^z", NONE, COMMAND_SCREEN, NULL, "stop; fg brings it back") \
	X(quit, "quit", "q, F10, ^c", NONE, 0, "quit", "end the program") \
	X(quit_cd, "quit-cd", "Q", NONE, 0, NULL, "end it, write the --cwd-file")

/** One use of a command. */
struct command_call {
	const struct command *command;
	unsigned count;            /* typed before the key, or as operand; 0: none */
	size_t argc;
	const struct buf *argv;    /* raw bytes, each with a NUL behind that does not count */
};

struct command {
	const char *name;
	const char *keys;
	enum operand operand;
	unsigned flags;            /* enum command_flags */
	const char *hint;
	const char *help;
	bool (*run)(struct app *app, const struct command_call *call); /* false: app_fail() has said why */
};

/** All of them, in order. */
const struct command *command_at(size_t index);
size_t command_count(void);

/** The command of a name, or NULL. */
const struct command *command_find(const char *name, size_t len);

/** What stands for an operand in texts: "NAME"; NULL for none. */
const char *command_operand(const struct command *command);

/** Bind the default keys. Returns NULL, or a few words on what is wrong. */
MUN_NODISCARD const char *command_bind(struct keymap *map);

/**
 * Split a line into words as at the prompt and give them to `use`. Returns what that returns, or false when app_fail() said
 * what is wrong with the line.
 */
bool command_split(struct app *app, const char *line, bool (*use)(struct app *app, size_t argc, const struct buf *argv));

/** Run a command line. Returns whether the command worked; else the reason is in the status line. */
bool command_run(struct app *app, const char *line, size_t len, unsigned count);

/** The same for a key's command. One that destroys is not obeyed when the key was typed ahead. */
bool command_run_key(struct app *app, const char *line, unsigned count, bool queued);

/** Completion for the `:` prompt: names of commands, then operands. `arg` is the app. */
prompt_complete command_complete;

/** Completion of the name of an entry of the shown directory, or of a path below it. `arg` is the app. */
prompt_complete command_complete_entry;

/** Completion of names of columns, and of criteria of the comparison. `arg` is not used. */
prompt_complete command_complete_columns, command_complete_by;

/** Append the absolute path of what is typed for a directory of the active pane, without `.` and `..`. */
void command_add_directory(const struct app *app, struct buf *out, const char *word, size_t len);

/** Append what is typed for a root, with `~` as a shell would have it: what comes from the prompt has not been through one. */
void command_add_root(struct buf *out, const char *word, size_t len);

/** Append `bytes` quoted as in sh, so that command_run() reads them back as one word. */
void command_quote(struct buf *out, const char *bytes, size_t len);

/** Put entries into the order of their paths: in a tree they stand as the disk had them. Returns -1 with ENOMEM. */
MUN_NODISCARD int command_sort_entries(const struct tree *tree, entry_id *ids, size_t count);

/* What the table's rows run. */
#define X(id, ...) bool command_##id(struct app *app, const struct command_call *call);
COMMAND_TABLE(X)
#undef X

#endif
