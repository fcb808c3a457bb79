/*
 * One list of documents by URL, the least recently used first, each with those who wait for it.
 * An answer is always handed out from the loop, so that a caller has its handle before it is
 * called.
 */
#include "authority.h"

#include "base/clock.h"
#include "base/metrics_table.h"
#include "token/flow.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define DOCUMENT_MS   (24 * 3600 * 1000)
#define DOCUMENTS_MAX 512

TAILQ_HEAD(wait_list, authority_wait);

struct document {
	TAILQ_ENTRY(document) link;
	struct authority *authority;
	char *url;
	char *authority_url; /* of an OpenID configuration; NULL: keys */
	struct discovery *discovery;
	struct jwks *keys;
	uint64_t asked;	  /* when the fetch that brought it, or the last one, began; 0: never */
	uint64_t fetched; /* `asked` of the copy that is here; 0: none */
	struct http_call *call;
	bool handing;	     /* out, just now: stays */
	struct event *later; /* hands out, or fetches when that is allowed again */
	struct wait_list waits;
};

struct authority_wait {
	TAILQ_ENTRY(authority_wait) link;
	struct document *document;
	uint64_t since;
	authority_fn *answer;
	void *context;
};

struct authority {
	struct event_base *base;
	struct http *http;
	TAILQ_HEAD(, document) documents;
	size_t documents_n;
};

static void document_step(struct document *document);

static void document_free(struct document *document)
{
	struct authority_wait *wait;

	while ((wait = TAILQ_FIRST(&document->waits)) != NULL)
		authority_cancel(&wait);
	http_cancel(&document->call);
	if (document->later != NULL)
		event_free(document->later);
	discovery_free(&document->discovery);
	jwks_free(&document->keys);
	free(document->url);
	free(document->authority_url);
	free(document);
}

static void document_forget(struct document *document)
{
	TAILQ_REMOVE(&document->authority->documents, document, link);
	document->authority->documents_n--;
	document_free(document);
}

/* The first who can be served by the copy that is here; by a refusal everybody can. */
static struct authority_wait *first_ready(
	struct document *document, const struct refusal *refusal)
{
	struct authority_wait *wait;

	TAILQ_FOREACH (wait, &document->waits, link)
		if (refusal != NULL ||
			(document->fetched > 0 && document->fetched >= wait->since))
			return wait;
	return NULL;
}

/* Serves those who wait now, not those who ask again from within. */
static void hand_out(struct document *document, const struct refusal *refusal)
{
	struct authority_wait *wait;
	size_t most = 0;

	TAILQ_FOREACH (wait, &document->waits, link)
		most++;
	document->handing = true;
	while (most-- > 0 && (wait = first_ready(document, refusal)) != NULL) {
		bool good = document->fetched > 0 && document->fetched >= wait->since;
		struct authority_answer answer = {.discovery = document->discovery,
			.keys = document->keys,
			.refusal = good ? NULL : refusal};
		authority_fn *call = wait->answer;
		void *context = wait->context;

		TAILQ_REMOVE(&document->waits, wait, link);
		free(wait);
		call(context, &answer);
	}
	document->handing = false;
	if (!TAILQ_EMPTY(&document->waits))
		document_step(document);
}

/* Takes the answer's document in place of the old one. Returns 0, or -1 with the refusal. */
static int document_read(
	struct document *document, const struct reply *reply, struct refusal *refusal_r)
{
	struct discovery *discovery;
	struct jwks *keys;
	struct error error;

	if (document->authority_url != NULL) {
		discovery = discovery_read(reply, document->authority_url, refusal_r);
		if (discovery == NULL)
			return -1;
		discovery_free(&document->discovery);
		document->discovery = discovery;
		return 0;
	}
	if (reply->status != 200)
		return refusal_read(reply, refusal_r);
	keys = jwks_parse(reply->body, reply->len, &error);
	if (keys == NULL)
		return refusal_set(refusal_r, OUTCOME_TEMPORARY, "malformed",
			"Microsoft's signing keys could not be read (%s); it is tried again",
			error.text);
	jwks_free(&document->keys);
	document->keys = keys;
	return 0;
}

static void got_document(void *context, const struct http_answer *answer)
{
	struct document *document = context;
	struct refusal refusal;
	bool good = false;

	document->call = NULL;
	if (answer->outcome != HTTP_ANSWERED)
		flow_fault(answer, &refusal);
	else
		good = document_read(document, &answer->reply, &refusal) == 0;
	if (good)
		document->fetched = document->asked;
	hand_out(document, good ? NULL : &refusal);
}

static void document_fetch(struct document *document)
{
	struct http_request request = {.url = document->url,
		.kind = document->authority_url != NULL ? COUNT_ENDPOINT_DISCOVERY
							: COUNT_ENDPOINT_KEYS};
	struct refusal refusal;

	document->asked = clock_monotonic_ms();
	document->call = http_send(document->authority->http, &request, got_document, document);
	if (document->call != NULL)
		return;
	refusal_set(&refusal, OUTCOME_TEMPORARY, "memory", "out of memory");
	hand_out(document, &refusal);
}

