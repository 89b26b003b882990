#include <check.h>
#include <stdio.h>
#include <string.h>

#include "input.h"
#include "keys.h"

static struct keymap *map;

static void setup(void)
{
	map = keymap_new();
	ck_assert_ptr_nonnull(map);
}

static void teardown(void)
{
	keymap_free(map);
}

static const struct name_case {
	const char *name;
	uint32_t key;
	const char *printed;  /* NULL: as `name` */
} name_cases[] = {
	{ "j", 'j', NULL }, { "J", 'J', NULL }, { "^", '^', NULL }, { "\\", '\\', NULL }, { "-", '-', NULL },
	{ "=", '=', NULL }, { "Equal", '=', "=" }, { "^d", 4, NULL }, { "^D", 4, "^d" }, { "C-d", 4, "^d" },
	{ "c-d", 4, "^d" }, { "^@", 0, NULL }, { "C-Space", 0, "^@" }, { "^]", 0x1d, NULL }, { "^_", 0x1f, NULL },
	{ "^[", K_ESC, "Esc" }, { "^m", K_ENTER, "Enter" }, { "^i", K_TAB, "Tab" }, { "^?", K_BACKSPACE, "Backspace" },
	{ "Enter", K_ENTER, NULL }, { "return", K_ENTER, "Enter" }, { "ESC", K_ESC, "Esc" }, { "Space", ' ', NULL },
	{ "Tab", K_TAB, NULL }, { "S-Tab", K_BACKTAB, NULL }, { "BackTab", K_BACKTAB, "S-Tab" },
	{ "PgDn", K_PGDN, NULL }, { "PageDown", K_PGDN, "PgDn" }, { "F1", K_F1, NULL }, { "f5", K_F1 + 4, "F5" },
	{ "F12", K_F12, NULL }, { "Left", K_LEFT, NULL }, { "Del", K_DELETE, NULL }, { "S-Up", K_S_UP, NULL },
	{ "C-Left", K_C_LEFT, NULL }, { "M-x", 'x' | K_ALT, NULL }, { "A-x", 'x' | K_ALT, "M-x" },
	{ "M-Enter", K_ENTER | K_ALT, NULL }, { "M-^d", 4 | K_ALT, NULL }, { "M--", '-' | K_ALT, NULL },
	{ "é", 0xe9, NULL }, { "日", 0x65e5, NULL }, { "M-", K_NONE, NULL }, { "M-M-x", K_NONE, NULL },
	{ "F13", K_NONE, NULL }, { "gg", K_NONE, NULL }, { "^", '^', NULL }, { "^dd", K_NONE, NULL },
	{ "C-1", K_NONE, NULL }, { "\xff", K_NONE, NULL }, { "\xc3", K_NONE, NULL }, { "En", K_NONE, NULL },
	{ "Enterx", K_NONE, NULL }, { "\x01", K_NONE, NULL },
};

START_TEST(test_names)
{
	const struct name_case *test = &name_cases[_i];
	struct buf out = BUF_INIT;
	uint32_t key = K_NONE;

	ck_assert_int_eq(keys_parse(test->name, &key, 1), test->key == K_NONE ? -1 : 1);
	ck_assert_uint_eq(key, test->key);
	if (key == K_NONE)
		return;
	key_add(&out, key);
	ck_assert_str_eq(buf_str(&out), test->printed ? test->printed : test->name);
	buf_fini(&out);
}
END_TEST

/** Every key that can arrive has a name, no two have the same, and the name can be read back. */
START_TEST(test_names_round_trip)
{
	for (uint32_t key = 0; key < K_SPECIAL_END; key = key == 0x2ff ? K_SPECIAL : key + 1) {
		struct buf out = BUF_INIT;
		uint32_t back[2] = { K_NONE, K_NONE };

		if (key >= 0x80 && key <= 0xa0)
			continue;  /* not to be shown: they have escapes for names */
		if (key == 0xad)
			continue;
		key_add(&out, key);
		ck_assert_msg(keys_parse(buf_str(&out), back, 2) == 1 && back[0] == key, "%x is %s", key, buf_str(&out));
		buf_clear(&out);
		key_add(&out, key | K_ALT);
		ck_assert_msg(keys_parse(buf_str(&out), back, 2) == 1 && back[0] == (key | K_ALT), "%s", buf_str(&out));
		buf_fini(&out);
	}
}
END_TEST

