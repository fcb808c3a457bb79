/*
 * Filling: the subscription's first answer, pages of records in order of their ids, then the
 * view's own sorting, a step in each turn of the loop. Ids are random, so that an id's place
 * among all possible ones says how much is done.
 */
#include "invitations.h"

#include "base/log.h"
#include "store/protocol.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 500
#define FORGET_S  600 /* between two looks for what the store has removed */

static const struct timeval at_once;
static const struct timeval after_fault = {2, 0};
static const struct timeval no_memory_pause = {60, 0};
static const struct timeval forget_pause = {FORGET_S, 0};

struct invitations {
	struct admin *admin;
	struct view *view;
	invitations_changed_fn *changed;
	void *context;
	struct ipc_async_call *subscription;
	struct ipc_async_call *page;
	struct event *step;		   /* of filling */
	struct event *forget;		   /* now and then */
	int64_t sequence;		   /* of the last event seen; -1: not known yet */
	char after[INVITATION_ID_LEN + 1]; /* the last record read */
	bool read;			   /* all records are there */
	bool said;			   /* what is wrong with the store has been logged */
};

static void fill(struct invitations *invitations, const struct timeval *pause)
{
	event_add(invitations->step, pause);
}

/* From the beginning. */
static void fill_anew(struct invitations *invitations, const struct timeval *pause)
{
	if (invitations->page != NULL)
		ipc_async_cancel(&invitations->page);
	view_clear(invitations->view);
	invitations->after[0] = '\0';
	invitations->read = false;
	invitations->changed(invitations->context);
	fill(invitations, pause);
}

static void out_of_memory(struct invitations *invitations)
{
	log_error(
		"invitations: out of memory for their index (%zu MiB); beginning again in %d s",
		view_memory(invitations->view) >> 20, (int)no_memory_pause.tv_sec);
	fill_anew(invitations, &no_memory_pause);
}

/* Once, until the store answers again: it is asked every two seconds. */
static void say(struct invitations *invitations, const char *what, const struct error *error)
{
	if (!invitations->said)
		log_error("invitations: %s: %s", what, error->text);
	invitations->said = true;
}

static struct json_object *follow_request(void *context)
{
	const struct invitations *invitations = context;
	struct json_object *request = store_request("subscribe");

	if (request != NULL && invitations->sequence >= 0)
		json_set_int(request, "since", invitations->sequence);
	return request;
}

/* The store is there, for the first time or again. */
static void subscribed(struct invitations *invitations, int64_t sequence)
{
	const bool first = invitations->sequence < 0, behind = sequence < invitations->sequence;

	if (behind)
		log_warning(
			"invitations: the store is behind (sequence %lld, expected %lld): the "
			"state was put back from a backup; reading it anew",
			(long long)sequence, (long long)invitations->sequence);
	if (first || behind)
		invitations->sequence = sequence;
	if (first)
		fill(invitations, &at_once);
	else if (behind)
		fill_anew(invitations, &at_once);
}

static void happened(
	struct invitations *invitations, struct json_object *event, int64_t sequence)
{
	if (sequence <= invitations->sequence)
		return;
	invitations->sequence = sequence;
	if (view_put(invitations->view, json_member(event, "invitation")) != 0)
		out_of_memory(invitations);
	else
		invitations->changed(invitations->context);
}

static void followed(void *context, struct json_object *reply, const struct error *error)
{
	struct invitations *invitations = context;
	int64_t sequence = json_int(reply, "sequence", 0);

	if (error != NULL) {
		say(invitations, "the store refuses to tell", error);
		return;
	}
	invitations->said = false;
	if (json_member(reply, "event") == NULL)
		subscribed(invitations, sequence);
	else
		happened(invitations, reply, sequence);
}

static int put_page(struct invitations *invitations, struct json_object *page)
{
	struct json_object *records = json_member(page, "invitations");

	for (size_t i = 0; i < json_count(records); i++)
		if (view_put(invitations->view, json_object_array_get_idx(records, i)) != 0)
			return -1;
	return 0;
}

