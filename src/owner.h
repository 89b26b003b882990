/*
 * Names of users and groups, looked up in a thread of their own: a name service may take its time, or hang.
 *
 * Whoever paints asks and gets at once what is known; what is not is queued, and the loop is woken when it has come.
 */
#ifndef MUNTIN_OWNER_H
#define MUNTIN_OWNER_H

#include "base.h"

struct loop;
struct owners;

/**
 * Nothing is known yet; the thread is started with the first question. `changed` is called from the loop when names have
 * come. Returns NULL with errno. `loop` outlives the result.   Thread: main.
 */
MUN_NODISCARD struct owners *owners_new(struct loop *loop, void (*changed)(void *arg), void *arg);

/** Let go at once, also of a look-up that hangs. Takes NULL.   Thread: main. */
void owners_free(struct owners *owners);

/**
 * The name, or NULL: not known yet, or there is none. Foreign bytes, for text_add(). Borrowed until owners_free().
 * `owners` may be NULL: then nothing is known.   Thread: main.
 */
const char *owner_user(struct owners *owners, uint32_t uid);
const char *owner_group(struct owners *owners, uint32_t gid);

/** Has everything been answered?   Thread: main. */
bool owners_settled(const struct owners *owners);

#endif
