/*
 * Nodes: directories that wait to be read, and where they stand.
 */
#include "scan_impl.h"

#include <string.h>

static void unref_lineage(struct scan *scan, struct lineage *lineage)
{
	pthread_mutex_lock(&scan->lock);
	while (lineage && --lineage->refs == 0) {
		struct lineage *up = lineage->up;

		free(lineage);
		lineage = up;
	}
	pthread_mutex_unlock(&scan->lock);
}

void node_free(struct scan *scan, struct node *node)
{
	pthread_mutex_lock(&scan->anchor_lock);
	anchor_unref(scan, node->anchor);
	pthread_mutex_unlock(&scan->anchor_lock);
	if (node->lineage)
		unref_lineage(scan, node->lineage);
	free(node);
}

/* With -L: a directory's place below the ones above it. */
int lineage_extend(struct scan *scan, struct node *node, struct lineage *up)
{
	struct lineage *lineage;

	if (!(scan->flags & WIRE_SCAN_FOLLOW))
		return 0;
	lineage = malloc(sizeof *lineage);
	if (!lineage)
		return -1;
	*lineage = (struct lineage){ .up = up, .refs = 1, .dev = node->dev, .ino = node->ino };
	if (up) {
		pthread_mutex_lock(&scan->lock);
		up->refs++;
		pthread_mutex_unlock(&scan->lock);
	}
	lineage->link = node->follow ? lineage : up ? up->link : NULL;
	node->lineage = lineage;
	return 0;
}

/* Is this inode the directory itself or one above it? */
bool lineage_has(const struct lineage *lineage, const struct attrs *attrs)
{
	for (; lineage; lineage = lineage->up) {
		if (attrs_are(attrs, lineage->dev, lineage->ino))
			return true;
	}
	return false;
}

/*
 * Is a directory that no link led to one of those above it all the same? A link to a parent leads back to where it stands
 * by real directories: those above the nearest link are the only ones that can come again.
 */
bool lineage_returns(const struct lineage *lineage, const struct attrs *attrs)
{
	return lineage && lineage->link && lineage_has(lineage->link->up, attrs);
}

/* A node for a directory that was found in another. NULL with ENOMEM. */
struct node *node_new(struct scan *scan, struct reading *in, const char *name, const struct wire_attrs *element)
{
	const struct node *parent = in->node;
	bool anchored = parent->path_len > LONG_PATH || parent->follow;
	size_t above = anchored || parent->path_len == 0 ? 0 : parent->path_len + 1;
	size_t len = strlen(name);
	struct node *node = malloc(sizeof *node + above + len + 1);

	if (!node)
		return NULL;
	*node = (struct node){
		.number = element->dir,
		.depth = parent->depth + 1,
		.follow = element->attrs.flags & ATTRS_FOLLOWED,
		.dev = element->attrs.dev,
		.ino = element->attrs.ino,
		.path_len = above + len,
	};
	if (above > 0) {
		memcpy(node->path, parent->path, above - 1);
		node->path[above - 1] = '/';
	}
	memcpy(node->path + above, name, len + 1);
	pthread_mutex_lock(&scan->anchor_lock);
	node->anchor = anchored ? anchor_below(scan, in) : parent->anchor;
	if (node->anchor && !anchored)
		node->anchor->refs++;
	pthread_mutex_unlock(&scan->anchor_lock);
	if (!node->anchor) {
		free(node);
		return NULL;
	}
	if (lineage_extend(scan, node, parent->lineage) != 0) {
		node_free(scan, node);
		return NULL;
	}
	return node;
}

/* Take the next directory to read, or NULL.   Under the lock. */
struct node *node_pop(struct scan *scan)
{
	struct node *node = scan->waiting < BREADTH ? scan->front : scan->back;

	if (!node)
		return NULL;
	if (node->older)
		node->older->newer = node->newer;
	else
		scan->front = node->newer;
	if (node->newer)
		node->newer->older = node->older;
	else
		scan->back = node->older;
	scan->waiting--;
	return node;
}