static void got_page(void *context, struct json_object *reply, const struct error *error)
{
	struct invitations *invitations = context;
	const char *next = json_string(reply, "next", NULL);

	invitations->page = NULL;
	if (error != NULL) {
		say(invitations, "the store gives no records", error);
		fill(invitations, &after_fault);
	} else if (put_page(invitations, reply) != 0) {
		out_of_memory(invitations);
	} else {
		invitations->said = false;
		invitations->read = next == NULL;
		if (next != NULL)
			memccpy(invitations->after, next, '\0', INVITATION_ID_LEN);
		fill(invitations, &at_once);
	}
}

static void ask_page(struct invitations *invitations)
{
	struct json_object *request = store_request("invitations");

	if (request != NULL && json_set_int(request, "limit", PAGE_ROWS) == 0 &&
		(invitations->after[0] == '\0' ||
			json_set_string(request, "after", invitations->after) == 0))
		invitations->page = ipc_async_call(
			invitations->admin->web.store, request, 0, got_page, invitations);
	json_object_put(request);
	if (invitations->page == NULL)
		fill(invitations, &after_fault);
}

static void on_step(evutil_socket_t fd, short what, void *context)
{
	struct invitations *invitations = context;
	int more;

	(void)fd;
	(void)what;
	if (!invitations->read) {
		ask_page(invitations);
		return;
	}
	more = view_sort(invitations->view);
	if (more < 0) {
		out_of_memory(invitations);
	} else if (more == 1) {
		fill(invitations, &at_once);
	} else {
		log_info("invitations: %zu read, %zu MiB", view_size(invitations->view),
			view_memory(invitations->view) >> 20);
		invitations->changed(invitations->context);
	}
}

static void on_forget(evutil_socket_t fd, short what, void *context)
{
	struct invitations *invitations = context;
	const struct daemon_generation *generation =
		daemon_generation(invitations->admin->web.daemon);
	const time_t now = time(NULL);
	size_t n = view_forget(
		invitations->view, now - generation->settings->history_retention, now);

	(void)fd;
	(void)what;
	daemon_generation_release(&generation);
	if (n > 0)
		invitations->changed(invitations->context);
	event_add(invitations->forget, &forget_pause);
}

void invitations_gone(struct invitations *invitations, const char *id)
{
	if (view_remove(invitations->view, id))
		invitations->changed(invitations->context);
}

struct invitations *invitations_new(
	struct admin *admin, invitations_changed_fn *changed, void *context)
{
	struct invitations *invitations = calloc(1, sizeof(*invitations));

	if (invitations == NULL)
		return NULL;
	invitations->admin = admin;
	invitations->changed = changed;
	invitations->context = context;
	invitations->sequence = -1;
	invitations->view = view_new();
	invitations->step = event_new(admin->web.base, -1, 0, on_step, invitations);
	invitations->forget = event_new(admin->web.base, -1, 0, on_forget, invitations);
	if (invitations->view != NULL && invitations->step != NULL &&
		invitations->forget != NULL &&
		event_add(invitations->forget, &forget_pause) == 0)
		invitations->subscription = ipc_async_subscribe(
			admin->web.store, follow_request, followed, invitations);
	if (invitations->subscription == NULL)
		invitations_free(&invitations);
	return invitations;
}

void invitations_free(struct invitations **invitations)
{
	struct invitations *i = *invitations;

	if (i == NULL)
		return;
	if (i->subscription != NULL)
		ipc_async_cancel(&i->subscription);
	if (i->page != NULL)
		ipc_async_cancel(&i->page);
	if (i->step != NULL)
		event_free(i->step);
	if (i->forget != NULL)
		event_free(i->forget);
	view_free(&i->view);
	free(i);
	*invitations = NULL;
}

const struct view *invitations_view(const struct invitations *invitations)
{
	return invitations->view;
}

bool invitations_ready(const struct invitations *invitations)
{
	return view_ready(invitations->view);
}

bool invitations_begun(const struct invitations *invitations)
{
	return invitations->sequence >= 0;
}

/* Where the id's first two characters stand among all, which sort as ASCII does. */
int invitations_percent(const struct invitations *invitations)
{
	static const char digits[] =
		"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
	const char *after = invitations->after;
	const char *first, *second;

	if (invitations->read)
		return 99;
	if (after[0] == '\0')
		return 0;
	first = strchr(digits, after[0]);
	second = strchr(digits, after[1]);
	return (int)(((first - digits) * 64 + (second - digits)) * 99 / 4096);
}
