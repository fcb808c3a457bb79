/*
 * A request that is there at once, as nearly all are, is parsed in one pass. Of one that comes
 * in pieces the end is awaited by a search that goes on where it stopped, then it is parsed.
 */
#include "request.h"

static const struct {
	const char *name;
	size_t len;
} names[] = {
#define NAME(string)                                                                           \
	{                                                                                      \
		string, sizeof(string) - 1                                                     \
	}
	[ATTRIBUTE_CCERT_SUBJECT] = NAME("ccert_subject"),
	[ATTRIBUTE_CLIENT_ADDRESS] = NAME("client_address"),
	[ATTRIBUTE_ENCRYPTION_PROTOCOL] = NAME("encryption_protocol"),
	[ATTRIBUTE_PROTOCOL_STATE] = NAME("protocol_state"),
	[ATTRIBUTE_QUEUE_ID] = NAME("queue_id"),
	[ATTRIBUTE_RECIPIENT] = NAME("recipient"),
	[ATTRIBUTE_REQUEST] = NAME("request"),
	[ATTRIBUTE_SASL_USERNAME] = NAME("sasl_username"),
	[ATTRIBUTE_SENDER] = NAME("sender"),
#undef NAME
};

static int take_line(struct text line, struct request *request, struct error *error)
{
	const char *equals = memchr(line.data, '=', line.len);
	size_t len = equals != NULL ? (size_t)(equals - line.data) : 0;

	if (len == 0)
		return error_set(error, ERROR_PERMANENT, "a line is not \"name=value\"");
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		struct text *value = &request->values[i];

		if (names[i].len != len || memcmp(names[i].name, line.data, len) != 0)
			continue;
		if (value->data == NULL)
			*value = (struct text){equals + 1, line.len - len - 1};
		break;
	}
	return 0;
}

/* Parses lines up to an empty one. Returns the size with that, 0 when there is none yet, -1. */
static ssize_t take_lines(
	const char *bytes, size_t len, struct request *request, struct error *error)
{
	const char *at = bytes, *newline;

	while ((newline = memchr(at, '\n', (size_t)(bytes + len - at))) != NULL) {
		struct text line = {at, (size_t)(newline - at)};

		at = newline + 1;
		if (line.len == 0)
			return at - bytes;
		if (take_line(line, request, error) != 0)
			return -1;
	}
	return 0;
}

/* Is there an empty line? Looks only at what it has not yet seen. */
static bool is_whole(const char *bytes, size_t len, size_t *scanned)
{
	const char *at = bytes + *scanned, *newline;

	while ((newline = memchr(at, '\n', (size_t)(bytes + len - at))) != NULL) {
		if (newline > bytes && newline[-1] == '\n')
			return true;
		at = newline + 1;
	}
	*scanned = len;
	return false;
}

/* Nothing that it does not say, and what it has to say. */
static int check(struct request *request, struct error *error)
{
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (request->values[i].data == NULL)
			request->values[i].data = "";
	if (!text_is(request->values[ATTRIBUTE_REQUEST], "smtpd_access_policy"))
		return error_set(
			error, ERROR_PERMANENT, "it is not \"request=smtpd_access_policy\"");
	return 0;
}

ssize_t request_get(const char *bytes, size_t len, size_t *scanned, struct request *request_r,
	struct error *error)
{
	size_t within = len < REQUEST_MAX ? len : REQUEST_MAX;
	ssize_t size = 0;

	*request_r = (struct request){0};
	if (*scanned == 0 || is_whole(bytes, within, scanned))
		size = take_lines(bytes, within, request_r, error);
	if (size == 0 && within == REQUEST_MAX)
		return error_set(
			error, ERROR_PERMANENT, "it is longer than %d bytes", REQUEST_MAX);
	*scanned = size == 0 ? within : 0;
	return size <= 0 ? size : check(request_r, error) != 0 ? -1 : size;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of xtext; moves *at behind it. Returns -1 when it is none. */
static int xtext_next(const char **at, const char *end)
{
	const char *c = *at;
	int high, low;

	*at = c + 1;
	if (*c != '+')
		return (unsigned char)*c;
	if (end - c < 3)
		return -1;
	high = hex_digit(c[1]);
	low = hex_digit(c[2]);
	*at = c + 3;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool request_certificate(const struct request *request, char *name_r, size_t size)
{
	struct text coded = request->values[ATTRIBUTE_CCERT_SUBJECT];
	const char *at = coded.data, *end = coded.data + coded.len;
	size_t n = 0;

	while (at < end) {
		int c = xtext_next(&at, end);

		if (c <= 0 || n + 1 == size) {
			name_r[0] = '\0';
			return false;
		}
		name_r[n++] = (char)c;
	}
	name_r[n] = '\0';
	return true;
}
