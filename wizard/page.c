/*
 * One view is filled for a page and rendered at once; its texts belong to the settings, the invitation, the tables
 * or the view itself.
 */
#include "page.h"

#include "code.h"
#include "permission.h"
#include "step.h"

#include "base/json.h"
#include "web/mac.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX    (256 * 1024)
#define VALUES_MAX  40
#define MESSAGE_MAX 2048

const char *const page_files[] = {"journey.html", "problem.html", NULL};

struct view {
	struct template_value values[VALUES_MAX + 1];
	size_t count;
	struct permission_rows *permissions;
	struct code_groups groups;
	struct buf spelled;
	struct buf message;
	struct buf notice;
	struct buf page; /* its path */
	char csrf[WEB_MAC_SIZE];
	char nonce[WEB_NONCE_SIZE];
	char revision[24];
	char seconds[24];
	char minutes[24];
	char valid_until[40];
};

static void put(struct view *view, const char *name, const char *text)
{
	if (view->count < VALUES_MAX)
		view->values[view->count++] =
			(struct template_value){.name = name, .text = text};
}

static void put_list(
	struct view *view, const char *name, const struct template_value *const *rows)
{
	if (view->count < VALUES_MAX)
		view->values[view->count++] =
			(struct template_value){.name = name, .rows = rows};
}

/* What every page has. */
static void view_begin(struct view *view, const struct visit *visit)
{
	memset(view, 0, sizeof(*view));
	buf_init(&view->spelled, 256);
	buf_init(&view->message, MESSAGE_MAX);
	buf_init(&view->notice, MESSAGE_MAX);
	buf_init(&view->page, 4096);
	put(view, "base", visit->site->base_path);
	put(view, "application", visit->generation->settings->application_name);
	if (visit->token[0] != '\0')
		buf_printf(&view->page, "%s/i/%s", visit->site->base_path, visit->token);
	put(view, "page", view->page.data);
}

static void view_end(struct view *view)
{
	permission_rows_free(&view->permissions);
	buf_free(&view->spelled);
	buf_free(&view->message);
	buf_free(&view->notice);
	buf_free(&view->page);
}

/* An error's text as a sentence of its own: errors begin small, since they stand behind a colon as a rule. */
static void put_sentence(struct view *view, const char *name, const char *text)
{
	bool address = text != NULL && memchr(text, '@', strcspn(text, " ")) != NULL;

	if (text != NULL && text[0] != '\0') {
		buf_byte(&view->notice,
			address ? text[0] : (char)toupper((unsigned char)text[0]));
		buf_string(&view->notice, text + 1);
		if (strchr(".!?", text[strlen(text) - 1]) == NULL)
			buf_byte(&view->notice, '.');
	}
	put(view, name, view->notice.data);
}

static void answer_page(
	struct visit **visit, unsigned http_status, const char *file, struct view *view)
{
	struct buf out;

	buf_init(&out, PAGE_MAX);
	template_render((*visit)->site->pages, file, NULL, view->values, &out);
	view_end(view);
	visit_answer(visit, http_status, "text/html; charset=utf-8", &out);
	buf_free(&out);
}

/* The double-submit token: the cookie holds a nonce, the form its keyed mark. Lax, not Strict: opening the link
 * from a mail a second time must not take the nonce from a page that is open. */
static void put_csrf(struct view *view, struct visit *visit)
{
	const struct site *site = visit->site;
	const char *nonce = web_request_cookie(visit->request, CSRF_COOKIE);
	char *cookie;

	if (nonce == NULL && web_nonce(view->nonce) == 0 &&
		asprintf(&cookie, CSRF_COOKIE "=%s; Path=%s/; HttpOnly; SameSite=Lax%s",
			view->nonce, site->base_path, site->secure ? "; Secure" : "") >= 0) {
		web_header(visit->request, "Set-Cookie", cookie);
		free(cookie);
		nonce = view->nonce;
	}
	if (nonce != NULL)
		site_mark(site, CSRF_PURPOSE, nonce, view->csrf);
	put(view, "csrf", view->csrf);
}

