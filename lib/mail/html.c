/*
 * The tokenizer of the HTML standard (section 13.2.5) as far as it decides what is text, what
 * is a value and what is neither. It is as lenient as that: there is no fault, a tag that does
 * not end goes to the end of the source.
 */
#include "mail/html.h"

#include "mail/decode.h"
#include "mail/links.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BASE_MAX 2048 /* what is relative is put together with it again and again */

struct scan {
	const char *source;
	size_t len;
	size_t i;
	struct html *html;
	bool failed; /* out of memory */
	bool cut;    /* what was read last has no end */
	enum { END_OF_SOURCE, END_OF_WHOLE, END_OF_BODY } end; /* where html->end is */
};

struct word {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_word(struct word word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == word.len && strncasecmp(word.text, *list, word.len) == 0)
			return true;
	return false;
}

static bool at_letter(const struct scan *scan, size_t i)
{
	return i < scan->len && isalpha((unsigned char)scan->source[i]);
}

static bool starts_with(const struct scan *scan, size_t i, const char *text)
{
	size_t len = strlen(text);

	return scan->len - i >= len && strncasecmp(scan->source + i, text, len) == 0;
}

static void put_decoded(struct scan *scan, struct reading *reading)
{
	size_t taken = 0, i = scan->i;
	char character = html_reference(scan->source + i, scan->len - i, &taken);

	if (character == 0) {
		character = scan->source[i];
		taken = 1;
	}
	reading_put(reading, character, i, i + taken);
	scan->i = i + taken;
}

static struct html_section *add_section(struct scan *scan, enum text_place place)
{
	struct html *html = scan->html;

	if (html->count == html->room) {
		size_t room = html->room > 0 ? 2 * html->room : 64;
		struct html_section *sections =
			reallocarray(html->sections, room, sizeof(*sections));

		if (sections == NULL) {
			scan->failed = true;
			return NULL;
		}
		html->sections = sections;
		html->room = room;
	}
	html->sections[html->count] =
		(struct html_section){html->apart.len, html->apart.len, place, false};
	return &html->sections[html->count++];
}

/* Up to end of the source, references replaced. Line ends and tabs within an address are no
 * part of it. */
static struct html_section *read_section(
	struct scan *scan, size_t end, enum text_place place, bool address)
{
	struct html_section *section = add_section(scan, place);

	while (scan->i < end && section != NULL) {
		char c = scan->source[scan->i];

		if (address && (c == '\t' || c == '\r' || c == '\n'))
			scan->i++;
		else
			put_decoded(scan, &scan->html->apart);
	}
	scan->i = end;
	if (section != NULL)
		section->end = scan->html->apart.len;
	return section;
}

static size_t value_end(const struct scan *scan, char quote)
{
	size_t end = scan->i;

	while (end < scan->len &&
		(quote != '\0' ? scan->source[end] != quote
			       : !is_blank(scan->source[end]) && scan->source[end] != '>'))
		end++;
	return end;
}

static void read_value(struct scan *scan, struct word name, bool of_base)
{
	static const char *const addresses[] = {"href", "action", "formaction", NULL};
	char quote = scan->i < scan->len ? scan->source[scan->i] : '\0';
	struct html *html = scan->html;
	struct html_section *section;
	bool quoted = quote == '"' || quote == '\'';
	bool address = is_word(name, addresses);

	scan->i += quoted;
	section = read_section(scan, value_end(scan, quoted ? quote : '\0'),
		quoted ? PLACE_QUOTED : PLACE_UNQUOTED, address);
	if (quoted && scan->i < scan->len)
		scan->i++;
	if (section == NULL)
		return;
	section->address = address && !of_base;
	if (of_base && html->base == NULL && name.len == 4 &&
		strncasecmp(name.text, "href", 4) == 0) {
		size_t len = section->end - section->start;

		html->base =
			strndup(html->apart.text + section->start, len <= BASE_MAX ? len : 0);
		scan->failed |= html->base == NULL;
	}
}

static void skip_blanks(struct scan *scan, const char *more)
{
	while (scan->i < scan->len &&
		(is_blank(scan->source[scan->i]) ||
			strchr(more, scan->source[scan->i]) != NULL) &&
		scan->source[scan->i] != '\0')
		scan->i++;
}

