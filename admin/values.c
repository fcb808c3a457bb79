/*
 * Copies live in `texts`, lists in `lists`; the table of template values is made of both when it is
 * asked for, so that growing moves nothing that is pointed to.
 */
#include "values.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
	const char *name;
	struct values **rows;
	const struct template_value **tables; /* NULL-terminated, made by values_table */
	size_t n;
};

struct values {
	struct template_value *table;
	size_t n; /* texts and words in it */
	struct list *lists;
	size_t lists_n;
	bool failed;
};

struct values *values_new(void)
{
	return calloc(1, sizeof(struct values));
}

static void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		values_free(&list->rows[i]);
	free(list->rows);
	free(list->tables);
}

void values_free(struct values **values)
{
	struct values *v = *values;

	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n; i++) {
		free((void *)(uintptr_t)v->table[i].text);
		free((void *)(uintptr_t)v->table[i].word);
	}
	for (size_t i = 0; i < v->lists_n; i++)
		list_clear(&v->lists[i]);
	free(v->table);
	free(v->lists);
	free(v);
	*values = NULL;
}

/* Room for n texts and words, all lists, and the end. */
static bool reserve(struct values *values, size_t n)
{
	size_t size = n + values->lists_n + 1;
	struct template_value *table = reallocarray(values->table, size, sizeof(*table));

	if (table == NULL) {
		values->failed = true;
		return false;
	}
	values->table = table;
	return true;
}

/* Takes the copy over. */
static void put(struct values *values, const char *name, char *text, char *word)
{
	if ((text == NULL && word == NULL) || !reserve(values, values->n + 1)) {
		values->failed = true;
		free(text);
		free(word);
		return;
	}
	values->table[values->n++] =
		(struct template_value){.name = name, .text = text, .word = word};
}

void values_text(struct values *values, const char *name, const char *text)
{
	put(values, name, strdup(text != NULL ? text : ""), NULL);
}

void values_printf(struct values *values, const char *name, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	put(values, name, text, NULL);
}

void values_flag(struct values *values, const char *name, bool flag)
{
	values_text(values, name, flag ? "yes" : "");
}

void values_int(struct values *values, const char *name, long long number)
{
	values_printf(values, name, "%lld", number);
}

void values_word(struct values *values, const char *name, const char *word)
{
	put(values, name, NULL, strdup(word));
}

static struct list *find_list(struct values *values, const char *name)
{
	struct list *lists;

	for (size_t i = 0; i < values->lists_n; i++)
		if (strcmp(values->lists[i].name, name) == 0)
			return &values->lists[i];
	lists = reallocarray(values->lists, values->lists_n + 1, sizeof(*lists));
	if (lists == NULL)
		return NULL;
	values->lists = lists;
	lists[values->lists_n] = (struct list){.name = name};
	return &lists[values->lists_n++];
}

struct values *values_row(struct values *values, const char *name)
{
	struct list *list = find_list(values, name);
	struct values *row = list != NULL ? values_new() : NULL;
	struct values **rows =
		row != NULL ? reallocarray(list->rows, list->n + 1, sizeof(*rows)) : NULL;

	if (rows == NULL) {
		values->failed = true;
		values_free(&row);
		return values;
	}
	list->rows = rows;
	rows[list->n++] = row;
	return row;
}

static bool make_tables(struct list *list)
{
	free(list->tables);
	list->tables = calloc(list->n + 1, sizeof(*list->tables));
	for (size_t i = 0; list->tables != NULL && i < list->n; i++) {
		list->tables[i] = values_table(list->rows[i]);
		if (list->tables[i] == NULL)
			return false;
	}
	return list->tables != NULL;
}

const struct template_value *values_table(struct values *values)
{
	size_t n = values->n;

	if (values->failed || !reserve(values, n))
		return NULL;
	for (size_t i = 0; i < values->lists_n; i++) {
		if (!make_tables(&values->lists[i]))
			return NULL;
		values->table[n++] = (struct template_value){
			.name = values->lists[i].name, .rows = values->lists[i].tables};
	}
	values->table[n] = (struct template_value){0};
	return values->table;
}
