/*
 * What the files of the comparison on the screen share. Nobody else includes this.   Thread: main, for all functions.
 */
#ifndef MUNTIN_SESSION_COMPARE_IMPL_H
#define MUNTIN_SESSION_COMPARE_IMPL_H

#include "session_compare.h"

/** Take over what the threads have read, before rows are looked at again. */
void comparison_take_contents(struct comparison *comparison);

/** Give the threads more to read, once the rows were looked at. */
void comparison_ask_contents(struct comparison *comparison);

#endif
