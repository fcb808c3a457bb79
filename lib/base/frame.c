/*
 * Frames. A frame is put whole or not at all: a buffer that fails half-way is cut back, so that
 * what went before can still be sent. Texts of errors may hold bytes of anybody's; what is not
 * UTF-8 would make the whole answer unreadable, so it is replaced here.
 */
#include "base/frame.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define LENGTH_SIZE 4

static void put_number(char bytes[4], uint32_t number)
{
	number = htonl(number);
	memcpy(bytes, &number, sizeof(number));
}

static uint32_t get_number(const char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return ntohl(number);
}

void frame_put(
	struct buf *out, uint32_t call, enum frame_type type, const char *body, size_t body_len)
{
	char header[FRAME_HEADER];
	size_t before = out->len;

	if (body_len > FRAME_BODY_MAX) {
		out->failed = true;
		return;
	}
	put_number(header, (uint32_t)(FRAME_HEADER - LENGTH_SIZE + body_len));
	put_number(header + 4, call);
	header[8] = (char)type;
	buf_append(out, header, sizeof(header));
	buf_append(out, body, body_len);
	if (out->failed && out->len > before) {
		out->len = before;
		out->data[before] = '\0';
	}
}

/* The error as an object, or NULL when out of memory. */
static struct json_object *error_object(const struct error *error, const char *text)
{
	struct json_object *object = json_object_new_object();

	if (object != NULL &&
		json_set_string(object, "kind", error_answer(error->kind)->name) == 0 &&
		json_set_string(object, "text", text) == 0)
		return object;
	json_object_put(object);
	return NULL;
}

static bool is_json(const char *text)
{
	struct json_object *parsed;
	struct error ignored;
	bool good = json_parse(text, strlen(text), &parsed, &ignored) == 0;

	json_object_put(parsed);
	return good;
}

void frame_put_error(struct buf *out, uint32_t call, const struct error *error)
{
	struct json_object *object = error_object(error, error->text);
	const char *body = object != NULL ? json_text(object) : NULL;
	char text[sizeof(error->text)];

	if (body != NULL && !is_json(body)) {
		strcpy(text, error->text);
		for (char *at = text; *at != '\0'; at++)
			if ((unsigned char)*at >= 0x80)
				*at = '?';
		json_object_put(object);
		object = error_object(error, text);
		body = object != NULL ? json_text(object) : NULL;
	}
	if (body != NULL)
		frame_put(out, call, FRAME_ERROR, body, strlen(body));
	else
		out->failed = true;
	json_object_put(object);
}

static bool known_type(char type)
{
	return type == FRAME_REQUEST || type == FRAME_REPLY || type == FRAME_ERROR ||
	       type == FRAME_EVENT;
}

ssize_t frame_get(const char *bytes, size_t len, struct frame *frame_r, struct error *error)
{
	uint32_t follows;

	if (len < LENGTH_SIZE)
		return 0;
	follows = get_number(bytes);
	if (follows < FRAME_HEADER - LENGTH_SIZE || follows > FRAME_MAX)
		return error_set(error, ERROR_PERMANENT, "not a frame: length %u", follows);
	if (len < FRAME_HEADER)
		return 0;
	if (!known_type(bytes[8]))
		return error_set(error, ERROR_PERMANENT, "not a frame: type 0x%02x",
			(unsigned char)bytes[8]);
	if (len - LENGTH_SIZE < follows)
		return 0;
	*frame_r = (struct frame){
		.call = get_number(bytes + 4),
		.type = (enum frame_type)bytes[8],
		.body = bytes + FRAME_HEADER,
		.body_len = follows - (FRAME_HEADER - LENGTH_SIZE),
	};
	return (ssize_t)(LENGTH_SIZE + follows);
}

int frame_object(const struct frame *frame, struct json_object **object_r, struct error *error)
{
	return json_parse(frame->body, frame->body_len, object_r, error);
}

void frame_error(const struct frame *frame, struct error *error_r)
{
	struct json_object *object;
	enum error_kind kind;

	if (frame_object(frame, &object, error_r) != 0) {
		error_prefix(error_r, "unreadable error");
		return;
	}
	kind = error_kind_named(json_string(object, "kind", NULL));
	error_set(error_r, kind != ERROR_NONE ? kind : ERROR_PERMANENT, "%s",
		json_string(object, "text", "refused without a reason"));
	json_object_put(object);
}
