/*
 * What the engine's files share. Layout of the trees (numbers are big endian, so that they sort):
 *
 *	invitation  id                                       a stored head (struct stored), then the record's text
 *	event       sequence                                 a head (struct entry), then the event's text; each names the
 *	                                                     one before it of the same invitation
 *	index       kind, value, 0, ~created sequence, id    customer id; newest first within a value
 *	            INDEX_DONE, tenant                       nothing: that tenant has completed once
 *	            INDEX_SENT, mailbox                      times of the Welcome mails to it (8 bytes each, newest
 *	                                                     first) that were recorded within SENT_KEPT before the last
 *	change      16 bytes of a change id                  the op's name, 0, the outcome (struct op)
 *	customer    table, TABLE_ROW, customer id            the row's value (row.h), or nothing: removed
 *	            table, TABLE_MAILBOX or TABLE_TENANT, value, 0, customer id      nothing
 *	meta        "sequence", "table"                      numbers
 *
 * Values of indexes other than customer ids are in lower case (ASCII). "table" is the number of
 * the customers table in force. What was loaded is in a file of its own (table_file.h), which
 * is complete on disk before its number is written here, and never changes. The customer tree
 * holds what was changed since, and lies over the file: a row, or that there is none. Table 0
 * has no file. Files and changes of other numbers are being loaded, or left over and removed.
 */
#ifndef POSTINVITE_STORE_ENGINE_INTERNAL_H
#define POSTINVITE_STORE_ENGINE_INTERNAL_H

#include "base/frame.h"
#include "invite/record.h"
#include "invite/tag.h"
#include "store/cache.h"
#include "store/engine.h"
#include "store/reports.h"
#include "store/table_file.h"
#include "store/table_format.h"
#include "store/tags.h"

enum tree {
	TREE_INVITATION,
	TREE_EVENT,
	TREE_INDEX,
	TREE_CHANGE,
	TREE_CUSTOMER,
	TREE_META,
};

#define INDEX_CUSTOMER 'c'
#define INDEX_MAILBOX  'm'
#define INDEX_ADMIN    'a'
#define INDEX_TENANT   't'
#define INDEX_DONE     'd'
#define INDEX_SENT     's'

#define REPLY_MAX     (FRAME_MAX - 64) /* a reply fits in a frame */
#define PAGE_MAX      (REPLY_MAX / 2)  /* a page of a list ends when it is longer */
#define CUSTOMERS_MAX 1000	       /* of one reply */
#define CHANGE_BYTES  (CHANGE_ID_LEN / 2)
/* times of mails kept for a mailbox, at least recipient_daily_limit's maximum */
#define SENT_MAX  100
#define SENT_KEPT (24 * 3600) /* and for how long */

struct load;

struct engine {
	struct kv *kv;
	struct cache *cache;
	/* ids of the records that the open transaction wrote, with their NULs */
	struct buf written;
	const struct settings *settings;
	const struct keyfile *keys;
	char *auth_url;	      /* JSON text up to the token: ,"auth_url":"https://.../i/ */
	struct tags *tags;    /* NULL without consent_address */
	char *consent_local;  /* JSON text around a tag: ,"consent_address":"consent+ */
	char *consent_domain; /* @invite.provider.example" */
	/* Whose address was made last: a customer's reply has it twice. */
	char consent_customer[TEXT_MAX + 1];
	char consent_tag[CONSENT_TAG_LEN + 1];
	uint64_t sequence;  /* of the last event; within a transaction, of the last one in it */
	uint64_t committed; /* of the last one committed */
	uint64_t durable;   /* of the last one that is on disk */
	uint64_t table;	    /* in force */
	struct table_file *file; /* its file, NULL: not open */
	size_t file_cache;	 /* bytes, 0: few */
	bool changed;		 /* something may lie over the file */
	uint64_t next_table;	 /* in force once the transaction is committed */
	uint64_t last_load;
	struct load *loads;
	struct reports *reports; /* of all programs */
	engine_report_fn *report_own;
	void *report_context;
	bool dirty;	  /* something is committed and not yet durable */
	bool sync_failed; /* the last engine_sync was refused */
	uint64_t started_ms;
	bool files_clean;  /* no file of another table is left over */
	bool tables_clean; /* nor any change to one */
	/* Retention has looked at invitations up to this one, and begins again at that time. */
	char swept[INVITATION_ID_LEN + 1];
	time_t sweep_at;
};

