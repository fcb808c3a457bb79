/*
 * One lock, one condition, one place for a request and one for its answer.
 */
#include "courier.h"

#include <pthread.h>
#include <stdlib.h>

struct courier {
	struct cli *cli;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ending;
	bool under_way;		     /* sent, and not waited for yet */
	struct json_object *request; /* NULL: answered */
	struct json_object *reply;
	struct error error;
	int result;
};

static void *run(void *context)
{
	struct courier *courier = context;
	struct state *state = courier->cli->state;

	pthread_mutex_lock(&courier->lock);
	for (;;) {
		struct json_object *reply = NULL;
		struct error error;
		int result;

		while (courier->request == NULL && !courier->ending)
			pthread_cond_wait(&courier->changed, &courier->lock);
		if (courier->request == NULL)
			break;
		pthread_mutex_unlock(&courier->lock);
		result = state->functions->ask(state, courier->request, &reply, &error);
		pthread_mutex_lock(&courier->lock);
		courier->result = result;
		courier->reply = result == 0 ? reply : NULL;
		if (result != 0)
			courier->error = error;
		json_object_put(courier->request);
		courier->request = NULL;
		pthread_cond_broadcast(&courier->changed);
	}
	pthread_mutex_unlock(&courier->lock);
	return NULL;
}

struct courier *courier_new(struct cli *cli)
{
	struct courier *courier;
	int code;

	if (cli_open_state(cli) != 0)
		return NULL;
	courier = calloc(1, sizeof(*courier));
	if (courier == NULL) {
		error_memory(&cli->error);
		return NULL;
	}
	courier->cli = cli;
	pthread_mutex_init(&courier->lock, NULL);
	pthread_cond_init(&courier->changed, NULL);
	code = pthread_create(&courier->thread, NULL, run, courier);
	if (code == 0)
		return courier;
	error_errno(&cli->error, code, "start a thread");
	free(courier);
	return NULL;
}

int courier_send(struct courier *courier, struct json_object *request)
{
	if (request == NULL)
		return error_memory(&courier->cli->error);
	pthread_mutex_lock(&courier->lock);
	courier->request = request;
	courier->under_way = true;
	pthread_cond_broadcast(&courier->changed);
	pthread_mutex_unlock(&courier->lock);
	return 0;
}

int courier_wait(struct courier *courier, struct json_object **reply_r)
{
	int result;

	*reply_r = NULL;
	if (!courier->under_way)
		return 0;
	pthread_mutex_lock(&courier->lock);
	while (courier->request != NULL)
		pthread_cond_wait(&courier->changed, &courier->lock);
	courier->under_way = false;
	*reply_r = courier->reply;
	courier->reply = NULL;
	result = courier->result;
	if (result != 0)
		courier->cli->error = courier->error;
	pthread_mutex_unlock(&courier->lock);
	return result == 0 ? 1 : -1;
}

void courier_free(struct courier **courier)
{
	struct courier *freed = *courier;

	if (freed == NULL)
		return;
	pthread_mutex_lock(&freed->lock);
	freed->ending = true;
	pthread_cond_broadcast(&freed->changed);
	pthread_mutex_unlock(&freed->lock);
	pthread_join(freed->thread, NULL);
	json_object_put(freed->reply);
	pthread_mutex_destroy(&freed->lock);
	pthread_cond_destroy(&freed->changed);
	free(freed);
	*courier = NULL;
}
