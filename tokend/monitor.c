/*
 * The observer of the HTTPS client sees every answer of Microsoft's: it counts, compares the
 * clocks, and knows since when there was none. What else is found is looked at before a report.
 */
#include "monitor.h"

#include "config.h"
#include "webhook.h"

#include "base/clock.h"
#include "base/health.h"
#include "store/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer that took longer says too little about the time. */
#define CLOCK_US ((uint64_t)2000000)

struct monitor {
	struct reporter *reporter;
	time_t answered, failing_since, failed; /* as struct health_microsoft */
	char fault[sizeof(((struct error *)0)->text)];
	char refused[sizeof(((struct refusal *)0)->text)];
	bool clock_known;
	long ahead; /* of Microsoft's clock, seconds */
};

static enum count_answer answer_kind(const struct http_answer *answer)
{
	int status = answer->reply.status;

	if (answer->outcome != HTTP_ANSWERED)
		return answer->outcome == HTTP_UNSENT ? COUNT_ANSWER_UNSENT : COUNT_ANSWER_LOST;
	if (status == 429)
		return COUNT_ANSWER_429;
	return status >= 500		       ? COUNT_ANSWER_5XX
	       : status >= 400		       ? COUNT_ANSWER_4XX
	       : status >= 200 && status < 300 ? COUNT_ANSWER_2XX
					       : COUNT_ANSWER_OTHER;
}

static void remember_fault(
	struct monitor *monitor, const struct http_answer *answer, time_t now)
{
	struct error error;

	if (monitor->failing_since == 0)
		monitor->failing_since = now;
	monitor->failed = now;
	if (answer->outcome != HTTP_ANSWERED)
		error = answer->error;
	else
		error_set(&error, ERROR_TEMPORARY, "HTTP status %d", answer->reply.status);
	strcpy(monitor->fault, error.text);
}

/* Was it answered by what only an application that is accepted gets? */
static bool accepts_us(int endpoint, const struct http_answer *answer)
{
	return answer->reply.status == 200 &&
	       (endpoint == COUNT_ENDPOINT_DEVICE || endpoint == COUNT_ENDPOINT_POLL ||
		       endpoint == COUNT_ENDPOINT_CODE || endpoint == COUNT_ENDPOINT_REFRESH);
}

static void on_answer(
	void *context, int endpoint, const struct http_answer *answer, uint64_t us)
{
	struct tokend *tokend = context;
	struct monitor *monitor = tokend->monitor;
	enum count_answer kind = answer_kind(answer);
	time_t now = time(NULL);

	metrics_count(
		tokend->metrics, METRIC_TOKEND_MICROSOFT, (unsigned)endpoint, (unsigned)kind);
	metrics_observe(tokend->metrics, METRIC_TOKEND_MICROSOFT_SECONDS,
		(struct metric_at){(unsigned)endpoint, 0}, us);
	if (kind == COUNT_ANSWER_UNSENT || kind == COUNT_ANSWER_LOST ||
		kind == COUNT_ANSWER_5XX) {
		remember_fault(monitor, answer, now);
		return;
	}
	monitor->answered = now;
	monitor->failing_since = 0;
	if (accepts_us(endpoint, answer))
		monitor->refused[0] = '\0';
	if (answer->date > 0 && us < CLOCK_US) {
		monitor->clock_known = true;
		monitor->ahead = (long)(now - answer->date);
	}
}

void monitor_webhook(void *context, int unused, const struct http_answer *answer, uint64_t us)
{
	struct tokend *tokend = context;

	(void)unused;
	(void)answer;
	metrics_observe(
		tokend->metrics, METRIC_TOKEND_WEBHOOK_SECONDS, (struct metric_at){0}, us);
}

void monitor_refusal(struct tokend *tokend, const struct refusal *refusal)
{
	static const char *const ours[] = {"invalid_client", "unauthorized_client",
		"invalid_scope", "invalid_resource", "unsupported_grant_type",
		"unsupported_response_type"};

	if (refusal->outcome != OUTCOME_CONFIGURATION)
		return;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(refusal->code, ours[i]) == 0)
			snprintf(tokend->monitor->refused, sizeof(tokend->monitor->refused),
				"%.*s", (int)refusal->own, refusal->text);
}