/* Is the copy old, and another not just tried for? */
static bool is_stale(const struct document *document)
{
	uint64_t now = clock_monotonic_ms();

	return document->fetched + DOCUMENT_MS < now &&
	       document->asked + AUTHORITY_REFETCH_MS <= now;
}

/* From the loop: serves whom the copy satisfies, fetches for the rest. */
static void on_later(evutil_socket_t unused, short what, void *context)
{
	struct document *document = context;

	(void)unused;
	(void)what;
	if (document->call != NULL || TAILQ_EMPTY(&document->waits))
		return;
	if (is_stale(document) || first_ready(document, NULL) == NULL)
		document_fetch(document);
	else
		hand_out(document, NULL);
}

/* Something is to be done for those who wait: at once, or when the document may be fetched
 * again. */
static void document_step(struct document *document)
{
	uint64_t now = clock_monotonic_ms(), allowed = document->asked + AUTHORITY_REFETCH_MS;
	struct timeval wait = {0, 0};

	if (document->call != NULL)
		return;
	if (document->asked > 0 && allowed > now && first_ready(document, NULL) == NULL) {
		wait.tv_sec = (time_t)((allowed - now) / 1000);
		wait.tv_usec = (suseconds_t)((allowed - now) % 1000 * 1000);
	}
	event_add(document->later, &wait);
}

/* Makes room: what was not used for the longest time goes. */
static void documents_limit(struct authority *authority)
{
	struct document *document = TAILQ_FIRST(&authority->documents), *next;

	for (; document != NULL && authority->documents_n >= DOCUMENTS_MAX; document = next) {
		next = TAILQ_NEXT(document, link);
		if (TAILQ_EMPTY(&document->waits) && document->call == NULL &&
			!document->handing)
			document_forget(document);
	}
}

static struct document *document_new(
	struct authority *authority, const char *url, const char *authority_url)
{
	struct document *document = calloc(1, sizeof(*document));

	documents_limit(authority);
	if (document == NULL)
		return NULL;
	TAILQ_INIT(&document->waits);
	document->authority = authority;
	document->url = strdup(url);
	document->authority_url = authority_url != NULL ? strdup(authority_url) : NULL;
	document->later = evtimer_new(authority->base, on_later, document);
	if (document->url == NULL || document->later == NULL ||
		(authority_url != NULL && document->authority_url == NULL)) {
		document_free(document);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&authority->documents, document, link);
	authority->documents_n++;
	return document;
}

static struct document *document_find(struct authority *authority, const char *url)
{
	struct document *document;

	TAILQ_FOREACH (document, &authority->documents, link)
		if (strcmp(document->url, url) == 0)
			break;
	if (document == NULL)
		return NULL;
	TAILQ_REMOVE(&authority->documents, document, link);
	TAILQ_INSERT_TAIL(&authority->documents, document, link);
	return document;
}

static struct authority_wait *wait_new(
	struct document *document, uint64_t since, authority_fn *answer, void *context)
{
	struct authority_wait *wait = document != NULL ? calloc(1, sizeof(*wait)) : NULL;

	if (wait == NULL)
		return NULL;
	*wait = (struct authority_wait){
		.document = document, .since = since, .answer = answer, .context = context};
	TAILQ_INSERT_TAIL(&document->waits, wait, link);
	document_step(document);
	return wait;
}

struct authority_wait *authority_discovery(struct authority *authority,
	const char *authority_url, const char *tenant, authority_fn *answer, void *context)
{
	char *url = discovery_url(authority_url, tenant);
	struct document *document;

	if (url == NULL)
		return NULL;
	document = document_find(authority, url);
	if (document == NULL)
		document = document_new(authority, url, authority_url);
	free(url);
	return wait_new(document, 0, answer, context);
}

struct authority_wait *authority_keys(struct authority *authority, const char *jwks_uri,
	uint64_t since, authority_fn *answer, void *context)
{
	struct document *document = document_find(authority, jwks_uri);

	if (document == NULL)
		document = document_new(authority, jwks_uri, NULL);
	return wait_new(document, since, answer, context);
}

void authority_cancel(struct authority_wait **wait_r)
{
	struct authority_wait *wait = *wait_r;

	if (wait == NULL)
		return;
	TAILQ_REMOVE(&wait->document->waits, wait, link);
	free(wait);
	*wait_r = NULL;
}

struct authority *authority_new(struct event_base *base, struct http *http)
{
	struct authority *authority = calloc(1, sizeof(*authority));

	if (authority == NULL)
		return NULL;
	authority->base = base;
	authority->http = http;
	TAILQ_INIT(&authority->documents);
	return authority;
}

void authority_free(struct authority **authority_r)
{
	struct authority *authority = *authority_r;
	struct document *document;

	if (authority == NULL)
		return;
	while ((document = TAILQ_FIRST(&authority->documents)) != NULL)
		document_forget(document);
	free(authority);
	*authority_r = NULL;
}
