/*
 * Policy delegation. Nearly all requests are about somebody else's mail and answered from the
 * request alone. One about a Welcome mail waits for what the store says of its mailbox; many
 * connections' requests to the store go over one connection, and none waits for another's
 * answer.
 */
#include "policy.h"

#include "facts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/protocol.h"

#include <stdlib.h>
#include <string.h>

#define SENT_MAX 100 /* as the op pacing has it */

/* Whom the store is asked about, and what the log says of it. */
struct subject {
	char queue_id[64];
	char client[64];
	char login[128]; /* "-": none */
	char sender[ADDRESS_SIZE];
	char recipient[ADDRESS_SIZE];
};

/* A request that waits for the store. */
struct asking {
	struct client *client;
	struct ipc_async_call *call;
	uint64_t asked_us;
	struct facts facts;
	struct subject subject;
};

static void read_subject(const struct request *request, struct subject *subject_r)
{
	text_copy(request->values[ATTRIBUTE_QUEUE_ID], subject_r->queue_id,
		sizeof(subject_r->queue_id));
	text_copy(request->values[ATTRIBUTE_CLIENT_ADDRESS], subject_r->client,
		sizeof(subject_r->client));
	text_copy(request->values[ATTRIBUTE_SASL_USERNAME], subject_r->login,
		sizeof(subject_r->login));
	if (subject_r->login[0] == '\0')
		strcpy(subject_r->login, "-");
	text_copy(request->values[ATTRIBUTE_SENDER], subject_r->sender,
		sizeof(subject_r->sender));
	text_copy(request->values[ATTRIBUTE_RECIPIENT], subject_r->recipient,
		sizeof(subject_r->recipient));
}

/* error: why the store was of no help, or NULL. */
static void log_verdict(
	const struct subject *subject, enum verdict verdict, const struct error *error)
{
	const char *queue_id = subject->queue_id[0] != '\0' ? subject->queue_id : "NOQUEUE";

	if (error != NULL)
		log_warning(
			"%s: policy sender=%s recipient=%s client=%s login=%s action=deferred "
			"reason=\"%s\"",
			queue_id, subject->sender, subject->recipient, subject->client,
			subject->login, error->text);
	else if (!verdict_refuses(verdict))
		log_debug("%s: policy sender=%s recipient=%s client=%s login=%s action=passed",
			queue_id, subject->sender, subject->recipient, subject->client,
			subject->login);
	else
		log_info("%s: policy sender=%s recipient=%s client=%s login=%s action=refused "
			 "reason=%s",
			queue_id, subject->sender, subject->recipient, subject->client,
			subject->login, verdict_name(verdict));
}

static void count(struct client *client, bool welcome_sender, enum verdict verdict)
{
	static const enum count_policy places[] = {
		[VERDICT_PASS] = COUNT_POLICY_PASSED,
		[VERDICT_TOO_EARLY] = COUNT_POLICY_TOO_EARLY,
		[VERDICT_STRANGER] = COUNT_POLICY_STRANGER,
		[VERDICT_NO_TLS] = COUNT_POLICY_NO_TLS,
		[VERDICT_AWAY] = COUNT_POLICY_STORE_AWAY,
		[VERDICT_REVOKED] = COUNT_POLICY_REVOKED,
		[VERDICT_UNKNOWN] = COUNT_POLICY_UNKNOWN_CUSTOMER,
		[VERDICT_DAILY_LIMIT] = COUNT_POLICY_DAILY_LIMIT,
		[VERDICT_RESEND] = COUNT_POLICY_RESEND_INTERVAL,
	};
	const struct policy *policy = client_context(client);
	bool unrelated = verdict == VERDICT_PASS && !welcome_sender;

	metrics_count(policy->metrics, METRIC_POLICY_REQUESTS,
		unrelated ? COUNT_POLICY_UNRELATED : places[verdict]);
}

static void answer(struct client *client, enum verdict verdict, time_t wait)
{
	char text[ANSWER_SIZE];
	size_t len = verdict_answer(verdict, wait, text);

	client_answer(client, text, len);
}

static void forget(void *waiting)
{
	struct asking *asking = waiting;

	ipc_async_cancel(&asking->call);
	free(asking);
}

static void take_reply(struct json_object *reply, struct facts *facts, time_t sent_r[SENT_MAX])
{
	struct json_object *list = json_member(reply, "sent");
	size_t n =
		json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	facts->known = json_flag(reply, "known", false);
	facts->revoked = json_member(reply, "revoked") != NULL;
	facts->sent_n = n < SENT_MAX ? n : SENT_MAX;
	facts->sent = sent_r;
	for (size_t i = 0; i < facts->sent_n; i++)
		sent_r[i] = (time_t)json_object_get_int64(json_object_array_get_idx(list, i));
}

