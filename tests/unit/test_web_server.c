/*
 * The HTTP server over real sockets: a child serves, the test is the client, byte by byte where
 * that matters.
 */
#include "support.h"

#include "base/clock.h"
#include "base/endpoint.h"
#include "web/server.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_MS  2000
#define LATER_MS    100
#define CONNECTIONS 20 /* of one client */
#define CANCELLED   3  /* exit status of a server that cancelled a request */

struct served {
	struct event_base *base;
	struct web_server *server;
	struct event *stop, *leave;
	int cancelled;
};

static void answer_text(struct web_request *request, unsigned status, const char *text)
{
	struct buf body;

	buf_init(&body, 10000);
	buf_string(&body, text);
	web_answer(request, status, "text/plain", &body);
	buf_free(&body);
}

static void get_now(void *context, struct web_request *request)
{
	const char *query = web_request_query(request, "q");
	const char *cookie = web_request_cookie(request, "c");
	char text[200];

	(void)context;
	snprintf(text, sizeof(text), "%s q=%s c=%s", web_request_parameter(request),
		query != NULL ? query : "-", cookie != NULL ? cookie : "-");
	web_header(request, "Cache-Control", "max-age=1");
	web_header(request, "Set-Cookie", "a=1");
	web_header(request, "Set-Cookie", "b=2");
	answer_text(request, 200, text);
}

static void post_form(void *context, struct web_request *request)
{
	const char *field = web_request_field(request, "a");

	(void)context;
	answer_text(request, 200, field != NULL ? field : "no field");
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	answer_text(context, 200, "at last");
}

static void no_cancel(void *context)
{
	(void)context;
}

static void get_later(void *context, struct web_request *request)
{
	static const struct timeval soon = {0, 1000 * LATER_MS};
	struct served *served = context;

	web_request_defer(request, false, no_cancel, NULL);
	event_base_once(served->base, -1, EV_TIMEOUT, on_timer, request, &soon);
}

static void count_cancel(void *context)
{
	struct served *served = context;

	served->cancelled++;
}

static void get_never(void *context, struct web_request *request)
{
	web_request_defer(request, true, count_cancel, context);
}

static void get_redirect(void *context, struct web_request *request)
{
	(void)context;
	web_redirect(request, "/elsewhere");
}

static void get_state(void *context, struct web_request *request)
{
	(void)context;
	answer_text(request, 503, "it fails");
}

static const struct web_route routes[] = {
	{"state", "GET", "/state", get_state, .head = true},
	{"now", "GET", "/now/*", get_now},
	{"form", "POST", "/form", post_form},
	{"later", "GET", "/later", get_later},
	{"never", "GET", "/never", get_never},
	{"redirect", "GET", "/redirect", get_redirect},
	{0},
};

/* Refuses one chain of proxies, and whoever does not come by loopback. */
static unsigned admit(void *context, struct web_request *request)
{
	struct in6_addr peer;
	struct buf chain;
	unsigned seconds = 0;

	(void)context;
	buf_init(&chain, 100);
	web_request_headers(request, "x-forwarded-for", &chain);
	if (!web_request_peer(request, &peer) || peer.s6_addr[12] != 127)
		seconds = 99;
	else if (strcmp(chain.data, "192.0.2.7, 192.0.2.8,192.0.2.9") == 0)
		seconds = 3;
	buf_free(&chain);
	return seconds;
}

static unsigned connections(void *context, const struct in6_addr *peer)
{
	(void)context;
	return peer->s6_addr[12] == 127 ? CONNECTIONS : 0;
}

static void problem(void *context, struct web_request *request, unsigned status)
{
	(void)context;
	answer_text(request, status, "problem");
}

static void drained(void *context)
{
	struct served *served = context;

	event_base_loopbreak(served->base);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct served *served = context;

	(void)fd;
	(void)what;
	web_server_drain(served->server, drained, served);
}

static void on_leave(evutil_socket_t fd, short what, void *context)
{
	struct served *served = context;

	(void)fd;
	(void)what;
	event_base_loopbreak(served->base);
}

