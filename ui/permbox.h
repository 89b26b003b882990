/*
 * The permission editor: twelve boxes, an octal and a symbolic field, and the list of every change before it is made.
 *
 * The state is pure: entries are put in once, keys change the edit, and what would become of each entry is worked out
 * from what was put in. permbox_open() is the dialog around it, which turns the edit into an operation.
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_PERMBOX_H
#define MUNTIN_PERMBOX_H

#include "access.h"
#include "paint.h"
#include "perm.h"
#include "prompt.h"

struct app;
struct term_event;

enum permbox_field { PERMBOX_BOXES, PERMBOX_OCTAL, PERMBOX_SYMBOLIC, PERMBOX_RECURSIVE, PERMBOX_LIST, PERMBOX_FIELDS };

/** Why an entry is left alone. */
enum permbox_skip { PERMBOX_NOT_SKIPPED, PERMBOX_LINK, PERMBOX_UNKNOWN };

/** One entry as it was shown. */
struct permbox_item {
	size_t path_end;  /* in the box's `paths`; begins where the one before ends */
	uint32_t mode;    /* with its type */
	uint32_t uid;
	uint32_t gid;
	uint8_t skip;     /* enum permbox_skip */
	const struct access_list *acl; /* as far as it is known; borrowed. NULL: none */
};

/** What an edit was before the last change, for `u`. */
struct permbox_past {
	uint32_t set;
	uint32_t clear;
	bool recursive;
	char *symbolic;   /* text of the field; NULL: empty */
	size_t symbolic_len;
};

/** The editor. */
struct permbox {
	struct permbox_item *items;
	size_t count;
	size_t cap;
	struct buf paths;
	struct perm_boxes boxes;     /* the edit while the symbolic field is empty */
	struct perm_edit edit;       /* of the symbolic field, if `edit_ok` */
	bool edit_ok;
	struct perm_error edit_error; /* if not, and there is text */
	struct prompt octal;
	bool octal_ok;               /* what stands in it could be read */
	bool octal_fresh;          /* nothing was typed into it since the field was entered */
	struct prompt symbolic;
	enum permbox_field field;
	int row;                     /* of the focused box: user, group, other */
	int column;                  /* read, write, execute, special */
	bool recursive;
	bool has_dirs;               /* otherwise there is nothing to be recursive about */
	uint64_t files;              /* that recursion would reach, as far as it is known */
	uint64_t dirs;
	uint32_t umask;
	uint32_t *listed;            /* items that change or are left alone, in order */
	size_t listed_count;
	size_t listed_cap;
	size_t changes;
	size_t top;                  /* first line of the list shown */
	size_t height;               /* lines of the list, as last painted */
	bool same_owner;             /* of all entries */
	struct permbox_past *past;   /* what `u` goes back to, the newest last */
	size_t past_count;
	size_t past_cap;
	bool typing;                 /* the last change was typed into the field that has the focus */
	struct access_user user;     /* whose access is told; `groups` is borrowed */
	struct buf user_name;        /* foreign bytes; empty: you */
};

enum permbox_result {
	PERMBOX_EDITING,
	PERMBOX_CHANGED,  /* the edit is another */
	PERMBOX_APPLY,
	PERMBOX_USER,     /* tell the access of another user */
	PERMBOX_LEAVE,
};

/** Nothing in it yet. */
void permbox_init(struct permbox *box, uint32_t mask, bool ascii);
void permbox_fini(struct permbox *box);

/** Put in an entry. Returns -1 with ENOMEM. */
MUN_NODISCARD int permbox_add(
	struct permbox *box, const char *path, size_t len, uint32_t mode, uint32_t uid, uint32_t gid, enum permbox_skip skip);

/** All entries are in. Returns -1 with ENOMEM. */
MUN_NODISCARD int permbox_ready(struct permbox *box);

/** Take one key. */
enum permbox_result permbox_key(struct permbox *box, uint32_t key, bool pasted);

/** The mode that an entry gets; its own where it is left alone. */
uint32_t permbox_new_mode(const struct permbox *box, size_t index);

/** What the boxes show. */
struct perm_mix permbox_shown(const struct permbox *box);

/** Append the edit as a MODE; nothing when there is none. */
void permbox_mode(const struct permbox *box, struct buf *out);

/** How many entries that are not left alone have an ACL: their group bits are its mask. `*all` is how many there are. */
size_t permbox_acls(const struct permbox *box, size_t *all);

/** Is there an edit, and is it one? */
bool permbox_can_apply(const struct permbox *box);

/** An entry's path, borrowed. */
const char *permbox_path(const struct permbox *box, size_t index, size_t *len);

/** Draw it. With a `job` the list is that of its plan. `listed` are the rows of that plan to be shown. */
void permbox_paint(struct permbox *box, const struct paint *p, const struct job *job, const uint32_t *listed, size_t count);

/** Open the editor for entries of a pane. */
void permbox_open(struct app *app, struct pane *pane, const entry_id *ids, size_t count, bool recursive);

#endif
