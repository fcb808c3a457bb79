/*
 * An engine for unit tests.
 */
#include "support_store.h"

#include "store/kv_memory.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct store_site *site_new(void)
{
	struct store_site *site = calloc(1, sizeof(*site));
	unsigned char id;
	char *path = NULL;

	site->folder = support_folder();
	site->settings = (struct settings){
		.wizard_url = "https://invite.example",
		.invitation_lifetime = 30 * 24 * 3600,
		.history_retention = 400 * 24 * 3600,
	};
	if (asprintf(&path, "%s/link.key", site->folder) < 0 ||
		keyfile_add(path, &id, &site->error) != 0 ||
		(site->keys = keyfile_load(path, &site->error)) == NULL)
		fail_msg("no keys: %s", site->error.text);
	free(path);
	return site;
}

static struct kv *open_bdb(struct store_site *site)
{
	char *path = NULL;
	struct kv *kv;

	if (asprintf(&path, "%s/state", site->folder) < 0)
		return NULL;
	kv = kv_bdb_open(path, engine_trees, 0, KV_BDB_TRY, &site->error);
	free(path);
	return kv;
}

static void open_engine(struct store_site *site, struct kv *kv)
{
	if (kv == NULL || (site->engine = engine_open(
				   kv, &site->settings, site->keys, &site->error)) == NULL)
		fail_msg("no engine: %s", site->error.text);
}

int store_site_memory(void **state)
{
	struct store_site *site = site_new();

	*state = site;
	open_engine(site, kv_memory_open(engine_trees, &site->error));
	return 0;
}

int store_site_bdb(void **state)
{
	struct store_site *site = site_new();

	*state = site;
	open_engine(site, open_bdb(site));
	return 0;
}

void store_site_reopen(struct store_site *site)
{
	engine_free(&site->engine);
	open_engine(site, open_bdb(site));
}

int store_site_remove(void **state)
{
	struct store_site *site = *state;

	engine_free(&site->engine);
	keyfile_free(&site->keys);
	support_remove(&site->folder);
	free(site);
	return 0;
}

static void new_change(struct json_object *request)
{
	char change[CHANGE_ID_LEN + 1];

	if (strcmp(json_string(request, "change", ""), "new") != 0)
		return;
	change_id_new(change);
	json_set_string(request, "change", change);
}

struct json_object *store_ask(
	struct store_site *site, enum store_role role, const char *format, ...)
{
	const struct engine_caller caller = {role, site};
	struct json_object *request = NULL, *answer = NULL;
	struct engine_reply reply;
	struct buf text;
	va_list args;

	buf_init(&text, 1024 * 1024);
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	if (json_parse(text.data, text.len, &request, &site->error) != 0)
		fail_msg("the test's request: %s: %s", site->error.text, text.data);
	buf_free(&text);
	new_change(request);
	engine_reply_init(&reply);
	if (engine_request(site->engine, &caller, request, &reply, &site->error) == 0 &&
		engine_sync(site->engine, &site->error) == 0 &&
		json_parse(reply.text.data, reply.text.len, &answer, &site->error) != 0)
		fail_msg("the reply: %s: %s", site->error.text, reply.text.data);
	engine_reply_free(&reply);
	json_object_put(request);
	return answer;
}

struct json_object *store_must(
	struct json_object *reply, struct store_site *site, const char *file, int line)
{
	if (reply == NULL) {
		print_error("request failed: %s\n", site->error.text);
		_fail(file, line);
	}
	return reply;
}

void store_fails(const char *label, struct json_object *reply, struct store_site *site,
	enum error_kind want)
{
	assert_text(label, reply == NULL ? error_answer(site->error.kind)->name : "an answer",
		error_answer(want)->name);
	json_object_put(reply);
}

int store_begin_load(struct store_site *site)
{
	struct json_object *reply = store_owner(site, "{\"op\":\"table_begin\"}");
	int load = (int)json_int(reply, "load", -1);

	json_object_put(reply);
	return load;
}

