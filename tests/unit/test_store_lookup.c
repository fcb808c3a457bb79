/*
 * The engine over kv_memory: look-ups, events in order, who may ask what.
 */
#include "support_store.h"

#include "base/clock.h"
#include "invite/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void test_links(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], link[LINK_TOKEN_LEN + 1];
	struct json_object *reply;

	store_open(site, "c", "a@b.example", id);
	assert_int_equal(link_token_new(site->keys, id, link), 0);
	for (int i = 0; i < 2; i++) { /* not from the cache, and from it */
		reply = store_owner(site, "{\"op\":\"get\",\"link\":\"%s\"}", link);
		assert_text("by link", store_says(reply, "id"), id);
		assert_text("auth_url", strrchr(store_says(reply, "auth_url"), '/') + 1, link);
		assert_memory_equal(
			store_says(reply, "auth_url"), "https://invite.example/i/", 25);
		json_object_put(reply);
	}
	link[30] = link[30] == 'A' ? 'B' : 'A';
	store_fails("forged",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"get\",\"link\":\"%s\"}", link),
		site, ERROR_NOT_FOUND);
	store_fails("no id",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"get\",\"id\":\"short\"}"), site,
		ERROR_NOT_FOUND);
	store_fails("unknown id",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"get\",\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\"}"),
		site, ERROR_NOT_FOUND);
	store_fails("an id of another form",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"get\",\"id\":\"!!!!!!!!!!!!!!!!!!!!!!\"}"),
		site, ERROR_NOT_FOUND);
}

static bool is_genuine(struct store_site *site, const char *links)
{
	struct json_object *reply = store_ask(
		site, STORE_ROLE_MILTER, "{\"op\":\"genuine\",\"links\":[%s]}", links);
	bool genuine = json_object_get_boolean(json_member(reply, "genuine"));

	assert_non_null(reply);
	json_object_put(reply);
	return genuine;
}

static void test_genuine(void **state)
{
	struct store_site *site = *state;
	char link[LINK_TOKEN_LEN + 1], forged[LINK_TOKEN_LEN + 1], links[512] = "1";

	/* Of an invitation that is in no store. */
	assert_int_equal(link_token_new(site->keys, "AAAAAAAAAAAAAAAAAAAAAA", link), 0);
	strcpy(forged, link);
	forged[30] = link[30] == 'A' ? 'B' : 'A';
	assert_false(is_genuine(site, ""));
	snprintf(links, sizeof(links), "\"%s\"", link);
	assert_true(is_genuine(site, links));
	snprintf(links, sizeof(links), "\"%s\"", forged);
	assert_false(is_genuine(site, links));
	snprintf(links, sizeof(links), "\"\",\"%s\",7,null,\"%s\",\"x\"", forged, link);
	assert_true(is_genuine(site, links));
	strcpy(links, "1");
	while (strlen(links) < 201)
		strcat(links, ",1");
	store_fails("too many",
		store_ask(
			site, STORE_ROLE_MILTER, "{\"op\":\"genuine\",\"links\":[%s]}", links),
		site, ERROR_PERMANENT);
	store_fails("no list",
		store_ask(site, STORE_ROLE_MILTER, "{\"op\":\"genuine\",\"links\":\"x\"}"),
		site, ERROR_PERMANENT);
}

static void test_candidates(void **state)
{
	struct store_site *site = *state;
	char ids[4][INVITATION_ID_LEN + 1];
	struct json_object *reply, *list;

	store_load_table(site, "one\\ta@x.example\\t\\t\\tIt@x.example\\n"
			       "two\\tb@x.example\\t\\t\\tit@X.example\\n"
			       "it\\tit@x.example\\t\\t\\tit@x.example\\n");
	store_open(site, "one", "a@x.example", ids[0]);
	store_open(site, "two", "b@x.example", ids[1]);
	store_open(site, "it", "it@x.example", ids[2]);
	reply = store_owner(site, "{\"op\":\"candidates\",\"mailbox\":\"IT@x.example\"}");
	list = json_member(reply, "invitations");
	assert_number("each once", (long long)json_object_array_length(list), 3);
	for (size_t i = 0; i < 3; i++)
		assert_text("newest first",
			json_string(json_object_array_get_idx(list, i), "id", ""), ids[2 - i]);
	json_object_put(reply);
	store_apply(site, ids[1], "revoked", "");
	reply = store_owner(site, "{\"op\":\"candidates\",\"mailbox\":\"it@x.example\"}");
	assert_number("not the revoked one", (long long)store_length(reply, "invitations"), 2);
	json_object_put(reply);
	reply = store_owner(site, "{\"op\":\"candidates\",\"mailbox\":\"nobody@x.example\"}");
	assert_number("none", (long long)store_length(reply, "invitations"), 0);
	json_object_put(reply);
}

