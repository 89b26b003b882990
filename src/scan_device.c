/*
 * Devices that are slow with several requests at a time: one thread each.
 *
 * A directory whose device is taken is put aside and comes back, before all others, when the thread that has the device leaves its
 * directory. What a device is like is asked once, by the first thread that has opened a directory on it; until then it
 * is taken as one of those. With a number of threads that the user has asked for (no WIRE_SCAN_TURNS) all this is left out.
 */
#include "scan_impl.h"

#include "fsys_device.h"

/* What is known of a device, made at its first directory. Guarded by `lock`; never freed before the scan. */
struct device {
	struct device *next;
	uint64_t dev;
	bool asked;
	bool serial;         /* true until it is asked */
	bool taken;          /* by a thread, if it is serial */
	struct node *aside;  /* linked by `newer`, the last one first */
};

/* NULL without memory.   Under the lock. */
static struct device *find(struct scan *scan, uint64_t dev)
{
	struct device *device = scan->devices;

	while (device && device->dev != dev)
		device = device->next;
	if (device)
		return device;
	device = malloc(sizeof *device);
	if (!device)
		return NULL;
	*device = (struct device){ .next = scan->devices, .dev = dev, .serial = true };
	scan->devices = device;
	return device;
}

/* Let what was put aside wait as before.   Under the lock. */
static void bring_back(struct scan *scan, struct device *device)
{
	while (device->aside) {
		struct node *node = device->aside;

		device->aside = node->newer;
		node_put_first(scan, node);
	}
}

bool device_is_taken(struct scan *scan, const struct node *node)
{
	const struct device *device = scan->flags & WIRE_SCAN_TURNS && node->dev ? find(scan, node->dev) : NULL;

	return device && device->serial && device->taken;
}

struct node *device_pop(struct reader *reader)
{
	struct scan *scan = reader->scan;
	struct node *node;

	reader->device = NULL;
	while ((node = node_pop(scan)) && device_is_taken(scan, node)) {
		struct device *device = find(scan, node->dev);

		node->newer = device->aside;
		device->aside = node;
	}
	if (node && scan->flags & WIRE_SCAN_TURNS && node->dev) {
		struct device *device = find(scan, node->dev);

		if (device && device->serial) {
			device->taken = true;
			reader->device = device;
		}
	}
	/* those that are left may be of a device that this thread has just given up, of which nobody else was told */
	if (node && !reader->device && scan->front && scan->idle > 0)
		pthread_cond_signal(&scan->work);
	return node;
}

void device_opened(struct reader *reader, int fd, const struct attrs *attrs)
{
	struct scan *scan = reader->scan;
	struct device *device;
	bool start = false;
	bool serial;
	bool asked;

	if (!(scan->flags & WIRE_SCAN_TURNS))
		return;
	pthread_mutex_lock(&scan->lock);
	device = find(scan, attrs->dev);
	asked = !device || device->asked;
	if (device && !reader->device && device->serial && !device->taken) {
		/* the top, of which nothing was known, or what has been mounted meanwhile */
		device->taken = true;
		reader->device = device;
	}
	pthread_mutex_unlock(&scan->lock);
	if (asked)
		return;
	serial = fsys_device_is_serial(fd, attrs->dev, attrs->mnt, scan->sys);
	pthread_mutex_lock(&scan->lock);
	device->asked = true;
	device->serial = serial;
	if (!serial) {
		bring_back(scan, device);
		start = scan->front && scan_want_thread(scan);
	}
	pthread_mutex_unlock(&scan->lock);
	if (start)
		scan_start_thread(scan);
}

/* The thread itself takes what comes next: no other is woken for that. */
void device_leave(struct reader *reader)
{
	struct scan *scan = reader->scan;
	struct device *device = reader->device;

	if (!device)
		return;
	pthread_mutex_lock(&scan->lock);
	device->taken = false;
	bring_back(scan, device);
	pthread_mutex_unlock(&scan->lock);
	reader->device = NULL;
}

bool device_is_shared(struct reader *reader)
{
	struct scan *scan = reader->scan;
	bool shared;

	if (!reader->device)
		return true;
	pthread_mutex_lock(&scan->lock);
	shared = !reader->device->serial;
	pthread_mutex_unlock(&scan->lock);
	return shared;
}

void device_free_all(struct scan *scan)
{
	while (scan->devices) {
		struct device *device = scan->devices;

		scan->devices = device->next;
		free(device);
	}
}
