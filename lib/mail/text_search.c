/*
 * Marks of a text. They are found in what a reader sees (mail/reading.h) and kept as ranges of
 * the decoded text, which is what is written back (text_write.c).
 */
#include "mail/text_part.h"

#include "mail/value.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX 4096 /* longer values of attributes are no relative links */

static const char *searched(const struct text_part *text)
{
	return text->masked == NULL ? text->text : text->masked;
}

struct search {
	struct text_part *text;
	const struct link_rules *rules;
	struct link_tokens *tokens;
	size_t links;
};

static int add_mark(struct text_part *text, const struct text_mark *mark)
{
	if (text->count == text->room) {
		size_t room = text->room > 0 ? 2 * text->room : 4;
		struct text_mark *marks = reallocarray(text->marks, room, sizeof(*marks));

		if (marks == NULL)
			return -1;
		text->marks = marks;
		text->room = room;
	}
	text->marks[text->count++] = *mark;
	return 0;
}

/* [start, end) of the reading is a link's. */
static int mark_pieces(struct text_part *text, const struct reading *reading,
	struct source_range range, struct text_mark mark)
{
	struct source_range piece;

	for (size_t at = range.start; reading_piece(reading, &at, range.end, &piece);) {
		mark.start = piece.start;
		mark.end = piece.end;
		mark.stuffed =
			mark.further && piece.start > 0 && text->text[piece.start - 1] == '\n';
		if (add_mark(text, &mark) < 0)
			return -1;
		mark.further = true;
	}
	return 0;
}

const char *text_mark_remainder(const struct text_mark *mark)
{
	return mark->stuffed ? " " : "";
}

/* Searches [start, end) of a reading, or of the text itself (NULL). Returns the number of
 * links, or -1. */
static int search_range(struct search *search, const struct reading *reading,
	struct source_range range, enum text_place place)
{
	const char *bytes = reading == NULL ? searched(search->text) : reading->text;
	struct links links;
	int result = links_find(bytes + range.start, range.end - range.start, search->rules,
		&links, search->tokens);

	for (size_t i = 0; i < links.count && result == 0; i++) {
		struct source_range found = {
			range.start + links.hits[i].start, range.start + links.hits[i].end};
		struct text_mark mark = {
			.start = found.start, .end = found.end, .place = place};

		strcpy(mark.platform_id, links.hits[i].platform_id);
		result = reading == NULL ? add_mark(search->text, &mark)
					 : mark_pieces(search->text, reading, found, mark);
	}
	search->links += links.count;
	result = result < 0 || search->links > LINKS_MAX ? -1 : (int)links.count;
	links_free(&links);
	return result;
}

/* A relative address that leads to the platform. Without a base there can be one without a
 * scheme only. */
static int search_relative(
	struct search *search, const struct html *html, const struct html_section *section)
{
	struct source_range range = {section->start, section->end};
	const char *text = html->apart.text, *base = html->base;
	struct text_mark mark = {.place = section->place};
	char *value, *url;
	bool found;

	while (range.start < range.end && strchr(" \t\r\n", text[range.start]) != NULL)
		range.start++;
	while (range.start < range.end && strchr(" \t\r\n", text[range.end - 1]) != NULL)
		range.end--;
	if (range.end - range.start > ADDRESS_MAX || range.end - range.start < 1 ||
		text[range.start] == '#')
		return 0;
	if (base == NULL && strncmp(text + range.start, "//", 2) == 0)
		base = search->rules->platform_url;
	if (base == NULL)
		return 0;
	value = strndup(text + range.start, range.end - range.start);
	url = value == NULL ? NULL : mail_resolve_url(base, value);
	found = url != NULL && links_are(url, search->rules->platform_url, mark.platform_id);
	free(value);
	free(url);
	search->links += found;
	return found ? mark_pieces(search->text, &html->apart, range, mark) : 0;
}

static int search_sections(struct search *search, const struct html *html)
{
	for (size_t i = 0; i < html->count; i++) {
		const struct html_section *section = &html->sections[i];
		struct source_range range = {section->start, section->end};
		int found = search_range(search, &html->apart, range, section->place);

		if (found == 0 && section->address && *search->rules->platform_url != '\0')
			found = search_relative(search, html, section);
		if (found < 0)
			return -1;
	}
	return 0;
}

static int search_html(struct search *search)
{
	struct text_part *text = search->text;
	size_t links = search->links;
	struct html html;
	int result = html_read(searched(text), text->len, &html);

	text->end = html.end;
	if (result == 0)
		result = search_range(search, &html.text,
			(struct source_range){0, html.text.len}, PLACE_TEXT);
	if (result >= 0)
		result = search_sections(search, &html);
	html_free(&html);
	/* A placeholder in pointed brackets looks like a tag. */
	if (result == 0 && search->links == links &&
		strchr(search->rules->placeholder, '<') != NULL)
		result = search_range(
			search, NULL, (struct source_range){0, text->len}, PLACE_TEXT);
	return result < 0 ? -1 : 0;
}

static int search_flowed(struct search *search)
{
	struct text_part *text = search->text;
	struct reading flowed;
	int result = read_flowed(searched(text), text->len, &flowed);

	if (result == 0)
		result = search_range(
			search, &flowed, (struct source_range){0, flowed.len}, PLACE_PLAIN);
	reading_free(&flowed);
	return result < 0 ? -1 : 0;
}

static int by_start(const void *a, const void *b)
{
	const struct text_mark *one = a, *other = b;

	return (one->start > other->start) - (one->start < other->start);
}

/* Links with another platform id than the first are somebody else's and are left. */
static void keep_one_platform_id(struct text_part *text, const char *id)
{
	char first[PLATFORM_ID_MAX + 1];
	size_t kept = 0;

	strcpy(first, id);
	for (size_t i = 0; i < text->count; i++) {
		const struct text_mark *mark = &text->marks[i];

		if (*first == '\0')
			strcpy(first, mark->platform_id);
		if (*mark->platform_id == '\0' || strcmp(mark->platform_id, first) == 0)
			text->marks[kept++] = *mark;
	}
	text->count = kept;
}

int text_part_search(struct text_part *text, const struct link_rules *rules,
	struct link_tokens *tokens, size_t *links, struct error *error)
{
	struct search search = {text, rules, tokens, *links};
	int result;

	text->end = text->len;
	if (text->mime->kind == PART_HTML)
		result = search_html(&search);
	else if (text->mime->delsp)
		result = search_flowed(&search);
	else
		result = search_range(
			&search, NULL, (struct source_range){0, text->len}, PLACE_PLAIN);
	if (result < 0 && search.links >= LINKS_MAX)
		return error_set(error, ERROR_PERMANENT,
			"message with more than %d invitation links", LINKS_MAX);
	if (result < 0)
		return error_memory(error);
	if (text->count > 0)
		qsort(text->marks, text->count, sizeof(*text->marks), by_start);
	keep_one_platform_id(text, rules->platform_id);
	*links = search.links;
	return 0;
}

const char *text_part_platform_id(const struct text_part *text)
{
	for (size_t i = 0; i < text->count; i++)
		if (*text->marks[i].platform_id != '\0')
			return text->marks[i].platform_id;
	return "";
}
