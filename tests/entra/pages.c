#include "pages.h"

#include <stdlib.h>
#include <string.h>

static struct buf begin(const char *title)
{
	struct buf page = {0};

	buf_puts(&page, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
			"<meta name=\"viewport\" content=\"width=device-width\"><title>");
	buf_html(&page, title);
	buf_puts(&page,
		"</title><style>body{font:16px/1.5 'Segoe UI',sans-serif;background:#f2f2f2;"
		"margin:0}main{background:#fff;max-width:27em;margin:10vh auto;padding:2.5em;"
		"box-shadow:0 2px 6px #0003}input,textarea{display:block;width:100%;box-sizing:"
		"border-box;font:inherit;padding:.4em;margin:.2em 0 1em}button{font:inherit;"
		"padding:.4em 1.6em;margin-right:.5em}.primary{background:#0067b8;color:#fff;"
		"border:0}.error{color:#a00}</style></head><body><main>"
		"<p><strong>Microsoft</strong> (simulated)</p><h1 id=\"title\">");
	buf_html(&page, title);
	buf_puts(&page, "</h1>");
	return page;
}

static void finish(struct req *req, int status, struct buf *page)
{
	buf_puts(page, "</main></body></html>\n");
	answer_text(req, status, "text/html; charset=utf-8", page->data);
	buf_free(page);
}

static void paragraph(struct buf *page, const char *text)
{
	buf_puts(page, "<p>");
	buf_html(page, text);
	buf_puts(page, "</p>");
}

static void error_line(struct buf *page, const char *text)
{
	if (!text)
		return;
	buf_puts(page, "<p class=\"error\" role=\"alert\" id=\"error\">");
	buf_html(page, text);
	buf_puts(page, "</p>");
}

static void form(struct buf *page, const char *action, const struct journey *j)
{
	buf_printf(page, "<form method=\"post\" action=\"%s\">", action);
	if (j)
		buf_printf(page, "<input type=\"hidden\" name=\"ctx\" value=\"%s\">", j->ctx);
}

static void button(struct buf *page, const char *id, const char *value, const char *label)
{
	buf_printf(page, "<button type=\"submit\" id=\"%s\"%s", id,
		!strcmp(id, "idBtn_Back") ? "" : " class=\"primary\"");
	if (value)
		buf_printf(page, " name=\"decision\" value=\"%s\"", value);
	buf_puts(page, ">");
	buf_html(page, label);
	buf_puts(page, "</button>");
}

static void app_lines(struct buf *page, const struct app *app)
{
	buf_puts(page, "<p><strong id=\"app\">");
	buf_html(page, app->name);
	buf_puts(page, "</strong><br>");
	buf_html(page, app->publisher && *app->publisher ? app->publisher : "unverified");
	buf_puts(page, "</p>");
}

void page_error(struct req *req, int status, const char *title, const char *text)
{
	struct buf page = begin(title);

	error_line(&page, text);
	finish(req, status, &page);
}

void page_code(struct req *req, const char *prefill, const char *error)
{
	struct buf page = begin("Enter code");

	paragraph(&page, "Enter the code displayed on your app or device.");
	error_line(&page, error);
	form(&page, "/device", NULL);
	buf_puts(&page, "<label for=\"otc\">Code</label><input name=\"otc\" id=\"otc\" "
			"autocomplete=\"off\" maxlength=\"16\" value=\"");
	buf_html(&page, prefill);
	buf_puts(&page, "\">");
	button(&page, "idSIButton9", NULL, "Next");
	buf_puts(&page, "</form>");
	finish(req, 200, &page);
}

void page_confirm(struct req *req, const struct journey *j)
{
	struct buf title = {0}, page;

	buf_printf(&title, "Are you trying to sign in to %s?", j->app->name);
	page = begin(title.data);
	buf_free(&title);
	paragraph(&page,
		"Only continue if you downloaded the app from a store or website that you "
		"trust. Do not enter codes from sources you don't trust.");
	app_lines(&page, j->app);
	form(&page, "/device/confirm", j);
	button(&page, "idBtn_Back", "cancel", "Cancel");
	button(&page, "idSIButton9", "continue", "Continue");
	buf_puts(&page, "</form>");
	finish(req, 200, &page);
}

