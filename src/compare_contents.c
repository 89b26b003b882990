/*
 * What is known of contents: rows that want them, what was asked for, how answers join what is known already; and what a
 * comparison takes over from the one before it, which was of other panes: contents, and how directories had ended.
 */
#include "compare_impl.h"

#include <string.h>

enum error compare_content_error(const struct compare *compare, compare_id row, size_t pane)
{
	uint8_t content = row_content(compare, row_at(compare, row))[pane];

	return content >= CONTENT_ERROR ? (enum error)(content - CONTENT_ERROR) : ERROR_NONE;
}

void compare_drop_content(const struct compare *compare, struct row *row, size_t pane)
{
	row_content(compare, row)[pane] = row->flags & ROW_ASKED ? CONTENT_LATE : CONTENT_UNKNOWN;
}

/* Asking ---------------------------------------------------------------------------------------------- */

bool compare_waits(const struct compare *compare, compare_id row)
{
	return row_at(compare, row)->flags & ROW_WANTS;
}

bool compare_wants(const struct compare *compare, compare_id row)
{
	return (row_at(compare, row)->flags & (ROW_WANTS | ROW_ASKED | ROW_GONE)) == ROW_WANTS;
}

bool compare_ask(struct compare *compare, compare_id row, struct compare_ask *ask)
{
	if (!compare_wants(compare, row))
		return false;
	ask->row = row;
	ask->count = compare_judge_ask(compare, row, ask->files);
	row_at(compare, row)->flags |= ROW_ASKED;
	return ask->count > 0;
}

/* Nothing is asked for a row any more: what changes from now on can be asked for. */
static void end_asking(const struct compare *compare, struct row *row)
{
	row->flags &= (uint8_t)~ROW_ASKED;
	for (size_t pane = 0; pane < compare->count; pane++) {
		if (row_content(compare, row)[pane] == CONTENT_LATE)
			row_content(compare, row)[pane] = CONTENT_UNKNOWN;
	}
}

void compare_unask(struct compare *compare, compare_id row)
{
	if (!compare_has(compare, row))
		return;
	end_asking(compare, row_at(compare, row));
	compare_touch(compare, row);
}

size_t compare_wanted(const struct compare *compare)
{
	return compare->want_len - compare->want_at;
}

compare_id compare_pop_want(struct compare *compare)
{
	while (compare->want_at < compare->want_len) {
		compare_id id = compare->wants[compare->want_at++];
		struct row *row = row_at(compare, id);

		if (!(row->flags & ROW_QUEUED))
			continue;
		row->flags &= (uint8_t)~ROW_QUEUED;
		if (compare_wants(compare, id))
			return id;
	}
	compare->want_at = compare->want_len = 0;
	return 0;
}

/* Answers --------------------------------------------------------------------------------------------- */

/* Is this still the file that was to be read, and was it all the time? */
static bool is_current(const struct compare *compare, struct row *row, const struct compare_file *file)
{
	const struct entry *entry = row_entry(compare, row, file->pane);

	return entry && row_content(compare, row)[file->pane] != CONTENT_LATE && entry->flags & ENTRY_KNOWN && S_ISREG(entry->mode) &&
	       entry->ino == file->ino && entry->size == file->size && entry->mtime == file->mtime &&
	       tree_device(compare->panes[file->pane].tree, row->entries[file->pane]) == file->dev;
}

/* What an answer says of a row: by pane, as contents are kept. Returns of how many files it says anything. */
static size_t read_answers(const struct compare *compare, struct row *row, const struct compare_ask *ask, const uint8_t *answers,
			   uint8_t *says)
{
	size_t count = 0;

	memset(says, CONTENT_UNKNOWN, compare->count);
	for (size_t i = 0; i < ask->count; i++) {
		if (!is_current(compare, row, &ask->files[i]))
			continue;
		says[ask->files[i].pane] = answers[i];
		count += answers[i] != 0;
	}
	return count;
}

static bool has_class(uint8_t content)
{
	return content_is_known(content) && content < CONTENT_ERROR;
}

/*
 * The numbers of an answer have nothing to do with those that are known. Each file of a known class that was read once more tells
 * which is which. Returns the class for each number of the answer, 0 a new one; false when a class was not among the files that were
 * read, so that nobody knows whether it is one of theirs, or when answers contradict what was known.
 */
static bool match_classes(const struct compare *compare, struct row *row, const uint8_t *says, uint8_t *classes)
{
	const uint8_t *known = row_content(compare, row);
	uint8_t numbers[COMPARE_MAX_PANES + 1] = { 0 };

	memset(classes, 0, COMPARE_MAX_PANES + 1);
	for (size_t pane = 0; pane < compare->count; pane++) {
		if (!has_class(known[pane]) || !has_class(says[pane]))
			continue;
		if ((classes[says[pane]] && classes[says[pane]] != known[pane]) || (numbers[known[pane]] && numbers[known[pane]] != says[pane]))
			return false;
		classes[says[pane]] = known[pane];
		numbers[known[pane]] = says[pane];
	}
	for (size_t pane = 0; pane < compare->count; pane++) {
		if (!has_class(known[pane]) || numbers[known[pane]])
			continue;
		for (size_t other = 0; other < compare->count; other++) {
			if (has_class(says[other]) && row_entry(compare, row, other)->size == row_entry(compare, row, pane)->size)
				return false;
		}
	}
	return true;
}

