/*
 * Two questions to the store, the record and its history, and one page. A long history has
 * several pages, oldest first.
 */
#include "detail.h"

#include "action.h"
#include "cell.h"
#include "live.h"
#include "uri.h"

#include "base/clock.h"
#include "invite/event.h"
#include "invite/link.h"
#include "store/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTION_MAX 4096
#define HISTORY_ROWS	200 /* on a page */

/* What can have been done just now. */
static const char *const done_words[] = {
	"resend", "revoke", "extend", "validate", "new", "reused", NULL};

void detail_go(struct visit **visit, const char *id, const char *what)
{
	char location[128];

	snprintf(location, sizeof(location), "/invitations/%s?done=%s", id, what);
	visit_redirect(visit, location);
}

static void put_error(const struct visit *visit, struct values *values)
{
	static const struct time_names at = {
		"last_error_at", "last_error_at_exact", "last_error_at_ago"};
	struct json_object *last = json_member(visit->invitation, "last_error");

	values_text(values, "last_error", json_string(last, "text", ""));
	values_text(values, "last_error_code", json_string(last, "code", ""));
	page_time(visit, values, &at, json_string(last, "at", NULL));
}

static void put_scopes(const struct visit *visit, struct values *values)
{
	char *scopes = strdup(json_string(visit->invitation, "granted_scopes", ""));
	char *at = scopes, *scope;

	while (at != NULL && (scope = strsep(&at, " ")) != NULL)
		if (*scope != '\0')
			values_text(values_row(values, "scopes"), "scope", scope);
	free(scopes);
}

/* The address of the form for a new one of the same customer. */
static void put_new(const struct visit *visit, struct values *values)
{
	struct buf query;

	buf_init(&query, 16384);
	uri_add(&query, "customer_id", json_string(visit->invitation, "customer_id", ""));
	uri_add(&query, "mailbox", json_string(visit->invitation, "invitation_email", ""));
	values_printf(values, "new_uri", "/new%s", query.data);
	buf_free(&query);
}

static void put_facts(const struct visit *visit, struct values *values)
{
	const char *name = json_string(visit->invitation, "full_name", "");
	char word[64];

	if (*name == '\0')
		name = json_string(visit->invitation, "customer_id", "");
	values_text(values, "heading", name);
	cell_put(visit, values, visit->invitation);
	snprintf(word, sizeof(word), "advice_%s",
		status_name(record_status(visit->invitation, visit->now)));
	values_word(values, "advice", word);
	put_new(visit, values);
	put_error(visit, values);
	put_scopes(visit, values);
}

static void put_event(
	const struct visit *visit, struct values *values, struct json_object *event)
{
	static const struct time_names at = {"at", "at_exact", "at_ago"};
	struct values *row = values_row(values, "events");
	enum status status = cell_status_named(json_string(event, "status", ""));
	char text[DESCRIPTION_MAX];

	event_describe(event, text, sizeof(text));
	values_text(row, "text", text);
	page_time(visit, row, &at, json_string(event, "at", NULL));
	if (status != STATUS_COUNT)
		cell_status(row, status);
}

static void put_done(const struct visit *visit, struct values *values)
{
	const char *done = web_request_query(visit->request, "done");
	char word[64];

	for (size_t i = 0; done != NULL && done_words[i] != NULL; i++) {
		if (strcmp(done_words[i], done) != 0)
			continue;
		snprintf(word, sizeof(word), "done_%s", done);
		values_word(values, "notice", word);
	}
}

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *events = json_member(reply, "events");
	int64_t next = json_int(reply, "next", 0);
	struct values *values;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	values = values_new();
	if (values != NULL) {
		put_facts(visit, values);
		put_done(visit, values);
		action_put(visit, values);
		live_put(visit, values, json_string(visit->invitation, "id", ""));
		for (size_t i = 0; i < json_object_array_length(events); i++)
			put_event(visit, values, json_object_array_get_idx(events, i));
		if (next > 0)
			values_int(values, "next", next);
	}
	page_answer(&visit, 200, "admin_invitation.html", &values);
}

static void got_record(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *after = web_request_query(visit->request, "after");
	struct json_object *question;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	question = store_request("history");
	if (question != NULL)
		json_set_string(question, "id", json_string(visit->invitation, "id", ""));
	if (question != NULL)
		json_set_int(question, "limit", HISTORY_ROWS);
	if (question != NULL && after != NULL)
		json_set_int(question, "after", strtoll(after, NULL, 10));
	visit_ask_store(visit, question, show);
}

void get_invitation(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);

	if (visit != NULL)
		visit_ask_invitation(visit, got_record);
}

int detail_require_words(const struct words *words, struct error *error)
{
	char word[64];

	for (size_t i = 0; done_words[i] != NULL; i++) {
		snprintf(word, sizeof(word), "done_%s", done_words[i]);
		if (words_require(words, word, error) != 0)
			return -1;
	}
	for (enum status status = 0; status < STATUS_COUNT; status++) {
		snprintf(word, sizeof(word), "advice_%s", status_name(status));
		if (words_require(words, word, error) != 0)
			return -1;
	}
	return 0;
}