static void page_sign_in(struct req *req, const struct journey *j, const char *error)
{
	struct buf page = begin("Sign in");

	if (j->app)
		app_lines(&page, j->app);
	error_line(&page, error);
	form(&page, "/common/login", j);
	buf_puts(&page,
		"<label for=\"i0116\">Email or user name</label><input name=\"loginfmt\" "
		"id=\"i0116\" type=\"text\" autocomplete=\"username\" value=\"");
	buf_html(&page, j->login_hint);
	buf_puts(&page,
		"\"><label for=\"i0118\">Password</label><input name=\"passwd\" id=\"i0118\" "
		"type=\"password\" autocomplete=\"current-password\">");
	button(&page, "idSIButton9", NULL, "Sign in");
	buf_puts(&page, "</form>");
	finish(req, 200, &page);
}

static void scope_list(struct buf *page, const struct journey *j)
{
	char *copy = xstrdup(j->scope), *save = NULL;

	buf_puts(page, "<p>This application would like to:</p><ul id=\"scopes\">");
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		buf_puts(page, "<li>");
		buf_html(page, word);
		buf_puts(page, "</li>");
	}
	buf_puts(page, "</ul>");
	free(copy);
}

static void page_accept(struct req *req, const struct journey *j, const char *text)
{
	struct buf page = begin("Permissions requested");

	app_lines(&page, j->app);
	scope_list(&page, j);
	paragraph(&page, j->user->admin ? text : "Accepting lets the app act in your name.");
	form(&page, "/common/Consent/Set", j);
	button(&page, "idBtn_Back", "cancel", "Cancel");
	button(&page, "idSIButton9", "accept", "Accept");
	buf_puts(&page, "</form>");
	finish(req, 200, &page);
}

static void page_approval(struct req *req, const struct journey *j, const char *text)
{
	struct buf page = begin("Approval required");

	app_lines(&page, j->app);
	paragraph(&page, text);
	scope_list(&page, j);
	form(&page, "/common/requestApproval", j);
	buf_puts(&page,
		"<label for=\"justification\">Enter justification for requesting this app"
		"</label><textarea name=\"justification\" id=\"justification\" rows=\"3\">"
		"</textarea>");
	button(&page, "idBtn_Back", "cancel", "Cancel");
	button(&page, "idSIButton9", "request", "Request approval");
	buf_puts(&page, "</form>");
	finish(req, 200, &page);
}

/* A dead end; the way back to the application exists where it has a redirect URI. */
static void page_end(
	struct req *req, const struct journey *j, const char *title, const char *text)
{
	struct buf page = begin(title);

	if (j->app)
		app_lines(&page, j->app);
	paragraph(&page, text);
	if (j->redirect_uri) {
		form(&page, "/common/finish", j);
		button(&page, "idSIButton9", NULL, "Return to the application");
		buf_puts(&page, "</form>");
	}
	finish(req, 200, &page);
}

static void page_admin_needed(struct req *req, const struct journey *j, const char *text)
{
	page_end(req, j, "Need admin approval", text);
}

static void page_sent(struct req *req, const struct journey *j, const char *text)
{
	page_end(req, j, "Request sent", text);
}

static void page_done(struct req *req, const struct journey *j, const char *text)
{
	page_end(req, j, j->last == OUTCOME_SIGNED_IN ? "You have signed in" : "Sign-in ended",
		text);
}

static void page_new_code(struct req *req, const struct journey *j, const char *text)
{
	(void)j;
	page_code(req, NULL, text);
}

static void page_review_start(struct req *req, const struct journey *j, const char *text)
{
	(void)text;
	page_review(req, j);
}

