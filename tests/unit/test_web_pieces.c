/*
 * Answers in pieces, and who is at the other end of a Unix socket: a child serves, the test is
 * the client.
 */
#include "support.h"

#include "base/endpoint.h"
#include "web/server.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECES	  5
#define PIECE_LEN 40000
#define CANCELLED 3 /* exit status of a server that cancelled an answer */

struct answer {
	struct event_base *base;
	struct web_request *request;
	int given;
	bool later, broken, gone;
};

static struct answer current;

static void give(struct answer *answer)
{
	struct buf piece;
	bool last = ++answer->given == PIECES;

	if (answer->broken && answer->given == 3) {
		web_piece(answer->request, NULL, false);
		return;
	}
	buf_init(&piece, PIECE_LEN);
	/* The second one is empty: nothing may be lost by that. */
	for (int i = 0; i < PIECE_LEN && answer->given != 2; i++)
		buf_byte(&piece, (char)('0' + answer->given));
	web_piece(answer->request, &piece, last);
	buf_free(&piece);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct answer *answer = context;

	(void)fd;
	(void)what;
	if (!answer->gone)
		give(answer);
}

static void more(void *context)
{
	static const struct timeval soon = {0, 5000};
	struct answer *answer = context;

	if (answer->later)
		event_base_once(answer->base, -1, EV_TIMEOUT, on_timer, answer, &soon);
	else
		give(answer);
}

static void cancel(void *context)
{
	struct answer *answer = context;

	answer->gone = true;
}

static void get_pieces(void *context, struct web_request *request)
{
	const char *how = web_request_parameter(request);

	current = (struct answer){.base = context,
		.request = request,
		.later = strcmp(how, "later") == 0 || strcmp(how, "broken") == 0,
		.broken = strcmp(how, "broken") == 0};
	web_answer_pieces(request, "text/plain", more, cancel, &current);
}

static void get_peer(void *context, struct web_request *request)
{
	char name[WEB_NAME_MAX];
	struct buf body;
	uid_t uid = 12345;
	bool known = web_request_peer_user(request, &uid);

	(void)context;
	buf_init(&body, 100);
	buf_printf(&body, "%d %ld %d", known, (long)uid,
		(int)web_request_certificate(request, name));
	web_answer(request, 200, "text/plain", &body);
	buf_free(&body);
}

static void problem(void *context, struct web_request *request, unsigned status)
{
	(void)context;
	web_answer(request, status, NULL, NULL);
}

static void on_term(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(context);
}

static void serve(const char *endpoint)
{
	static const struct web_route routes[] = {{"pieces", "GET", "/pieces/*", get_pieces},
		{"peer", "GET", "/peer", get_peer}, {0}};
	struct event_base *base = event_base_new();
	struct event *term = evsignal_new(base, SIGTERM, on_term, base);
	struct error error;
	struct web_server_options options = {.base = base,
		.listener = endpoint_listen(endpoint, 0600, (gid_t)-1, &error),
		.routes = routes,
		.problem = problem,
		.context = base};
	struct web_server *server = web_server_new(&options, &error);

	event_add(term, NULL);
	event_base_dispatch(base);
	web_server_free(&server);
	event_free(term);
	event_base_free(base);
	_exit(current.gone ? CANCELLED : 0);
}

struct site {
	char *folder, *endpoint;
	pid_t child;
};

static int set_up(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	site->folder = support_folder();
	assert_true(asprintf(&site->endpoint, "unix:%s/s", site->folder) > 0);
	site->child = fork();
	if (site->child == 0)
		serve(site->endpoint);
	*state = site;
	return 0;
}

static int stop(struct site *site)
{
	int status = -1;

	kill(site->child, SIGTERM);
	waitpid(site->child, &status, 0);
	site->child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int tear_down(void **state)
{
	struct site *site = *state;

	if (site->child != 0)
		stop(site);
	support_remove(&site->folder);
	free(site->endpoint);
	free(site);
	return 0;
}

static int connect_to(const struct site *site)
{
	struct error error;
	int fd = -1;

	for (int i = 0; i < 500 && fd < 0; i++) {
		fd = endpoint_connect(site->endpoint, &error);
		if (fd < 0)
			usleep(10000);
	}
	assert_true(fd >= 0);
	return fd;
}

static void ask(int fd, const char *path)
{
	char text[200];

	snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void read_all(int fd, struct buf *out)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_append(out, bytes, (size_t)n);
	close(fd);
}

static void get(const struct site *site, const char *path, struct buf *out)
{
	int fd = connect_to(site);

	ask(fd, path);
	read_all(fd, out);
}

static void check_whole(const char *label, const struct buf *answer)
{
	const char *body = strstr(answer->data, "\r\n\r\n");

	assert_non_null(body);
	body += 4;
	assert_number(label, (long long)strlen(body), (PIECES - 1) * (long long)PIECE_LEN);
	for (int i = 0; i < PIECES - 1; i++) {
		char want = (char)('0' + (i == 0 ? 1 : i + 2));

		assert_int_equal(body[i * PIECE_LEN], want);
		assert_int_equal(body[(i + 1) * PIECE_LEN - 1], want);
	}
}

static void test_whole(void **state)
{
	static const char *const paths[] = {"/pieces/now", "/pieces/later"};
	struct site *site = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct buf answer;

		buf_init(&answer, 1024 * 1024);
		get(site, paths[i], &answer);
		check_whole(paths[i], &answer);
		buf_free(&answer);
	}
	assert_number("nothing was cancelled", stop(site), 0);
}

static void test_broken_off(void **state)
{
	struct site *site = *state;
	struct buf answer;

	buf_init(&answer, 1024 * 1024);
	get(site, "/pieces/broken", &answer);
	assert_true(answer.len > PIECE_LEN);
	assert_true(answer.len < 3 * PIECE_LEN);
	buf_free(&answer);
	assert_number("the server goes on", stop(site), 0);
}

static void test_client_goes_away(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	struct buf answer;
	char byte;

	ask(fd, "/pieces/later");
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(fd);
	usleep(200000);
	buf_init(&answer, 1024);
	get(site, "/peer", &answer);
	assert_non_null(strstr(answer.data, "200 OK"));
	buf_free(&answer);
	assert_number("cancelled", stop(site), CANCELLED);
}

static void test_peer(void **state)
{
	struct site *site = *state;
	struct buf answer;
	char want[64];

	buf_init(&answer, 1024);
	get(site, "/peer", &answer);
	snprintf(want, sizeof(want), "1 %ld %d", (long)getuid(), (int)WEB_CERTIFICATE_NONE);
	assert_text("who", strstr(answer.data, "\r\n\r\n") + 4, want);
	buf_free(&answer);
	stop(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_client_goes_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_peer, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("answers in pieces", tests, NULL, NULL);
}
