/*
 * The rows of a view: a record becomes a few numbers and its folded texts. See view_internal.h
 * for how they lie.
 */
#include "view_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX  ((size_t)UINT32_MAX)
#define FIELDS_MAX (64 * 1024)
#define ROWS_FIRST 1024

struct view *view_new(void)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return NULL;
	buf_init(&view->texts, TEXTS_MAX);
	view->free = NO_ROW;
	view->version = clock_real_ms();
	return view;
}

void view_clear(struct view *view)
{
	orders_clear(view);
	buf_free(&view->texts);
	free(view->rows);
	free(view->buckets);
	*view = (struct view){
		.texts = view->texts, .free = NO_ROW, .version = view->version + 1};
}

void view_free(struct view **view)
{
	if (*view == NULL)
		return;
	view_clear(*view);
	free(*view);
	*view = NULL;
}

int view_sort(struct view *view)
{
	if (!view_ready(view) && orders_build_next(view) != 0)
		return -1;
	view->version++;
	return !view_ready(view);
}

bool view_ready(const struct view *view)
{
	return view->sorted == SORTED_FIELDS;
}

size_t view_size(const struct view *view)
{
	return view->size;
}

uint64_t view_version(const struct view *view)
{
	return view->version;
}

size_t view_memory(const struct view *view)
{
	size_t bytes = view->texts.len + view->rows_n * sizeof(struct row) +
		       view->buckets_n * sizeof(uint32_t);

	for (size_t i = 0; i < SORTED_FIELDS; i++)
		bytes += view->orders[i].n * sizeof(struct order_block);
	return bytes;
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash ^ hash >> 32;
}

void row_id(const struct view *view, uint32_t row, char id_r[INVITATION_ID_LEN + 1])
{
	const char *text = row_field(view, row, FIELD_ID);

	for (int i = 0; i < INVITATION_ID_LEN; i++)
		id_r[i] = view->rows[row].capitals >> i & 1 ? (char)(text[i] - 'a' + 'A')
							    : text[i];
	id_r[INVITATION_ID_LEN] = '\0';
}

static uint32_t *bucket(const struct view *view, const char *id)
{
	return &view->buckets[hash_of(id) & (view->buckets_n - 1)];
}

/* The row's place in the chain of its bucket: NO_ROW stands there when it is not known. */
static uint32_t *find(const struct view *view, const char *id)
{
	uint32_t *link = bucket(view, id);
	char known[INVITATION_ID_LEN + 1];

	for (; *link != NO_ROW; link = &view->rows[*link].next) {
		row_id(view, *link, known);
		if (strcmp(known, id) == 0)
			break;
	}
	return link;
}

/* Twice as many buckets as there were, and all rows in them. */
static int more_buckets(struct view *view)
{
	size_t n = view->buckets_n > 0 ? view->buckets_n * 2 : ROWS_FIRST;
	uint32_t *buckets = malloc(n * sizeof(*buckets));
	char id[INVITATION_ID_LEN + 1];

	if (buckets == NULL)
		return -1;
	memset(buckets, 0xff, n * sizeof(*buckets));
	free(view->buckets);
	view->buckets = buckets;
	view->buckets_n = n;
	for (size_t row = 0; row < view->rows_n; row++) {
		uint32_t *link;

		if (view->rows[row].text == 0)
			continue;
		row_id(view, (uint32_t)row, id);
		link = bucket(view, id);
		view->rows[row].next = *link;
		*link = (uint32_t)row;
	}
	return 0;
}

static uint32_t seconds(time_t when)
{
	return when < 0 ? 0 : when < UINT32_MAX ? (uint32_t)when : UINT32_MAX;
}

static uint32_t stamp(struct json_object *record, const char *name)
{
	time_t when;

	return clock_parse(json_string(record, name, NULL), &when) == 0 ? seconds(when) : 0;
}

static unsigned char rank(const char *text, const char *const *ranks)
{
	unsigned char n = 0;

	while (ranks[n] != NULL && strcmp(ranks[n], text) != 0)
		n++;
	return n;
}

static uint32_t capitals(const char *id)
{
	uint32_t bits = 0;

	for (int i = 0; i < INVITATION_ID_LEN; i++)
		if (id[i] >= 'A' && id[i] <= 'Z')
			bits |= 1u << i;
	return bits;
}

static void read_token(struct json_object *record, struct row *row)
{
	static const char *const states[] = {"none", "valid", "needs_sign_in", NULL};
	const char *tenant = json_string(record, "signed_in_tenant", "");

	row->token = rank(json_string(record, "token_state", "none"), states);
	row->tenant = *tenant != '\0' ? hash_of(tenant) : 0;
	row->used = seconds(record_token_used_at(record));
}

static struct row read_facts(struct json_object *record)
{
	static const char *const deliveries[] = {
		"none", "delayed", "relayed", "delivered", "failed", NULL};
	static const char *const consents[] = {
		"none", "requested", "expired", "denied", "granted", NULL};
	const int64_t count = json_int(record, "email_sent_count", 0);
	const time_t expires = record_expires_at(record);
	struct row row = {
		.capitals = capitals(json_string(record, "id", "")),
		.created = stamp(record, "created_at"),
		.expires = stamp(record, "expires_at"),
		.revoked = stamp(record, "revoked_at"),
		.sent = stamp(record, "email_sent_at"),
		.opened = stamp(record, "link_opened_at"),
		.authenticated = stamp(record, "device_authenticated_at"),
		.completed = stamp(record, "authentication_complete_at"),
		.count = (uint16_t)(count < 0		 ? 0
				    : count > UINT16_MAX ? UINT16_MAX
							 : count),
		.before = (unsigned char)record_status(record, expires),
		.after = (unsigned char)record_status(record, expires + 1),
		.delivery = rank(json_string(record, "delivery", "none"), deliveries),
		.consent = rank(json_string(record, "consent", "none"), consents),
	};

