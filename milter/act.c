/*
 * libmilter's reply text: at most 980 bytes, one line, "%" doubled. Text for the store: at most
 * 2048 bytes, of which replacing what is no UTF-8 may need three for each.
 */
#include "act.h"

#include "mail/value.h"
#include "store/protocol.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX 900
#define TEXT_MAX  680
#define BRIEF_MS  1000 /* the store is restarted in less */

const char *queue_id(SMFICTX *ctx)
{
	static char name[] = "i";
	const char *id = smfi_getsymval(ctx, name);

	return id == NULL ? "NOQUEUE" : id;
}

sfsistat answer(SMFICTX *ctx, const char *code, const char *status, const char *text)
{
	struct session *session = smfi_getpriv(ctx);
	char *status_text = (char *)(uintptr_t)status;
	struct buf line;

	if (*code == '4')
		session->counted = COUNT_MAIL_DEFERRED;
	else if (session->kind == MAIL_MAYBE_WELCOME)
		session->counted = COUNT_MAIL_REJECTED;
	if (session->internal)
		return SMFIS_ACCEPT;
	buf_init(&line, REPLY_MAX + 2);
	for (; *text != '\0' && line.len < REPLY_MAX; text++) {
		if (*text == '%')
			buf_byte(&line, '%');
		buf_byte(&line, (unsigned char)*text < ' ' ? ' ' : *text);
	}
	smfi_setreply(ctx, (char *)(uintptr_t)code, status_text, line.data);
	buf_free(&line);
	return *code == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

sfsistat answer_error(SMFICTX *ctx, const struct error *error)
{
	const struct error_answer *words = error_answer(error->kind);

	return answer(ctx, words->smtp_code, words->smtp_status, error->text);
}

const char *not_taken(const struct error *error)
{
	return *error_answer(error->kind)->smtp_code == '5' ? "rejected" : "refused";
}

static int asked(const struct session *session, int result, const struct error *error)
{
	if (result < 0 && error_is_passing(error))
		metrics_count(session_metrics(session), METRIC_MILTER_STORE_AWAY, 0);
	return result;
}

int ask_store(const struct session *session, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	struct ipc_client *store = session_config(session)->store;

	return asked(session, ipc_call(store, request, reply_r, error), error);
}

int ask_store_briefly(const struct session *session, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	struct ipc_client *store = session_config(session)->store;
	int result;

	*reply_r = NULL;
	result = ipc_client_silent(store)
			 ? error_set(error, ERROR_TEMPORARY, "the store did not answer lately")
			 : ipc_call_within(store, BRIEF_MS, request, reply_r, error);
	return asked(session, result, error);
}

int put_text(struct json_object *object, const char *name, const char *text)
{
	char *cut = text == NULL || *text == '\0' ? NULL : strndup(text, TEXT_MAX);
	char *valid = cut == NULL ? NULL : mail_utf8(cut);
	int result = json_set_string(object, name, valid);

	free(cut);
	free(valid);
	return result;
}

struct json_object *request_about(const char *op, const char *member, const char *value)
{
	struct json_object *request = store_request(op);

	if (request != NULL && put_text(request, member, value) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

int apply_event(const struct session *session, const char *invitation,
	struct json_object *event, const char *change, struct error *error)
{
	struct json_object *request, *reply = NULL;
	int result;

	if (event == NULL)
		return error_memory(error);
	request = store_request_apply("id", invitation, event);
	if (request == NULL || json_set_string(request, "change", change) < 0) {
		json_object_put(request);
		return error_memory(error);
	}
	result = ask_store(session, request, &reply, error);
	if (result == 0)
		result = json_flag(reply, "changed", false);
	json_object_put(request);
	json_object_put(reply);
	return result;
}

sfsistat take_own_out(SMFICTX *ctx, const struct session *session, bool some)
{
	if (!some)
		return SMFIS_DISCARD;
	for (const struct own_recipient *own = session->own; own != NULL; own = own->next)
		if (smfi_delrcpt(ctx, (char *)(uintptr_t)own->argument) != MI_SUCCESS)
			return SMFIS_TEMPFAIL;
	return SMFIS_ACCEPT;
}