/* A class that no file has yet; there are fewer panes than numbers. */
static uint8_t new_class(const struct compare *compare, struct row *row)
{
	uint8_t class = 1;

	while (memchr(row_content(compare, row), class, compare->count))
		class++;
	return class;
}

static void join_answer(const struct compare *compare, struct row *row, const uint8_t *says, uint8_t *classes)
{
	uint8_t *known = row_content(compare, row);

	for (size_t pane = 0; pane < compare->count; pane++) {
		if (!content_is_known(says[pane]))
			continue;
		if (has_class(says[pane]) && !classes[says[pane]])
			classes[says[pane]] = new_class(compare, row);
		known[pane] = has_class(says[pane]) ? classes[says[pane]] : says[pane];
	}
}

/* Of how many files is the content known? */
static size_t count_contents(const struct compare *compare, struct row *row)
{
	size_t count = 0;

	for (size_t pane = 0; pane < compare->count; pane++)
		count += content_is_known(row_content(compare, row)[pane]);
	return count;
}

void compare_answer(struct compare *compare, const struct compare_ask *ask, const uint8_t *answers)
{
	struct row *row = row_at(compare, ask->row);
	uint8_t classes[COMPARE_MAX_PANES + 1];
	uint8_t says[COMPARE_MAX_PANES];
	size_t count;

	if (!compare_has(compare, ask->row))
		return;
	count = read_answers(compare, row, ask, answers, says);
	end_asking(compare, row);
	if (match_classes(compare, row, says, classes))
		join_answer(compare, row, says, classes);
	else if (count >= count_contents(compare, row))
		memcpy(row_content(compare, row), says, compare->count);
	compare_touch(compare, ask->row);
}

/* The comparison before --------------------------------------------------------------------------------- */

void compare_take_over(struct compare *compare, struct compare *before, const size_t *panes)
{
	for (size_t i = 0; i < before->count; i++) {
		bool taken = false;

		for (size_t pane = 0; pane < compare->count; pane++)
			taken |= panes[pane] == i;
		if (!taken)
			tree_observe(before->panes[i].tree, NULL);
		before->panes[i].tree = NULL;
	}
	for (size_t pane = 0; pane < compare->count; pane++)
		compare->panes[pane].before = panes[pane];
	compare->before = before;
}

/* The row in which an entry's content is known, of the nearest comparison before in which it is; what is known of it. */
static const struct row *find_before(const struct compare *compare, size_t pane, entry_id id, uint8_t *content)
{
	const struct compare *before = compare->before;
	size_t at = compare->panes[pane].before;
	struct row *row;

	if (!before || at == SIZE_MAX)
		return NULL;
	row = row_at(before, place_row(&before->panes[at], id));
	*content = place_row(&before->panes[at], id) ? row_content(before, row)[at] : CONTENT_UNKNOWN;
	return content_is_known(*content) ? row : find_before(before, at, id, content);
}

/* Classes of one row are comparable with each other only. */
void compare_recall(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);
	const struct row *of = NULL;

	if (count_contents(compare, row) > 0)
		return;
	for (size_t pane = 0; pane < compare->count; pane++) {
		uint8_t content;
		const struct row *found = row->entries[pane] ? find_before(compare, pane, row->entries[pane], &content) : NULL;

		of = of ? of : found;
		if (found && found == of)
			row_content(compare, row)[pane] = content;
	}
}

/* How an entry's directory had ended for the nearest comparison before that had looked at it. */
static enum ended ended_before(const struct compare *compare, size_t pane, entry_id id)
{
	const struct compare *before = compare->before;
	size_t at = compare->panes[pane].before;
	uint32_t side;

	if (!before || at == SIZE_MAX)
		return ENDED_NOT;
	side = place_row(&before->panes[at], id) ? row_at(before, place_row(&before->panes[at], id))->side : 0;
	return side ? (enum ended)side_ended(side_at(before, side))[at] : ended_before(before, at, id);
}

void compare_recall_ended(const struct compare *compare, struct side *side)
{
	for (size_t pane = 0; pane < compare->count; pane++) {
		entry_id id = row_at(compare, side->row)->entries[pane];

		if (id)
			side_ended(side)[pane] = (uint8_t)ended_before(compare, pane, id);
	}
}

void compare_forget(struct compare *compare, size_t pane, entry_id id)
{
	while (compare->before && compare->panes[pane].before != SIZE_MAX) {
		pane = compare->panes[pane].before;
		compare = compare->before;
		if (place_row(&compare->panes[pane], id))
			compare->panes[pane].rows[id] = 0;
	}
}
