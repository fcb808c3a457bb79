/*
 * usage: hello_store inet:127.0.0.1:PORT unix:STORE LINK-TOKEN THREADS
 *
 * What bench-wizard holds the wizard against: libmicrohttpd as its tutorial shows it, which
 * asks the store for the invitation of that link at each request and says hello.
 */
#include "base/endpoint.h"
#include "base/ipc_client.h"
#include "store/protocol.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct hello {
	struct ipc_client *store;
	const char *link;
};

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **data)
{
	static char page[] = "<!DOCTYPE html><title>hello</title><p>hello, world\n";
	struct hello *hello = context;
	struct json_object *question, *reply;
	struct MHD_Response *response;
	struct error error;
	enum MHD_Result result;

	(void)url, (void)method, (void)version, (void)upload, (void)upload_len;
	if (*data == NULL) {
		*data = hello;
		return MHD_YES;
	}
	question = store_request("get");
	json_set_string(question, "link", hello->link);
	result = ipc_call(hello->store, question, &reply, &error) == 0 ? MHD_YES : MHD_NO;
	json_object_put(question);
	if (result == MHD_NO) {
		fprintf(stderr, "hello_store: %s\n", error.text);
		return MHD_NO;
	}
	json_object_put(reply);
	response =
		MHD_create_response_from_buffer(sizeof(page) - 1, page, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

int main(int argc, char **argv)
{
	struct hello hello = {0};
	struct MHD_Daemon *daemon;
	struct error error;
	sigset_t signals;
	unsigned threads;
	int listener, number;

	if (argc != 5)
		return 64;
	threads = (unsigned)atoi(argv[4]);
	hello.store = ipc_client_new(argv[2], "the store", IPC_TIMEOUT_MS);
	hello.link = argv[3];
	listener = endpoint_listen(argv[1], 0600, (gid_t)-1, &error);
	if (listener < 0) {
		fprintf(stderr, "hello_store: %s\n", error.text);
		return 1;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, &hello,
		MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE,
		threads > 1 ? threads : 0, MHD_OPTION_END);
	if (daemon == NULL)
		return 1;
	fprintf(stderr, "hello_store: ready\n");
	sigwait(&signals, &number);
	MHD_stop_daemon(daemon);
	ipc_client_free(&hello.store);
	return 0;
}
