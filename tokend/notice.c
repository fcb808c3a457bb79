/*
 * An invitation has a notice while a mail is planned for it, or while it has to be remembered
 * that one was sent. The timer asks the store for the record as it is then, and decides again:
 * what was planned may be pointless by now.
 */
#include "notice_internal.h"

#include "config.h"
#include "flow.h"
#include "letter.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "invite/event.h"
#include "invite/notice.h"
#include "invite/record.h"

#include <event2/event.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define KIND_NOTICE  "notice"
#define AGAIN_S	     60 /* behind a refusal of sendmail_command, doubled each time */
#define AGAIN_MAX_S  3600
#define WAIT_MAX_S   (24 * 3600) /* the timer looks again now and then, for clocks are set */
#define STORE_WAIT_S 2

static int notice_compare(const void *a, const void *b)
{
	return strcmp(((const struct notice *)a)->id, ((const struct notice *)b)->id);
}

struct notice *notice_find(struct tokend *tokend, const char *id)
{
	struct notice key;
	struct notice **found;

	if (strlen(id) != INVITATION_ID_LEN)
		return NULL;
	memcpy(key.id, id, sizeof(key.id));
	found = tfind(&key, &tokend->notices->tree, notice_compare);
	return found != NULL ? *found : NULL;
}

static void on_timer(evutil_socket_t unused, short what, void *context);

struct notice *notice_new(struct tokend *tokend, const char *id, struct json_object *sent)
{
	struct notice *notice = calloc(1, sizeof(*notice));

	if (notice == NULL || sent == NULL || strlen(id) != INVITATION_ID_LEN) {
		json_object_put(sent);
		free(notice);
		return NULL;
	}
	notice->tokend = tokend;
	notice->sent = sent;
	memcpy(notice->id, id, sizeof(notice->id));
	notice->timer = evtimer_new(tokend->base, on_timer, notice);
	if (notice->timer == NULL ||
		tsearch(notice, &tokend->notices->tree, notice_compare) == NULL) {
		if (notice->timer != NULL)
			event_free(notice->timer);
		json_object_put(sent);
		free(notice);
		return NULL;
	}
	LIST_INSERT_HEAD(&tokend->notices->list, notice, entry);
	return notice;
}

static void notice_free(struct notice *notice)
{
	tdelete(notice, &notice->tokend->notices->tree, notice_compare);
	LIST_REMOVE(notice, entry);
	if (notice->ask != NULL)
		ipc_async_cancel(&notice->ask);
	order_free(&notice->order);
	event_free(notice->timer);
	json_object_put(notice->sent);
	json_object_put(notice->before);
	free(notice);
}

int notice_put(struct notice *notice, struct error *error)
{
	struct vault_record record = {.kind = KIND_NOTICE,
		.id = notice->id,
		.clear = json_object_new_object(),
		.secret = secret_new(NULL, 0)};
	int result = -1;

	if (record.clear == NULL || record.secret == NULL ||
		json_set_int(record.clear, "due", notice->due) != 0 ||
		json_set_int(record.clear, "until", notice->until) != 0 ||
		json_object_object_add(record.clear, "sent", json_object_get(notice->sent)) !=
			0)
		error_memory(error);
	else
		result = vault_put(notice->tokend->vault, &record, error);
	vault_record_clear(&record);
	if (result == 0) {
		notice->stored = true;
		notice->dirty = false;
	}
	return result;
}

static void wait_s(struct notice *notice, time_t seconds)
{
	struct timeval wait = {seconds, 0};

	event_add(notice->timer, &wait);
}

static void plan(struct notice *notice, time_t due)
{
	time_t now = time(NULL), wait;

	if (due != notice->due) {
		notice->due = due;
		notice->dirty = true;
	}
	event_del(notice->timer);
	if (due == 0)
		return;
	if (due < notice->not_before)
		due = notice->not_before;
	wait = due > now ? due - now : 0;
	wait_s(notice, wait < WAIT_MAX_S ? wait : WAIT_MAX_S);
}

static time_t code_until(struct tokend *tokend, const char *id)
{
	const struct flow *flow = flow_wanted(tokend, id);
	time_t now = time(NULL);

	if (flow == NULL || flow->phase == PHASE_ENDING)
		return 0;
	return flow->expires_at > now ? flow->expires_at : now;
}

static struct notice_facts facts_of(struct tokend *tokend, const char *id,
	struct json_object *record, struct json_object *sent)
{
	const struct settings *settings = tokend->generation->settings;

	return (struct notice_facts){.record = record,
		.sent = sent,
		.intervals = settings->reminder_intervals,
		.platform = settings->wizard_mode == WIZARD_REDIRECT &&
			    json_member(record, "platform_invitation_id") != NULL,
		.code_until = code_until(tokend, id),
		.now = time(NULL)};
}

