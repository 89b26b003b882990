/*
 * The rules: what the entries of one row are to each other.
 */
#include "compare_impl.h"

#include <string.h>

/* What two entries are to each other: enum compare_differs, and one of these. */
enum {
	PAIR_OPEN = 1 << 8, /* whether their content differs is not known */
	PAIR_READ = 1 << 9, /* and can be found out by reading */
};

#define HOUR UINT64_C(3600000000000) /* nanoseconds */

/* A row that is being judged. */
struct judged {
	const struct compare *compare;
	struct row *row;
	const struct entry *entries[COMPARE_MAX_PANES]; /* those with attributes; else NULL */
	uint16_t pairs[COMPARE_MAX_PANES][COMPARE_MAX_PANES];
};

bool compare_same_time(const struct compare *compare, int64_t a, int64_t b)
{
	uint64_t apart = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
	uint64_t tolerance = (uint64_t)compare->tolerance;
	uint64_t hours = (apart + HOUR / 2) / HOUR;

	if (apart <= tolerance)
		return true;
	if (hours == 0 || hours > compare->hours)
		return false;
	return (apart > hours * HOUR ? apart - hours * HOUR : hours * HOUR - apart) <= tolerance;
}

static bool same_time(const struct compare *compare, const struct entry *a, const struct entry *b)
{
	return compare_same_time(compare, a->mtime, b->mtime);
}

static bool same_inode(const struct compare *compare, const struct row *row, size_t a, size_t b)
{
	const struct place *x = &compare->panes[a];
	const struct place *y = &compare->panes[b];
	uint64_t device;

	if (!x->local || !y->local || row_entry(compare, row, a)->ino != row_entry(compare, row, b)->ino)
		return false;
	device = tree_device(x->tree, row->entries[a]);
	return device && device == tree_device(y->tree, row->entries[b]);
}

static unsigned pair_content(const struct judged *judged, size_t a, size_t b)
{
	const struct compare *compare = judged->compare;
	const uint8_t *content = row_content(compare, judged->row);

	if (!(compare->by & COMPARE_CONTENT) && same_time(compare, judged->entries[a], judged->entries[b]))
		return 0;
	if (same_inode(compare, judged->row, a, b))
		return 0;
	if (content[a] >= CONTENT_ERROR || content[b] >= CONTENT_ERROR)
		return PAIR_OPEN;
	if (content_is_known(content[a]) && content_is_known(content[b]))
		return content[a] == content[b] ? 0 : COMPARE_DIFFERS_CONTENT;
	return PAIR_OPEN | (compare->panes[a].local && compare->panes[b].local ? PAIR_READ : 0);
}

static unsigned pair_file(const struct judged *judged, size_t a, size_t b)
{
	unsigned by = judged->compare->by;

	if (judged->entries[a]->size == judged->entries[b]->size)
		return by & (COMPARE_CONTENT | COMPARE_AUTO) ? pair_content(judged, a, b) : 0;
	if (by & (COMPARE_SIZE | COMPARE_AUTO))
		return COMPARE_DIFFERS_SIZE;
	return by & COMPARE_CONTENT ? COMPARE_DIFFERS_CONTENT : 0;
}

static unsigned pair_link(const struct judged *judged, size_t a, size_t b)
{
	const struct compare *compare = judged->compare;
	size_t len;
	size_t other_len;
	const char *target = tree_target(compare->panes[a].tree, judged->row->entries[a], &len);
	const char *other = tree_target(compare->panes[b].tree, judged->row->entries[b], &other_len);

	if (!(compare->by & (COMPARE_TARGET | COMPARE_CONTENT | COMPARE_AUTO)))
		return 0;
	if (!target || !other)
		return PAIR_OPEN;
	return len == other_len && memcmp(target, other, len) == 0 ? 0 : COMPARE_DIFFERS_TARGET;
}

