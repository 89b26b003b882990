#include "text.h"

#include <string.h>
#include <utf8proc.h>

/* ---- What one character is ---- */

/** A character of foreign text, or one byte that is none. */
struct glyph {
	uint32_t code;  /* the character, or the byte */
	uint8_t len;    /* bytes it takes */
	bool broken;    /* no UTF-8 begins here */
	bool escape;    /* must not be shown as it is */
};

/** What the marks that come next would stand on. */
struct base {
	uint32_t code;  /* the base character; 0: none */
	int marks;      /* how many it carries already */
};

struct range {
	uint32_t first;
	uint32_t last;
};

static bool range_has(const struct range *ranges, size_t len, uint32_t code)
{
	for (size_t i = 0; i < len && ranges[i].first <= code; i++) {
		if (code <= ranges[i].last)
			return true;
	}
	return false;
}

/** Characters that have a glyph by the tables, and yet show nothing. Sorted, as all ranges here. */
static bool code_is_blank_glyph(uint32_t code)
{
	static const struct range ranges[] = {
		{ 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
		{ 0x3164, 0x3164 }, { 0xffa0, 0xffa0 },
	};

	return range_has(ranges, ARRAY_LEN(ranges), code);
}

/**
 * Variation selectors: they choose a glyph of what they follow, but never one of an ASCII
 * character.
 */
static bool code_is_selector(uint32_t code)
{
	static const struct range ranges[] = {
		{ 0x180b, 0x180d }, { 0x180f, 0x180f }, { 0xfe00, 0xfe0f }, { 0xe0100, 0xe01ef },
	};

	return range_has(ranges, ARRAY_LEN(ranges), code);
}

/** Vowels and final consonants that join the syllable before them, as in decomposed Hangul. */
static bool code_is_jamo(uint32_t code)
{
	static const struct range ranges[] = { { 0x1161, 0x11ff }, { 0xd7b0, 0xd7fb } };

	return range_has(ranges, ARRAY_LEN(ranges), code);
}

static bool code_is_mark(uint32_t code)
{
	utf8proc_category_t category;

	if (code < 0x300)
		return false;
	category = utf8proc_category((utf8proc_int32_t)code);
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
		category == UTF8PROC_CATEGORY_ME || (code_is_jamo(code) && category != UTF8PROC_CATEGORY_CN);
}

/**
 * Controls, format characters, line separators, non-characters, what is private or not assigned.
 */
static bool code_is_hidden(uint32_t code)
{
	switch (utf8proc_category((utf8proc_int32_t)code)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		return code_is_blank_glyph(code);
	}
}

/**
 * Blanks that nobody can tell from U+0020 in a cell; U+1680 shows a line and U+3000 takes two
 * cells.
 */
static bool code_is_blank(uint32_t code)
{
	return code > 0x20 && code != 0x1680 && code != 0x3000 &&
		utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_ZS;
}

static int code_width(uint32_t code)
{
	int width = code < 0x7f ? 1 : utf8proc_charwidth((utf8proc_int32_t)code);

	return width < 2 ? 1 : 2;
}

/** Decode one character; a byte with which none begins counts as one. `len` is at least 1. */
static struct glyph glyph_decode(const unsigned char *bytes, size_t len)
{
	struct glyph glyph = { .code = bytes[0], .len = 1 };
	utf8proc_int32_t code;
	utf8proc_ssize_t got;

	if (bytes[0] < 0x80)
		return glyph;
	got = utf8proc_iterate(bytes, (utf8proc_ssize_t)size_min(len, 4), &code);
	if (got < 2) {
		glyph.broken = true;
		return glyph;
	}
	glyph.code = (uint32_t)code;
	glyph.len = (uint8_t)got;
	return glyph;
}

/** Would normalisation (NFC) make one character of these two? Then there is another text that looks the same. */
static bool codes_compose(uint32_t base, uint32_t mark)
{
	utf8proc_int32_t pair[2] = { (utf8proc_int32_t)base, (utf8proc_int32_t)mark };

	return utf8proc_normalize_utf32(pair, 2, UTF8PROC_STABLE | UTF8PROC_COMPOSE) == 1;
}

/** Is the character itself what normalisation (NFC) would make of it? */
static bool code_is_normal(uint32_t code)
{
	utf8proc_int32_t made[8];
	int boundary = 0;
	utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, made, ARRAY_LEN(made),
		UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &boundary);

	if (count > 1 && count <= (utf8proc_ssize_t)ARRAY_LEN(made))
		count = utf8proc_normalize_utf32(made, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	return count == 1 && made[0] == (utf8proc_int32_t)code;
}

static bool mark_is_shown(uint32_t code, const struct base *base)
{
	return base->code != 0 && base->marks < TEXT_MARKS && (base->code >= 0x80 || !code_is_selector(code));
}

static bool glyph_needs_escape(const struct glyph *glyph, const struct base *base, bool last, unsigned flags)
{
	bool screen = !(flags & TEXT_QUOTE);
	uint32_t code = glyph->code;

	if (glyph->broken || code < 0x20 || code == 0x7f)
		return true;
	if (code == ' ')
		return last && !(flags & TEXT_QUOTE);
	if (code < 0x7f)
		return false;
	if ((flags & TEXT_ASCII) || code_is_hidden(code) || (screen && !code_is_normal(code)))
		return true;
	if (code_is_mark(code))
		return !mark_is_shown(code, base) || (screen && base->marks == 0 && codes_compose(base->code, code));
	return !(flags & TEXT_QUOTE) && (code_is_blank(code) || (last && code == 0x3000));
}

/**
 * Decode the next character and decide how it is shown; `base` follows the text. `len` is at least
 * 1.
 */
static struct glyph glyph_take(const unsigned char *bytes, size_t len, struct base *base, unsigned flags)
{
	struct glyph glyph = glyph_decode(bytes, len);

	glyph.escape = glyph_needs_escape(&glyph, base, glyph.len == len, flags);
	if (glyph.escape || glyph.code == '/')
		*base = (struct base){ 0, 0 };
	else if (base->code != 0 && code_is_mark(glyph.code))
		base->marks++;
	else
		*base = (struct base){ glyph.code, 0 };
	return glyph;
}

/* ---- Writing ---- */

/** A backslash and this byte are how some escape begins. */
static bool escape_begins(unsigned char byte)
{
	return byte != '\0' && strchr("\\ntrexu", byte) != NULL;
}

/** A text that begins as the quoted form does cannot stand for itself there. */
static bool text_looks_quoted(const char *bytes, size_t len)
{
	return len > 1 && bytes[0] == '$' && bytes[1] == '\'';
}

/** One byte, eight times. */
static uint64_t bytes_of(uint8_t byte)
{
	return UINT64_C(0x0101010101010101) * byte;
}

/** Whether one of eight bytes is zero. */
static bool bytes_have_zero(uint64_t bytes)
{
	return (bytes - bytes_of(1)) & ~bytes & bytes_of(0x80);
}

/** Whether eight bytes are printable ASCII, and for the screen none of them a backslash. */
static bool bytes_are_simple(uint64_t bytes, unsigned flags)
{
	uint64_t below = (bytes - bytes_of(0x20)) & ~bytes;

	if (((below | bytes) & bytes_of(0x80)) || bytes_have_zero(bytes ^ bytes_of(0x7f)))
		return false;
	return (flags & TEXT_QUOTE) || !bytes_have_zero(bytes ^ bytes_of('\\'));
}

/** Nothing but printable ASCII that stands for itself: what nearly every name is, so this is quick. */
static bool text_is_simple(const char *bytes, size_t len, unsigned flags)
{
	uint64_t eight;
	size_t at;

	for (at = 0; at + sizeof eight <= len; at += sizeof eight) {
		memcpy(&eight, bytes + at, sizeof eight);
		if (!bytes_are_simple(eight, flags))
			return false;
	}
	eight = bytes_of('a');
	memcpy(&eight, bytes + at, len - at);
	if (!bytes_are_simple(eight, flags))
		return false;
	return flags & TEXT_QUOTE ? !text_looks_quoted(bytes, len) : bytes[len - 1] != ' ';
}

/** The slow way to the same question, for all texts. */
static bool text_is_plain(const unsigned char *bytes, size_t len, unsigned flags)
{
	struct base base = { 0, 0 };

	if ((flags & TEXT_QUOTE) && text_looks_quoted((const char *)bytes, len))
		return false;
	for (size_t at = 0; at < len;) {
		struct glyph glyph = glyph_take(bytes + at, len - at, &base, flags);

		if (glyph.escape)
			return false;
		at += glyph.len;
		if (glyph.code == '\\' && !(flags & TEXT_QUOTE) && at < len && escape_begins(bytes[at]))
			return false;
	}
	return true;
}

static void escape_add(struct buf *out, const struct glyph *glyph, unsigned flags)
{
	static const struct {
		uint32_t code;
		bool quoted;    /* used in the quoted form too */
		char text[3];
	} named[] = { { '\n', true, "\\n" }, { '\t', true, "\\t" }, { '\r', false, "\\r" }, { 0x1b, false, "\\e" } };

	if (!glyph->broken && glyph->code >= 0x80) {
		buf_printf(out, "\\u{%x}", glyph->code);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		if (named[i].code == glyph->code && (named[i].quoted || !(flags & TEXT_QUOTE))) {
			buf_add_str(out, named[i].text);
			return;
		}
	}
	buf_printf(out, "\\x%02x", glyph->code);
}

static void escaped_add(struct buf *out, const unsigned char *bytes, size_t len, unsigned flags)
{
	struct base base = { 0, 0 };

	for (size_t at = 0; at < len;) {
		struct glyph glyph = glyph_take(bytes + at, len - at, &base, flags);

		if (glyph.escape) {
			escape_add(out, &glyph, flags);
		} else {
			if (glyph.code == '\\' || (glyph.code == '\'' && (flags & TEXT_QUOTE)))
				buf_add_byte(out, '\\');
			buf_add(out, bytes + at, glyph.len);
		}
		at += glyph.len;
	}
}

void text_add(struct buf *out, const void *bytes, size_t len, unsigned flags)
{
	if (len == 0)
		return;
	if (text_is_simple(bytes, len, flags) || text_is_plain(bytes, len, flags)) {
		buf_add(out, bytes, len);
		return;
	}
	if (flags & TEXT_QUOTE)
		buf_add_str(out, "$'");
	escaped_add(out, bytes, len, flags);
	if (flags & TEXT_QUOTE)
		buf_add_byte(out, '\'');
}

/* ---- Cells ---- */

size_t text_next(const char *safe, size_t len, int *width)
{
	const unsigned char *bytes = (const unsigned char *)safe;
	struct glyph glyph;
	size_t at;

	*width = len > 0;
	if (len == 0 || (bytes[0] < 0x80 && (len == 1 || bytes[1] < 0x80)))
		return size_min(len, 1);
	glyph = glyph_decode(bytes, len);
	*width = glyph.broken ? 1 : code_width(glyph.code);
	for (at = glyph.len; at < len && bytes[at] >= 0x80; at += glyph.len) {
		glyph = glyph_decode(bytes + at, len - at);
		if (glyph.broken || !code_is_mark(glyph.code))
			break;
	}
	return at;
}

int text_width(const char *safe, size_t len)
{
	int total = 0;
	int width;

	for (size_t at = 0; at < len; total += width)
		at += text_next(safe + at, len - at, &width);
	return total;
}

/** As text_next(), but an escape counts as one. */
static size_t unit_next(const char *safe, size_t len, int *width)
{
	const char *end;
	size_t unit;

	if (len < 2 || safe[0] != '\\' || (!escape_begins((unsigned char)safe[1]) && safe[1] != '\''))
		return text_next(safe, len, width);
	unit = 2;
	if (safe[1] == 'x')
		unit = size_min(len, 4);
	end = safe[1] == 'u' && len > 2 && safe[2] == '{' ? memchr(safe, '}', len) : NULL;
	if (end)
		unit = (size_t)(end - safe) + 1;
	/* a doubled backslash may carry marks */
	if (unit == 2)
		unit = 1 + text_next(safe + 1, len - 1, width);
	*width = text_width(safe, unit);
	return unit;
}

/** How many bytes of units, from the start, fit into `width` cells; `*cells` is what they take. */
static size_t units_fit(const char *safe, size_t len, int width, int *cells)
{
	size_t at = 0;
	int wide;

	*cells = 0;
	while (at < len) {
		size_t unit = unit_next(safe + at, len - at, &wide);

		if (*cells + wide > width)
			break;
		*cells += wide;
		at += unit;
	}
	return at;
}

void text_fit(struct buf *out, const char *safe, size_t len, int width, unsigned flags)
{
	int total = text_width(safe, len);
	size_t head;
	size_t tail;
	int cells;
	int wide;

	if (width <= 0)
		return;
	if (total <= width) {
		buf_add(out, safe, len);
		return;
	}
	head = units_fit(safe, len, width / 2, &cells);
	total -= cells;
	for (tail = head; tail < len && total > width - 1 - cells; total -= wide)
		tail += unit_next(safe + tail, len - tail, &wide);
	buf_add(out, safe, head);
	buf_add_str(out, flags & TEXT_ASCII ? "~" : "\u2026");
	buf_add(out, safe + tail, len - tail);
}

void text_fit_head(struct buf *out, const char *safe, size_t len, int width, unsigned flags)
{
	bool whole = text_width(safe, len) <= width;
	int cells;

	if (width <= 0)
		return;
	buf_add(out, safe, whole ? len : units_fit(safe, len, width - 1, &cells));
	if (!whole)
		buf_add_str(out, flags & TEXT_ASCII ? "~" : "\u2026");
}