void notice_set_end(struct notice *notice, struct json_object *record)
{
	time_t until = record_expires_at(record), now = time(NULL);

	if (until < now)
		until = now;
	notice->dirty |= until != notice->until;
	notice->until = until;
}

void notices_event(struct tokend *tokend, const char *id, struct json_object *record)
{
	struct notice *notice = notice_find(tokend, id);
	struct notice_facts facts =
		facts_of(tokend, id, record, notice != NULL ? notice->sent : NULL);
	struct notice_plan next;

	notice_decide(&facts, &next);
	if (notice == NULL && next.kind != NOTICE_NONE) {
		notice = notice_new(tokend, id, json_object_new_object());
		if (notice == NULL)
			log_error("invitation=%s notice_lost reason=\"out of memory\"", id);
	}
	if (notice == NULL)
		return;
	notice_set_end(notice, record);
	/* What is being sent is settled first. */
	if (notice->sending == NOTICE_NONE && notice->ask == NULL)
		plan(notice, next.kind != NOTICE_NONE ? next.due : 0);
}

void notices_reinvite(struct tokend *tokend, const char *id, const char *refused_at)
{
	struct notice *notice = notice_find(tokend, id);
	int changed = -1;

	if (notice == NULL)
		notice = notice_new(tokend, id, json_object_new_object());
	if (notice != NULL)
		changed = notice_want_reinvite(notice->sent, refused_at);
	/* Where a mail is under way, these are the notes if it is refused. */
	if (changed > 0 && notice->before != NULL)
		changed = notice_want_reinvite(notice->before, refused_at);
	if (changed < 0)
		log_error("invitation=%s notice_lost reason=\"out of memory\"", id);
	else if (changed > 0)
		notice->dirty = true;
}

static void tell_sent(struct notice *notice, enum notice_kind kind)
{
	struct json_object *event = event_create("notified", time(NULL));

	if (event != NULL && json_set_string(event, "kind", notice_name(kind)) == 0 &&
		json_set_string(event, "operator", order_operator(notice->order)) == 0)
		store_tell(notice->tokend, notice->id, event, NULL, NULL);
	else
		json_object_put(event);
}

void notice_take_back(struct notice *notice)
{
	struct error fault;

	json_object_put(notice->sent);
	notice->sent = notice->before;
	notice->before = NULL;
	notice->sending = NOTICE_NONE;
	if (notice_put(notice, &fault) != 0)
		log_warning("invitation=%s vault_put reason=%s", notice->id, fault.text);
}

/* It has not left: the notes are as if it had not been tried. */
static void refused(struct notice *notice, const struct error *error)
{
	time_t pause = AGAIN_S;

	for (int i = 0; i < notice->failures && pause < AGAIN_MAX_S; i++)
		pause *= 2;
	notice->failures++;
	notice->not_before = time(NULL) + (pause < AGAIN_MAX_S ? pause : AGAIN_MAX_S);
	log_warning("invitation=%s mail_failed kind=%s failures=%d reason=%s", notice->id,
		notice_name(notice->sending), notice->failures, error->text);
	notice_take_back(notice);
	plan(notice, notice->due);
}

static void sent(void *context, const struct error *error)
{
	struct notice *notice = context;
	enum notice_kind kind = notice->sending;

	metrics_count(notice->tokend->metrics, METRIC_TOKEND_MAILS,
		error == NULL			 ? COUNT_LETTER_SENT
		: error->kind == ERROR_UNCERTAIN ? COUNT_LETTER_UNCERTAIN
						 : COUNT_LETTER_REFUSED);
	if (error != NULL && error->kind != ERROR_UNCERTAIN) {
		if (notice->order != NULL)
			order_refused(notice, error);
		else
			refused(notice, error);
		return;
	}
	json_object_put(notice->before);
	notice->before = NULL;
	notice->sending = NOTICE_NONE;
	notice->failures = 0;
	notice->not_before = 0;
	if (error != NULL) {
		log_warning("invitation=%s mail_uncertain kind=%s reason=%s", notice->id,
			notice_name(kind), error->text);
	} else {
		log_info("invitation=%s mail_sent kind=%s", notice->id, notice_name(kind));
		tell_sent(notice, kind);
	}
	order_done(notice, error);
	notice_look_again(notice);
}

int notice_hand_over(struct notice *notice, enum notice_kind kind, struct json_object *record,
	struct error *error)
{
	const struct daemon_generation *generation = notice->tokend->generation;
	const struct config *config = generation->derived;
	struct sendmail_mail mail = {.command = generation->settings->sendmail_command,
		.sender = generation->settings->notify_sender,
		.recipient = json_string(record, "invitation_email", "")};

