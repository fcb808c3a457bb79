/*
 * Three sorted sources side by side: the table's file, what lies over it, and the invitations'
 * index by customer. Each step takes the least id of the three and moves the sources on that
 * are at it.
 */
#include "store/engine_internal.h"

#include <stdlib.h>
#include <string.h>

enum source { FILE_ROWS, ROWS_OVER, INVITATIONS, SOURCES };

struct source_at {
	struct kv_cursor *cursor; /* NULL: there is no such source */
	size_t skip;		  /* bytes of a key before the id */
	bool there;
	struct kv_bytes id, key, value;
};

struct customer_walk {
	struct source_at sources[SOURCES];
	struct buf last; /* the id given last */
	bool begun;
};

static int compare(struct kv_bytes a, struct kv_bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The next of the source's whose id is greater than `after`. Returns 0 or -1. */
static int move_on(struct source_at *at, struct kv_bytes after, struct error *error)
{
	int found;

	do {
		found = kv_next(at->cursor, &at->key, &at->value, error);
		if (found != 1 || at->key.len < at->skip)
			break;
		at->id.data = (const char *)at->key.data + at->skip;
		at->id.len = at->key.len - at->skip;
		if (memchr(at->id.data, '\0', at->id.len) != NULL)
			at->id.len = strlen(at->id.data);
	} while (compare(at->id, after) <= 0);
	at->there = found == 1;
	return found < 0 ? -1 : 0;
}

/* A cursor over a tree from that prefix and id on, to the prefix's end. */
static struct kv_cursor *scan(struct engine *engine, enum tree tree, const struct buf *prefix,
	const char *after, struct error *error)
{
	struct kv_cursor *cursor;
	struct buf from;

	buf_init(&from, KV_KEY_MAX);
	buf_append(&from, prefix->data, prefix->len);
	buf_string(&from, after);
	cursor = kv_scan(engine->kv, tree, kv_buf(&from), prefix->len, error);
	buf_free(&from);
	return cursor;
}

static int open_sources(struct customer_walk *walk, struct engine *engine, const char *after,
	struct error *error)
{
	struct source_at *sources = walk->sources;
	struct buf prefix;
	struct table_file *file;

	if (customer_file(engine, &file, error) != 0)
		return -1;
	if (file != NULL) {
		sources[FILE_ROWS].cursor = table_file_scan(file, kv_text(after), error);
		sources[FILE_ROWS].skip = 1;
		if (sources[FILE_ROWS].cursor == NULL)
			return -1;
	}
	buf_init(&prefix, KV_KEY_MAX);
	key_number(&prefix, engine->table);
	buf_byte(&prefix, TABLE_ROW);
	sources[ROWS_OVER].skip = prefix.len;
	sources[ROWS_OVER].cursor = scan(engine, TREE_CUSTOMER, &prefix, after, error);
	buf_reset(&prefix);
	buf_byte(&prefix, INDEX_CUSTOMER);
	sources[INVITATIONS].skip = prefix.len;
	sources[INVITATIONS].cursor = scan(engine, TREE_INDEX, &prefix, after, error);
	buf_free(&prefix);
	return sources[ROWS_OVER].cursor != NULL && sources[INVITATIONS].cursor != NULL ? 0
											: -1;
}

struct customer_walk *customer_walk(
	struct engine *engine, const char *after, struct error *error)
{
	struct customer_walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL) {
		error_memory(error);
		return NULL;
	}
	buf_init(&walk->last, TEXT_MAX);
	buf_string(&walk->last, after);
	if (open_sources(walk, engine, after, error) != 0)
		customer_walk_close(&walk);
	return walk;
}

void customer_walk_close(struct customer_walk **walk)
{
	if (*walk == NULL)
		return;
	for (size_t i = 0; i < SOURCES; i++)
		kv_cursor_close(&(*walk)->sources[i].cursor);
	buf_free(&(*walk)->last);
	free(*walk);
	*walk = NULL;
}

/* Moves the sources on that are not behind the id given last, and finds the least of them.
 * Returns 1, 0, -1. */
static int least(struct customer_walk *walk, struct kv_bytes *id_r, struct error *error)
{
	struct kv_bytes last = kv_buf(&walk->last);
	int found = 0;

	for (size_t i = 0; i < SOURCES; i++) {
		struct source_at *at = &walk->sources[i];
		bool stale = !walk->begun || (at->there && compare(at->id, last) <= 0);

		if (at->cursor != NULL && stale && move_on(at, last, error) != 0)
			return -1;
		if (!at->there || (found == 1 && compare(at->id, *id_r) >= 0))
			continue;
		*id_r = at->id;
		found = 1;
	}
	walk->begun = true;
	return found;
}

static bool is_at(const struct customer_walk *walk, enum source source, struct kv_bytes id)
{
	const struct source_at *at = &walk->sources[source];

	return at->there && compare(at->id, id) == 0;
}

/* The latest invitation comes first within a customer's. */
static int take_invitation(
	const struct customer_walk *walk, struct customer *customer_r, struct error *error)
{
	struct kv_bytes key = walk->sources[INVITATIONS].key;

	if (key.len < INVITATION_ID_LEN)
		return error_set(error, ERROR_TEMPORARY, "an index is damaged in the database");
	memcpy(customer_r->invitation, (const char *)key.data + key.len - INVITATION_ID_LEN,
		INVITATION_ID_LEN);
	return 0;
}

/* Fills what the sources say of that id. Returns 1 or -1. */
static int fill(const struct customer_walk *walk, struct kv_bytes id,
	struct customer *customer_r, struct error *error)
{
	bool over = is_at(walk, ROWS_OVER, id);
	bool invited = is_at(walk, INVITATIONS, id);
	const struct source_at *rows = &walk->sources[over ? ROWS_OVER : FILE_ROWS];

	*customer_r = (struct customer){.id = id};
	if (invited && take_invitation(walk, customer_r, error) != 0)
		return -1;
	customer_r->known = over ? rows->value.len > 0 : is_at(walk, FILE_ROWS, id);
	if (customer_r->known && row_read(id, rows->value, &customer_r->row, error) != 0)
		return -1;
	customer_r->removed = !customer_r->known && !invited;
	return 1;
}

int customer_walk_next(
	struct customer_walk *walk, struct customer *customer_r, struct error *error)
{
	struct kv_bytes id = {0};
	int found = least(walk, &id, error);

	if (found != 1)
		return found;
	buf_reset(&walk->last);
	buf_append(&walk->last, id.data, id.len);
	if (walk->last.failed)
		return error_set(error, ERROR_TEMPORARY, "an index is damaged in the database");
	return fill(walk, kv_buf(&walk->last), customer_r, error);
}
