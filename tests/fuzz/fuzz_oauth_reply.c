/*
 * Any answer at all, to each reader of answers: what one gives out is within its bounds and leads
 * to the authority, and one that gives nothing out says why. The first byte chooses the HTTP
 * status.
 */
#include "token/discovery.h"
#include "token/graph.h"
#include "token/oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AUTHORITY "https://login.example"
#define LETTERS	  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static bool one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static void check_refusal(struct refusal *refusal)
{
	need(refusal->outcome < OUTCOME_COUNT && *refusal->code != '\0' &&
		*refusal->text != '\0');
	need(refusal->code[strspn(refusal->code, LETTERS)] == '\0' && one_line(refusal->text));
	need(refusal->own <= strlen(refusal->text));
	need(refusal->retry_after >= 0 && refusal->retry_after <= RETRY_AFTER_MAX);
	*refusal = (struct refusal){0};
}

static bool at_authority(const char *url)
{
	size_t len = strlen(AUTHORITY);

	return strncasecmp(url, AUTHORITY, len) == 0 &&
	       (url[len] == '\0' || strchr("/?#:", url[len]) != NULL);
}

static void read_flows(const struct reply *reply, struct refusal *refusal)
{
	static const char *const wanted[] = {"User.Read.All", "offline_access", NULL};
	struct oauth_device device;
	struct oauth_tokens tokens;
	struct buf missing;

	buf_init(&missing, 1024);
	if (oauth_device_read(reply, AUTHORITY, &device, refusal) != 0)
		check_refusal(refusal);
	else
		need(secret_len(device.device_code) > 0 && one_line(device.user_code) &&
			strncasecmp(device.verification_uri, "https://", 8) == 0 &&
			device.interval >= 1 && device.interval <= OAUTH_INTERVAL_MAX &&
			device.expires_in >= 1 &&
			device.expires_in <= OAUTH_DEVICE_LIFETIME_MAX);
	oauth_device_free(&device);
	if (oauth_tokens_read(reply, &tokens, refusal) != 0)
		check_refusal(refusal);
	else
		need(secret_len(tokens.access_token) > 0 && tokens.expires_in >= 1 &&
			tokens.expires_in <= 86400 &&
			oauth_scopes_missing(
				wanted, tokens.scope, "https://graph.example", &missing) <= 1);
	oauth_tokens_free(&tokens);
	buf_free(&missing);
}

static void read_documents(const struct reply *reply, struct refusal *refusal)
{
	struct discovery *discovery = discovery_read(reply, AUTHORITY, refusal);
	char *name = NULL;

	if (discovery == NULL)
		check_refusal(refusal);
	else
		need(at_authority(discovery->issuer) && at_authority(discovery->jwks_uri) &&
			at_authority(discovery->authorization_endpoint) &&
			at_authority(discovery->token_endpoint) &&
			at_authority(discovery->device_authorization_endpoint) &&
			(*discovery->tenant_id == '\0' || guid_valid(discovery->tenant_id)));
	discovery_free(&discovery);
	if (graph_me_read(reply, "id", &name, refusal) != 0)
		check_refusal(refusal);
	else
		need(name != NULL && reply->status == 200);
	free(name);
}

/* What a browser brings, a header, a tenant. */
static void read_text(char *text, struct refusal *refusal)
{
	int wait = reply_retry_after(text, 1700000000);
	char *url = discovery_url(AUTHORITY, text), *description = text;

	need(wait >= 0 && wait <= RETRY_AFTER_MAX);
	need(url == NULL || url[strcspn(url, " ?#%\\")] == '\0');
	free(url);
	strsep(&description, "\n");
	refusal_from_callback(text, description, refusal);
	check_refusal(refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 401, 403, 429, 500};
	struct reply reply = {.body = (const char *)data + 1};
	struct refusal refusal = {0};
	char *text;

	if (size == 0)
		return 0;
	reply.status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))];
	reply.len = size - 1;
	read_flows(&reply, &refusal);
	read_documents(&reply, &refusal);
	refusal_read(&reply, &refusal);
	check_refusal(&refusal);
	text = strndup(reply.body, reply.len);
	read_text(text, &refusal);
	free(text);
	return 0;
}
