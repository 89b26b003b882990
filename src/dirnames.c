#include "dirnames.h"

#include <dirent.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Bits of a name's hash that are kept: the upper ones choose a part of the table, the lower ones a slot of it. */
enum { HASH_BITS = 30, HASH_MASK = (1 << HASH_BITS) - 1, SLOT_BITS = 22, PARTS_BITS = HASH_BITS - SLOT_BITS };

/* A table with so many names gets parts: when one grows, that takes no time that anybody could notice. */
#ifndef DIRNAMES_SPLIT
#define DIRNAMES_SPLIT 4096
#endif

/*
 * A taken slot of a frame's table has FRESH_BITS that say which of the names it is, counted from 1, and above them some of its hash.
 */
enum { FRESH_BITS = 19, FRESH_MASK = (1 << FRESH_BITS) - 1 };

static_assert(WIRE_MAX_FRAME / 3 < FRESH_MASK, "the names of the largest frame can be counted");

/* A name that has an entry. */
struct name_slot {
	uint32_t seen : 1;     /* it is there */
	uint32_t told : 1;     /* by this scan */
	uint32_t hash : 30;
	entry_id id;           /* 0: free */
};

struct names_part {
	struct name_slot *slots;
	uint32_t cap;
	uint32_t used;
};

struct dirnames {
	struct names_part *parts;
	unsigned bits;         /* there are 1 << bits parts */
	size_t unseen;         /* entries of an earlier scan that were not found again so far */
	entry_id last;         /* the last child that was looked at; what another scan adds comes behind it */
};

static void parts_free(struct names_part *parts, unsigned bits)
{
	for (size_t i = 0; parts && i < (size_t)1 << bits; i++)
		free(parts[i].slots);
	free(parts);
}

void dirnames_free(struct dirnames *names)
{
	if (names)
		parts_free(names->parts, names->bits);
	free(names);
}

static uint32_t name_hash(const char *name, size_t len)
{
	return (uint32_t)XXH3_64bits(name, len) >> (32 - HASH_BITS);
}

static struct names_part *part_of(const struct dirnames *names, uint32_t hash)
{
	return &names->parts[hash >> (HASH_BITS - names->bits)];
}

/* Where the search for a name begins. */
static size_t first_slot(const struct names_part *part, uint32_t hash)
{
	return (size_t)((uint64_t)(hash & ((1 << SLOT_BITS) - 1)) * part->cap >> SLOT_BITS);
}

static size_t next_slot(const struct names_part *part, size_t at)
{
	return at + 1 < part->cap ? at + 1 : 0;
}

/* The slot of a name, or the free one where it belongs. */
static struct name_slot *names_find(const struct dirnames *names, const struct tree *tree, uint32_t hash, const char *name, size_t len)
{
	const struct names_part *part = part_of(names, hash);

	for (size_t at = first_slot(part, hash);; at = next_slot(part, at)) {
		struct name_slot *slot = &part->slots[at];
		const char *has;
		size_t has_len;

		if (!slot->id)
			return slot;
		if (slot->hash != hash || !tree_has(tree, slot->id))
			continue;
		has = tree_name(tree, slot->id, &has_len);
		if (has_len == len && memcmp(has, name, len) == 0)
			return slot;
	}
}

/* Put a slot of another part, which has no slot here, into a part that has room. */
static void put_slot(struct names_part *part, struct name_slot slot)
{
	size_t at = first_slot(part, slot.hash);

	while (part->slots[at].id)
		at = next_slot(part, at);
	part->slots[at] = slot;
	part->used++;
}

/* Have room for one more name in a part. */
static int part_reserve(struct names_part *part)
{
	struct names_part old = *part;
	uint32_t cap = old.cap ? old.cap + old.cap / 2 : 32;

	if ((old.used + 1) * 5 <= old.cap * 4)
		return 0;
	*part = (struct names_part){ .slots = calloc(cap, sizeof *part->slots), .cap = cap };
	if (!part->slots) {
		*part = old;
		return -1;
	}
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].id)
			put_slot(part, old.slots[i]);
	}
	free(old.slots);
	return 0;
}

/* Make many parts of the one. */
static int names_split(struct dirnames *names)
{
	struct dirnames split = { .bits = PARTS_BITS, .parts = calloc(1 << PARTS_BITS, sizeof *split.parts) };
	const struct names_part *whole = names->parts;

	if (!split.parts)
		return -1;
	for (size_t i = 0; i < whole->cap; i++) {
		struct name_slot slot = whole->slots[i];

		if (!slot.id)
			continue;
		if (part_reserve(part_of(&split, slot.hash)) != 0) {
			parts_free(split.parts, split.bits);
			return -1;
		}
		put_slot(part_of(&split, slot.hash), slot);
	}
	parts_free(names->parts, names->bits);
	names->parts = split.parts;
	names->bits = split.bits;
	return 0;
}

/* Have room for one more name with a hash. */
static int names_reserve(struct dirnames *names, uint32_t hash)
{
	if (names->bits == 0 && names->parts->used >= DIRNAMES_SPLIT && names_split(names) != 0)
		return -1;
	return part_reserve(part_of(names, hash));
}