/* How it went last time, or NULL: where nothing is left to do it does not matter any more, and while a code
 * lives it is a passing fault that tokend retries. */
static const char *last_fault(const struct visit *visit, const struct step *step)
{
	if (step->action == STEP_NOTHING || visit->code != NULL)
		return NULL;
	return json_string(json_member(visit->invitation, "last_error"), "text", NULL);
}

/* What changed last, in words: the page's script reloads the page when they differ. */
static void say(const struct visit *visit, const struct step *step, struct buf *message)
{
	const char *fault = last_fault(visit, step);

	buf_string(message, step->heading);
	if (fault != NULL)
		buf_printf(message, ": %s", fault);
}

/* Only where a browser may go: Entra's answer is not ours. */
static const char *web_address(const char *uri)
{
	bool good = strncmp(uri, "https://", 8) == 0 || strncmp(uri, "http://", 7) == 0;

	return good ? uri : "";
}

static void put_code(struct view *view, const struct visit *visit)
{
	const char *code = json_string(visit->code, "user_code", "");
	long seconds = (long)json_int(visit->code, "expires_in", 0);

	code_group(code, &view->groups);
	code_spell(code, &view->spelled);
	snprintf(view->seconds, sizeof(view->seconds), "%ld", seconds);
	snprintf(view->minutes, sizeof(view->minutes), "%ld", (seconds + 59) / 60);
	put(view, "user_code", code);
	put_list(view, "code_groups", view->groups.list);
	put(view, "code_spelled", view->spelled.data);
	put(view, "verification_uri",
		web_address(json_string(visit->code, "verification_uri", "")));
	put(view, "seconds", view->seconds);
	put(view, "minutes", view->minutes);
}

/* Who has to sign in: the account that did, for it is bound to it; else the one that is expected; else any of an
 * organisation. */
static void put_account(struct view *view, const struct visit *visit)
{
	const char *mailbox = json_string(visit->invitation, "invitation_email", "");
	const char *tenant = json_string(visit->invitation, "tenant", "");
	const char *at = strrchr(mailbox, '@');
	const char *expected = json_string(visit->invitation, "m365_admin_email", "");

	if (strchr(tenant, '.') == NULL)
		tenant = at != NULL ? at + 1 : "";
	put(view, "account", json_string(visit->invitation, "signed_in_as", expected));
	put(view, "organisation", tenant);
}

static void put_welcome(struct view *view, const struct visit *visit)
{
	const char *customer = json_string(visit->invitation, "full_name", "");
	time_t expires = record_expires_at(visit->invitation);
	struct tm tm;

	if (customer[0] == '\0')
		customer = json_string(visit->invitation, "customer_id", "");
	put(view, "welcome", "yes");
	put(view, "customer", customer);
	if (expires != 0 && gmtime_r(&expires, &tm) != NULL)
		strftime(view->valid_until, sizeof(view->valid_until), "%-d %B %Y", &tm);
	put(view, "valid_until", view->valid_until);
	view->permissions = permission_rows_new(visit->generation->settings->scopes);
	if (view->permissions != NULL)
		put_list(view, "permissions", permission_rows_list(view->permissions));
}

static void put_step(struct view *view, const struct visit *visit, const struct step *step)
{
	static const char *const actions[] = {
		[STEP_NOTHING] = "", [STEP_START] = "start", [STEP_CONFIRM] = "confirm"};
	static const struct step with_code = {
		.heading = "Enter this code at Microsoft",
		.text = "Copy the code, open Microsoft's page and enter it there. Sign in with "
			"the "
			"account named below.",
		.next = "This page goes on by itself when Microsoft reports the sign-in.",
	};
	const char *number = step->number, *heading = step->heading, *text = step->text;

	if (visit->code != NULL) {
		number = step->welcome ? "2" : number;
		heading = step->code_heading != NULL ? step->code_heading : with_code.heading;
		text = step->code_text != NULL ? step->code_text : with_code.text;
	}
	put(view, "step", number);
	put(view, "heading", heading);
	put(view, "text", text);
	put(view, "next", visit->code != NULL ? with_code.next : step->next);
	put(view, "button", visit->code != NULL ? "" : step->button);
	put(view, "action", actions[step->action]);
	put(view, "live", step->live || visit->code != NULL ? "yes" : "");
}

