/*
 * The form carries the id of the change that it will make: the store, or tokend, does it once,
 * however often it comes. A form without a good mark is shown again, with a new one.
 */
#include "action.h"

#include "cell.h"
#include "detail.h"

#include "base/clock.h"
#include "invite/event.h"
#include "invite/notice.h"
#include "store/protocol.h"
#include "token/protocol.h"

#include <stdio.h>
#include <string.h>

#define MICROSOFT_TIMEOUT_MS 30000 /* validate: above what tokend gives a slow Entra */
#define SENDMAIL_TIMEOUT_MS  30000

/* The end of every action. tokend's "policy" says that a sign-in is needed. */
static void done(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *id = json_string(visit->invitation, "id", "");
	struct error conflict;

	(void)reply;
	if (error == NULL) {
		detail_go(&visit, id, web_request_route(visit->request)->name);
		return;
	}
	conflict = *error;
	if (conflict.kind == ERROR_POLICY)
		conflict.kind = ERROR_CONFLICT;
	page_error(&visit, &conflict);
}

static void apply(struct visit *visit, struct json_object *event)
{
	struct json_object *request;

	if (event != NULL)
		json_set_string(event, "operator", visit->visitor.name);
	request = store_request_apply("id", json_string(visit->invitation, "id", ""), event);
	if (request != NULL)
		json_set_string(request, "change", action_change(visit));
	visit_ask_store(visit, request, done);
}

static void revoke(struct visit *visit)
{
	apply(visit, event_create("revoked", visit->now));
}

static void extend(struct visit *visit)
{
	struct json_object *event = event_create("extended", visit->now);
	char until[CLOCK_TEXT_SIZE];

	clock_format(visit->now + visit->generation->settings->invitation_lifetime, until);
	if (event != NULL)
		json_set_string(event, "expires_at", until);
	apply(visit, event);
}

static void resend(struct visit *visit)
{
	struct json_object *request = token_request("resend", NULL);

	if (request != NULL) {
		json_set_string(request, "id", json_string(visit->invitation, "id", ""));
		json_set_string(request, "change", action_change(visit));
		json_set_string(request, "operator", visit->visitor.name);
	}
	visit_ask_tokend(visit, request, SENDMAIL_TIMEOUT_MS, done);
}

static void validate(struct visit *visit)
{
	struct json_object *request = token_request("validate", NULL);

	if (request != NULL) {
		json_set_string(request, "key", json_string(visit->invitation, "id", ""));
		json_set_string(request, "operator", visit->visitor.name);
	}
	visit_ask_tokend(visit, request, MICROSOFT_TIMEOUT_MS, done);
}

static bool may_resend(const struct visit *visit)
{
	return notice_order(visit->invitation, visit->now) != NOTICE_NONE;
}

static bool may_extend(const struct visit *visit)
{
	enum status status = record_status(visit->invitation, visit->now);

	return status != STATUS_REVOKED && status != STATUS_AUTHENTICATION_COMPLETE &&
	       status != STATUS_NEEDS_SIGN_IN;
}

static bool may_validate(const struct visit *visit)
{
	return strcmp(json_string(visit->invitation, "token_state", ""), "valid") == 0 &&
	       record_status(visit->invitation, visit->now) != STATUS_REVOKED;
}

static bool may_revoke(const struct visit *visit)
{
	return record_status(visit->invitation, visit->now) != STATUS_REVOKED;
}

static const struct action {
	const char *name; /* the words action_NAME, confirm_NAME and confirm_NAME_text */
	bool (*sensible)(const struct visit *visit);
	void (*perform)(struct visit *visit);
	bool danger; /* cannot be taken back */
} actions[] = {
	{"resend", may_resend, resend},
	{"extend", may_extend, extend},
	{"validate", may_validate, validate},
	{"revoke", may_revoke, revoke, true},
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const struct action *action_of(const struct visit *visit)
{
	const char *name = web_request_route(visit->request)->name;
	size_t i = 0;

	while (i + 1 < ACTIONS && strcmp(actions[i].name, name) != 0)
		i++;
	return &actions[i];
}

static void put_word(struct values *values, const char *value, const char *format,
	const struct action *action)
{
	char word[64];

	snprintf(word, sizeof(word), "%s_%s", format, action->name);
	values_word(values, value, word);
}

void action_put(const struct visit *visit, struct values *values)
{
	for (size_t i = 0; visit->visitor.role >= ROLE_OPERATE && i < ACTIONS; i++) {
		struct values *row;

		if (!actions[i].sensible(visit))
			continue;
		row = values_row(values, "actions");
		values_text(row, "action", actions[i].name);
		put_word(row, "action_word", "action", &actions[i]);
		values_flag(row, "danger", actions[i].danger);
	}
}

void action_put_change(struct values *values)
{
	char change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	values_text(values, "change", change);
}

const char *action_change(const struct visit *visit)
{
	const char *change = web_request_field(visit->request, "change");

	if (change == NULL || strlen(change) != CHANGE_ID_LEN ||
		change[strspn(change, "0123456789abcdef")] != '\0')
		return NULL;
	return change;
}

static void ask_whether(struct visit *visit, unsigned status, const char *notice)
{
	const struct action *action = action_of(visit);
	struct values *values = values_new();
	char word[64];

	if (values != NULL) {
		cell_put(visit, values, visit->invitation);
		put_word(values, "heading", "confirm", action);
		snprintf(word, sizeof(word), "confirm_%s_text", action->name);
		values_word(values, "text", word);
		values_text(values, "action", action->name);
		put_word(values, "action_word", "action", action);
		values_flag(values, "danger", action->danger);
		if (notice != NULL)
			values_word(values, "notice", notice);
		page_csrf(visit, values);
		action_put_change(values);
	}
	page_answer(&visit, status, "admin_confirm.html", &values);
}

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	ask_whether(visit, 200, NULL);
}

static void perform(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	if (page_csrf_good(visit) && action_change(visit) != NULL)
		action_of(visit)->perform(visit);
	else
		ask_whether(visit, 403, "press_again");
}

void get_action(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_OPERATE);

	if (visit != NULL)
		visit_ask_invitation(visit, show);
}

void post_action(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_OPERATE);

	if (visit != NULL)
		visit_ask_invitation(visit, perform);
}

static int require(const struct words *words, const char *name, const char *begin,
	const char *end, struct error *error)
{
	char word[64];

	snprintf(word, sizeof(word), "%s_%s%s", begin, name, end);
	return words_require(words, word, error);
}

int action_require_words(const struct words *words, struct error *error)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (require(words, actions[i].name, "action", "", error) != 0 ||
			require(words, actions[i].name, "confirm", "", error) != 0 ||
			require(words, actions[i].name, "confirm", "_text", error) != 0)
			return -1;
	return words_require(words, "press_again", error);
}
