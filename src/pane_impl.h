/*
 * Inside a pane: what its files share.   Thread: main, for all functions.
 */
#ifndef MUNTIN_PANE_IMPL_H
#define MUNTIN_PANE_IMPL_H

#include "pane.h"

/* ---- pane.c ---- */

void pane_set_state(struct pane *pane, enum pane_state state);

/** The pane has failed, for `reason` (NULL: for the one that it has); `R` tries again. */
void pane_fail(struct pane *pane, const char *reason);

/** Let go of the source: what it was asked will not be answered. */
void pane_drop_source(struct pane *pane);

/** Have a source. False when none could be started; then the pane has failed. */
bool pane_start_source(struct pane *pane);

/* ---- pane_scan.c ---- */

/** Does a scan go on that shows in the title? */
bool pane_is_scanning(const struct pane *pane);

/** Ask for a scan of a directory and what is below it, or of it alone (shallow); one nobody asked for is quiet. */
void pane_start_scan(struct pane *pane, entry_id top, bool shallow, bool quiet);

/** A frame of a scan has come. False when it breaks the rules. */
bool pane_take_scan_frame(struct pane *pane, const struct wire_frame *frame);

/** What was left out of a recording has come. False when that breaks the rules. */
bool pane_take_patterns(struct pane *pane, const struct wire_frame *frame);

/** Forget all scans. */
void pane_free_scans(struct pane *pane);

#endif
