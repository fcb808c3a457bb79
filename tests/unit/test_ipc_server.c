/*
 * The server, from sockets of the test's own: pieces, garbage, peers that do not read, the
 * order of its calls.
 */
#include "support.h"
#include "support_ipc.h"

#include "base/endpoint.h"
#include "base/frame.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME(length, number, rest) "\0\0\0" length "\0\0\0" number rest

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

static int raw_connect(void)
{
	struct timeval limit = {.tv_sec = 5};
	struct error error;
	int fd = endpoint_connect(endpoint, &error);

	if (fd < 0)
		fail_msg("%s", error.text);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void put_request(
	struct buf *out, uint32_t number, const char *op, const char *name, int n)
{
	struct json_object *request = ipc_request_new(op, name, n);
	const char *text = json_text(request);

	frame_put(out, number, FRAME_REQUEST, text, strlen(text));
	json_object_put(request);
}

static void raw_send(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail_msg("short write to the server");
}

static void raw_request(int fd, uint32_t number, const char *op, const char *name, int n)
{
	struct buf out;

	buf_init(&out, 1024);
	put_request(&out, number, op, name, n);
	raw_send(fd, out.data, out.len);
	buf_free(&out);
}

/* One frame of the server's, byte by byte, so that nothing behind it is read. */
static void raw_expect(int fd, uint32_t number, enum frame_type type)
{
	struct frame frame;
	struct error error;
	struct buf in;
	char byte;

	buf_init(&in, 4096);
	while (frame_get(in.data, in.len, &frame, &error) == 0) {
		if (recv(fd, &byte, 1, 0) != 1)
			fail_msg("no answer to call %u", number);
		buf_byte(&in, byte);
	}
	assert_number("call", frame.call, number);
	assert_number("type", frame.type, type);
	buf_free(&in);
}

static void raw_expect_end(const char *label, int fd)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		;
	if (n < 0 && errno == EAGAIN)
		fail_msg("%s: not closed", label);
}

static void test_split(void **state)
{
	struct buf out;
	int fd;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	fd = raw_connect();
	buf_init(&out, 4096);
	for (uint32_t i = 1; i <= 5; i++)
		put_request(&out, i, "echo", "n", (int)i);
	/* All at once, in two parts split anywhere, and byte by byte. */
	for (size_t split = 0; split < out.len; split++) {
		raw_send(fd, out.data, split);
		if (split % 7 == 1)
			usleep(2000);
		raw_send(fd, out.data + split, out.len - split);
		for (uint32_t i = 1; i <= 5; i++)
			raw_expect(fd, i, FRAME_REPLY);
	}
	for (size_t i = 0; i < out.len; i++) {
		raw_send(fd, out.data + i, 1);
		usleep(200);
	}
	for (uint32_t i = 1; i <= 5; i++)
		raw_expect(fd, i, FRAME_REPLY);
	buf_free(&out);
	close(fd);
}

static const struct {
	const char *label, *bytes;
	size_t len;
} garbage[] = {
	{"HTTP", "GET / HTTP/1.1\r\n\r\n", 18},
	{"no length", "\0\0\0\0", 4},
	{"too long", "\xff\xff\xff\xff", 4},
	{"a reply", FRAME("\x07", "\x01", "R{}"), 11},
	{"an unknown type", FRAME("\x07", "\x01", "x{}"), 11},
};

static void test_garbage(void **state)
{
	char *seen;
	int fd;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		fd = raw_connect();
		raw_send(fd, garbage[i].bytes, garbage[i].len);
		raw_expect_end(garbage[i].label, fd);
		close(fd);
	}
	fd = raw_connect();
	raw_send(fd, FRAME("\x07", "\x09", "Q{\""), 11);
	raw_expect(fd, 9, FRAME_ERROR);
	raw_request(fd, 10, "echo", "n", 1);
	raw_expect(fd, 10, FRAME_REPLY);
	close(fd);
	seen = ipc_fixture_stop(&server);
	assert_text("seen", seen, "cccccrdc");
	free(seen);
}