/* One request under way. */
struct ask {
	struct engine *engine;
	const struct engine_caller *caller;
	struct json_object *request;
	time_t now;
};

/* A transaction (engine.c): refused while the disk is full; an abort takes the events' numbers
 * back. */

int engine_begin(struct engine *engine, struct error *error);
int engine_commit(struct engine *engine, struct error *error);
void engine_abort(struct engine *engine);

struct kv_bytes kv_text(const char *text); /* without its NUL */
struct kv_bytes kv_buf(const struct buf *buf);
void key_number(struct buf *key, uint64_t number); /* 8 bytes */
uint64_t read_number(const void *bytes);
void key_lower(struct buf *key, const char *text);

/* Is it 1 to TEXT_MAX bytes without control characters? */
bool text_valid(const char *text);

/* Sequence numbers of an invitation's first and last event, 0 before there is one. */
struct trail {
	uint64_t first, last;
};

/* What look-ups need of a record without parsing it. */
struct stored {
	struct trail trail;
	uint64_t revision;
	time_t expires_at;	   /* 0: never */
	time_t revoked_at;	   /* 0: not */
	enum status before, after; /* its status until it expires, and from then on */
	const char *text;
	size_t len;
	struct cached *cached;	 /* its place in the cache, or NULL */
	const char *customer_id; /* NULL: not looked for */
};

/* Returns 1, 0 when there is none, -1. *stored_r is valid until the next invitation_load or write
 * of an invitation. */
int invitation_load(
	struct engine *engine, const char *id, struct stored *stored_r, struct error *error);
/* The same of a value of the invitation tree: 1 or -1. */
int stored_read(
	const char *id, struct kv_bytes value, struct stored *stored_r, struct error *error);

enum status stored_status(const struct stored *stored, time_t now);
struct json_object *stored_record(
	const struct stored *stored, struct error *error); /* the caller's */

/* Appends the record with its derived members. Returns 0 or -1. */
int invitation_append(struct engine *engine, const char *id, const struct stored *stored,
	time_t now, struct buf *out, struct error *error);

/* Applies the event (changed: members of the store's own are added) to the record and writes both;
 * the trail is the record's and moves on. Returns 1 when the record changed, 0, or -1. */
int invitation_event(struct ask *ask, struct json_object *record, struct trail *trail,
	struct json_object *event, struct error *error);

/* binding.c: appends the tenant that the customer is bound to by a verified sign-in, nothing where it
 * is to none or its row in the table (or NULL) names one. Returns 0 or -1. */
int binding_tenant(struct engine *engine, const char *customer_id, struct json_object *row,
	struct buf *tenant, struct error *error);

/* Is a first sign-in (event device_authenticated) to this invitation one of the tenant that its
 * customer is bound to? Returns 0, or -1: conflict when it is not. */
int binding_check(struct engine *engine, struct json_object *record, struct json_object *event,
	struct error *error);

/* May the validity of this invitation be extended? Not where another one of its customer and
 * mailbox is open by now. Returns 0 or -1. */
int extension_check(struct ask *ask, const char *id, const struct stored *stored,
	struct json_object *record, struct error *error);

/* Applies "revoked". Returns 1, 0 when it is that already, -1. */
int invitation_revoke(struct ask *ask, const char *id, struct error *error);

/* Removes the invitation with its history and indexes. */
int invitation_remove(struct engine *engine, const char *id, time_t now, struct error *error);

/* Calls `each` for the invitations with that value, newest first, until it returns non-zero, which
 * is returned. */
