#include "wire.h"

#include "diag.h"

/* What a frame is called in the log, and who is interested besides those who want every frame. */
static const struct {
	const char *word;
	unsigned categories;
} kinds[WIRE_OPTIONAL + 1] = {
	[WIRE_BEGIN] = { "BEGIN", 0 },
	[WIRE_NAMES] = { "NAMES", 0 },
	[WIRE_ATTRS] = { "ATTRS", 0 },
	[WIRE_END] = { "END", 0 },
	[WIRE_DONE] = { "DONE", DIAG_SCAN },
	[WIRE_STAT] = { "STAT", 0 },
	[WIRE_ITEM] = { "ITEM", 0 },
	[WIRE_PROGRESS] = { "PROGRESS", 0 },
	[WIRE_PLANNED] = { "PLANNED", DIAG_OP },
	[WIRE_RESULT] = { "RESULT", DIAG_OP },
	[WIRE_CHANGED] = { "CHANGED", DIAG_SCAN },
	[WIRE_UNWATCHED] = { "UNWATCHED", DIAG_SCAN },
	[WIRE_WATCHED] = { "WATCHED", 0 },
	[WIRE_DETAIL] = { "DETAIL", 0 },
	[WIRE_USER] = { "USER", 0 },
	[WIRE_STEP] = { "STEP", 0 },
	[WIRE_DATA] = { "DATA", 0 },
	[WIRE_SCAN] = { "SCAN", DIAG_SCAN },
	[WIRE_STOP] = { "STOP", DIAG_SCAN | DIAG_OP },
	[WIRE_LOOK] = { "LOOK", 0 },
	[WIRE_OPERATE] = { "OPERATE", DIAG_OP },
	[WIRE_CONFIRM] = { "CONFIRM", DIAG_OP },
	[WIRE_JOBS] = { "JOBS", DIAG_SCAN },
	[WIRE_ROOT] = { "ROOT", 0 },
	[WIRE_WATCH] = { "WATCH", DIAG_SCAN },
	[WIRE_ENTER] = { "ENTER", DIAG_SCAN },
	[WIRE_DETAILS] = { "DETAILS", 0 },
	[WIRE_WHY] = { "WHY", 0 },
	[WIRE_READ] = { "READ", 0 },
	[WIRE_HEARTBEAT] = { "HEARTBEAT", 0 },
};

static void log_frame(const char *way, const void *source, const struct wire_frame *frame, size_t len)
{
	const char *word = frame->type < ARRAY_LEN(kinds) && kinds[frame->type].word ? kinds[frame->type].word : "?";
	unsigned wanted = diag_categories & (DIAG_WIRE | (*word == '?' ? 0 : kinds[frame->type].categories));

	/* one line a frame, in the category that has more to do with it */
	if (wanted & ~(unsigned)DIAG_WIRE)
		wanted &= ~(unsigned)DIAG_WIRE;
	wanted &= ~wanted + 1;
	if (wanted)
		diag_write((enum diag_category)wanted, "%p %s %s(%u) id %llu, %zu bytes", source, way, word, (unsigned)frame->type,
			   (unsigned long long)frame->id, len);
}

void wire_log(const char *way, const void *source, const void *bytes, size_t len)
{
	struct wire_frame frame;
	size_t used;

	if (!(diag_categories & (DIAG_SCAN | DIAG_WIRE | DIAG_OP)))
		return;
	for (size_t at = 0; at < len && wire_next((const char *)bytes + at, len - at, &frame, &used) == WIRE_OK; at += used)
		log_frame(way, source, &frame, used);
}
