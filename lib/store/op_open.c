/*
 * Request open: the invitation of a customer and mailbox that is open, or a new one. Its first
 * event, and that of the Welcome mail where one is sent, are applied at once.
 */
#include "store/engine_internal.h"

#include "base/clock.h"
#include "invite/event.h"
#include "invite/tag.h"

#include <stdlib.h>
#include <string.h>

#define SUBJECT_MAX 500

struct opening {
	struct ask *ask;
	char customer_id[TEXT_MAX + 1];
	char mailbox[TEXT_MAX + 1];
	struct json_object *row;    /* the customer's in the table, or NULL */
	struct json_object *record; /* the invitation's */
	struct trail trail;
	struct buf tenant; /* that the customer is bound to by an earlier sign-in */
};

static int take_customer(void *context, const char *customer_id, struct error *error)
{
	(void)error;
	strcpy(context, customer_id);
	return 1;
}

static int lower(char text_r[TEXT_MAX + 1], const char *text, struct error *error)
{
	struct buf low;
	int result = 0;

	buf_init(&low, TEXT_MAX);
	key_lower(&low, text);
	if (low.failed)
		result = error_memory(error);
	else
		memcpy(text_r, low.data, low.len + 1);
	buf_free(&low);
	return result;
}

/* Whose the mailbox is: as the table says, else the mailbox is a customer of its own. */
static int customer_of_mailbox(struct opening *opening, struct error *error)
{
	int found = customer_each(opening->ask->engine,
		(struct index_query){TABLE_MAILBOX, opening->mailbox}, take_customer,
		opening->customer_id, error);

	if (found == 0)
		return lower(opening->customer_id, opening->mailbox, error);
	return found < 0 ? -1 : 0;
}

/* Which mailbox is the customer's: as the table says, else the one invited last. */
static int mailbox_of_customer(struct opening *opening, struct error *error)
{
	struct engine *engine = opening->ask->engine;
	const char *mailbox = json_string(opening->row, "mailbox", NULL);
	char id[INVITATION_ID_LEN + 1];
	struct json_object *record = NULL;
	struct stored stored;
	int found;

	if (mailbox == NULL) {
		found = invitation_latest(engine, opening->customer_id, id, error);
		if (found == 1)
			found = invitation_load(engine, id, &stored, error);
		if (found == 0)
			return error_set(error, ERROR_NOT_FOUND,
				"customer \"%.100s\" is not known", opening->customer_id);
		record = found == 1 ? stored_record(&stored, error) : NULL;
		if (record == NULL)
			return -1;
		mailbox = json_string(record, "invitation_email", "");
	}
	strcpy(opening->mailbox, mailbox);
	json_object_put(record);
	return 0;
}

static int resolve(struct opening *opening, struct error *error)
{
	struct json_object *request = opening->ask->request;
	const char *customer_id = json_string(request, "customer_id", NULL);
	const char *mailbox = json_string(request, "mailbox", NULL);

	if (!role_names_operator(opening->ask->caller->role, request))
		return error_set(error, ERROR_POLICY, "%s may not name an operator",
			role_name(opening->ask->caller->role));
	if (customer_id == NULL && mailbox == NULL)
		return error_set(
			error, ERROR_PERMANENT, "neither a mailbox nor a customer is named");
	if ((customer_id != NULL && !text_valid(customer_id)) ||
		(mailbox != NULL && !text_valid(mailbox)))
		return error_set(error, ERROR_PERMANENT,
			"a mailbox or customer id is empty, has control characters or is longer "
			"than %d bytes",
			TEXT_MAX);
	if (mailbox != NULL)
		strcpy(opening->mailbox, mailbox);
	if (customer_id != NULL)
		strcpy(opening->customer_id, customer_id);
	else if (customer_of_mailbox(opening, error) != 0)
		return -1;
	if (customer_row(opening->ask->engine, opening->customer_id, &opening->row, error) < 0)
		return -1;
	return mailbox != NULL ? 0 : mailbox_of_customer(opening, error);
}

/* Is it the open invitation of this customer and mailbox? Then its record is taken. */
static int take_open(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct opening *opening = context;
	struct stored stored;
	int found = invitation_load(opening->ask->engine, id, &stored, error);
	enum status status;

	(void)customer_id;
	if (found != 1)
		return found;
	status = stored_status(&stored, opening->ask->now);
	if (status == STATUS_REVOKED || status == STATUS_EXPIRED ||
		status == STATUS_AUTHENTICATION_COMPLETE)
		return 0;
	opening->record = stored_record(&stored, error);
	if (opening->record == NULL)
		return -1;
	opening->trail = stored.trail;
	if (strcasecmp(json_string(opening->record, "invitation_email", ""),
		    opening->mailbox) == 0)
		return 1;
	json_object_put(opening->record);
	opening->record = NULL;
	return 0;
}

static int apply_new(struct opening *opening, struct json_object *event, struct error *error)
{
	int changed = event == NULL ? error_memory(error)
				    : invitation_event(opening->ask, opening->record,
					      &opening->trail, event, error);

	json_object_put(event);
	return changed < 0 ? -1 : 0;
}