static void read_attribute(struct scan *scan, bool of_base)
{
	struct word name;
	size_t start;

	skip_blanks(scan, "/");
	start = scan->i;
	while (scan->i < scan->len && !is_blank(scan->source[scan->i]) &&
		scan->source[scan->i] != '/' && scan->source[scan->i] != '>' &&
		(scan->source[scan->i] != '=' || scan->i == start))
		scan->i++;
	name = (struct word){scan->source + start, scan->i - start};
	skip_blanks(scan, "");
	if (scan->i >= scan->len || scan->source[scan->i] != '=')
		return;
	scan->i++;
	skip_blanks(scan, "");
	read_value(scan, name, of_base);
}

static bool at_end_tag(const struct scan *scan, struct word name)
{
	const char *at = scan->source + scan->i;
	size_t left = scan->len - scan->i, len = name.len + 2;

	return left >= len && at[0] == '<' && at[1] == '/' &&
	       strncasecmp(at + 2, name.text, name.len) == 0 &&
	       (left == len || is_blank(at[len]) || at[len] == '/' || at[len] == '>');
}

/* What comes behind a script's or style sheet's start tag is neither markup nor text. A JSON
 * text may write "\/". */
static void read_raw(struct scan *scan, struct word name)
{
	struct html_section *section = add_section(scan, PLACE_PLAIN);
	struct reading *apart = &scan->html->apart;

	for (; scan->i < scan->len && section != NULL && !at_end_tag(scan, name); scan->i++) {
		const char *at = scan->source + scan->i;
		size_t left = scan->len - scan->i;

		if (left > 1 && at[0] == '\\' && at[1] == '/') {
			reading_put(apart, '/', scan->i, scan->i + 2);
			scan->i++;
		} else {
			reading_put(apart, *at, scan->i, scan->i + 1);
		}
	}
	if (section != NULL)
		section->end = apart->len;
	scan->cut |= scan->i == scan->len;
}

/* In a title or a field to write in there is text alone. */
static void read_text(struct scan *scan, struct word name)
{
	while (scan->i < scan->len && !at_end_tag(scan, name))
		put_decoded(scan, &scan->html->text);
	scan->cut |= scan->i == scan->len;
}

/* The last end tag of a body counts; that of the whole where there is none. */
static void note_end(struct scan *scan, struct word name, size_t start)
{
	static const char *const bodies[] = {"body", NULL}, *const wholes[] = {"html", NULL};

	if (is_word(name, bodies))
		scan->end = END_OF_BODY;
	else if (is_word(name, wholes) && scan->end != END_OF_BODY)
		scan->end = END_OF_WHOLE;
	else
		return;
	scan->html->end = start;
}

/* Behind "<" or "</". */
static struct word read_name(struct scan *scan)
{
	size_t start = scan->i;

	while (scan->i < scan->len && !is_blank(scan->source[scan->i]) &&
		scan->source[scan->i] != '/' && scan->source[scan->i] != '>')
		scan->i++;
	return (struct word){scan->source + start, scan->i - start};
}

static void read_tag(struct scan *scan)
{
	static const char *const blocks[] = {"address", "article", "blockquote", "body", "br",
		"button", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3",
		"h4", "h5", "h6", "head", "header", "hr", "html", "img", "input", "li", "main",
		"nav", "ol", "option", "p", "pre", "script", "section", "style", "table",
		"tbody", "td", "textarea", "tfoot", "th", "thead", "title", "tr", "ul", NULL};
	static const char *const raw[] = {"script", "style", "xmp", NULL};
	static const char *const texts[] = {"textarea", "title", NULL};
	static const char *const nothing[] = {"wbr", NULL};
	static const char *const bases[] = {"base", NULL};
	bool closing = scan->source[scan->i + 1] == '/';
	size_t start = scan->i;
	struct word name;

	scan->i += 1 + closing;
	name = read_name(scan);
	while (scan->i < scan->len && scan->source[scan->i] != '>' && !scan->failed)
		read_attribute(scan, is_word(name, bases));
	scan->cut = scan->i == scan->len;
	scan->i += !scan->cut;
	if (!is_word(name, nothing))
		reading_put(&scan->html->text, is_word(name, blocks) ? '\n' : LINKS_SEAM, start,
			start);
	if (closing && !scan->cut)
		note_end(scan, name, start);
	else if (!scan->cut && is_word(name, raw))
		read_raw(scan, name);
	else if (!scan->cut && is_word(name, texts))
		read_text(scan, name);
}

