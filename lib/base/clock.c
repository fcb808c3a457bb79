/*
 * RFC 3339 (section 5.6) both ways. timegm does the calendar; the parser accepts what the
 * grammar allows and nothing else, so that one record has one meaning.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *clock_format(time_t when, char *text_r)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year > 8099)
		memset(&tm, 0, sizeof(tm)), tm.tm_year = 70, tm.tm_mday = 1;
	strftime(text_r, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text_r;
}

/* Reads exactly `digits` decimal digits and moves on. */
static bool number(const char **text, int digits, int *value_r)
{
	*value_r = 0;
	for (; digits > 0; digits--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*value_r = *value_r * 10 + (**text - '0');
	}
	return true;
}

static bool literal(const char **text, const char *any_of)
{
	if (**text == '\0' || strchr(any_of, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static bool date(const char **text, struct tm *tm)
{
	if (!number(text, 4, &tm->tm_year) || !literal(text, "-") ||
		!number(text, 2, &tm->tm_mon) || !literal(text, "-") ||
		!number(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

static bool time_of_day(const char **text, struct tm *tm)
{
	if (!number(text, 2, &tm->tm_hour) || !literal(text, ":") ||
		!number(text, 2, &tm->tm_min) || !literal(text, ":") ||
		!number(text, 2, &tm->tm_sec))
		return false;
	if (**text == '.') {
		(*text)++;
		if (**text < '0' || **text > '9')
			return false;
		*text += strspn(*text, "0123456789");
	}
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool offset(const char **text, int *seconds_r)
{
	int sign = **text == '-' ? -1 : 1;
	int hours, minutes;

	*seconds_r = 0;
	if (literal(text, "Zz"))
		return true;
	if (!literal(text, "+-") || !number(text, 2, &hours) || !literal(text, ":") ||
		!number(text, 2, &minutes))
		return false;
	*seconds_r = sign * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

int clock_parse(const char *text, time_t *when_r)
{
	struct tm tm = {0};
	int seconds;

	if (text == NULL || !date(&text, &tm) || !literal(&text, "Tt ") ||
		!time_of_day(&text, &tm) || !offset(&text, &seconds) || *text != '\0')
		return -1;
	*when_r = timegm(&tm) - seconds;
	return 0;
}

static uint64_t clock_ms(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_real_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}
