/*
 * The table of events: for each type who may send it, which members it has, what it does to
 * the record, and how it reads. The functions check first and write then, so that a refused
 * event leaves the record as it was.
 */
#include "invite/event.h"

#include "base/clock.h"
#include "invite/change.h"
#include "invite/mails.h"
#include "invite/record.h"

#include <stdio.h>
#include <string.h>

#define MEMBER_MAX    2048
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int refuse_revoked(const struct change *change, struct error *error)
{
	if (json_member(change->record, "revoked_at") == NULL)
		return 0;
	return error_set(error, ERROR_CONFLICT, "the invitation is revoked");
}

static int created(struct change *change, struct error *error)
{
	static const char *const members[] = {"id", "customer_id", "full_name", "tenant",
		"invitation_email", "m365_admin_email", "expires_at"};

	if (json_member(change->record, "id") != NULL)
		return strcmp(json_string(change->record, "id", ""),
			       change_said(change, "id")) == 0
			       ? 0
			       : error_set(error, ERROR_CONFLICT,
					 "the record is another invitation's");
	if (json_object_object_length(change->record) > 0)
		return error_set(error, ERROR_CONFLICT, "the record is damaged: it has no id");
	change_put(change, "id", change_said(change, "id"));
	change_put_int(change, "revision", 0);
	for (size_t i = 1; i < ARRAY_SIZE(members); i++)
		change_take(change, members[i]);
	change_put_flag(change, "email_sent", false);
	change_put_int(change, "email_sent_count", 0);
	change_put(change, "delivery", "none");
	change_put(change, "consent", "none");
	change_put_flag(change, "device_authenticated", false);
	change_put(change, "token_state", "none");
	change_put(change, "created_at", change_said(change, "at"));
	return 0;
}

static int email_sent(struct change *change, struct error *error)
{
	const char *before = json_string(change->record, "message_id", NULL);
	const char *now = change_said(change, "message_id");
	bool same = before != NULL && now != NULL && strcmp(before, now) == 0;

	if (refuse_revoked(change, error) != 0)
		return -1;
	if (!same) {
		change_count(change, "email_sent_count");
		change_put(change, "email_sent_at", change_said(change, "at"));
		change->failed |= mails_supersede(change->record, now) != 0;
		if (json_flag(change->record, "email_sent", false)) {
			change_put(change, "delivery", "none");
			change_drop(change, "delivery_status");
			change_drop(change, "delivery_text");
		}
	}
	change_put_flag(change, "email_sent", true);
	change_take(change, "message_id");
	change_take(change, "queue_id");
	change_take(change, "platform_invitation_id");
	change_take(change, "envelope_sender");
	change_take(change, "expires_at");
	return 0;
}

/* Reports come in any order: only a higher row replaces. What was delivered is there, whoever
 * behind the mailbox refuses it then. */
static int delivery_rank(const char *delivery)
{
	static const char *const ranks[] = {
		"none", "delayed", "relayed", "failed", "delivered"};

	for (size_t i = 0; i < ARRAY_SIZE(ranks); i++)
		if (strcmp(ranks[i], delivery) == 0)
			return (int)i;
	return -1;
}

/* What it says of an earlier mail is no news of the last one. A Message-ID that is not known was
 * changed on the way; which mail's it was a report does not tell, and the last one's is taken. */
static int delivery(struct change *change, struct error *error)
{
	const char *now = change_said(change, "delivery");
	const char *before = json_string(change->record, "delivery", "none");

	if (delivery_rank(now) <= 0)
		return error_set(error, ERROR_PERMANENT, "unknown delivery \"%.32s\"", now);
	if (delivery_rank(now) <= delivery_rank(before) ||
		mails_superseded(change->record, change_said(change, "message_id")))
		return 0;
	change_put(change, "delivery", now);
	change_put(change, "delivery_status", change_said(change, "delivery_status"));
	change_put(change, "delivery_text", change_said(change, "delivery_text"));
	return 0;
}

static int link_seen(struct change *change, struct error *error)
{
	(void)error;
	change_put_first(change, "link_seen_at");
	return 0;
}

static int link_opened(struct change *change, struct error *error)
{
	(void)error;
	change_put_first(change, "link_seen_at");
	change_put_first(change, "link_opened_at");
	return 0;
}