static const struct {
	void (*show)(struct req *req, const struct journey *j, const char *text);
	const char *text;
} outcome_pages[] = {
	[OUTCOME_NONE] = {page_sign_in, NULL},
	[OUTCOME_SIGNED_IN] = {page_done, "You have signed in to the application on your "
					  "device. You may now close this window."},
	[OUTCOME_WRONG_PASSWORD] = {page_sign_in,
		"Your account or password is incorrect. (AADSTS50126)"},
	[OUTCOME_UNKNOWN_USER] = {page_sign_in,
		"We couldn't find an account with that username. (AADSTS50034)"},
	[OUTCOME_DISABLED] = {page_sign_in, "Your account has been locked. (AADSTS50057)"},
	[OUTCOME_WRONG_TENANT] = {page_sign_in,
		"Selected user account does not exist in the tenant and cannot access the "
		"application. (AADSTS50020)"},
	[OUTCOME_NOT_ADMIN] = {page_sign_in,
		"You need to be an administrator of this organization. (AADSTS90094)"},
	[OUTCOME_NOT_REVIEWER] = {page_sign_in,
		"You are not a reviewer of admin consent requests."},
	[OUTCOME_UNKNOWN_CODE] = {page_new_code,
		"That code didn't work. Check the code and try again."},
	[OUTCOME_EXPIRED_CODE] = {page_new_code,
		"The code has expired. Get a new one from your app or device."},
	[OUTCOME_USED_CODE] = {page_new_code,
		"The code has been used already. Get a new one from your app or device."},
	[OUTCOME_BLOCKED] = {page_done,
		"You don't have access to this: your sign-in was successful but does not meet "
		"the criteria to access this resource. (AADSTS53003: blocked by Conditional "
		"Access, authentication flow Device code flow.)"},
	[OUTCOME_ACCEPT_NEEDED] = {page_accept,
		"If you accept, this app will get access to the specified resources for all "
		"users in your organization. No one else will be prompted to review these "
		"permissions."},
	[OUTCOME_APPROVAL_NEEDED] = {page_approval, "This app requires your admin's approval."},
	[OUTCOME_ADMIN_NEEDED] = {page_admin_needed,
		"This app needs permission to access resources in your organization that only "
		"an admin can grant. Please ask an admin to grant permission to this app "
		"before you can use it. (AADSTS90094)"},
	[OUTCOME_APPROVAL_REQUESTED] = {page_sent,
		"Your admin will be notified. You will get an email when the request has been "
		"reviewed."},
	[OUTCOME_DECLINED] = {page_done, "You cancelled. You may now close this window."},
	[OUTCOME_REVIEW] = {page_review_start, NULL},
};

void page_outcome(struct req *req, const struct journey *j)
{
	outcome_pages[j->last].show(req, j, outcome_pages[j->last].text);
}

struct review {
	struct buf page;
	const struct journey *journey;
};

static void review_row(void *value, void *ctx)
{
	const struct consent_request *request = value;
	struct review *review = ctx;
	struct buf *page = &review->page;

	if (request->user->tenant != review->journey->user->tenant)
		return;
	buf_printf(page, "<section id=\"request-%s\">", request->id);
	app_lines(page, request->app);
	buf_puts(page, "<p>Requested by ");
	buf_html(page, request->user->upn);
	buf_puts(page, ": ");
	buf_html(page, request->justification);
	buf_printf(page, "<br>Status: <span class=\"status\">%s</span></p>", request->state);
	if (!strcmp(request->state, "pending")) {
		form(page, "/consent-requests", review->journey);
		buf_printf(page, "<input type=\"hidden\" name=\"request\" value=\"%s\">",
			request->id);
		button(page, "approve", "approve", "Review permissions and consent");
		button(page, "deny", "deny", "Deny");
		button(page, "block", "block", "Block");
		buf_puts(page, "</form>");
	}
	buf_puts(page, "</section>");
}

void page_review(struct req *req, const struct journey *j)
{
	struct review review = {begin("Admin consent requests"), j};

	if (!table_size(sim.requests))
		paragraph(&review.page, "There are no requests.");
	table_each(sim.requests, review_row, &review);
	finish(req, 200, &review.page);
}
