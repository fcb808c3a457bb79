/*
 * Link tokens, events and status: the rules of the design as tables.
 */
#include "support.h"

#include "base/clock.h"
#include "base/encode.h"
#include "invite/event.h"
#include "invite/fit.h"
#include "invite/link.h"
#include "invite/mails.h"
#include "invite/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "AAAAAAAAAAAAAAAAAAAAAA"
#define CREATED                                                                                \
	"{\"type\":\"created\",\"at\":\"2026-01-01T00:00:00Z\",\"id\":\"" ID "\","             \
	"\"customer_id\":\"c1\",\"invitation_email\":\"s@customer.test\","                     \
	"\"expires_at\":\"2026-02-01T00:00:00Z\"}"
#define AT(n, type) "{\"at\":\"2026-01-0" n "T00:00:00Z\",\"type\":\"" type "\""
#define SENT(n, id)                                                                            \
	AT(n, "email_sent")                                                                    \
	",\"message_id\":\"" id "\",\"expires_at\":\"2026-02-0" n "T00:00:00Z\"}"
#define DELIVERY(n, what) AT(n, "delivery") ",\"delivery\":\"" what "\"}"
#define REPORT(n, what, id)                                                                    \
	AT(n, "delivery") ",\"delivery\":\"" what "\",\"message_id\":\"" id "\"}"
#define MAILED(n) AT(n, "notified") ",\"kind\":\"invitation\"}"
#define CONSENT(n, what, source)                                                               \
	AT(n, "consent") ",\"consent\":\"" what "\",\"consent_source\":\"" source "\"}"
#define SIGNED_IN(n, oid, first)                                                                     \
	AT(n, "device_authenticated")                                                                \
	",\"signed_in_as\":\"s@customer.test\",\"signed_in_tenant\":\"t1\",\"signed_in_oid\":\"" oid \
	"\","                                                                                        \
	"\"granted_scopes\":\"User.Read.All\",\"confirm\":true,\"first_connection\":" first          \
	"}"

#define EXTENDED(n, until)                                                                     \
	AT(n, "extended") ",\"expires_at\":\"" until "\",\"operator\":\"ada\"}"

static struct json_object *parse(const char *text)
{
	struct json_object *value;
	struct error error;