static int serve(int listener)
{
	struct served served = {.base = event_base_new()};
	struct error error;
	struct web_server_options options = {
		.base = served.base,
		.listener = listener,
		.request_ms = REQUEST_MS,
		.routes = routes,
		.admit = admit,
		.connections = connections,
		.problem = problem,
		.context = &served,
	};

	signal(SIGPIPE, SIG_IGN);
	served.server = web_server_new(&options, &error);
	served.stop = evsignal_new(served.base, SIGTERM, on_stop, &served);
	served.leave = evsignal_new(served.base, SIGUSR1, on_leave, &served);
	if (served.server == NULL || served.stop == NULL || served.leave == NULL)
		return 1;
	event_add(served.stop, NULL);
	event_add(served.leave, NULL);
	event_base_dispatch(served.base);
	web_server_free(&served.server);
	event_free(served.stop);
	event_free(served.leave);
	event_base_free(served.base);
	return served.cancelled > 0 ? CANCELLED : 0;
}

struct fixture {
	pid_t child;
	struct sockaddr_in address;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	socklen_t len = sizeof(fixture->address);
	struct error error;
	int listener = endpoint_listen("inet:127.0.0.1:0", 0, (gid_t)-1, &error);

	assert_true(listener >= 0);
	getsockname(listener, (struct sockaddr *)&fixture->address, &len);
	fixture->child = fork();
	if (fixture->child == 0) {
		free(fixture);
		exit(serve(listener));
	}
	close(listener);
	*state = fixture;
	return 0;
}

/* Stops the server and says how it ended. */
static int end_server(struct fixture *fixture, int number)
{
	int status = 0;

	kill(fixture->child, number);
	waitpid(fixture->child, &status, 0);
	fixture->child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stop_server(struct fixture *fixture)
{
	return end_server(fixture, SIGTERM);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	int status = fixture->child != 0 ? stop_server(fixture) : 0;

	free(fixture);
	return status;
}

static int dial(const struct fixture *fixture)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&fixture->address,
				 sizeof(fixture->address)),
		0);
	return fd;
}