void monitor_sign_in_failed(struct tokend *tokend, const struct refusal *refusal)
{
	metrics_count(tokend->metrics, METRIC_TOKEND_SIGN_INS,
		refusal->outcome == OUTCOME_DECLINED  ? COUNT_SIGN_IN_DECLINED
		: refusal->outcome == OUTCOME_EXPIRED ? COUNT_SIGN_IN_EXPIRED
						      : COUNT_SIGN_IN_FAILED);
}

static void look_at_queue(struct tokend *tokend, struct json_object *findings, time_t now)
{
	long poll = (long)(http_waits_us(tokend->http) / 1000000), refresh = 0;
	struct error error;
	time_t due;
	int found = vault_earliest(tokend->vault, KIND_TOKEN, &due, &error);

	if (found < 0) {
		health_put(findings, HEALTH_QUEUE, HEALTH_FAIL,
			"the vault cannot be read: %.400s", error.text);
		return;
	}
	if (found == 1)
		refresh = (long)(now - due);
	if (poll > refresh)
		health_queue(findings, "request to Microsoft", poll);
	else
		health_queue(findings, "token refresh", refresh);
}

static void look_at_webhooks(struct tokend *tokend, struct json_object *findings, time_t now)
{
	struct webhooks_look look;

	webhooks_look(tokend, &look);
	metrics_set(tokend->metrics, METRIC_TOKEND_WEBHOOKS_BEHIND, (struct metric_at){0},
		(int64_t)look.behind);
	metrics_set(tokend->metrics, METRIC_TOKEND_DEAD_LETTERS, (struct metric_at){0},
		(int64_t)look.dead_letters);
	if (tokend->generation->settings->webhook_url[0] != '\0')
		health_webhook(findings,
			&(struct health_webhook){look.failing_since, look.dead_letters}, now);
}

static void look(void *context, struct json_object *findings)
{
	struct tokend *tokend = context;
	const struct monitor *monitor = tokend->monitor;
	const struct config *config = tokend->generation->derived;
	const struct health_microsoft microsoft = {monitor->answered, monitor->failing_since,
		monitor->failed, monitor->fault, monitor->refused};
	const struct health_key_file file = {.part = HEALTH_VAULT_KEY,
		.path = tokend->generation->settings->vault_key_file,
		.flag = "vault",
		.changed = keyfile_changed(config->vault_keys),
		.keys = keyfile_count(config->vault_keys)};
	time_t now = time(NULL);

	metrics_set(tokend->metrics, METRIC_TOKEND_SIGN_INS_OPEN, (struct metric_at){0},
		(int64_t)tokend->flows_n);
	health_microsoft(findings, &microsoft, now);
	if (monitor->clock_known)
		health_clock(findings, monitor->ahead);
	health_key_file(findings, &file, now);
	look_at_queue(tokend, findings, now);
	look_at_webhooks(tokend, findings, now);
}

int monitor_start(struct tokend *tokend)
{
	struct reporter_options options = {.base = tokend->base,
		.store = tokend->store,
		.program = "tokend",
		.look = look,
		.context = tokend};

	tokend->monitor = calloc(1, sizeof(*tokend->monitor));
	tokend->metrics = options.metrics = metrics_new("tokend", NULL);
	if (tokend->monitor == NULL || tokend->metrics == NULL)
		return -1;
	http_observe(tokend->http, on_answer, tokend);
	tokend->monitor->reporter = reporter_new(&options);
	return tokend->monitor->reporter != NULL ? 0 : -1;
}

void monitor_end(struct tokend *tokend, void (*said)(void *tokend))
{
	reporter_end(tokend->monitor->reporter, said, tokend);
}

void monitor_free(struct tokend *tokend)
{
	if (tokend->monitor != NULL)
		reporter_free(&tokend->monitor->reporter);
	free(tokend->monitor);
	tokend->monitor = NULL;
	metrics_free(&tokend->metrics);
}
