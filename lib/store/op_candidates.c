/*
 * Request candidates: the invitations that a mail about a mailbox, or to a customer's consent
 * address, may be about. The newest first.
 */
#include "store/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 100

struct candidate {
	uint64_t created;
	char id[INVITATION_ID_LEN + 1];
};

struct candidates {
	struct ask *ask;
	size_t n;
	struct candidate list[CANDIDATES_MAX];
};

static int add_candidate(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct candidates *candidates = context;
	struct candidate *fresh = &candidates->list[candidates->n];
	struct stored stored;
	int found = invitation_load(candidates->ask->engine, id, &stored, error);
	enum status status;

	(void)customer_id;
	if (found != 1)
		return found;
	status = stored_status(&stored, candidates->ask->now);
	if (status == STATUS_REVOKED || status == STATUS_EXPIRED)
		return 0;
	for (size_t i = 0; i < candidates->n; i++)
		if (strcmp(candidates->list[i].id, id) == 0)
			return 0;
	fresh->created = stored.trail.first;
	strcpy(fresh->id, id);
	candidates->n++;
	return candidates->n == CANDIDATES_MAX;
}

static int newest_first(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;

	return (one->created < other->created) - (one->created > other->created);
}

static int append_candidates(
	struct candidates *candidates, struct buf *out, struct error *error)
{
	struct ask *ask = candidates->ask;
	struct stored stored;

	buf_string(out, "{\"invitations\":[");
	for (size_t i = 0; i < candidates->n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		if (ask_stored(ask, candidates->list[i].id, &stored, error) != 0 ||
			invitation_append(ask->engine, candidates->list[i].id, &stored,
				ask->now, out, error) != 0)
			return -1;
	}
	buf_string(out, "]}");
	return 0;
}

static int of_mailbox(struct candidates *candidates, struct error *error)
{
	static const char kinds[] = {INDEX_MAILBOX, INDEX_ADMIN};
	const char *mailbox = json_string(candidates->ask->request, "mailbox", NULL);

	if (!text_valid(mailbox))
		return error_set(error, ERROR_PERMANENT, "\"mailbox\" is missing or none");
	for (size_t i = 0; i < sizeof(kinds) && candidates->n < CANDIDATES_MAX; i++)
		if (index_each(candidates->ask->engine, (struct index_query){kinds[i], mailbox},
			    add_candidate, candidates, error) < 0)
			return -1;
	return 0;
}

static int of_tag(struct candidates *candidates, const char *tag, struct error *error)
{
	struct engine *engine = candidates->ask->engine;
	char customer_id[TEXT_MAX + 1];

	if (consent_customer(engine, tag, customer_id, error) != 0)
		return -1;
	return index_each(engine, (struct index_query){INDEX_CUSTOMER, customer_id},
		       add_candidate, candidates, error) < 0
		       ? -1
		       : 0;
}

int op_candidates(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *tag = json_string(ask->request, "consent_tag", NULL);
	struct candidates candidates = {.ask = ask};

	if (tag != NULL ? of_tag(&candidates, tag, error) : of_mailbox(&candidates, error))
		return -1;
	qsort(candidates.list, candidates.n, sizeof(candidates.list[0]), newest_first);
	return append_candidates(&candidates, &reply->text, error);
}
