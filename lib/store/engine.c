/*
 * The engine's frame: opens the trees, runs a request, keeps track of what is durable. A change
 * is one transaction: its id is looked up, the op does its work and leaves an outcome, and the
 * outcome is kept under the id. The reply is made from the outcome, the first time and every
 * other.
 */
#include "store/engine_internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_PART 8 /* of the cache, what the customers table's file gets besides */

const char *const engine_trees[] = {
	"invitation", "event", "index", "change", "customer", "meta", NULL};

/* A number of the meta tree, 0 when it was never put. */
static int read_meta(
	struct engine *engine, const char *name, uint64_t *number_r, struct error *error)
{
	struct kv_bytes value;
	int found = kv_get(engine->kv, TREE_META, kv_text(name), &value, error);

	*number_r = found == 1 && value.len == 8 ? read_number(value.data) : 0;
	return found < 0 ? -1 : 0;
}

/* The greatest number that a tree's keys begin with. */
static int read_last(
	struct engine *engine, enum tree tree, uint64_t *number, struct error *error)
{
	struct kv_bytes key;
	int found = kv_last(engine->kv, tree, &key, error);

	if (found == 1 && key.len >= 8 && read_number(key.data) > *number)
		*number = read_number(key.data);
	return found < 0 ? -1 : 0;
}

static int read_state(struct engine *engine, struct error *error)
{
	if (read_meta(engine, "sequence", &engine->sequence, error) != 0 ||
		read_last(engine, TREE_EVENT, &engine->sequence, error) != 0 ||
		read_meta(engine, "table", &engine->table, error) != 0)
		return -1;
	engine->next_table = engine->table;
	engine->committed = engine->durable = engine->sequence;
	if (customers_opened(engine, error) != 0 ||
		table_file_last(engine->kv, &engine->last_load, error) != 0)
		return -1;
	if (engine->last_load < engine->table)
		engine->last_load = engine->table;
	return read_last(engine, TREE_CUSTOMER, &engine->last_load, error);
}

void engine_configure(
	struct engine *engine, const struct settings *settings, const struct keyfile *keys)
{
	struct json_object *url = json_object_new_string(settings->wizard_url);
	const char *text = url != NULL ? json_text(url) : NULL;
	char *auth_url = NULL;

	cache_clear(engine->cache);
	engine->settings = settings;
	engine->keys = keys;
	if (text == NULL ||
		asprintf(&auth_url, ",\"auth_url\":%.*s/i/", (int)strlen(text) - 1, text) < 0)
		auth_url = NULL;
	json_object_put(url);
	free(engine->auth_url);
	engine->auth_url = auth_url;
	consent_configure(engine);
}

static void engine_free_memory(struct engine *engine)
{
	cache_free(&engine->cache);
	reports_free(&engine->reports);
	consent_free(engine);
	free(engine->auth_url);
	free(engine);
}

struct engine *engine_open(struct kv *kv, const struct settings *settings,
	const struct keyfile *keys, struct error *error)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine != NULL) {
		engine->cache = cache_new();
		engine->reports = reports_new();
	}
	if (engine == NULL || engine->cache == NULL || engine->reports == NULL) {
		error_memory(error);
		kv_close(&kv);
		if (engine != NULL)
			engine_free_memory(engine);
		return NULL;
	}
	engine->kv = kv;
	buf_init(&engine->written, REPLY_MAX);
	engine->started_ms = clock_monotonic_ms();
	engine_configure(engine, settings, keys);
	if (read_state(engine, error) != 0)
		engine_free(&engine);
	return engine;
}

struct engine *engine_open_state(const struct settings *settings, const struct keyfile *keys,
	size_t cache, enum kv_bdb_lock lock, struct error *error)
{
	struct kv *kv = kv_bdb_open(
		settings->state_store + strlen("bdb:"), engine_trees, cache, lock, error);
	struct engine *engine = kv != NULL ? engine_open(kv, settings, keys, error) : NULL;

	if (engine != NULL)
		engine->file_cache = cache / FILE_PART;
	return engine;
}

void engine_free(struct engine **engine)
{
	struct error ignored; /* nobody was promised what cannot be synced */

	if (engine == NULL || *engine == NULL)
		return;
	engine_sync(*engine, &ignored);
	loads_drop(*engine, NULL, true);
	table_file_close(&(*engine)->file);
	kv_close(&(*engine)->kv);
	buf_free(&(*engine)->written);
	engine_free_memory(*engine);
	*engine = NULL;
}

int engine_begin(struct engine *engine, struct error *error)
{
	/* While the disk is full nothing is added to what waits for it. */
	if (engine->sync_failed && engine_sync(engine, error) != 0)
		return -1;
	return kv_begin(engine->kv, error);
}

int engine_commit(struct engine *engine, struct error *error)
{
	engine->dirty = true;
	if (kv_commit(engine->kv, error) != 0) {
		engine_abort(engine);
		return -1;
	}
	engine->committed = engine->sequence;
	buf_reset(&engine->written);
	if (engine->next_table != engine->table)
		load_in_force(engine);
	return 0;
}

