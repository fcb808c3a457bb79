/*
 * The event-driven client against the server, which comes, goes and misbehaves.
 */
#include "support.h"
#include "support_ipc.h"

#include "base/clock.h"
#include "base/frame.h"
#include "base/ipc_client.h"
#include "base/json.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 3000

static char *folder, *endpoint;
static struct ipc_fixture *server;
static struct event_base *base;
static struct ipc_async *async;

/* What one call's callback saw. */
struct answer {
	struct ipc_async_call *call;
	int replies, errors;
	int64_t number; /* "n" or "sequence" of the last reply */
	int order;	/* among all answers */
	struct error error;
	struct ipc_async_call **cancels; /* cancelled from within the callback; or NULL */
};

static int answers; /* of all calls */

static void on_reply(void *context, struct json_object *reply, const struct error *error)
{
	struct answer *answer = context;

	assert_true((reply == NULL) != (error == NULL));
	if (error != NULL) {
		answer->errors++;
		answer->error = *error;
	} else {
		answer->replies++;
		answer->number = json_int(reply, "n", json_int(reply, "sequence", -1));
	}
	answer->order = answers++;
	if (answer->cancels != NULL)
		ipc_async_cancel(answer->cancels);
}

static int setup(void **state)
{
	(void)state;
	answers = 0;
	folder = support_folder();
	base = event_base_new();
	if (asprintf(&endpoint, "unix:%s/socket", folder) < 0)
		return -1;
	async = ipc_async_new(base, endpoint, "the store");
	return base == NULL || async == NULL;
}

static int teardown(void **state)
{
	(void)state;
	ipc_async_free(&async);
	ipc_async_free(&async);
	if (server != NULL)
		free(ipc_fixture_stop(&server));
	event_base_free(base);
	support_remove(&folder);
	free(endpoint);
	return 0;
}

static void stop_server(void)
{
	free(ipc_fixture_stop(&server));
}

static struct ipc_async_call *ask(
	struct answer *answer, const char *op, const char *name, int n, int timeout_ms)
{
	struct json_object *request = ipc_request_new(op, name, n);
	int before = answers;

	answer->call = ipc_async_call(async, request, timeout_ms, on_reply, answer);
	json_object_put(request);
	assert_non_null(answer->call);
	assert_number("no callback from within", answers, before);
	return answer->call;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
	event_base_loopbreak(base);
}

/* Runs the loop until so many answers came in all, or the time is over. */
static void run(int wanted, int ms)
{
	uint64_t end = clock_monotonic_ms() + (uint64_t)ms;
	struct timeval tick = {.tv_usec = 5000};
	struct event *timer = event_new(base, -1, EV_PERSIST, on_time, NULL);

	event_add(timer, &tick);
	while (answers < wanted && clock_monotonic_ms() < end)
		event_base_dispatch(base);
	event_free(timer);
}

static void test_many(void **state)
{
	struct answer *all = calloc(MANY, sizeof(*all));

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	for (int i = 0; i < MANY; i++)
		ask(&all[i], i % 3 == 0 ? "later" : "echo", "n", i, i % 2 == 0 ? 5000 : 0);
	run(MANY, 5000);
	assert_number("answers", answers, MANY);
	for (int i = 0; i < MANY; i++) {
		assert_number("once", all[i].replies, 1);
		assert_number("its own", all[i].number, i);
	}
	free(all);
}

/* Before there is a server, and again after it took all without an answer. */
static void test_repeated_in_order(void **state)
{
	struct answer all[200] = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		ask(&all[i], "echo", "n", i, 5000);
	run(1, 150);
	server = ipc_fixture_start(endpoint, true);
	run(1, 300);
	for (int i = 100; i < 200; i++)
		ask(&all[i], "echo", "n", i, 0);
	run(1, 50);
	assert_number("none answered yet", answers, 0);
	stop_server();
	server = ipc_fixture_start(endpoint, false);
	run(200, 3000);
	for (int i = 0; i < 200; i++) {
		assert_number("once", all[i].replies, 1);
		assert_number("its own", all[i].number, i);
		assert_number("in order", all[i].order, i);
	}
}

/* More than sockets and buffers hold, each way. */
static void test_volume(void **state)
{
	enum { CALLS = 40 };
	struct answer all[CALLS] = {0};
	size_t len = 600 * 1000;
	char *text = malloc(len + 1);

	(void)state;
	memset(text, 'a', len);
	text[len] = '\0';
	server = ipc_fixture_start(endpoint, false);
	for (int i = 0; i < CALLS; i++) {
		struct json_object *request = ipc_request_new("echo", "n", i);

		json_set_string(request, "text", text);
		all[i].call = ipc_async_call(async, request, 20000, on_reply, &all[i]);
		json_object_put(request);
	}
	run(CALLS, 20000);
	for (int i = 0; i < CALLS; i++)
		assert_number("answered", all[i].replies, 1);
	free(text);
}

static const struct {
	const char *label, *op;
	enum error_kind kind;
	const char *says;
} failures[] = {
	{"no reply", "never", ERROR_TEMPORARY, "gave no answer within 200 ms; is it running?"},
	{"refused", "fail", ERROR_PERMANENT, "none"},
	{"too large an answer", "large", ERROR_PERMANENT, "too large"},
};

