/*
 * usage: scale_load unix:STORE OP COUNT SECONDS CONNECTIONS
 *
 * Asks the store about random ones of COUNT customers, as fill_state makes them, on that many
 * connections at a time, each with one request under way, and prints how many answers came a
 * second. OP: find (customer id), pacing (mailbox: what the policy service asks), open (a
 * Welcome mail to the mailbox: what the milter asks).
 */
#include "base/clock.h"
#include "base/ipc_client.h"
#include "store/protocol.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64

struct load {
	struct ipc_client *client;
	const char *op;
	long count;
	uint64_t end; /* ms */
	atomic_long answers;
	atomic_int seed;
};

static void die(const char *what)
{
	fprintf(stderr, "scale_load: %s\n", what);
	exit(EX_SOFTWARE);
}

static struct json_object *find(long i)
{
	struct json_object *request = store_request("find");
	char key[64];

	snprintf(key, sizeof(key), "customer%07ld", i);
	json_set_string(request, "key", key);
	return request;
}

static struct json_object *with_mailbox(struct json_object *request, long i)
{
	char mailbox[64];

	snprintf(mailbox, sizeof(mailbox), "voice@customer%07ld.example", i);
	json_set_string(request, "mailbox", mailbox);
	return request;
}

static struct json_object *pacing(long i)
{
	return with_mailbox(store_request("pacing"), i);
}

static struct json_object *open_mailed(long i)
{
	struct json_object *request = with_mailbox(store_change_request("open"), i);
	struct json_object *email = json_object_new_object();
	char change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	json_set_string(email, "message_id", change);
	json_set_string(email, "queue_id", "4Q1");
	json_object_object_add(request, "email", email);
	return request;
}

static const struct {
	const char *op;
	struct json_object *(*make)(long i);
} ops[] = {{"find", find}, {"pacing", pacing}, {"open", open_mailed}};

static void *run(void *context)
{
	struct load *load = context;
	unsigned seed = (unsigned)atomic_fetch_add(&load->seed, 1);
	struct json_object *(*make)(long i) = NULL;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].op, load->op) == 0)
			make = ops[i].make;
	if (make == NULL)
		die("unknown OP");
	while (clock_monotonic_ms() < load->end) {
		struct json_object *request = make(rand_r(&seed) % load->count), *reply;
		struct error error;

		if (ipc_call(load->client, request, &reply, &error) != 0)
			die(error.text);
		json_object_put(reply);
		json_object_put(request);
		atomic_fetch_add(&load->answers, 1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct load load = {0};
	pthread_t threads[CONNECTIONS_MAX];
	int connections = argc == 6 ? atoi(argv[5]) : 0;
	double seconds = argc == 6 ? atof(argv[4]) : 0;

	if (connections < 1 || connections > CONNECTIONS_MAX || seconds <= 0)
		die("usage: scale_load unix:STORE OP COUNT SECONDS CONNECTIONS");
	load.op = argv[2];
	load.count = atol(argv[3]);
	load.client = ipc_client_new(argv[1], "the store", 30000);
	load.end = clock_monotonic_ms() + (uint64_t)(seconds * 1000);
	load.seed = getpid();
	for (int i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, run, &load) != 0)
			die("cannot start a thread");
	for (int i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	printf("%.0f\n", (double)load.answers / seconds);
	ipc_client_free(&load.client);
	return EX_OK;
}