/* Files and whatever has no content that could be read. */
static unsigned pair_data(const struct judged *judged, size_t a, size_t b)
{
	const struct entry *x = judged->entries[a];
	const struct entry *y = judged->entries[b];
	unsigned by = judged->compare->by;
	unsigned found = 0;

	if (S_ISREG(x->mode))
		found = pair_file(judged, a, b);
	else if (x->size != y->size && by & (COMPARE_SIZE | COMPARE_AUTO))
		found = COMPARE_DIFFERS_SIZE;
	if (by & COMPARE_MTIME && !same_time(judged->compare, x, y))
		found |= COMPARE_DIFFERS_MTIME;
	return found;
}

/* One type; of devices one number. */
static bool same_kind(const struct entry *a, const struct entry *b)
{
	if ((a->mode ^ b->mode) & S_IFMT)
		return false;
	return !(S_ISCHR(a->mode) || S_ISBLK(a->mode)) || a->below == b->below;
}

static unsigned pair_of(const struct judged *judged, size_t a, size_t b)
{
	const struct entry *x = judged->entries[a];
	const struct entry *y = judged->entries[b];
	unsigned found = 0;

	if (x->uid != y->uid)
		found |= COMPARE_DIFFERS_OWNER;
	if (x->gid != y->gid)
		found |= COMPARE_DIFFERS_GROUP;
	if ((x->mode ^ y->mode) & 07777)
		found |= COMPARE_DIFFERS_MODE;
	if (!same_kind(x, y))
		return found | COMPARE_DIFFERS_TYPE;
	if (S_ISDIR(x->mode))
		return found;
	return found | (S_ISLNK(x->mode) ? pair_link(judged, a, b) : pair_data(judged, a, b));
}

/* The differences that make two entries differ. */
static unsigned deciding(const struct compare *compare)
{
	return COMPARE_DIFFERS_TYPE | COMPARE_DIFFERS_TARGET | COMPARE_DIFFERS_SIZE | COMPARE_DIFFERS_CONTENT | COMPARE_DIFFERS_MTIME |
	       (compare->by & COMPARE_OWNER ? COMPARE_DIFFERS_OWNER : 0) | (compare->by & COMPARE_GROUP ? COMPARE_DIFFERS_GROUP : 0) |
	       (compare->by & COMPARE_MODE ? COMPARE_DIFFERS_MODE : 0);
}

/* Is it a directory in two panes? How one ends that a single pane has says nothing here. */
static bool is_shared(const struct judged *judged)
{
	unsigned dirs = 0;

	for (size_t pane = 0; pane < judged->compare->count; pane++)
		dirs += judged->entries[pane] && S_ISDIR(judged->entries[pane]->mode);
	return dirs > 1;
}

/* What is known of the row in one pane. */
static enum compare_know know_of(const struct judged *judged, size_t pane)
{
	const struct compare *compare = judged->compare;
	struct row *row = judged->row;
	const struct entry *entry = row_entry(compare, row, pane);
	size_t len;

	if (!entry)
		return row->parent ? (enum compare_know)side_absence(compare, side_at(compare, row_at(compare, row->parent)->side))[pane] :
				     COMPARE_UNKNOWN;
	if (!(entry->flags & ENTRY_KNOWN))
		return could_not_be_had(entry) ? COMPARE_UNREADABLE : COMPARE_UNKNOWN;
	if (S_ISDIR(entry->mode) && row->side && is_shared(judged)) {
		unsigned ended = side_ended(side_at(compare, row->side))[pane];

		return ended == ENDED_UNREADABLE || ended == ENDED_PARTIAL ? COMPARE_UNREADABLE : COMPARE_KNOWN;
	}
	if (S_ISLNK(entry->mode) && compare->by & (COMPARE_TARGET | COMPARE_CONTENT | COMPARE_AUTO) &&
	    !tree_target(compare->panes[pane].tree, row->entries[pane], &len))
		return COMPARE_UNREADABLE;
	return row_content(compare, row)[pane] >= CONTENT_ERROR ? COMPARE_UNREADABLE : COMPARE_KNOWN;
}

