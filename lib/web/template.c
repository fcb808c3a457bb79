/*
 * Parsing. A page is parsed once into a flat array of nodes; a section's node knows the index
 * behind its last one, so that rendering is a walk that skips or repeats ranges. Included files
 * are parsed into the same array, which makes a section always open and close within one file.
 */
#include "web/template.h"

#include "base/secret.h"
#include "web/template_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_DEPTH	8
#define MAX_INCLUDES	4
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

struct parser {
	const struct template_source *source;
	struct template *template;
	const char *suffix; /* of the page and of the files that it puts in */
	bool html, in_tag, in_title;
	size_t open[MAX_DEPTH]; /* indices of the sections that are open */
	size_t depth;
	int includes;
	struct error *error;
};

/* Where the parser stands, for its messages. */
struct place {
	const char *file;
	int line;
	size_t depth; /* sections open before this file */
};

static int parse_file(struct parser *parser, const char *file);

static int fault(
	struct parser *parser, const struct place *place, const char *what, const char *tag)
{
	return error_set(parser->error, ERROR_CONFIGURATION, "%s/%s%s:%d: %s {{%s}}",
		parser->source->directory, place->file, parser->suffix, place->line, what, tag);
}

/* Where the last text has led to: into a tag, or into <title>. */
static void follow_html(struct parser *parser, const char *text, size_t len)
{
	for (size_t i = 0; parser->html && i < len; i++) {
		if (text[i] == '>')
			parser->in_tag = false;
		if (text[i] != '<')
			continue;
		parser->in_tag = true;
		if (strncasecmp(text + i, "<title", 6) == 0)
			parser->in_title = true;
		else if (strncasecmp(text + i, "</title", 7) == 0)
			parser->in_title = false;
	}
}

static enum form form_here(const struct parser *parser)
{
	if (!parser->html)
		return FORM_TEXT;
	return parser->in_tag || parser->in_title ? FORM_ATTRIBUTE : FORM_CONTENT;
}

static int add_node(struct parser *parser, enum node_kind kind, const char *text, size_t len)
{
	struct template *template = parser->template;
	struct node *nodes = reallocarray(template->nodes, template->count + 1, sizeof(*nodes));
	char *copy = strndup(text, len);

	if (nodes != NULL)
		template->nodes = nodes;
	if (nodes == NULL || copy == NULL) {
		free(copy);
		return error_memory(parser->error);
	}
	nodes[template->count++] = (struct node){
		.kind = kind, .form = form_here(parser), .text = copy, .len = len};
	return 0;
}

static int open_section(struct parser *parser, const struct place *place, const char *tag)
{
	if (parser->depth == MAX_DEPTH)
		return fault(parser, place, "too many sections within each other at", tag);
	parser->open[parser->depth++] = parser->template->count;
	return add_node(
		parser, *tag == '#' ? NODE_SECTION : NODE_INVERTED, tag + 1, strlen(tag + 1));
}

static int close_section(struct parser *parser, const struct place *place, const char *tag)
{
	struct node *section;

	if (parser->depth == place->depth)
		return fault(parser, place, "no section is open at", tag);
	section = &parser->template->nodes[parser->open[--parser->depth]];
	if (strcmp(section->text, tag + 1) != 0)
		return fault(parser, place, "another section is open at", tag);
	section->end = parser->template->count;
	return 0;
}

static int add_word(struct parser *parser, const struct place *place, const char *tag)
{
	const struct words *words = parser->source->words;
	int number = words != NULL ? words_number(words, tag + 1) : -1;

	if (number < 0)
		return fault(parser, place, "words.en has no word for", tag);
	if (add_node(parser, NODE_WORD, tag + 1, strlen(tag + 1)) != 0)
		return -1;
	parser->template->nodes[parser->template->count - 1].word = number;
	return 0;
}

static int parse_tag(struct parser *parser, const struct place *place, const char *tag)
{
	const struct template_name *const names[] = {parser->source->names, NULL};
	const char *name = tag + (strchr("#^/>@", *tag) != NULL && *tag != '\0');

	if (*name == '\0' || name[strspn(name, NAME_CHARACTERS)] != '\0')
		return fault(parser, place, "malformed placeholder", tag);
	if (*tag == '>')
		return parse_file(parser, name);
	if (*tag == '@')
		return add_word(parser, place, tag);
	if (!template_name_known(names, name))
		return fault(parser, place, "unknown placeholder", tag);
	if (*tag == '#' || *tag == '^')
		return open_section(parser, place, tag);
	if (*tag == '/')
		return close_section(parser, place, tag);
	return add_node(parser, NODE_VALUE, name, strlen(name));
}

