/*
 * The operator's view of all invitations beside one that looks at every one of them: random
 * invitations come, change and go, and whatever is asked is answered alike.
 */
#include "support.h"

#include "../../admin/view.c"
#include "../../admin/view_find.c"
#include "../../admin/view_order.c"
#include "../../admin/view_pick.c"
#include "../../admin/view_tenants.c"
#include "../../admin/view_text.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW	 1800000000
#define DAY	 86400
#define MODEL	 3000
#define STEPS	 12000
#define QUESTION 60 /* asked every so many steps */

struct known {
	bool there;
	struct json_object *record;
};

struct model {
	struct known list[MODEL];
	uint32_t seed;
	uint32_t created; /* no two are created at the same time, so that their order is one */
};

static uint32_t chance(struct model *model, uint32_t n)
{
	model->seed = model->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)model->seed * n >> 32);
}

static void put_time(struct json_object *record, const char *name, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	assert_int_equal(json_set_string(record, name, clock_format(when, text)), 0);
}

static void maybe_time(struct model *model, struct json_object *record, const char *name)
{
	if (chance(model, 2) == 0)
		put_time(record, name, NOW - (time_t)chance(model, 40 * DAY));
}

static const char *one_of(struct model *model, const char *const *words)
{
	uint32_t n = 0;

	while (words[n] != NULL)
		n++;
	return words[chance(model, n)];
}

static void put_word(struct model *model, struct json_object *record, const char *name,
	const char *const *words)
{
	json_set_string(record, name, one_of(model, words));
}

static void put_facts(struct model *model, struct json_object *record)
{
	static const char *const deliveries[] = {
		"none", "delayed", "relayed", "delivered", "failed", NULL};
	static const char *const consents[] = {
		"none", "requested", "expired", "denied", "granted", NULL};
	static const char *const tokens[] = {"none", "none", "valid", "needs_sign_in", NULL};
	static const char *const tenants[] = {
		"t-one", "t-two", "t-three", "t-four", "t-five", NULL};
	static const char *const times[] = {"email_sent_at", "link_opened_at",
		"device_authenticated_at", "authentication_complete_at", "validated_at"};

	json_set_flag(record, "email_sent", chance(model, 2) == 0);
	json_set_int(record, "email_sent_count", chance(model, 5));
	put_word(model, record, "delivery", deliveries);
	put_word(model, record, "consent", consents);
	put_word(model, record, "token_state", tokens);
	if (chance(model, 2) == 0)
		put_word(model, record, "signed_in_tenant", tenants);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		maybe_time(model, record, times[i]);
	if (chance(model, 10) == 0)
		put_time(record, "revoked_at", NOW - (time_t)chance(model, 500 * DAY));
	put_time(record, "expires_at", NOW + 20 * DAY - (time_t)chance(model, 600 * DAY));
}

static void put_texts(struct model *model, struct json_object *record)
{
	static const char *const names[] = {
		"", "Contoso", "contoso Ltd", "Fabrikam", "Zeta-Jones", NULL};
	static const char *const hosts[] = {"a.example", "b.example", "A.example.org", NULL};
	char text[64];

	snprintf(text, sizeof(text), "%s%u", chance(model, 2) ? "c" : "Customer-",
		chance(model, 300));
	json_set_string(record, "customer_id", text);
	put_word(model, record, "full_name", names);
	snprintf(text, sizeof(text), "Service%u@%s", chance(model, 100), one_of(model, hosts));
	json_set_string(record, "invitation_email", text);
	put_word(model, record, "m365_admin_email", hosts);
	put_word(model, record, "tenant", hosts);
}

static struct json_object *new_record(struct model *model)
{
	struct json_object *record = json_object_new_object();
	char id[INVITATION_ID_LEN + 1];

	assert_int_equal(invitation_id_new(id), 0);
	json_set_string(record, "id", id);
	put_time(record, "created_at",
		NOW - 300 * DAY + (time_t)(model->created++ * 997 % (300 * DAY)));
	put_texts(model, record);
	put_facts(model, record);
	return record;
}

/* Something happens to one of them, in both. */
static void step(struct model *model, struct view *view)
{
	struct known *known = &model->list[chance(model, MODEL)];
	struct json_object *fresh;

	if (!known->there) {
		json_object_put(known->record);
		known->record = new_record(model);
	} else if (chance(model, 4) == 0) {
		known->there = false;
		assert_true(view_remove(view, json_string(known->record, "id", "")));
		assert_false(view_remove(view, json_string(known->record, "id", "")));
		return;
	} else {
		fresh = json_copy(known->record);
		json_object_put(known->record);
		known->record = fresh;
		if (chance(model, 3) == 0)
			put_texts(model, known->record);
		else
			put_facts(model, known->record);
	}
	known->there = true;
	assert_int_equal(view_put(view, known->record), 0);
}

