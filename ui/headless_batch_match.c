/*
 * match: what FROM is like is found out first, by its own source, and becomes what is wished for each path below TO.
 *
 *   FROM: WIRE_LOOK, with -R WIRE_SCAN ─▶ tree ─┐
 *   TO:   the same ─────────────────────▶ tree ─┴─▶ match_add() ─▶ WIRE_OPERATE to TO's source, as other commands
 */
#include "headless_batch_run.h"

#include "apply.h"
#include "match.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* One of the two operands. */
struct side {
	size_t word;         /* of the batch */
	size_t root;
	struct buf path;     /* below the root, terminated */
	struct attrs attrs;
	struct tree *tree;   /* NULL: not scanned */
};

/* Why there is no answer about a side. Returns false. */
static bool refuse(struct batch_runner *runner, const struct side *side, enum error error)
{
	batch_refuse(runner, side->word, error_text(error));
	return false;
}

/* Ask the source of a side, and wait. Returns false when it could not be asked, which was said. */
static bool ask(struct batch_runner *runner, const struct side *side, enum batch_state state, const struct buf *frames)
{
	runner->place = &runner->roots[side->root];
	runner->state = state;
	runner->error = ERROR_NONE;
	if (!runner->place->source || frames->failed)
		return refuse(runner, side, frames->failed ? ERROR_NOMEM : ERROR_NOTCONN);
	if (source_request(runner->place->source, frames->data, frames->len) != 0)
		batch_lose_source(runner, error_text(error_from_errno(errno)));
	batch_wait(runner);
	if (runner->error != ERROR_NONE && !runner->signo)
		return refuse(runner, side, runner->error);
	return !runner->signo;
}

static bool look(struct batch_runner *runner, struct side *side)
{
	struct buf frames = BUF_INIT;
	size_t start = wire_open(&frames, WIRE_LOOK, ++runner->id);
	bool answered;

	wire_put_bytes(&frames, side->path.data, side->path.len);
	wire_close(&frames, start);
	answered = ask(runner, side, STATE_LOOKING, &frames);
	side->attrs = runner->attrs;
	buf_fini(&frames);
	return answered;
}

/* Find a side's root. Returns false when it was refused. */
static bool resolve(struct batch_runner *runner, struct side *side)
{
	enum batch_place place = batch_resolve(
		&runner->places, batch_word(&runner->batch, runner->batch.words[side->word]), &side->root, &side->path);

	if (batch_is_nowhere(runner, side->word, place))
		return false;
	if (!buf_str(&side->path))
		return refuse(runner, side, ERROR_NOMEM);
	if (!wire_path_ok(side->path.data, side->path.len))
		return refuse(runner, side, ERROR_NAMETOOLONG);
	return true;
}

static bool scan(struct batch_runner *runner, struct side *side)
{
	const struct wire_scan request = {
		.flags = runner->command->flags & OP_CROSS_MOUNTS ? 0 : WIRE_SCAN_ONE_FS,
		.depth = WIRE_DEPTH_ALL,
		.jobs = runner->options->session.jobs ? runner->options->session.jobs : 1,
		.path = side->path.data,
		.path_len = side->path.len,
	};
	struct buf frames = BUF_INIT;
	bool answered;

	side->tree = tree_new();
	runner->view = side->tree ? scan_view_new(side->tree, TREE_ROOT) : NULL;
	if (!runner->view)
		return refuse(runner, side, ERROR_NOMEM);
	wire_put_scan(&frames, ++runner->id, &request, NULL, 0);
	answered = ask(runner, side, STATE_SCANNING, &frames);
	scan_view_free(runner->view);
	runner->view = NULL;
	buf_fini(&frames);
	return answered;
}

/* The two themselves. Returns -1 with ENOMEM. */
static int add_one(struct batch_runner *runner, const struct side *from, const struct side *to)
{
	bool owners = runner->command->owners;
	const struct op_wish wish = {
		.mode = from->attrs.mode,
		.uid = owners ? (int64_t)from->attrs.uid : -1,
		.gid = owners ? (int64_t)from->attrs.gid : -1,
	};

	if (op_request_target(&runner->request, to->path.data, to->path.len, NULL, 0) != 0)
		return -1;
	op_request_wish(&runner->request, &wish);
	return 0;
}

/* Put together what is wished. Returns false when it was refused. */
static bool add_targets(struct batch_runner *runner, struct side *from, struct side *to)
{
	bool deep = runner->command->flags & OP_RECURSIVE && S_ISDIR(from->attrs.mode) && S_ISDIR(to->attrs.mode);
	unsigned flags = MATCH_RECURSIVE | (runner->command->owners ? MATCH_OWNERS : 0) |
			 (runner->command->flags & OP_CROSS_MOUNTS ? MATCH_MOUNTS : 0);
	int status;

	if (deep && (!scan(runner, from) || !scan(runner, to)))
		return false;
	if (deep) {
		const struct match_side from_side = { .tree = from->tree, .id = TREE_ROOT, .prefix = "" };
		const struct match_side to_side = { .tree = to->tree, .id = TREE_ROOT, .prefix = to->path.data };

		status = match_add(&runner->request, &from_side, &to_side, flags);
	} else {
		status = add_one(runner, from, to);
	}
	return status == 0 || refuse(runner, to, error_from_errno(errno));
}

/* Everything is known of both sides: run it, in the source of `to`. */
static void operate(struct batch_runner *runner, struct side *from, struct side *to)
{
	op_request_init(&runner->request, OP_MATCH);
	op_list_init(&runner->list, &runner->request);
	if (vec_grow(&runner->operands, &runner->operand_cap, 1, sizeof *runner->operands) != 0) {
		refuse(runner, to, ERROR_NOMEM);
	} else if (add_targets(runner, from, to)) {
		runner->operands[0] = to->word;
		runner->place = &runner->roots[to->root];
		batch_operate(runner);
	}
	op_list_fini(&runner->list);
	op_request_fini(&runner->request);
}

void batch_match(struct batch_runner *runner)
{
	struct side from = { .word = runner->command->first };
	struct side to = { .word = runner->command->first + 1 };

	if (resolve(runner, &from) && resolve(runner, &to) && look(runner, &from) && look(runner, &to))
		operate(runner, &from, &to);
	tree_free(from.tree);
	tree_free(to.tree);
	buf_fini(&from.path);
	buf_fini(&to.path);
}
