/* Mails wait in a list; one thread submits them. A relay that is away is tried again. */
#include "mail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 30
#define RETRY_MS  1000
#define KEEP_MAX  1000

struct item {
	struct item *next;
	char *sender, *recipient, *message;
	const char *state; /* queued, sent, failed */
	long reply;
	int tries;
	int64_t due;
};

struct reading {
	const char *at;
	size_t left;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static struct item *first;
static int count;
static bool running, stopping;

static void item_free(struct item *item)
{
	free(item->sender);
	free(item->recipient);
	free(item->message);
	free(item);
}

/* The oldest that are done go, so that a long run does not grow for ever. */
static void forget_old(void)
{
	for (struct item **at = &first; *at && count > KEEP_MAX;) {
		struct item *item = *at;

		if (!strcmp(item->state, "queued")) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		item_free(item);
		count--;
	}
}

void smtp_submit(const char *sender, const char *recipient, const char *message)
{
	struct item *item, **at = &first;

	if (!recipient || !*recipient)
		return;
	item = xcalloc(1, sizeof *item);
	item->sender = xstrdup(sender);
	item->recipient = xstrdup(recipient);
	item->message = xstrdup(message);
	item->state = running ? "queued" : "failed";
	pthread_mutex_lock(&lock);
	while (*at)
		at = &(*at)->next;
	*at = item;
	count++;
	forget_old();
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static size_t read_message(char *to, size_t size, size_t items, void *ctx)
{
	struct reading *reading = ctx;
	size_t len = size * items < reading->left ? size * items : reading->left;

	memcpy(to, reading->at, len);
	reading->at += len;
	reading->left -= len;
	return len;
}

/* 0: no answer at all. */
static long submit(CURL *curl, const struct item *item)
{
	char *url = xformat("smtp://%s/az.westeurope.microsoft.com", sim.relay);
	char *sender = xformat("<%s>", item->sender),
	     *recipient = xformat("<%s>", item->recipient);
	struct curl_slist *recipients = curl_slist_append(NULL, recipient);
	struct reading reading = {item->message, strlen(item->message)};
	long reply = 0;
	CURLcode result;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
	if (result != CURLE_OK) {
		fprintf(stderr, "smtp to=%s %s reply=%ld\n", item->recipient,
			curl_easy_strerror(result), reply);
		reply = reply < 400 ? 0 : reply;
	}
	curl_slist_free_all(recipients);
	free(url);
	free(sender);
	free(recipient);
	return reply;
}

static void settle(struct item *item, long reply)
{
	item->reply = reply;
	item->tries++;
	item->due = steady_ms() + RETRY_MS;
	if (reply >= 200 && reply < 400)
		item->state = "sent";
	else if (reply >= 500 || item->tries >= TRIES_MAX)
		item->state = "failed";
}

static struct item *due_item(int64_t *next)
{
	int64_t now = steady_ms();

	*next = now + 60000;
	for (struct item *item = first; item; item = item->next) {
		if (strcmp(item->state, "queued"))
			continue;
		if (item->due <= now)
			return item;
		*next = item->due < *next ? item->due : *next;
	}
	return NULL;
}

static void *run(void *unused)
{
	CURL *curl = curl_easy_init();

	(void)unused;
	pthread_mutex_lock(&lock);
	while (!stopping) {
		int64_t next;
		struct item *item = due_item(&next);
		struct timespec ts;
		long reply;

		if (!item) {
			int64_t at = now_ms() + next - steady_ms();

			ts = (struct timespec){at / 1000, at % 1000 * 1000000};
			pthread_cond_timedwait(&changed, &lock, &ts);
			continue;
		}
		/* Only this thread settles or, once settled, lets go of a queued item. */
		pthread_mutex_unlock(&lock);
		reply = submit(curl, item);
		pthread_mutex_lock(&lock);
		settle(item, reply);
	}
	pthread_mutex_unlock(&lock);
	curl_easy_cleanup(curl);
	return NULL;
}

void smtp_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	running = sim.relay && *sim.relay;
	if (running && pthread_create(&thread, NULL, run, NULL))
		abort();
}

void smtp_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	if (running)
		pthread_join(thread, NULL);
	while (first) {
		struct item *next = first->next;

		item_free(first);
		first = next;
	}
	curl_global_cleanup();
}

struct json_object *smtp_list(void)
{
	struct json_object *list = json_object_new_array();

	pthread_mutex_lock(&lock);
	for (const struct item *item = first; item; item = item->next) {
		struct json_object *json = json_object_new_object();
		const char *subject = strstr(item->message, "\r\nSubject: ");

		json_add(json, "to", item->recipient);
		json_add(json, "state", item->state);
		json_add_int(json, "reply", item->reply);
		json_add_int(json, "tries", item->tries);
		if (subject)
			json_object_object_add(json, "subject",
				json_object_new_string_len(
					subject + 11, (int)strcspn(subject + 11, "\r")));
		json_object_array_add(list, json);
	}
	pthread_mutex_unlock(&lock);
	return list;
}