/* Requests of all peers that are ready are handed out before the one "drained". */
static void test_drained(void **state)
{
	int fds[5];
	char *seen;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = raw_connect();
		raw_request(fds[i], 1, "echo", NULL, 0);
		raw_expect(fds[i], 1, FRAME_REPLY);
	}
	raw_request(fds[0], 2, "stall", "ms", 200);
	usleep(50 * 1000);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++) {
		raw_request(fds[i], 2, "echo", NULL, 0);
		raw_request(fds[i], 3, "echo", NULL, 0);
	}
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++) {
		raw_expect(fds[i], 2, FRAME_REPLY);
		raw_expect(fds[i], 3, FRAME_REPLY);
		close(fds[i]);
	}
	close(fds[0]);
	seen = ipc_fixture_stop(&server);
	if (strncmp(seen, "rdrdrdrdrdrdrrrrrrrrd", 21) != 0)
		fail_msg("seen: %s", seen);
	free(seen);
}

static int count(const char *seen, char what)
{
	int n = 0;

	for (; *seen != '\0'; seen++)
		n += *seen == what;
	return n;
}

static void test_backlog(void **state)
{
	char *seen;
	int fd, other;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	fd = raw_connect();
	other = raw_connect();
	/* Below the limit: it may read as late as it likes. */
	raw_request(fd, 1, "flood", "n", 12);
	raw_request(other, 1, "echo", NULL, 0);
	raw_expect(other, 1, FRAME_REPLY);
	for (int i = 0; i < 12; i++) {
		char *event = malloc(1024 * 1024 + FRAME_HEADER);

		assert_number("event", recv(fd, event, 1024 * 1024 + FRAME_HEADER, MSG_WAITALL),
			1024 * 1024 + FRAME_HEADER);
		free(event);
	}
	raw_expect(fd, 1, FRAME_REPLY);
	/* Above: closed while its request is still being handled. */
	raw_request(fd, 2, "flood", "n", 40);
	raw_request(other, 2, "echo", NULL, 0);
	raw_expect(other, 2, FRAME_REPLY);
	raw_expect_end("backlog", fd);
	close(fd);
	close(other);
	seen = ipc_fixture_stop(&server);
	/* In any order of the two connections. */
	assert_number("requests", count(seen, 'r'), 4);
	assert_number("closed", count(seen, 'c'), 2);
	assert_number("had to wait, or was gone", count(seen, 'w'), 1);
	free(seen);
}

static void test_drain(void **state)
{
	struct error error;
	int fd, other;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	fd = raw_connect();
	other = raw_connect();
	raw_request(other, 1, "later", "ms", 200);
	usleep(50 * 1000);
	raw_request(fd, 1, "drain", "ms", 100);
	raw_request(fd, 2, "echo", NULL, 0);
	raw_expect(fd, 1, FRAME_REPLY);
	raw_expect(other, 1, FRAME_REPLY);
	assert_int_equal(endpoint_connect(endpoint, &error), -1);
	free(ipc_fixture_stop(&server));
	raw_expect_end("no second answer", fd);
	close(fd);
	close(other);
}

/* Without descriptors the server waits, and serves when there are some again. */
static void test_no_descriptors(void **state)
{
	struct rlimit old, low;
	clock_t used;
	int fds[64], n = 0, fd;

	(void)state;
	server = ipc_fixture_start(endpoint, false);
	fds[n++] = fd = raw_connect();
	raw_request(fd, 1, "echo", NULL, 0);
	raw_expect(fd, 1, FRAME_REPLY);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)fd + 20;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	while (n < 64 && (fds[n] = dup(fds[0])) >= 0)
		n++;
	close(fd);
	fd = raw_connect(); /* the last one: none is left for the server */
	raw_request(fd, 1, "echo", NULL, 0);
	used = clock();
	usleep(300 * 1000);
	assert_true(clock() - used < CLOCKS_PER_SEC / 10);
	while (n > 0)
		close(fds[--n]);
	raw_expect(fd, 1, FRAME_REPLY);
	close(fd);
	setrlimit(RLIMIT_NOFILE, &old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_split),
		TEST(test_garbage),
		TEST(test_drained),
		TEST(test_backlog),
		TEST(test_drain),
		TEST(test_no_descriptors),
	};

	return cmocka_run_group_tests_name("ipc server", tests, NULL, NULL);
}
