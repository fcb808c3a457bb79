/*
 * Lines of columns and lines of JSON.
 */
#include "output.h"

#include "base/utf8.h"
#include "invite/event.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define WORDS_MAX 4096

/* Control characters would make two lines or columns of one, or be orders to a terminal. */
static void column(const char *text, char end)
{
	while (*text != '\0') {
		size_t control = utf8_control_length(text);

		putchar(control > 0 ? ' ' : *text);
		text += control > 0 ? control : 1;
	}
	putchar(end);
}

/* Of the latest invitation, or that there is none. */
static const char *customer_status(struct json_object *customer)
{
	return json_string(json_member(customer, "invitation"), "status", "not_invited");
}

void output_customer_json(struct json_object *customer)
{
	json_set_string(customer, "status", customer_status(customer));
	output_json(customer);
}

void output_event(struct json_object *event)
{
	char words[WORDS_MAX];

	event_describe(event, words, sizeof(words));
	column(json_string(event, "at", "-"), '\t');
	column(json_string(event, "type", "-"), '\t');
	column(words, '\n');
}

void output_item(struct json_object *item)
{
	struct json_object *event = json_member(item, "event");
	char words[WORDS_MAX];

	event_describe(event, words, sizeof(words));
	column(json_string(event, "at", "-"), '\t');
	column(json_string(json_member(item, "invitation"), "customer_id", "-"), '\t');
	column(json_string(item, "status", "-"), '\t');
	column(json_string(event, "type", "-"), '\t');
	column(words, '\n');
}

void output_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

bool output_failed(void)
{
	return fflush(stdout) != 0 || ferror(stdout);
}

bool output_unwanted(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0;
}
