/*
 * A script: lines of commands, and of what a person at the keyboard does, run one after the other.
 *
 *     key KEYS            as keymap names them: key j j Enter
 *     type TEXT           the characters of the text
 *     wait-idle [SECONDS] until nothing goes on (at most 30 s, or so many)
 *     dump-screen FILE    the cells as text
 *     resize COLSxROWS    of a screen in memory
 *     # …                 nothing
 *
 * Everything else is a command line.   Thread: main, for all functions.
 */
#ifndef MUNTIN_SCRIPT_H
#define MUNTIN_SCRIPT_H

#include "base.h"
#include "buf.h"

struct app;
struct script;

/** Read a script. Returns NULL after adding one line for people to `why`. */
struct script *script_new(const char *path, struct buf *why);

/** Takes NULL. */
void script_free(struct script *script);

/**
 * Run what can be run now. False at the end of the script, or when a line has failed: `why` then has one line for people.
 */
bool script_step(struct script *script, struct app *app, int64_t now, struct buf *why);

/** The same for the script of the app, if it has one: with its end a headless app ends, too. */
void script_turn(struct app *app);

/** When it wants to be called again although nothing happens (the end of a wait), INT64_MAX for never. */
int64_t script_deadline(const struct script *script);

/** Write a file of our own whole, over an existing one. NULL is standard output. Returns 0, or -1 with errno. */
MUN_NODISCARD int output_write(const char *path, const void *bytes, size_t len);

#endif
