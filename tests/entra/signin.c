/* The routes behind the pages, and the redirects back to the application. */
#include "handlers.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>

static void redirect_back(struct req *req, const struct journey *j, const struct args *answer)
{
	struct buf url = {0};
	const char *join = j->fragment ? "#" : (strchr(j->redirect_uri, '?') ? "&" : "?");

	buf_puts(&url, j->redirect_uri);
	for (size_t i = 0; i < answer->n; i++) {
		buf_printf(&url, "%s%s=", join, answer->v[i].name);
		buf_url(&url, answer->v[i].value);
		join = "&";
	}
	answer_redirect(req, url.data);
	buf_free(&url);
}

static void redirect_error(
	struct req *req, const struct journey *j, enum oauth_error error, const char *detail)
{
	struct args answer = {0};
	char *text = oauth_description(error, detail);

	args_add(&answer, "error", oauth_error_name(error));
	if (error == ERR_CANCELLED)
		args_add(&answer, "error_subcode", "cancel");
	args_add(&answer, "error_description", text);
	if (j->state)
		args_add(&answer, "state", j->state);
	req->error = oauth_error_name(error);
	req->error_code = oauth_error_code(error);
	redirect_back(req, j, &answer);
	args_free(&answer);
	free(text);
}

/* What else Entra may send a browser back with: the fault's redirect_error and
 * error_description. */
static bool redirect_fault(struct req *req, const struct journey *j)
{
	const char *error = json_str(req->fault, "redirect_error");
	const char *text = json_str(req->fault, "error_description");
	struct args answer = {0};

	if (!error)
		return false;
	args_add(&answer, "error", error);
	if (text)
		args_add(&answer, "error_description", text);
	if (j->state)
		args_add(&answer, "state", j->state);
	req->error = "redirect_error";
	redirect_back(req, j, &answer);
	args_free(&answer);
	return true;
}

static void redirect_code(struct req *req, const struct journey *j)
{
	struct auth_code *code = auth_code_new(j->app, j->user);
	struct args answer = {0};
	char guid[37];

	code->redirect_uri = xstrdup(j->redirect_uri);
	code->scope = xstrdup(j->scope);
	code->challenge = j->challenge ? xstrdup(j->challenge) : NULL;
	code->nonce = j->nonce ? xstrdup(j->nonce) : NULL;
	random_guid(guid);
	args_add(&answer, "code", code->code);
	if (j->state)
		args_add(&answer, "state", j->state);
	args_add(&answer, "session_state", guid);
	redirect_back(req, j, &answer);
	args_free(&answer);
}

static void redirect_admin(struct req *req, const struct journey *j)
{
	struct args answer = {0};

	args_add(&answer, "admin_consent", "True");
	args_add(&answer, "tenant", j->user->tenant->id);
	args_add(&answer, "scope", j->scope);
	if (j->state)
		args_add(&answer, "state", j->state);
	redirect_back(req, j, &answer);
	args_free(&answer);
}

/* Most outcomes are a page; two of them end a journey that has a redirect URI. */
static void show(struct req *req, const struct journey *j)
{
	if (j->redirect_uri && j->last == OUTCOME_SIGNED_IN)
		(j->kind == JOURNEY_ADMIN_CONSENT ? redirect_admin : redirect_code)(req, j);
	else if (j->redirect_uri && j->last == OUTCOME_DECLINED)
		redirect_error(req, j, ERR_CANCELLED, NULL);
	else
		page_outcome(req, j);
}

static bool registered(const struct app *app, const char *uri)
{
	for (size_t i = 0; uri && i < app->redirect_uris.n; i++)
		if (!strcmp(app->redirect_uris.v[i], uri))
			return true;
	return false;
}

static void fail_page(struct req *req, enum oauth_error error, const char *detail)
{
	char *text = oauth_description(error, detail);

	req->error = oauth_error_name(error);
	req->error_code = oauth_error_code(error);
	page_error(req, 400, "Sorry, but we're having trouble signing you in.", text);
	free(text);
}

static char *copy_arg(const struct req *req, const char *name)
{
	return arg(req, name) ? xstrdup(arg(req, name)) : NULL;
}

/* What authorize and adminconsent have in common; NULL: an error page went out. */
static struct journey *start(struct req *req, enum journey_kind kind)
{
	struct app *app = table_get(sim.apps, arg(req, "client_id"));
	const char *uri = arg(req, "redirect_uri"), *scope = arg(req, "scope");
	struct journey *j = NULL;

	if (!tenant_find(req->tenant_name) && !tenant_alias(req->tenant_name))
		fail_page(req, ERR_TENANT, req->tenant_name);
	else if (!arg(req, "client_id"))
		fail_page(req, ERR_MISSING, "client_id");
	else if (!app)
		fail_page(req, ERR_APP, arg(req, "client_id"));
	else if (!registered(app, uri))
		fail_page(req, ERR_REDIRECT_URI, uri);
	else if (!scope)
		fail_page(req, ERR_MISSING, "scope");
	else {
		j = journey_new(kind, app, req->tenant_name);
		j->scope = xstrdup(scope);
		j->redirect_uri = xstrdup(uri);
		j->state = copy_arg(req, "state");
		j->login_hint = copy_arg(req, "login_hint");
	}
	return j;
}

