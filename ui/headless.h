/*
 * What runs without a screen: --list, --count, --diff, --dump, --batch. Records go to standard output, one clear line for
 * whatever was wrong to standard error.   Thread: main, for all functions.
 */
#ifndef MUNTIN_HEADLESS_H
#define MUNTIN_HEADLESS_H

#include "options.h"
#include "wire.h"

enum headless_status {
	HEADLESS_OK = 0,
	HEADLESS_FAILED = 1,   /* --batch: something failed or was left out; --diff: something differs */
	HEADLESS_TROUBLE = 2,  /* something could not be read, or nothing could be done at all */
};

/** Run one of the modes. Each returns the exit status. */
MUN_NODISCARD int headless_run(const struct options *options);
MUN_NODISCARD int headless_list(const struct options *options);
MUN_NODISCARD int headless_count(const struct options *options);
MUN_NODISCARD int headless_diff(const struct options *options);
MUN_NODISCARD int headless_dump(const struct options *options);
MUN_NODISCARD int headless_batch(const struct options *options);

/* ---- Output ---- */

/** Standard output. */
struct headless_out {
	struct buf buf;      /* records that are not written yet */
	unsigned text_flags; /* for text_add() */
	bool null;           /* records end with NUL, names are raw */
	bool failed;         /* it could not be written, which was said */
};

/** Nothing to be written yet. */
void headless_out_init(struct headless_out *out, const struct options *options);

/** Append a name or a path: rendered, or raw with -0. */
void headless_out_name(const struct headless_out *out, struct buf *to, const char *bytes, size_t len);

/** Append what ends a record. */
void headless_out_end(const struct headless_out *out, struct buf *to);

/** Write if there is much (or anything, with `all`). Failures are said once and stay in `failed`. */
void headless_out_flush(struct headless_out *out, bool all);

/** Write the rest and give the memory back. Returns `status`, or HEADLESS_TROUBLE if anything could not be written. */
MUN_NODISCARD int headless_out_fini(struct headless_out *out, int status);

/** `muntin: WHAT: WORDS` on standard error. `what` and `words` are foreign bytes. */
void headless_say(const char *what, size_t len, const char *words);

/** A line of safe text, without its newline, on standard error. */
void headless_say_line(struct buf *line);

/* ---- Scanning ---- */

/** Who listens to the scans of all roots. */
struct headless_scan {
	/** A frame of the scan of a root, WIRE_DONE last; `bytes` are the whole frame. False ends this root's scan. */
	bool (*frame)(void *arg, size_t root, const struct wire_frame *frame, const void *bytes, size_t len);
	/** The source of a root failed before its scan was done, which was said. */
	void (*failed)(void *arg, size_t root);
	/** Nothing to take for now; may be NULL. */
	void (*idle)(void *arg);
	void *arg;
	/** A root is a recording: there are no files behind it. May be NULL. */
	void (*recording)(void *arg, size_t root);
	/** With WIRE_SCAN_HOLD: which directories are to be entered, as whole frames with the id HEADLESS_SCAN_ID. Returns how many its scan has to read. */
	size_t (*enter)(void *arg, size_t root, struct buf *frames);
	uint8_t flags;       /* enum wire_scan_flags, besides those of the options */
};

/** The id of a root's one scan; that of a recording has it too. */
#define HEADLESS_SCAN_ID 1

/**
 * Scan all roots at the same time and listen until the last one is done.
 * Returns HEADLESS_OK, or HEADLESS_TROUBLE when a source failed or could not be started.
 */
MUN_NODISCARD int headless_scan(const struct options *options, const struct headless_scan *scan);

/** Does this error mean that a root is not there at all, so that not even its line is printed? */
bool headless_is_missing(enum error error);

/* ---- JSON ---- */

/** Append a string of UTF-8 with its quotes. What is invisible or would confuse a terminal is escaped; with `ascii` all that is not ASCII. */
void json_string(struct buf *out, const char *bytes, size_t len, bool ascii);

/** Are these bytes UTF-8? */
bool json_is_text(const char *bytes, size_t len);

/** Append bytes in base64 with quotes. */
void json_base64(struct buf *out, const void *bytes, size_t len);

/** Append `"KEY":"…"`, or `"KEY_b64":"…"` for what is not UTF-8. */
void json_bytes(struct buf *out, const char *key, const char *bytes, size_t len, bool ascii);

/** Append numbers in decimal. */
void json_unsigned(struct buf *out, uint64_t value);
void json_signed(struct buf *out, int64_t value);

/** The word of a type (S_IFMT bits) in json output; NULL while it is unknown. */
const char *json_type(uint32_t mode);

/** Append the object of an entry: `{"path":…}`. `attrs` NULL: unknown, but for the type in `mode`; `target` NULL: none. */
void json_entry(struct buf *out, const char *path, size_t path_len, const struct attrs *attrs, uint32_t mode,
		const char *target, size_t target_len, const char *error, bool ascii);

#endif
