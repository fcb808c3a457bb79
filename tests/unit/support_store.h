/*
 * An engine for unit tests, with link keys of its own.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_STORE_H
#define POSTINVITE_TESTS_SUPPORT_STORE_H

#include "support.h"

#include "store/engine.h"

struct store_site {
	char *folder;
	struct settings settings;
	struct keyfile *keys;
	struct engine *engine;
	struct error error; /* of the last request that failed */
};

/* For cmocka: an engine over kv_memory, and over kv_bdb in the folder. */
int store_site_memory(void **state);
int store_site_bdb(void **state);
int store_site_remove(void **state);
void store_site_reopen(struct store_site *site); /* bdb: closes and opens again */

/* Asks as that role; format makes the request's JSON text, in which "change":"new" stands for a
 * new change id. Returns the reply (json_object_put), or NULL with site->error. */
struct json_object *store_ask(struct store_site *site, enum store_role role, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* As the owner; a failure fails the test. */
#define store_owner(site, ...)                                                                 \
	store_must(store_ask(site, STORE_ROLE_OWNER, __VA_ARGS__), site, __FILE__, __LINE__)
struct json_object *store_must(
	struct json_object *reply, struct store_site *site, const char *file, int line);

/* The request must have failed that way. */
void store_fails(const char *label, struct json_object *reply, struct store_site *site,
	enum error_kind want);

/* A customers table of these rows, lines as JSON escapes them, comes into force. */
void store_load_table(struct store_site *site, const char *text);

#define STORE_THREE                                                                            \
	"contoso\\tvoice@contoso.example\\tContoso \\\"Ltd\\\"\\tcontoso.example\\t\\n"        \
	"fab\\tvoice@fab.example\\t\\tFab.example\\tit@fab.example\\n"                         \
	"Zeta\\tz@zeta.example\\t\\t\\t\\n"

/* The steps of that, for those who leave one out. Rows and end may fail. */
int store_begin_load(struct store_site *site);
struct json_object *store_rows(
	struct store_site *site, int load, const char *mode, const char *text);
bool store_seal_load(struct store_site *site, int load);	       /* false: site->error */
struct json_object *store_end_load(struct store_site *site, int load); /* seals it, too */

/* Housekeeping until there is nothing to do. */
void store_keep_house(struct store_site *site, time_t now);

/* What find and list answer: "a/pending,b+/not_invited"; + is in the table; "-" for not found. */
void store_check_find(struct store_site *site, const char *key, const char *want);
void store_check_list(struct store_site *site, const char *after, int limit, const char *want,
	const char *next);

/* Opens an invitation and gives its id. */
void store_open(struct store_site *site, const char *customer_id, const char *mailbox,
	char id_r[INVITATION_ID_LEN + 1]);

/* The time that events have in tests, as a JSON member. */
#define STORE_AT "\"at\":\"2026-01-01T00:00:00Z\""

/* Applies an event with more members ("" or ",\"a\":1"); returns whether it changed something. */
bool store_apply(struct store_site *site, const char *id, const char *type, const char *more);

/* How many things the reply's array of that name has. */
size_t store_length(struct json_object *reply, const char *member);

/* A member of the reply's invitation, as text; "-" without one. Valid until the next call. */
const char *store_says(struct json_object *reply, const char *member);

#endif