/* Ties of the same second, by how far the workflow has come. */
static int consent_rank(const char *consent)
{
	static const char *const ranks[] = {
		"none", "requested", "expired", "denied", "granted"};

	for (size_t i = 0; i < ARRAY_SIZE(ranks); i++)
		if (strcmp(ranks[i], consent) == 0)
			return (int)i;
	return -1;
}

/* Hints come in any order: the one that happened last counts. What a token proved, no hint
 * changes. */
static bool consent_is_news(const struct change *change)
{
	time_t before = 0, now = 0;

	if (strcmp(change_said(change, "consent_source"), "token") == 0)
		return true;
	if (change_has(change, "consent_source", "token"))
		return false;
	clock_parse(json_string(change->record, "consent_at", NULL), &before);
	clock_parse(change_said(change, "at"), &now);
	return now > before ||
	       (now == before &&
		       consent_rank(change_said(change, "consent")) >
			       consent_rank(json_string(change->record, "consent", "none")));
}

static int consent(struct change *change, struct error *error)
{
	if (consent_rank(change_said(change, "consent")) <= 0)
		return error_set(error, ERROR_PERMANENT, "unknown consent \"%.32s\"",
			change_said(change, "consent"));
	if (!consent_is_news(change))
		return 0;
	change_put(change, "consent", change_said(change, "consent"));
	change_put(change, "consent_source", change_said(change, "consent_source"));
	change_put(change, "consent_at", change_said(change, "at"));
	return 0;
}

static int nothing(struct change *change, struct error *error)
{
	(void)change;
	(void)error;
	return 0;
}

static int sign_in_started(struct change *change, struct error *error)
{
	if (refuse_revoked(change, error) != 0)
		return -1;
	change_put_first(change, "link_opened_at");
	change_put(change, "sign_in_started_at", change_said(change, "at"));
	change_drop(change, "failed_at");
	change_drop(change, "last_error");
	return 0;
}

static int sign_in_failed(struct change *change, struct error *error)
{
	(void)error;
	change_put_last_error(change);
	if (json_flag(change->event, "final", false) &&
		!change_has(change, "token_state", "valid"))
		change_put(change, "failed_at", change_said(change, "at"));
	return 0;
}

static int sign_in_error(struct change *change, struct error *error)
{
	(void)error;
	change_put_last_error(change);
	return 0;
}

/* When the token was last known to work; events come in any order. */
static void put_use(struct change *change)
{
	time_t before = 0, now = 0;

	clock_parse(json_string(change->record, "token_used_at", NULL), &before);
	clock_parse(change_said(change, "at"), &now);
	if (now > before)
		change_put(change, "token_used_at", change_said(change, "at"));
}

/* After the first verified sign-in, tid and oid count, not names. */
static int refuse_other_account(const struct change *change, struct error *error)
{
	static const char *const members[] = {"signed_in_tenant", "signed_in_oid"};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const char *bound = json_string(change->record, members[i], NULL);

		if (bound != NULL && strcmp(bound, change_said(change, members[i])) != 0)
			return error_set(error, ERROR_CONFLICT,
				"the invitation is bound to another account (%s %s)",
				members[i], bound);
	}
	return 0;
}

static int device_authenticated(struct change *change, struct error *error)
{
	bool first = json_flag(change->event, "first_connection", false);

	if (refuse_revoked(change, error) != 0 || refuse_other_account(change, error) != 0)
		return -1;
	change_put_flag(change, "device_authenticated", true);
	change_put_first(change, "device_authenticated_at");
	change_take(change, "signed_in_as");
	change_take(change, "signed_in_tenant");
	change_take(change, "signed_in_oid");
	change_take(change, "granted_scopes");
	change_put_flag(change, "first_connection", first);
	change_put(change, "token_state", "valid");
	put_use(change);
	change_put(change, "consent", "granted");
	change_put(change, "consent_source", "token");
	change_drop(change, "failed_at");
	change_drop(change, "last_error");
	if (!first || !json_flag(change->event, "confirm", false))
		change_put_first(change, "authentication_complete_at");
	return 0;
}

static int token_used(struct change *change, struct error *error)
{
	(void)error;
	put_use(change);
	return 0;
}

