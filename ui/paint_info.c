#include "paint_pane.h"

#include <string.h>

#include "list.h"
#include "owner.h"
#include "source.h"
#include "text.h"

/** Begin a line with what it is about. */
static struct buf *field(struct lines *lines, const char *label)
{
	buf_printf(&lines->text, "%-12s ", label);
	return &lines->text;
}

static void end(struct lines *lines)
{
	lines_end(lines, STYLE_NORMAL);
}

const char *paint_type_name(uint32_t mode)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {
		{ S_IFREG, "regular file" },  { S_IFDIR, "directory" },     { S_IFLNK, "symbolic link" },
		{ S_IFIFO, "FIFO" },          { S_IFSOCK, "socket" },       { S_IFCHR, "character device" },
		{ S_IFBLK, "block device" },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((mode & S_IFMT) == types[i].type)
			return types[i].name;
	return "unknown";
}

static void add_device(struct buf *out, uint64_t dev)
{
	buf_printf(out, "%u:%u", (unsigned)(dev >> 32), (unsigned)dev);
}

static void add_name_of(const struct paint *p, struct buf *out, const char *name, uint32_t id)
{
	if (name) {
		paint_foreign(p, out, name, strlen(name));
		buf_printf(out, " (%u)", (unsigned)id);
	} else {
		buf_printf(out, "%u", (unsigned)id);
	}
}

static void add_flags(struct buf *out, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ ATTRS_IMMUTABLE, "immutable" },
		{ ATTRS_APPEND, "append-only" },
		{ ATTRS_MOUNT_ROOT, "root of a mount" },
		{ ATTRS_FOLLOWED, "a link's target" },
	};
	size_t begin = out->len;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(flags & names[i].flag))
			continue;
		buf_add_str(out, out->len > begin ? ", " : "");
		buf_add_str(out, names[i].name);
	}
}

static void add_times(const struct paint *p, const struct attrs *attrs, struct lines *lines)
{
	text_time(field(lines, "modified"), attrs->mtime, true, p->clock);
	end(lines);
	text_time(field(lines, "changed"), attrs->ctime, true, p->clock);
	end(lines);
	text_time(field(lines, "accessed"), attrs->atime, true, p->clock);
	end(lines);
	if (attrs->flags & ATTRS_BTIME) {
		text_time(field(lines, "born"), attrs->btime, true, p->clock);
		end(lines);
	}
}

static void add_place(const struct attrs *attrs, struct lines *lines)
{
	buf_printf(field(lines, "inode"), "%llu", (unsigned long long)attrs->ino);
	end(lines);
	add_device(field(lines, "device"), attrs->dev);
	end(lines);
	if (S_ISCHR(attrs->mode) || S_ISBLK(attrs->mode)) {
		add_device(field(lines, "is device"), attrs->rdev);
		end(lines);
	}
	if (attrs->mnt) {
		buf_printf(field(lines, "mount"), "%llu", (unsigned long long)attrs->mnt);
		end(lines);
	}
}

static void add_rights(struct buf *out, unsigned rights)
{
	buf_printf(out, "%c%c%c", rights & ACCESS_READ ? 'r' : '-', rights & ACCESS_WRITE ? 'w' : '-',
	           rights & ACCESS_EXECUTE ? 'x' : '-');
}

/** An entry of an ACL as getfacl(1) writes it, and what the mask leaves of it where that is less. */
static void add_acl_entry(const struct paint *p, const struct access_acl *entry, unsigned mask, struct buf *out)
{
	static const char *const words[] = {
		[ACCESS_TAG_USER] = "user",   [ACCESS_TAG_GROUP_OWNER] = "group", [ACCESS_TAG_GROUP] = "group",
		[ACCESS_TAG_MASK] = "mask",   [ACCESS_TAG_OWNER] = "user",        [ACCESS_TAG_OTHER] = "other",
	};
	bool user = entry->tag == ACCESS_TAG_USER;
	bool named = user || entry->tag == ACCESS_TAG_GROUP;
	bool masked = named || entry->tag == ACCESS_TAG_GROUP_OWNER;
	const char *name = NULL;

	if (named)
		name = user ? owner_user(p->owners, entry->id) : owner_group(p->owners, entry->id);
	buf_printf(out, "%s:", words[entry->tag]);
	if (name)
		paint_foreign(p, out, name, strlen(name));
	else if (named)
		buf_printf(out, "%u", (unsigned)entry->id);
	buf_add_byte(out, ':');
	add_rights(out, entry->rights);
	if (!masked || (entry->rights & mask) == entry->rights)
		return;
	buf_add_str(out, "  masked: ");
	add_rights(out, entry->rights & mask);
}

/** A line for each entry of an ACL. */
static void add_acl(const struct paint *p, const char *label, const struct access_list *acl, struct lines *lines)
{
	unsigned mask = 7;

	for (size_t i = 0; i < acl->count; i++)
		if (acl->entries[i].tag == ACCESS_TAG_MASK)
			mask = acl->entries[i].rights;
	for (size_t i = 0; i < acl->count; i++) {
		add_acl_entry(p, &acl->entries[i], mask, field(lines, i == 0 ? label : ""));
		end(lines);
	}
}

