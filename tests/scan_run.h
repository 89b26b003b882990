/*
 * A scan that is run to its end, without a source around it: its frames go to whoever wants to look at them.
 */
#ifndef MUNTIN_SCAN_RUN_H
#define MUNTIN_SCAN_RUN_H

#include "scan.h"

#include <check.h>
#include <pthread.h>

struct scan_run {
	void (*take)(void *arg, const void *frames, size_t len); /* whole frames, one call at a time */
	void *arg;
	unsigned writers;    /* threads that there were */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ended;
};

static int scan_run_put(void *arg, const void *frames, size_t len)
{
	struct scan_run *run = arg;

	pthread_mutex_lock(&run->lock);
	run->take(run->arg, frames, len);
	pthread_mutex_unlock(&run->lock);
	return 0;
}

static void *scan_run_open(void *arg)
{
	struct scan_run *run = arg;

	pthread_mutex_lock(&run->lock);
	run->writers++;
	pthread_mutex_unlock(&run->lock);
	return run;
}

/* Every frame is whole. */
static int scan_run_extend(void *writer, const void *part, size_t len)
{
	(void)writer;
	(void)part;
	(void)len;
	return 1;
}

static int scan_run_flush(void *writer)
{
	(void)writer;
	return 0;
}

static void scan_run_close(void *writer)
{
	(void)writer;
}

static void scan_run_ended(void *arg)
{
	struct scan_run *run = arg;

	pthread_mutex_lock(&run->lock);
	run->ended = true;
	pthread_cond_signal(&run->changed);
	pthread_mutex_unlock(&run->lock);
}

/* Run a scan with these options, but for its sink. Returns how many threads there were. */
static unsigned scan_run(struct scan_options options, void (*take)(void *arg, const void *frames, size_t len), void *arg)
{
	struct scan_run run = { .take = take, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct scan *scan;

	options.sink = (struct sink){ scan_run_put, &run, scan_run_open, scan_run_put, scan_run_put, scan_run_extend,
				      scan_run_flush, scan_run_close };
	options.ended = scan_run_ended;
	options.ended_arg = &run;
	scan = scan_new(&options);
	ck_assert_ptr_nonnull(scan);
	pthread_mutex_lock(&run.lock);
	while (!run.ended)
		pthread_cond_wait(&run.changed, &run.lock);
	pthread_mutex_unlock(&run.lock);
	scan_unref(scan);
	return run.writers;
}

#endif
