/*
 * What a job would do, shown before it does it; and what it has done.
 *
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_CONFIRM_H
#define MUNTIN_CONFIRM_H

#include "app.h"

/**
 * Show the plan of a job as soon as it is complete, and run it on y. Every other way out cancels it. Nothing that was
 * typed before the plan was on the screen counts.
 */
void confirm_open(struct app *app, struct job *job);

/** The items of a job, those that went wrong first, with reasons. */
void confirm_show_items(struct app *app, struct job *job);

/** Append one item of a job's list: what becomes of it, and its path. Returns its style. */
uint16_t confirm_item(const struct paint *p, const struct job *job, size_t index, struct buf *out);

#endif