void page_journey(struct visit **visit, unsigned http_status, const char *notice)
{
	struct visit *v = *visit;
	enum status status = visit_status(v);
	const struct step *step = step_of(status);
	struct view view;

	view_begin(&view, v);
	say(v, step, &view.message);
	snprintf(view.revision, sizeof(view.revision), "%lld",
		(long long)json_int(v->invitation, "revision", 0));
	put(&view, "status", status_name(status));
	put(&view, "revision", view.revision);
	put(&view, "message", view.message.data);
	put_sentence(&view, "notice", notice != NULL ? notice : last_fault(v, step));
	put_step(&view, v, step);
	put_account(&view, v);
	if (v->code != NULL)
		put_code(&view, v);
	else if (step->welcome)
		put_welcome(&view, v);
	if (step->action != STEP_NOTHING)
		put_csrf(&view, v);
	answer_page(visit, http_status != 0 ? http_status : step->http_status, "journey.html",
		&view);
}

static void set_code(struct json_object *json, struct json_object *code)
{
	json_set_string(json, "user_code", json_string(code, "user_code", NULL));
	json_set_string(json, "verification_uri", json_string(code, "verification_uri", NULL));
	json_set_int(json, "expires_in", json_int(code, "expires_in", 0));
}

void page_status(struct visit **visit)
{
	struct visit *v = *visit;
	struct json_object *json = json_object_new_object();
	struct buf message, out;

	if (json == NULL) {
		page_problem(visit, 503, NULL);
		return;
	}
	buf_init(&message, MESSAGE_MAX);
	buf_init(&out, PAGE_MAX);
	say(v, step_of(visit_status(v)), &message);
	json_set_string(json, "status", status_name(visit_status(v)));
	json_set_int(json, "revision", json_int(v->invitation, "revision", 0));
	json_set_string(json, "message", message.data);
	if (v->code != NULL)
		set_code(json, v->code);
	buf_string(&out, json_text(json));
	json_object_put(json);
	visit_answer(visit, 200, "application/json", &out);
	buf_free(&message);
	buf_free(&out);
}

static const struct problem {
	unsigned http_status;
	const char *heading;
	const char *text;
	const char *next;
} problems[] = {
	{404, "This link does not work",
		"The address is not one of ours. Often a part of a long link was lost: try to "
		"copy all "
		"of it from the mail.",
		"If it still does not work, ask whoever sent you the invitation for a new "
		"one."},
	{503, "Please try again in a minute",
		"Something that this page needs does not answer right now. Nothing is lost: "
		"your "
		"invitation stays as it is.",
		"If it lasts, tell whoever sent you the invitation."},
	{413, "That was too much", "Your browser sent more than this page takes.",
		"Open the link of your invitation again."},
	{405, "That does not work here",
		"Your browser asked in a way that this page does not know.",
		"Open the link of your invitation again."},
	{400, "That did not work", "Something about the request was not right.",
		"Open the link of your invitation again; if it keeps failing, ask whoever sent "
		"it to "
		"you."},
};

#define PROBLEMS (sizeof(problems) / sizeof(problems[0]))

void page_problem(struct visit **visit, unsigned http_status, const char *detail)
{
	const struct problem *problem = &problems[PROBLEMS - 1];
	struct view view;

	for (size_t i = 0; i < PROBLEMS; i++) {
		if (problems[i].http_status == http_status)
			problem = &problems[i];
	}
	view_begin(&view, *visit);
	put(&view, "heading", problem->heading);
	put_sentence(&view, "text", detail != NULL ? detail : problem->text);
	put(&view, "next", problem->next);
	if (http_status == 503) {
		web_header((*visit)->request, "Retry-After", "15");
		put(&view, "live",
			view.page.data); /* with a link, the page tries again by itself */
	}
	answer_page(visit, http_status, "problem.html", &view);
}
