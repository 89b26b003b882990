/*
 * The renderer: what it shows, that it never lets a control through, and that every input can be
 * told from any other.
 */
#include "text.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#define STR(literal) (literal), sizeof(literal) - 1

struct sample {
	const char *bytes;
	size_t len;
	unsigned flags;
	const char *shown;
};

static const struct sample samples[] = {
	/* as it is */
	{ STR(""), 0, "" },
	{ STR("Makefile.am"), 0, "Makefile.am" },
	{ STR("a b"), 0, "a b" },
	{ STR(" a"), 0, " a" },
	{ STR("it's"), 0, "it's" },
	{ STR("$'"), 0, "$'" },
	{ STR("caf\u00e9"), 0, "caf\u00e9" },
	{ STR("cafe\u0301"), 0, "cafe\\u{301}" },
	{ STR("caf\u00e9 q\u0301"), 0, "caf\u00e9 q\u0301" },
	{ STR("\u212b"), 0, "\\u{212b}" },
	{ STR("cafe\u0301"), TEXT_QUOTE, "cafe\u0301" },
	{ STR("\u65e5\u672c\u8a9e \U0001f600"), 0, "\u65e5\u672c\u8a9e \U0001f600" },
	{ STR("\u05e9\u05dc\u05d5\u05dd"), 0, "\u05e9\u05dc\u05d5\u05dd" },
	{ STR("\u1112\u1161\u11ab"), 0, "\u1112\\u{1161}\\u{11ab}" },
	{ STR("\u1112\u1161\u11ab"), TEXT_QUOTE, "\u1112\u1161\u11ab" },
	{ STR("\u2764\ufe0f"), 0, "\u2764\ufe0f" },
	/* controls */
	{ STR("\n\t\r\033"), 0, "\\n\\t\\r\\e" },
	{ STR("\0\001\037\177"), 0, "\\x00\\x01\\x1f\\x7f" },
	{ STR("a\xc2\x85" "b"), 0, "a\\u{85}b" },
	/* no UTF-8: alone, cut short, overlong, a surrogate, beyond the last */
	{ STR("\xff\xfe"), 0, "\\xff\\xfe" },
	{ STR("\x9b"), 0, "\\x9b" },
	{ STR("a\xc3"), 0, "a\\xc3" },
	{ STR("\xe2\x82"), 0, "\\xe2\\x82" },
	{ STR("\xc0\xaf"), 0, "\\xc0\\xaf" },
	{ STR("\xe0\x80\xaf"), 0, "\\xe0\\x80\\xaf" },
	{ STR("\xed\xa0\x80"), 0, "\\xed\\xa0\\x80" },
	{ STR("\xf4\x90\x80\x80"), 0, "\\xf4\\x90\\x80\\x80" },
	/* invisible, reordering, not assigned, private */
	{ STR("x\u202egpj.exe"), 0, "x\\u{202e}gpj.exe" },
	{ STR("\u2028\u2029\u061c\u200b\u200d\u2066\ufeff\u00ad"), 0,
		"\\u{2028}\\u{2029}\\u{61c}\\u{200b}\\u{200d}\\u{2066}\\u{feff}\\u{ad}" },
	{ STR("\U000e0001\U000e0041\ue000\ufdd0\U0010ffff\u0378"), 0,
		"\\u{e0001}\\u{e0041}\\u{e000}\\u{fdd0}\\u{10ffff}\\u{378}" },
	{ STR("\u3164\u115f\u1160"), 0, "\\u{3164}\\u{115f}\\u{1160}" },
	{ STR("a\ufe0f"), 0, "a\\u{fe0f}" },
	/* marks: nothing to stand on, too many, after an escape, after a slash */
	{ STR("\u0301a"), 0, "\\u{301}a" },
	{ STR("q\u0301\u0302\u0303\u0304\u0305\u0306"), 0, "q\u0301\u0302\u0303\u0304\\u{305}\\u{306}" },
	{ STR("\001\u0301"), 0, "\\x01\\u{301}" },
	{ STR("a/\u0301"), 0, "a/\\u{301}" },
	{ STR("\u1161"), 0, "\\u{1161}" },
	/* blanks */
	{ STR(" "), 0, "\\x20" },
	{ STR("a  "), 0, "a \\x20" },
	{ STR("a\\ "), 0, "a\\\\\\x20" },
	{ STR("a\u00a0b\u202fc"), 0, "a\\u{a0}b\\u{202f}c" },
	{ STR("a\u3000b\u3000"), 0, "a\u3000b\\u{3000}" },
	/* backslashes */
	{ STR("a\\b"), 0, "a\\b" },
	{ STR("a\\"), 0, "a\\" },
	{ STR("a\\b\n"), 0, "a\\\\b\\n" },
	{ STR("\\x01"), 0, "\\\\x01" },
	{ STR("\\n"), 0, "\\\\n" },
	{ STR("\\\\"), 0, "\\\\\\\\" },
	{ STR("dev\\x2dsda"), 0, "dev\\\\x2dsda" },
	/* without UTF-8 */
	{ STR("caf\u00e9"), TEXT_ASCII, "caf\\u{e9}" },
	{ STR("e\u0301\xff"), TEXT_ASCII, "e\\u{301}\\xff" },
	/* quoted */
	{ STR(""), TEXT_QUOTE, "" },
	{ STR("a b "), TEXT_QUOTE, "a b " },
	{ STR("it's a\\x01\\"), TEXT_QUOTE, "it's a\\x01\\" },
	{ STR("caf\u00e9\u00a0"), TEXT_QUOTE, "caf\u00e9\u00a0" },
	{ STR("$'"), TEXT_QUOTE, "$'$\\''" },
	{ STR("$'x'"), TEXT_QUOTE, "$'$\\'x\\''" },
	{ STR("$x"), TEXT_QUOTE, "$x" },
	{ STR("a\n\t\r\033'\\ "), TEXT_QUOTE, "$'a\\n\\t\\x0d\\x1b\\'\\\\ '" },
	{ STR("\xff/\u202e"), TEXT_QUOTE, "$'\\xff/\\u{202e}'" },
	{ STR("\u00e9"), TEXT_QUOTE | TEXT_ASCII, "$'\\u{e9}'" },
};

