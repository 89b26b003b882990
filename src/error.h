/*
 * Errors as our own small enumeration, so that they mean the same on both ends of a pipe.
 */
#ifndef MUNTIN_ERROR_H
#define MUNTIN_ERROR_H

#include "base.h"

/* name, errno, words. The order is part of the wire format: add at the end only. */
#define ERROR_TABLE(X)                                              \
	X(NONE, 0, "no error")                                      \
	X(OTHER, -1, "unknown error")                               \
	X(PERM, EPERM, "operation not permitted")                   \
	X(NOENT, ENOENT, "no such file or directory")               \
	X(SRCH, ESRCH, "no such process")                           \
	X(INTR, EINTR, "interrupted")                               \
	X(IO, EIO, "input/output error")                            \
	X(NXIO, ENXIO, "no such device or address")                 \
	X(BADF, EBADF, "bad file descriptor")                       \
	X(NOMEM, ENOMEM, "out of memory")                           \
	X(ACCES, EACCES, "permission denied")                       \
	X(BUSY, EBUSY, "device or resource busy")                   \
	X(EXIST, EEXIST, "file exists")                             \
	X(XDEV, EXDEV, "on another filesystem")                     \
	X(NODEV, ENODEV, "no such device")                          \
	X(NOTDIR, ENOTDIR, "not a directory")                       \
	X(ISDIR, EISDIR, "is a directory")                          \
	X(INVAL, EINVAL, "invalid argument")                        \
	X(NFILE, ENFILE, "too many open files in the system")       \
	X(MFILE, EMFILE, "too many open files")                     \
	X(TXTBSY, ETXTBSY, "program file is running")               \
	X(FBIG, EFBIG, "file too large")                            \
	X(NOSPC, ENOSPC, "no space left on device")                 \
	X(ROFS, EROFS, "read-only file system")                     \
	X(MLINK, EMLINK, "too many links")                          \
	X(PIPE, EPIPE, "broken pipe")                               \
	X(NAMETOOLONG, ENAMETOOLONG, "name too long")               \
	X(NOSYS, ENOSYS, "not supported by the system")             \
	X(NOTEMPTY, ENOTEMPTY, "directory not empty")               \
	X(LOOP, ELOOP, "too many levels of symbolic links")         \
	X(OVERFLOW, EOVERFLOW, "value too large")                   \
	X(NOTSUP, EOPNOTSUPP, "operation not supported")            \
	X(STALE, ESTALE, "stale file handle")                       \
	X(DQUOT, EDQUOT, "disk quota exceeded")                     \
	X(TIMEDOUT, ETIMEDOUT, "timed out")                         \
	X(NOTCONN, ENOTCONN, "transport endpoint is not connected") \
	X(CANCELED, ECANCELED, "cancelled")                         \
	X(CHANGED, -2, "changed meanwhile")                         \
	X(MOUNT, -3, "mount point")                                 \
	X(LINK, -4, "symbolic link")                                \
	X(SPECIAL, -5, "special file")                              \
	X(ROOT, -6, "a root or one of its parents")                 \
	X(READONLY, -7, "started with --read-only")                 \
	X(SAMEFILE, -8, "same file")                                \
	X(BADNAME, -9, "not a file name")                           \
	X(FORMAT, -10, "damaged or foreign data")                   \
	X(IMMUTABLE, -11, "immutable (chattr +i)")                  \
	X(APPENDONLY, -12, "append-only (chattr +a)")               \
	X(NOTOWNER, -13, "not the owner")                           \
	X(AGAIN, EAGAIN, "not enough resources for now")            \
	X(TWICE, -14, "another one would have the same name")       \
	X(TOGETHER, -15, "left alone, because another one cannot be done") \
	X(NOUSER, -16, "no such user")                              \
	X(NOGROUP, -17, "no such group")                            \
	X(NOOWNER, -18, "neither a group nor a user with one")      \
	X(ALONE, -19, "only on one side")                           \
	X(OTHERTYPE, -20, "of another type on the other side")

enum error {
#define X(name, number, words) ERROR_##name,
	ERROR_TABLE(X)
#undef X
	ERROR_COUNT
};

/** The enumeration's word for an errno; ERROR_OTHER when it has none.   Thread: any. */
enum error error_from_errno(int number);

/** The words for a person, constant ASCII; also for a number out of range.   Thread: any. */
const char *error_text(unsigned error);

#endif
