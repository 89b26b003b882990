/*
 * Where root should think twice: system directories, mounts, and places where others may write.
 *
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_CAUTION_H
#define MUNTIN_CAUTION_H

#include "session.h"

/** Do we act as root? */
bool caution_is_root(void);

/**
 * Why root should think again before it renames, deletes or changes what an absolute path names, or what is below it: a static
 * text that follows the path ("belongs to the system"), or NULL. What is deep in /etc, /home, /var and the like is everyday work.
 */
const char *caution_path(const char *path, size_t len);

/** The same for entries of a pane, who may write beside them included; NULL too for who is not root. */
const char *caution_entries(const struct session *session, const struct pane *pane, const entry_id *ids, size_t count);

#endif
