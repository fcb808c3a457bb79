/*
 * A browser that got a code also got a cookie: a keyed mark of the invitation and that code.
 * Whoever else opens the link, a colleague or a mail scanner, has no such cookie and is shown
 * no code. Nothing is kept here, so a restart changes nothing.
 */
#include "code.h"

#include "page.h"
#include "step.h"

#include "base/json.h"
#include "token/protocol.h"
#include "web/mac.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PURPOSE "postinvite wizard code"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void code_group(const char *code, struct code_groups *groups_r)
{
	size_t len = strlen(code);
	size_t size = len % 3 == 0 ? 3 : 4;

	memset(groups_r, 0, sizeof(*groups_r));
	/* Other servers' codes may come in groups already: "WDJB-MJHT". */
	if (code[strspn(code, LETTERS)] != '\0' || len % size != 0 ||
		len / size > CODE_GROUPS_MAX)
		return;
	for (size_t i = 0; i < len / size; i++) {
		memcpy(groups_r->parts[i], code + i * size, size);
		groups_r->rows[i][0] =
			(struct template_value){.name = "part", .text = groups_r->parts[i]};
		groups_r->list[i] = groups_r->rows[i];
	}
}

void code_spell(const char *code, struct buf *out)
{
	for (; *code != '\0'; code++) {
		if (out->len > 0)
			buf_byte(out, ' ');
		buf_byte(out, *code);
	}
}

/* What the mark is made of. NULL: out of memory. */
static char *marked_text(const struct visit *visit, struct json_object *code)
{
	char *text;

	if (asprintf(&text, "%s %s", visit->id, json_string(code, "user_code", "")) < 0)
		return NULL;
	return text;
}

static bool ours(const struct visit *visit, struct json_object *code)
{
	char *text = marked_text(visit, code);
	bool good = text != NULL && site_mark_check(visit->site, PURPOSE, text,
					    web_request_cookie(visit->request, STARTED_COOKIE));

	free(text);
	return good;
}

static void keep(struct visit *visit, struct json_object *code)
{
	json_object_get(code);
	json_object_put(visit->code);
	visit->code = code;
}

/* The continuation waits in the visit while tokend is asked. */
static void got_code(struct visit *visit, struct json_object *reply, const struct error *error)
{
	visit_next_fn *next = visit->after_code;
	bool away = error != NULL && error_is_passing(error);

	if (error == NULL && json_string(reply, "user_code", NULL) != NULL &&
		json_int(reply, "expires_in", 0) > 0 && ours(visit, reply))
		keep(visit, reply);
	next(visit, NULL, away ? error : NULL);
}

void code_fetch(struct visit *visit, visit_next_fn *next)
{
	if (step_of(visit_status(visit))->ended ||
		web_request_cookie(visit->request, STARTED_COOKIE) == NULL) {
		next(visit, NULL, NULL);
		return;
	}
	visit->after_code = next;
	visit->ask.idle = false;
	visit_ask_tokend(visit, token_request("code", visit->token), got_code);
}

void code_keep_started(struct visit *visit, struct json_object *code)
{
	char *text = marked_text(visit, code);
	char mark[WEB_MAC_SIZE];
	char *cookie;

	keep(visit, code);
	if (text == NULL)
		return;
	site_mark(visit->site, PURPOSE, text, mark);
	/* Lax, not Strict: a customer who opens the link in the mail once more keeps the code. */
	if (asprintf(&cookie,
		    STARTED_COOKIE "=%s; Path=%s/i/%s; Max-Age=%d; HttpOnly; SameSite=Lax%s",
		    mark, visit->site->base_path, visit->token,
		    (int)json_int(code, "expires_in", 900),
		    visit->site->secure ? "; Secure" : "") >= 0) {
		web_header(visit->request, "Set-Cookie", cookie);
		free(cookie);
	}
	free(text);
}
