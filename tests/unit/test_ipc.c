/*
 * The blocking client against the server, and against one that misbehaves.
 */
#include "support.h"
#include "support_ipc.h"

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/frame.h"
#include "base/ipc_client.h"
#include "base/json.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 8
#define CALLS	300

static char *folder, *endpoint;
static struct ipc_fixture *server;

static int setup(void **state)
{
	(void)state;
	folder = support_folder();
	return asprintf(&endpoint, "unix:%s/socket", folder) < 0;
}

static int teardown(void **state)
{
	(void)state;
	if (server != NULL)
		free(ipc_fixture_stop(&server));
	support_remove(&folder);
	free(endpoint);
	return 0;
}

/* Asks and puts the request. Returns ipc_call's. */
static int call(struct ipc_client *client, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	int result = ipc_call(client, request, reply_r, error);

	json_object_put(request);
	assert_true((result == 0) == (*reply_r != NULL));
	return result;
}

static void assert_echo(struct ipc_client *client, const char *op, int n)
{
	struct json_object *reply;
	struct error error;

	if (call(client, ipc_request_new(op, "n", n), &reply, &error) != 0)
		fail_msg("%s: %s", op, error.text);
	assert_number(op, json_int(reply, "n", -1), n);
	json_object_put(reply);
}

struct caller {
	struct ipc_client *client;
	pthread_t thread;
	int first, wrong;
};

static void *many_calls(void *context)
{
	struct caller *caller = context;

	for (int i = 0; i < CALLS; i++) {
		struct json_object *request =
			ipc_request_new(i % 50 == 0 ? "later" : "echo", "n", caller->first + i);
		struct json_object *reply;
		struct error error;

		if (ipc_call(caller->client, request, &reply, &error) != 0 ||
			json_int(reply, "n", -1) != caller->first + i)
			caller->wrong++;
		json_object_put(request);
		json_object_put(reply);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 5000);
	struct caller callers[THREADS];
	struct json_object *reply;
	struct error error;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){.client = client, .first = i * CALLS};
		assert_int_equal(
			pthread_create(&callers[i].thread, NULL, many_calls, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_number("wrong answers", callers[i].wrong, 0);
	}
	assert_int_equal(call(client, ipc_request_new("who", NULL, 0), &reply, &error), 0);
	assert_number("uid", json_int(reply, "uid", -1), geteuid());
	assert_number("gid", json_int(reply, "gid", -1), getegid());
	assert_number("pid", json_int(reply, "pid", -1), getpid());
	json_object_put(reply);
	ipc_client_free(&client);
	ipc_client_free(&client);
}

static const struct {
	const char *label, *request;
	enum error_kind kind;
	const char *text;
} refusals[] = {
	{"error", "{\"op\":\"fail\",\"kind\":\"conflict\",\"text\":\"it is \\\"so\\\"\"}",
		ERROR_CONFLICT, "it is \"so\""},
	{"answer too large", "{\"op\":\"large\"}", ERROR_PERMANENT, "the answer is too large"},
};

static void test_errors(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 2000);
	struct json_object *request, *reply;
	struct error error;
	char *text = malloc(FRAME_MAX);

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_int_equal(json_parse(refusals[i].request, strlen(refusals[i].request),
					 &request, &error),
			0);
		assert_number(refusals[i].label, call(client, request, &reply, &error), -1);
		assert_number(refusals[i].label, error.kind, refusals[i].kind);
		assert_text(refusals[i].label, error.text, refusals[i].text);
		assert_echo(client, "echo", (int)i);
	}
	memset(text, 'a', FRAME_MAX - 1);
	text[FRAME_MAX - 1] = '\0';
	request = ipc_request_new("echo", NULL, 0);
	json_set_string(request, "text", text);
	assert_int_equal(call(client, request, &reply, &error), -1);
	assert_number("request too large", error.kind, ERROR_PERMANENT);
	text[FRAME_MAX - 100] = '\0';
	request = ipc_request_new("echo", NULL, 0);
	json_set_string(request, "text", text);
	assert_int_equal(call(client, request, &reply, &error), 0);
	assert_text("large request", json_string(reply, "text", NULL), text);
	json_object_put(reply);
	free(text);
	ipc_client_free(&client);
}