static int confirmed(struct change *change, struct error *error)
{
	if (refuse_revoked(change, error) != 0)
		return -1;
	if (!json_flag(change->record, "device_authenticated", false))
		return error_set(error, ERROR_CONFLICT, "nobody has signed in yet");
	change_put_first(change, "authentication_complete_at");
	change_drop(change, "last_error");
	return 0;
}

static int token_refused(struct change *change, struct error *error)
{
	(void)error;
	change_put(change, "token_state", "needs_sign_in");
	change_put_last_error(change);
	return 0;
}

static int validated(struct change *change, struct error *error)
{
	(void)error;
	change_put(change, "validated_at", change_said(change, "at"));
	change_take(change, "validation");
	return 0;
}

/* An invitation that we mailed ourselves. Its Message-ID is not known: a report on it is known
 * by the link. */
static void put_mailed(struct change *change)
{
	if (strcmp(json_string(change->record, "email_sent_at", ""),
		    change_said(change, "at")) == 0)
		return;
	change_count(change, "email_sent_count");
	change_put(change, "email_sent_at", change_said(change, "at"));
	change->failed |= mails_supersede(change->record, NULL) != 0;
	change_put_flag(change, "email_sent", true);
	change_put(change, "delivery", "none");
	change_drop(change, "delivery_status");
	change_drop(change, "delivery_text");
}

static int notified(struct change *change, struct error *error)
{
	static const char *const kinds[] = {"continue", "reminder", "reinvite", "invitation"};
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) && strcmp(kinds[i], change_said(change, "kind")) != 0)
		i++;
	if (i == ARRAY_SIZE(kinds))
		return error_set(error, ERROR_PERMANENT, "unknown kind \"%.32s\"",
			change_said(change, "kind"));
	if (strcmp(change_said(change, "kind"), "invitation") == 0)
		put_mailed(change);
	return 0;
}

static int revoked(struct change *change, struct error *error)
{
	(void)error;
	change_put_first(change, "revoked_at");
	return 0;
}

static int extended(struct change *change, struct error *error)
{
	time_t until;

	if (refuse_revoked(change, error) != 0)
		return -1;
	if (clock_parse(change_said(change, "expires_at"), &until) != 0)
		return error_set(error, ERROR_PERMANENT, "event: \"expires_at\" is not a time");
	if (until > record_expires_at(change->record))
		change_put(change, "expires_at", change_said(change, "expires_at"));
	return 0;
}

static const char *const by_store[] = {"store", NULL};
static const char *const by_milter[] = {"milter", NULL};
static const char *const by_wizard[] = {"wizard", NULL};
static const char *const by_tokend[] = {"tokend", NULL};
static const char *const by_operator[] = {"operator", NULL};
static const char *const by_consent[] = {"milter", "tokend", NULL};

static const struct event_type {
	const char *name;
	const char *const *senders;
	const char *required; /* members that must be strings, separated by spaces */
	const char *optional; /* members that must be strings if they are there */
	int (*apply)(struct change *change, struct error *error);
	const char *words; /* {member} stands for its value */
} types[] = {
	{"created", by_store, "id customer_id invitation_email expires_at",
		"full_name tenant m365_admin_email", created,
		"Invitation opened for {invitation_email}, customer {customer_id}"},
	{"email_sent", by_milter, "expires_at",
		"message_id queue_id platform_invitation_id envelope_sender", email_sent,
		"Welcome mail sent, queue id {queue_id}, Message-ID {message_id}"},
	{"delivery", by_milter, "delivery", "delivery_status delivery_text message_id",
		delivery, "Welcome mail {delivery} {delivery_status} {delivery_text}"},
	{"link_seen", by_wizard, "", "", link_seen,
		"Link fetched, by a person or a mail scanner"},
	{"link_opened", by_wizard, "", "", link_opened, "Link opened: a button was pressed"},
	{"consent", by_consent, "consent consent_source", "message_id", consent,
		"Administrator's consent {consent}, known by {consent_source} {message_id}"},
	{"consent_hint", by_milter, "text", "", nothing, "Unproved consent mail: {text}"},
	{"sign_in_started", by_tokend, "", "method", sign_in_started,
		"Sign-in started, method {method}"},
	{"sign_in_failed", by_tokend, "code text", "", sign_in_failed,
		"Sign-in failed ({code}): {text}"},
	{"sign_in_error", by_tokend, "code text", "", sign_in_error,
		"Passing fault ({code}): {text}"},
	{"device_authenticated", by_tokend,
		"signed_in_as signed_in_tenant signed_in_oid granted_scopes", "",
		device_authenticated,
		"Token acquired and sealed for {signed_in_as} of tenant {signed_in_tenant}"},
	{"confirmed", by_tokend, "", "", confirmed,
		"Second sign-in confirmed, authentication complete"},
	{"token_refused", by_tokend, "code text", "", token_refused,
		"Token refused ({code}), a new sign-in is needed: {text}"},
	{"token_used", by_tokend, "", "", token_used, "Token refreshed, as it is regularly"},
	{"validated", by_tokend, "validation", "", validated, "{validation}"},
	{"notified", by_tokend, "kind", "", notified,
		"Mail sent to the Service account: {kind}"},
	{"revoked", by_operator, "", "text", revoked, "Invitation revoked {text}"},
	{"extended", by_operator, "expires_at", "", extended,
		"Validity extended to {expires_at}"},
};

