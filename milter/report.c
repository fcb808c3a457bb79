/*
 * A delivery report: when it is about a Welcome mail, what became of that is recorded. The
 * envelope id says which mail that was; where it is lost, a link of the mail that is returned
 * does, or its Message-ID. The report itself always goes on as it is. Refusing one that Postfix
 * made would lose it; one that came by SMTP is sent again, and that is asked for when the store
 * is away.
 */
#include "act.h"

#include "base/log.h"
#include "invite/event.h"
#include "lookup.h"
#include "mail/report.h"
#include "mail/value.h"
#include "store/protocol.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct json_object *delivery_event(const struct reported *reported)
{
	const struct dsn_recipient *outcome = reported->outcome;
	const struct report *report = reported->report;
	struct json_object *event = event_create("delivery", time(NULL));

	if (event != NULL && json_set_string(event, "delivery", outcome->delivery) == 0 &&
		put_text(event, "delivery_status", outcome->status) == 0 &&
		put_text(event, "delivery_text", outcome->text) == 0 &&
		put_text(event, "message_id",
			report->message_id_count > 0 ? report->message_ids[0] : NULL) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

/* The same report seen twice is one change; without Message-ID the queue id tells them apart. */
static void report_change(SMFICTX *ctx, const struct session *session, char *change_r)
{
	char *message_id = headers_value(&session->headers, "Message-ID");
	char *date = headers_value(&session->headers, "Date");
	time_t when = 0;
	char name[512];

	if (date == NULL || mail_date(date, &when) < 0)
		when = time(NULL);
	snprintf(name, sizeof(name), "report %s",
		message_id == NULL ? queue_id(ctx) : message_id);
	change_id_derived(name, when, change_r);
	free(message_id);
	free(date);
}

/* One at a time. Anybody can send reports, and what makes up one of 256 KB may take a hundred
 * times that in memory while it is read; for an honest one that is a millisecond. Nothing is
 * waited for meanwhile. */
int read_report(const struct session *session, struct report *report_r, struct error *error)
{
	static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
	const struct report_source source = {
		.headers = &session->headers,
		.message = session->message.data,
		.len = session->message.len,
		.body_start = session->body_start,
		.tracked_url = session_config(session)->tracked_url,
	};
	int result;

	pthread_mutex_lock(&reading);
	result = report_read(&source, report_r, error);
	pthread_mutex_unlock(&reading);
	return result;
}

int record_report(SMFICTX *ctx, const struct session *session, const struct reported *reported,
	struct error *error)
{
	char change[CHANGE_ID_LEN + 1];

	report_change(ctx, session, change);
	return apply_event(
		session, reported->invitation, delivery_event(reported), change, error);
}

/* 1, 0 or -1, as lookup.h has it. By its Message-ID alone nearly every report is somebody
 * else's, and is not kept waiting for a store that does not answer. */
static int look_up(SMFICTX *ctx, const struct session *session, const struct report *report,
	struct found_invitation *found_r, struct error *error)
{
	int found = lookup_id(session, report->facts.envelope_id, found_r, error);

	if (found == 0) {
		found = lookup_links(session, &report->tokens, found_r, error);
		if (found == 1 &&
			report_about_another(report, found_r->message_id, found_r->mailbox))
			found = 0;
	}
	if (found != 0)
		return found;
	found = lookup_message(session, report, found_r, error);
	if (found < 0)
		log_info(
			"%s: report action=none reason=\"not looked up by its Message-ID: %s\"",
			queue_id(ctx), error->text);
	return found > 0;
}

/* Returns 0, or -1 with what did not work. */
static int act(
	SMFICTX *ctx, struct session *session, const struct report *report, struct error *error)
{
	struct reported reported = {.report = report};
	struct found_invitation found;
	int result = look_up(ctx, session, report, &found, error);

	if (result <= 0)
		return result;
	reported.invitation = found.id;
	reported.outcome = dsn_outcome(&report->facts, found.mailbox);
	result = record_report(ctx, session, &reported, error);
	if (result < 0)
		return error_prefix(error, "invitation %s", found.id);
	session->counted = COUNT_MAIL_REPORT;
	log_info("%s: report invitation=%s recipient=%s delivery=%s status=%s news=%s",
		queue_id(ctx), found.id, reported.outcome->recipient,
		reported.outcome->delivery, reported.outcome->status, result ? "yes" : "no");
	return 0;
}

sfsistat act_report(SMFICTX *ctx, struct session *session)
{
	struct report report;
	struct error error;
	int result = read_report(session, &report, &error);

	session->counted = COUNT_MAIL_REPORT_OTHER;
	if (result == 0)
		result = act(ctx, session, &report, &error);
	report_free(&report);
	if (result == 0 || error.kind == ERROR_NOT_FOUND)
		return SMFIS_ACCEPT;
	log_warning("%s: report action=none reason=\"%s\"", queue_id(ctx), error.text);
	return error_is_passing(&error) ? answer_error(ctx, &error) : SMFIS_ACCEPT;
}