START_TEST(shows)
{
	const struct sample *sample = &samples[_i];
	struct buf out = BUF_INIT;

	text_add(&out, sample->bytes, sample->len, sample->flags);
	ck_assert_str_eq(buf_str(&out), sample->shown);
	buf_fini(&out);
}
END_TEST

/* ---- Properties ---- */

/** A second, independent reading of the screen form. */
static void screen_read(struct buf *out, const char *text, size_t len)
{
	static const char names[] = "ntre\\";
	static const char bytes[] = "\n\t\r\033\\";
	bool escaped = false;
	const char *name;
	utf8proc_uint8_t utf8[4];
	char *end;

	for (size_t i = 0; i + 1 < len; i++)
		escaped |= text[i] == '\\' && strchr("\\ntrexu", text[i + 1]);
	for (size_t i = 0; i < len; i++) {
		if (!escaped || text[i] != '\\') {
			buf_add_byte(out, text[i]);
			continue;
		}
		i++;
		name = strchr(names, text[i]);
		if (name) {
			buf_add_byte(out, bytes[name - names]);
		} else if (text[i] == 'x') {
			char hex[3] = { text[i + 1], text[i + 2], '\0' };

			buf_add_byte(out, (int)strtol(hex, NULL, 16));
			i += 2;
		} else {
			long code = strtol(text + i + 2, &end, 16);

			if (*end != '}')
				ck_abort_msg("not an escape: %s", text);
			buf_add(out, utf8, (size_t)utf8proc_encode_char((utf8proc_int32_t)code, utf8));
			i = (size_t)(end - text);
		}
	}
}

/** What no output may hold; what is shown must be valid UTF-8. */
static bool code_is_safe(utf8proc_int32_t code, unsigned flags)
{
	static const utf8proc_int32_t ranges[][2] = {
		{ 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xe000, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe007f }, { 0xf0000, 0x10ffff },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return false;
	}
	return code < 0x7f || !(flags & TEXT_ASCII);
}