static void test_failures(void **state)
{
	struct answer absent = {0}, late = {0}, fine = {0}, large = {0};
	struct json_object *request = ipc_request_new("echo", NULL, 0);
	char *text = calloc(1, FRAME_MAX + 1), *seen;

	(void)state;
	ask(&absent, "echo", "n", 1, 100);
	run(1, 3000);
	assert_number("absent", absent.error.kind, ERROR_TEMPORARY);
	assert_non_null(strstr(absent.error.text, "No such file"));
	server = ipc_fixture_start(endpoint, false);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct answer answer = {0};

		ask(&answer, failures[i].op, NULL, 0, 200);
		run(answers + 1, 3000);
		assert_number(failures[i].label, answer.errors, 1);
		assert_number(failures[i].label, answer.error.kind, failures[i].kind);
		assert_non_null(strstr(answer.error.text, failures[i].says));
	}
	/* The answer that comes too late meets nobody. */
	ask(&late, "later", "ms", 150, 50);
	run(answers + 1, 3000);
	ask(&fine, "later", "ms", 200, 3000);
	run(answers + 1, 3000);
	assert_number("late", late.errors, 1);
	assert_number("late", late.replies, 0);
	assert_number("fine", fine.replies, 1);

	memset(text, 'a', FRAME_MAX);
	json_set_string(request, "text", text);
	large.call = ipc_async_call(async, request, 0, on_reply, &large);
	json_object_put(request);
	free(text);
	assert_non_null(large.call);
	assert_number("not from within", large.errors, 0);
	run(answers + 1, 3000);
	assert_number("too large", large.error.kind, ERROR_PERMANENT);

	seen = ipc_fixture_stop(&server);
	assert_number("one connection for all", strchr(seen, 'c') - seen,
		(long long)strlen(seen) - 1);
	free(seen);
}

/* An unreadable answer costs the connection; other calls are sent again and the one fails in
 * time. */
static void test_broken_answers(void **state)
{
	struct answer broken = {0}, fine = {0};

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	ask(&broken, "broken", NULL, 0, 400);
	ask(&fine, "later", "ms", 30, 5000);
	run(2, 3000);
	assert_number("broken", broken.errors, 1);
	assert_number("broken", broken.error.kind, ERROR_TEMPORARY);
	assert_number("fine", fine.replies, 1);
}

static void test_cancel(void **state)
{
	struct answer unsent = {0}, sent = {0}, own = {0}, other = {0}, victim = {0},
		      last = {0};

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	ask(&unsent, "echo", NULL, 0, 100);
	ipc_async_cancel(&unsent.call);
	assert_null(unsent.call);
	ipc_async_cancel(&unsent.call);
	ask(&sent, "later", "ms", 50, 1000);
	run(1, 20);
	ipc_async_cancel(&sent.call);
	own.cancels = &own.call;
	ask(&own, "echo", NULL, 0, 1000);
	other.cancels = &victim.call;
	ask(&other, "echo", NULL, 0, 1000);
	ask(&victim, "echo", NULL, 0, 1000);
	ask(&last, "later", "ms", 100, 1000);
	run(3, 3000);
	assert_number("cancelled before it was sent", unsent.replies + unsent.errors, 0);
	assert_number("cancelled under way", sent.replies + sent.errors, 0);
	assert_number("cancels itself", own.replies, 1);
	assert_number("cancels the next", other.replies, 1);
	assert_number("cancelled by another", victim.replies + victim.errors, 0);
	assert_number("others", last.replies, 1);
	/* Freed with a call under way. */
	ask(&last, "never", NULL, 0, 1000);
	run(4, 20);
	ask(&last, "never", NULL, 0, 1000);
}

static int subscribed; /* how often the request was asked for */

static struct json_object *since_last(void *context)
{
	struct answer *answer = context;

	subscribed++;
	return ipc_request_new("subscribe", "since", (int)answer->number);
}

static struct json_object *refused_once(void *context)
{
	return subscribed == 0 ? (subscribed++, ipc_request_new("fail", NULL, 0))
			       : since_last(context);
}

static void test_subscription(void **state)
{
	struct answer answer = {.number = 10};

	(void)state;
	subscribed = 0;
	answer.call = ipc_async_subscribe(async, since_last, on_reply, &answer);
	run(1, 100);
	server = ipc_fixture_start(endpoint, false);
	run(4, 3000);
	assert_number("first answer and events", answer.replies, 4);
	assert_number("last", answer.number, 13);
	assert_number("asked", subscribed, 1);
	stop_server();
	run(5, 100);
	server = ipc_fixture_start(endpoint, false);
	run(8, 3000);
	assert_number("again, from the last one", answer.number, 16);
	assert_number("asked", subscribed, 2);
	assert_number("no errors", answer.errors, 0);
	ipc_async_cancel(&answer.call);
	stop_server();
	server = ipc_fixture_start(endpoint, false);
	run(9, 300);
	assert_number("cancelled", answer.replies, 8);
}

static void test_subscription_refused(void **state)
{
	struct answer answer = {.number = 10}, own = {.number = 10, .cancels = &own.call};

	(void)state;
	subscribed = 0;
	server = ipc_fixture_start(endpoint, false);
	answer.call = ipc_async_subscribe(async, refused_once, on_reply, &answer);
	run(1, 3000);
	assert_number("refused", answer.errors, 1);
	stop_server();
	server = ipc_fixture_start(endpoint, false);
	run(5, 5000);
	assert_number("asked again after a while", answer.number, 13);
	own.call = ipc_async_subscribe(async, since_last, on_reply, &own);
	run(10, 300);
	assert_number("cancelled at its first answer", own.replies, 1);
	ipc_async_cancel(&answer.call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many),
		TEST(test_repeated_in_order),
		TEST(test_volume),
		TEST(test_failures),
		TEST(test_broken_answers),
		TEST(test_cancel),
		TEST(test_subscription),
		TEST(test_subscription_refused),
	};

	return cmocka_run_group_tests_name("ipc async", tests, NULL, NULL);
}