/* How engine_request answers a watch. */
static enum engine_next watch(
	struct store_site *site, const char *id, int revision, int timeout)
{
	const struct engine_caller caller = {STORE_ROLE_OWNER, NULL};
	struct json_object *request = store_request("watch");
	struct engine_reply reply;
	enum engine_next next;

	json_set_string(request, "id", id);
	json_set_int(request, "revision", revision);
	json_set_int(request, "timeout", timeout);
	engine_reply_init(&reply);
	assert_int_equal(
		engine_request(site->engine, &caller, request, &reply, &site->error), 0);
	assert_true(reply.text.len > 0);
	next = reply.next;
	engine_reply_free(&reply);
	json_object_put(request);
	return next;
}

static void test_watch(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_open(site, "c", "a@b.example", id);
	assert_number("as known", watch(site, id, 1, 25), ENGINE_WAIT);
	assert_number("no waiting", watch(site, id, 1, 0), ENGINE_DONE);
	assert_number("another revision", watch(site, id, 0, 25), ENGINE_DONE);
	store_apply(site, id, "link_seen", "");
	assert_number("changed", watch(site, id, 1, 25), ENGINE_DONE);
	store_fails("too long",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"watch\",\"id\":\"%s\",\"revision\":1,\"timeout\":61}", id),
		site, ERROR_PERMANENT);
}

struct followed {
	int n;
	uint64_t sequences[100];
	char last[400];
};

static int follow(void *context, const struct engine_event *event)
{
	struct followed *followed = context;
	struct json_object *parsed;
	struct error error;

	assert_int_equal(json_parse(event->text, event->len, &parsed, &error), 0);
	assert_number("sequence", json_int(parsed, "sequence", 0), (long long)event->sequence);
	assert_text("id", json_string(parsed, "id", ""), event->id);
	assert_text("the same", json_string(json_member(parsed, "invitation"), "id", ""),
		event->id);
	followed->sequences[followed->n++] = event->sequence;
	snprintf(followed->last, sizeof(followed->last), "%s %s",
		json_string(json_member(parsed, "event"), "type", ""),
		json_string(parsed, "status", ""));
	json_object_put(parsed);
	return 0;
}

static void test_follow(void **state)
{
	struct store_site *site = *state;
	struct followed followed = {0};
	char id[INVITATION_ID_LEN + 1];
	uint64_t after = 0;
	int n;

	store_open(site, "c", "a@b.example", id);
	for (int i = 0; i < 9; i++)
		store_apply(site, id, "consent_hint", ",\"text\":\"a\"");
	assert_number("sequence", (long long)engine_sequence(site->engine), 10);
	do
		n = engine_events(site->engine, &after, 4, follow, &followed, &site->error);
	while (n == 4);
	assert_number("all", followed.n, 10);
	for (int i = 0; i < 10; i++)
		assert_number("in order", (long long)followed.sequences[i], i + 1);
	store_apply(site, id, "revoked", "");
	assert_number("one more",
		engine_events(site->engine, &after, 4, follow, &followed, &site->error), 1);
	assert_text("what it was", followed.last, "revoked revoked");
	assert_number("no more",
		engine_events(site->engine, &after, 4, follow, &followed, &site->error), 0);
}