static const struct event_type *find_type(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const char *const *event_senders(const char *type)
{
	const struct event_type *found = find_type(type);

	return found != NULL ? found->senders : NULL;
}

struct json_object *event_create(const char *type, time_t when)
{
	struct json_object *event = json_object_new_object();
	char at[CLOCK_TEXT_SIZE];

	if (event != NULL && json_set_string(event, "type", type) == 0 &&
		json_set_string(event, "at", clock_format(when, at)) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

/* Checks each of the named members. */
static int check_members(
	struct json_object *event, const char *names, bool required, struct error *error)
{
	char name[64];
	int used;

	for (; sscanf(names, " %63s%n", name, &used) == 1; names += used) {
		struct json_object *value = json_member(event, name);

		if (value == NULL && !required)
			continue;
		if (!json_object_is_type(value, json_type_string))
			return error_set(error, ERROR_PERMANENT, "event: \"%s\" is %s", name,
				value == NULL ? "missing" : "not a string");
		if (json_object_get_string_len(value) > MEMBER_MAX)
			return error_set(error, ERROR_PERMANENT,
				"event: \"%s\" is longer than %d bytes", name, MEMBER_MAX);
	}
	return 0;
}

int event_check(struct json_object *event, struct error *error)
{
	const struct event_type *type = find_type(json_string(event, "type", NULL));
	time_t when;

	if (type == NULL)
		return error_set(error, ERROR_PERMANENT, "event: unknown type");
	if (clock_parse(json_string(event, "at", NULL), &when) != 0)
		return error_set(error, ERROR_PERMANENT, "event: \"at\" is not a time");
	if (check_members(event, type->required, true, error) != 0)
		return -1;
	if (check_members(event, "operator", false, error) != 0)
		return -1;
	return check_members(event, type->optional, false, error);
}

int event_apply(struct json_object *record, struct json_object *event, struct error *error)
{
	struct change change = {.record = record, .event = event};
	const struct event_type *type = find_type(json_string(event, "type", NULL));

	if (type == NULL)
		return error_set(error, ERROR_PERMANENT, "event: unknown type");
	if (type->apply(&change, error) != 0)
		return -1;
	if (change.changed)
		change_count(&change, "revision");
	if (change.failed)
		return error_memory(error);
	return change.changed ? 1 : 0;
}

void event_describe(struct json_object *event, char *text_r, size_t size)
{
	const struct event_type *type = find_type(json_string(event, "type", NULL));
	const char *words = type != NULL ? type->words : "Unknown event";
	size_t used = 0;
	char name[64];
	int len;

	while (*words != '\0' && used + 1 < size) {
		const char *value = NULL;

		if (sscanf(words, "{%63[a-z_0-9]}%n", name, &len) == 1) {
			value = json_string(event, name, "");
			words += len;
			used += (size_t)snprintf(text_r + used, size - used, "%s", value);
		} else {
			text_r[used++] = *words++;
		}
	}
	if (used >= size)
		used = size - 1;
	while (used > 0 && text_r[used - 1] == ' ')
		used--;
	text_r[used] = '\0';
	if (json_string(event, "operator", NULL) != NULL)
		snprintf(text_r + used, size - used, ", by %s",
			json_string(event, "operator", ""));
}