/* Fill in every pair; returns all that was found. */
static unsigned judge_pairs(struct judged *judged)
{
	size_t count = judged->compare->count;
	unsigned found = 0;

	for (size_t a = 0; a < count; a++) {
		for (size_t b = a + 1; b < count && judged->entries[a]; b++) {
			if (!judged->entries[b])
				continue;
			judged->pairs[a][b] = (uint16_t)pair_of(judged, a, b);
			found |= judged->pairs[a][b];
		}
	}
	return found;
}

/*
 * Give each pane that is known its letter: that of the first class whose first member it equals. Where that cannot be told
 * it gets none, and stays out of the way of the others. Returns how many classes there are.
 */
static unsigned judge_classes(const struct judged *judged, const uint8_t *order, struct compare_look *look, bool *undecided)
{
	unsigned decides = deciding(judged->compare);
	uint8_t firsts[COMPARE_MAX_PANES];
	unsigned classes = 0;

	*undecided = false;
	for (size_t i = 0; i < judged->compare->count; i++) {
		size_t pane = order[i];
		unsigned at = 0;
		unsigned pair = 0;

		if (look->know[pane] != COMPARE_KNOWN)
			continue;
		for (; at < classes; at++) {
			pair = judged->pairs[size_min(firsts[at], pane)][size_max(firsts[at], pane)];
			if (!(pair & decides))
				break;
		}
		if (at < classes && pair & PAIR_OPEN) {
			*undecided = true;
			continue;
		}
		if (at == classes)
			firsts[classes++] = (uint8_t)pane;
		look->letters[pane] = (char)('a' + at);
	}
	return classes;
}

/* Is a directory, of those that two panes have, still being read, or was that stopped? */
static bool is_growing(const struct compare *compare, const struct row *row)
{
	struct side *side = row->side ? side_at(compare, row->side) : NULL;

	if (side && side->filling)
		return true;
	for (size_t pane = 0; side && pane < compare->count; pane++) {
		unsigned ended = side_ended(side)[pane];

		if (is_known_dir(row_entry(compare, row, pane)) && (ended == ENDED_NOT || ended == ENDED_STOPPED))
			return true;
	}
	return false;
}

/* Is a directory in a recording without what is in it, which another pane has read? */
static bool is_cut(const struct compare *compare, const struct row *row)
{
	struct side *side = row->side ? side_at(compare, row->side) : NULL;
	bool cut = false;
	bool read = false;

	for (size_t pane = 0; side && pane < compare->count; pane++) {
		if (!is_known_dir(row_entry(compare, row, pane)))
			continue;
		cut |= side_ended(side)[pane] == ENDED_SKIPPED && !compare->panes[pane].local;
		read |= side_ended(side)[pane] != ENDED_SKIPPED;
	}
	return cut && read;
}

/*
 * `undecided`: some have no class yet. Two of those whose contents are known to differ are not of one class, whatever becomes of a third that
 * all of them are held against: that it comes takes nothing of what was known.
 */
static enum compare_state judge_state(const struct judged *judged, const struct compare_look *look, unsigned classes, bool undecided,
				      unsigned found)
{
	unsigned knows[COMPARE_UNREADABLE + 1] = { 0 };

	for (size_t pane = 0; pane < judged->compare->count; pane++)
		knows[look->know[pane]]++;
	if (knows[COMPARE_UNREADABLE] > 0)
		return COMPARE_ERROR;
	if (classes > 1 || (undecided && found & COMPARE_DIFFERS_CONTENT))
		return COMPARE_DIFFERENT;
	if (knows[COMPARE_ABSENT] > 0)
		return COMPARE_MISSING;
	/* one pane alone has a say */
	if (knows[COMPARE_KNOWN] == 1)
		return knows[COMPARE_NO_PARENT] + 1 == judged->compare->count ? COMPARE_MISSING : COMPARE_PENDING;
	if (undecided || knows[COMPARE_UNKNOWN] > 0 || is_growing(judged->compare, judged->row) ||
	    is_cut(judged->compare, judged->row))
		return COMPARE_PENDING;
	return COMPARE_SAME;
}

static void gather(const struct compare *compare, compare_id id, struct judged *judged)
{
	judged->compare = compare;
	judged->row = row_at(compare, id);
	for (size_t pane = 0; pane < compare->count; pane++) {
		const struct entry *entry = row_entry(compare, judged->row, pane);

		judged->entries[pane] = entry && entry->flags & ENTRY_KNOWN ? entry : NULL;
	}
}

