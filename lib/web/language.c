/*
 * Ranges are compared by weight, those of equal weight in the header's order. A weight is kept
 * in thousandths: three digits are all that the grammar allows.
 */
#include "web/language.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WHITE " \t"

struct range {
	const char *tag;
	size_t len;
	int weight;
};

bool language_valid(const char *tag, size_t len)
{
	size_t subtag = 0;

	if (len == 0 || len > LANGUAGE_TAG_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i == len || tag[i] == '-') {
			bool first = i == subtag;

			if (i - subtag > 8 || first || (subtag == 0 && (i < 2 || i > 3)))
				return false;
			subtag = i + 1;
		} else if (!(subtag == 0 ? isalpha((unsigned char)tag[i])
					 : isalnum((unsigned char)tag[i]))) {
			return false;
		}
	}
	return true;
}

/* "0", "0.8", "1.000" in thousandths; -1: none. */
static int weight_of(const char *text, size_t len)
{
	int weight, unit = 100;

	if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') ||
		(len > 1 && text[1] != '.'))
		return -1;
	weight = (text[0] - '0') * 1000;
	for (size_t i = 2; i < len; i++, unit /= 10) {
		if (!isdigit((unsigned char)text[i]))
			return -1;
		weight += (text[i] - '0') * unit;
	}
	return weight > 1000 ? -1 : weight;
}

/* One member of the list. Returns false when it is malformed. */
static bool parse_range(const char *text, size_t len, struct range *range_r)
{
	const char *semicolon = memchr(text, ';', len);
	const char *end = text + len;

	range_r->tag = text;
	range_r->len = semicolon != NULL ? (size_t)(semicolon - text) : len;
	range_r->weight = 1000;
	while (range_r->len > 0 && strchr(WHITE, text[range_r->len - 1]) != NULL)
		range_r->len--;
	if (!(range_r->len == 1 && *text == '*') && !language_valid(text, range_r->len))
		return false;
	if (semicolon == NULL)
		return true;
	semicolon++;
	semicolon += strspn(semicolon, WHITE);
	if (end - semicolon < 2 || strncasecmp(semicolon, "q=", 2) != 0)
		return false;
	semicolon += 2;
	while (end > semicolon && strchr(WHITE, end[-1]) != NULL)
		end--;
	range_r->weight = weight_of(semicolon, (size_t)(end - semicolon));
	return range_r->weight >= 0;
}

static size_t parse(const char *header, struct range ranges_r[LANGUAGE_RANGES_MAX])
{
	size_t count = 0;

	while (*header != '\0' && count < LANGUAGE_RANGES_MAX) {
		size_t len;

		header += strspn(header, WHITE ",");
		len = strcspn(header, ",");
		if (len > 0 && parse_range(header, len, &ranges_r[count]))
			count++;
		header += len;
	}
	return count;
}

static bool is_tag(const char *tag, size_t len, const char *available)
{
	return strlen(available) == len && strncasecmp(tag, available, len) == 0;
}

/* What the range means of those available, cut from its end subtag by subtag; count: nothing.
 * Browsers of old say iw for Hebrew. */
static size_t find(const struct range *range, const char *const *available, size_t count)
{
	const char *tag = is_tag(range->tag, range->len, "iw") ? "he" : range->tag;
	size_t len = range->len;

	while (len > 0) {
		for (size_t i = 0; i < count; i++) {
			if (is_tag(tag, len, available[i]))
				return i;
		}
		while (len > 0 && tag[--len] != '-')
			;
	}
	return count;
}

static bool unwanted(const struct range *ranges, size_t ranges_n, const char *tag)
{
	for (size_t i = 0; i < ranges_n; i++) {
		if (ranges[i].weight == 0 && is_tag(ranges[i].tag, ranges[i].len, tag))
			return true;
	}
	return false;
}

size_t language_choose(
	const char *header, const char *const *available, size_t count, size_t otherwise)
{
	struct range ranges[LANGUAGE_RANGES_MAX];
	size_t ranges_n = header != NULL ? parse(header, ranges) : 0;
	size_t best = otherwise;
	int weight = 0;

	for (size_t i = 0; i < ranges_n; i++) {
		bool any = ranges[i].tag[0] == '*';
		size_t found = any ? otherwise : find(&ranges[i], available, count);

		if (ranges[i].weight <= weight || found >= count ||
			unwanted(ranges, ranges_n, available[found]))
			continue;
		best = found;
		weight = ranges[i].weight;
	}
	return best;
}
