/*
 * Words are named here and looked up in the operator's language when they are shown.
 */
#include "page.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/mac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX     (8 * 1024 * 1024) /* what others wrote may be all '&' */
#define CSRF_COOKIE  "postinvite_admin"
#define CSRF_PURPOSE "postinvite admin csrf"

const char *const page_files[] = {"admin_list.html", "admin_invitation.html",
	"admin_confirm.html", "admin_new.html", "admin_undelivered.html",
	"admin_authentication.html", "admin_overview.html", "admin_filling.html",
	"admin_problem.html", NULL};

/* Without a word of its own a problem has that of its status. */
static const struct problem {
	unsigned status;
	const char *heading;
	const char *text;
} problems[] = {
	{403, "problem_refused", "problem_refused_text"},
	{404, "problem_not_found", "problem_not_found_text"},
	{405, "problem_method", "problem_method_text"},
	{409, "problem_conflict", "problem_conflict_text"},
	{413, "problem_too_large", "problem_too_large_text"},
	{503, "problem_away", "problem_away_text"},
	{400, "problem_bad_request", "problem_bad_request_text"},
};

#define PROBLEMS (sizeof(problems) / sizeof(problems[0]))

static const struct problem *find_problem(unsigned status)
{
	for (size_t i = 0; i < PROBLEMS; i++)
		if (problems[i].status == status)
			return &problems[i];
	return &problems[PROBLEMS - 1];
}

static void put_frame(const struct visit *visit, struct values *values)
{
	const struct settings *settings = visit->generation->settings;

	values_text(values, "brand", settings->brand_name);
	values_text(values, "application", settings->application_name);
	values_text(values, "language", catalog_language(visit->catalog));
	values_text(values, "operator", visit->visitor.name);
	values_flag(values, "may_operate", visit->visitor.role >= ROLE_OPERATE);
}

void page_answer(
	struct visit **visit, unsigned status, const char *file, struct values **values)
{
	const struct template_value *table = NULL;
	struct buf out;

	if (*values != NULL) {
		put_frame(*visit, *values);
		table = values_table(*values);
	}
	if (table == NULL) {
		values_free(values);
		visit_answer(visit, 503, NULL, NULL);
		return;
	}
	buf_init(&out, PAGE_MAX);
	template_render((*visit)->site->pages, file, (*visit)->catalog, table, &out);
	values_free(values);
	visit_answer(visit, status, PAGE_HTML, &out);
	buf_free(&out);
}

void page_problem(struct visit **visit, unsigned status, const char *word, const char *detail)
{
	const struct problem *problem = find_problem(status);
	struct values *values = values_new();

	if (values != NULL) {
		values_word(values, "heading", problem->heading);
		values_word(values, "text", word != NULL ? word : problem->text);
		values_text(values, "detail", detail);
	}
	if (status == 503)
		web_header((*visit)->request, "Retry-After", "15");
	page_answer(visit, status, "admin_problem.html", &values);
}

void page_error(struct visit **visit, const struct error *error)
{
	const struct web_route *route = web_request_route((*visit)->request);
	unsigned status = (unsigned)error_answer(error->kind)->http_status;

	if (status >= 500) {
		status = 503;
		log_warning("%s: error=%s", route != NULL ? route->name : "-", error->text);
	}
	page_problem(visit, status, NULL, error->text);
}

/* What the mark is of: a form is worth nothing to another operator. */
static void mark_text(const struct visit *visit, const char *nonce, struct buf *text)
{
	buf_printf(text, "%s %s", nonce, visit->visitor.name);
}

static bool secure(const struct visit *visit)
{
	const char *proto = web_request_header(visit->request, "X-Forwarded-Proto");

	return visit->site->tls.cert.len > 0 || (proto != NULL && strcmp(proto, "https") == 0);
}

void page_csrf(struct visit *visit, struct values *values)
{
	const char *nonce = web_request_cookie(visit->request, CSRF_COOKIE);
	char fresh[WEB_NONCE_SIZE], mark[WEB_MAC_SIZE] = "", cookie[128];
	struct buf text;

	if (nonce == NULL && web_nonce(fresh) == 0) {
		snprintf(cookie, sizeof(cookie),
			CSRF_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax%s", fresh,
			secure(visit) ? "; Secure" : "");
		web_header(visit->request, "Set-Cookie", cookie);
		nonce = fresh;
	}
	buf_init(&text, 4096);
	if (nonce != NULL)
		mark_text(visit, nonce, &text);
	if (text.len > 0)
		web_mac(visit->admin->key, CSRF_PURPOSE, text.data, mark);
	buf_free(&text);
	values_text(values, "csrf", mark);
}

bool page_csrf_good(const struct visit *visit)
{
	const char *nonce = web_request_cookie(visit->request, CSRF_COOKIE);
	const char *site = web_request_header(visit->request, "Sec-Fetch-Site");
	struct buf text;
	bool good;

	if (nonce == NULL ||
		(site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0))
		return false;
	buf_init(&text, 4096);
	mark_text(visit, nonce, &text);
	good = !text.failed && web_mac_check(visit->admin->key, CSRF_PURPOSE, text.data,
				       web_request_field(visit->request, "csrf"));
	buf_free(&text);
	return good;
}

static const struct {
	long seconds; /* so many and more */
	const char *ago, *in;
} units[] = {
	{24 * 3600, "time_days_ago", "time_in_days"},
	{3600, "time_hours_ago", "time_in_hours"},
	{60, "time_minutes_ago", "time_in_minutes"},
	{1, "time_seconds_ago", "time_in_seconds"},
};

static void say_ago(const struct visit *visit, time_t when, struct buf *out)
{
	long away = (long)(when < visit->now ? visit->now - when : when - visit->now);
	char count[24];
	const struct template_value values[] = {{.name = "count", .text = count}, {0}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (away < units[i].seconds)
			continue;
		snprintf(count, sizeof(count), "%ld", away / units[i].seconds);
		template_words(visit->catalog, when < visit->now ? units[i].ago : units[i].in,
			values, out);
		return;
	}
	template_words(visit->catalog, "time_now", NULL, out);
}

void page_time(const struct visit *visit, struct values *values, const struct time_names *names,
	const char *text)
{
	struct buf ago;
	struct tm tm;
	time_t when;
	char exact[64];

	if (clock_parse(text, &when) != 0 || gmtime_r(&when, &tm) == NULL)
		return;
	strftime(exact, sizeof(exact), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_init(&ago, 256);
	say_ago(visit, when, &ago);
	values_text(values, names->at, text);
	values_text(values, names->exact, exact);
	values_text(values, names->ago, ago.data);
	buf_free(&ago);
}

int page_require_words(const struct words *words, struct error *error)
{
	static const char *const others[] = {"time_now", "filling_heading", "filling_text",
		"filling_away", "overview_heading", "auth_heading", "token_needs_sign_in",
		"token_needs_sign_in_advice", "token_near_end", "token_near_end_advice",
		"token_valid", "token_valid_advice", "access_not_listed",
		"access_no_certificate", "access_bad_certificate", "access_no_name",
		"access_view_only", NULL};

	for (size_t i = 0; others[i] != NULL; i++)
		if (words_require(words, others[i], error) != 0)
			return -1;
	for (size_t i = 0; i < PROBLEMS; i++)
		if (words_require(words, problems[i].heading, error) != 0 ||
			words_require(words, problems[i].text, error) != 0)
			return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (words_require(words, units[i].ago, error) != 0 ||
			words_require(words, units[i].in, error) != 0)
			return -1;
	return 0;
}
