/*
 * Op resend: a mail that an operator asks for, at once. As with every mail the note is on disk
 * first; with it stands the change id of the operator's form, so that a second press, or the
 * same request again after a lost answer, sends no second mail.
 */
#include "notice_internal.h"

#include "config.h"
#include "requests.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct order {
	struct request_list waiters; /* of the same change */
	char *operator;
};

const char *order_operator(const struct order *order)
{
	return order != NULL ? order->operator: NULL;
}

static struct order *order_new(const char *operator)
{
	struct order *order = calloc(1, sizeof(*order));

	if (order == NULL)
		return NULL;
	TAILQ_INIT(&order->waiters);
	order->operator= strdup(operator);
	if (order->operator== NULL)
		order_free(&order);
	return order;
}

void order_free(struct order **order)
{
	if (*order == NULL)
		return;
	while (!TAILQ_EMPTY(&(*order)->waiters))
		request_wait(TAILQ_FIRST(&(*order)->waiters), NULL);
	free((*order)->operator);
	free(*order);
	*order = NULL;
}

static void reply(struct request *request, const char *kind)
{
	struct json_object *object = json_object_new_object();

	if (object != NULL)
		json_set_string(object, "kind", kind);
	request_reply(request, object);
}

static void answer(struct notice *notice, const struct error *error)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&notice->order->waiters)) != NULL) {
		if (error != NULL)
			request_fail(request, error);
		else
			reply(request, json_string(notice->sent, "order_kind", ""));
	}
	order_free(&notice->order);
}

void order_done(struct notice *notice, const struct error *error)
{
	struct error fault;

	if (notice->order == NULL)
		return;
	/* Without this note the same change would be told that the outcome is not known. */
	if (error == NULL && (json_set_flag(notice->sent, "order_done", true) != 0 ||
				     notice_put(notice, &fault) != 0))
		log_warning("invitation=%s order_not_noted", notice->id);
	answer(notice, error);
}

void order_refused(struct notice *notice, const struct error *error)
{
	log_warning("invitation=%s mail_failed kind=%s operator=%s reason=%s", notice->id,
		notice_name(notice->sending), notice->order->operator, error->text);
	notice_take_back(notice);
	answer(notice, error);
	notice_look_again(notice);
}

/* Has this very change been seen? Then the request is answered, or waits. */
static bool repeated(struct notice *notice, struct request *request)
{
	const char *change = json_string(request->body, "change", "");

	if (strcmp(json_string(notice->sent, "order", ""), change) != 0)
		return false;
	if (notice->order != NULL)
		request_wait(request, &notice->order->waiters);
	else if (json_flag(notice->sent, "order_done", false))
		reply(request, json_string(notice->sent, "order_kind", ""));
	else
		request_refuse(request, ERROR_UNCERTAIN,
			"tokend ended while it sent the mail, which may have left or not: look "
			"whether it arrived before you send another one");
	return true;
}

static time_t last_mail(const struct notice *notice, struct json_object *record)
{
	static const char *const notes[] = {"ordered_at", "continue_at", "reinvite_at"};
	time_t last = 0;

	clock_parse(json_string(record, "email_sent_at", NULL), &last);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		time_t sent = (time_t)json_int(notice->sent, notes[i], 0);

		last = sent > last ? sent : last;
	}
	return last;
}

/* Else the request is answered. */
static bool allowed(struct notice *notice, struct request *request, enum notice_kind kind)
{
	time_t pause = request->tokend->generation->settings->resend_interval;
	time_t now = time(NULL), last = last_mail(notice, request->invitation);

	if (kind == NOTICE_NONE)
		request_refuse(request, ERROR_CONFLICT,
			"a mail makes no sense: the invitation is revoked, expired or complete");
	else if (notice->sending != NOTICE_NONE || notice->ask != NULL ||
		 request->tokend->stopping)
		request_refuse(request, ERROR_TEMPORARY,
			"another mail of this invitation is on its way; try again in a moment");
	else if (last + pause > now)
		request_refuse(request, ERROR_CONFLICT,
			"the last mail left %ld s ago; wait another %ld s", (long)(now - last),
			(long)(last + pause - now));
	else
		return true;
	return false;
}

static int note(struct notice *notice, const struct request *request, enum notice_kind kind)
{
	json_object_object_del(notice->sent, "order_done");
	return json_set_string(
		       notice->sent, "order", json_string(request->body, "change", "")) == 0 &&
			       json_set_string(notice->sent, "order_kind", notice_name(kind)) ==
				       0 &&
			       json_set_int(notice->sent, "ordered_at", time(NULL)) == 0
		       ? 0
		       : -1;
}

/* On disk first, then on its way. */
static void send_mail(struct notice *notice, struct request *request, enum notice_kind kind)
{
	struct order *order = order_new(json_string(request->body, "operator", ""));
	struct error error;

	notice->before = order != NULL ? json_copy(notice->sent) : NULL;
	if (notice->before == NULL) {
		order_free(&order);
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	request_wait(request, &order->waiters);
	notice->order = order;
	notice->sending = kind;
	notice_set_end(notice, request->invitation);
	error_memory(&error);
	if (note(notice, request, kind) != 0 || notice_put(notice, &error) != 0 ||
		notice_hand_over(notice, kind, request->invitation, &error) != 0)
		order_refused(notice, &error);
}

static void got_record(void *context, struct json_object *answered, const struct error *error)
{
	struct request *request = context;
	struct tokend *tokend = request->tokend;
	const char *id = json_string(request->body, "id", "");
	struct notice *notice;
	enum notice_kind kind;

	request->ask = NULL;
	if (error != NULL) {
		request_fail(request, error);
		return;
	}
	request->invitation = json_object_get(json_member(answered, "invitation"));
	kind = notice_order(request->invitation, time(NULL));
	notice = notice_find(tokend, id);
	if (notice == NULL)
		notice = notice_new(tokend, id, json_object_new_object());
	if (notice == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
	else if (!repeated(notice, request) && allowed(notice, request, kind))
		send_mail(notice, request, kind);
}

void resend_request(struct request *request)
{
	const char *id = json_string(request->body, "id", "");
	const char *change = json_string(request->body, "change", "");

	if (!invitation_id_valid(id) || change[0] == '\0' ||
		json_string(request->body, "operator", NULL) == NULL) {
		request_refuse(request, ERROR_PERMANENT,
			"op resend needs an id, a change and an operator");
		return;
	}
	request->ask =
		store_get(request->tokend, "id", id, IPC_TIMEOUT_MS, got_record, request);
	if (request->ask == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
}