static bool shown_is_safe(const char *text, size_t len, unsigned flags)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t got;

	for (size_t at = 0; at < len; at += (size_t)got) {
		got = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(len - at), &code);
		if (got <= 0 || !code_is_safe(code, flags))
			return false;
	}
	return true;
}

/** Read back what text_add() wrote. */
static bool shown_read(struct buf *back, const struct buf *out, unsigned flags)
{
	size_t used;

	if (!(flags & TEXT_QUOTE)) {
		screen_read(back, out->data, out->len);
		return out->len == 0 || out->data[out->len - 1] != ' ';
	}
	if (out->len > 1 && memcmp(out->data, "$'", 2) == 0)
		return text_parse(out->data, out->len, back, &used) == 0 && used == out->len;
	buf_add(back, out->data, out->len);
	return true;
}

/**
 * All that must hold of any input, in every form. An assertion costs a write: only failures reach
 * one.
 */
static void holds(const void *bytes, size_t len)
{
	static struct buf out = BUF_INIT;
	static struct buf back = BUF_INIT;

	for (unsigned flags = 0; flags < 4; flags++) {
		buf_clear(&out);
		buf_clear(&back);
		text_add(&out, bytes, len, flags);
		if (!buf_str(&out))
			ck_abort();
		if (!shown_is_safe(out.data, out.len, flags))
			ck_abort_msg("not safe (%u): %s", flags, buf_str(&out));
		if (!shown_read(&back, &out, flags) || back.len != len || (len > 0 && memcmp(back.data, bytes, len) != 0))
			ck_abort_msg("not read back (%u): %s", flags, buf_str(&out));
	}
}

START_TEST(pairs_are_told_apart)
{
	unsigned char pair[2];

	holds("", 0);
	for (unsigned i = 0; i < 0x10000; i++) {
		pair[0] = (unsigned char)(i >> 8);
		pair[1] = (unsigned char)i;
		holds(pair, 1);
		holds(pair, 2);
	}
}
END_TEST

START_TEST(characters_are_told_apart)
{
	utf8proc_uint8_t utf8[6];

	for (utf8proc_int32_t code = 0; code < 0x110000; code++) {
		utf8[0] = 'e';
		holds(utf8, 1 + (size_t)utf8proc_encode_char(code, utf8 + 1));
	}
}
END_TEST

static uint32_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

START_TEST(random_names_are_told_apart)
{
	static const char alphabet[] = "\\\\\\xuntre{}0120afF$'' /ab\n\033\xff\xc3\xa9\xcc\x81\xe2\x80\xae\xf0\x9f\x98\x80";
	uint64_t state = 20261120;
	char name[40];

	for (int i = 0; i < 150000; i++) {
		size_t len = random_next(&state) % sizeof name;

		for (size_t at = 0; at < len; at++)
			name[at] = i % 4 == 0 ? (char)random_next(&state)
						: alphabet[random_next(&state) % (sizeof alphabet - 1)];
		holds(name, len);
	}
}
END_TEST

/* ---- Reading ---- */

struct word {
	const char *text;
	const char *bytes;  /* NULL: EINVAL */
	size_t used;
};

static const struct word words[] = {
	{ "", "", 0 },
	{ " a", "", 0 },
	{ "abc", "abc", 3 },
	{ "abc def", "abc", 3 },
	{ "abc\tdef", "abc", 3 },
	{ "a\\ b c", "a b", 4 },
	{ "'' x", "", 2 },
	{ "'a b'c", "a bc", 6 },
	{ "'a\\b'", "a\\b", 5 },
	{ "\"a 'b' \\\" \\\\ \\$ \\n\"", "a 'b' \" \\ $ \\n", 19 },
	{ "a\"b\"'c'$'d'", "abcd", 11 },
	{ "\"$'x'\"", "$'x'", 6 },
	{ "$HOME*", "$HOME*", 6 },
	{ "$", "$", 1 },
	{ "\\$'x y'", "$x y", 7 },
	{ "$'\\n\\t\\r\\e\\E\\a\\b\\f\\v\\\\\\'\\\"'", "\n\t\r\033\033\a\b\f\v\\'\"", 27 },
	{ "$'\\x41\\x4g'", "A\004g", 11 },
	{ "$'\\101\\60'", "A0", 10 },
	{ "$'\\u{e9}\\u{1F600}'", "\u00e9\U0001f600", 18 },
	{ "a\\\nb", "ab", 4 },
	{ "#x;y|z", "#x;y|z", 6 },
	{ "'abc", NULL, 0 },
	{ "ab\"c", NULL, 2 },
	{ "$'abc", NULL, 0 },
	{ "$'ab\\", NULL, 4 },
	{ "$'ab\\q'", NULL, 4 },
	{ "$'\\x'", NULL, 2 },
	{ "$'\\400'", NULL, 2 },
	{ "$'\\u{}'", NULL, 2 },
	{ "$'\\u{110000}'", NULL, 2 },
	{ "$'\\u{d800}'", NULL, 2 },
	{ "$'\\u12'", NULL, 2 },
	{ "ab\\", NULL, 2 },
};