static void assert_no_answer(struct ipc_client *client, struct json_object *request,
	const char *says, uint64_t at_least, uint64_t at_most)
{
	uint64_t begun = clock_monotonic_ms(), took;
	struct json_object *reply;
	struct error error;

	assert_int_equal(call(client, request, &reply, &error), -1);
	took = clock_monotonic_ms() - begun;
	assert_number(says, error.kind, ERROR_TEMPORARY);
	if (strstr(error.text, says) == NULL || strstr(error.text, "is it running?") == NULL ||
		strstr(error.text, endpoint) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, says);
	if (took < at_least || took > at_most)
		fail_msg("%s: took %d ms", says, (int)took);
}

static void test_time_limit(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 300);
	struct ipc_client *wrong = ipc_client_new("unix:relative", "the store", 5000);
	struct json_object *reply;
	struct error error;

	(void)state;
	assert_no_answer(client, ipc_request_new("echo", "n", 1), "No such file", 100, 2000);
	server = ipc_fixture_start(endpoint, false);
	assert_no_answer(client, ipc_request_new("never", NULL, 0), "no reply", 300, 2000);
	/* Its answer comes while others are asked. */
	assert_no_answer(client, ipc_request_new("later", "ms", 500), "no reply", 300, 2000);
	for (int i = 0; i < 20; i++) {
		assert_echo(client, "echo", i);
		usleep(15 * 1000);
	}
	free(ipc_fixture_stop(&server));
	assert_no_answer(
		client, ipc_request_new("echo", "n", 1), "Connection refused", 100, 2000);
	ipc_client_free(&client);

	assert_int_equal(call(wrong, ipc_request_new("echo", NULL, 0), &reply, &error), -1);
	assert_number("bad endpoint", error.kind, ERROR_CONFIGURATION);
	ipc_client_free(&wrong);
}

/* Whoever does not want to wait knows before asking. */
static void test_silence(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 60000);
	struct json_object *request = ipc_request_new("never", NULL, 0), *reply;
	uint64_t begun = clock_monotonic_ms();
	struct error error;

	(void)state;
	assert_false(ipc_client_silent(client));
	assert_int_equal(ipc_call_within(client, 100, request, &reply, &error), -1);
	assert_true(ipc_client_silent(client));
	server = ipc_fixture_start(endpoint, false);
	assert_true(ipc_client_silent(client));
	usleep(1100000);
	assert_false(ipc_client_silent(client));
	assert_true(ipc_client_silent(client));
	assert_echo(client, "echo", 1);
	assert_false(ipc_client_silent(client));
	assert_int_equal(ipc_call_within(client, 100, request, &reply, &error), -1);
	assert_non_null(strstr(error.text, "no answer within 100 ms"));
	assert_true(ipc_client_silent(client));
	/* A refusal is an answer. */
	assert_int_equal(call(client, ipc_request_new("fail", NULL, 0), &reply, &error), -1);
	assert_false(ipc_client_silent(client));
	assert_true(clock_monotonic_ms() - begun < 5000);
	free(ipc_fixture_stop(&server));
	json_object_put(request);
	ipc_client_free(&client);
}

static void *start_later(void *context)
{
	(void)context;
	usleep(250 * 1000);
	server = ipc_fixture_start(endpoint, false);
	return NULL;
}

static void *stop_later(void *context)
{
	(void)context;
	usleep(100 * 1000);
	free(ipc_fixture_stop(&server));
	return start_later(NULL);
}

/* The server ends between two calls, then while a call waits: the calls only take longer. */
static void test_restart(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 5000);
	pthread_t thread;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	assert_echo(client, "echo", 1);
	free(ipc_fixture_stop(&server));
	server = ipc_fixture_start(endpoint, false);
	assert_echo(client, "echo", 2);
	free(ipc_fixture_stop(&server));
	pthread_create(&thread, NULL, start_later, NULL);
	assert_echo(client, "echo", 3);
	pthread_join(thread, NULL);
	free(ipc_fixture_stop(&server));
	server = ipc_fixture_start(endpoint, true);
	pthread_create(&thread, NULL, stop_later, NULL);
	assert_echo(client, "echo", 4);
	pthread_join(thread, NULL);
	ipc_client_free(&client);
}

struct streamed {
	int64_t last;
	int events, quiet, stop_at;
};

static int on_event(void *context, struct json_object *event)
{
	struct streamed *streamed = context;

	if (event == NULL)
		return ++streamed->quiet == 2 ? 5 : 0;
	assert_number("in order", json_int(event, "sequence", 0), streamed->last + 1);
	streamed->last++;
	return ++streamed->events == streamed->stop_at ? 7 : 0;
}