void engine_abort(struct engine *engine)
{
	const char *id = engine->written.data;

	kv_abort(engine->kv);
	for (; id < engine->written.data + engine->written.len; id += strlen(id) + 1)
		cache_forget(engine->cache, id);
	buf_reset(&engine->written);
	engine->sequence = engine->committed;
	engine->next_table = engine->table;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_change(
	struct json_object *request, unsigned char change_r[CHANGE_BYTES], struct error *error)
{
	const char *text = json_string(request, "change", "");
	size_t n = 0;

	for (; n < CHANGE_BYTES && text[2 * n] != '\0'; n++) {
		int high = hex_digit(text[2 * n]), low = hex_digit(text[2 * n + 1]);

		if (high < 0 || low < 0)
			break;
		change_r[n] = (unsigned char)(high << 4 | low);
	}
	if (n == CHANGE_BYTES && text[CHANGE_ID_LEN] == '\0')
		return 0;
	return error_set(error, ERROR_PERMANENT, "\"change\" is not %d hexadecimal digits",
		CHANGE_ID_LEN);
}

/* The outcome as it was kept. */
static int take_outcome(
	const struct op *op, struct kv_bytes kept, struct buf *outcome, struct error *error)
{
	size_t name_len = strlen(op->name) + 1;

	if (kept.len < name_len || memcmp(kept.data, op->name, name_len) != 0)
		return error_set(
			error, ERROR_CONFLICT, "the change id was used for something else");
	buf_append(outcome, (const char *)kept.data + name_len, kept.len - name_len);
	return 0;
}

/* Within the transaction: done before, or done now. Returns 0 with the outcome, or -1. */
static int do_change(
	struct ask *ask, const struct op *op, struct buf *outcome, struct error *error)
{
	struct kv *kv = ask->engine->kv;
	unsigned char change[CHANGE_BYTES];
	struct kv_bytes key = {change, sizeof(change)}, value;
	struct buf kept;
	int found, result;

	if (parse_change(ask->request, change, error) != 0)
		return -1;
	found = kv_get(kv, TREE_CHANGE, key, &value, error);
	if (found != 0)
		return found < 0 ? -1 : take_outcome(op, value, outcome, error);
	/* Which op left it stands in front. */
	buf_init(&kept, KV_VALUE_MAX);
	result = op->change(ask, outcome, error);
	buf_append(&kept, op->name, strlen(op->name) + 1);
	buf_append(&kept, outcome->data, outcome->len);
	if (result == 0 && (outcome->failed || kept.failed))
		result = error_memory(error);
	if (result == 0)
		result = kv_add(kv, TREE_CHANGE, key, kv_buf(&kept), error) < 0 ? -1 : 0;
	buf_free(&kept);
	return result;
}

static int run_change(
	struct ask *ask, const struct op *op, struct engine_reply *reply, struct error *error)
{
	struct buf outcome;
	int result;

	if (engine_begin(ask->engine, error) != 0)
		return -1;
	buf_init(&outcome, KV_VALUE_MAX);
	result = do_change(ask, op, &outcome, error);
	if (result == 0)
		result = engine_commit(ask->engine, error);
	else
		engine_abort(ask->engine);
	if (result == 0)
		result = op->answer(ask, &outcome, &reply->text, error);
	buf_free(&outcome);
	return result;
}

int engine_request(struct engine *engine, const struct engine_caller *caller,
	struct json_object *request, struct engine_reply *reply, struct error *error)
{
	struct ask ask = {engine, caller, request, time(NULL)};
	const struct op *op = op_find_named(json_string(request, "op", NULL));
	int result;

	reply->durable = op != NULL && op->change != NULL;
	reply->next = ENGINE_DONE;
	if (op == NULL)
		return error_set(error, ERROR_PERMANENT, "unknown request");
	if (!role_may(caller->role, op))
		return error_set(error, ERROR_POLICY, "%s may not ask the store for \"%s\"",
			role_name(caller->role), op->name);
	result = op->read != NULL ? op->read(&ask, reply, error)
				  : run_change(&ask, op, reply, error);
	if (result == 0 && reply->text.failed)
		return error_set(error, ERROR_TEMPORARY, "the answer does not fit into memory");
	return result;
}

void engine_reply_init(struct engine_reply *reply)
{
	*reply = (struct engine_reply){.next = ENGINE_DONE};
	buf_init(&reply->text, REPLY_MAX);
}

void engine_reply_free(struct engine_reply *reply)
{
	buf_free(&reply->text);
}

int engine_sync(struct engine *engine, struct error *error)
{
	if (!engine->dirty)
		return 0;
	engine->sync_failed = kv_sync(engine->kv, error) != 0;
	if (engine->sync_failed)
		return -1;
	engine->dirty = false;
	engine->durable = engine->committed;
	return 0;
}

int engine_call(struct engine *engine, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	const struct engine_caller owner = {.role = STORE_ROLE_OWNER};
	struct engine_reply reply;
	int result;

	engine_reply_init(&reply);
	result = engine_request(engine, &owner, request, &reply, error);
	if (result == 0)
		result = engine_sync(engine, error);
	if (result == 0)
		result = json_parse(reply.text.data, reply.text.len, reply_r, error);
	engine_reply_free(&reply);
	return result;
}

void engine_client_gone(struct engine *engine, const void *client)
{
	loads_drop(engine, client, false);
}

uint64_t engine_sequence(const struct engine *engine)
{
	return engine->durable;
}

int engine_checkpoint(struct engine *engine, unsigned kilobytes, struct error *error)
{
	return kv_checkpoint(engine->kv, kilobytes, error);
}

bool engine_fatal(const struct engine *engine)
{
	return kv_fatal(engine->kv);
}
