/*
 * libcurl's multi interface driven by libevent: curl names the sockets and the timer, the loop
 * tells it what is ready.
 *
 * The queue is ours because curl walks its own at each answer. Easy handles are reused: a
 * handle keeps no connection, those are the multi handle's. CApath is off so that the parsed CA
 * bundle is cached from one connection to the next. curl would repeat a request by itself when
 * a kept connection turns out dead: a form is therefore given to it in a way that it cannot
 * rewind, and a `fresh` one gets a connection of its own besides, which is closed behind it.
 *
 * curl's functions must not be called from its own callbacks. Answers are therefore handed out
 * behind curl_multi_socket_action, where a caller may send and cancel as it likes.
 */
#include "token/http.h"

#include "base/clock.h"
#include "token/http_url.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define USER_AGENT "postinvite"
#define BODY_FIRST 4096

TAILQ_HEAD(http_calls, http_call);

struct http_call {
	TAILQ_ENTRY(http_call) link;
	struct http *http;
	struct http_calls *list; /* waiting or running */
	CURL *easy;		 /* while running */
	struct curl_slist *headers;
	char *url, *host;
	struct secret *form;
	size_t form_sent;
	bool fresh, loopback, status_only;
	int kind;
	uint64_t begun_us; /* when it was to be sent */
	char *body;
	size_t body_len, body_cap;
	bool too_large;
	char detail[CURL_ERROR_SIZE];
	http_answer_fn *answer;
	void *context;
};

struct http {
	struct event_base *base;
	CURLM *multi;
	struct event *timer; /* curl's */
	struct event *kick;  /* there is something to start */
	struct http_limits limits;
	char *ca_file; /* or NULL: curl's default */
	struct http_calls waiting, running;
	size_t waiting_n, running_n;
	CURL **idle;
	size_t idle_n;
	http_seen_fn *seen;
	void *seen_context;
};

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

/* Takes the call out of its list and out of curl's hands. */
static void call_withdraw(struct http_call *call)
{
	struct http *http = call->http;

	TAILQ_REMOVE(call->list, call, link);
	if (call->list == &http->waiting) {
		http->waiting_n--;
		return;
	}
	http->running_n--;
	curl_multi_remove_handle(http->multi, call->easy);
	curl_easy_reset(call->easy); /* it pointed to the call's bytes */
	http->idle[http->idle_n++] = call->easy;
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

/* Not struct buf: what it leaves behind when it grows would hold parts of tokens. */
static bool body_reserve(struct http_call *call, size_t more)
{
	size_t cap = call->body_cap > 0 ? call->body_cap : BODY_FIRST;
	char *fresh;

	if (call->body_len + more <= call->body_cap)
		return true;
	while (cap < call->body_len + more)
		cap *= 2;
	fresh = malloc(cap + 1);
	if (fresh == NULL)
		return false;
	if (call->body != NULL) {
		memcpy(fresh, call->body, call->body_len);
		secret_wipe(call->body, call->body_len);
		free(call->body);
	}
	call->body = fresh;
	call->body_cap = cap;
	return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	size_t len = size * count;

	call->too_large = len > REPLY_MAX - call->body_len;
	if (call->too_large || call->status_only || !body_reserve(call, len))
		return CURL_WRITEFUNC_ERROR;
	memcpy(call->body + call->body_len, bytes, len);
	call->body_len += len;
	call->body[call->body_len] = '\0';
	return len;
}

/* The form for curl. There is no way back to its beginning, which keeps curl from sending it
 * twice. */
static size_t on_form(char *bytes, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	size_t len = secret_len(call->form) - call->form_sent;

	if (len > size * count)
		len = size * count;
	memcpy(bytes, secret_bytes(call->form) + call->form_sent, len);
	call->form_sent += len;
	return len;
}

static const char *fault_name(const struct http_call *call, CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *name;
	} names[] = {
		{CURLE_COULDNT_RESOLVE_HOST, "unreachable"},
		{CURLE_COULDNT_RESOLVE_PROXY, "unreachable"},
		{CURLE_COULDNT_CONNECT, "unreachable"},
		{CURLE_PEER_FAILED_VERIFICATION, "untrusted"},
		{CURLE_SSL_CACERT_BADFILE, "untrusted"},
		{CURLE_SSL_CONNECT_ERROR, "unreachable"},
		{CURLE_OPERATION_TIMEDOUT, "timeout"},
	};

	if (call->too_large)
		return "too_large";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return "broken_answer";
}

static void describe_fault(struct http_call *call, CURLcode code, struct http_answer *answer)
{
	long sent = 0;
	enum error_kind kind;

	curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
	answer->outcome = sent > 0 ? HTTP_UNCERTAIN : HTTP_UNSENT;
	answer->fault = fault_name(call, code);
	kind = sent > 0 ? ERROR_UNCERTAIN : ERROR_TEMPORARY;
	if (call->too_large)
		error_set(&answer->error, kind, "%s: the answer is larger than %d KiB",
			call->host, REPLY_MAX / 1024);
	else if (code == CURLE_SEND_FAIL_REWIND)
		error_set(&answer->error, kind,
			"%s: the connection was closed without an answer", call->host);
	else
		error_set(&answer->error, kind, "%s: %s", call->host,
			call->detail[0] != '\0' ? call->detail : curl_easy_strerror(code));
}

static void describe_answer(struct http_call *call, struct http_answer *answer)
{
	struct curl_header *retry_after, *date;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->outcome = HTTP_ANSWERED;
	answer->reply.status = (int)status;
	answer->reply.body = call->body != NULL ? call->body : "";
	answer->reply.len = call->body_len;
	if (curl_easy_header(call->easy, "Retry-After", 0, CURLH_HEADER, -1, &retry_after) ==
		CURLHE_OK)
		answer->reply.retry_after = reply_retry_after(retry_after->value, time(NULL));
	if (curl_easy_header(call->easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
		answer->date = curl_getdate(date->value, NULL);
}

/* Is the answer whole for who wants no body? */
static bool has_its_status(const struct http_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return call->status_only && status >= 200;
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
		if (message->data.result == CURLE_OK || has_its_status(call))
			describe_answer(call, &answer);
		else
			describe_fault(call, message->data.result, &answer);
		call_withdraw(call);
		call_finish(call, &answer);
	}
}

static bool set_options(struct http_call *call)
{
	struct http *http = call->http;
	CURL *easy = call->easy;
	bool good = true;

#define SET(option, value) (good = good && curl_easy_setopt(easy, option, value) == CURLE_OK)
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_PROTOCOLS_STR, call->loopback ? "https,http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAPATH, NULL);
	if (http->ca_file != NULL)
		SET(CURLOPT_CAINFO, http->ca_file);
	if (call->loopback)
		SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)http->limits.connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)http->limits.total_ms);
	SET(CURLOPT_FRESH_CONNECT, call->fresh ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, call->fresh ? 1L : 0L);
	SET(CURLOPT_USERAGENT, USER_AGENT);
	SET(CURLOPT_HTTPHEADER, call->headers);
	SET(CURLOPT_ERRORBUFFER, call->detail);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, call);
	if (call->form != NULL) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)secret_len(call->form));
		SET(CURLOPT_READFUNCTION, on_form);
		SET(CURLOPT_READDATA, call);
	}
#undef SET
	return good;
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
	if (set_options(call) && curl_multi_add_handle(http->multi, call->easy) == CURLM_OK)
		return;
	error_set(&answer.error, ERROR_TEMPORARY, "%s: the request could not be started",
		call->host);
	call_withdraw(call);
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
	call_withdraw(*call);
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
