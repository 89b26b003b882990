/*
 * The stream: how facts travel from a source to the model, and requests the other way.
 *
 * docs/PROTOCOL.md is the specification; this is its one implementation. A frame is
 *     u32 length (of what follows, little-endian) · u8 type · varint id · payload
 * and at most WIRE_MAX_FRAME bytes long. Decoding never trusts a byte: every reader here answers "no"
 * instead of reading past the end, and nothing is allocated for a length that was not checked.
 * Thread: any, for all functions; no state but the caller's.
 */
#ifndef MUNTIN_WIRE_H
#define MUNTIN_WIRE_H

#include "access.h"
#include "buf.h"
#include "entry.h"
#include "error.h"
#include "glob.h"

#define WIRE_MAGIC "muntin-stream 1"
#define WIRE_VERSION 1

enum {
	WIRE_MAX_FRAME = 1 << 20,  /* bytes after the length field */
	WIRE_HEADER = 4,           /* bytes of the length field */
	WIRE_MAX_NAME = 255,
	WIRE_MAX_NOISE = 1 << 16,  /* bytes a far side may print before its hello line */
	WIRE_MAX_VARINT = 10,
	WIRE_MAX_ATTRS = 160,      /* bytes that wire_put_attrs() takes at most */
	WIRE_MAX_ELEMENT = WIRE_MAX_ATTRS + 3 * WIRE_MAX_VARINT + 2, /* and wire_put_element(), without a link's target */
	WIRE_MAX_WATCHES = 1000,   /* paths of a WIRE_WATCH */
	WIRE_MAX_DATA = 1 << 16,   /* bytes that a WIRE_READ may ask for */
};

/* Types from WIRE_OPTIONAL on may be skipped by who does not know them; any other unknown type ends the source. */
enum wire_type {
	/* from a source; the id is the scan's */
	WIRE_BEGIN = 1,    /* a directory was opened: varint dir · attrs */
	WIRE_NAMES = 2,    /* some of its names: varint dir · varint batch · { u8 type · u8 len · bytes }… */
	WIRE_ATTRS = 3,    /* their attributes: varint batch · { varint index · u8 what · … }…, see struct wire_attrs */
	WIRE_END = 4,      /* the directory was read: varint dir · u8 error · u8 enum wire_end */
	WIRE_DONE = 5,     /* the scan has ended: u8 error (ERROR_CANCELED when stopped) */
	/* from a source; the id is the request's */
	WIRE_STAT = 6,     /* u8 error · attrs · bytes target · acl · default acl */
	WIRE_ITEM = 7,     /* one item of an operation, see op_wire.h */
	WIRE_PROGRESS = 8, /* of an operation */
	WIRE_PLANNED = 9,  /* the plan is complete and waits for WIRE_CONFIRM */
	WIRE_RESULT = 10,  /* an operation has ended */
	WIRE_CHANGED = 11, /* watched directories are to be read again: { bytes path }… */
	WIRE_UNWATCHED = 12, /* directories cannot be watched: varint error · { bytes path }…; without a path: none can */
	WIRE_WATCHED = 13,  /* of a watch: they are watched, and as they were at the mtime told: { bytes path }… */
	WIRE_DETAIL = 20,   /* the next of what was asked for: { u8 whether attrs follow · attrs · acl }…; an empty frame: the rest cannot be told */
	WIRE_USER = 21,     /* of a WIRE_WHY: u8 error · varint uid · gid · bytes name · { varint gid }… */
	WIRE_STEP = 22,     /* of a WIRE_WHY: one component, see struct wire_step; an empty frame: that was the last */
	WIRE_DATA = 23,     /* a part of a file: u8 error · varint offset · varint size of the file · bytes */
	/* to a source */
	WIRE_SCAN = 32,    /* begin a scan: see struct wire_scan */
	WIRE_STOP = 33,    /* end the scan or operation with this id; it still sends its end */
	WIRE_LOOK = 34,    /* answer with WIRE_STAT: bytes path */
	WIRE_OPERATE = 35, /* plan an operation, see op_wire.h */
	WIRE_CONFIRM = 36, /* run what was planned */
	WIRE_JOBS = 39,    /* the scan with this id may use so many threads from now on: varint jobs */
	WIRE_ROOT = 37,    /* the first request to a worker: u8 flags (1: read-only) · bytes the root's path */
	WIRE_ENTER = 40,   /* of a scan with WIRE_SCAN_HOLD: read these directories too: { varint dir }…; none: all that are held are left */
	WIRE_WATCH = 38,   /* the directories to be watched, instead of those before: { bytes path · signed mtime }… */
	WIRE_DETAILS = 44, /* answer with WIRE_DETAIL for each: { bytes path }… */
	WIRE_WHY = 45,     /* answer with WIRE_USER and the way from / to a path: bytes path · bytes user, empty for who asks */
	WIRE_READ = 46,    /* answer with WIRE_DATA: varint offset · varint length, at most WIRE_MAX_DATA · bytes path */
	WIRE_OPTIONAL = 128,
	WIRE_LEFT_OUT = 129,  /* from a scan, before WIRE_DONE: so many names matched a pattern and were left out: varint count */
	WIRE_PATTERNS = 130,  /* in a recording, before its names: what was left out of it: { bytes pattern }… */
	WIRE_HEARTBEAT = 128, /* from a source while it works and has nothing else to say */
};

