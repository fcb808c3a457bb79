/*
 * usage: bench_store path/to/postinvite-store
 *
 * Starts a private store in a folder of its own and measures, in alternating pairs, so that
 * whatever else the machine does falls on both sides alike:
 *	durable events a second with 16 clients   beside   fdatasync(2) a second in the same folder
 *	look-ups a second with 8 clients          beside   echoes a second of a bare echo, same socket, same clients
 * Each client has one request under way and waits for its answer. Prints every pair and the
 * median of the ratios.
 */
#include "base/encode.h"
#include "base/frame.h"
#include "base/json.h"
#include "store/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAIRS	       15
#define PART_S	       0.6 /* seconds of each measurement */
#define WRITERS	       16
#define READERS	       8
#define CLIENTS_MAX    16
#define INVITATIONS    2000
#define LOG_RECORD     512 /* bytes before each fdatasync */
#define LOG_FILE       (8 * 1024 * 1024)
#define EVENTS_WANTED  1.5
#define LOOKUPS_WANTED 0.6

struct bench {
	char folder[64];
	char store_path[108], echo_path[108];
	pid_t store, echo;
	char ids[INVITATIONS][32];
};

static struct bench bench;

static void die(const char *what)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_connection(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void read_all(int fd, char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, bytes, len, 0);

		if (n <= 0)
			die("the connection ended");
		bytes += n;
		len -= (size_t)n;
	}
}

/* Sends a frame and takes the whole answer into `answer`. */
static void exchange(
	int fd, const struct buf *frame, char *answer, size_t size, struct frame *frame_r)
{
	struct error error;
	uint32_t len;
	ssize_t n;

	if (send(fd, frame->data, frame->len, MSG_NOSIGNAL) != (ssize_t)frame->len)
		die("send");
	n = recv(fd, answer, size, 0);
	if (n < 4)
		die("recv");
	memcpy(&len, answer, 4);
	len = __builtin_bswap32(len) + 4;
	if (len > size)
		die("an answer that is too long");
	if ((size_t)n < len)
		read_all(fd, answer + n, len - (size_t)n);
	if (frame_get(answer, len, frame_r, &error) <= 0)
		die("an answer that is no frame");
}

static void request_frame(struct buf *frame, struct json_object *request)
{
	const char *text = json_text(request);

	buf_reset(frame);
	frame_put(frame, 1, FRAME_REQUEST, text, strlen(text));
}

struct client {
	pthread_t thread;
	const char *path;
	int number;
	enum { LOOK_UP, EVENT } what;
	atomic_bool *stop;
	long done;
};

static void event_request(struct buf *frame, const char *id, long n)
{
	char change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	buf_reset(frame);
	buf_printf(frame,
		"....ccccQ{\"op\":\"apply\",\"change\":\"%s\",\"id\":\"%s\",\"event\":{"
		"\"type\":\"validated\","
		"\"at\":\"2026-01-01T00:00:00Z\",\"validation\":\"run %ld of the bench\"}}",
		change, id, n);
}

static void look_up_request(struct buf *frame, const char *id)
{
	buf_reset(frame);
	buf_printf(frame, "....ccccQ{\"op\":\"get\",\"id\":\"%s\"}", id);
}

static void *run_client(void *context)
{
	struct client *client = context;
	int fd = open_connection(client->path);
	long spread = client->number * (INVITATIONS / CLIENTS_MAX);
	char answer[16384];
	struct frame reply;
	struct buf frame;

	if (fd < 0)
		die(client->path);
	buf_init(&frame, 4096);
	while (!atomic_load_explicit(client->stop, memory_order_relaxed)) {
		const char *id = bench.ids[(spread + client->done) % INVITATIONS];
		uint32_t len;

		if (client->what == EVENT)
			event_request(&frame, id, client->done);
		else
			look_up_request(&frame, id);
		len = __builtin_bswap32((uint32_t)frame.len - 4);
		memcpy(frame.data, &len, 4);
		exchange(fd, &frame, answer, sizeof(answer), &reply);
		if (reply.type == FRAME_ERROR)
			die(reply.body);
		client->done++;
	}
	buf_free(&frame);
	close(fd);
	return NULL;
}