static const char *text_of(struct json_object *record, enum view_column column)
{
	static const char *const members[] = {
		"id", "customer_id", "full_name", "invitation_email", "m365_admin_email"};

	return json_string(record, members[column], "");
}

static int64_t number_of(struct json_object *record, enum view_column column)
{
	static const char *const times[VIEW_COLUMNS] = {
		[VIEW_EMAIL_SENT] = "email_sent_at",
		[VIEW_LINK_OPENED] = "link_opened_at",
		[VIEW_DEVICE_AUTHENTICATED] = "device_authenticated_at",
		[VIEW_CREATED_AT] = "created_at",
		[VIEW_EXPIRES_AT] = "expires_at",
	};
	static const char *const deliveries = "none delayed relayed delivered failed";
	static const char *const consents = "none requested expired denied granted";
	time_t when = 0;

	switch (column) {
	case VIEW_EMAIL_SENT_COUNT:
		return json_int(record, "email_sent_count", 0);
	case VIEW_DELIVERY:
		return strstr(deliveries, json_string(record, "delivery", "")) - deliveries;
	case VIEW_CONSENT:
		return strstr(consents, json_string(record, "consent", "")) - consents;
	case VIEW_STATUS:
		return -(int64_t)record_status(record, NOW);
	default:
		clock_parse(json_string(record, times[column], NULL), &when);
		return when;
	}
}

static const struct view_query *sorting; /* what compare_records goes by */

static int compare_records(const void *a, const void *b)
{
	struct json_object *one = *(struct json_object *const *)a,
			   *other = *(struct json_object *const *)b;
	int64_t x = 0, y = 0;
	int result = 0;

	if (sorting->sort <= VIEW_ADMIN_EMAIL)
		result = strcasecmp(text_of(one, sorting->sort), text_of(other, sorting->sort));
	else if ((x = number_of(one, sorting->sort)) != (y = number_of(other, sorting->sort)))
		result = x < y ? -1 : 1;
	if (result == 0)
		result = strcmp(json_string(one, "created_at", ""),
			json_string(other, "created_at", ""));
	return sorting->descending ? -result : result;
}

static bool has_text(struct json_object *record, const char *search)
{
	static const char *const members[] = {"id", "customer_id", "full_name",
		"invitation_email", "m365_admin_email", "tenant"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcasestr(json_string(record, members[i], ""), search) != NULL)
			return true;
	return false;
}

static bool happened_in(struct json_object *record, const struct view_query *query)
{
	const char *name =
		query->happened == VIEW_SENT ? "email_sent_at" : "authentication_complete_at";
	time_t when = 0;

	if (query->happened == VIEW_ANY_TIME)
		return true;
	return clock_parse(json_string(record, name, NULL), &when) == 0 &&
	       when >= query->from && when < query->until;
}

/* The ids of all that fit, in order; counts as view_find gives them. */
static size_t answer_of(const struct model *model, const struct view_query *query,
	struct json_object **found, size_t counts[STATUS_COUNT])
{
	size_t n = 0;

	memset(counts, 0, STATUS_COUNT * sizeof(*counts));
	for (size_t i = 0; i < MODEL; i++) {
		struct json_object *record = model->list[i].record;
		enum status status;

		if (!model->list[i].there || !happened_in(record, query) ||
			(query->search != NULL && !has_text(record, query->search)))
			continue;
		status = record_status(record, NOW);
		counts[status]++;
		if (query->statuses == 0 || query->statuses >> status & 1)
			found[n++] = record;
	}
	sorting = query;
	qsort(found, n, sizeof(struct json_object *), compare_records);
	return n;
}

static struct view_query random_query(struct model *model)
{
	static const char *const searches[] = {
		"contoso", "CUSTOMER-1", "e1@b", "example", "7", "nothing", "A.Example.", NULL};
	struct view_query query = {
		.search = chance(model, 2) ? one_of(model, searches) : NULL,
		.statuses = chance(model, 2) ? chance(model, 1u << STATUS_COUNT) : 0,
		.happened = chance(model, 4) ? VIEW_ANY_TIME : VIEW_SENT + chance(model, 2),
		.from = NOW - 20 * DAY,
		.until = NOW - 5 * DAY,
		.sort = (enum view_column)chance(model, VIEW_COLUMNS),
		.descending = chance(model, 2),
		.offset = chance(model, 3) ? 0 : chance(model, MODEL / 3),
		.limit = chance(model, 8) ? 50 : MODEL,
	};

