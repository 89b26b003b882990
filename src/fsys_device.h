/*
 * What kind of device a directory is on: whether several requests at a time make it faster, or slower.
 */
#ifndef MUNTIN_FSYS_DEVICE_H
#define MUNTIN_FSYS_DEVICE_H

#include "base.h"

/**
 * Is the file system of this open directory known to be remote, or on a disk that turns? `dev` and `mnt` are the directory's, as in
 * struct attrs; `sys` is where sysfs is mounted (NULL: /sys). What cannot be found out is "no".
 * Thread: any but the interface's main thread, as for all of fsys.h.
 */
bool fsys_device_is_serial(int dirfd, uint64_t dev, uint64_t mnt, const char *sys);

#endif