static void test_roles_of_requests(void **state)
{
	/* One letter a role: owner, milter, wizard, tokend, policy, admin. */
	static const struct {
		const char *op, *may;
	} cases[] = {
		{"open", "om   a"},
		{"apply", "omwt a"},
		{"get", "omwt a"},
		{"get_many", "o    a"},
		{"genuine", "om    "},
		{"invitations", "o    a"},
		{"watch", "o wt a"},
		{"candidates", "om    "},
		{"find", "o  t a"},
		{"pacing", "o   p "},
		{"status", "o   p "},
		{"list", "o  t a"},
		{"history", "o  t a"},
		{"subscribe", "o  t a"},
		{"remove", "o    a"},
		{"table_begin", "o     "},
		{"table_rows", "o     "},
		{"table_seal", "o     "},
		{"table_end", "o     "},
		{"table_add", "o     "},
		{"ping", "omwtpa"},
	};
	static const enum store_role roles[] = {STORE_ROLE_OWNER, STORE_ROLE_MILTER,
		STORE_ROLE_WIZARD, STORE_ROLE_TOKEND, STORE_ROLE_POLICY, STORE_ROLE_ADMIN};
	struct store_site *site = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(roles); j++) {
			char label[64];

			memset(&site->error, 0, sizeof(site->error));
			/* Without members: what is allowed fails for another reason, or not at
			 * all. */
			json_object_put(store_ask(site, roles[j],
				"{\"op\":\"%s\",\"key\":\"x\",\"link\":\"x\"}", cases[i].op));
			snprintf(label, sizeof(label), "%s by role %d", cases[i].op,
				(int)roles[j]);
			assert_number(label, site->error.kind == ERROR_POLICY,
				cases[i].may[j] == ' ');
		}
		store_fails("nobody",
			store_ask(site, STORE_ROLE_NONE, "{\"op\":\"%s\"}", cases[i].op), site,
			ERROR_POLICY);
	}
	store_fails(
		"no request", store_ask(site, STORE_ROLE_OWNER, "{}"), site, ERROR_PERMANENT);
	store_fails("unknown", store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"drop\"}"), site,
		ERROR_PERMANENT);
}

static void test_roles_of_events(void **state)
{
	static const struct {
		const char *type, *more, *may; /* owner, milter, wizard, tokend, admin */
	} cases[] = {
		{"created", "", "     "},
		{"email_sent", "", "om   "},
		{"consent_hint", ",\"text\":\"x\"", "om   "},
		{"link_opened", "", "o w  "},
		{"consent", ",\"consent\":\"granted\",\"consent_source\":\"mail\"", "om   "},
		{"consent", ",\"consent\":\"granted\",\"consent_source\":\"redirect\"",
			"o  t "},
		{"consent", ",\"consent\":\"granted\",\"consent_source\":\"token\"", "o    "},
		{"sign_in_started", "", "o  t "},
		{"token_used", "", "o  t "},
		{"validated", ",\"validation\":\"x\"", "o  t "},
		{"notified", ",\"kind\":\"reminder\"", "o  t "},
		{"revoked", "", "o   a"},
	};
	static const enum store_role roles[] = {STORE_ROLE_OWNER, STORE_ROLE_MILTER,
		STORE_ROLE_WIZARD, STORE_ROLE_TOKEND, STORE_ROLE_ADMIN};
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], link[LINK_TOKEN_LEN + 1];

	store_open(site, "c", "a@b.example", id);
	assert_int_equal(link_token_new(site->keys, id, link), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(roles); j++) {
			struct json_object *reply = store_ask(site, roles[j],
				"{\"op\":\"apply\",\"change\":\"new\",\"link\":\"%s\","
				"\"event\":{\"type\":\"%s\"," STORE_AT "%s}}",
				link, cases[i].type, cases[i].more);

			assert_number(cases[i].type, reply != NULL, cases[i].may[j] != ' ');
			if (reply == NULL)
				assert_number(cases[i].type, site->error.kind, ERROR_POLICY);
			json_object_put(reply);
		}
	}
	store_fails("the wizard by id",
		store_ask(site, STORE_ROLE_WIZARD, "{\"op\":\"get\",\"id\":\"%s\"}", id), site,
		ERROR_POLICY);
	json_object_put(store_must(
		store_ask(site, STORE_ROLE_WIZARD, "{\"op\":\"get\",\"link\":\"%s\"}", link),
		site, __FILE__, __LINE__));
}

#define ENGINE(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE(test_links),
		ENGINE(test_genuine),
		ENGINE(test_candidates),
		ENGINE(test_watch),
		ENGINE(test_follow),
		ENGINE(test_roles_of_requests),
		ENGINE(test_roles_of_events),
	};

	return cmocka_run_group_tests_name("store look-ups", tests, NULL, NULL);
}