	read_token(record, &row);
	return row;
}

/* Appends the texts as the arena has them. */
static void read_fields(struct json_object *record, struct buf *fields)
{
	static const char *const names[FIELDS] = {"id", "customer_id", "full_name",
		"invitation_email", "m365_admin_email", "tenant"};

	for (size_t i = 0; i < FIELDS; i++) {
		const char *text = json_string(record, names[i], "");

		if (i == FIELD_TENANT && *text == '\0')
			text = json_string(record, "signed_in_tenant", "");
		text_fold(text, fields);
		buf_byte(fields, FIELD_END);
	}
}

static uint32_t take_row(struct view *view)
{
	uint32_t row = view->free;

	if (row != NO_ROW) {
		view->free = view->rows[row].next;
		return row;
	}
	if (view->rows_n == view->rows_cap) {
		size_t cap =
			view->rows_cap > 0 ? view->rows_cap + view->rows_cap / 2 : ROWS_FIRST;
		struct row *larger =
			cap < NO_ROW ? realloc(view->rows, cap * sizeof(*larger)) : NULL;

		if (larger == NULL)
			return NO_ROW;
		view->rows = larger;
		view->rows_cap = cap;
	}
	return (uint32_t)view->rows_n++;
}

static void give_row(struct view *view, uint32_t row)
{
	view->rows[row] = (struct row){.next = view->free};
	view->free = row;
}

static void drop(struct view *view, uint32_t *link)
{
	uint32_t row = *link;

	orders_remove(view, row);
	*link = view->rows[row].next;
	texts_drop(view, row);
	give_row(view, row);
	view->size--;
	view->version++;
}

static int add(
	struct view *view, const char *id, const struct row *facts, const struct buf *fields)
{
	uint32_t row, *link;

	if (view->size == view->buckets_n && more_buckets(view) != 0)
		return -1;
	row = take_row(view);
	if (row == NO_ROW)
		return -1;
	view->rows[row] = *facts;
	if (texts_put(view, row, fields) != 0) {
		give_row(view, row);
		return -1;
	}
	if (orders_put(view, row) != 0) {
		texts_drop(view, row);
		give_row(view, row);
		return -1;
	}
	link = bucket(view, id);
	view->rows[row].next = *link;
	view->rows[row].changed = (uint32_t)++view->version;
	*link = row;
	view->size++;
	return 0;
}

/* New facts of a row whose texts, and place among those of the same text, are what they were. */
static void replace_facts(struct view *view, uint32_t row, struct row facts)
{
	facts.text = view->rows[row].text;
	facts.next = view->rows[row].next;
	facts.changed = (uint32_t)++view->version;
	view->rows[row] = facts;
}

int view_put(struct view *view, struct json_object *record)
{
	const char *id = json_string(record, "id", "");
	uint32_t *link = NULL;
	struct buf fields;
	struct row facts;
	int result = -1;

	if (!invitation_id_valid(id))
		return 0;
	buf_init(&fields, FIELDS_MAX);
	facts = read_facts(record);
	read_fields(record, &fields);
	if (view->buckets_n > 0)
		link = find(view, id);
	if (fields.failed) {
		result = -1;
	} else if (link == NULL || *link == NO_ROW) {
		result = add(view, id, &facts, &fields);
	} else if (texts_same(view, *link, &fields) &&
		   view->rows[*link].created == facts.created) {
		replace_facts(view, *link, facts);
		result = 0;
	} else {
		drop(view, link);
		result = add(view, id, &facts, &fields);
	}
	buf_free(&fields);
	return result;
}

bool view_remove(struct view *view, const char *id)
{
	uint32_t *link = view->buckets_n > 0 ? find(view, id) : NULL;

	if (link == NULL || *link == NO_ROW)
		return false;
	drop(view, link);
	return true;
}

bool view_changed(const struct view *view, const char *id, uint64_t since)
{
	const uint32_t *link = view->buckets_n > 0 ? find(view, id) : NULL;

	if (link == NULL || *link == NO_ROW)
		return true;
	/* Half of a number goes round; half a round is far away. */
	return (int32_t)(view->rows[*link].changed - (uint32_t)since) > 0;
}

size_t view_forget(struct view *view, time_t limit, time_t now)
{
	char id[INVITATION_ID_LEN + 1];
	size_t n = 0;

	for (size_t i = 0; i < view->rows_n; i++) {
		const struct row *row = &view->rows[i];
		const enum status status =
			row->text != 0 ? row_status(row, now) : STATUS_PENDING;
		const time_t ended = status == STATUS_REVOKED	? row->revoked
				     : status == STATUS_EXPIRED ? row->expires
								: limit;

		if (ended >= limit)
			continue;
		row_id(view, (uint32_t)i, id);
		n += view_remove(view, id);
	}
	return n;
}

enum status row_status(const struct row *row, time_t now)
{
	bool over = row->expires != 0 && now > (time_t)row->expires;

	return (enum status)(over ? row->after : row->before);
}
