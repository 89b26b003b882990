/*
 * Permission edits: read a MODE as chmod takes it, apply it to a mode, summarise the modes of many
 * entries. Pure: bits in, bits out. Only the lowest twelve bits of a mode ever change.
 *
 * A MODE is a list of clauses with commas between, each of them octal (`0755`) or symbolic
 * (`ug+rwX`, `o-w`, `g=u`, `+t`, `u+r-w=x`, `=`), each for files and directories, or with `D:`
 * before it for directories only, `F:` for all else only. Symbolic ones mean what they mean to GNU
 * chmod: without ugoa the umask holds, X is x on directories and on what some class may execute
 * already, and a directory keeps its set-id bits unless the clause speaks of them. Octal ones
 * differ, so that no special bit is ever lost in silence: four digits and more set all twelve bits,
 * up to three leave the special bits as they are.
 */
#ifndef MUNTIN_PERM_H
#define MUNTIN_PERM_H

#include "base.h"
#include "buf.h"

/** The bits that an edit can change, and of them the special ones. */
#define PERM_BITS 07777u
#define PERM_SPECIAL 07000u

/** Operators that one MODE may have; more is an error of perm_parse(). */
#define PERM_CHANGES 64

/** One operator of a clause with what stands right of it. */
struct perm_change {
	uint16_t scope;   /* the bits it may touch */
	uint16_t value;   /* the bits it names; with `copy` the class that is copied */
	uint16_t keeps;   /* of the scope, what a directory keeps */
	char op;          /* + - = */
	bool masked;      /* no class was given: the umask holds */
	bool copy;        /* takes the bits of a class: g=u */
	bool if_x;        /* has an X */
	bool octal;       /* the clause is a number alone */
	bool on_files;
	bool on_dirs;
};

/** A MODE that was read; a plain value, to copy as one likes. */
struct perm_edit {
	size_t len;
	struct perm_change changes[PERM_CHANGES];
};

/** Why a MODE is none. */
struct perm_error {
	size_t at;        /* offset of the character that is wrong */
	const char *why;  /* static text */
};

/**
 * Read a MODE. Returns 0, or -1 with EINVAL and `error` filled, which may be NULL; `edit` is then
 * not to be used. Thread: any.
 */
MUN_NODISCARD int perm_parse(struct perm_edit *edit, const char *text, size_t len, struct perm_error *error);

/**
 * The mode that an entry of this mode gets; the type in `mode` says whether it is a
 * directory.   Thread: any.
 */
uint32_t perm_apply(const struct perm_edit *edit, uint32_t mode, uint32_t mask);

/**
 * Whether octal clauses are all it has: it asks for a mode, not for a change of one.   Thread: any.
 */
bool perm_is_absolute(const struct perm_edit *edit);

/** Append a mode as clauses: `u=rw,g=r,o=r`, with s and t where they are set.   Thread: any. */
void perm_symbolic(struct buf *out, uint32_t mode);

/* ---- Many entries ---- */

enum perm_box {
	PERM_OFF,
	PERM_ON,
	PERM_MIXED,  /* entries differ; what is mixed and not touched stays per entry */
};

/** The modes of many entries in one. Starts as PERM_MIX_INIT. */
struct perm_mix {
	uint32_t all;  /* bits that every one has */
	uint32_t any;  /* bits that some have */
	size_t count;
};

#define PERM_MIX_INIT { PERM_BITS, 0, 0 }

/** Count one more entry in.   Thread: any. */
void perm_mix_add(struct perm_mix *mix, uint32_t mode);

/** The state of one bit; off where there are no entries.   Thread: any. */
enum perm_box perm_mix_box(const struct perm_mix *mix, uint32_t bit);

/** Append four octal digits, `-` for one with a mixed bit.   Thread: any. */
void perm_mix_octal(struct buf *out, const struct perm_mix *mix);

/** Append the bits that every entry has, as perm_symbolic() does.   Thread: any. */
void perm_mix_symbolic(struct buf *out, const struct perm_mix *mix);

/* ---- The boxes of the editor ---- */

/**
 * Twelve boxes over some entries: what they hold, and what was touched. {mix, 0, 0} is untouched.
 */
struct perm_boxes {
	struct perm_mix mix;
	uint32_t set;    /* boxes switched on */
	uint32_t clear;  /* boxes switched off; never one that is in `set` */
};

/** Switch boxes on or off; PERM_MIXED makes them untouched again.   Thread: any. */
void perm_boxes_put(struct perm_boxes *boxes, uint32_t bits, enum perm_box state);

/** One step of a box: on, off, and back to mixed where entries differ.   Thread: any. */
void perm_boxes_toggle(struct perm_boxes *boxes, uint32_t bit);

/** What the boxes show now; its perm_mix_octal() is what the octal field shows.   Thread: any. */
struct perm_mix perm_boxes_shown(const struct perm_boxes *boxes);

/**
 * Set boxes from the octal field: four digits, or three that leave the special bits untouched; a
 * `-` leaves its three boxes untouched. Returns 0, or -1 with EINVAL and nothing changed.   Thread:
 * any.
 */
MUN_NODISCARD int perm_boxes_octal(struct perm_boxes *boxes, const char *text, size_t len);

/** The mode that an entry of this mode gets.   Thread: any. */
uint32_t perm_boxes_apply(const struct perm_boxes *boxes, uint32_t mode);

/**
 * Append a MODE that does the same to every mode: octal when every box was touched, else symbolic;
 * nothing when none was.   Thread: any.
 */
void perm_boxes_text(struct buf *out, const struct perm_boxes *boxes);

#endif
