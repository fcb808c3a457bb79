/*
 * The store says which customer a mailbox is, and whether there is an open invitation already:
 * that one is shown then.
 */
#include "new.h"

#include "action.h"
#include "detail.h"
#include "page.h"

#include "store/protocol.h"
#include "token/protocol.h"

#include <string.h>

#define CUSTOMER_MAX 1024 /* as the store's */

/* Words that say what is wrong with the form. */
#define NEITHER	    "new_neither"
#define BAD_MAILBOX "new_bad_mailbox"
#define UNKNOWN	    "new_unknown"
#define AGAIN	    "press_again"

/* What was given, from the form or the address. */
static const char *given(const struct visit *visit, const char *name)
{
	const char *value = web_request_field(visit->request, name);

	if (value == NULL)
		value = web_request_query(visit->request, name);
	return value != NULL ? value : "";
}

static void show_form(struct visit *visit, unsigned status, const char *notice)
{
	struct values *values = values_new();

	if (values != NULL) {
		values_text(values, "customer_id", given(visit, "customer_id"));
		values_text(values, "invitation_email", given(visit, "mailbox"));
		values_word(values, "heading", "new_heading");
		if (notice != NULL)
			values_word(values, "notice", notice);
		values_flag(values, "customer_bad",
			notice != NULL &&
				(strcmp(notice, NEITHER) == 0 || strcmp(notice, UNKNOWN) == 0));
		values_flag(values, "mailbox_bad",
			notice != NULL && strcmp(notice, BAD_MAILBOX) == 0);
		page_csrf(visit, values);
		action_put_change(values);
	}
	page_answer(&visit, status, "admin_new.html", &values);
}

void get_new(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_OPERATE);

	if (visit != NULL)
		show_form(visit, 200, NULL);
}

static void opened(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL && error->kind == ERROR_NOT_FOUND) {
		show_form(visit, 400, UNKNOWN);
		return;
	}
	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	detail_go(&visit, json_string(visit->invitation, "id", ""),
		json_flag(reply, "created", false) ? "new" : "reused");
}

/* What is wrong with what was given, or NULL. */
static const char *fault(const struct visit *visit)
{
	const char *customer_id = given(visit, "customer_id"),
		   *mailbox = given(visit, "mailbox");

	if (!page_csrf_good(visit) || action_change(visit) == NULL)
		return AGAIN;
	if (customer_id[0] == '\0' && mailbox[0] == '\0')
		return NEITHER;
	if (strlen(customer_id) > CUSTOMER_MAX || strpbrk(customer_id, "\t\r\n") != NULL)
		return UNKNOWN;
	return mailbox[0] == '\0' || login_hint_valid(mailbox) ? NULL : BAD_MAILBOX;
}

void post_new(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_OPERATE);
	const char *wrong = visit != NULL ? fault(visit) : NULL;
	struct json_object *question;

	if (visit == NULL)
		return;
	if (wrong != NULL) {
		show_form(visit, strcmp(wrong, AGAIN) == 0 ? 403 : 400, wrong);
		return;
	}
	question = store_change_request("open");
	if (question != NULL) {
		json_set_string(question, "change", action_change(visit));
		json_set_string(question, "operator", visit->visitor.name);
		if (given(visit, "customer_id")[0] != '\0')
			json_set_string(question, "customer_id", given(visit, "customer_id"));
		if (given(visit, "mailbox")[0] != '\0')
			json_set_string(question, "mailbox", given(visit, "mailbox"));
	}
	visit_ask_store(visit, question, opened);
}

int new_require_words(const struct words *words, struct error *error)
{
	static const char *const names[] = {
		"new_heading", NEITHER, BAD_MAILBOX, UNKNOWN, AGAIN, NULL};

	for (size_t i = 0; names[i] != NULL; i++)
		if (words_require(words, names[i], error) != 0)
			return -1;
	return 0;
}
