/* Sizes, counts, rates, modes and times for people. */
#include "text.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

/** value / unit, rounded half up. */
static uint64_t ratio_round(uint64_t value, uint64_t unit)
{
	return value / unit + (value % unit >= unit - unit / 2);
}

/** Append a number in powers of 1000, one decimal below 100; `prefixes` names the powers. */
static void scaled_add(struct buf *out, uint64_t value, const char *const *prefixes, size_t count)
{
	uint64_t unit = 1;
	uint64_t tenths;
	size_t power = 0;

	while (power + 1 < count && ratio_round(value, unit) >= 1000) {
		unit *= 1000;
		power++;
	}
	tenths = power > 0 ? ratio_round(value, unit / 10) : value * 10;
	if (tenths >= 1000 || tenths % 10 == 0)
		buf_printf(out, "%llu%s", (unsigned long long)ratio_round(value, unit), prefixes[power]);
	else
		buf_printf(out, "%llu.%llu%s", (unsigned long long)(tenths / 10),
				(unsigned long long)(tenths % 10), prefixes[power]);
}

void text_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { " B", " kB", " MB", " GB", " TB", " PB", " EB" };

	scaled_add(out, bytes, units, ARRAY_LEN(units));
}

void text_count(struct buf *out, uint64_t count)
{
	char digits[32];
	size_t at = sizeof digits;

	for (int place = 0; place == 0 || count > 0; place++, count /= 10) {
		if (place > 0 && place % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + count % 10);
	}
	buf_add(out, digits + at, sizeof digits - at);
}

void text_rate(struct buf *out, double per_second)
{
	static const char *const units[] = { "/s", "k/s", "M/s", "G/s", "T/s" };
	uint64_t rate = 0;

	if (per_second > 0)
		rate = per_second < 1e15 ? (uint64_t)(per_second + 0.5) : (uint64_t)1000000000000000;
	scaled_add(out, rate, units, ARRAY_LEN(units));
}

static char mode_type(unsigned mode)
{
	static const struct {
		unsigned type;
		char letter;
	} types[] = {
		{ S_IFREG, '-' }, { S_IFDIR, 'd' }, { S_IFLNK, 'l' }, { S_IFIFO, 'p' },
		{ S_IFSOCK, 's' }, { S_IFCHR, 'c' }, { S_IFBLK, 'b' },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if ((mode & S_IFMT) == types[i].type)
			return types[i].letter;
	}
	return '?';
}

void text_mode(struct buf *out, unsigned mode)
{
	char text[10] = { mode_type(mode) };

	for (unsigned i = 0; i < 9; i++)
		text[1 + i] = mode & (0400u >> i) ? "rwx"[i % 3] : '-';
	if (mode & S_ISUID)
		text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & S_IXOTH ? 't' : 'T';
	buf_add(out, text, sizeof text);
}

/** Split into local time; what is left of a second goes to `*nanos`. */
static bool time_split(int64_t ns, struct tm *tm, long *nanos)
{
	int64_t rest = ns % 1000000000;
	time_t seconds = (time_t)(ns / 1000000000 - (rest < 0));

	*nanos = (long)(rest < 0 ? rest + 1000000000 : rest);
	return localtime_r(&seconds, tm) != NULL;
}

void text_time(struct buf *out, int64_t ns, bool full, int64_t now_ns)
{
	struct tm now;
	struct tm tm;
	char zone[16];
	long nanos;
	long ignored;

	if (!time_split(ns, &tm, &nanos) || !time_split(now_ns, &now, &ignored)) {
		buf_add_byte(out, '?');
		return;
	}
	if (full) {
		zone[strftime(zone, sizeof zone - 1, "%z", &tm)] = '\0';
		buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d.%09ld %s", tm.tm_year + 1900, tm.tm_mon + 1,
				tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, nanos, zone);
	} else if (tm.tm_year == now.tm_year) {
		buf_printf(out, "%02d-%02d", tm.tm_mon + 1, tm.tm_mday);
	} else {
		buf_printf(out, "%04d-%02d", tm.tm_year + 1900, tm.tm_mon + 1);
	}
}
