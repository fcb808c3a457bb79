/*
 * The answer is kept in the request until libmicrohttpd asks for it: at once when the handler
 * answered before it returned, else after the suspended connection is resumed.
 */
#include "web/internal.h"

#include "base/clock.h"
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
	if (r->more != NULL)
		buf_free(&r->piece);
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
	const char *value = NULL;
	size_t len = 0;

	if (MHD_lookup_connection_value_n(request->connection->mhd, kind, name, strlen(name),
		    &value, &len) != MHD_YES ||
		value == NULL)
		return NULL;
	return form_text_valid(value, len) ? value : NULL;
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

/* A suspended connection goes on. */
static void resume(struct web_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection->mhd);
	web_server_wake(request->connection->server);
}

/* Gives the response to libmicrohttpd, at once or by waking it. */
static void set_response(
	struct web_request *request, unsigned status, struct MHD_Response *response)
{
	request->answered = true;
	request->status = status;
	if (response != NULL)
		add_headers(request, response);
	request->response = response;
	resume(request);
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
	set_response(request, failed ? MHD_HTTP_INTERNAL_SERVER_ERROR : status, response);
}

/* libmicrohttpd wants up to `max` bytes. While the next piece is being made the connection is
 * suspended. */
static ssize_t read_piece(void *context, uint64_t position, char *bytes, size_t max)
{
	struct web_request *request = context;
	size_t left;

	(void)position;
	request->connection->deadline = clock_monotonic_ms() + WEB_ANSWER_MS;
	if (request->piece_sent == request->piece.len && request->pieces == PIECES_IDLE) {
		request->pieces = PIECES_ASKED;
		request->more(request->more_context);
	}
	if (request->pieces == PIECES_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = request->piece.len - request->piece_sent;
	if (left == 0 && request->pieces == PIECES_LAST)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (left == 0) {
		request->suspended = request->pieces == PIECES_ASKED;
		if (request->suspended)
			MHD_suspend_connection(request->connection->mhd);
		return 0;
	}
	left = left < max ? left : max;
	memcpy(bytes, request->piece.data + request->piece_sent, left);
	request->piece_sent += left;
	return (ssize_t)left;
}

void web_answer_pieces(struct web_request *request, const char *type, web_more_fn *more,
	web_cancel_fn *cancel, void *context)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, WEB_CONNECTION_MEMORY, read_piece, request, NULL);

	web_header(request, "Content-Type", type);
	request->more = more;
	request->more_context = context;
	buf_init(&request->piece, 0);
	request->cancel = cancel;
	request->cancel_context = context;
	set_response(request, MHD_HTTP_OK, response);
}

void web_piece(struct web_request *request, struct buf *piece, bool last)
{
	bool broken = piece == NULL || piece->failed;
	size_t len = 0;

	buf_free(&request->piece);
	buf_init(&request->piece, 0);
	request->piece_sent = 0;
	if (!broken) {
		request->piece = *piece;
		len = piece->max;
		buf_init(piece, len);
	}
	request->pieces = broken ? PIECES_BROKEN : last ? PIECES_LAST : PIECES_IDLE;
	if (broken || last)
		request->cancel = NULL;
	resume(request);
}

void web_redirect(struct web_request *request, const char *location)
{
	web_header(request, "Location", location);
	web_answer(request, MHD_HTTP_SEE_OTHER, NULL, NULL);
}