static bool challenge_fits(const struct req *req)
{
	const char *challenge = arg(req, "code_challenge");
	const char *method = arg(req, "code_challenge_method");

	return !challenge || (method && !strcmp(method, "S256") && strlen(challenge) == 43);
}

void handle_authorize(struct req *req)
{
	const char *type = arg(req, "response_type"), *mode = arg(req, "response_mode");
	const char *prompt = arg(req, "prompt");
	struct journey *j = start(req, JOURNEY_AUTHORIZE);

	if (!j || redirect_fault(req, j))
		return;
	j->fragment = mode && !strcmp(mode, "fragment");
	j->always_ask = prompt && !strcmp(prompt, "consent");
	j->challenge = copy_arg(req, "code_challenge");
	j->nonce = copy_arg(req, "nonce");
	if (!type || strcmp(type, "code"))
		redirect_error(req, j, ERR_RESPONSE_TYPE, type);
	else if (!challenge_fits(req))
		redirect_error(req, j, ERR_CHALLENGE, NULL);
	else if (prompt && !strcmp(prompt, "none"))
		redirect_error(req, j, ERR_LOGIN_REQUIRED, NULL);
	else
		page_outcome(req, j);
}

void handle_adminconsent(struct req *req)
{
	struct journey *j = start(req, JOURNEY_ADMIN_CONSENT);

	if (j && !redirect_fault(req, j))
		page_outcome(req, j);
}

void handle_logout(struct req *req)
{
	page_error(req, 200, "You signed out of your account", NULL);
}

void handle_device(struct req *req)
{
	const char *code = arg(req, "otc") ? arg(req, "otc") : arg(req, "user_code");
	struct journey unusable = {0}, *j;

	if (!strcmp(req->method, "GET")) {
		page_code(req, code, NULL);
		return;
	}
	j = journey_for_code(code, &unusable.last);
	if (j)
		page_confirm(req, j);
	else
		page_outcome(req, &unusable);
}

/* The journey a form names; NULL: an error page went out. */
static struct journey *continued(struct req *req)
{
	struct journey *j = journey_find(arg(req, "ctx"));

	if (!j)
		page_error(req, 400, "Sorry, but we're having trouble signing you in.",
			"AADSTS165000: The session has expired. Start again.");
	return j;
}

static bool decided(const struct req *req, const char *decision)
{
	const char *got = arg(req, "decision");

	return got && !strcmp(got, decision);
}

void handle_device_confirm(struct req *req)
{
	struct journey *j = continued(req);

	if (!j)
		return;
	/* Cancelling here leaves the flow as it is: nobody has signed in yet. */
	if (decided(req, "cancel"))
		page_error(
			req, 200, "Sign-in ended", "You cancelled. You may close this window.");
	else
		page_outcome(req, j);
}

void handle_login(struct req *req)
{
	struct journey *j = continued(req);

	if (!j)
		return;
	if (arg(req, "loginfmt")) {
		free(j->login_hint);
		j->login_hint = copy_arg(req, "loginfmt");
	}
	journey_sign_in(j, arg(req, "loginfmt"), arg(req, "passwd"));
	show(req, j);
}

void handle_consent_set(struct req *req)
{
	struct journey *j = continued(req);

	if (!j)
		return;
	journey_accept(j, decided(req, "accept"));
	show(req, j);
}

void handle_request_approval(struct req *req)
{
	struct journey *j = continued(req);

	if (!j)
		return;
	if (decided(req, "cancel"))
		journey_accept(j, false);
	else
		journey_request(j, arg(req, "justification"));
	show(req, j);
}

/* "Return to the application" without having got what it wanted. */
void handle_finish(struct req *req)
{
	struct journey *j = continued(req);

	if (!j)
		return;
	if (!j->redirect_uri)
		page_outcome(req, j);
	else if (j->last == OUTCOME_APPROVAL_REQUESTED)
		redirect_error(req, j, ERR_NO_CONSENT, j->app->client_id);
	else
		redirect_error(req, j, ERR_NEED_ADMIN, j->app->name);
}

void handle_review(struct req *req)
{
	struct journey *j = journey_new(JOURNEY_REVIEW, NULL, NULL);

	page_outcome(req, j);
}

void handle_review_decision(struct req *req)
{
	static const struct {
		const char *button, *decision;
	} decisions[] = {
		{"approve", "approved"},
		{"deny", "denied"},
		{"block", "blocked"},
	};
	struct journey *j = continued(req);
	struct consent_request *request = table_get(sim.requests, arg(req, "request"));

	if (!j)
		return;
	if (j->last != OUTCOME_REVIEW) {
		page_outcome(req, j);
		return;
	}
	for (size_t i = 0; request && i < sizeof decisions / sizeof *decisions; i++)
		if (request->user->tenant == j->user->tenant &&
			decided(req, decisions[i].button))
			requests_decide(j->user->tenant, request->app, decisions[i].decision);
	page_review(req, j);
}