/** How far a directory was read. */
enum wire_end {
	WIRE_END_COMPLETE = 0, /* all of it */
	WIRE_END_UNREAD = 1,   /* it could not be opened */
	WIRE_END_PARTIAL = 2,  /* an error or a stop in the middle: what came is true, more may exist */
	WIRE_END_SKIPPED = 3,  /* not entered on purpose: a depth, a mount, a loop; the error says which */
};

/** What an element of WIRE_ATTRS tells of one name. */
enum wire_attrs_what {
	WIRE_ATTRS_STAT = 1 << 0,   /* attributes follow */
	WIRE_ATTRS_TARGET = 1 << 1, /* a link's target follows, as bytes */
	WIRE_ATTRS_DIR = 1 << 2,    /* varint dir follows: the number under which its listing will come */
	WIRE_ATTRS_ERROR = 1 << 3,  /* u8 error follows: the attributes could not be had */
	WIRE_ATTRS_GONE = 1 << 4,   /* the name vanished between readdir and stat */
};

/** Bytes that are being read; `ok` turns false for good at the first one too few. */
struct wire_reader {
	const unsigned char *at;
	const unsigned char *end;
	bool ok;
};

/** A frame inside somebody else's memory. */
struct wire_frame {
	uint8_t type;
	uint64_t id;
	struct wire_reader payload;
};

/** An element of WIRE_ATTRS. */
struct wire_attrs {
	uint32_t index;      /* of the name in its batch */
	uint8_t what;        /* enum wire_attrs_what */
	uint8_t error;
	uint32_t dir;
	struct attrs attrs;
	const char *target;  /* in the frame */
	size_t target_len;
};

/** An element of WIRE_NAMES. */
struct wire_name {
	const char *name;    /* in the frame, not terminated */
	uint8_t len;
	uint8_t type;        /* DT_*, see readdir(3) */
};

enum wire_scan_flags {
	WIRE_SCAN_ONE_FS = 1 << 0,
	WIRE_SCAN_FOLLOW = 1 << 1,
	WIRE_SCAN_SHALLOW = 1 << 2, /* only the one directory: those found in it get no number and are not entered */
	WIRE_SCAN_HOLD = 1 << 3,    /* directories that are found are held until WIRE_ENTER names them */
	WIRE_SCAN_TURNS = 1 << 4,   /* one thread at a time on a device that is known to be remote or to turn */
};

/** The payload of WIRE_SCAN: u8 flags · varint depth · varint jobs · bytes path · { bytes pattern }…; bytes: varint length first. */
struct wire_scan {
	uint8_t flags;       /* enum wire_scan_flags */
	uint32_t depth;      /* levels of directories that are read; 0: only the directory's own attributes */
	uint32_t jobs;       /* threads */
	const char *path;    /* below the root, components joined by '/'; empty: the root itself */
	size_t path_len;
	struct wire_reader patterns; /* excluded, read with wire_get_bytes() until its end */
};

#define WIRE_DEPTH_ALL UINT32_MAX

enum wire_step_flags {
	WIRE_STEP_READ_ONLY = 1 << 0, /* its filesystem is mounted so */
	WIRE_STEP_NO_EXEC = 1 << 1,
};

/** A component of a path on the way from `/`: u8 error · bytes name · u8 flags · attrs · acl · bytes target. */
struct wire_step {
	uint8_t error;          /* enum error: it could not be looked at, and is the last */
	uint8_t flags;          /* enum wire_step_flags */
	const char *name;       /* "/" for the first; in the frame */
	size_t name_len;
	struct attrs attrs;
	struct access_list acl; /* owned by whoever has the step */
	const char *target;     /* of a link: the components of this come next; in the frame */
	size_t target_len;
};