START_TEST(reads)
{
	const struct word *word = &words[_i];
	struct buf out = BUF_INIT;
	size_t used = 99;
	int rc = text_parse(word->text, strlen(word->text), &out, &used);

	ck_assert_int_eq(rc, word->bytes ? 0 : -1);
	ck_assert_uint_eq(used, word->used);
	if (word->bytes)
		ck_assert_str_eq(buf_str(&out), word->bytes);
	else
		ck_assert_int_eq(errno, EINVAL);
	buf_fini(&out);
}
END_TEST

/** Whatever is read, nothing is read beyond its end. */
START_TEST(reads_anything)
{
	static const char alphabet[] = "$'\"\\ ax0u{}7n\n\xff";
	uint64_t state = 4;
	struct buf out = BUF_INIT;
	size_t used;

	for (int i = 0; i < 100000; i++) {
		size_t len = random_next(&state) % 24;
		char *text = malloc(len + !len);
		int rc;

		if (!text)
			ck_abort_msg("no memory");
		for (size_t at = 0; at < len; at++)
			text[at] = alphabet[random_next(&state) % (sizeof alphabet - 1)];
		buf_clear(&out);
		rc = text_parse(text, len, &out, &used);
		if (used >= len + (rc == 0))
			ck_abort_msg("%zu of %zu used", used, len);
		free(text);
	}
	buf_fini(&out);
}
END_TEST

/* ---- Cells ---- */

static const struct {
	const char *text;
	int width;
	size_t first;  /* bytes of the first cluster */
} widths[] = {
	{ "", 0, 0 },
	{ "abc", 3, 1 },
	{ "e\u0301x", 2, 3 },
	{ "\u65e5\u672c", 4, 3 },
	{ "\U0001f600", 2, 4 },
	{ "\u1112\u1161\u11abx", 3, 9 },
	{ "\u25b8 x", 3, 3 },
	{ "\u2026", 1, 3 },
	{ "\u250c\u2500\u2510", 3, 3 },
	{ "\u2764\ufe0f", 1, 6 },
	{ "\u0928\u093f", 1, 6 },
	{ "\u0301", 1, 2 },
	{ "\xff\xff", 2, 1 },
};

START_TEST(measures)
{
	int width = -1;
	size_t len = strlen(widths[_i].text);

	ck_assert_int_eq(text_width(widths[_i].text, len), widths[_i].width);
	ck_assert_uint_eq(text_next(widths[_i].text, len, &width), widths[_i].first);
	ck_assert_int_ge(width, len > 0);
}
END_TEST

static const struct {
	const char *text;
	int width;
	unsigned flags;
	const char *fitted;
} fits[] = {
	{ "abcdef", 6, 0, "abcdef" },
	{ "abcdef", 5, 0, "ab\u2026ef" },
	{ "abcdef", 4, 0, "ab\u2026f" },
	{ "abcdef", 4, TEXT_ASCII, "ab~f" },
	{ "abcdef", 1, 0, "\u2026" },
	{ "abcdef", 2, 0, "a\u2026" },
	{ "abcdef", 0, 0, "" },
	{ "abcdef", -7, 0, "" },
	{ "", 5, 0, "" },
	{ "\u65e5\u672c\u8a9e\u65e5", 7, 0, "\u65e5\u2026\u8a9e\u65e5" },
	{ "\u65e5\u672c\u8a9e\u65e5", 2, 0, "\u2026" },
	{ "e\u0301e\u0301e\u0301e\u0301", 3, 0, "e\u0301\u2026e\u0301" },
	{ "ab\\x01cdef", 7, 0, "ab\u2026cdef" },
	{ "ab\\u{202e}ef", 9, 0, "ab\u2026ef" },
	{ "\\\\\\\\\\\\", 5, 0, "\\\\\u2026\\\\" },
	{ "\\\\x01234", 6, 0, "\\\\x\u202634" },
	{ "a\\b\\c\\d", 5, 0, "a\\\u2026\\d" },
};

