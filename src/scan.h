/*
 * Walk the directories below a root with one or more threads and put what is found into a sink, as frames of
 * docs/PROTOCOL.md. Breadth first while that is cheap, iterative, any depth with a few descriptors.
 */
#ifndef MUNTIN_SCAN_H
#define MUNTIN_SCAN_H

#include "glob.h"
#include "sink.h"
#include "wire.h"

struct scan;

struct scan_options {
	uint64_t id;              /* of every frame */
	unsigned flags;           /* enum wire_scan_flags */
	uint32_t depth;           /* as in struct wire_scan */
	unsigned jobs;            /* threads at most; 0 counts as 1 */
	const char *root;         /* a directory's path; symbolic links in it are followed */
	const char *path;         /* below the root, joined by '/'; empty: the root */
	size_t path_len;
	const char *sys;          /* where sysfs is, outlives the scan; NULL: /sys */
	struct glob_set exclude;  /* what is left out; becomes the scan's */
	struct sink sink;         /* gets the frames, from the scan's threads */
	void (*ended)(void *arg); /* called once by the last thread, after its last frame */
	void *ended_arg;
};

/**
 * Start a scan; everything is copied. WIRE_DONE is its last frame.
 * Returns the caller's reference, or NULL with errno (`exclude` is freed then too, and `ended` is not called).   Thread: any.
 */
MUN_NODISCARD struct scan *scan_new(const struct scan_options *options);

/** Ask it to end soon: between two system calls. Waits for nothing.   Thread: any. */
void scan_stop(struct scan *scan);

/** Let it use so many threads from now on; 0 counts as 1. Surplus threads end after the directory they read.   Thread: any. */
void scan_set_jobs(struct scan *scan, unsigned jobs);

/**
 * Of a scan with WIRE_SCAN_HOLD: read a directory that was found, by its number in the stream; one that is not held is none of its
 * business. scan_leave_held() lets all those go that are held, now and later: they are not entered, and the scan can end.   Thread: any.
 */
void scan_enter(struct scan *scan, uint32_t number);
void scan_leave_held(struct scan *scan);

/** Threads at work, and the first one's id (0 when none).   Thread: any. */
unsigned scan_threads(const struct scan *scan, int *tid);

/** Give the reference back; threads hold their own. Takes NULL.   Thread: any. */
void scan_unref(struct scan *scan);

#endif