/* Put a node behind all others.   Under the lock. */
static void append(struct scan *scan, struct node *node)
{
	node->older = scan->back;
	node->newer = NULL;
	if (scan->back)
		scan->back->newer = node;
	else
		scan->front = node;
	scan->back = node;
	scan->waiting++;
}

/* Room for a number.   Under the lock. */
static int grow_parked(struct scan *scan, uint32_t number)
{
	size_t old = scan->parked_cap;

	if (number < old)
		return 0;
	if (vec_grow(&scan->parked, &scan->parked_cap, (size_t)number + 1, sizeof *scan->parked) != 0)
		return -1;
	memset(scan->parked + old, 0, (scan->parked_cap - old) * sizeof *scan->parked);
	return 0;
}

/* Hold a directory until somebody asks for it. False when it may wait with the others, for want of memory too.   Under the lock. */
static bool hold(struct scan *scan, struct node *node)
{
	if (!(scan->flags & WIRE_SCAN_HOLD) || grow_parked(scan, node->number) != 0 || scan->parked[node->number].asked)
		return false;
	node->left = scan->leaves_parked;
	if (node->left)
		return false;
	scan->parked[node->number].node = node;
	scan->parked_count++;
	return true;
}

void node_put_first(struct scan *scan, struct node *node)
{
	node->older = NULL;
	node->newer = scan->front;
	if (scan->front)
		scan->front->older = node;
	else
		scan->back = node;
	scan->front = node;
	scan->waiting++;
}

void node_push(struct scan *scan, struct node *node)
{
	bool start = false;

	pthread_mutex_lock(&scan->lock);
	if (!hold(scan, node)) {
		append(scan, node);
		start = !device_is_taken(scan, node) && scan_want_thread(scan);
	}
	pthread_mutex_unlock(&scan->lock);
	if (start)
		scan_start_thread(scan);
}

/* Let a held directory wait with the others.   Under the lock. */
static void release(struct scan *scan, struct parked *parked)
{
	if (!parked->node)
		return;
	append(scan, parked->node);
	parked->node = NULL;
	scan->parked_count--;
}

void scan_enter(struct scan *scan, uint32_t number)
{
	bool start = false;

	pthread_mutex_lock(&scan->lock);
	if (number < atomic_load(&scan->next_dir) && grow_parked(scan, number) == 0) {
		scan->parked[number].asked = true;
		release(scan, &scan->parked[number]);
		start = scan->front && scan_want_thread(scan);
	}
	pthread_mutex_unlock(&scan->lock);
	if (start)
		scan_start_thread(scan);
}

void scan_leave_held(struct scan *scan)
{
	pthread_mutex_lock(&scan->lock);
	scan->leaves_parked = true;
	for (size_t i = 0; i < scan->parked_cap && scan->parked_count > 0; i++) {
		if (scan->parked[i].node)
			scan->parked[i].node->left = true;
		release(scan, &scan->parked[i]);
	}
	pthread_cond_broadcast(&scan->work);
	pthread_mutex_unlock(&scan->lock);
}

void node_free_parked(struct scan *scan)
{
	struct parked *parked;
	size_t count;

	pthread_mutex_lock(&scan->lock);
	parked = scan->parked;
	count = scan->parked_cap;
	scan->parked = NULL;
	scan->parked_cap = scan->parked_count = 0;
	pthread_mutex_unlock(&scan->lock);
	for (size_t i = 0; i < count; i++) {
		if (parked[i].node)
			node_free(scan, parked[i].node);
	}
	free(parked);
}

bool node_put_off(struct scan *scan, struct node *node)
{
	bool others;

	pthread_mutex_lock(&scan->lock);
	others = scan->threads > 1;
	if (others) {
		append(scan, node);
		scan->jobs = scan->threads - 1;
	}
	pthread_mutex_unlock(&scan->lock);
	return others;
}