/* Reads until the server closes. */
static void read_all(int fd, char *text_r, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while (len < size - 1 && (got = read(fd, text_r + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text_r[len] = '\0';
	close(fd);
}

static void ask(const struct fixture *fixture, const char *request, char *text_r, size_t size)
{
	int fd = dial(fixture);

	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	read_all(fd, text_r, size);
}

/* One client holds as many as it may have: the next one is closed, until one ends. */
static void test_connections_of_a_client(void **state)
{
	static const char request[] =
		"GET /now/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	const struct fixture *fixture = *state;
	int held[CONNECTIONS];
	char text[2000];
	uint64_t begin;

	for (size_t i = 0; i < CONNECTIONS; i++)
		held[i] = dial(fixture);
	begin = clock_monotonic_ms();
	read_all(dial(fixture), text, sizeof(text));
	assert_string_equal(text, "");
	assert_true(clock_monotonic_ms() - begin < REQUEST_MS / 2);
	for (size_t i = 1; i < CONNECTIONS; i++)
		close(held[i]);
	usleep(300000); /* until the server has noticed */
	ask(fixture, request, text, sizeof(text));
	assert_non_null(strstr(text, "200 OK"));
	close(held[0]);
}

#define END  "Host: x\r\nConnection: close\r\n\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static const struct {
	const char *label, *request;
	const char *want[4];
} cases[] = {
	{"answer", "GET /now/abc HTTP/1.1\r\n" END, {"200 OK", "\r\n\r\nabc q=- c=-"}},
	{"query and cookie", "GET /now/x?q=a+b HTTP/1.1\r\nCookie: z=1; c=2\r\n" END,
		{"200 OK", "x q=a b c=2"}},
	{"query that is no text", "GET /now/x?q=%ff HTTP/1.1\r\n" END, {"200 OK", "x q=- c=-"}},
	{"query with a NUL", "GET /now/x?q=a%00b HTTP/1.1\r\n" END, {"200 OK", "x q=- c=-"}},
	{"header replaced", "GET /now/x HTTP/1.1\r\n" END, {"Cache-Control: max-age=1\r\n"}},
	{"two cookies", "GET /now/x HTTP/1.1\r\n" END,
		{"Set-Cookie: a=1\r\n", "Set-Cookie: b=2\r\n"}},
	{"security headers", "GET /now/x HTTP/1.1\r\n" END,
		{"Content-Security-Policy: default-src 'none';",
			"Referrer-Policy: no-referrer\r\n",
			"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n"}},
	{"head", "HEAD /never HTTP/1.1\r\n" END, {"200 OK", "Cache-Control: no-store\r\n"}},
	{"head of what tells by its status", "HEAD /state HTTP/1.1\r\n" END,
		{"503 Service", "Content-Type: text/plain\r\n", "Content-Length: 8\r\n"}},
	{"redirect", "GET /redirect HTTP/1.1\r\n" END,
		{"303 See Other", "Location: /elsewhere\r\n"}},
	{"unknown path", "GET /x HTTP/1.1\r\n" END, {"404 Not Found", "problem"}},
	{"wrong method", "POST /later HTTP/1.1\r\nContent-Length: 0\r\n" END,
		{"405 Method Not Allowed", "Allow: GET, HEAD\r\n", "problem"}},
	{"get of a form", "GET /form HTTP/1.1\r\n" END, {"405 Method", "Allow: POST\r\n"}},
	{"form", "POST /form HTTP/1.1\r\nContent-Length: 7\r\n" FORM END "a=1%2b2",
		{"200 OK", "1+2"}},
	{"form with a charset",
		"POST /form HTTP/1.1\r\nContent-Length: 3\r\n"
		"Content-Type: Application/X-WWW-Form-Urlencoded; charset=UTF-8\r\n" END "a=1",
		{"200 OK", "\r\n\r\n1"}},
	{"chunked form",
		"POST /form HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" FORM END
		"2\r\na=\r\n1\r\n7\r\n0\r\n\r\n",
		{"200 OK", "\r\n\r\n7"}},
	{"another type",
		"POST /form HTTP/1.1\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n" END
		"a=1",
		{"200 OK", "no field"}},
	{"broken form", "POST /form HTTP/1.1\r\nContent-Length: 3\r\n" FORM END "a=%",
		{"400 Bad Request"}},
	{"too often, by a header in two parts",
		"GET /now/x HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7, 192.0.2.8\r\n"
		"X-Forwarded-For: 192.0.2.9\r\n" END,
		{"429 Too Many Requests", "Retry-After: 3\r\n", "problem"}},
	{"another chain", "GET /now/x HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7\r\n" END,
		{"200 OK"}},
	{"long body announced", "POST /form HTTP/1.1\r\nContent-Length: 8193\r\n" FORM END,
		{"413 "}},
	{"endless body announced",
		"POST /form HTTP/1.1\r\nContent-Length: 99999999999\r\n" FORM END, {"413 "}},
};

static void test_answers(void **state)
{
	char text[20000];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask(*state, cases[i].request, text, sizeof(text));
		for (size_t n = 0; n < ARRAY_SIZE(cases[i].want) && cases[i].want[n] != NULL;
			n++) {
			if (strcasestr(text, cases[i].want[n]) == NULL)
				fail_msg("%s: got \"%s\", want \"%s\"", cases[i].label, text,
					cases[i].want[n]);
		}
	}
}

/* An answer that comes later leaves when it is there, not at the next tick. */
static void test_later(void **state)
{
	uint64_t begin = clock_monotonic_ms();
	char text[20000];

	for (int i = 0; i < 5; i++) {
		ask(*state, "GET /later HTTP/1.1\r\n" END, text, sizeof(text));
		assert_non_null(strstr(text, "200 OK"));
		assert_non_null(strstr(text, "at last"));
	}
	assert_in_range(clock_monotonic_ms() - begin, 5 * LATER_MS, 5 * LATER_MS + 700);
}

static void test_body_limit(void **state)
{
	static const char head[] =
		"POST /form HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" FORM END;
	char chunk[1024 + 16], text[20000];
	int fd = dial(*state);

	snprintf(chunk, sizeof(chunk), "400\r\n%1024s\r\n", "a=");
	assert_int_equal(write(fd, head, sizeof(head) - 1), sizeof(head) - 1);
	for (int i = 0; i < 9; i++)
		assert_int_equal(write(fd, chunk, strlen(chunk)), strlen(chunk));
	assert_int_equal(write(fd, "0\r\n\r\n", 5), 5);
	read_all(fd, text, sizeof(text));
	assert_non_null(strstr(text, " 413 "));
}

static void test_header_limit(void **state)
{
	char *request = malloc(40000), text[20000];

	snprintf(request, 40000, "GET /now/x HTTP/1.1\r\nX: %030000d\r\n" END, 0);
	ask(*state, request, text, sizeof(text));
	assert_non_null(strstr(text, " 431 "));
	free(request);
}

static void test_every_split(void **state)
{
	static const char request[] =
		"POST /form HTTP/1.1\r\nContent-Length: 5\r\n" FORM END "a=1+2";
	char text[20000];

	for (size_t at = 1; at < sizeof(request) - 1; at++) {
		int fd = dial(*state);

		assert_int_equal(write(fd, request, at), at);
		usleep(500);
		assert_int_equal(write(fd, request + at, sizeof(request) - 1 - at),
			sizeof(request) - 1 - at);
		read_all(fd, text, sizeof(text));
		if (strstr(text, "200 OK") == NULL || strstr(text, "\r\n\r\n1 2") == NULL)
			fail_msg("split at %zu: got \"%s\"", at, text);
	}
}

static void test_pipeline(void **state)
{
	char text[20000];

	ask(*state,
		"GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /now/1 HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /later HTTP/1.1\r\n" END,
		text, sizeof(text));
	assert_non_null(strstr(text, "at last"));
	assert_non_null(strstr(strstr(text, "at last"), "1 q=-"));
	assert_non_null(strstr(strstr(text, "1 q=-"), "at last"));
}

/* A client that sends a byte now and then is not idle, but its time runs. */
static void test_slow_client(void **state)
{
	uint64_t begin = clock_monotonic_ms();
	int fd = dial(*state);
	char byte;

	signal(SIGPIPE, SIG_IGN);
	while (clock_monotonic_ms() - begin < 3 * REQUEST_MS) {
		if (write(fd, "G", 1) != 1 || recv(fd, &byte, 1, MSG_DONTWAIT) == 0)
			break;
		usleep(50000);
	}
	assert_in_range(clock_monotonic_ms() - begin, REQUEST_MS - 100, REQUEST_MS + 1500);
	close(fd);
}

/* Idle requests are answered at once, work is finished, kept connections go; who was let in is
 * still served. */
static void test_drain(void **state)
{
	static const char never[] = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char later[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *fixture = *state;
	static const char now[] = "GET /now/x HTTP/1.1\r\nHost: x\r\n\r\n";
	int idle = dial(fixture), busy = dial(fixture), kept = dial(fixture), fresh;
	uint64_t begin;
	char text[20000];

	assert_int_equal(write(idle, never, sizeof(never) - 1), sizeof(never) - 1);
	assert_int_equal(write(kept, now, sizeof(now) - 1), sizeof(now) - 1);
	usleep(100000);
	assert_int_equal(write(busy, later, sizeof(later) - 1), sizeof(later) - 1);
	fresh = dial(fixture);
	usleep(20000);
	begin = clock_monotonic_ms();
	kill(fixture->child, SIGTERM);
	usleep(200000);
	assert_int_equal(write(fresh, now, sizeof(now) - 1), sizeof(now) - 1);
	assert_int_equal(stop_server(fixture), CANCELLED);
	assert_in_range(clock_monotonic_ms() - begin, 50, 3000);
	read_all(idle, text, sizeof(text));
	assert_non_null(strstr(text, " 503 "));
	read_all(busy, text, sizeof(text));
	assert_non_null(strstr(text, "at last"));
	assert_non_null(strcasestr(text, "connection: close"));
	read_all(fresh, text, sizeof(text));
	assert_non_null(strstr(text, "x q=-"));
	read_all(kept, text, sizeof(text));
	assert_null(strcasestr(text, "connection: close"));
}

/* Freed without being drained: what waits is cancelled, nothing is left. */
static void test_free_undrained(void **state)
{
	static const char never[] = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *fixture = *state;
	int waiting = dial(fixture), kept = dial(fixture);
	char text[20000];

	assert_int_equal(write(waiting, never, sizeof(never) - 1), sizeof(never) - 1);
	usleep(100000);
	assert_int_equal(end_server(fixture, SIGUSR1), CANCELLED);
	read_all(waiting, text, sizeof(text));
	read_all(kept, text, sizeof(text));
	assert_text("kept connection", text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_body_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_header_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pipeline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_client, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_connections_of_a_client, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_drain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_free_undrained, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("web server", tests, NULL, NULL);
}