static void test_stream(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 2000);
	struct json_object *subscribe = ipc_request_new("subscribe", "since", 10);
	struct json_object *fail = ipc_request_new("fail", NULL, 0);
	struct streamed all = {.last = 10}, two = {.last = 10, .stop_at = 2};
	struct streamed lost = {.last = 10};
	struct error error;
	pthread_t thread;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	assert_number("quiet", ipc_stream(client, subscribe, 50, on_event, &all, &error), 5);
	assert_number("all events", all.events, 3);
	assert_number("stopped", ipc_stream(client, subscribe, 50, on_event, &two, &error), 7);
	assert_number("two events", two.events, 2);
	assert_number("refused", ipc_stream(client, fail, 50, on_event, &all, &error), -1);
	assert_number("refused", error.kind, ERROR_PERMANENT);
	pthread_create(&thread, NULL, stop_later, NULL);
	assert_number("lost", ipc_stream(client, subscribe, -1, on_event, &lost, &error), -1);
	assert_number("lost", error.kind, ERROR_TEMPORARY);
	assert_number("events before", lost.events, 3);
	pthread_join(thread, NULL);
	json_object_put(subscribe);
	json_object_put(fail);
	ipc_client_free(&client);
}

#define FRAME(length, number, rest) "\0\0\0" length "\0\0\0" number rest

static const struct {
	const char *label, *bytes;
	size_t len;
} nonsense[] = {
	{"closes at once", "", 0},
	{"no frame", "HTTP/1.1 400 Bad Request\r\n\r\n", 28},
	{"half a frame", FRAME("\x07", "\x01", "R"), 9},
	{"other call", FRAME("\x07", "\x02", "R{}"), 11},
	{"a request", FRAME("\x07", "\x01", "Q{}"), 11},
	{"an event", FRAME("\x07", "\x01", "V{}"), 11},
	{"no JSON", FRAME("\x07", "\x01", "R{\""), 11},
	{"no object", FRAME("\x07", "\x01", "R[]"), 11},
};

struct impostor {
	int listener;
	const char *bytes;
	size_t len;
	bool stays; /* the connection, for more requests */
};

static void *speak_nonsense(void *context)
{
	struct impostor *impostor = context;
	int fd;

	while ((fd = accept(impostor->listener, NULL, NULL)) >= 0) {
		char request[256];

		while (recv(fd, request, sizeof(request), 0) > 0 &&
			send(fd, impostor->bytes, impostor->len, MSG_NOSIGNAL) > 0 &&
			impostor->stays)
			;
		close(fd);
	}
	return NULL;
}

static void impostor_start(struct impostor *impostor, pthread_t *thread_r)
{
	struct error error;

	impostor->listener = endpoint_listen(endpoint, 0600, (gid_t)-1, &error);
	assert_true(impostor->listener >= 0);
	fcntl(impostor->listener, F_SETFL, 0);
	pthread_create(thread_r, NULL, speak_nonsense, impostor);
}

static void impostor_stop(struct impostor *impostor, pthread_t thread)
{
	shutdown(impostor->listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(impostor->listener);
}

static void test_nonsense(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		struct ipc_client *client = ipc_client_new(endpoint, "the store", 150);
		struct impostor impostor = {.bytes = nonsense[i].bytes, .len = nonsense[i].len};
		pthread_t thread;

		impostor_start(&impostor, &thread);
		assert_no_answer(
			client, ipc_request_new("echo", NULL, 0), "the store", 40, 1000);
		ipc_client_free(&client);
		impostor_stop(&impostor, thread);
	}
}

/* What comes behind an answer is not the next call's. */
static void test_two_answers(void **state)
{
	struct ipc_client *client = ipc_client_new(endpoint, "the store", 2000);
	struct impostor impostor = {
		.bytes =
			FRAME("\x0c", "\x01", "R{\"n\":1}") FRAME("\x0c", "\x01", "R{\"n\":2}"),
		.len = 32,
		.stays = true,
	};
	pthread_t thread;

	(void)state;
	impostor_start(&impostor, &thread);
	assert_echo(client, "echo", 1);
	assert_echo(client, "echo", 1);
	ipc_client_free(&client);
	impostor_stop(&impostor, thread);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads),
		TEST(test_errors),
		TEST(test_time_limit),
		TEST(test_silence),
		TEST(test_restart),
		TEST(test_stream),
		TEST(test_nonsense),
		TEST(test_two_answers),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
