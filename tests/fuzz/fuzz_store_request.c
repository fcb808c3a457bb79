/*
 * Any requests of the owner's, a line each, where the id "it" stands for an invitation that is there: each is refused or
 * answered by JSON.
 */
#include "store/engine.h"
#include "store/kv_memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST                                                                                  \
	"{\"op\":\"open\",\"change\":\"0196f0a1b2c37def8abc0123456789ab\",\"mailbox\":\"a@"    \
	"b\"}"

static void ask(struct engine *engine, const char *text, size_t len, char id[32])
{
	const struct engine_caller owner = {STORE_ROLE_OWNER, NULL};
	struct json_object *request = NULL, *answer = NULL;
	struct engine_reply reply;
	struct error error;

	engine_reply_init(&reply);
	if (json_parse(text, len, &request, &error) == 0 &&
		strcmp(json_string(request, "id", ""), "it") == 0)
		json_set_string(request, "id", id);
	if (engine_request(engine, &owner, request, &reply, &error) == 0 &&
		json_parse(reply.text.data, reply.text.len, &answer, &error) != 0)
		abort();
	if (*id == '\0')
		strcpy(id, json_string(json_member(answer, "invitation"), "id", ""));
	engine_reply_free(&reply);
	json_object_put(request);
	json_object_put(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings settings = {
		.wizard_url = "https://i.example", .invitation_lifetime = 9};
	char path[] = "/tmp/postinvite-fuzz.XXXXXX", id[32] = "",
	     *text = strndup((const char *)data, size);
	static struct keyfile *keys; /* made once */
	struct engine *engine;
	struct error error;
	unsigned char key;

	if (keys == NULL && close(mkstemp(path)) == 0 && unlink(path) == 0 &&
		keyfile_add(path, &key, &error) == 0) {
		keys = keyfile_load(path, &error);
		unlink(path);
	}
	engine = engine_open(kv_memory_open(engine_trees, &error), &settings, keys, &error);
	ask(engine, FIRST, strlen(FIRST), id);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;)
		ask(engine, line, strlen(line), id);
	engine_free(&engine);
	free(text);
	return 0;
}
