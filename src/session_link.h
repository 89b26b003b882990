/*
 * Panes that move together: where the active one goes, the others go by the same relative path, as far as they have it.
 * Thread: the main thread, for all functions.
 */
#ifndef MUNTIN_SESSION_LINK_H
#define MUNTIN_SESSION_LINK_H

#include "session.h"

/** From now on the directories that the panes show now stand for each other; or for none any more. */
void session_link(struct session *session, bool linked);

/** The active pane may have moved: let the others follow. After every command. */
void session_follow(struct session *session);

#endif