START_TEST(cuts)
{
	struct buf out = BUF_INIT;

	text_fit(&out, fits[_i].text, strlen(fits[_i].text), fits[_i].width, fits[_i].flags);
	ck_assert_str_eq(buf_str(&out), fits[_i].fitted);
	buf_fini(&out);
}
END_TEST

static const struct {
	const char *text;
	int width;
	unsigned flags;
	const char *fitted;
} heads[] = {
	{ "same; below: 1", 14, 0, "same; below: 1" },
	{ "same; below: 1", 13, 0, "same; below:…" },
	{ "same; below: 1", 13, TEXT_ASCII, "same; below:~" },
	{ "日本語", 4, 0, "日…" },
	{ "same", 1, 0, "…" },
	{ "same", 0, 0, "" },
	{ "", 0, 0, "" },
};

START_TEST(cuts_the_end)
{
	struct buf out = BUF_INIT;

	text_fit_head(&out, heads[_i].text, strlen(heads[_i].text), heads[_i].width, heads[_i].flags);
	ck_assert_str_eq(out.len ? buf_str(&out) : "", heads[_i].fitted);
	buf_fini(&out);
}
END_TEST

START_TEST(never_cuts_too_wide)
{
	static const char alphabet[] = "ab\\\n\xff\xcc\x81\xe6\x97\xa5\xe2\x80\xae";
	uint64_t state = 9;
	struct buf shown = BUF_INIT;
	struct buf out = BUF_INIT;
	char name[24];

	for (int i = 0; i < 40000; i++) {
		size_t len = random_next(&state) % sizeof name;
		int width = (int)(random_next(&state) % 40);

		for (size_t at = 0; at < len; at++)
			name[at] = alphabet[random_next(&state) % (sizeof alphabet - 1)];
		buf_clear(&shown);
		buf_clear(&out);
		text_add(&shown, name, len, 0);
		text_fit(&out, shown.data, shown.len, width, 0);
		if (text_width(out.data, out.len) > width || !shown_is_safe(out.data, out.len, 0))
			ck_abort_msg("not within %d: %s", width, buf_str(&out));
	}
	buf_fini(&shown);
	buf_fini(&out);
}
END_TEST

/* ---- Figures ---- */

static const struct {
	uint64_t value;
	const char *size;
	const char *count;
	const char *rate;
} figures[] = {
	{ 0, "0 B", "0", "0/s" },
	{ 7, "7 B", "7", "7/s" },
	{ 913, "913 B", "913", "913/s" },
	{ 999, "999 B", "999", "999/s" },
	{ 1000, "1 kB", "1,000", "1k/s" },
	{ 4000, "4 kB", "4,000", "4k/s" },
	{ 4096, "4.1 kB", "4,096", "4.1k/s" },
	{ 6148, "6.1 kB", "6,148", "6.1k/s" },
	{ 41203, "41.2 kB", "41,203", "41.2k/s" },
	{ 99949, "99.9 kB", "99,949", "99.9k/s" },
	{ 99950, "100 kB", "99,950", "100k/s" },
	{ 118000, "118 kB", "118,000", "118k/s" },
	{ 999499, "999 kB", "999,499", "999k/s" },
	{ 999500, "1 MB", "999,500", "1M/s" },
	{ 38100000, "38.1 MB", "38,100,000", "38.1M/s" },
	{ 812000000, "812 MB", "812,000,000", "812M/s" },
	{ UINT64_MAX, "18.4 EB", "18,446,744,073,709,551,615", "1000T/s" },
};

