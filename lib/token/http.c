/*
 * libcurl's multi interface driven by libevent: curl names the sockets and the timer, the loop
 * tells it what is ready.
 *
 * The queue is ours because curl walks its own at each answer. Easy handles are reused, but for
 * those of requests that failed: a handle keeps no connection, those are the multi handle's.
 *
 * curl's functions must not be called from its own callbacks. Answers are therefore handed out
 * behind curl_multi_socket_action, where a caller may send and cancel as it likes.
 */
#include "token/http_internal.h"

#include "base/clock.h"
#include "token/http_url.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void headers_free(struct curl_slist *headers)
{
	for (struct curl_slist *line = headers; line != NULL; line = line->next)
		secret_wipe(line->data, strlen(line->data));
	curl_slist_free_all(headers);
}

static void call_free(struct http_call *call)
{
	headers_free(call->headers);
	secret_free(&call->form);
	secret_wipe(call->body, call->body_len);
	free(call->body);
	free(call->url);
	free(call->host);
	free(call);
}

static void call_enlist(struct http_call *call, struct http_calls *list)
{
	call->list = list;
	TAILQ_INSERT_TAIL(list, call, link);
	if (list == &call->http->waiting)
		call->http->waiting_n++;
	else
		call->http->running_n++;
}

/* Leaves a handle to the next call, nothing of this one in it. What it could not send again curl
 * 8.14 remembers beyond a reset (its issue 18206), and refuses each request after it: such a handle
 * is given up for a new one. */
static void leave_handle(struct http *http, CURL *easy, bool failed)
{
	CURL *fresh = failed ? curl_easy_init() : NULL;

	if (fresh != NULL)
		curl_easy_cleanup(easy);
	else
		curl_easy_reset(easy);
	http->idle[http->idle_n++] = fresh != NULL ? fresh : easy;
}

/* Takes the call out of its list and out of curl's hands. failed: it was not answered. */
static void call_withdraw(struct http_call *call, bool failed)
{
	struct http *http = call->http;

	TAILQ_REMOVE(call->list, call, link);
	if (call->list == &http->waiting) {
		http->waiting_n--;
		return;
	}
	http->running_n--;
	curl_multi_remove_handle(http->multi, call->easy);
	leave_handle(http, call->easy, failed);
	call->easy = NULL;
	if (http->waiting_n > 0)
		event_active(http->kick, 0, 0);
}

/* Ends the call: it is gone before the callback is called. */
static void call_finish(struct http_call *call, const struct http_answer *answer)
{
	struct http *http = call->http;

	if (http->seen != NULL)
		http->seen(http->seen_context, call->kind, answer,
			clock_monotonic_us() - call->begun_us);
	call->answer(call->context, answer);
	call_free(call);
}

/* Hands out what curl has finished. */
static void finish_done(struct http *http)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct http_answer answer = {0};
		struct http_call *call;
		void *private;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		call = private;
		http_easy_answer(call, message->data.result, &answer);
		call_withdraw(call, answer.outcome != HTTP_ANSWERED);
		call_finish(call, &answer);
	}
}

static void start_call(struct http_call *call)
{
	struct http_answer answer = {.outcome = HTTP_UNSENT, .fault = "unreachable"};
	struct http *http = call->http;
	char *host = http_url_host(call->url, &answer.error);

	free(call->host);
	call->host = host;
	call->loopback = host != NULL && http_host_loopback(host);
	TAILQ_REMOVE(call->list, call, link);
	http->waiting_n--;
	if (host == NULL) {
		call_finish(call, &answer);
		return;
	}
	call->easy = http->idle[--http->idle_n];
	call_enlist(call, &http->running);
	if (http_easy_set(call) && curl_multi_add_handle(http->multi, call->easy) == CURLM_OK)
		return;
	error_set(&answer.error, ERROR_TEMPORARY, "%s: the request could not be started",
		call->host);
	call_withdraw(call, true);
	call_finish(call, &answer);
}

static void on_kick(evutil_socket_t unused, short what, void *context)
{
	struct http *http = context;

	(void)unused;
	(void)what;
	while (http->waiting_n > 0 && http->idle_n > 0)
		start_call(TAILQ_FIRST(&http->waiting));
}

static bool add_header(struct http_call *call, const char *line)
{
	struct curl_slist *longer = curl_slist_append(call->headers, line);

	if (longer != NULL)
		call->headers = longer;
	return longer != NULL;
}

static bool add_headers(struct http_call *call, const struct http_request *request)
{
	bool good =
		add_header(call, "Accept: application/json") &&
		(request->json == NULL || add_header(call, "Content-Type: application/json"));

	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		good = good && add_header(call, request->headers[i]);
	return good;
}

/* "Authorization: Bearer ..." of an access token. */
static bool add_bearer(struct http_call *call, const struct secret *token)
{
	static const char name[] = "Authorization: Bearer ";
	size_t size = sizeof(name) + secret_len(token);
	char *line = malloc(size);
	bool good;

	if (line == NULL)
		return false;
	snprintf(line, size, "%s%s", name, (const char *)secret_bytes(token));
	good = add_header(call, line);
	secret_wipe(line, size);
	free(line);
	return good;
}

