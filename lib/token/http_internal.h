/*
 * What http.c, which queues requests and drives curl by the loop, and http_easy.c, which says one
 * of them to curl, share.
 */
#ifndef POSTINVITE_TOKEN_HTTP_INTERNAL_H
#define POSTINVITE_TOKEN_HTTP_INTERNAL_H

#include "token/http.h"

#include <curl/curl.h>
#include <sys/queue.h>

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

/* Sets the call's easy handle up for it. Returns whether curl took everything. */
bool http_easy_set(struct http_call *call);

/* What became of the call, by curl's result. The answer borrows the call's bytes. */
void http_easy_answer(struct http_call *call, CURLcode result, struct http_answer *answer);

#endif
