/*
 * Looking at a file: text with the pager, anything else byte by byte here.
 *
 * Its beginning is read by the pane's source, which tells the one from the other; a disk that hangs leaves an empty
 * dialog, and never the program.   Thread: main, for all functions.
 */
#ifndef MUNTIN_VIEWER_H
#define MUNTIN_VIEWER_H

#include "app.h"

/** Look at the current entry; with `bytes` never with the pager. Returns false when app_fail() said why not. */
bool viewer_open(struct app *app, bool bytes);

/** Append one line: the offset, `count` bytes of at most `width` in hexadecimal, and what of them is printable. */
void viewer_line(struct buf *out, uint64_t offset, const char *bytes, size_t count, size_t width);

#endif
