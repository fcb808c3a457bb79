/*
 * Customers as replies tell them. What lists and look-ups by the thousand need comes as lines
 * that are ready to be written out.
 */
#include "store/engine_internal.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>

#define NOT_INVITED "not_invited"

/* Ids are no longer than TEXT_MAX, or nobody's. */
static void id_text(struct kv_bytes id, char text_r[TEXT_MAX + 1])
{
	size_t len = id.len <= TEXT_MAX ? id.len : 0;

	memcpy(text_r, id.data, len);
	text_r[len] = '\0';
}

int customer_load(struct engine *engine, struct kv_bytes customer_id, const char *invitation,
	struct customer *customer_r, struct error *error)
{
	char text[TEXT_MAX + 1];
	int found;

	*customer_r = (struct customer){.id = customer_id};
	id_text(customer_id, text);
	if (invitation != NULL) {
		strcpy(customer_r->invitation, invitation);
		found = 1;
	} else {
		found = invitation_latest(engine, text, customer_r->invitation, error);
	}
	if (found < 0)
		return -1;
	found = customer_find(engine, customer_id, &customer_r->row, error);
	customer_r->known = found == 1;
	return found < 0 ? -1 : customer_r->known || customer_r->invitation[0] != '\0';
}

/* What an invitation alone says of its customer, in the form of a row. */
static void append_of_record(struct json_object *record, struct buf *out)
{
	static const char *const members[ROW_COLUMNS] = {
		"customer_id", "invitation_email", "full_name", "tenant", "m365_admin_email"};
	struct row row;

	for (size_t i = 0; i < ROW_COLUMNS; i++)
		row.columns[i] = kv_text(json_string(record, members[i], ""));
	row_append(&row, out);
}

/* The customer's invitation, or NULL in *record_r when it has none. Returns 0 or -1. */
static int load_invitation(struct engine *engine, const struct customer *customer,
	struct stored *stored_r, struct error *error)
{
	int found = invitation_load(engine, customer->invitation, stored_r, error);

	if (found == 0)
		return error_set(error, ERROR_TEMPORARY, "an index is damaged in the database");
	return found < 0 ? -1 : 0;
}

int customer_append(
	struct ask *ask, const struct customer *customer, struct buf *out, struct error *error)
{
	bool invited = customer->invitation[0] != '\0';
	char customer_id[TEXT_MAX + 1];
	struct json_object *record;
	struct stored stored;

	if (invited && load_invitation(ask->engine, customer, &stored, error) != 0)
		return -1;
	buf_byte(out, '{');
	if (customer->known) {
		row_append(&customer->row, out);
	} else {
		record = stored_record(&stored, error);
		if (record == NULL)
			return -1;
		append_of_record(record, out);
		json_object_put(record);
	}
	buf_string(out, customer->known ? ",\"known\":true" : ",\"known\":false");
	id_text(customer->id, customer_id);
	if (consent_append(ask->engine, customer_id, out, error) != 0)
		return -1;
	stored.customer_id = customer_id;
	buf_string(out, ",\"invitation\":");
	if (!invited)
		buf_string(out, "null");
	else if (invitation_append(
			 ask->engine, customer->invitation, &stored, ask->now, out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return 0;
}

/* Control characters would make two lines or columns of one, or be orders to a terminal. */
static void append_column(struct buf *out, struct kv_bytes text, char end)
{
	size_t at = out->len;

	buf_append(out, text.data, text.len);
	for (; at < out->len; at++) {
		size_t control = utf8_control_length(out->data + at);

		memset(out->data + at, ' ', control);
		at += control > 1;
	}
	buf_byte(out, end);
}

static int append_invited(
	struct ask *ask, const struct customer *customer, struct buf *out, struct error *error)
{
	struct json_object *record;
	struct stored stored;

	if (load_invitation(ask->engine, customer, &stored, error) != 0)
		return -1;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	append_column(out, kv_text(status_name(stored_status(&stored, ask->now))), '\t');
	append_column(out, kv_text(json_string(record, "invitation_email", "-")), '\t');
	append_column(out, kv_text(json_string(record, "expires_at", "-")), '\n');
	json_object_put(record);
	return 0;
}

int customer_append_line(struct ask *ask, const struct customer *customer, struct kv_bytes key,
	struct buf *out, struct error *error)
{
	append_column(out, key, '\t');
	if (customer->invitation[0] != '\0')
		return append_invited(ask, customer, out, error);
	buf_string(out, NOT_INVITED "\t");
	append_column(out, customer->row.columns[ROW_MAILBOX], '\t');
	buf_string(out, "-\n");
	return out->failed ? error_memory(error) : 0;
}
