/* A chained hash table. It grows when it holds more values than chains. */
#include "util.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct entry *next;
	uint64_t hash;
	void *value;
	char key[];
};

struct table {
	struct entry **chains;
	size_t chain_count, size;
	void (*free_value)(void *);
};

static uint64_t hash_of(const char *key)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return hash;
}

struct table *table_new(void (*free_value)(void *))
{
	struct table *table = xcalloc(1, sizeof *table);

	table->free_value = free_value;
	table->chain_count = 64;
	table->chains = xcalloc(table->chain_count, sizeof *table->chains);
	return table;
}

static void entry_free(struct table *table, struct entry *entry)
{
	if (table->free_value)
		table->free_value(entry->value);
	free(entry);
	table->size--;
}

static bool always(const void *value, void *ctx)
{
	(void)value;
	(void)ctx;
	return true;
}

void table_free(struct table **table)
{
	if (!*table)
		return;
	table_sweep(*table, always, NULL);
	free((*table)->chains);
	free(*table);
	*table = NULL;
}

static struct entry **find(const struct table *table, const char *key)
{
	uint64_t hash = hash_of(key);
	struct entry **at = &table->chains[hash % table->chain_count];

	while (*at && ((*at)->hash != hash || strcmp((*at)->key, key)))
		at = &(*at)->next;
	return at;
}

void *table_get(const struct table *table, const char *key)
{
	struct entry *entry = key ? *find(table, key) : NULL;

	return entry ? entry->value : NULL;
}

static void grow(struct table *table)
{
	size_t count = table->chain_count * 2;
	struct entry **chains = xcalloc(count, sizeof *chains);

	for (size_t i = 0; i < table->chain_count; i++) {
		while (table->chains[i]) {
			struct entry *entry = table->chains[i];

			table->chains[i] = entry->next;
			entry->next = chains[entry->hash % count];
			chains[entry->hash % count] = entry;
		}
	}
	free(table->chains);
	table->chains = chains;
	table->chain_count = count;
}

void table_put(struct table *table, const char *key, void *value)
{
	struct entry **at = find(table, key);
	size_t len = strlen(key) + 1;

	if (*at) {
		if (table->free_value && (*at)->value != value)
			table->free_value((*at)->value);
		(*at)->value = value;
		return;
	}
	*at = xcalloc(1, sizeof **at + len);
	(*at)->hash = hash_of(key);
	(*at)->value = value;
	memcpy((*at)->key, key, len);
	if (++table->size > table->chain_count)
		grow(table);
}

void table_del(struct table *table, const char *key)
{
	struct entry **at = find(table, key);
	struct entry *entry = *at;

	if (!entry)
		return;
	*at = entry->next;
	entry_free(table, entry);
}

size_t table_size(const struct table *table)
{
	return table->size;
}

void table_each(const struct table *table, void (*visit)(void *value, void *ctx), void *ctx)
{
	for (size_t i = 0; i < table->chain_count; i++)
		for (struct entry *entry = table->chains[i]; entry; entry = entry->next)
			visit(entry->value, ctx);
}

void table_sweep(struct table *table, bool (*dead)(const void *value, void *ctx), void *ctx)
{
	for (size_t i = 0; i < table->chain_count; i++) {
		struct entry **at = &table->chains[i];

		while (*at) {
			struct entry *entry = *at;

			if (!dead(entry->value, ctx)) {
				at = &entry->next;
				continue;
			}
			*at = entry->next;
			entry_free(table, entry);
		}
	}
}