	return query;
}

static void check_query(struct model *model, const struct view *view)
{
	struct json_object *want[MODEL];
	struct view_query query = random_query(model);
	size_t counts[STATUS_COUNT], n = answer_of(model, &query, want, counts);
	struct view_result got;

	assert_int_equal(view_find(view, &query, NOW, &got), 0);
	assert_number("total", (long long)got.total, (long long)n);
	assert_memory_equal(got.counts, counts, sizeof(counts));
	assert_number("on the page", (long long)got.n,
		(long long)page_of(n, query.offset, query.limit));
	for (size_t i = 0; i < got.n; i++)
		assert_text(view_column_name(query.sort), got.ids[i],
			json_string(want[query.offset + i], "id", ""));
	view_result_free(&got);
}

static void free_model(struct model *model)
{
	for (size_t i = 0; i < MODEL; i++)
		json_object_put(model->list[i].record);
	free(model);
}

static void test_random(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct view *view = view_new();
	struct view_result result;
	size_t there = 0;

	(void)state;
	model->seed = 4711;
	for (int i = 0; i < MODEL; i++)
		step(model, view);
	assert_int_equal(view_find(view, &(struct view_query){.limit = 1}, NOW, &result), -1);
	for (int i = 1; i < SORTED_FIELDS; i++) {
		assert_int_equal(view_sort(view), 1);
		step(model, view); /* they come in between */
	}
	assert_int_equal(view_sort(view), 0);
	for (int i = 0; i < STEPS; i++) {
		step(model, view);
		if (i % QUESTION == 0)
			check_query(model, view);
	}
	for (int i = 0; i < MODEL; i++)
		there += model->list[i].there;
	assert_number("size", (long long)view_size(view), (long long)there);
	texts_compact(view);
	for (int i = 0; i < 100; i++)
		check_query(model, view);
	view_free(&view);
	free_model(model);
}

/* Everything goes again, and comes again. */
static void test_emptied(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct view *view = view_new();

	(void)state;
	model->seed = 1;
	while (view_sort(view) > 0)
		;
	check_query(model, view);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2 * MODEL; i++)
			step(model, view);
		check_query(model, view);
		for (int i = 0; i < MODEL; i++)
			if (model->list[i].there) {
				view_remove(view, json_string(model->list[i].record, "id", ""));
				model->list[i].there = false;
			}
		assert_number("empty", (long long)view_size(view), 0);
		check_query(model, view);
	}
	view_clear(view);
	assert_false(view_ready(view));
	view_free(&view);
	free_model(model);
}

/* {"id": id, members} */
static struct json_object *record_of(const char *id, const char *members)
{
	struct json_object *record;
	struct error error;
	char *json;

	assert_true(asprintf(&json, "{\"id\":\"%s\",%s}", id, members) > 0);
	assert_int_equal(json_parse(json, strlen(json), &record, &error), 0);
	free(json);
	return record;
}

static void put_invitation(struct view *view, const char *id, const char *members)
{
	struct json_object *record = record_of(id, members);

	assert_int_equal(view_put(view, record), 0);
	json_object_put(record);
}

static size_t found_by(const char *full_name, const char *search)
{
	struct view_query query = {.search = search, .limit = 1};
	struct view *view = view_new();
	struct view_result result;
	size_t total;
	char *members;

	assert_true(asprintf(&members, "\"customer_id\":\"Nord 1\",\"full_name\":\"%s\"",
			    full_name) > 0);
	put_invitation(view, "AbCdEfGhIjKlMnOpQrStUw", members);
	free(members);
	while (view_sort(view) > 0)
		;
	assert_int_equal(view_find(view, &query, NOW, &result), 0);
	total = result.total;
	if (total == 1)
		assert_text("the id as it is written", result.ids[0], "AbCdEfGhIjKlMnOpQrStUw");
	view_result_free(&result);
	view_free(&view);
	return total;
}

