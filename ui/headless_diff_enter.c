/*
 * Which directories are read: those that two roots have. A scan holds what it finds (WIRE_SCAN_HOLD) until the comparison has seen
 * the same directory in another root; what nobody has asked for when all else has been read is of one root alone, and let go.
 */
#include "headless_diff.h"

#include <string.h>

/* Room for a number; new elements are 0. */
static int reach(uint32_t **items, size_t *cap, size_t number)
{
	size_t old = *cap;

	if (number < old)
		return 0;
	if (vec_grow(items, cap, number + 1, sizeof **items) != 0)
		return -1;
	memset(*items + old, 0, (*cap - old) * sizeof **items);
	return 0;
}

void diff_enter_begin(struct diff_root *root)
{
	root->enter.unread = 1;
}

void diff_enter_found(struct diff_root *root, entry_id id, uint32_t number)
{
	struct diff_enter *enter = &root->enter;

	if (reach(&enter->numbers, &enter->number_cap, id) != 0 || reach(&enter->asked, &enter->asked_cap, number / 32) != 0)
		root->diff->failed = true;
	else
		enter->numbers[id] = number;
}

void diff_enter_shared(void *arg, size_t pane, entry_id id)
{
	struct diff *diff = arg;
	struct diff_enter *enter = &diff->roots[pane].enter;
	uint32_t number = id < enter->number_cap ? enter->numbers[id] : 0;

	if (!number)
		return;
	enter->numbers[id] = 0;
	enter->asked[number / 32] |= UINT32_C(1) << number % 32;
	enter->unread++;
	wire_put_varint(&enter->wanted, number);
}

void diff_enter_lost(struct diff_root *root, entry_id id)
{
	if (id < root->enter.number_cap)
		root->enter.numbers[id] = 0;
}

void diff_enter_ended(struct diff_root *root, uint64_t number)
{
	struct diff_enter *enter = &root->enter;

	if (number == 0 || (number / 32 < enter->asked_cap && enter->asked[number / 32] & UINT32_C(1) << number % 32))
		enter->unread--;
}

void diff_enter_done(struct diff_root *root)
{
	root->enter.unread = 0;
}

/* Is nothing being read any more, in any root? */
static bool all_read(const struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		if (diff->roots[i].enter.unread > 0)
			return false;
	}
	return true;
}

size_t diff_enter_ask(void *arg, size_t index, struct buf *frames)
{
	struct diff *diff = arg;
	struct diff_enter *enter = &diff->roots[index].enter;
	bool last = !enter->left && all_read(diff);
	size_t start;

	if (enter->wanted.failed) {
		frames->failed = true;
		return 0;
	}
	if (last || enter->wanted.len > 0) {
		start = wire_open(frames, WIRE_ENTER, HEADLESS_SCAN_ID);
		buf_add(frames, enter->wanted.data, enter->wanted.len);
		wire_close(frames, start);
	}
	enter->left |= last;
	buf_clear(&enter->wanted);
	return enter->unread;
}

void diff_enter_fini(struct diff_root *root)
{
	free(root->enter.numbers);
	free(root->enter.asked);
	buf_fini(&root->enter.wanted);
}
