/*
 * One view is filled for a page and rendered at once; its texts belong to the settings, the
 * invitation, the tables or the view itself. Words are named here and looked up in the page's
 * language when it is rendered.
 */
#include "page.h"

#include "code.h"
#include "offer.h"
#include "permission.h"
#include "step.h"

#include "base/json.h"
#include "web/mac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX    (256 * 1024)
#define VALUES_MAX  64
#define MESSAGE_MAX 2048

const char *const page_files[] = {"journey.html", "problem.html", NULL};

struct view {
	struct template_value values[VALUES_MAX + 1];
	size_t count;
	struct permission_rows *permissions;
	struct code_groups groups;
	struct buf spelled;
	struct buf message;
	struct buf page; /* its path */
	struct buf link; /* the invitation's, as a whole */
	struct fault fault;
	char csrf[WEB_MAC_SIZE];
	char nonce[WEB_NONCE_SIZE];
	char revision[24];
	char seconds[24];
	char minutes[24];
	char day[4], year[8], month[12];
};

static void put(struct view *view, const char *name, const char *text)
{
	if (view->count < VALUES_MAX)
		view->values[view->count++] =
			(struct template_value){.name = name, .text = text};
}

static void put_word(struct view *view, const char *name, const char *word)
{
	if (word != NULL && view->count < VALUES_MAX)
		view->values[view->count++] =
			(struct template_value){.name = name, .word = word};
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
	const struct settings *settings = visit->generation->settings;

	memset(view, 0, sizeof(*view));
	buf_init(&view->spelled, 256);
	buf_init(&view->message, MESSAGE_MAX);
	buf_init(&view->page, 4096);
	buf_init(&view->link, 4096);
	put(view, "base", visit->site->base_path);
	put(view, "application", settings->application_name);
	put(view, "brand", settings->brand_name);
	put(view, "logo", visit->site->logo.len > 0 ? "yes" : "");
	put(view, "support", settings->support_address);
	put(view, "support_uri", visit->site->support_uri);
	put(view, "language", catalog_language(visit->catalog));
	if (visit->token[0] != '\0')
		buf_printf(&view->page, "%s/i/%s", visit->site->base_path, visit->token);
	put(view, "page", view->page.data);
}

static void view_end(struct view *view)
{
	permission_rows_free(&view->permissions);
	buf_free(&view->spelled);
	buf_free(&view->message);
	buf_free(&view->page);
	buf_free(&view->link);
}

/* What went wrong, kept in the view, under the name that the page has for it. */
static void put_fault(struct view *view, const struct visit *visit, const char *name)
{
	const struct fault *fault = &view->fault;
	bool foreign =
		fault->text[0] != '\0' && strcmp(catalog_language(visit->catalog), "en") != 0;

	if (fault->word[0] != '\0')
		put_word(view, name, fault->word);
	else
		put(view, name, fault->text);
	put(view, "notice_language", foreign ? "en" : "");
	put(view, "codes", fault->codes);
	put(view, "other_account", fault->other_account);
}

static void answer_page(
	struct visit **visit, unsigned http_status, const char *file, struct view *view)
{
	struct buf out;

	buf_init(&out, PAGE_MAX);
	template_render((*visit)->site->pages, file, (*visit)->catalog, view->values, &out);
	view_end(view);
	visit_answer(visit, http_status, "text/html; charset=utf-8", &out);
	buf_free(&out);
}

/* The double-submit token: the cookie holds a nonce, the form its keyed mark. Lax, not Strict:
 * opening the link from a mail a second time must not take the nonce from a page that is open. */
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

/* How it went last time, unless nothing is left to do. */
static void last_fault(
	const struct visit *visit, const struct step *step, struct fault *fault_r)
{
	struct json_object *last = json_member(visit->invitation, "last_error");
	bool matters = step->action != STEP_NOTHING &&
		       offer_fault_matters(visit->invitation, visit->code != NULL);

	fault_refusal(visit->catalog, json_string(last, "code", NULL),
		matters ? json_string(last, "text", NULL) : NULL, fault_r);
}

void page_refusal(const struct visit *visit, const char *text, struct fault *fault_r)
{
	struct json_object *last = json_member(visit->invitation, "last_error");
	bool known = strcmp(json_string(last, "text", ""), text) == 0;

	fault_refusal(
		visit->catalog, known ? json_string(last, "code", NULL) : NULL, text, fault_r);
}