static void test_words(void **state)
{
	static const struct {
		const char *full_name, *search;
		size_t want;
	} rows[] = {
		{"Ärzte GmbH", "ärzte", 1},
		{"Ärzte GmbH", "ARZTE", 1},
		{"Ärzte GmbH", "ÄRZTE G", 1},
		{"Crème brûlée", "creme BRULEE", 1},
		{"Straße", "STRASSE", 1},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", 1},
		{"株式会社", "会社", 1},
		{"Müller", "Muler", 0},
		{"", "abcdefghijklmnopqrstuw", 1},
		{"", "abcdefghijklmnopqrstuv", 0},
		{"", "nord 1", 1},
		{"Sud", "1sud", 0}, /* not across two fields */
		{"Line\\nbreak", "line break", 1},
		{"", "", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_number(rows[i].search,
			(long long)found_by(rows[i].full_name, rows[i].search),
			(long long)rows[i].want);
}

/* What stands between the fields and in the rows' numbers is not found. */
static void test_control(void **state)
{
	(void)state;
	assert_number("end of a field", (long long)found_by("Sud", "1\001sud"), 0);
	assert_number("a number", (long long)found_by("Sud", "\020\020"), 0);
}

#define ID_A "AAAAAAAAAAAAAAAAAAAAAA"
#define ID_B "BAAAAAAAAAAAAAAAAAAAAA"
#define ID_C "CAAAAAAAAAAAAAAAAAAAAA"
#define ID_D "DAAAAAAAAAAAAAAAAAAAAA"
#define ID_E "EAAAAAAAAAAAAAAAAAAAAA"

static void check_tenants(
	const struct view *view, const struct view_tenants *query, const char *want)
{
	struct view_tenants_result result;
	char got[100];
	int n;

	assert_int_equal(view_find_tenants(view, query, &result), 0);
	n = snprintf(got, sizeof(got), "%zu/%zu/%zu:", result.needs_sign_in, result.near_end,
		result.total);
	for (size_t i = 0; i < result.n; i++)
		n += snprintf(got + n, sizeof(got) - (size_t)n, "%c", result.ids[i][0]);
	assert_text("tenants", got, want);
	view_tenants_result_free(&result);
}

static void test_tenants(void **state)
{
	struct view *view = view_new();
	struct view_tenants query = {.unused_since = NOW - 76 * DAY, .limit = 10};
	struct json_object *none;

	(void)state;
	while (view_sort(view) > 0)
		;
	check_tenants(view, &query, "0/0/0:");
	put_invitation(view, ID_A,
		"\"signed_in_tenant\":\"one\",\"token_state\":\"valid\","
		"\"device_authenticated_at\":\"2026-06-01T00:00:00Z\",\"validated_at\":\"2026-12-01T00:00:00Z\"");
	put_invitation(view, ID_B,
		"\"signed_in_tenant\":\"one\",\"token_state\":\"needs_sign_in\","
		"\"device_authenticated_at\":\"2027-01-10T00:00:00Z\"");
	put_invitation(view, ID_C,
		"\"signed_in_tenant\":\"two\",\"token_state\":\"valid\","
		"\"device_authenticated_at\":\"2026-06-01T00:00:00Z\"");
	put_invitation(view, ID_D,
		"\"signed_in_tenant\":\"three\",\"token_state\":\"needs_sign_in\","
		"\"device_authenticated_at\":\"2026-12-01T00:00:00Z\"");
	put_invitation(view, ID_E, "\"tenant\":\"four\",\"token_state\":\"none\"");
	check_tenants(view, &query, "1/1/3:DCA");
	query.limit = 1;
	query.offset = 1;
	check_tenants(view, &query, "1/1/3:C");
	query.offset = 3;
	check_tenants(view, &query, "1/1/3:");
	query = (struct view_tenants){.unused_since = NOW - 76 * DAY, .limit = 10};
	put_invitation(view, ID_D,
		"\"signed_in_tenant\":\"three\",\"token_state\":\"needs_sign_in\","
		"\"revoked_at\":\"2026-12-01T00:00:00Z\"");
	view_remove(view, ID_A);
	check_tenants(view, &query, "1/1/2:BC");
	none = record_of("no id", "\"customer_id\":\"c\"");
	assert_int_equal(view_put(view, none), 0);
	check_tenants(view, &query, "1/1/2:BC");
	json_object_put(none);
	view_free(&view);
}

/* Days are counted in UTC, today with them; a day's number is that of its rows. */
static void test_days(void **state)
{
	struct view *view = view_new();
	struct view_day days[VIEW_DAYS];
	struct view_result result;
	time_t now;

	(void)state;
	assert_int_equal(clock_parse("2027-01-15T08:00:00Z", &now), 0);
	put_invitation(view, ID_A, "\"email_sent_at\":\"2027-01-15T00:00:00Z\"");
	put_invitation(view, ID_B,
		"\"email_sent_at\":\"2027-01-14T23:59:59Z\","
		"\"authentication_complete_at\":\"2027-01-15T07:00:00Z\"");
	put_invitation(view, ID_C, "\"email_sent_at\":\"2026-12-17T00:00:00Z\"");
	put_invitation(view, ID_D, "\"email_sent_at\":\"2026-12-16T23:59:59Z\"");
	put_invitation(view, ID_E, "\"email_sent_at\":\"2027-01-16T00:00:00Z\"");
	while (view_sort(view) > 0)
		;
	view_days(view, now, days);
	assert_number("today", (long long)days[VIEW_DAYS - 1].sent, 1);
	assert_number("today, completed", (long long)days[VIEW_DAYS - 1].completed, 1);
	assert_number("yesterday", (long long)days[VIEW_DAYS - 2].sent, 1);
	assert_number("the first", (long long)days[0].sent, 1);
	assert_int_equal(view_find(view,
				 &(struct view_query){.happened = VIEW_COMPLETED,
					 .from = days[VIEW_DAYS - 1].begin,
					 .until = now + DAY,
					 .limit = 10},
				 now, &result),
		0);
	assert_number("its rows", (long long)result.n, 1);
	assert_text("which", result.ids[0], ID_B);
	view_result_free(&result);
	view_free(&view);
}

/* A status changes by time alone, and what ended long ago is forgotten as the store forgets it. */
static void test_time(void **state)
{
	struct view *view = view_new();
	size_t counts[STATUS_COUNT];
	time_t expires, revoked;

	(void)state;
	assert_int_equal(clock_parse("2026-02-01T00:00:00Z", &expires), 0);
	assert_int_equal(clock_parse("2026-01-10T00:00:00Z", &revoked), 0);
	put_invitation(
		view, ID_A, "\"expires_at\":\"2026-02-01T00:00:00Z\",\"email_sent\":true");
	put_invitation(view, ID_B,
		"\"expires_at\":\"2026-02-01T00:00:00Z\",\"revoked_at\":\"2026-01-10T00:00:00Z\"");
	while (view_sort(view) > 0)
		;
	view_counts(view, expires, counts);
	assert_number("sent", (long long)counts[STATUS_EMAIL_SENT], 1);
	view_counts(view, expires + 1, counts);
	assert_number("expired", (long long)counts[STATUS_EXPIRED], 1);
	assert_number("ended just now", (long long)view_forget(view, revoked, expires + 1), 0);
	assert_number(
		"the revoked one", (long long)view_forget(view, revoked + 1, expires + 1), 1);
	assert_number("not expired yet", (long long)view_forget(view, expires + 5, expires), 0);
	assert_number(
		"the expired one", (long long)view_forget(view, expires + 1, expires + 9), 1);
	assert_number("nothing left", (long long)view_size(view), 0);
	view_free(&view);
}

static void test_versions(void **state)
{
	struct view *view = view_new();
	uint64_t before = view_version(view), put;

	(void)state;
	assert_true(view_changed(view, ID_A, before));
	put_invitation(view, ID_A, "\"customer_id\":\"a\"");
	put = view_version(view);
	assert_true(put > before);
	assert_true(view_changed(view, ID_A, before));
	assert_false(view_changed(view, ID_A, put));
	put_invitation(view, ID_B, "\"customer_id\":\"b\"");
	assert_true(view_version(view) > put);
	assert_false(view_changed(view, ID_A, put));
	put_invitation(view, ID_A, "\"customer_id\":\"a\",\"email_sent\":true");
	assert_true(view_changed(view, ID_A, put));
	put = view_version(view);
	view_remove(view, ID_A);
	assert_true(view_version(view) > put);
	assert_true(view_changed(view, ID_A, view_version(view)));
	put = view_version(view);
	view_clear(view);
	assert_true(view_version(view) > put);
	view_free(&view);
}

static void test_columns(void **state)
{
	enum view_column column;

	(void)state;
	for (int i = 0; i < VIEW_COLUMNS; i++) {
		assert_true(view_column_find(view_column_name((enum view_column)i), &column));
		assert_int_equal(column, i);
	}
	assert_false(view_column_find("nothing", &column));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_emptied),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
