#include "req.h"

#include <stdlib.h>
#include <string.h>

void args_add(struct args *args, const char *name, const char *value)
{
	args->v = realloc(args->v, (args->n + 1) * sizeof *args->v);
	if (!args->v)
		abort();
	args->v[args->n].name = xstrdup(name);
	args->v[args->n++].value = xstrdup(value);
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static char *url_decode(const char *text, size_t len)
{
	char *out = xcalloc(1, len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 &&
			hex(text[i + 2]) >= 0) {
			*to++ = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i] == '+' ? ' ' : text[i];
		}
	}
	return out;
}

void args_parse(struct args *args, const char *form)
{
	while (*form) {
		size_t span = strcspn(form, "&");
		const char *equals = memchr(form, '=', span);
		size_t name_len = equals ? (size_t)(equals - form) : span;
		char *name = url_decode(form, name_len);
		char *value =
			equals ? url_decode(equals + 1, span - name_len - 1) : xstrdup("");

		if (span)
			args_add(args, name, value);
		free(name);
		free(value);
		form += span;
		form += *form == '&';
	}
}

void args_free(struct args *args)
{
	for (size_t i = 0; i < args->n; i++) {
		free(args->v[i].name);
		free(args->v[i].value);
	}
	free(args->v);
	*args = (struct args){0};
}

const char *arg(const struct req *req, const char *name)
{
	for (size_t i = 0; i < req->args.n; i++)
		if (!strcmp(req->args.v[i].name, name))
			return *req->args.v[i].value ? req->args.v[i].value : NULL;
	return NULL;
}

char *json_text(struct json_object *json)
{
	char *text = xstrdup(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

	json_object_put(json);
	return text;
}

void answer_text(struct req *req, int status, const char *type, const char *text)
{
	req->status = status;
	free(req->content_type);
	req->content_type = xstrdup(type);
	req->out.len = 0;
	buf_puts(&req->out, text);
}

void answer_json(struct req *req, int status, struct json_object *json)
{
	char *text = json_text(json);

	answer_text(req, status, "application/json; charset=utf-8", text);
	free(text);
}

void answer_redirect(struct req *req, const char *url)
{
	args_add(&req->headers, "Location", url);
	answer_text(req, 302, "text/html; charset=utf-8", "");
}

void answer_empty(struct req *req)
{
	req->status = 204;
	req->out.len = 0;
}

void json_add(struct json_object *json, const char *name, const char *value)
{
	json_object_object_add(json, name, value ? json_object_new_string(value) : NULL);
}

void json_add_int(struct json_object *json, const char *name, int64_t value)
{
	json_object_object_add(json, name, json_object_new_int64(value));
}

void json_add_bool(struct json_object *json, const char *name, bool value)
{
	json_object_object_add(json, name, json_object_new_boolean(value));
}

struct json_object *json_member(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	if (!json || !json_object_object_get_ex(json, name, &value))
		return NULL;
	return value;
}

const char *json_str(struct json_object *json, const char *name)
{
	return json_object_get_string(json_member(json, name));
}

bool json_flag(struct json_object *json, const char *name)
{
	return json_object_get_boolean(json_member(json, name));
}