typedef int index_fn(
	void *context, const char *id, const char *customer_id, struct error *error);
struct index_query {
	char kind;
	const char *value;
};
int index_each(struct engine *engine, struct index_query query, index_fn *each, void *context,
	struct error *error);

/* The newest invitation of that customer. Returns 1, 0, -1. */
int invitation_latest(struct engine *engine, const char *customer_id,
	char id_r[INVITATION_ID_LEN + 1], struct error *error);

/* Notes one, in the transaction that records it. */
int sent_note(struct engine *engine, const char *mailbox, time_t now, struct error *error);

/* Forgets the mailbox's, unless there was one within SENT_KEPT. */
int sent_drop(struct engine *engine, const char *mailbox, time_t now, struct error *error);

/* Appends the times within SENT_KEPT, numbers separated by commas, newest first. */
int sent_append(struct engine *engine, const char *mailbox, time_t now, struct buf *out,
	struct error *error);

/* Appends an event of that invitation under the next sequence number and moves the trail on. */
int history_append(struct engine *engine, struct json_object *record, struct trail *trail,
	struct json_object *event, enum status status, struct error *error);

/* Removes the events of a trail. The last number given stays on record, so that it is never
 * given again. */
int history_remove(struct engine *engine, const struct trail *trail, struct error *error);

/* Customers (customers.c): the table in force, the file with what lies over it. */

/* Finds out whether something lies over the file. */
int customers_opened(struct engine *engine, struct error *error);

/* The file of the table in force. Returns 0 with *file_r, NULL when the table has none; or -1.
 * It is open until another table comes into force. */
int customer_file(struct engine *engine, struct table_file **file_r, struct error *error);

/* The row. Returns 1, 0, -1. It is valid until the next look-up of a row, or write of one. */
int customer_find(struct engine *engine, struct kv_bytes customer_id, struct row *row_r,
	struct error *error);

/* The same as an object (row.h, the caller's), or NULL. */
int customer_row(struct engine *engine, const char *customer_id, struct json_object **row_r,
	struct error *error);

/* Calls `each` for the customers that have that value (TABLE_MAILBOX, TABLE_TENANT). As
 * index_each. */
typedef int customer_fn(void *context, const char *customer_id, struct error *error);
int customer_each(struct engine *engine, struct index_query query, customer_fn *each,
	void *context, struct error *error);

/* Puts a row over the table. Returns 1, 0 when the customer was there (and stays, unless
 * replace), -1. */
int customer_put(
	struct engine *engine, const struct row *row, bool replace, struct error *error);

/* Returns 1 when the customer was there, 0, -1. */
int customer_remove(struct engine *engine, const char *customer_id, struct error *error);

struct customer {
	struct kv_bytes id;
	bool known; /* it is in the table: */
	struct row row;
	char invitation[INVITATION_ID_LEN + 1]; /* its latest, or "" */
	bool removed; /* in a walk only: the table had it, and nothing is left of it */
};

/* The customers whose id is greater than `after`. Nothing may be written until it is closed.
 * NULL: error. */
struct customer_walk;
struct customer_walk *customer_walk(
	struct engine *engine, const char *after, struct error *error);
void customer_walk_close(struct customer_walk **walk); /* accepts NULL; nulls */

/* The next one, also one that was removed, 1; 0 behind the last; -1. Valid until the next call. */
int customer_walk_next(
	struct customer_walk *walk, struct customer *customer_r, struct error *error);

/* What is known of that customer; `invitation`: which one of its own to tell (NULL: the
 * latest). Returns 1, 0, -1. Valid as customer_find's row. */
int customer_load(struct engine *engine, struct kv_bytes customer_id, const char *invitation,
	struct customer *customer_r, struct error *error);

/* Append a customer: as replies have it, or as a line "key TAB status TAB mailbox TAB
 * expires_at". Return 0 or -1. */
