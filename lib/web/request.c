/*
 * The answer is kept in the request until libmicrohttpd asks for it: at once when the handler
 * answered before it returned, else after the suspended connection is resumed.
 */
#include "web/internal.h"

#include "base/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	const char *value;
} default_headers[] = {
	{"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
		"base-uri 'none'"},
	{"Cache-Control", "no-store"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
};

struct web_request *web_request_new(struct web_connection *connection)
{
	struct web_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->connection = connection;
	buf_init(&request->body, WEB_BODY_MAX);
	return request;
}

void web_request_free(struct web_request **request)
{
	struct web_request *r = *request;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->header_count; i++) {
		free(r->headers[i].name);
		free(r->headers[i].value);
	}
	if (r->response != NULL)
		MHD_destroy_response(r->response);
	form_free(&r->form);
	buf_free(&r->body);
	free(r);
	*request = NULL;
}

void web_request_cancel(struct web_request *request)
{
	web_cancel_fn *cancel = request->cancel;

	request->cancel = NULL;
	if (cancel != NULL)
		cancel(request->cancel_context);
}

const struct web_route *web_request_route(const struct web_request *request)
{
	return request->route;
}

const char *web_request_parameter(const struct web_request *request)
{
	return request->parameter;
}

static const char *look_up(
	const struct web_request *request, enum MHD_ValueKind kind, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection->mhd, kind, name);

	return value != NULL && form_text_valid(value, strlen(value)) ? value : NULL;
}

const char *web_request_query(const struct web_request *request, const char *name)
{
	return look_up(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *web_request_header(const struct web_request *request, const char *name)
{
	return look_up(request, MHD_HEADER_KIND, name);
}

const char *web_request_cookie(const struct web_request *request, const char *name)
{
	return look_up(request, MHD_COOKIE_KIND, name);
}

const char *web_request_field(const struct web_request *request, const char *name)
{
	return form_value(request->form, name);
}

struct wanted {
	const char *name;
	struct buf *values;
};

static enum MHD_Result add_value(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct wanted *wanted = context;

	(void)kind;
	if (strcasecmp(name, wanted->name) != 0 || value == NULL)
		return MHD_YES;
	if (wanted->values->len > 0)
		buf_byte(wanted->values, ',');
	buf_string(wanted->values, value);
	return MHD_YES;
}

void web_request_headers(
	const struct web_request *request, const char *name, struct buf *values)
{
	struct wanted wanted = {name, values};

	MHD_get_connection_values(
		request->connection->mhd, MHD_HEADER_KIND, add_value, &wanted);
}

bool web_request_peer(const struct web_request *request, struct in6_addr *peer_r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL && address_of(info->client_addr, peer_r) == 0;
}

void web_request_defer(
	struct web_request *request, bool idle, web_cancel_fn *cancel, void *context)
{
	request->idle = idle;
	request->cancel = cancel;
	request->cancel_context = context;
}

static struct web_header_value *header_slot(struct web_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct web_header_value *header = &request->headers[i];

		if (strcasecmp(header->name, name) == 0 && strcasecmp(name, "Set-Cookie") != 0)
			return header;
	}
	if (request->header_count == WEB_HEADERS_MAX)
		return NULL;
	return &request->headers[request->header_count++];
}

void web_header(struct web_request *request, const char *name, const char *value)
{
	struct web_header_value fresh = {strdup(name), strdup(value)};
	struct web_header_value *header = NULL;

	if (fresh.name != NULL && fresh.value != NULL)
		header = header_slot(request, name);
	if (header != NULL) {
		struct web_header_value old = *header;

		*header = fresh;
		fresh = old;
	}
	free(fresh.name);
	free(fresh.value);
}

static void add_headers(struct web_request *request, struct MHD_Response *response)
{
	for (size_t i = 0; i < request->header_count; i++)
		MHD_add_response_header(
			response, request->headers[i].name, request->headers[i].value);
	for (size_t i = 0; i < sizeof(default_headers) / sizeof(default_headers[0]); i++) {
		if (MHD_get_response_header(response, default_headers[i].name) == NULL)
			MHD_add_response_header(
				response, default_headers[i].name, default_headers[i].value);
	}
}

static struct MHD_Response *new_response(struct buf *body, bool *failed_r)
{
	size_t len = 0;
	char *bytes = body != NULL ? buf_take(body, &len) : NULL;
	struct MHD_Response *response;

	*failed_r = body != NULL && bytes == NULL;
	if (bytes == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(bytes);
	return response;
}

void web_answer(
	struct web_request *request, unsigned status, const char *type, struct buf *body)
{
	struct MHD_Response *response;
	bool failed;

	if (type != NULL)
		web_header(request, "Content-Type", type);
	response = new_response(body, &failed);
	request->cancel = NULL;
	request->answered = true;
	request->status = failed ? MHD_HTTP_INTERNAL_SERVER_ERROR : status;
	if (response != NULL)
		add_headers(request, response);
	request->response = response;
	if (request->suspended) {
		request->suspended = false;
		MHD_resume_connection(request->connection->mhd);
		web_server_wake(request->connection->server);
	}
}

void web_redirect(struct web_request *request, const char *location)
{
	web_header(request, "Location", location);
	web_answer(request, MHD_HTTP_SEE_OTHER, NULL, NULL);
}
