/*
 * Rendering: a walk over the nodes with the values in reach. A word may hold values, and a
 * value may be a word, so that a date can be put together as each language does it. A catalog
 * might make a circle: a word is nothing within itself.
 */
#include "web/template.h"

#include "web/template_internal.h"

#include <string.h>

#define DEPTH_MAX 5

struct scope {
	const struct template_value *values;
	const struct scope *outer;
};

struct rendering {
	const struct template *template;
	const struct catalog *catalog;
	struct buf *out;
	const char *words[DEPTH_MAX]; /* that are being put, one within the other */
	size_t depth;
};

static const struct template_value *look_up(const struct scope *scope, const char *name)
{
	static const struct template_value empty = {"", NULL, NULL, NULL};

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
	return value->word != NULL || (value->text != NULL && value->text[0] != '\0');
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

/* With & < > " ' as character references. */
static void put_escaped(const char *text, struct buf *out)
{
	for (; text != NULL && *text != '\0'; text++) {
		const char *escaped = reference(*text);

		if (escaped != NULL)
			buf_string(out, escaped);
		else
			buf_byte(out, *text);
	}
}

static void put_text(struct rendering *r, enum form form, const char *text)
{
	if (form != FORM_TEXT) {
		put_escaped(text, r->out);
		return;
	}
	for (; text != NULL && *text != '\0'; text++)
		buf_byte(r->out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static bool begin_word(struct rendering *r, const char *text)
{
	for (size_t i = 0; i < r->depth; i++)
		if (r->words[i] == text)
			return false;
	if (r->depth == DEPTH_MAX)
		return false;
	r->words[r->depth++] = text;
	return true;
}

static void put_value(struct rendering *r, enum form form, const struct scope *scope,
	const struct template_value *value);

/* A word's text with its values; well formed, or words_load had refused it. */
static void put_word(
	struct rendering *r, enum form form, const struct scope *scope, const char *text)
{
	const char *open;

	if (!begin_word(r, text))
		return;
	while ((open = strstr(text, "{{")) != NULL) {
		const struct template_value *value;
		size_t len = strcspn(open + 2, "}");
		char name[64];
		char piece[1024];

		while (text < open) {
			size_t n = (size_t)(open - text);

			n = n < sizeof(piece) - 1 ? n : sizeof(piece) - 1;
			memcpy(piece, text, n);
			piece[n] = '\0';
			put_text(r, form, piece);
			text += n;
		}
		len = len < sizeof(name) - 1 ? len : sizeof(name) - 1;
		memcpy(name, open + 2, len);
		name[len] = '\0';
		value = look_up(scope, name);
		if (filled(value) && form == FORM_CONTENT)
			buf_string(r->out, "<bdi>");
		put_value(r, form == FORM_CONTENT ? FORM_ATTRIBUTE : form, scope, value);
		if (filled(value) && form == FORM_CONTENT)
			buf_string(r->out, "</bdi>");
		text = open + 2 + len + 2;
	}
	put_text(r, form, text);
	r->depth--;
}

static void put_value(struct rendering *r, enum form form, const struct scope *scope,
	const struct template_value *value)
{
	const char *text = value->word != NULL && r->catalog != NULL
				   ? catalog_text(r->catalog, value->word)
				   : NULL;

	if (value->word == NULL)
		put_text(r, form, value->text);
	else if (text != NULL)
		put_word(r, form, scope, text);
}

static void render(struct rendering *r, size_t from, size_t to, const struct scope *scope)
{
	const struct template *template = r->template;

	for (size_t i = from; i < to; i++) {
		const struct node *node = &template->nodes[i];
		const struct template_value *value;

		if (node->kind == NODE_TEXT) {
			buf_append(r->out, node->text, node->len);
			continue;
		}
		if (node->kind == NODE_WORD) {
			put_word(r, node->form, scope, catalog_nth(r->catalog, node->word));
			continue;
		}
		value = look_up(scope, node->text);
		if (node->kind == NODE_VALUE) {
			put_value(r, node->form, scope, value);
			continue;
		}
		if (node->kind == NODE_SECTION && value->rows != NULL) {
			for (size_t row = 0; value->rows[row] != NULL; row++) {
				struct scope inner = {value->rows[row], scope};

				render(r, i + 1, node->end, &inner);
			}
		} else if ((node->kind == NODE_SECTION) == filled(value)) {
			render(r, i + 1, node->end, scope);
		}
		i = node->end - 1;
	}
}

void template_render(const struct template_set *set, const char *page,
	const struct catalog *catalog, const struct template_value *values, struct buf *out)
{
	struct scope scope = {values, NULL};
	struct rendering r = {.catalog = catalog, .out = out};

	for (size_t i = 0; i < set->count; i++) {
		r.template = &set->templates[i];
		if (strcmp(r.template->page, page) == 0)
			render(&r, 0, r.template->count, &scope);
	}
}

void template_words(const struct catalog *catalog, const char *name,
	const struct template_value *values, struct buf *out)
{
	struct scope scope = {values, NULL};
	struct rendering r = {.catalog = catalog, .out = out};
	const char *text = catalog_text(catalog, name);

	if (text != NULL)
		put_word(&r, FORM_TEXT, &scope, text);
}
