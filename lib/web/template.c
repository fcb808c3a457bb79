/*
 * A page is parsed once into a flat array of nodes; a section's node knows the index behind
 * its last one, so that rendering is a walk that skips or repeats ranges. Included files are parsed
 * into the same array, which makes a section always open and close within one file.
 */
#include "web/template.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEPTH	8
#define MAX_INCLUDES	4
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED };

struct node {
	enum node_kind kind;
	char *text; /* the text itself, or the name */
	size_t len;
	size_t end; /* of a section: the index behind its last node */
};

struct template
{
	const char *page;
	struct node *nodes;
	size_t count;
};

struct template_set {
	size_t count;
	struct template templates[];
};

struct parser {
	const char *directory;
	const char *const *names;
	struct template *template;
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

static int parse_file(struct parser *parser, const char *page);

static int fault(
	struct parser *parser, const struct place *place, const char *what, const char *tag)
{
	return error_set(parser->error, ERROR_CONFIGURATION, "%s/%s.html:%d: %s {{%s}}",
		parser->directory, place->file, place->line, what, tag);
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
		return error_set(parser->error, ERROR_TEMPORARY, "out of memory");
	}
	nodes[template->count++] = (struct node){.kind = kind, .text = copy, .len = len};
	return 0;
}

static bool known(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
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

static int parse_tag(struct parser *parser, const struct place *place, const char *tag)
{
	const char *name = tag + (strchr("#^/>", *tag) != NULL && *tag != '\0');

	if (*name == '\0' || name[strspn(name, NAME_CHARACTERS)] != '\0')
		return fault(parser, place, "malformed placeholder", tag);
	if (*tag == '>')
		return parse_file(parser, name);
	if (!known(parser->names, name))
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
		if (add_node(parser, NODE_TEXT, text, (size_t)(open - text)) != 0 ||
			parse_tag(parser, place, tag) != 0)
			return -1;
		text = open + 2 + len + 2;
	}
	place->line += count_lines(text, strlen(text));
	return add_node(parser, NODE_TEXT, text, strlen(text));
}

static int parse_file(struct parser *parser, const char *page)
{
	struct place place = {page, 1, parser->depth};
	struct buf text;
	char *path;
	int result;

	if (parser->includes == MAX_INCLUDES)
		return fault(parser, &place, "too many files within each other:", page);
	if (asprintf(&path, "%s/%s.html", parser->directory, page) < 0)
		return error_set(parser->error, ERROR_TEMPORARY, "out of memory");
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

struct template_set *template_set_load(const char *directory, const char *const *pages,
	const char *const *names, struct error *error)
{
	struct parser parser = {.directory = directory, .names = names, .error = error};
	struct template_set *set;
	size_t count = 0;

	while (pages[count] != NULL)
		count++;
	set = calloc(1, sizeof(*set) + count * sizeof(set->templates[0]));
	if (set == NULL) {
		error_set(error, ERROR_TEMPORARY, "out of memory");
		return NULL;
	}
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		set->templates[i].page = pages[i];
		parser.template = &set->templates[i];
		if (parse_file(&parser, pages[i]) != 0) {
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

struct scope {
	const struct template_value *values;
	const struct scope *outer;
};

static const struct template_value *look_up(const struct scope *scope, const char *name)
{
	static const struct template_value empty = {"", NULL, NULL};

	for (; scope != NULL; scope = scope->outer) {
		for (const struct template_value *v = scope->values; v->name != NULL; v++) {
			if (strcmp(v->name, name) == 0)
				return v;
		}
	}
	return &empty;
}

static bool filled(const struct template_value *value)
{
	if (value->rows != NULL)
		return value->rows[0] != NULL;
	return value->text != NULL && value->text[0] != '\0';
}

static void render(const struct template *template, size_t from, size_t to,
	const struct scope *scope, struct buf *out)
{
	for (size_t i = from; i < to; i++) {
		const struct node *node = &template->nodes[i];
		const struct template_value *value;

		if (node->kind == NODE_TEXT) {
			buf_append(out, node->text, node->len);
			continue;
		}
		value = look_up(scope, node->text);
		if (node->kind == NODE_VALUE) {
			template_escape(value->text, out);
			continue;
		}
		if (node->kind == NODE_SECTION && value->rows != NULL) {
			for (size_t row = 0; value->rows[row] != NULL; row++) {
				struct scope inner = {value->rows[row], scope};

				render(template, i + 1, node->end, &inner, out);
			}
		} else if ((node->kind == NODE_SECTION) == filled(value)) {
			render(template, i + 1, node->end, scope, out);
		}
		i = node->end - 1;
	}
}

void template_render(const struct template_set *set, const char *page,
	const struct template_value *values, struct buf *out)
{
	struct scope scope = {values, NULL};

	for (size_t i = 0; i < set->count; i++) {
		const struct template *template = &set->templates[i];

		if (strcmp(template->page, page) == 0)
			render(template, 0, template->count, &scope, out);
	}
}

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void template_escape(const char *text, struct buf *out)
{
	for (; text != NULL && *text != '\0'; text++) {
		const char *escaped = reference(*text);

		if (escaped != NULL)
			buf_string(out, escaped);
		else
			buf_byte(out, *text);
	}
}

int template_read_file(const char *path, struct buf *out, struct error *error)
{
	char chunk[4096];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && !out->failed && (got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(out, chunk, (size_t)got);
	if (got < 0)
		error_errno(error, errno, "%s %s", fd < 0 ? "open" : "read", path);
	else if (out->failed || memchr(out->data, '\0', out->len) != NULL)
		got = error_set(error, ERROR_CONFIGURATION, "%s: no text, or over %zu bytes",
			path, out->max);
	if (fd >= 0)
		close(fd);
	secret_wipe(chunk, sizeof(chunk)); /* it may be a private key */
	return got < 0 ? -1 : 0;
}