	if (json_parse(text, strlen(text), &value, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return value;
}

/* Applies one event's text; returns event_apply's result, -2 when event_check refused. */
static int apply(struct json_object *record, const char *text)
{
	struct json_object *event = parse(text);
	struct error error;
	int result = event_check(event, &error) == 0 ? event_apply(record, event, &error) : -2;

	json_object_put(event);
	return result;
}

static time_t at(const char *text)
{
	time_t when = 0;

	assert_int_equal(clock_parse(text, &when), 0);
	return when;
}

static void test_status(void **state)
{
	static const struct {
		const char *label;
		const char *events[6];
		const char *now, *want;
	} rows[] = {
		{"new", {NULL}, "2026-01-02T00:00:00Z", "pending"},
		{"sent", {SENT("2", "a")}, "2026-01-03T00:00:00Z", "email_sent"},
		{"bounced", {SENT("2", "a"), DELIVERY("2", "failed")}, "2026-01-03T00:00:00Z",
			"email_failed"},
		{"sent again after a bounce",
			{SENT("2", "a"), DELIVERY("2", "failed"), SENT("3", "b")},
			"2026-01-03T00:00:00Z", "email_sent"},
		{"delivered", {SENT("2", "a"), DELIVERY("2", "delivered")},
			"2026-01-03T00:00:00Z", "email_sent"},
		{"seen by a scanner", {SENT("2", "a"), AT("3", "link_seen") "}"},
			"2026-01-03T00:00:00Z", "email_sent"},
		{"opened", {SENT("2", "a"), AT("3", "link_opened") "}"}, "2026-01-03T00:00:00Z",
			"link_opened"},
		{"opened, then bounced",
			{SENT("2", "a"), AT("3", "link_opened") "}", DELIVERY("3", "failed")},
			"2026-01-03T00:00:00Z", "link_opened"},
		{"started", {AT("3", "sign_in_started") "}"}, "2026-01-03T00:00:00Z",
			"sign_in_started"},
		{"requested",
			{AT("3", "sign_in_started") "}", CONSENT("4", "requested", "mail")},
			"2026-01-05T00:00:00Z", "consent_requested"},
		{"approved",
			{CONSENT("4", "requested", "mail"), CONSENT("5", "granted", "mail")},
			"2026-01-05T00:00:00Z", "consent_granted"},
		{"approval overtakes request",
			{CONSENT("5", "granted", "mail"), CONSENT("4", "requested", "mail")},
			"2026-01-05T00:00:00Z", "consent_granted"},
		{"denied, asked again",
			{CONSENT("4", "denied", "mail"), CONSENT("5", "requested", "mail")},
			"2026-01-05T00:00:00Z", "consent_requested"},
		{"denied", {CONSENT("4", "denied", "mail")}, "2026-01-05T00:00:00Z",
			"consent_denied"},
		{"expired request", {CONSENT("4", "expired", "mail")}, "2026-01-05T00:00:00Z",
			"consent_expired"},
		{"refused for good",
			{AT("3", "sign_in_started") "}",
				AT("4", "sign_in_failed") ",\"code\":\"x\",\"text\":\"y\",\"final\":true}"},
			"2026-01-05T00:00:00Z", "failed"},
		{"started anew",
			{AT("4", "sign_in_failed") ",\"code\":\"x\",\"text\":\"y\",\"final\":true}",
				AT("5", "sign_in_started") "}"},
			"2026-01-05T00:00:00Z", "sign_in_started"},
		{"declined code",
			{AT("3", "sign_in_started") "}",
				AT("4", "sign_in_failed") ",\"code\":\"x\",\"text\":\"y\"}"},
			"2026-01-05T00:00:00Z", "sign_in_started"},
		{"first connection", {SIGNED_IN("5", "o1", "true")}, "2026-01-05T00:00:00Z",
			"device_authenticated"},
		{"confirmed", {SIGNED_IN("5", "o1", "true"), AT("6", "confirmed") "}"},
			"2026-01-06T00:00:00Z", "authentication_complete"},
		{"second connection", {SIGNED_IN("5", "o1", "false")}, "2026-01-05T00:00:00Z",
			"authentication_complete"},
		{"a denial's mail does not undo a token",
			{SIGNED_IN("5", "o1", "false"), CONSENT("9", "denied", "mail")},
			"2026-01-09T00:00:00Z", "authentication_complete"},
		{"token dead",
			{SIGNED_IN("5", "o1", "false"),
				AT("6", "token_refused") ",\"code\":\"x\",\"text\":\"y\"}"},
			"2026-01-07T00:00:00Z", "needs_sign_in"},
		{"token dead, past expiry",
			{SIGNED_IN("5", "o1", "false"),
				AT("6", "token_refused") ",\"code\":\"x\",\"text\":\"y\"}"},
			"2027-01-07T00:00:00Z", "needs_sign_in"},
		{"signed in again",
			{SIGNED_IN("5", "o1", "false"),
				AT("6", "token_refused") ",\"code\":\"x\",\"text\":\"y\"}",
				SIGNED_IN("7", "o1", "false")},
			"2027-01-07T00:00:00Z", "authentication_complete"},
		{"expired", {CONSENT("4", "granted", "mail")}, "2026-02-01T00:00:01Z",
			"expired"},
		{"not yet expired", {NULL}, "2026-02-01T00:00:00Z", "pending"},
		{"a new mail renews", {SENT("3", "a")}, "2026-02-02T00:00:00Z", "email_sent"},
		{"complete does not expire", {SIGNED_IN("5", "o1", "false")},
			"2030-02-01T00:00:00Z", "authentication_complete"},
		{"mailed by us", {AT("2", "notified") ",\"kind\":\"invitation\"}"},
			"2026-01-03T00:00:00Z", "email_sent"},
		{"mailed by us after a bounce",
			{SENT("2", "a"), DELIVERY("2", "failed"),
				AT("3", "notified") ",\"kind\":\"invitation\"}"},
			"2026-01-03T00:00:00Z", "email_sent"},
		{"a reminder is no invitation", {AT("2", "notified") ",\"kind\":\"reminder\"}"},
			"2026-01-03T00:00:00Z", "pending"},
		{"extended", {EXTENDED("5", "2026-03-01T00:00:00Z")}, "2026-02-28T00:00:00Z",
			"pending"},
		{"extended after its end", {EXTENDED("5", "2026-03-01T00:00:00Z")},
			"2026-03-01T00:00:01Z", "expired"},
		{"never shortened", {EXTENDED("5", "2026-01-08T00:00:00Z")},
			"2026-01-30T00:00:00Z", "pending"},
		{"revoked", {SIGNED_IN("5", "o1", "false"), AT("6", "revoked") "}"},
			"2026-01-07T00:00:00Z", "revoked"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *record = json_object_new_object();

		assert_number(rows[i].label, apply(record, CREATED), 1);
		for (size_t e = 0; e < 6 && rows[i].events[e] != NULL; e++)
			assert_true(apply(record, rows[i].events[e]) >= 0);
		assert_text(rows[i].label, status_name(record_status(record, at(rows[i].now))),
			rows[i].want);
		json_object_put(record);
	}
}

/* Who opens it has seen it, though nobody told of that. */
static void test_opened(void **state)
{
	struct json_object *record = json_object_new_object();

	(void)state;
	apply(record, CREATED);
	apply(record, AT("4", "link_opened") "}");
	assert_text("seen", json_string(record, "link_seen_at", ""), "2026-01-04T00:00:00Z");
	apply(record, AT("5", "link_seen") "}");
	assert_text("the first time", json_string(record, "link_seen_at", ""),
		"2026-01-04T00:00:00Z");
	json_object_put(record);
}

/* Every event once more changes nothing: no fact and no revision. */
static void test_idempotent(void **state)
{
	static const char *const events[] = {CREATED, SENT("2", "a"),
		DELIVERY("2", "delivered"), AT("3", "link_seen") "}",
		AT("3", "link_opened") "}", CONSENT("4", "requested", "mail"),
		AT("4", "sign_in_failed") ",\"code\":\"x\",\"text\":\"y\"}",
		SIGNED_IN("5", "o1", "true"), AT("6", "confirmed") "}",
		AT("6", "token_used") "}", AT("7", "validated") ",\"validation\":\"ok\"}",
		AT("7", "notified") ",\"kind\":\"invitation\"}",
		EXTENDED("7", "2026-04-01T00:00:00Z"), AT("8", "revoked") "}"};
	struct json_object *record = json_object_new_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		char *before;

		assert_number(events[i], apply(record, events[i]), 1);
		before = strdup(json_text(record));
		if (strstr(events[i], "device_auth") == NULL &&
			strstr(events[i], "sign_in_failed") == NULL)
			assert_number("again", apply(record, events[i]), 0);
		assert_text("unchanged", json_text(record), before);
		free(before);
	}
	json_object_put(record);
}

/* The last use counts, in whatever order they are told; a new sign-in is one. */
static void test_uses(void **state)
{
	struct json_object *record = json_object_new_object();

	(void)state;
	apply(record, CREATED);
	assert_number("never", record_token_used_at(record), 0);
	apply(record, SIGNED_IN("5", "o1", "false"));
	assert_number("signed in", record_token_used_at(record), at("2026-01-05T00:00:00Z"));
	assert_number("refreshed", apply(record, AT("8", "token_used") "}"), 1);
	assert_number("told late", apply(record, AT("7", "token_used") "}"), 0);
	assert_number("the last", record_token_used_at(record), at("2026-01-08T00:00:00Z"));
	apply(record, AT("9", "token_refused") ",\"code\":\"x\",\"text\":\"y\"}");
	assert_number(
		"a refusal is none", record_token_used_at(record), at("2026-01-08T00:00:00Z"));
	apply(record, AT("7", "validated") ",\"validation\":\"ok\"}");
	assert_number("an old one", record_token_used_at(record), at("2026-01-08T00:00:00Z"));
	json_object_put(record);
}

static void test_counting(void **state)
{
	struct json_object *record = json_object_new_object();

	(void)state;
	apply(record, CREATED);
	apply(record, SENT("2", "a"));
	apply(record, SENT("3", "a"));
	assert_number("same Message-ID", json_int(record, "email_sent_count", 0), 1);
	assert_text("renewed all the same", json_string(record, "expires_at", ""),
		"2026-02-03T00:00:00Z");
	apply(record, SENT("4", "b"));
	assert_number("another", json_int(record, "email_sent_count", 0), 2);
	json_object_put(record);
}

/* What is said of the last mail, whichever reports come, and when. */
static void test_deliveries(void **state)
{
	static const struct {
		const char *label;
		const char *events[7];
		const char *want;
	} rows[] = {
		{"the last one's", {SENT("2", "a"), SENT("3", "b"), REPORT("4", "failed", "b")},
			"failed"},
		{"an earlier one's failure",
			{SENT("2", "a"), SENT("3", "b"), REPORT("3", "relayed", "b"),
				REPORT("4", "failed", "a")},
			"relayed"},
		{"an earlier one's delivery",
			{SENT("2", "a"), SENT("3", "b"), REPORT("4", "delivered", "a")},
			"none"},
		{"deferred, sent again, both fail",
			{SENT("2", "a"), REPORT("2", "delayed", "a"), SENT("3", "b"),
				REPORT("4", "delayed", "b"), REPORT("5", "failed", "a"),
				REPORT("6", "failed", "b")},
			"failed"},
		{"the first of three",
			{SENT("2", "a"), SENT("3", "b"), SENT("4", "c"),
				REPORT("5", "failed", "a")},
			"none"},
		{"changed on the way",
			{SENT("2", "a"), SENT("3", "b"), REPORT("4", "failed", "x")}, "failed"},
		{"a report that names none",
			{SENT("2", "a"), SENT("3", "b"), DELIVERY("4", "failed")}, "failed"},
		{"one that comes again",
			{SENT("2", "a"), SENT("3", "b"), SENT("4", "a"),
				REPORT("5", "failed", "a")},
			"failed"},
		{"the same mail twice",
			{SENT("2", "a"), SENT("3", "a"), REPORT("4", "failed", "a")}, "failed"},
		{"then one without Message-ID",
			{SENT("2", "a"),
				AT("3", "email_sent") ",\"expires_at\":\"2026-02-03T00:00:00Z\"}",
				REPORT("4", "failed", "a")},
			"none"},
		{"then one of ours", {SENT("2", "a"), MAILED("3"), REPORT("4", "failed", "a")},
			"none"},
		{"one of ours", {SENT("2", "a"), MAILED("3"), REPORT("4", "failed", "ours")},
			"failed"},
		{"relayed, behind the bounce",
			{SENT("2", "a"), REPORT("3", "failed", "a"),
				REPORT("3", "relayed", "a")},
			"failed"},
		{"refused behind the mailbox",
			{SENT("2", "a"), REPORT("3", "delivered", "a"),
				REPORT("4", "failed", "a")},
			"delivered"},
		{"revoked by now",
			{SENT("2", "a"), AT("3", "revoked") "}", REPORT("9", "failed", "a")},
			"failed"},
		{"signed in by now",
			{SENT("2", "a"), SIGNED_IN("3", "o1", "false"),
				REPORT("9", "failed", "a")},
			"failed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *record = json_object_new_object();

		apply(record, CREATED);
		for (size_t e = 0; rows[i].events[e] != NULL; e++)
			assert_true(apply(record, rows[i].events[e]) >= 0);
		assert_text(rows[i].label, json_string(record, "delivery", ""), rows[i].want);
		json_object_put(record);
	}
}

/* Two reports on one mail leave the same, whichever comes first. */
static void test_reports_in_any_order(void **state)
{
	static const char *const reports[] = {DELIVERY("3", "delayed"),
		AT("3", "delivery") ",\"delivery\":\"relayed\",\"delivery_status\":\"2.0.0\","
				    "\"delivery_text\":\"250 queued\"}",
		DELIVERY("3", "failed"),
		AT("3", "delivery") ",\"delivery\":\"delivered\",\"delivery_status\":\"2.1.5\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reports) * ARRAY_SIZE(reports); i++) {
		const char *one = reports[i / ARRAY_SIZE(reports)];
		const char *other = reports[i % ARRAY_SIZE(reports)];
		struct json_object *records[] = {
			json_object_new_object(), json_object_new_object()};

		for (size_t r = 0; r < ARRAY_SIZE(records); r++) {
			apply(records[r], CREATED);
			apply(records[r], SENT("2", "a"));
			apply(records[r], r == 0 ? one : other);
			apply(records[r], r == 0 ? other : one);
			json_set_int(records[r], "revision", 0);
		}
		if (!json_object_equal(records[0], records[1]))
			fail_msg("%s, then %s: %s", one, other, json_text(records[0]));
		json_object_put(records[0]);
		json_object_put(records[1]);
	}
}

/* So many Message-IDs are kept, of whatever the record had in their place. */
static void test_earlier_mails(void **state)
{
	static const char *const records[] = {
		"{}", "{\"earlier_message_ids\":7}", "{\"earlier_message_ids\":[7,\"\",null]}"};
	char id[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct json_object *record = parse(records[i]);

		assert_number("the first", mails_supersede(record, "m0"), 0);
		assert_text("nothing yet", json_text(record), records[i]);
		for (int n = 0; n < 2 * MAILS_EARLIER_MAX; n++) {
			snprintf(id, sizeof(id), "m%d", n);
			json_set_string(record, "message_id", id);
			assert_number("the next", mails_supersede(record, NULL), 0);
			assert_number("known", mails_superseded(record, id), true);
		}
		assert_number("so many", json_count(json_member(record, "earlier_message_ids")),
			MAILS_EARLIER_MAX);
		snprintf(id, sizeof(id), "m%d", MAILS_EARLIER_MAX);
		assert_number("the oldest", mails_superseded(record, id), true);
		snprintf(id, sizeof(id), "m%d", MAILS_EARLIER_MAX - 1);
		assert_number("older ones", mails_superseded(record, id), false);
		assert_number("none", mails_superseded(record, NULL), false);
		json_object_put(record);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *label, *event;
		int want;
	} rows[] = {
		{"another account", SIGNED_IN("6", "o2", "false"), -1},
		{"unknown type", AT("6", "whatever") "}", -2},
		{"no time", "{\"type\":\"link_seen\"}", -2},
		{"missing member", AT("6", "delivery") "}", -2},
		{"wrong type", AT("6", "delivery") ",\"delivery\":7}", -2},
		{"unknown value", DELIVERY("6", "perhaps"), -1},
		{"extended to no time", EXTENDED("6", "soon"), -1},
		{"operator is no name", AT("6", "revoked") ",\"operator\":7}", -2},
		{"unknown consent", CONSENT("6", "perhaps", "mail"), -1},
	};
	struct json_object *record = json_object_new_object();
	char *before;

	(void)state;
	apply(record, CREATED);
	assert_number("unconfirmed", apply(record, AT("5", "confirmed") "}"), -1);
	apply(record, SIGNED_IN("5", "o1", "true"));
	before = strdup(json_text(record));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_number(rows[i].label, apply(record, rows[i].event), rows[i].want);
		assert_text(rows[i].label, json_text(record), before);
	}
	apply(record, AT("8", "revoked") "}");
	assert_number("after revocation", apply(record, SIGNED_IN("9", "o1", "true")), -1);
	assert_number("after revocation", apply(record, AT("9", "sign_in_started") "}"), -1);
	assert_number(
		"after revocation", apply(record, EXTENDED("9", "2027-01-01T00:00:00Z")), -1);
	assert_number(
		"notified", apply(record, AT("9", "notified") ",\"kind\":\"reminder\"}"), 0);
	assert_number("notified", apply(record, AT("9", "notified") ",\"kind\":\"bill\"}"), -1);
	assert_number("notified", apply(record, AT("9", "notified") "}"), -2);
	free(before);
	json_object_put(record);
}

/* What has members and no id is no new record, but one that damage left. */
static void test_a_damaged_record_is_not_opened(void **state)
{
	struct json_object *record = parse("{\"revision\":1,\"delivery\":\"failed\"}");
	char *before = strdup(json_text(record));

	(void)state;
	assert_int_equal(apply(record, CREATED), -1);
	assert_text("record", json_text(record), before);
	free(before);
	json_object_put(record);
}

static void test_unknown_members_are_kept(void **state)
{
	struct json_object *record = json_object_new_object();

	(void)state;
	apply(record, CREATED);
	json_set_string(record, "from_the_future", "kept");
	apply(record, SENT("2", "a"));
	assert_text("kept", json_string(record, "from_the_future", NULL), "kept");
	json_object_put(record);
}

static void test_describe(void **state)
{
	struct json_object *event = parse(AT("1",
		"delivery") ",\"delivery\":\"failed\",\"delivery_status\":\"5.1.1\",\"delivery_text\":\"no such user\"}");
	char text[64], small[8];

	(void)state;
	event_describe(event, text, sizeof(text));
	assert_text("words", text, "Welcome mail failed 5.1.1 no such user");
	event_describe(event, small, sizeof(small));
	assert_text("cut", small, "Welcome");
	json_object_put(event);
	event = parse(EXTENDED("1", "2026-03-01T00:00:00Z"));
	event_describe(event, text, sizeof(text));
	assert_text("by whom", text, "Validity extended to 2026-03-01T00:00:00Z, by ada");
	event_describe(event, small, sizeof(small));
	assert_text("cut", small, "Validit");
	json_object_put(event);
}

static void test_links(void **state)
{
	char *folder = support_folder(), *path = NULL;
	char id[INVITATION_ID_LEN + 1], back[INVITATION_ID_LEN + 1], token[LINK_TOKEN_LEN + 1];
	char again[LINK_TOKEN_LEN + 1];
	unsigned char key_id;
	struct keyfile *keys;
	struct error error;

	(void)state;
	assert_true(asprintf(&path, "%s/k", folder) > 0);
	assert_int_equal(keyfile_add(path, &key_id, &error), 0);
	keys = keyfile_load(path, &error);
	assert_int_equal(invitation_id_new(id), 0);
	assert_true(invitation_id_valid(id));
	assert_false(invitation_id_valid("x"));
	assert_false(invitation_id_valid("AAAAAAAAAAAAAAAAAAAAA!"));
	assert_int_equal(link_token_new(keys, id, token), 0);
	assert_number("length", (long long)strlen(token), LINK_TOKEN_LEN);
	assert_int_equal(link_token_verify(keys, token, back, &error), 0);
	assert_text("id", back, id);
	for (size_t i = 0; i < LINK_TOKEN_LEN; i++) {
		strcpy(again, token);
		again[i] = again[i] == 'A' ? 'B' : 'A';
		assert_int_equal(link_token_verify(keys, again, back, &error), -1);
		assert_int_equal(error.kind, ERROR_NOT_FOUND);
	}
	assert_int_equal(link_token_new(keys, "short", token), -1);
	keyfile_free(&keys);
	/* rotated: the old link still works */
	assert_int_equal(keyfile_add(path, &key_id, &error), 0);
	keys = keyfile_load(path, &error);
	assert_int_equal(link_token_verify(keys, token, back, &error), 0);
	keyfile_free(&keys);
	free(path);
	support_remove(&folder);
}

#define RECORD(id, customer, status, created, more)                                            \
	"{\"id\":\"" id "AAAAAAAAAAAAAAAAAAAAA\",\"customer_id\":\"" customer                  \
	"\",\"status\":\"" status "\",\"created_at\":\"2026-01-0" created "T00:00:00Z\"" more  \
	"}"
#define STARTED(day) ",\"sign_in_started_at\":\"2026-01-0" day "T00:00:00Z\""

/* Of several invitations the one that a mail of 4 January means: the first letter of its id. */
static void test_fit(void **state)
{
	static const struct {
		const char *label, *want; /* "" none fits, "?" ambiguous */
		const char *records[4];
	} cases[] = {
		{"none", "", {NULL}},
		{"one", "A", {RECORD("A", "a", "email_sent", "1", "")}},
		{"clocks differ a little", "A", {RECORD("A", "a", "email_sent", "4", "")}},
		{"invited later", "", {RECORD("A", "a", "email_sent", "5", "")}},
		{"complete", "", {RECORD("A", "a", "authentication_complete", "1", "")}},
		{"no id", "",
			{"{\"customer_id\":\"a\",\"created_at\":\"2026-01-01T00:00:00Z\"}"}},
		{"two customers", "?",
			{RECORD("A", "a", "email_sent", "1", ""),
				RECORD("B", "b", "email_sent", "2", "")}},
		{"one of two was invited later", "A",
			{RECORD("B", "b", "email_sent", "5", ""),
				RECORD("A", "a", "email_sent", "1", "")}},
		{"one of two is complete", "B",
			{RECORD("A", "a", "authentication_complete", "1", ""),
				RECORD("B", "b", "email_sent", "2", "")}},
		{"one of two is signing in", "A",
			{RECORD("A", "a", "sign_in_started", "1", STARTED("3")),
				RECORD("B", "b", "email_sent", "2", "")}},
		{"a sign-in ends the ambiguity", "C",
			{RECORD("A", "a", "email_sent", "1", ""),
				RECORD("B", "b", "email_sent", "2", ""),
				RECORD("C", "c", "sign_in_started", "1", STARTED("3"))}},
		{"one of two signed in later", "?",
			{RECORD("A", "a", "sign_in_started", "1", STARTED("5")),
				RECORD("B", "b", "email_sent", "2", "")}},
		{"both are signing in", "?",
			{RECORD("A", "a", "sign_in_started", "1", STARTED("3")),
				RECORD("B", "b", "sign_in_started", "2", STARTED("2"))}},
		{"the newest of one customer", "B",
			{RECORD("A", "a", "email_sent", "1", ""),
				RECORD("B", "a", "email_sent", "3", ""),
				RECORD("C", "a", "email_sent", "2", "")}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fit fit = {.when = at("2026-01-04T00:00:00Z")};

		for (size_t j = 0; j < 4 && cases[i].records[j] != NULL; j++) {
			struct json_object *record = parse(cases[i].records[j]);

			fit_consider(&fit, record);
			json_object_put(record);
		}
		fit.invitation[fit.invitation[0] != '\0'] = '\0';
		assert_text(
			cases[i].label, fit.ambiguous ? "?" : fit.invitation, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_opened),
		cmocka_unit_test(test_idempotent),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_deliveries),
		cmocka_unit_test(test_reports_in_any_order),
		cmocka_unit_test(test_earlier_mails),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_a_damaged_record_is_not_opened),
		cmocka_unit_test(test_unknown_members_are_kept),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
