#include "op_node.h"

#include "fsys.h"

#include <errno.h>
#include <string.h>

/* The number of a device and mount; most objects are where the one before was. */
static int place_of(struct op *op, const struct attrs *attrs)
{
	for (size_t i = op->places_len; i > 0; i--) {
		if (op->places[i - 1].dev == attrs->dev && op->places[i - 1].mnt == attrs->mnt)
			return (int)(i - 1);
	}
	if (op->places_len > UINT16_MAX) {
		errno = ENOMEM;
		return -1;
	}
	if (vec_grow(&op->places, &op->places_cap, op->places_len + 1, sizeof *op->places) != 0)
		return -1;
	op->places[op->places_len] = (struct op_place){ attrs->dev, attrs->mnt };
	return (int)op->places_len++;
}

int op_node_become(struct op *op, uint32_t index, const struct attrs *attrs)
{
	struct op_node *node = &op->nodes[index];
	int place = place_of(op, attrs);

	if (place < 0)
		return -1;
	node->ino = attrs->ino;
	node->btime = attrs->btime;
	node->size = attrs->size;
	node->blocks = attrs->blocks;
	node->uid = attrs->uid;
	node->gid = attrs->gid;
	node->place = (uint16_t)place;
	node->old_mode = (uint16_t)attrs->mode;
	node->new_mode = (uint16_t)attrs->mode;
	return 0;
}

uint32_t op_node_add(struct op *op, uint32_t parent, const char *name, const struct attrs *attrs)
{
	size_t len = strlen(name);
	size_t start = op->names.len;

	assert(len <= UINT8_MAX);
	if (op->len >= OP_NO_NODE - 1 || start > UINT32_MAX - 256)
		return OP_NO_NODE;
	if (vec_grow(&op->nodes, &op->cap, op->len + 1, sizeof *op->nodes) != 0)
		return OP_NO_NODE;
	buf_add(&op->names, name, len + 1);
	if (op->names.failed)
		return OP_NO_NODE;
	op->nodes[op->len] = (struct op_node){ .parent = parent, .name = (uint32_t)start, .name_len = (uint8_t)len };
	if (op_node_become(op, (uint32_t)op->len, attrs) != 0)
		return OP_NO_NODE;
	return (uint32_t)op->len++;
}

void op_target_name(const struct op *op, const struct op_target *target, size_t len, char name[OP_NAME_SIZE])
{
	const char *path = op_request_path(&op->request, target);
	size_t dir = op_path_dir(path, len);

	assert(len - dir < OP_NAME_SIZE);
	memcpy(name, path + dir, len - dir);
	name[len - dir] = '\0';
}

uint32_t op_node_add_top(struct op *op, uint32_t target, size_t len, const struct attrs *attrs)
{
	char name[OP_NAME_SIZE];
	uint32_t index;

	if (len > UINT32_MAX)
		return OP_NO_NODE;
	op_target_name(op, &op->request.targets[target], len, name);
	index = op_node_add(op, (uint32_t)len, name, attrs);
	if (index != OP_NO_NODE)
		op->nodes[index].flags |= OP_ITEM_TOP;
	return index;
}

uint32_t op_node_add_rest(struct op *op, uint32_t dir, enum error error)
{
	struct attrs attrs = { .mode = 0 };
	uint32_t index = op_node_add(op, dir, "", &attrs);

	if (index != OP_NO_NODE) {
		op->nodes[index].status = OP_FAILED;
		op->nodes[index].error = (uint8_t)error;
		op->nodes[index].flags |= OP_ITEM_REST;
	}
	return index;
}

const char *op_node_name(const struct op *op, const struct op_node *node)
{
	return op->names.data + node->name;
}

/* May something on the file system of `fd` be the same, born at these times? 0: not known. */
static bool same_birth(int64_t one, int64_t other, int fd)
{
	return !one || !other || one == other || !fsys_keeps_birth(fd);
}

bool op_node_is(const struct op *op, const struct op_node *node, const struct attrs *attrs, int fd)
{
	const struct op_place *place = &op->places[node->place];

	if (attrs->ino != node->ino || attrs->dev != place->dev)
		return false;
	if ((attrs->mode & S_IFMT) != (uint32_t)(node->old_mode & S_IFMT))
		return false;
	if (attrs->mnt && place->mnt && attrs->mnt != place->mnt)
		return false;
	return same_birth(attrs->btime, node->btime, fd);
}

uint32_t op_node_next(const struct op *op, uint32_t index)
{
	const struct op_node *node = &op->nodes[index];
	const struct op_node *next = node + 1;

	if (node->flags & OP_ITEM_TOP || index + 1 >= op->len)
		return OP_NO_NODE;
	return next->flags & OP_ITEM_TOP || next->parent != node->parent ? OP_NO_NODE : index + 1;
}

bool op_identity_is(const struct identity *shown, const struct attrs *attrs, int fd)
{
	if (!shown->dev && !shown->ino && !shown->type)
		return true;
	if (shown->dev != attrs->dev || shown->ino != attrs->ino)
		return false;
	if (shown->type && shown->type != (attrs->mode & S_IFMT))
		return false;
	if (shown->mnt && attrs->mnt && shown->mnt != attrs->mnt)
		return false;
	return same_birth(shown->btime, attrs->btime, fd);
}

static bool same_inode(uint64_t dev, uint64_t ino, const struct attrs *attrs)
{
	return dev == attrs->dev && ino == attrs->ino;
}

bool op_protected(const struct op *op, const struct attrs *attrs)
{
	if (!S_ISDIR(attrs->mode))
		return false;
	if (same_inode(op->slash.dev, op->slash.ino, attrs) || same_inode(op->root_attrs.dev, op->root_attrs.ino, attrs))
		return true;
	for (size_t i = 0; i < op->request.protect_len; i++) {
		if (same_inode(op->request.protect[i].dev, op->request.protect[i].ino, attrs))
			return true;
	}
	return false;
}

bool op_is_mount(const struct attrs *attrs, uint64_t dir_dev, uint64_t dir_mnt)
{
	if (attrs->flags & ATTRS_MOUNT_ROOT)
		return true;
	if (attrs->mnt && dir_mnt && attrs->mnt != dir_mnt)
		return true;
	/* On an overlay a file may have the device of the layer it comes from: where mounts have numbers, these decide. */
	return attrs->dev != dir_dev && (S_ISDIR(attrs->mode) || !attrs->mnt || !dir_mnt);
}