/** Begin a frame in `out`; returns where it starts, for wire_close(). */
size_t wire_open(struct buf *out, enum wire_type type, uint64_t id);

/** Write the length of the frame that begins at `start`. */
void wire_close(struct buf *out, size_t start);

/** Write primitives. Signed numbers travel zigzag; bytes as varint length and content. */
void wire_put_u8(struct buf *out, unsigned value);
void wire_put_varint(struct buf *out, uint64_t value);
void wire_put_signed(struct buf *out, int64_t value);
void wire_put_bytes(struct buf *out, const void *bytes, size_t len);
void wire_put_attrs(struct buf *out, const struct attrs *attrs);

/** Read primitives; after the end they return 0 and leave `ok` false. Bytes are borrowed from the frame. */
unsigned wire_get_u8(struct wire_reader *in);
uint64_t wire_get_varint(struct wire_reader *in);
int64_t wire_get_signed(struct wire_reader *in);
const char *wire_get_bytes(struct wire_reader *in, size_t *len);
void wire_get_attrs(struct wire_reader *in, struct attrs *attrs);

/** An ACL: varint count · { u8 tag · u8 rights · varint id }…. Reading appends; -1 with ENOMEM, and `ok` tells of damage. */
void wire_put_acl(struct buf *out, const struct access_list *acl);
MUN_NODISCARD int wire_get_acl(struct wire_reader *in, struct access_list *acl);

/** A step without its frame. Reading: -1 with ENOMEM, and `ok` tells of damage; the ACL is the caller's in any case. */
void wire_put_step(struct buf *out, const struct wire_step *step);
MUN_NODISCARD int wire_get_step(struct wire_reader *in, struct wire_step *step);

/** Is there anything left to read, and nothing broken so far? */
static inline bool wire_more(const struct wire_reader *in)
{
	return in->ok && in->at < in->end;
}

/** Elements of WIRE_NAMES and WIRE_ATTRS. Reading returns false at the end of the frame and when it is damaged (`ok`). */
void wire_put_name(struct buf *out, const char *name, size_t len, unsigned type);
bool wire_get_name(struct wire_reader *in, struct wire_name *name);

/** `before` has the attributes of the element just before it in the frame; NULL: it has none, or is not known. */
void wire_put_element(struct buf *out, const struct wire_attrs *element, const struct attrs *before);

/** `element` holds what was read last in this frame; at its beginning, no bit of `what` is set. */
bool wire_get_element(struct wire_reader *in, struct wire_attrs *element);

/** A whole WIRE_SCAN request; `patterns` are `count` terminated strings. */
void wire_put_scan(struct buf *out, uint64_t id, const struct wire_scan *scan, const char *const *patterns, size_t count);
MUN_NODISCARD bool wire_get_scan(struct wire_reader *in, struct wire_scan *scan);

/** A whole WIRE_PATTERNS frame of `count` terminated strings. */
void wire_put_patterns(struct buf *out, uint64_t id, const char *const *patterns, size_t count);

/** Add the patterns that follow, to the end of the frame. Returns 0, or -1 with ENOMEM, or EPROTO or EINVAL for what is none. */
MUN_NODISCARD int wire_get_patterns(struct wire_reader *in, struct glob_set *set);

enum wire_status {
	WIRE_OK,         /* a frame was taken */
	WIRE_INCOMPLETE, /* more bytes are needed */
	WIRE_BAD,        /* the bytes are no frame; nothing after them can be trusted */
};

/**
 * Take the frame at the start of `bytes`. On WIRE_OK `*used` says how long it was; it stays in `bytes`.
 */
enum wire_status wire_next(const void *bytes, size_t len, struct wire_frame *frame, size_t *used);

/** Write whole frames to the debug log, if it wants them: `way` is `<` or `>`, `source` tells sources apart.   Thread: any. */
void wire_log(const char *way, const void *source, const void *bytes, size_t len);

/** May a source send this as the name of an entry? 1 to 255 bytes, no '/', no NUL, not `.` or `..`. */
bool wire_name_ok(const char *name, size_t len);

/** May a request name this path below a root? Empty, or names as above joined by single slashes. */
bool wire_path_ok(const char *path, size_t len);

#endif