static struct json_object *created_event(struct opening *opening)
{
	static const char *const from_row[] = {"full_name", "tenant", "m365_admin_email"};
	time_t now = opening->ask->now;
	struct json_object *event = event_create("created", now);
	char id[INVITATION_ID_LEN + 1], expires_at[CLOCK_TEXT_SIZE];
	int failed = event == NULL || invitation_id_new(id) != 0;

	if (!failed) {
		clock_format(
			now + opening->ask->engine->settings->invitation_lifetime, expires_at);
		failed |= json_set_string(event, "id", id);
		failed |= json_set_string(event, "customer_id", opening->customer_id);
		failed |= json_set_string(event, "invitation_email", opening->mailbox);
		failed |= json_set_string(event, "expires_at", expires_at);
		failed |= json_set_string(event, "operator",
			json_string(opening->ask->request, "operator", NULL));
	}
	for (size_t i = 0; !failed && i < sizeof(from_row) / sizeof(from_row[0]); i++) {
		const char *value = json_string(opening->row, from_row[i], "");

		if (*value != '\0')
			failed |= json_set_string(event, from_row[i], value);
	}
	if (!failed && opening->tenant.len > 0)
		failed |= json_set_string(event, "tenant", opening->tenant.data);
	if (!failed)
		return event;
	json_object_put(event);
	return NULL;
}

/* A subject may be as long as a mail's head; it is kept for people only. */
static int cut_subject(struct json_object *event)
{
	const char *subject = json_string(event, "subject", NULL);
	char cut[SUBJECT_MAX + 1];
	size_t len = SUBJECT_MAX;

	if (subject == NULL || strlen(subject) <= SUBJECT_MAX)
		return 0;
	while (len > 0 && ((unsigned char)subject[len] & 0xc0) == 0x80)
		len--; /* not within a character of UTF-8 */
	memcpy(cut, subject, len);
	cut[len] = '\0';
	return json_set_string(event, "subject", cut);
}

static struct json_object *email_event(struct opening *opening, struct json_object *email)
{
	struct json_object *event = json_copy(email);
	char at[CLOCK_TEXT_SIZE];

	if (event != NULL && json_set_string(event, "type", "email_sent") == 0 &&
		json_set_string(event, "at", clock_format(opening->ask->now, at)) == 0 &&
		cut_subject(event) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

static int apply_email(struct opening *opening, struct json_object *email, struct error *error)
{
	enum store_role role = opening->ask->caller->role;
	struct json_object *event;

	if (!json_object_is_type(email, json_type_object))
		return error_set(error, ERROR_PERMANENT, "\"email\" is not an object");
	event = email_event(opening, email);
	if (event == NULL || role_sends(role, event))
		return apply_new(opening, event, error);
	json_object_put(event);
	return error_set(error, ERROR_POLICY, "%s may not send such an event \"email_sent\"",
		role_name(role));
}

static int open_invitation(struct opening *opening, bool *created_r, struct error *error)
{
	struct json_object *email = json_member(opening->ask->request, "email");
	int found = index_each(opening->ask->engine,
		(struct index_query){INDEX_CUSTOMER, opening->customer_id}, take_open, opening,
		error);

	if (found < 0)
		return -1;
	*created_r = found == 0;
	if (found == 0) {
		opening->trail = (struct trail){0};
		opening->record = json_object_new_object();
		if (opening->record == NULL)
			return error_memory(error);
		if (binding_tenant(opening->ask->engine, opening->customer_id, opening->row,
			    &opening->tenant, error) != 0 ||
			apply_new(opening, created_event(opening), error) != 0)
			return -1;
	}
	return email == NULL ? 0 : apply_email(opening, email, error);
}

int op_open(struct ask *ask, struct buf *outcome, struct error *error)
{
	struct opening opening = {.ask = ask};
	bool created = false;
	int result;

	buf_init(&opening.tenant, KV_KEY_MAX);
	result = resolve(&opening, error);
	if (result == 0)
		result = open_invitation(&opening, &created, error);
	if (result == 0)
		outcome_keep(outcome, json_string(opening.record, "id", ""), created);
	json_object_put(opening.row);
	json_object_put(opening.record);
	buf_free(&opening.tenant);
	return result;
}

static int append_bounce_address(
	struct ask *ask, const struct buf *outcome, struct buf *out, struct error *error)
{
	const char *base = ask->engine->settings->bounce_address;
	char id[INVITATION_ID_LEN + 1] = "", tag[BOUNCE_TAG_LEN + 1];
	struct json_object *string = NULL;
	char *address = NULL;

	if (base == NULL || *base == '\0')
		return 0;
	memcpy(id, outcome->data, INVITATION_ID_LEN);
	if (bounce_tag_new(ask->engine->keys, id, tag) == 0)
		address = tagged_address(base, tag);
	if (address != NULL)
		string = json_object_new_string(address);
	if (string != NULL)
		buf_printf(out, ",\"bounce_address\":%s", json_text(string));
	free(address);
	json_object_put(string);
	return string != NULL ? 0 : error_memory(error);
}

int answer_opened(
	struct ask *ask, const struct buf *outcome, struct buf *out, struct error *error)
{
	if (outcome_answer(ask, outcome, "created", out, error) != 0 ||
		append_bounce_address(ask, outcome, out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return 0;
}