int customer_append(
	struct ask *ask, const struct customer *customer, struct buf *out, struct error *error);
int customer_append_line(struct ask *ask, const struct customer *customer, struct kv_bytes key,
	struct buf *out, struct error *error);

/* The customers' consent addresses (consent_address.c): nothing without the setting. */

/* To be called whenever settings or keys are others. */
void consent_configure(struct engine *engine);
void consent_free(struct engine *engine);

/* Appends ,"consent_address":"..." for the customer. Returns 0 or -1. */
int consent_append(
	struct engine *engine, const char *customer_id, struct buf *out, struct error *error);

/* The same for the customer of a record. */
int consent_append_of(struct engine *engine, const struct stored *stored, struct buf *out,
	struct error *error);

/* A customer that may be new. Returns 0 or -1. */
int consent_note(struct engine *engine, const char *customer_id, struct error *error);

/* The customers are others: another table is in force. */
void consent_restart(struct engine *engine);

/* A step of finding out all tags. Returns 1 when there is more to do, 0, or -1. */
int consent_step(struct engine *engine, struct error *error);

/* Whose tag it is. Returns 0, or -1 (not found; temporary: that is not known yet). */
int consent_customer(struct engine *engine, const char *tag, char customer_id_r[TEXT_MAX + 1],
	struct error *error);

/* Requests: each as its op of store/protocol.h says (op_*.c). */

/* An op either reads, and appends its reply at once, or changes: then it leaves an outcome, which
 * is kept with the change id, and `answer` makes the reply of an outcome, also when the request is
 * repeated. */
typedef int op_read_fn(struct ask *ask, struct engine_reply *reply, struct error *error);
typedef int op_change_fn(struct ask *ask, struct buf *outcome, struct error *error);
typedef int op_answer_fn(
	struct ask *ask, const struct buf *outcome, struct buf *out, struct error *error);

/* The invitation that the request names by id, or by link or bounce tag, which are verified. It may
 * not be there: ask_stored. Returns 0 or -1. */
int ask_invitation(struct ask *ask, char id_r[INVITATION_ID_LEN + 1], struct error *error);

/* The invitation of that id. Returns 0 or -1 (not found: there is none). Valid as
 * invitation_load's. */
int ask_stored(struct ask *ask, const char *id, struct stored *stored_r, struct error *error);

/* The outcome of a change of one invitation: which one, and what it did, yes or no. */
void outcome_keep(struct buf *outcome, const char *id, bool flag);

/* Appends the reply, but for its end: the invitation as it is now, and the flag by its name as it
 * was then. Returns 0 or -1. */
int outcome_answer(struct ask *ask, const struct buf *outcome, const char *flag,
	struct buf *out, struct error *error);

op_read_fn op_get, op_get_many, op_genuine, op_invitations, op_watch, op_candidates, op_history,
	op_subscribe, op_ping;
op_read_fn op_report, op_reports;
op_read_fn op_find, op_list, op_table_begin, op_table_rows, op_table_seal;
op_read_fn op_pacing, op_status;
op_change_fn op_open, op_apply, op_remove, op_table_end, op_table_add;
op_answer_fn answer_opened, answer_applied, answer_as_kept;

/* Loads of tables under way (op_table.c). */
bool load_active(const struct engine *engine, uint64_t table);
void loads_drop(struct engine *engine, const void *client, bool all);
void load_in_force(struct engine *engine); /* next_table becomes table */

struct op {
	const char *name;
	unsigned roles; /* bits of 1 << enum store_role */
	op_read_fn *read;
	op_change_fn *change; /* with answer */
	op_answer_fn *answer;
};
const struct op *op_find_named(const char *name); /* or NULL */
bool role_may(enum store_role role, const struct op *op);
bool role_reports(enum store_role role, const char *program);
bool role_sends(enum store_role role, struct json_object *event);
const char *role_name(enum store_role role);
/* may it, or does it not? */
bool role_names_operator(enum store_role role, struct json_object *request);

#endif
