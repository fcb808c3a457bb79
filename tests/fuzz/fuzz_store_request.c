/*
 * Any requests, a line each: each is refused or answered by JSON, and a change that is asked for
 * twice is one and has one answer. A digit before one is the role of who asks, else it is the
 * owner. "it" stands for what is there: the invitation that was opened first, its link, its
 * bounce tag, its customer's consent tag. At last all events are told, and what has ended is
 * removed.
 */
#include "invite/tag.h"
#include "key_input.h"
#include "store/engine.h"
#include "store/kv_memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONSENT "c@a.example"
#define BOUNCE	"b@a.example"
#define FIRST                                                                                  \
	"{\"op\":\"open\",\"change\":\"0196f0a1b2c37def8abc0123456789ab\",\"mailbox\":\"a@"    \
	"b\"}"

static const char *const names[] = {"id", "link", "bounce_tag", "consent_tag"};

struct known {
	char text[4][LINK_TOKEN_LEN + 1]; /* of names */
};

static void learn(struct known *known, struct json_object *answer)
{
	struct json_object *invitation = json_member(answer, "invitation");
	const char *consent = json_string(invitation, "consent_address", "");
	const char *url = json_string(invitation, "auth_url", "/");

	snprintf(known->text[0], sizeof(known->text[0]), "%s",
		json_string(invitation, "id", ""));
	snprintf(known->text[1], sizeof(known->text[1]), "%s", strrchr(url, '/') + 1);
	address_tag(BOUNCE, json_string(answer, "bounce_address", ""), known->text[2]);
	address_tag(CONSENT, consent, known->text[3]);
}

static void again(struct engine *engine, const struct engine_caller *caller,
	struct json_object *request, const char *answer)
{
	struct engine_reply reply;
	struct error error;
	uint64_t sequence;

	engine_sync(engine, &error);
	sequence = engine_sequence(engine);
	engine_reply_init(&reply);
	if (engine_request(engine, caller, request, &reply, &error) != 0 ||
		strcmp(reply.text.data, answer) != 0 || engine_sync(engine, &error) != 0 ||
		engine_sequence(engine) != sequence)
		abort();
	engine_reply_free(&reply);
}

static void ask(struct engine *engine, const char *text, struct known *known)
{
	struct engine_caller caller = {STORE_ROLE_OWNER, known};
	struct json_object *request = NULL, *answer = NULL;
	struct engine_reply reply;
	struct error error;

	if (isdigit((unsigned char)*text))
		caller.role = (enum store_role)((*text++ - '0') % (STORE_ROLE_ADMIN + 1));
	engine_reply_init(&reply);
	if (json_parse(text, strlen(text), &request, &error) == 0)
		for (size_t i = 0; i < 4; i++)
			if (strcmp(json_string(request, names[i], ""), "it") == 0)
				json_set_string(request, names[i], known->text[i]);
	if (engine_request(engine, &caller, request, &reply, &error) == 0) {
		if (json_parse(reply.text.data, reply.text.len, &answer, &error) != 0)
			abort();
		if (reply.durable)
			again(engine, &caller, request, reply.text.data);
	}
	if (*known->text[0] == '\0')
		learn(known, answer);
	engine_reply_free(&reply);
	json_object_put(request);
	json_object_put(answer);
}

static int tell(void *context, const struct engine_event *event)
{
	struct json_object *told;
	struct error error;

	if (json_parse(event->text, event->len, &told, &error) != 0 ||
		event->sequence <= *(uint64_t *)context)
		abort();
	*(uint64_t *)context = event->sequence;
	json_object_put(told);
	return 0;
}

static void finish(struct engine *engine)
{
	time_t later = time(NULL) + 100;
	uint64_t last = 0, after = 0;
	struct error error;

	if (engine_sync(engine, &error) != 0)
		abort();
	while (engine_events(engine, &after, 3, tell, &last, &error) > 0)
		;
	if (last != engine_sequence(engine))
		abort();
	while (engine_housekeep(engine, later, &error) == 1)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings settings = {.wizard_url = "https://i.example",
		.invitation_lifetime = 9,
		.history_retention = 9,
		.consent_address = CONSENT,
		.bounce_address = BOUNCE};
	char *text = strndup((const char *)data, size);
	struct known known = {0};
	struct engine *engine;
	struct error error;

	engine = engine_open(
		kv_memory_open(engine_trees, &error), &settings, input_keys(), &error);
	ask(engine, FIRST, &known);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;)
		ask(engine, line, &known);
	finish(engine);
	engine_free(&engine);
	free(text);
	return 0;
}