START_TEST(test_sequences)
{
	uint32_t keys[3];
	struct buf out = BUF_INIT;

	ck_assert_int_eq(keys_parse("  ^w \t c ", keys, 3), 2);
	keys_add(&out, keys, 2);
	ck_assert_str_eq(buf_str(&out), "^w c");
	ck_assert_int_eq(keys_parse("a b c d", keys, 3), 4);
	ck_assert_int_eq(keys_parse("", keys, 3), 0);
	ck_assert_int_eq(keys_parse("a bogus", keys, 3), -1);
	buf_clear(&out);
	key_add(&out, K_BYTE + 0xff);
	ck_assert_str_eq(buf_str(&out), "\\xff");
	buf_fini(&out);
}
END_TEST

START_TEST(test_utf8)
{
	static const struct { const char *bytes; int len; uint32_t scalar; } cases[] = {
		{ "a", 1, 'a' }, { "\xc3\xa9", 2, 0xe9 }, { "\xe6\x97\xa5", 3, 0x65e5 }, { "\xf0\x9f\x98\x80", 4, 0x1f600 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff }, { "\xc3", 0, 0 }, { "\xe6\x97", 0, 0 }, { "\x80", -1, 0 },
		{ "\xc0\x80", -1, 0 }, { "\xc1\xbf", -1, 0 }, { "\xe0\x80\x80", -1, 0 }, { "\xed\xa0\x80", -1, 0 },
		{ "\xf4\x90\x80\x80", -1, 0 }, { "\xf5\x80\x80\x80", -1, 0 }, { "\xff", -1, 0 }, { "\xc3(", -1, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t scalar = 0;
		char back[4];

		ck_assert_int_eq(utf8_decode(cases[i].bytes, strlen(cases[i].bytes), &scalar), cases[i].len);
		ck_assert_uint_eq(scalar, cases[i].scalar);
		if (cases[i].len <= 0)
			continue;
		ck_assert_uint_eq(utf8_encode(scalar, back), (size_t)cases[i].len);
		ck_assert_mem_eq(back, cases[i].bytes, (size_t)cases[i].len);
	}
}
END_TEST

/** Type keys by name and describe what came of the last. */
static const char *type(struct key_state *state, const char *names, unsigned *count)
{
	static const char *const results[] = { "unbound", "waiting", "command" };
	uint32_t keys[16];
	int len = keys_parse(names, keys, ARRAY_LEN(keys));
	enum keymap_result result = KEYMAP_UNBOUND;
	const char *command = NULL;

	*count = 0;
	for (int i = 0; i < len; i++)
		result = keymap_key(map, state, keys[i], &command, count);
	return result == KEYMAP_COMMAND ? command : results[result];
}

static void bind(const char *text)
{
	const char *problem = keymap_set(map, text);

	ck_assert_msg(!problem, "%s: %s", text, problem);
}

static const struct map_case {
	const char *keys;
	const char *result;
	unsigned count;
} map_cases[] = {
	{ "j", "down", 0 }, { "5 j", "down", 5 }, { "1 0 j", "down", 10 }, { "1 2 ^w c", "pane-close", 12 },
	{ "^w", "waiting", 0 }, { "^w 3", "pane 3", 0 }, { "2 ^w 3", "pane 3", 2 }, { "^w x", "unbound", 0 },
	{ "^w x j", "down", 0 }, { "5 Esc", "unbound", 0 }, { "5 Esc j", "down", 0 }, { "^w Esc j", "down", 0 },
	{ "Esc", "stop", 0 }, { "0", "unbound", 0 }, { "0 j", "down", 0 }, { "8 k 3 j", "down", 3 },
	{ "9 9 9 9 9 9 9 9 9 9 9 j", "down", KEYS_COUNT_MAX }, { "=", "compare", 0 }, { "^w = a", "x = y", 0 },
	{ "7", "waiting", 0 }, { "9 j", "down", 9 },
};

START_TEST(test_map)
{
	const struct map_case *test = &map_cases[_i];
	struct key_state state = { .len = 0 };
	unsigned count;

	bind("j = down");
	bind("^w c = pane-close");
	bind("^w 3 = pane 3");
	bind("Esc = stop");
	bind("= = compare");
	bind("^w Equal a = x = y");
	ck_assert_str_eq(type(&state, test->keys, &count), test->result);
	ck_assert_uint_eq(count, test->count);
}
END_TEST

START_TEST(test_rebinding)
{
	struct key_state state = { .len = 0 };
	unsigned count;

	bind("g = top");
	bind("g = bottom");
	ck_assert_str_eq(type(&state, "g", &count), "bottom");
	bind("g g = top");
	ck_assert_str_eq(type(&state, "g", &count), "waiting");
	ck_assert_str_eq(type(&state, "g", &count), "top");
	bind("g x = down");
	bind("g=up");
	ck_assert_uint_eq(keymap_count(map), 1);
	ck_assert_str_eq(type(&state, "g", &count), "up");
	bind("g = ");
	ck_assert_str_eq(type(&state, "g", &count), "unbound");
	bind("1 = pane 1");
	ck_assert_str_eq(type(&state, "1", &count), "pane 1");
	ck_assert_str_eq(type(&state, "2 1", &count), "waiting");
	ck_assert_str_eq(keymap_set(map, "g = none"), "not bound");
	ck_assert_str_eq(keymap_set(map, "g"), "no `=` between keys and command");
	ck_assert_str_eq(keymap_set(map, "bogus = x"), "unknown key name");
	ck_assert_str_eq(keymap_set(map, "   "), "no `=` between keys and command");
	ck_assert_str_eq(keymap_bind(map, "", "x"), "no key given");
	ck_assert_str_eq(keymap_bind(map, "x", ""), "no command given");
	ck_assert_str_eq(keymap_bind(map, "a b c d e f g h i", "x"), "too many keys in a sequence");
	bind("a b c d e f g h = long");
	ck_assert_str_eq(type(&state, "Esc a b c d e f g h", &count), "long");
	ck_assert_str_eq(type(&state, "a b c d e f g x", &count), "unbound");
}
END_TEST

START_TEST(test_hints)
{
	struct key_state state = { .len = 0 };
	struct key_next next[4];
	struct buf out = BUF_INIT;
	const uint32_t *keys;
	size_t len;
	unsigned count;

	bind("^w c = pane-close");
	bind("^w 1 = pane 1");
	bind("^w 2 = pane 2");
	bind("^w x y = swap");
	bind("^w x z = swap back");
	bind("F10 = quit");
	bind("q = quit");
	bind("^c = quit now");
	type(&state, "3 ^w", &count);
	key_state_add(&out, &state);
	ck_assert_str_eq(buf_str(&out), "3 ^w");
	ck_assert_uint_eq(keymap_next(map, &state, next, 4), 4);
	ck_assert_str_eq(next[0].command, "pane-close");
	ck_assert_uint_eq(next[3].key, 'x');
	ck_assert_ptr_null(next[3].command);
	ck_assert_uint_eq(keymap_next(map, &state, next, 1), 5);
	buf_clear(&out);
	ck_assert_uint_eq(keymap_keys(map, "quit", " ", &out), 3);
	ck_assert_str_eq(buf_str(&out), "F10 q ^c");
	buf_clear(&out);
	ck_assert_uint_eq(keymap_keys(map, "pane 2", " ", &out), 1);
	ck_assert_str_eq(buf_str(&out), "^w 2");
	ck_assert_uint_eq(keymap_keys(map, "pan", " ", &out), 0);
	ck_assert_uint_eq(keymap_count(map), 8);
	ck_assert_str_eq(keymap_at(map, 5, &keys, &len), "quit");
	ck_assert(len == 1 && keys[0] == K_F1 + 9);
	buf_fini(&out);
}
END_TEST

/** Push bytes in at once. */
static void push(struct input *input, const char *bytes, size_t len, int64_t now)
{
	unsigned char *room;

	ck_assert_uint_ge(input_room(input, &room), len);
	memcpy(room, bytes, len);
	input_came(input, len, now);
}

/** Name the keys that come out, with `p:` before what was pasted. */
static const char *drain(struct input *input, int64_t now, struct buf *out)
{
	struct term_event event;

	buf_clear(out);
	while (input_next(input, now, &event)) {
		if (out->len > 0)
			buf_add_byte(out, ' ');
		if (event.pasted)
			buf_add_str(out, "p:");
		key_add(out, event.key);
	}
	return buf_str(out);
}

static const struct input_case {
	const char *bytes;
	const char *keys;   /* at once */
	const char *later;  /* when nothing more came in time; NULL: nothing was left */
} input_cases[] = {
	{ "j", "j", NULL }, { "jk\x04", "j k ^d", NULL }, { "\r", "Enter", NULL }, { "\n", "Enter", NULL },
	{ "\x7f", "Backspace", NULL }, { "\x08", "^h", NULL }, { "\t", "Tab", NULL },
	{ "\xc3\xa9", "é", NULL }, { "\xff" "a", "\\xff a", NULL }, { "\xc3", "", "\\xc3" }, { "\xc3x", "\\xc3 x", NULL },
	{ "\033", "", "Esc" }, { "\033[", "", "M-[" }, { "\033O", "", "M-O" }, { "\033x", "M-x", NULL },
	{ "\033\r", "M-Enter", NULL }, { "\033\xc3\xa9", "M-é", NULL }, { "\033\033", "", "Esc Esc" },
	{ "\033\033\033", "Esc", "Esc Esc" }, { "\033\033[A", "M-Up", NULL }, { "\033\033x", "Esc M-x", NULL },
	{ "\033[A", "Up", NULL }, { "\033OA", "Up", NULL }, { "\033[B\033[C\033[D", "Down Right Left", NULL },
	{ "\033[H\033[F", "Home End", NULL }, { "\033[1~\033[4~\033[7~\033[8~", "Home End Home End", NULL },
	{ "\033[2~\033[3~\033[5~\033[6~", "Ins Del PgUp PgDn", NULL }, { "\033[Z", "S-Tab", NULL },
	{ "\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4", NULL }, { "\033[11~\033[15~\033[17~", "F1 F5 F6", NULL },
	{ "\033[18~\033[19~\033[20~\033[21~\033[23~\033[24~", "F7 F8 F9 F10 F11 F12", NULL },
	{ "\033[[A\033[[E", "F1 F5", NULL }, { "\033[1;5D\033[1;2A\033[1;3C", "C-Left S-Up M-Right", NULL },
	{ "\033[1;7A", "M-C-Up", NULL }, { "\033[a\033Od\033[7^\033[5$", "S-Up C-Left Home PgUp", NULL },
	{ "\033[19;2~\033[1;2P\033[3;5~x", "x", NULL },  /* not to be mistaken for F8, F1, Del */
	{ "\033[3;3~", "M-Del", NULL }, { "\033OM\033Oj\033Oy", "Enter * 9", NULL },
	{ "\033[I\033[O\033[?1;2cx", "x", NULL }, { "\033[M !!x", "x", NULL }, { "\033[<0;1;1Mx", "x", NULL },
	{ "\033[99~x", "x", NULL }, { "\033[12", "", "" }, { "\033[1\033[A", "Up", NULL }, { "\033O\033[A", "M-O Up", NULL },
	{ "\033[1;1;1;1;1;1;1;1;1;1;1;1Ax", "x", NULL },
	/* what a terminal answers although nobody asked, and keys that begin in the same way */
	{ "\033]11;rgb:00/00/00\ax", "x", NULL }, { "\033]11;rgb:00/00/00\033\\x", "x", NULL },
	{ "\033P1$r0m\033\\j", "j", NULL }, { "\033P>|term 1.0\033\\\033[Aj", "Up j", NULL },
	{ "\033_Gi=1;OK\033\\Xy", "X y", NULL }, { "\033P1\030j", "j", NULL }, { "\033P1+r544e=78\033\\", "", NULL },
	{ "\033P", "", "M-P" }, { "\033]", "", "M-]" }, { "\033Pj", "M-P j", NULL }, { "\033_x", "M-_ x", NULL },
	{ "\033[200~Xy\r\nX\t\033[201~j", "p:X p:y p:Enter p:Enter p:X p:Tab j", NULL },
	{ "\033[200~a\033[A\033[201~j", "p:a p:Esc p:[ p:A j", NULL },
	{ "\033[201~j", "j", NULL },
	{ "Xy\nXy\n", "p:X p:y p:Enter p:X p:y p:Enter", NULL },
	{ "Xy\rXy", "p:X p:y p:Enter p:X p:y", NULL },
	{ ":mkdir a\r", ": m k d i r Space a Enter", NULL },
	{ "jjjjj", "j j j j j", NULL }, { "y\r", "y Enter", NULL }, { "\r\r\r\r\r", "Enter Enter Enter Enter Enter", NULL },
};

START_TEST(test_input)
{
	const struct input_case *test = &input_cases[_i];
	struct input input;
	struct buf out = BUF_INIT;

	input_init(&input, true, 0x7f);
	push(&input, test->bytes, strlen(test->bytes), 1000);
	ck_assert_str_eq(drain(&input, 1000, &out), test->keys);
	ck_assert_int_eq(input_deadline(&input), test->later ? 1000 + INPUT_ESC_NS : -1);
	ck_assert_str_eq(drain(&input, 1000 + INPUT_ESC_NS, &out), test->later ? test->later : "");
	ck_assert_int_eq(input_deadline(&input), -1);
	buf_fini(&out);
}
END_TEST

/** The same keys come out however the bytes are split, as long as they come in time. */
START_TEST(test_input_split)
{
	const struct input_case *test = &input_cases[_i];
	size_t len = strlen(test->bytes);
	struct buf out = BUF_INIT;

	if (strstr(test->keys, "p:") || test->later)
		return;  /* a burst is one only at once */
	for (size_t cut = 1; cut < len; cut++) {
		struct input input;
		struct buf whole = BUF_INIT;

		input_init(&input, true, 0x7f);
		push(&input, test->bytes, cut, 1000);
		buf_add_str(&whole, drain(&input, 1000, &out));
		push(&input, test->bytes + cut, len - cut, 2000);
		drain(&input, 2000, &out);
		if (whole.len > 0 && out.len > 0)
			buf_add_byte(&whole, ' ');
		buf_add_str(&whole, buf_str(&out));
		if (memcmp(test->bytes, "\033\033", size_min(cut, 2)) != 0 && test->bytes[cut - 1] != '\033')
			ck_assert_str_eq(buf_str(&whole), test->keys);
		buf_fini(&whole);
	}
	buf_fini(&out);
}
END_TEST

/** A string that has lost its end swallows what follows at once, and no more. */
START_TEST(test_input_string)
{
	struct input input;
	struct buf out = BUF_INIT;

	input_init(&input, true, 0x7f);
	push(&input, "\033P1$r", 5, 1000);
	ck_assert_str_eq(drain(&input, 1000, &out), "");
	push(&input, "Xy", 2, 100000000);
	ck_assert_str_eq(drain(&input, 100000000, &out), "");
	ck_assert_int_eq(input_deadline(&input), -1);
	push(&input, "j", 1, 700000000);
	ck_assert_str_eq(drain(&input, 700000000, &out), "j");
	buf_fini(&out);
}
END_TEST

START_TEST(test_input_paste)
{
	struct input input;
	struct buf out = BUF_INIT;

	input_init(&input, true, 0x7f);
	push(&input, "\033[20", 4, 1000);
	ck_assert_str_eq(drain(&input, 1000, &out), "");
	push(&input, "0~ab\033[2", 7, 2000);
	ck_assert_str_eq(drain(&input, 2000, &out), "p:a p:b");
	push(&input, "01~d", 4, 3000);
	ck_assert_str_eq(drain(&input, 3000, &out), "d");
	/* the end bracket was lost: silence ends the paste too */
	push(&input, "\033[200~ab", 8, 4000);
	ck_assert_str_eq(drain(&input, 4000, &out), "p:a p:b");
	push(&input, "q", 1, INT64_C(1000000000));
	ck_assert_str_eq(drain(&input, INT64_C(1000000000), &out), "p:q");
	push(&input, "q", 1, INT64_C(4000000000));
	ck_assert_str_eq(drain(&input, INT64_C(4000000000), &out), "q");
	/* a burst in several pieces */
	push(&input, "a\nb\nc", 5, INT64_C(5000000000));
	drain(&input, INT64_C(5000000000), &out);
	push(&input, "Xy", 2, INT64_C(5001000000));
	ck_assert_str_eq(drain(&input, INT64_C(5001000000), &out), "p:X p:y");
	push(&input, "Xy", 2, INT64_C(5100000000));
	ck_assert_str_eq(drain(&input, INT64_C(5100000000), &out), "X y");
	buf_fini(&out);
}
END_TEST

START_TEST(test_input_queued)
{
	struct input input;
	struct term_event event;

	input_init(&input, true, 0x7f);
	push(&input, "Xy", 2, 1);
	ck_assert(input_next(&input, 1, &event) && event.key == 'X' && !event.queued);
	ck_assert(input_next(&input, 1, &event) && event.key == 'y' && event.queued);
	push(&input, "y", 1, 2);
	ck_assert(input_next(&input, 2, &event) && event.key == 'y' && !event.queued);
	push(&input, "abc", 3, 3);
	input_flush(&input);
	ck_assert(!input_next(&input, 3, &event));
	ck_assert_int_eq(input_deadline(&input), -1);
}
END_TEST

START_TEST(test_input_taught)
{
	struct input input;
	struct buf out = BUF_INIT;

	input_init(&input, false, '\b');
	input_teach(&input, "\033P", K_F1);
	input_teach(&input, "\033[224z", K_F1 + 1);
	input_teach(&input, "x", K_F1 + 2);
	input_teach(&input, "\033", K_F1 + 3);
	input_teach(&input, "\033[0123456789012345678901234567890", K_F1 + 4);
	push(&input, "\033P\033[224zx\b\xe9", 11, 1);
	ck_assert_str_eq(drain(&input, 1, &out), "F1 F2 x Backspace \\xe9");
	buf_fini(&out);
}
END_TEST

/** Whatever comes: no crash, no byte stays for ever, and what is kept is bounded. */
START_TEST(test_input_random)
{
	static const char alphabet[] = "\033\033\033[[O;;0123456789~ABMZ?<$^ax\r\n\xc3\xa9\xff ";
	struct input input;
	struct term_event event;
	uint32_t seed = 99;
	int64_t now = 0;

	input_init(&input, true, 0x7f);
	for (int i = 0; i < 20000; i++) {
		unsigned char *room;
		size_t size = input_room(&input, &room);
		size_t len = 0;

		for (; len < size && len < (seed >> 28); len++) {
			seed = seed * 1664525 + 1013904223;
			room[len] = (unsigned char)alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		seed = seed * 1664525 + 1013904223;
		now += seed >> 8;
		if (len > 0)
			input_came(&input, len, now);
		while (input_next(&input, now, &event))
			ck_assert_uint_ne(event.key, K_NONE);
		ck_assert_uint_le(input.len - input.pos, 128);
		while (input_next(&input, now + INPUT_ESC_NS, &event))
			ck_assert_int_eq(event.type, TERM_EVENT_KEY);
		ck_assert_int_eq(input_deadline(&input), -1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keys");
	TCase *tests = tcase_create("keys");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, test_names, 0, ARRAY_LEN(name_cases));
	tcase_add_test(tests, test_names_round_trip);
	tcase_add_test(tests, test_sequences);
	tcase_add_test(tests, test_utf8);
	tcase_add_loop_test(tests, test_map, 0, ARRAY_LEN(map_cases));
	tcase_add_test(tests, test_rebinding);
	tcase_add_test(tests, test_hints);
	tcase_add_loop_test(tests, test_input, 0, ARRAY_LEN(input_cases));
	tcase_add_loop_test(tests, test_input_split, 0, ARRAY_LEN(input_cases));
	tcase_add_test(tests, test_input_string);
	tcase_add_test(tests, test_input_paste);
	tcase_add_test(tests, test_input_queued);
	tcase_add_test(tests, test_input_taught);
	tcase_add_test(tests, test_input_random);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
