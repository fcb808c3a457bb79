/* What was asked and answered, for tests to assert on. Secrets show as a digest. */
#include "req.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	struct line *next;
	int64_t seq;
	struct json_object *json;
};

static struct line *first, **last = &first;
static int count;
static int64_t seq;

static void drop_first(void)
{
	struct line *line = first;

	first = line->next;
	if (!first)
		last = &first;
	json_object_put(line->json);
	free(line);
	count--;
}

static void append(struct json_object *json)
{
	struct line *line = xcalloc(1, sizeof *line);

	line->seq = ++seq;
	line->json = json;
	json_add_int(json, "seq", line->seq);
	*last = line;
	last = &line->next;
	count++;
	while (count > sim.set.log_size && first)
		drop_first();
}

static const char *shown(const char *name, const char *value, char *digest)
{
	static const char secrets[] =
		"device_code code refresh_token code_verifier client_secret "
		"passwd password ctx";

	if (!word_in(secrets, name))
		return value;
	memcpy(digest, "sha256:", 7);
	sha256_hex(value, digest + 7);
	digest[7 + 16] = '\0';
	return digest;
}

static struct json_object *form_of(const struct req *req)
{
	struct json_object *form = json_object_new_object();
	char digest[80];

	for (size_t i = 0; i < req->args.n; i++)
		json_add(form, req->args.v[i].name,
			shown(req->args.v[i].name, req->args.v[i].value, digest));
	return form;
}

void log_request(const struct req *req)
{
	const char *endpoint = req->route ? req->route->endpoint : "unknown";
	struct json_object *json;

	if (sim.set.log_requests)
		fprintf(stderr, "%s %s %s status=%d error=%s code=%d connection=%lu%s\n",
			endpoint, req->method, req->path, req->status,
			req->error ? req->error : "-", req->error_code, req->connection,
			req->fault ? " fault" : "");
	if (sim.set.log_size <= 0 || !strcmp(endpoint, "control"))
		return;
	json = json_object_new_object();
	json_add_int(json, "time", req->arrived);
	json_add(json, "endpoint", endpoint);
	json_add(json, "method", req->method);
	json_add(json, "path", req->path);
	json_add(json, "tenant", req->tenant_name);
	json_add_int(json, "connection", (int64_t)req->connection);
	json_add(json, "user_agent", req->user_agent);
	json_object_object_add(json, "form", form_of(req));
	json_add_int(json, "status", req->status);
	json_add(json, "error", req->error);
	json_add_int(json, "error_code", req->error_code);
	json_add_bool(json, "fault", req->fault != NULL);
	append(json);
}

void log_dns(const char *name, const char *result)
{
	struct json_object *json = json_object_new_object();

	if (sim.set.log_requests)
		fprintf(stderr, "dns %s %s\n", name, result);
	json_add_int(json, "time", now_ms());
	json_add(json, "endpoint", "dns");
	json_add(json, "name", name);
	json_add(json, "result", result);
	append(json);
}

struct json_object *log_list(int64_t since, const char *endpoint)
{
	struct json_object *list = json_object_new_array();

	for (struct line *line = first; line; line = line->next)
		if (line->seq > since &&
			(!endpoint || !strcmp(endpoint, json_str(line->json, "endpoint"))))
			json_object_array_add(list, json_object_get(line->json));
	return list;
}

void log_clear(void)
{
	while (first)
		drop_first();
}