/* Decides with what the store says: reply; error, it is away; neither, it knows nothing of such
 * a mailbox. */
static void conclude(
	struct asking *asking, struct json_object *reply, const struct error *error)
{
	time_t sent[SENT_MAX], wait;
	enum verdict verdict;

	if (reply != NULL)
		take_reply(reply, &asking->facts, sent);
	asking->facts.store = error != NULL ? STORE_AWAY : STORE_ANSWERED;
	asking->facts.now = time(NULL);
	verdict = decide(&asking->facts, &wait);
	log_verdict(&asking->subject, verdict, error);
	count(asking->client, true, verdict);
	answer(asking->client, verdict, wait);
	free(asking);
}

static void on_reply(void *context, struct json_object *reply, const struct error *error)
{
	struct asking *asking = context;
	struct client *client = asking->client;
	const struct policy *policy = client_context(client);

	metrics_observe(policy->metrics, METRIC_POLICY_STORE_SECONDS, (struct metric_at){0},
		clock_monotonic_us() - asking->asked_us);
	conclude(asking, reply, error);
	client_resume(client);
}

/* The store takes text: UTF-8 without control characters. */
static bool is_text(const char *mailbox)
{
	for (const char *c = mailbox; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return utf8_valid(mailbox, strlen(mailbox));
}

/* Asks about the mailbox. Returns 1, 0 when no customer can have such a one, -1 with error. */
static int ask(struct policy *policy, struct asking *asking, struct error *error)
{
	struct json_object *request = store_request("pacing");
	const char *mailbox = asking->subject.recipient;
	int result = 0;

	if (request == NULL || json_set_string(request, "mailbox", mailbox) != 0)
		result = -1;
	else if (mailbox[0] != '\0' && is_text(mailbox))
		result = 1;
	asking->asked_us = clock_monotonic_us();
	if (result == 1)
		asking->call = ipc_async_call(
			policy->store, request, IPC_TIMEOUT_MS, on_reply, asking);
	json_object_put(request);
	if (result < 0 || (result == 1 && asking->call == NULL))
		return error_memory(error);
	return result;
}

static void ask_and_conclude(struct asking *asking)
{
	struct error error;
	int asked = ask(client_context(asking->client), asking, &error);

	if (asked == 1)
		client_wait(asking->client, asking);
	else
		conclude(asking, NULL, asked < 0 ? &error : NULL);
}

/* What is not about a Welcome mail was answered already. */
static void take_welcome(struct client *client, const struct request *request,
	const struct facts *facts, enum verdict verdict)
{
	struct asking *asking = malloc(sizeof(*asking));

	if (asking == NULL) {
		count(client, true, VERDICT_AWAY);
		answer(client, VERDICT_AWAY, 0);
		return;
	}
	asking->client = client;
	asking->facts = *facts;
	read_subject(request, &asking->subject);
	if (verdict == VERDICT_ASK) {
		ask_and_conclude(asking);
		return;
	}
	log_verdict(&asking->subject, verdict, NULL);
	count(client, true, verdict);
	answer(client, verdict, 0);
	free(asking);
}

/* Once, until the next reload. */
static void complain(struct policy *policy, const struct request *request)
{
	struct text stage = request->values[ATTRIBUTE_PROTOCOL_STATE];

	if (!policy->complained)
		log_warning("asked at %.*s, where the recipient is not known: "
			    "check_policy_service belongs first into "
			    "smtpd_recipient_restrictions",
			(int)stage.len, stage.data);
	policy->complained = true;
}

static ssize_t take(struct client *client, const char *bytes, size_t len, size_t *scanned,
	struct error *error)
{
	struct policy *policy = client_context(client);
	const struct daemon_generation *generation = policy->generation;
	struct request request;
	struct facts facts;
	enum verdict verdict;
	time_t wait;
	ssize_t size = request_get(bytes, len, scanned, &request, error);

	if (size <= 0)
		return size;
	facts_read(&request, generation->settings, generation->derived, &facts);
	verdict = decide(&facts, &wait);
	if (verdict == VERDICT_ASK || verdict_refuses(verdict)) {
		take_welcome(client, &request, &facts, verdict);
		return size;
	}
	if (verdict == VERDICT_TOO_EARLY)
		complain(policy, &request);
	count(client, facts.welcome_sender, verdict);
	answer(client, verdict, wait);
	return size;
}

const struct service policy_service = {
	.name = "policy_listen",
	.input_max = REQUEST_MAX,
	.take = take,
	.forget = forget,
};
