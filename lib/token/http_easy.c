/*
 * One request in curl's terms: its options, its bytes both ways, and what came of it.
 *
 * CApath is off so that the parsed CA bundle is cached from one connection to the next. curl would
 * repeat a request by itself when a kept connection turns out dead: a form is therefore given to
 * it in a way that it cannot rewind, and a `fresh` one gets a connection of its own besides, which
 * is closed behind it.
 */
#include "token/http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USER_AGENT "postinvite"
#define BODY_FIRST 4096

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

bool http_easy_set(struct http_call *call)
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

void http_easy_answer(struct http_call *call, CURLcode result, struct http_answer *answer)
{
	if (result == CURLE_OK || has_its_status(call))
		describe_answer(call, answer);
	else
		describe_fault(call, result, answer);
}
