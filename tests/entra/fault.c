/*
 * Faults: JSON objects in the order they were added; the first that fits a request
 * is used for it and counted down. Members are described in entra.c.
 */
#include "req.h"

#include <stdlib.h>
#include <string.h>

struct fault {
	struct fault *next;
	struct json_object *spec;
	int left; /* 0: for ever */
};

static struct fault *faults;

void fault_add(struct json_object *spec)
{
	struct fault **at = &faults;

	while (*at)
		at = &(*at)->next;
	*at = xcalloc(1, sizeof **at);
	(*at)->spec = json_object_get(spec);
	(*at)->left = json_object_get_int(json_member(spec, "times"));
}

static void fault_drop(struct fault **at)
{
	struct fault *fault = *at;

	*at = fault->next;
	json_object_put(fault->spec);
	free(fault);
}

void fault_clear(void)
{
	while (faults)
		fault_drop(&faults);
}

static bool fits(const char *wanted, const char *got)
{
	return !wanted || (got && !strcmp(wanted, got));
}

struct json_object *fault_take(const char *endpoint, const char *grant, const char *tenant)
{
	struct fault **at = &faults;
	struct json_object *spec;

	for (; *at; at = &(*at)->next) {
		spec = (*at)->spec;
		if (fits(json_str(spec, "endpoint"), endpoint) &&
			fits(json_str(spec, "grant"), grant) &&
			fits(json_str(spec, "tenant"), tenant))
			break;
	}
	if (!*at)
		return NULL;
	spec = json_object_get((*at)->spec);
	if ((*at)->left > 0 && --(*at)->left == 0)
		fault_drop(at);
	return spec;
}

void fault_choose(struct req *req)
{
	static const char urn[] = "urn:ietf:params:oauth:grant-type:";
	const char *grant = arg(req, "grant_type");

	if (!faults || !strncmp(req->path, "/_sim/", 6))
		return;
	if (grant && !strncmp(grant, urn, sizeof urn - 1))
		grant += sizeof urn - 1;
	req->fault = fault_take(
		req->route ? req->route->endpoint : "unknown", grant, req->tenant_name);
}

static void answer_instead(struct req *req)
{
	const char *error = json_str(req->fault, "error"), *body = json_str(req->fault, "body");
	const char *text = json_str(req->fault, "error_description");
	struct json_object *codes = json_member(req->fault, "error_codes");
	int status = json_object_get_int(json_member(req->fault, "status"));

	if (error) {
		if (!codes) {
			codes = json_object_new_array();
			json_object_array_add(codes, json_object_new_int(90099));
		} else {
			json_object_get(codes);
		}
		oauth_fail_raw(req, status ? status : 400, error,
			json_str(req->fault, "suberror"),
			text ? text : "AADSTS90099: simulated.", codes);
	} else {
		answer_text(req, status ? status : 200,
			body ? "application/json; charset=utf-8" : "text/html",
			body ? body
			     : "<html><body><h2>Our services aren't available right now"
			       "</h2></body></html>");
	}
}

static bool replaces(struct json_object *spec)
{
	return json_member(spec, "status") || json_member(spec, "error") ||
	       json_member(spec, "body");
}

bool fault_answers(struct req *req)
{
	const char *closing = json_str(req->fault, "close");

	if (!req->fault || json_flag(req->fault, "processed"))
		return false;
	if (closing && !strcmp(closing, "before")) {
		answer_text(req, 500, "text/plain", "");
		return true;
	}
	if (!replaces(req->fault))
		return false;
	answer_instead(req);
	return true;
}

/* Members of the answer that a fault replaces, or removes with null. */
static void shape_json(struct req *req)
{
	struct json_object *changes = json_member(req->fault, "json"), *json;
	const char *scope = json_str(req->fault, "scope");
	bool drop = json_flag(req->fault, "drop_refresh_token");

	if (!changes)
		changes = json_member(req->fault, "me");
	if (req->status != 200 || (!changes && !scope && !drop))
		return;
	json = json_tokener_parse(req->out.data);
	if (!json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		return;
	}
	if (scope)
		json_add(json, "scope", scope);
	if (drop)
		json_object_object_del(json, "refresh_token");
	if (changes) {
		json_object_object_foreach(changes, name, value)
		{
			if (value)
				json_object_object_add(json, name, json_object_get(value));
			else
				json_object_object_del(json, name);
		}
	}
	answer_json(req, 200, json);
}

static void shape_headers(struct req *req)
{
	struct json_object *headers = json_member(req->fault, "headers");
	const char *retry = json_str(req->fault, "retry_after");
	const char *type = json_str(req->fault, "content_type");

	if (headers) {
		json_object_object_foreach(headers, name, value)
			args_add(&req->headers, name, json_object_get_string(value));
	}
	if (retry)
		args_add(&req->headers, "Retry-After", retry);
	if (type) {
		free(req->content_type);
		req->content_type = xstrdup(type);
	}
}

void fault_shape(struct req *req)
{
	struct json_object *spec = req->fault, *cut = json_member(spec, "truncate");
	const char *closing = json_str(spec, "close");

	if (!spec)
		return;
	if (json_flag(spec, "processed") && replaces(spec))
		answer_instead(req);
	shape_json(req);
	shape_headers(req);
	req->delay_ms = json_object_get_int(json_member(spec, "delay_ms"));
	req->padding = (size_t)json_object_get_int64(json_member(spec, "huge"));
	if (json_object_is_type(cut, json_type_int) || json_object_get_boolean(cut)) {
		req->ending = END_TRUNCATED;
		req->cut_at = json_object_is_type(cut, json_type_int)
				      ? (size_t)json_object_get_int64(cut)
				      : (req->out.len + req->padding) / 2;
	}
	if (closing && strcmp(closing, "false"))
		req->ending = END_DROPPED;
}