/* Where the comment ends whose "<!--" stands at i, and the length of what ends it. */
static size_t comment_end(const struct scan *scan, size_t i, size_t *closing_r)
{
	static const char *const ends[] = {"-->", "--!>"};

	i += 4;
	for (*closing_r = 0; i < scan->len; i++) {
		for (size_t e = 0; e < 2 && *closing_r == 0; e++)
			if (starts_with(scan, i, ends[e]))
				*closing_r = strlen(ends[e]);
		if (*closing_r > 0)
			break;
	}
	return i;
}

static void read_comment(struct scan *scan)
{
	size_t start = scan->i, closing, end;

	/* "<!-->" and "<!--->" are whole ones. */
	for (size_t dash = 0; dash < 2; dash++) {
		if (starts_with(scan, start + 4 + dash, ">")) {
			scan->i = start + 5 + dash;
			return;
		}
		if (!starts_with(scan, start + 4, "-"))
			break;
	}
	end = comment_end(scan, start, &closing);
	scan->i = start + 4;
	read_section(scan, end, PLACE_COMMENT, false);
	scan->i = end + closing;
	scan->cut = closing == 0;
}

/* "<!DOCTYPE ...>", "<?xml ...>", "<![endif]>" */
static void read_declaration(struct scan *scan)
{
	const char *end = memchr(scan->source + scan->i, '>', scan->len - scan->i);
	size_t at = end == NULL ? scan->len : (size_t)(end - scan->source);

	scan->i += 2;
	read_section(scan, at, PLACE_COMMENT, false);
	scan->i = at + (end != NULL);
	scan->cut = end == NULL;
}

static void read_next(struct scan *scan)
{
	size_t i = scan->i;

	if (scan->source[i] != '<' || i + 1 == scan->len)
		put_decoded(scan, &scan->html->text);
	else if (at_letter(scan, i + 1) ||
		 (scan->source[i + 1] == '/' && at_letter(scan, i + 2)))
		read_tag(scan);
	else if (starts_with(scan, i, "<!--"))
		read_comment(scan);
	else if (strchr("!?/", scan->source[i + 1]) != NULL && scan->source[i + 1] != '\0')
		read_declaration(scan);
	else
		put_decoded(scan, &scan->html->text);
}

int html_read(const char *source, size_t len, struct html *html_r)
{
	struct scan scan = {.source = source, .len = len, .html = html_r};

	*html_r = (struct html){.end = len};
	if (reading_init(&html_r->text, len) < 0 || reading_init(&html_r->apart, len) < 0)
		return -1;
	while (scan.i < len && !scan.failed) {
		size_t start = scan.i;

		read_next(&scan);
		if (scan.cut && scan.end == END_OF_SOURCE)
			html_r->end = start;
	}
	return scan.failed ? -1 : 0;
}

void html_free(struct html *html)
{
	reading_free(&html->text);
	reading_free(&html->apart);
	free(html->sections);
	free(html->base);
	*html = (struct html){0};
}

void html_escape(struct buf *out, const char *text, enum text_place place)
{
	static const struct {
		char character;
		enum text_place only; /* PLACE_PLAIN: everywhere */
		const char *reference;
	} escapes[] = {
		{'&', PLACE_PLAIN, "&amp;"},
		{'<', PLACE_PLAIN, "&lt;"},
		{'>', PLACE_PLAIN, "&gt;"},
		{'"', PLACE_PLAIN, "&quot;"},
		{'\'', PLACE_PLAIN, "&#39;"},
		{'=', PLACE_UNQUOTED, "&#61;"},
		{'`', PLACE_UNQUOTED, "&#96;"},
		{' ', PLACE_UNQUOTED, "&#32;"},
	};

	for (char before = '\0'; *text != '\0'; before = *text++) {
		const char *reference = NULL;

		for (size_t i = 0;
			place != PLACE_PLAIN && i < sizeof(escapes) / sizeof(escapes[0]); i++)
			if (*text == escapes[i].character &&
				(escapes[i].only == PLACE_PLAIN || escapes[i].only == place))
				reference = escapes[i].reference;
		if (place == PLACE_COMMENT && *text == '-' && before == '-')
			reference = "&#45;"; /* "--" might end it */
		if (reference != NULL)
			buf_string(out, reference);
		else
			buf_byte(out, *text);
	}
}
