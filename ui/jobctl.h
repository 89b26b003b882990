/*
 * Job control and the terminal, for the two processes that share it: supervisor and interface.
 */
#ifndef MUNTIN_JOBCTL_H
#define MUNTIN_JOBCTL_H

#include "base.h"

#include <termios.h>

/** Does a blocked SIGHUP, SIGINT, SIGQUIT or SIGTERM wait, which will end us?   Thread: main. */
bool jobctl_death_pending(void);

/**
 * Stop this process as `signo` (SIGTSTP, SIGTTOU) does by default, and return when continued.
 * Returns false if nothing stopped: nobody could continue an orphaned process group, so the kernel leaves it
 * running. A SIGCONT that waits afterwards is how we tell.   Thread: main; all others block SIGCONT.
 */
bool jobctl_stop(int signo);

/**
 * Is our job in the background of this terminal? Not if it is none, or not ours.
 * Thread: main.
 */
bool jobctl_background(int tty);

/**
 * Write without ever waiting for long: a terminal may be held by ^S. What does not fit is lost.
 * Thread: main.
 */
void jobctl_write(int fd, const char *bytes, size_t len);

/**
 * Undo what an interface did to the terminal: its modes, then `len` bytes. Never waits for long, needs no
 * foreground: the shell may have taken it. SIGTTOU is ignored from then on. No-op without a terminal (-1).
 * Thread: main.
 */
void jobctl_restore(int tty, const struct termios *modes, const char *restore, size_t len);

#endif