static int count_lines(const char *text, size_t len)
{
	int lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static int parse_text(struct parser *parser, struct place *place, const char *text)
{
	const char *open;

	while ((open = strstr(text, "{{")) != NULL) {
		size_t len = strcspn(open + 2, "}\n");
		char tag[64];

		place->line += count_lines(text, (size_t)(open - text));
		if (len >= sizeof(tag) || strncmp(open + 2 + len, "}}", 2) != 0)
			return fault(parser, place, "a placeholder does not end:", "");
		memcpy(tag, open + 2, len);
		tag[len] = '\0';
		follow_html(parser, text, (size_t)(open - text));
		if (add_node(parser, NODE_TEXT, text, (size_t)(open - text)) != 0 ||
			parse_tag(parser, place, tag) != 0)
			return -1;
		text = open + 2 + len + 2;
	}
	follow_html(parser, text, strlen(text));
	place->line += count_lines(text, strlen(text));
	return add_node(parser, NODE_TEXT, text, strlen(text));
}

static int parse_file(struct parser *parser, const char *file)
{
	struct place place = {file, 1, parser->depth};
	struct buf text;
	char *path;
	int result;

	if (parser->includes == MAX_INCLUDES)
		return fault(parser, &place, "too many files within each other:", file);
	if (asprintf(&path, "%s/%s%s", parser->source->directory, file, parser->suffix) < 0)
		return error_memory(parser->error);
	parser->includes++;
	buf_init(&text, TEMPLATE_FILE_MAX);
	result = template_read_file(path, &text, parser->error);
	if (result == 0)
		result = parse_text(parser, &place, text.data);
	if (result == 0 && parser->depth != place.depth)
		result = fault(parser, &place, "a section is not closed before the end:",
			parser->template->nodes[parser->open[parser->depth - 1]].text);
	buf_free(&text);
	free(path);
	parser->includes--;
	return result;
}

static int parse_page(struct parser *parser, const char *page)
{
	const char *dot = strrchr(page, '.');
	char *file = strndup(page, dot != NULL ? (size_t)(dot - page) : strlen(page));
	int result;

	if (file == NULL)
		return error_memory(parser->error);
	parser->template->page = page;
	parser->suffix = dot != NULL ? dot : "";
	parser->html = strcmp(parser->suffix, ".html") == 0;
	parser->in_tag = parser->in_title = false;
	result = parse_file(parser, file);
	free(file);
	return result;
}

struct template_set *template_set_load(
	const struct template_source *source, struct error *error)
{
	struct parser parser = {.source = source, .error = error};
	struct template_set *set;
	size_t count = 0;

	while (source->pages[count] != NULL)
		count++;
	set = calloc(1, sizeof(*set) + count * sizeof(set->templates[0]));
	if (set == NULL) {
		error_memory(error);
		return NULL;
	}
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		parser.template = &set->templates[i];
		if (parse_page(&parser, source->pages[i]) != 0) {
			template_set_free(&set);
			return NULL;
		}
	}
	return set;
}

void template_set_free(struct template_set **set)
{
	for (size_t i = 0; *set != NULL && i < (*set)->count; i++) {
		struct template *template = &(*set)->templates[i];

		for (size_t n = 0; n < template->count; n++)
			free(template->nodes[n].text);
		free(template->nodes);
	}
	free(*set);
	*set = NULL;
}

int template_read_bytes(const char *path, struct buf *out, struct error *error)
{
	char chunk[4096];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && !out->failed && (got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(out, chunk, (size_t)got);
	if (fd < 0)
		error_open(error, errno, path, "");
	else if (got < 0)
		error_errno(error, errno, "read %s", path);
	else if (out->failed)
		got = error_set(
			error, ERROR_CONFIGURATION, "%s: over %zu bytes", path, out->max);
	if (fd >= 0)
		close(fd);
	secret_wipe(chunk, sizeof(chunk)); /* it may be a private key */
	return got < 0 ? -1 : 0;
}

int template_read_file(const char *path, struct buf *out, struct error *error)
{
	if (template_read_bytes(path, out, error) != 0)
		return -1;
	if (memchr(out->data, '\0', out->len) != NULL)
		return error_set(error, ERROR_CONFIGURATION, "%s: is no text", path);
	return 0;
}

static int read_named(
	const char *directory, const char *name, struct buf *out, struct error *error)
{
	char *path;
	int result;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return error_memory(error);
	result = template_read_file(path, out, error);
	free(path);
	return result;
}

int template_read_all(
	const char *directory, const char *const *names, struct buf *out, struct error *error)
{
	for (; *names != NULL; names++)
		if (read_named(directory, *names, out, error) != 0)
			return -1;
	return 0;
}