struct http_call *http_send(struct http *http, const struct http_request *request,
	http_answer_fn *answer, void *context)
{
	struct secret *form = request->form != NULL ? request->form : request->json;
	struct http_call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		secret_free(&form);
		return NULL;
	}
	call->http = http;
	call->form = form;
	call->fresh = request->fresh;
	call->status_only = request->status_only;
	call->kind = request->kind;
	call->begun_us = clock_monotonic_us();
	call->answer = answer;
	call->context = context;
	call->url = strdup(request->url);
	if (call->url == NULL || !add_headers(call, request) ||
		(request->bearer != NULL && !add_bearer(call, request->bearer))) {
		call_free(call);
		return NULL;
	}
	call_enlist(call, &http->waiting);
	event_active(http->kick, 0, 0);
	return call;
}

void http_cancel(struct http_call **call)
{
	if (*call == NULL)
		return;
	call_withdraw(*call, true);
	call_free(*call);
	*call = NULL;
}

void http_observe(struct http *http, http_seen_fn *seen, void *context)
{
	http->seen = seen;
	http->seen_context = context;
}

uint64_t http_waits_us(const struct http *http)
{
	const struct http_call *first = TAILQ_FIRST(&http->waiting);

	return first != NULL ? clock_monotonic_us() - first->begun_us : 0;
}

size_t http_pending(const struct http *http)
{
	return http->waiting_n + http->running_n;
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct http *http = context;
	int flags = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
		    ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(http->multi, fd, flags, &running);
	finish_done(http);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	struct http *http = context;
	int running;

	(void)unused;
	(void)what;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_done(http);
}

static int set_timer(CURLM *multi, long wait_ms, void *context)
{
	struct http *http = context;
	struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};

	(void)multi;
	if (wait_ms < 0)
		return event_del(http->timer);
	return event_add(http->timer, &wait);
}

/* socket_event is what curl_multi_assign keeps for us: the socket's event. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_event)
{
	struct http *http = context;
	struct event *event = socket_event;
	short flags = EV_PERSIST;

	(void)easy;
	if (event != NULL)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		if ((what & CURL_POLL_IN) != 0)
			flags |= EV_READ;
		if ((what & CURL_POLL_OUT) != 0)
			flags |= EV_WRITE;
		event = event_new(http->base, fd, flags, on_ready, http);
		if (event != NULL && event_add(event, NULL) != 0) {
			event_free(event);
			event = NULL;
		}
	}
	curl_multi_assign(http->multi, fd, event);
	return event != NULL || what == CURL_POLL_REMOVE ? 0 : -1;
}

static bool set_multi_options(struct http *http)
{
	CURLM *multi = http->multi;

	return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)http->limits.requests) ==
		       CURLM_OK;
}

static bool make_parts(struct http *http)
{
	const char *ca_file = getenv("SSL_CERT_FILE");

	http->multi = curl_multi_init();
	http->timer = evtimer_new(http->base, on_timer, http);
	http->kick = event_new(http->base, -1, 0, on_kick, http);
	http->idle = calloc((size_t)http->limits.requests, sizeof(*http->idle));
	if (ca_file != NULL && ca_file[0] != '\0' && (http->ca_file = strdup(ca_file)) == NULL)
		return false;
	if (http->multi == NULL || http->timer == NULL || http->kick == NULL ||
		http->idle == NULL)
		return false;
	for (; http->idle_n < (size_t)http->limits.requests; http->idle_n++)
		if ((http->idle[http->idle_n] = curl_easy_init()) == NULL)
			return false;
	return set_multi_options(http);
}

struct http *http_new(
	struct event_base *base, const struct http_limits *limits, struct error *error)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http != NULL) {
		http->base = base;
		http->limits = *limits;
		TAILQ_INIT(&http->waiting);
		TAILQ_INIT(&http->running);
		if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && make_parts(http))
			return http;
		http_free(&http);
	}
	error_set(error, ERROR_TEMPORARY, "the HTTPS client could not be made: out of memory");
	return NULL;
}

static void drop_calls(struct http_calls *calls)
{
	struct http_call *call;

	while ((call = TAILQ_FIRST(calls)) != NULL)
		http_cancel(&call);
}

void http_free(struct http **http_r)
{
	struct http *http = *http_r;

	if (http == NULL)
		return;
	drop_calls(&http->waiting);
	drop_calls(&http->running);
	for (size_t i = 0; i < http->idle_n; i++)
		curl_easy_cleanup(http->idle[i]);
	curl_multi_cleanup(http->multi);
	if (http->timer != NULL)
		event_free(http->timer);
	if (http->kick != NULL)
		event_free(http->kick);
	free(http->idle);
	free(http->ca_file);
	free(http);
	*http_r = NULL;
	curl_global_cleanup();
}