const uint8_t compare_own_order[COMPARE_MAX_PANES] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
};

/* What differs between a pane and any other. */
static unsigned judge_against(const struct judged *judged, size_t pane)
{
	unsigned found = 0;

	for (size_t other = 0; other < judged->compare->count; other++) {
		if (other != pane && judged->entries[other])
			found |= judged->pairs[size_min(pane, other)][size_max(pane, other)];
	}
	return found;
}

void compare_judge(const struct compare *compare, compare_id id, const uint8_t *order, bool measured, struct compare_look *look)
{
	static const char letters[] = {
		[COMPARE_UNKNOWN] = '.', [COMPARE_KNOWN] = '.', [COMPARE_ABSENT] = '-',
		[COMPARE_NO_PARENT] = '-', [COMPARE_LEFT_OUT] = '.', [COMPARE_UNREADABLE] = '!',
	};
	struct judged judged;
	unsigned found;
	unsigned differs;
	unsigned classes;
	bool undecided;

	gather(compare, id, &judged);
	found = judge_pairs(&judged);
	look->wants = found & PAIR_READ;
	differs = measured && judged.entries[order[0]] ? judge_against(&judged, order[0]) : found;
	if (differs & COMPARE_DIFFERS_TYPE)
		differs &= ~(unsigned)(COMPARE_DIFFERS_TARGET | COMPARE_DIFFERS_SIZE | COMPARE_DIFFERS_CONTENT | COMPARE_DIFFERS_MTIME);
	look->differs = (uint8_t)differs;
	for (size_t pane = 0; pane < compare->count; pane++) {
		look->know[pane] = (uint8_t)know_of(&judged, pane);
		look->letters[pane] = letters[look->know[pane]];
	}
	look->letters[compare->count] = '\0';
	classes = judge_classes(&judged, order, look, &undecided);
	look->state = judge_state(&judged, look, classes, undecided, found);
}

/* Files to be read. */
struct asked {
	const struct judged *judged;
	struct compare_file *files;
	size_t count;
};

static void ask_file(struct asked *asked, size_t pane)
{
	const struct judged *judged = asked->judged;
	const struct entry *entry = judged->entries[pane];

	asked->files[asked->count++] = (struct compare_file){
		.pane = (uint8_t)pane,
		.dev = tree_device(judged->compare->panes[pane].tree, judged->row->entries[pane]),
		.ino = entry->ino,
		.size = entry->size,
		.mtime = entry->mtime,
	};
}

/* Is there a file of that size, or with `content` known to be of that class, among the first `count`? */
static bool has_asked(const struct asked *asked, size_t count, uint64_t size, uint8_t content)
{
	for (size_t i = 0; i < count; i++) {
		if (content ? row_content(asked->judged->compare, asked->judged->row)[asked->files[i].pane] == content :
			      asked->files[i].size == size)
			return true;
	}
	return false;
}

size_t compare_judge_ask(const struct compare *compare, compare_id id, struct compare_file *files)
{
	struct judged judged;
	struct asked asked = { &judged, files, 0 };
	const uint8_t *content;
	size_t unknown;

	gather(compare, id, &judged);
	content = row_content(compare, judged.row);
	if (!(judge_pairs(&judged) & PAIR_READ))
		return 0;
	for (size_t pane = 0; pane < compare->count; pane++) {
		if (judged.entries[pane] && !content_is_known(content[pane]) && judge_against(&judged, pane) & PAIR_READ)
			ask_file(&asked, pane);
	}
	/* and one file of each class that they could be of */
	unknown = asked.count;
	for (size_t pane = 0; pane < compare->count; pane++) {
		if (content_is_known(content[pane]) && content[pane] < CONTENT_ERROR &&
		    has_asked(&asked, unknown, judged.entries[pane]->size, 0) && !has_asked(&asked, asked.count, 0, content[pane]))
			ask_file(&asked, pane);
	}
	return asked.count;
}
