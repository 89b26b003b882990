/*
 * Threads that work in the background: started detached, named, and giving way to the main thread.
 */
#ifndef MUNTIN_THREAD_H
#define MUNTIN_THREAD_H

#include "base.h"

/**
 * Start a detached thread with a stack of `stack` bytes. Returns 0, or -1 with errno.   Thread: any.
 */
MUN_NODISCARD int thread_start(void *(*run)(void *arg), void *arg, size_t stack);

/** Name the calling thread, at most 15 bytes; unprintable bytes become '?'. See pthread_setname_np(3).   Thread: any. */
void thread_set_name(const char *name);

/** Let the calling thread give way to others (nice 10). Returns its id as `ps` shows it.   Thread: any but the main one. */
int thread_background(void);

/** Processors that this process may use.   Thread: any. */
unsigned thread_processors(void);

#endif
