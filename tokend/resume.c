/*
 * Start: what the vault holds meets what the store knows. Flows go on unless their invitation is gone; a
 * token that the store was not told of is told again under the same change id; a token whose invitation was revoked
 * meanwhile is deleted. Tokens are looked at one after another, however many there are.
 */
#include "flow.h"

#include "requests.h"
#include "store.h"

#include "base/log.h"
#include "invite/record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_gone(struct json_object *invitation)
{
	enum status status = record_status(invitation, time(NULL));

	return status == STATUS_REVOKED || status == STATUS_EXPIRED;
}

/* --- flows --- */

static void go_on(struct flow *flow)
{
	log_info("invitation=%s resumed phase=%s", flow->id,
		flow->tokens.access_token != NULL ? "acquiring" : "polling");
	/* A poll may have been under way when we ended. */
	flow->progress.uncertain = true;
	flow_asked(flow);
	if (flow->tokens.access_token != NULL) {
		flow->phase = PHASE_ACQUIRING;
		flow_answer_signed_in(flow);
		flow_later(flow, 0);
	} else {
		flow->phase = PHASE_POLLING;
		flow_answer_waiters(flow, NULL);
		flow_spread(flow);
	}
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct flow *flow = context;
	struct error gone = {ERROR_CONFLICT, "the invitation is revoked or expired"};

	flow->ask = NULL;
	if (error != NULL && error->kind != ERROR_NOT_FOUND) {
		log_warning("invitation=%s resume reason=%s", flow->id, error->text);
		flow_later(flow, 2000);
	} else if (error != NULL || is_gone(json_member(reply, "invitation"))) {
		log_info("invitation=%s dropped reason=\"the invitation is gone\"", flow->id);
		flow_leave(flow, error != NULL ? error : &gone);
	} else {
		go_on(flow);
	}
}

void resume_step(struct flow *flow)
{
	if (flow->ask == NULL)
		flow->ask = store_get(
			flow->tokend, "id", flow->id, STORE_PATIENT, got_record, flow);
	if (flow->ask == NULL)
		flow_later(flow, 2000);
}

static int resume_flow(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;
	struct error error;
	struct flow *flow;

	flow = fault == NULL ? flow_load(tokend, record, &error) : NULL;
	if (flow == NULL)
		log_error("invitation=%s flow_unreadable reason=%s", record->id,
			fault != NULL ? fault->text : error.text);
	else
		flow_later(flow, 0);
	return 0;
}

/* --- tokens --- */

/* Tokens that the store knows of, to be asked about one by one, the last first. */
struct review {
	char (*ids)[INVITATION_ID_LEN + 1];
	size_t n, cap;
	struct ipc_async_call *ask;
};

void resume_free(struct tokend *tokend)
{
	struct review *review = tokend->review;

	if (review == NULL)
		return;
	if (review->ask != NULL)
		ipc_async_cancel(&review->ask);
	free(review->ids);
	free(review);
	tokend->review = NULL;
}

static void review_next(struct tokend *tokend);

static void reviewed(void *context, struct json_object *reply, const struct error *error)
{
	struct tokend *tokend = context;
	struct review *review = tokend->review;
	const char *id = review->ids[--review->n];

	review->ask = NULL;
	if (error != NULL)
		log_warning("invitation=%s token_review reason=%s", id, error->text);
	else if (record_status(json_member(reply, "invitation"), time(NULL)) == STATUS_REVOKED)
		flow_revoke(tokend, id);
	review_next(tokend);
}

static void review_next(struct tokend *tokend)
{
	struct review *review = tokend->review;

	if (review->n > 0)
		review->ask = store_get(tokend, "id", review->ids[review->n - 1], STORE_PATIENT,
			reviewed, tokend);
	if (review->ask == NULL)
		resume_free(tokend);
}

static int review_add(struct review *review, const char *id)
{
	size_t cap = review->cap > 0 ? review->cap * 2 : 64;
	void *longer;

	if (review->n == review->cap) {
		longer = reallocarray(review->ids, cap, sizeof(*review->ids));
		if (longer == NULL)
			return -1;
		review->ids = longer;
		review->cap = cap;
	}
	memset(review->ids[review->n], 0, sizeof(*review->ids));
	memccpy(review->ids[review->n++], id, '\0', INVITATION_ID_LEN);
	return 0;
}

/* The store may not know of it. A flow of the same invitation is what this token came from. */
static int tell_again(struct tokend *tokend, const struct vault_record *record)
{
	struct flow *flow = flow_find(tokend, record->id);

	if (flow != NULL)
		flow_free(flow);
	flow = flow_new(tokend, record->id, PHASE_TELLING);
	if (flow == NULL)
		return -1;
	flow->acquired = json_object_get(record->clear);
	log_info("invitation=%s resumed phase=telling", flow->id);
	flow_later(flow, 0);
	return 0;
}

static int resume_token(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;

	if (fault != NULL) {
		log_error("invitation=%s token_unreadable reason=%s", record->id, fault->text);
		return 0;
	}
	if (json_flag(record->clear, "told", false))
		return review_add(tokend->review, record->id);
	return tell_again(tokend, record);
}

int resume_all(struct tokend *tokend, struct error *error)
{
	int result;

	tokend->review = calloc(1, sizeof(*tokend->review));
	if (tokend->review == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	error_set(error, ERROR_TEMPORARY, "out of memory");
	result = vault_each(tokend->vault, KIND_FLOW, resume_flow, tokend, error);
	if (result == 0)
		result = vault_each(tokend->vault, KIND_TOKEN, resume_token, tokend, error);
	if (result == 0)
		review_next(tokend);
	return result;
}
