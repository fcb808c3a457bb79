/*
 * -f: events come from a running store only, since who else would make them. The subscription
 * begins at the sequence number in force and goes on behind the last event seen, so that nothing is
 * missed or shown twice when the store is started again.
 *
 * It ends well in two ways: by SIGINT or SIGTERM, and when nobody reads any more, which is looked
 * for now and then, since the next event may be long in coming.
 */
#include "cli.h"
#include "output.h"

#include "base/ipc_client.h"
#include "store/protocol.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#define PAUSE_MS 100 /* lest a store that answers but refuses is asked without end */
#define TRY_MS	 2000
#define LOOK_MS	 1000

/* A line and more, so that it is written at once and an interruption does not cut it. */
#define LINE_MAX_BYTES (1024 * 1024)

struct follower {
	struct cli *cli;
	struct ipc_client *client;
	bool away; /* said that the store does not answer */
	int64_t since;
};

static int print_item(void *context, struct json_object *item)
{
	struct follower *follower = context;

	if (item == NULL)
		return output_unwanted();
	follower->since = json_int(item, "sequence", follower->since);
	if (follower->cli->given['j'])
		output_json(item);
	else
		output_item(item);
	return output_failed();
}

/* Says once that the store is away, and that it is back. */
static void say_away(struct follower *follower, bool away)
{
	if (away && !follower->away)
		cli_say("waiting for the store: %s", follower->cli->error.text);
	if (!away && follower->away)
		cli_say("the store answers");
	follower->away = away;
}

/* Asks where events stand, for as long as the store is away. Returns 0, 1 when nobody reads, or
 * -1. */
static int wait_for_store(struct follower *follower, int64_t *sequence_r)
{
	struct json_object *request = store_request("ping"), *reply;
	struct cli *cli = follower->cli;
	int result;

	if (request == NULL)
		return error_memory(&cli->error);
	while ((result = ipc_call(follower->client, request, &reply, &cli->error)) != 0 &&
		cli->error.kind == ERROR_TEMPORARY && !output_unwanted())
		say_away(follower, true);
	json_object_put(request);
	if (result != 0)
		return cli->error.kind == ERROR_TEMPORARY ? 1 : -1;
	say_away(follower, false);
	*sequence_r = json_int(reply, "sequence", 0);
	json_object_put(reply);
	return 0;
}

/* One connection's worth of events. Returns as ipc_stream. */
static int stream(struct follower *follower)
{
	struct json_object *request = store_request("subscribe");
	struct error *error = &follower->cli->error;
	int result;

	if (request == NULL || json_set_int(request, "since", follower->since) != 0)
		result = error_set(error, ERROR_PERMANENT, "out of memory");
	else
		result = ipc_stream(
			follower->client, request, LOOK_MS, print_item, follower, error);
	json_object_put(request);
	return result;
}

static int follow(struct follower *follower)
{
	int64_t sequence;
	int result = wait_for_store(follower, &follower->since);

	while (result == 0) {
		result = stream(follower);
		if (result > 0 || follower->cli->error.kind != ERROR_TEMPORARY)
			break;
		poll(NULL, 0, PAUSE_MS);
		result = wait_for_store(follower, &sequence);
	}
	return result > 0 ? EX_OK : cli_fail(follower->cli);
}

/* Nothing is to be put in order: the store notices that we are gone. */
static void leave(int number)
{
	(void)number;
	_exit(EX_OK);
}

/* Not what whoever started us had ignored, such as SIGINT of a job in the background. */
static void leave_on(int number)
{
	if (signal(number, leave) == SIG_IGN)
		signal(number, SIG_IGN);
}

int cli_follow(struct cli *cli)
{
	struct follower follower = {.cli = cli};
	int status;

	setvbuf(stdout, NULL, _IOFBF, LINE_MAX_BYTES);
	leave_on(SIGINT);
	leave_on(SIGTERM);
	follower.client = ipc_client_new(cli->settings->store_listen, "the store", TRY_MS);
	if (follower.client == NULL) {
		error_memory(&cli->error);
		return cli_fail(cli);
	}
	status = follow(&follower);
	ipc_client_free(&follower.client);
	return status;
}