/* Answers a second of n clients. */
static double rate(const char *path, int n, int what)
{
	struct client clients[CLIENTS_MAX];
	atomic_bool stop;
	double begin = now();
	long done = 0;

	atomic_init(&stop, false);
	for (int i = 0; i < n; i++) {
		clients[i] =
			(struct client){.path = path, .number = i, .what = what, .stop = &stop};
		if (pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0)
			die("pthread_create");
	}
	usleep((useconds_t)(PART_S * 1e6));
	atomic_store(&stop, true);
	for (int i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		done += clients[i].done;
	}
	return (double)done / (now() - begin);
}

/* Records one after the other, each on disk before the next: into a file that grows with each,
 * as one who appends to a log does, or into one whose size was set before. */
static double fdatasync_rate(bool grows)
{
	char record[LOG_RECORD], path[128];
	double begin;
	long done = 0;
	int fd;

	memset(record, 'x', sizeof(record));
	snprintf(path, sizeof(path), "%s/fdatasync", bench.folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || (!grows && ftruncate(fd, LOG_FILE) != 0))
		die(path);
	for (begin = now(); now() - begin < PART_S; done++)
		if (pwrite(fd, record, LOG_RECORD, done * LOG_RECORD) != LOG_RECORD ||
			fdatasync(fd) != 0)
			die(path);
	begin = now() - begin;
	close(fd);
	return (double)done / begin;
}

static void echo_one(int epoll, int fd)
{
	static char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n > 0 && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n)
		return;
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

/* The least that a server of one thread can do. Never returns. */
static void serve_echo(int listener)
{
	struct epoll_event events[64], event = {.events = EPOLLIN, .data.fd = listener};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != listener) {
				echo_one(epoll, events[i].data.fd);
				continue;
			}
			event.data.fd = accept(listener, NULL, NULL);
			if (event.data.fd >= 0)
				epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
		}
	}
}

static void start_echo(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, bench.echo_path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 64) != 0)
		die(bench.echo_path);
	bench.echo = fork();
	if (bench.echo == 0) {
		signal(SIGTERM, SIG_DFL);
		serve_echo(listener);
	}
	close(listener);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", bench.folder, name);
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fchmod(fileno(file), 0600) != 0 ||
		fclose(file) != 0)
		die(path);
}

static int give_to(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	struct passwd *nobody = getpwnam("nobody");

	(void)st;
	(void)type;
	(void)walk;
	return nobody != NULL ? chown(path, nobody->pw_uid, nobody->pw_gid) : 0;
}

static void make_site(void)
{
	unsigned char key[32];
	char text[2048], encoded[BASE64_SIZE(sizeof(key))];
	const char *base = getenv("TMPDIR");

	snprintf(bench.folder, sizeof(bench.folder), "%s/postinvite-bench.XXXXXX",
		base != NULL ? base : "/tmp");
	if (mkdtemp(bench.folder) == NULL || RAND_bytes(key, sizeof(key)) != 1)
		die(bench.folder);
	base64_encode(key, sizeof(key), encoded);
	snprintf(text, sizeof(text), "1:%s\n", encoded);
	write_file("link.key", text);
	snprintf(bench.store_path, sizeof(bench.store_path), "%s/store", bench.folder);
	snprintf(bench.echo_path, sizeof(bench.echo_path), "%s/echo", bench.folder);
	snprintf(text, sizeof(text),
		"wizard_url = https://invite.provider.example\napplication_name = Bench\n"
		"client_id = 11111111-2222-3333-4444-555555555555\n"
		"welcome_senders = platform@provider.example\n"
		"welcome_submitters = net:127.0.0.0/8\n"
		"daemon_user = nobody\nstate_store = bdb:%s/state\nstore_listen = unix:%s\n",
		bench.folder, bench.store_path);
	write_file("postinvite.cf", text);
	if (geteuid() == 0)
		nftw(bench.folder, give_to, 8, FTW_PHYS);
}