/* Add an entry of another scan, unless it is there. */
static int names_add(struct dirnames *names, const struct tree *tree, entry_id id, bool seen)
{
	size_t len;
	const char *name = tree_name(tree, id, &len);
	uint32_t hash = name_hash(name, len);
	struct name_slot *slot;

	if (names_reserve(names, hash) != 0)
		return -1;
	slot = names_find(names, tree, hash, name, len);
	if (slot->id)
		return 0;
	*slot = (struct name_slot){ .seen = seen, .hash = hash & HASH_MASK, .id = id };
	part_of(names, hash)->used++;
	names->unseen += !seen;
	return 0;
}

/* Add the children that have come since the last look: behind the last one of then, if that is still there. */
static int names_follow(struct dirnames *names, const struct tree *tree, entry_id dir, bool seen)
{
	const struct dir *in = tree_dir(tree, dir);
	entry_id at = in->first;

	if (names->last == in->last)
		return 0;
	if (names->last && tree_has(tree, names->last))
		at = tree_entry(tree, names->last)->next;
	for (; at; at = tree_entry(tree, at)->next) {
		if (names_add(names, tree, at, seen) != 0)
			return -1;
	}
	names->last = in->last;
	return 0;
}

struct dirnames *dirnames_new(const struct tree *tree, entry_id dir, bool seen, entry_id told)
{
	struct dirnames *names = calloc(1, sizeof *names);

	if (names)
		names->parts = calloc(1, sizeof *names->parts);
	if (!names || !names->parts || names_follow(names, tree, dir, seen) != 0) {
		dirnames_free(names);
		return NULL;
	}
	for (entry_id at = told ? tree_dir(tree, dir)->first : 0; at; at = at == told ? 0 : tree_entry(tree, at)->next) {
		size_t len;
		const char *name = tree_name(tree, at, &len);

		names_find(names, tree, name_hash(name, len), name, len)->told = true;
	}
	return names;
}

void dirnames_sweep(const struct dirnames *names, struct tree *tree, entry_id dir)
{
	if (!names || names->unseen == 0)
		return;
	tree_see(tree, dir);
	for (size_t i = 0; i < (size_t)1 << names->bits; i++) {
		const struct names_part *part = &names->parts[i];

		for (size_t at = 0; at < part->cap; at++) {
			const struct name_slot *slot = &part->slots[at];

			if (slot->id && !slot->seen && tree_has(tree, slot->id))
				tree_entry(tree, slot->id)->flags &= (uint16_t)~ENTRY_SEEN;
		}
	}
	tree_sweep(tree, dir);
}

static uint32_t type_bits(unsigned dirent_type)
{
	return DTTOIF(dirent_type) & S_IFMT;
}

entry_id dirnames_entry(struct dirnames *names, struct tree *tree, entry_id dir, const struct wire_name *name)
{
	uint32_t hash = name_hash(name->name, name->len);
	struct name_slot *slot;
	entry_id id;

	if (names_follow(names, tree, dir, true) != 0 || names_reserve(names, hash) != 0)
		return 0;
	slot = names_find(names, tree, hash, name->name, name->len);
	if (slot->id) {
		id = slot->told ? slot->id | DIRNAMES_TWICE : slot->id;
		names->unseen -= !slot->seen;
		slot->seen = slot->told = true;
		return id;
	}
	id = tree_add(tree, dir, name->name, name->len, type_bits(name->type));
	if (!id)
		return 0;
	part_of(names, hash)->used++;
	names->last = id;
	*slot = (struct name_slot){ .seen = true, .told = true, .hash = hash & HASH_MASK, .id = id };
	return id;
}

/* One frame ------------------------------------------------------------------------------------------- */

int fresh_names_begin(struct fresh_names *fresh, struct wire_reader in)
{
	struct wire_name name;
	size_t count = 0;
	size_t cap = 64;

	while (wire_get_name(&in, &name))
		count++;
	while (cap < count * 2)
		cap *= 2;
	if (vec_grow(&fresh->slots, &fresh->cap, cap, sizeof *fresh->slots) != 0)
		return -1;
	memset(fresh->slots, 0, cap * sizeof *fresh->slots);
	fresh->mask = cap - 1;
	return 0;
}

entry_id fresh_names_entry(const struct fresh_names *fresh, struct tree *tree, entry_id dir, const struct wire_name *name,
			   const entry_id *ids, size_t count)
{
	uint32_t hash = name_hash(name->name, name->len);
	size_t at = hash & fresh->mask;
	entry_id id;

	for (; fresh->slots[at]; at = (at + 1) & fresh->mask) {
		uint32_t slot = fresh->slots[at];
		const char *has;
		size_t len;

		if ((slot ^ hash) >> FRESH_BITS != 0)
			continue;
		id = ids[(slot & FRESH_MASK) - 1] & ~DIRNAMES_TWICE;
		has = tree_name(tree, id, &len);
		if (len == name->len && memcmp(has, name->name, len) == 0)
			return id | DIRNAMES_TWICE;
	}
	id = tree_add(tree, dir, name->name, name->len, type_bits(name->type));
	fresh->slots[at] = (hash & ~(uint32_t)FRESH_MASK) | (uint32_t)(count + 1);
	return id;
}

void fresh_names_fini(struct fresh_names *fresh)
{
	free(fresh->slots);
	*fresh = (struct fresh_names){ 0 };
}