struct json_object *store_rows(
	struct store_site *site, int load, const char *mode, const char *text)
{
	return store_ask(site, STORE_ROLE_OWNER,
		"{\"op\":\"table_rows\",\"load\":%d,\"mode\":\"%s\",\"rows\":\"%s\"}", load,
		mode, text);
}

bool store_seal_load(struct store_site *site, int load)
{
	bool sealed = false;

	while (!sealed) {
		struct json_object *reply = store_ask(
			site, STORE_ROLE_OWNER, "{\"op\":\"table_seal\",\"load\":%d}", load);

		if (reply == NULL)
			return false;
		sealed = json_flag(reply, "sealed", false);
		poll(NULL, 0, (int)json_int(reply, "pause", 0));
		json_object_put(reply);
	}
	return true;
}

struct json_object *store_end_load(struct store_site *site, int load)
{
	if (!store_seal_load(site, load))
		return NULL;
	return store_ask(site, STORE_ROLE_OWNER,
		"{\"op\":\"table_end\",\"load\":%d,\"change\":\"new\"}", load);
}

void store_keep_house(struct store_site *site, time_t now)
{
	int more;

	while ((more = engine_housekeep(site->engine, now, &site->error)) == 1)
		;
	assert_number("housekeeping", more, 0);
}

/* The customers of a reply as "a/status,b/not_invited"; +: in the table. */
static const char *names(struct json_object *reply, char text[512])
{
	struct json_object *list = json_member(reply, "customers");
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *customer = json_object_array_get_idx(list, i);

		used += (size_t)snprintf(text + used, 512 - used, "%s%s%s/%s", i > 0 ? "," : "",
			json_string(customer, "customer_id", "?"),
			json_flag(customer, "known", false) ? "+" : "",
			json_string(
				json_member(customer, "invitation"), "status", "not_invited"));
	}
	return text;
}

void store_check_find(struct store_site *site, const char *key, const char *want)
{
	struct json_object *reply =
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"find\",\"key\":\"%s\"}", key);
	char text[512];

	if (reply == NULL)
		assert_number(key, site->error.kind, ERROR_NOT_FOUND);
	assert_text(key, reply != NULL ? names(reply, text) : "-", want);
	json_object_put(reply);
}

void store_check_list(struct store_site *site, const char *after, int limit, const char *want,
	const char *next)
{
	struct json_object *reply = store_owner(
		site, "{\"op\":\"list\",\"after\":\"%s\",\"limit\":%d}", after, limit);
	char text[512];

	assert_text(after, names(reply, text), want);
	assert_text(after, json_string(reply, "next", NULL), next);
	json_object_put(reply);
}

void store_load_table(struct store_site *site, const char *text)
{
	int load = store_begin_load(site);

	json_object_put(
		store_must(store_rows(site, load, "warn", text), site, __FILE__, __LINE__));
	json_object_put(store_must(store_end_load(site, load), site, __FILE__, __LINE__));
}

void store_open(struct store_site *site, const char *customer_id, const char *mailbox,
	char id_r[INVITATION_ID_LEN + 1])
{
	struct json_object *reply = store_owner(site,
		"{\"op\":\"open\",\"change\":\"new\",\"customer_id\":\"%s\",\"mailbox\":\"%"
		"s\"}",
		customer_id, mailbox);

	strcpy(id_r, store_says(reply, "id"));
	json_object_put(reply);
}

const char *store_says(struct json_object *reply, const char *member)
{
	static char text[256];
	struct json_object *value = json_member(json_member(reply, "invitation"), member);

	snprintf(text, sizeof(text), "%s", value != NULL ? json_object_get_string(value) : "-");
	return text;
}

bool store_apply(struct store_site *site, const char *id, const char *type, const char *more)
{
	struct json_object *reply = store_owner(site,
		"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\","
		"\"event\":{\"type\":\"%s\"," STORE_AT "%s}}",
		id, type, more);
	bool changed = json_flag(reply, "changed", false);

	json_object_put(reply);
	return changed;
}

size_t store_length(struct json_object *reply, const char *member)
{
	return json_object_array_length(json_member(reply, member));
}