static void start_store(const char *program)
{
	int fd = -1;

	bench.store = fork();
	if (bench.store == 0) {
		execl(program, program, "-c", bench.folder, (char *)NULL);
		die(program);
	}
	for (int tries = 0; fd < 0 && tries < 500; tries++) {
		usleep(10000);
		fd = open_connection(bench.store_path);
	}
	if (fd < 0)
		die("the store does not answer");
	close(fd);
}

static void make_invitations(void)
{
	int fd = open_connection(bench.store_path);
	char answer[16384], mailbox[64];
	struct frame reply;
	struct buf frame;

	buf_init(&frame, 4096);
	for (int i = 0; i < INVITATIONS; i++) {
		struct json_object *request = store_change_request("open"), *parsed;
		struct error error;

		snprintf(mailbox, sizeof(mailbox), "voice%d@customer%d.example", i, i);
		json_set_string(request, "mailbox", mailbox);
		request_frame(&frame, request);
		json_object_put(request);
		exchange(fd, &frame, answer, sizeof(answer), &reply);
		if (reply.type != FRAME_REPLY ||
			json_parse(reply.body, reply.body_len, &parsed, &error) != 0)
			die("open");
		snprintf(bench.ids[i], sizeof(bench.ids[i]), "%s",
			json_string(json_member(parsed, "invitation"), "id", ""));
		json_object_put(parsed);
	}
	buf_free(&frame);
	close(fd);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static void end(void)
{
	static const size_t members[] = {
		offsetof(struct bench, store), offsetof(struct bench, echo)};

	for (size_t i = 0; i < 2; i++) {
		pid_t child = *(pid_t *)((char *)&bench + members[i]);

		if (child > 0 && kill(child, SIGTERM) == 0)
			waitpid(child, NULL, 0);
	}
	if (bench.folder[0] != '\0')
		nftw(bench.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Interrupted, or nobody reads the figures any more: nothing is left behind. */
static void on_signal(int number)
{
	(void)number;
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static double median(double *values)
{
	qsort(values, PAIRS, sizeof(*values), by_value);
	return values[PAIRS / 2];
}

static bool events_beside_disk(void)
{
	double ratios[PAIRS], result;

	for (int i = 0; i < PAIRS; i++) {
		double set = fdatasync_rate(false), disk = fdatasync_rate(true);
		double events = rate(bench.store_path, WRITERS, EVENT);

		ratios[i] = events / disk;
		printf("fdatasync %6.0f/s (%.0f/s where the size is set)   "
		       "durable events, %d clients %6.0f/s   ratio %.2f\n",
			disk, set, WRITERS, events, ratios[i]);
	}
	result = median(ratios);
	printf("durable events to fdatasync: %.2f (median of %d pairs), wanted %.1f: %s\n",
		result, PAIRS, EVENTS_WANTED, result >= EVENTS_WANTED ? "good" : "TOO LOW");
	return result >= EVENTS_WANTED;
}

static bool look_ups_beside_echoes(void)
{
	double ratios[PAIRS], result;

	for (int i = 0; i < PAIRS; i++) {
		double echoes = rate(bench.echo_path, READERS, LOOK_UP);
		double look_ups = rate(bench.store_path, READERS, LOOK_UP);

		ratios[i] = look_ups / echoes;
		printf("echoes %6.0f/s   look-ups, %d clients %6.0f/s   ratio %.2f\n", echoes,
			READERS, look_ups, ratios[i]);
	}
	result = median(ratios);
	printf("look-ups to echoes: %.2f (median of %d pairs), wanted %.1f: %s\n", result,
		PAIRS, LOOKUPS_WANTED, result >= LOOKUPS_WANTED ? "good" : "TOO LOW");
	return result >= LOOKUPS_WANTED;
}

int main(int argc, char **argv)
{
	bool good;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_store path/to/postinvite-store\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, on_signal);
	make_site();
	start_echo();
	atexit(end);
	start_store(argv[1]);
	make_invitations();
	good = events_beside_disk();
	good = look_ups_beside_echoes() && good;
	return good ? 0 : 1;
}
