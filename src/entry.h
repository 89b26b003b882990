/*
 * What is known of one file: everything that stat tells (struct attrs, on the wire and in headless output),
 * and the compact form of which the tree keeps millions (struct entry).
 */
#ifndef MUNTIN_ENTRY_H
#define MUNTIN_ENTRY_H

#include "base.h"

#include <sys/stat.h>

/** An entry's number in its tree; 0 is none. */
typedef uint32_t entry_id;

enum attrs_flags {
	ATTRS_KNOWN = 1 << 0,      /* the numbers below are set; otherwise only `mode`'s type may be */
	ATTRS_MOUNT_ROOT = 1 << 1, /* the root of a mount, bind mounts too; statx(2) STATX_ATTR_MOUNT_ROOT */
	ATTRS_BTIME = 1 << 2,      /* the filesystem told a birth time */
	ATTRS_IMMUTABLE = 1 << 3,  /* chattr +i */
	ATTRS_APPEND = 1 << 4,     /* chattr +a */
	ATTRS_FOLLOWED = 1 << 5,   /* a symbolic link that -L resolved: the numbers are its target's */
};

/** stat(2), with times in nanoseconds since 1970. */
struct attrs {
	uint32_t flags;  /* enum attrs_flags */
	uint32_t mode;   /* type and permission bits; no type bits at all while even the type is unknown */
	uint32_t uid;
	uint32_t gid;
	uint64_t nlink;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	uint64_t dev;    /* major << 32 | minor */
	uint64_t rdev;   /* of a device node, the same way */
	uint64_t mnt;    /* mount id; 0 when unknown */
	int64_t atime;
	int64_t mtime;
	int64_t ctime;
	int64_t btime;   /* 0 without ATTRS_BTIME */
};

/** What makes an object the same object: compared before anything is done to it. */
struct identity {
	uint64_t dev;
	uint64_t ino;
	uint64_t mnt;    /* 0: not known, not compared */
	int64_t btime;   /* 0: not known, not compared */
	uint32_t type;   /* S_IFMT bits */
};

enum entry_flags {
	ENTRY_KNOWN = 1 << 0,      /* attributes have arrived */
	ENTRY_SEEN = 1 << 1,       /* for tree_sweep() */
	ENTRY_MARKED = 1 << 2,     /* marked by the user */
	ENTRY_MOUNT_ROOT = 1 << 3, /* a mount begins here */
	ENTRY_HARD_LINK = 1 << 4,  /* nlink > 1 and counted at another entry of the same inode */
	ENTRY_FOLLOWED = 1 << 5,   /* a symbolic link that -L resolved */
	ENTRY_GONE = 1 << 6,       /* removed from the tree; its number waits to be used again */
	ENTRY_EXPANDED = 1 << 7,   /* a directory that is open in place */
	ENTRY_BTIME = 1 << 8,      /* `birth` is set */
	ENTRY_LISTED = 1 << 9,     /* it is or was marked: its number is in the tree's list of marks */
	ENTRY_ACL = 1 << 10,        /* it has an access ACL, as far as that was asked */
	ENTRY_ACL_ASKED = 1 << 11, /* that was asked since its attributes last arrived */
};

/** One file or directory in a tree. */
struct entry {
	entry_id parent;
	entry_id next;       /* sibling, in the order of arrival */
	uint32_t below;      /* directory: index of its struct dir; symbolic link: its target in the arena, 0 unknown; device: its number */
	uint32_t name;       /* in the arena */
	uint64_t size;
	int64_t mtime;       /* nanoseconds since 1970 */
	uint64_t ino;
	uint32_t uid;
	uint32_t gid;
	uint32_t blocks;     /* low 32 bits */
	uint16_t blocks_hi;  /* bits 32 to 47 */
	uint16_t mode;       /* type and permission bits; 0 while even the type is unknown */
	uint16_t nlink;      /* 65535 stands for more too */
	uint16_t dev;        /* index into the tree's table of devices */
	uint16_t flags;      /* enum entry_flags */
	uint8_t birth;       /* eight bits of the birth time: tells a reused inode number */
	uint8_t error;       /* enum error: why attributes or content are not known */
};

static_assert(sizeof(struct entry) <= 64, "an entry is kept a million times");

/** Is it a directory that can be entered?   Thread: any. */
static inline bool entry_is_dir(const struct entry *entry)
{
	return S_ISDIR(entry->mode);
}

/** Allocated 512-byte blocks.   Thread: any. */
static inline uint64_t entry_blocks(const struct entry *entry)
{
	return (uint64_t)entry->blocks_hi << 32 | entry->blocks;
}

#endif
