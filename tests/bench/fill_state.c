/*
 * usage: fill_state DIRECTORY LINK_KEY_FILE COUNT
 *
 * Makes a state with COUNT customers and an invitation for each, by the engine in its own
 * process, as a site would have it after sixty days: customer N is customerN with
 * voice@customerN.example, tenant customerN.example; where its invitation stands follows from N
 * (journeys[]), and when it was made, too. The directory is made or has to be empty. Root
 * becomes the directory's owner.
 *
 * The past is made by a clock of its own: time(2) of this program is the hour that is being filled.
 */
#include "base/clock.h"
#include "store/engine.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define DAYS	      60
#define BATCH	      1000
#define CACHE	      ((size_t)3 << 30)
#define TEXT_LEN      (1024 * 1024)
#define CHECKPOINT_KB (1024 * 1024)

/* Each invitation's events behind its opening, "type members". */
static const struct journey {
	int share; /* of a hundred */
	bool mailed;
	const char *events[6];
} journeys[] = {
	{5, false, {NULL}},
	{20, true, {NULL}},
	{15, true, {"delivery \"delivery\":\"delivered\",\"delivery_status\":\"2.0.0\""}},
	{5, true,
		{"delivery \"delivery\":\"failed\",\"delivery_status\":\"5.1.1\","
		 "\"delivery_text\":\"no such user\""}},
	{10, true, {"link_opened"}},
	{5, true, {"link_opened", "sign_in_started \"method\":\"device\""}},
	{8, true,
		{"link_opened",
			"consent \"consent\":\"requested\",\"consent_source\":\"mail\""}},
	{2, true, {"consent \"consent\":\"denied\",\"consent_source\":\"mail\""}},
	{25, true,
		{"device_authenticated \"signed_in_as\":\"admin@%s\",\"signed_in_tenant\":\"%s\","
		 "\"signed_in_oid\":\"o\",\"granted_scopes\":\"User.Read.All\""}},
	{3, true,
		{"device_authenticated \"signed_in_as\":\"admin@%s\",\"signed_in_tenant\":\"%s\","
		 "\"signed_in_oid\":\"o\",\"granted_scopes\":\"User.Read.All\"",
			"token_refused \"code\":\"invalid_grant\",\"text\":\"the password was changed\""}},
	{2, true, {"revoked \"text\":\"on request\""}},
};

struct fill {
	struct settings settings;
	struct keyfile *keys;
	struct engine *engine;
	time_t begin; /* of the past that is made */
	long count;
};

static time_t now; /* as time() says it, 0: as it is */

time_t time(time_t *now_r)
{
	time_t result = now != 0 ? now : (time_t)(clock_real_ms() / 1000);

	if (now_r != NULL)
		*now_r = result;
	return result;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fill_state: %s: %s\n", what, why);
	exit(EX_SOFTWARE);
}

/* Asks and returns the reply; a request with "change" gets a fresh id. */
static struct json_object *ask(struct fill *fill, const char *text, bool change)
{
	const struct engine_caller owner = {.role = STORE_ROLE_OWNER};
	struct json_object *request = NULL, *reply = NULL;
	char id[CHANGE_ID_LEN + 1];
	struct engine_reply answer;
	struct error error;

	if (json_parse(text, strlen(text), &request, &error) != 0)
		die(text, error.text);
	change_id_new(id);
	if (change)
		json_set_string(request, "change", id);
	engine_reply_init(&answer);
	if (engine_request(fill->engine, &owner, request, &answer, &error) != 0 ||
		json_parse(answer.text.data, answer.text.len, &reply, &error) != 0)
		die(text, error.text);
	engine_reply_free(&answer);
	json_object_put(request);
	return reply;
}

static void seal(struct fill *fill, long long load)
{
	bool sealed = false;
	char text[64];

	snprintf(text, sizeof(text), "{\"op\":\"table_seal\",\"load\":%lld}", load);
	while (!sealed) {
		struct json_object *reply = ask(fill, text, false);

		sealed = json_flag(reply, "sealed", false);
		poll(NULL, 0, (int)json_int(reply, "pause", 0));
		json_object_put(reply);
	}
}

static void fill_customers(struct fill *fill)
{
	struct json_object *reply = ask(fill, "{\"op\":\"table_begin\"}", false);
	long long load = (long long)json_int(reply, "load", 0);
	struct buf text;

	json_object_put(reply);
	buf_init(&text, TEXT_LEN);
	for (long from = 0; from < fill->count; from += BATCH) {
		buf_reset(&text);
		buf_printf(&text, "{\"op\":\"table_rows\",\"load\":%lld,\"rows\":\"", load);
		for (long i = from; i < from + BATCH && i < fill->count; i++)
			buf_printf(&text,
				"customer%07ld\\tvoice@customer%07ld.example\\tCustomer %ld "
				"Ltd\\tcustomer%07ld.example\\t\\n",
				i, i, i, i);
		buf_string(&text, "\"}");
		json_object_put(ask(fill, text.data, false));
	}
	seal(fill, load);
	buf_reset(&text);
	buf_printf(&text, "{\"op\":\"table_end\",\"load\":%lld}", load);
	json_object_put(ask(fill, text.data, true));
	buf_free(&text);
}

