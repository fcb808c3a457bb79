/*
 * Any record as the database may hold it, a line, and any events behind it, a line each: what
 * an event changes counts in the revision, what it does not leaves the record as it is, and a
 * status can always be said.
 */
#include "invite/event.h"
#include "invite/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(struct json_object *record, struct json_object *event)
{
	int64_t revision = json_int(record, "revision", 0);
	char *before = strdup(json_text(record)), words[256];
	struct error error;

	if (event_check(event, &error) == 0) {
		int changed = event_apply(record, event, &error);

		event_describe(event, words, sizeof(words));
		if (changed == 1 ? json_int(record, "revision", 0) !=
					   (revision < INT64_MAX ? revision + 1 : 0)
				 : strcmp(json_text(record), before) != 0)
			abort();
	}
	free(before);
	for (time_t now = 0; now < 4000000000; now += 1000000000)
		if (status_name(record_status(record, now)) == NULL)
			abort();
	record_token_used_at(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text,
	     *line = strsep(&rest, "\n");
	struct json_object *record = NULL, *event;
	struct error error;

	if (json_parse(line, strlen(line), &record, &error) == 0)
		while ((line = strsep(&rest, "\n")) != NULL)
			if (json_parse(line, strlen(line), &event, &error) == 0) {
				apply(record, event);
				json_object_put(event);
			}
	json_object_put(record);
	free(text);
	return 0;
}