START_TEST(formats_figures)
{
	struct buf out = BUF_INIT;

	text_size(&out, figures[_i].value);
	ck_assert_str_eq(buf_str(&out), figures[_i].size);
	buf_clear(&out);
	text_count(&out, figures[_i].value);
	ck_assert_str_eq(buf_str(&out), figures[_i].count);
	buf_clear(&out);
	text_rate(&out, (double)figures[_i].value);
	ck_assert_str_eq(buf_str(&out), figures[_i].rate);
	buf_fini(&out);
}
END_TEST

START_TEST(odd_rates_are_nothing)
{
	struct buf out = BUF_INIT;

	text_rate(&out, -5);
	text_rate(&out, __builtin_nan(""));
	ck_assert_str_eq(buf_str(&out), "0/s0/s");
	buf_fini(&out);
}
END_TEST

static const struct {
	unsigned mode;
	const char *text;
} modes[] = {
	{ 0100644, "-rw-r--r--" }, { 0040755, "drwxr-xr-x" }, { 0120777, "lrwxrwxrwx" },
	{ 0010600, "prw-------" }, { 0140000, "s---------" }, { 0020620, "crw--w----" },
	{ 0060660, "brw-rw----" }, { 0104755, "-rwsr-xr-x" }, { 0104644, "-rwSr--r--" },
	{ 0102755, "-rwxr-sr-x" }, { 0102745, "-rwxr-Sr-x" }, { 0041777, "drwxrwxrwt" },
	{ 0041776, "drwxrwxrwT" }, { 0000000, "?---------" }, { 0xffffffff, "?rwsrwsrwt" },
};

START_TEST(formats_modes)
{
	struct buf out = BUF_INIT;

	text_mode(&out, modes[_i].mode);
	ck_assert_str_eq(buf_str(&out), modes[_i].text);
	buf_fini(&out);
}
END_TEST

#define SECOND INT64_C(1000000000)
#define NOW (INT64_C(1795179792) * SECOND)

static const struct {
	int64_t ns;
	bool full;
	const char *text;
} times[] = {
	{ NOW + 123456789, true, "2026-11-20 14:03:12.123456789 +0100" },
	{ NOW, false, "11-20" },
	{ NOW - 366 * 86400 * SECOND, false, "2025-11" },
	{ NOW + 60 * 86400 * SECOND, false, "2027-01" },
	{ 0, true, "1970-01-01 01:00:00.000000000 +0100" },
	{ -1, true, "1970-01-01 00:59:59.999999999 +0100" },
	{ INT64_MAX, true, "2262-04-12 00:47:16.854775807 +0100" },
	{ INT64_MIN, true, "1677-09-21 01:12:43.145224192 +0100" },
	{ INT64_MIN, false, "1677-09" },
};

START_TEST(formats_times)
{
	struct buf out = BUF_INIT;

	setenv("TZ", "XYZ-1", 1);
	tzset();
	text_time(&out, times[_i].ns, times[_i].full, NOW);
	ck_assert_str_eq(buf_str(&out), times[_i].text);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, shows, 0, ARRAY_LEN(samples));
	tcase_add_test(tests, pairs_are_told_apart);
	tcase_add_test(tests, characters_are_told_apart);
	tcase_add_test(tests, random_names_are_told_apart);
	tcase_add_loop_test(tests, reads, 0, ARRAY_LEN(words));
	tcase_add_test(tests, reads_anything);
	tcase_add_loop_test(tests, measures, 0, ARRAY_LEN(widths));
	tcase_add_loop_test(tests, cuts, 0, ARRAY_LEN(fits));
	tcase_add_loop_test(tests, cuts_the_end, 0, ARRAY_LEN(heads));
	tcase_add_test(tests, never_cuts_too_wide);
	tcase_add_loop_test(tests, formats_figures, 0, ARRAY_LEN(figures));
	tcase_add_test(tests, odd_rates_are_nothing);
	tcase_add_loop_test(tests, formats_modes, 0, ARRAY_LEN(modes));
	tcase_add_loop_test(tests, formats_times, 0, ARRAY_LEN(times));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