static const struct journey *journey_of(long i)
{
	int place = (int)(i * 37 % 100); /* each share is spread over the whole time */
	const struct journey *journey = journeys;

	while (place >= journey->share)
		place -= journey++->share;
	return journey;
}

/* The members, in which each %s is the customer's domain, behind "{type, at". */
static void event_text(struct buf *out, const char *event, long i)
{
	char at[CLOCK_TEXT_SIZE], domain[64];
	size_t type = strcspn(event, " ");

	snprintf(domain, sizeof(domain), "customer%07ld.example", i);
	buf_printf(out, "{\"type\":\"%.*s\",\"at\":\"%s\"", (int)type, event,
		clock_format(now, at));
	if (event[type] != '\0')
		buf_byte(out, ',');
	for (event += type + (event[type] != '\0'); *event != '\0'; event++) {
		if (strncmp(event, "%s", 2) != 0)
			buf_byte(out, *event);
		else
			buf_string(out, domain);
		event += strncmp(event, "%s", 2) == 0;
	}
	buf_byte(out, '}');
}

static void fill_invitation(struct fill *fill, long i)
{
	const struct journey *journey = journey_of(i);
	struct json_object *reply;
	char id[INVITATION_ID_LEN + 1];
	struct buf text;

	buf_init(&text, TEXT_LEN);
	buf_printf(&text, "{\"op\":\"open\",\"customer_id\":\"customer%07ld\"", i);
	if (journey->mailed)
		buf_printf(&text,
			",\"email\":{\"message_id\":\"<%ld@platform.example>\","
			"\"queue_id\":\"4Q%ld\"}",
			i, i);
	buf_byte(&text, '}');
	reply = ask(fill, text.data, true);
	strcpy(id, json_string(json_member(reply, "invitation"), "id", ""));
	json_object_put(reply);
	for (const char *const *event = journey->events; *event != NULL; event++) {
		buf_reset(&text);
		buf_printf(&text, "{\"op\":\"apply\",\"id\":\"%s\",\"event\":", id);
		event_text(&text, *event, i);
		buf_byte(&text, '}');
		json_object_put(ask(fill, text.data, true));
	}
	buf_free(&text);
}

static void fill_invitations(struct fill *fill)
{
	struct error error;

	for (long i = 0; i < fill->count; i++) {
		now = fill->begin +
		      (time_t)((double)i / (double)fill->count * DAYS * 24 * 3600);
		fill_invitation(fill, i);
		if (engine_checkpoint(fill->engine, CHECKPOINT_KB, &error) != 0)
			die("checkpoint", error.text);
		if (i % 10000 == 0 && isatty(STDERR_FILENO))
			fprintf(stderr, "\r%ld invitations ", i);
	}
	now = 0;
}

static void become_owner(const char *directory)
{
	struct stat st;

	if (geteuid() == 0 && stat(directory, &st) == 0 &&
		(setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0))
		die(directory, "cannot become its owner");
}

static void open_state(struct fill *fill, char **argv)
{
	struct error error;
	struct kv *kv;

	become_owner(argv[1]);
	fill->keys = keyfile_load(argv[2], &error);
	if (fill->keys == NULL)
		die("keys", error.text);
	kv = kv_bdb_open(argv[1], engine_trees, CACHE, KV_BDB_TRY, &error);
	if (kv == NULL)
		die("state", error.text);
	fill->engine = engine_open(kv, &fill->settings, fill->keys, &error);
	if (fill->engine == NULL)
		die("state", error.text);
	if (engine_sequence(fill->engine) != 0)
		die(argv[1], "is not empty");
}

int main(int argc, char **argv)
{
	struct fill fill = {.settings = {
				    .wizard_url = "https://invite.provider.example",
				    .invitation_lifetime = 30 * 24 * 3600,
				    .history_retention = 400 * 24 * 3600,
			    }};
	struct error error;

	if (argc != 4 || (fill.count = atol(argv[3])) < 1) {
		fputs("usage: fill_state DIRECTORY LINK_KEY_FILE COUNT\n", stderr);
		return EX_USAGE;
	}
	fill.begin = time(NULL) - DAYS * 24 * 3600;
	open_state(&fill, argv);
	fill_customers(&fill);
	fill_invitations(&fill);
	if (engine_sync(fill.engine, &error) != 0 ||
		engine_checkpoint(fill.engine, 0, &error) != 0)
		die("sync", error.text);
	engine_free(&fill.engine);
	keyfile_free(&fill.keys);
	return EX_OK;
}