/** The fields of stat. */
static void add_attrs(const struct paint *p, const struct pane_look *look, struct lines *lines)
{
	const struct attrs *attrs = &look->attrs;
	struct buf *out = field(lines, "type");

	buf_add_str(out, paint_type_name(attrs->mode));
	end(lines);
	text_mode(field(lines, "permissions"), attrs->mode);
	buf_printf(out, "%s %04o", look->acl.count > 0 ? "+" : "", (unsigned)attrs->mode & 07777);
	end(lines);
	add_name_of(p, field(lines, "owner"), owner_user(p->owners, attrs->uid), attrs->uid);
	end(lines);
	add_name_of(p, field(lines, "group"), owner_group(p->owners, attrs->gid), attrs->gid);
	end(lines);
	add_acl(p, "ACL", &look->acl, lines);
	add_acl(p, "default ACL", &look->inherited, lines);
	paint_plural(field(lines, "size"), attrs->size, "byte");
	end(lines);
	text_count(field(lines, "disk"), attrs->blocks * 512);
	buf_add_str(out, " bytes in ");
	paint_plural(out, attrs->blocks, "block");
	end(lines);
	text_count(field(lines, "links"), attrs->nlink);
	end(lines);
	add_times(p, attrs, lines);
	add_place(attrs, lines);
	if (attrs->flags & (ATTRS_IMMUTABLE | ATTRS_APPEND | ATTRS_MOUNT_ROOT | ATTRS_FOLLOWED)) {
		add_flags(field(lines, "flags"), attrs->flags);
		end(lines);
	}
}

/** What is known of what lies below a directory. */
static void add_below(const struct dir *dir, struct lines *lines)
{
	struct buf *out = field(lines, "below");

	paint_plural(out, dir->total.entries > 0 ? dir->total.entries - 1 : 0, "entry");
	buf_add_str(out, ", ");
	text_size(out, dir->total.size);
	buf_add_str(out, ", on disk ");
	text_size(out, dir->total.blocks * 512);
	end(lines);
	if (dir->total.unread > 0) {
		paint_plural(field(lines, "unread"), dir->total.unread, "entry");
		end(lines);
	}
	if (dir->total.growing > 0) {
		text_count(field(lines, "not complete"), dir->total.growing);
		buf_add_str(out, dir->total.growing == 1 ? " directory" : " directories");
		end(lines);
	}
}

void paint_info(const struct paint *p, const struct pane *pane, struct lines *lines)
{
	const struct pane_look *look = &pane->look;
	struct buf path = BUF_INIT;

	if (!look->asked || !tree_has(pane->tree, look->id)) {
		buf_add_str(&lines->text, "the entry has gone");
		lines_end(lines, STYLE_WARNING);
		return;
	}
	pane_entry_path(pane, look->id, &path);
	paint_path(p, field(lines, "path"), path.data, path.len);
	end(lines);
	buf_fini(&path);
	if (!look->answered) {
		buf_printf(&lines->text, "asking%s", paint_sign(p, SIGN_ELLIPSIS));
		lines_end(lines, STYLE_DIM);
		return;
	}
	if (look->error != ERROR_NONE) {
		buf_add_str(field(lines, "error"), error_text(look->error));
		lines_end(lines, STYLE_ERROR);
		return;
	}
	if (look->target.len > 0) {
		paint_foreign(p, field(lines, "target"), look->target.data, look->target.len);
		end(lines);
	}
	add_attrs(p, look, lines);
	if (tree_dir(pane->tree, look->id))
		add_below(tree_dir(pane->tree, look->id), lines);
}

/* ---- what feeds the panes ----------------------------------------------------- */

static void add_kind(const struct pane *pane, struct buf *out)
{
	struct source_info info;

	if (!pane->source) {
		buf_add_str(out, "-");
		return;
	}
	info = source_info(pane->source);
	switch (info.kind) {
	case SOURCE_THREADS:
		buf_add_str(out, "threads");
		if (info.threads > 0)
			buf_printf(out, " %u, tid %ld", info.threads, (long)info.tid);
		break;
	case SOURCE_WORKER:
		buf_printf(out, "worker, pid %ld", (long)info.pid);
		break;
	case SOURCE_RECORDING:
		buf_add_str(out, "recording");
		break;
	}
	if (info.bytes == 0)
		return;
	buf_add_str(out, ", ");
	text_size(out, info.bytes);
}

void paint_workers(const struct paint *p, const struct session *session, struct lines *lines)
{
	static const char *const states[] = {
		[PANE_SCANNING] = "scanning", [PANE_COMPLETE] = "complete",     [PANE_STOPPED] = "stopped",
		[PANE_FAILED] = "failed",     [PANE_RESTARTING] = "restarting",
	};

	for (size_t i = 0; i < session->pane_count; i++) {
		const struct pane *pane = session->panes[i];
		const struct dir *root = tree_dir(pane->tree, TREE_ROOT);
		struct buf *out = &lines->text;

		buf_add_str(out, "scan:");
		paint_path(p, out, pane->root.data, pane->root.len);
		buf_add_str(out, "  ");
		add_kind(pane, out);
		buf_printf(out, "  %s  ", states[pane->state]);
		paint_plural(out, pane->entries, "entry");
		if (pane->rate > 0) {
			buf_add_byte(out, ' ');
			text_rate(out, pane->rate);
		}
		buf_add_str(out, ", ");
		paint_plural(out, root ? root->total.unread : 0, "error");
		if (pane->reason.len > 0) {
			buf_add_str(out, "  ");
			paint_foreign(p, out, pane->reason.data, pane->reason.len);
		}
		lines_end(lines, pane->state == PANE_FAILED ? STYLE_ERROR : STYLE_NORMAL);
	}
}

void paint_tasks(const struct paint *p, const struct session *session, struct lines *lines)
{
	for (size_t i = session->job_count; i-- > 0;) {
		const struct job *job = session->jobs[i];
		bool bad = job->state == JOB_FAILED || (job->state == JOB_DONE && job->result.failed > 0);

		paint_job_text(p, job, &lines->text);
		lines_end(lines, bad ? STYLE_ERROR : STYLE_NORMAL);
	}
	if (session->job_count == 0) {
		buf_add_str(&lines->text, "no operations yet");
		lines_end(lines, STYLE_DIM);
	}
}