	buf_init(&mail.message, LETTER_MAX);
	if (letter_compose(config->letters, generation->settings, kind, record, &mail.message,
		    error) != 0) {
		buf_free(&mail.message);
		return -1;
	}
	if (sendmail_send(notice->tokend->notices->sendmail, &mail, sent, notice) != 0)
		return error_memory(error);
	return 0;
}

/* On disk first, then on its way. */
static void dispatch(
	struct notice *notice, const struct notice_facts *facts, const struct notice_plan *what)
{
	struct error error;

	error_memory(&error);
	notice->before = json_copy(notice->sent);
	if (notice->before == NULL || notice_sent(facts, what) != 0 ||
		notice_put(notice, &error) != 0) {
		log_warning("invitation=%s mail_delayed reason=%s", notice->id, error.text);
		if (notice->before != NULL) {
			json_object_put(notice->sent);
			notice->sent = notice->before;
			notice->before = NULL;
		}
		wait_s(notice, AGAIN_S);
		return;
	}
	notice->sending = what->kind;
	if (notice_hand_over(notice, what->kind, facts->record, &error) != 0)
		refused(notice, &error);
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct notice *notice = context;
	struct json_object *record = json_member(reply, "invitation");
	struct notice_facts facts;
	struct notice_plan next;

	notice->ask = NULL;
	if (error != NULL && error->kind != ERROR_NOT_FOUND) {
		wait_s(notice, STORE_WAIT_S);
		return;
	}
	if (error != NULL) {
		notice->until = 0;
		plan(notice, 0);
		return;
	}
	facts = facts_of(notice->tokend, notice->id, record, notice->sent);
	notice_set_end(notice, record);
	notice_decide(&facts, &next);
	if (next.kind == NOTICE_NONE)
		plan(notice, 0);
	else if (next.due > facts.now || notice->not_before > facts.now ||
		 notice->tokend->stopping)
		plan(notice, next.due);
	else
		dispatch(notice, &facts, &next);
}

void notice_look_again(struct notice *notice)
{
	if (notice->tokend->stopping || notice->sending != NOTICE_NONE || notice->ask != NULL)
		return;
	notice->ask =
		store_get(notice->tokend, "id", notice->id, STORE_PATIENT, got_record, notice);
	if (notice->ask == NULL)
		wait_s(notice, STORE_WAIT_S);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	(void)unused;
	(void)what;
	notice_look_again(context);
}

static int resume_notice(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;
	struct json_object *noted;
	struct notice *notice;

	if (fault != NULL) {
		log_error("invitation=%s notice_unreadable reason=%s", record->id, fault->text);
		return 0;
	}
	noted = json_member(record->clear, "sent");
	noted = noted != NULL ? json_copy(noted) : json_object_new_object();
	notice = notice_new(tokend, record->id, noted);
	if (notice == NULL)
		return -1;
	notice->until = (time_t)json_int(record->clear, "until", 0);
	notice->stored = true;
	plan(notice, (time_t)json_int(record->clear, "due", 0));
	notice->dirty = false;
	return 0;
}

int notices_start(struct tokend *tokend, struct error *error)
{
	error_memory(error);
	tokend->notices = calloc(1, sizeof(*tokend->notices));
	if (tokend->notices == NULL)
		return -1;
	LIST_INIT(&tokend->notices->list);
	tokend->notices->sendmail = sendmail_new(tokend->base);
	if (tokend->notices->sendmail == NULL)
		return -1;
	return vault_each(tokend->vault, KIND_NOTICE, resume_notice, tokend, error);
}

void notices_free(struct tokend *tokend)
{
	struct notices *notices = tokend->notices;

	if (notices == NULL)
		return;
	sendmail_free(&notices->sendmail);
	while (!LIST_EMPTY(&notices->list))
		notice_free(LIST_FIRST(&notices->list));
	free(notices);
	tokend->notices = NULL;
}

int notices_save(struct tokend *tokend, struct error *error)
{
	struct notice *notice;

	LIST_FOREACH (notice, &tokend->notices->list, entry)
		if (notice->dirty && notice_put(notice, error) != 0)
			return -1;
	return 0;
}

void notices_sweep(struct tokend *tokend)
{
	struct notice *notice = LIST_FIRST(&tokend->notices->list);
	time_t now = time(NULL);
	struct error error;

	while (notice != NULL) {
		struct notice *next = LIST_NEXT(notice, entry);

		if (notice->due == 0 && notice->sending == NOTICE_NONE && notice->ask == NULL &&
			notice->until + NOTICE_PAUSE < now) {
			if (notice->stored && vault_delete(tokend->vault, KIND_NOTICE,
						      notice->id, &error) != 0)
				log_warning("invitation=%s vault_delete reason=%s", notice->id,
					error.text);
			notice_free(notice);
		}
		notice = next;
	}
}

size_t notices_pending(const struct tokend *tokend)
{
	return sendmail_pending(tokend->notices->sendmail);
}