/* What changed last, in one line of words: the page's script reloads the page when they differ. */
static void say(const struct visit *visit, const struct step *step, struct buf *message)
{
	struct fault fault;
	struct template_value values[] = {
		{.name = "heading", .word = step->heading},
		{.name = "brand", .text = visit->generation->settings->brand_name},
		{.name = "application", .text = visit->generation->settings->application_name},
		{.name = "other_account", .text = fault.other_account},
		{0},
	};

	last_fault(visit, step, &fault);
	template_words(visit->catalog, step->heading, values, message);
	if (fault_said(&fault))
		buf_string(message, ": ");
	template_words(visit->catalog, fault.word, values, message);
	buf_string(message, fault.text);
	if (fault.codes[0] != '\0')
		buf_printf(message, " (%s)", fault.codes);
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

/* Who has to sign in: the account that did, for it is bound to it; else the one that is
 * expected; else any of an organisation. */
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
	put(view, "login_hint",
		visit->code != NULL ? json_string(visit->code, "login_hint", "")
				    : web_request_field(visit->request, "login_hint"));
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
	if (expires != 0 && gmtime_r(&expires, &tm) != NULL) {
		strftime(view->day, sizeof(view->day), "%-d", &tm);
		strftime(view->year, sizeof(view->year), "%Y", &tm);
		snprintf(view->month, sizeof(view->month), "month_%d", tm.tm_mon % 12 + 1);
		put(view, "day", view->day);
		put_word(view, "month", view->month);
		put(view, "year", view->year);
		put_word(view, "valid_until", "date");
	}
	view->permissions =
		permission_rows_new(visit->generation->settings->scopes, visit->site->words);
	if (view->permissions != NULL)
		put_list(view, "permissions", permission_rows_list(view->permissions));
}

static void put_flag(struct view *view, const char *name, bool flag)
{
	put(view, name, flag ? "yes" : "");
}

static void put_offer(struct view *view, const struct visit *visit, const struct offer *offer)
{
	buf_printf(
		&view->link, "%s/i/%s", visit->generation->settings->wizard_url, visit->token);
	put(view, "action", offer->action);
	put_word(view, "button", offer->button);
	put(view, "other_action", offer->other_action);
	put_word(view, "other_button", offer->other_button);
	put_flag(view, "hint", offer->hint);
	put_flag(view, "approve", offer->approve);
	put_flag(view, "approve_open", offer->approve_open);
	put(view, "link", view->link.data);
	put(view, "consent_address", json_string(visit->invitation, "consent_address", ""));
	put(view, "sign_out", offer->sign_out ? visit->site->sign_out : "");
}

static void put_step(struct view *view, const struct visit *visit, const struct step *step)
{
	bool code = visit->code != NULL;
	const char *next = code ? "code_next" : step->next;
	struct offer offer;

	offer_make(visit->generation->settings, visit->invitation, code, &offer);

	put(view, "step", code && step->welcome ? "2" : step->number);
	put_word(view, "heading", code ? step->code_heading : step->heading);
	put_word(view, "text", code ? step->code_text : step->text);
	put_word(view, "next", offer.next != NULL ? offer.next : next);
	put_flag(view, "live", step->live || code);
	put_offer(view, visit, &offer);
}

void page_journey(struct visit **visit, unsigned http_status, const struct fault *notice)
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
	if (notice != NULL)
		view.fault = *notice;
	else
		last_fault(v, step, &view.fault);
	put_fault(&view, v, "notice");
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
	{404, "not_found_heading", "not_found_text", "not_found_next"},
	{503, "unavailable_heading", "unavailable_text", "unavailable_next"},
	{429, "too_often_heading", "too_often_text", "too_often_next"},
	{413, "too_large_heading", "too_large_text", "open_again"},
	{405, "bad_method_heading", "bad_method_text", "open_again"},
	{400, "bad_request_heading", "bad_request_text", "bad_request_next"},
};

#define PROBLEMS (sizeof(problems) / sizeof(problems[0]))

void page_problem(struct visit **visit, unsigned http_status, const struct fault *detail)
{
	const struct problem *problem = &problems[PROBLEMS - 1];
	struct view view;

	for (size_t i = 0; i < PROBLEMS; i++) {
		if (problems[i].http_status == http_status)
			problem = &problems[i];
	}
	view_begin(&view, *visit);
	if (detail != NULL)
		view.fault = *detail;
	else
		fault_word(problem->text, &view.fault);
	put_word(&view, "heading", problem->heading);
	put_fault(&view, *visit, "text");
	put_word(&view, "next", problem->next);
	if (http_status == 503) {
		web_header((*visit)->request, "Retry-After", "15");
		/* With a link, the page tries again by itself. */
		put(&view, "live", view.page.data);
	}
	answer_page(visit, http_status, "problem.html", &view);
}

int page_require_words(const struct words *words, struct error *error)
{
	static const char *const others[] = {
		"code_next", "date", PAGE_PRESS_AGAIN, PAGE_SIGN_IN_USED, PAGE_BAD_HINT, NULL};
	char month[12];

	for (size_t i = 0; others[i] != NULL; i++) {
		if (words_require(words, others[i], error) != 0)
			return -1;
	}
	for (int i = 1; i <= 12; i++) {
		snprintf(month, sizeof(month), "month_%d", i);
		if (words_require(words, month, error) != 0)
			return -1;
	}
	for (size_t i = 0; i < PROBLEMS; i++) {
		if (words_require(words, problems[i].heading, error) != 0 ||
			words_require(words, problems[i].text, error) != 0 ||
			words_require(words, problems[i].next, error) != 0)
			return -1;
	}
	return 0;
}
