/*
 * Facts are words of the catalog ("delivery_failed"), so that none is shown as the code that it
 * is in a record; what the catalog does not know is shown as it is.
 */
#include "cell.h"

#include <stdio.h>
#include <string.h>

/* What the colour says. */
static const char *const tones[STATUS_COUNT] = {
	[STATUS_REVOKED] = "off",
	[STATUS_AUTHENTICATION_COMPLETE] = "good",
	[STATUS_NEEDS_SIGN_IN] = "bad",
	[STATUS_EXPIRED] = "off",
	[STATUS_DEVICE_AUTHENTICATED] = "wait",
	[STATUS_FAILED] = "bad",
	[STATUS_CONSENT_DENIED] = "bad",
	[STATUS_CONSENT_EXPIRED] = "bad",
	[STATUS_CONSENT_GRANTED] = "wait",
	[STATUS_CONSENT_REQUESTED] = "wait",
	[STATUS_SIGN_IN_STARTED] = "wait",
	[STATUS_LINK_OPENED] = "wait",
	[STATUS_EMAIL_FAILED] = "bad",
	[STATUS_EMAIL_SENT] = "wait",
	[STATUS_PENDING] = "wait",
};

static const char *const texts[] = {"id", "customer_id", "full_name", "tenant",
	"invitation_email", "m365_admin_email", "delivery_status", "delivery_text",
	"signed_in_as", "signed_in_tenant", "auth_url", "consent_address", "validation",
	"platform_invitation_id", "message_id", "queue_id"};

static const struct time_names times[] = {
	{"email_sent_at", "email_sent_at_exact", "email_sent_at_ago"},
	{"link_seen_at", "link_seen_at_exact", "link_seen_at_ago"},
	{"link_opened_at", "link_opened_at_exact", "link_opened_at_ago"},
	{"device_authenticated_at", "device_authenticated_at_exact",
		"device_authenticated_at_ago"},
	{"validated_at", "validated_at_exact", "validated_at_ago"},
	{"authentication_complete_at", "authentication_complete_at_exact",
		"authentication_complete_at_ago"},
	{"created_at", "created_at_exact", "created_at_ago"},
	{"expires_at", "expires_at_exact", "expires_at_ago"},
	{"revoked_at", "revoked_at_exact", "revoked_at_ago"},
};

static const char *const deliveries[] = {
	"none", "relayed", "delivered", "delayed", "failed", NULL};
static const char *const consents[] = {
	"none", "requested", "granted", "denied", "expired", NULL};

enum status cell_status_named(const char *name)
{
	enum status status = 0;

	while (status < STATUS_COUNT && strcmp(status_name(status), name) != 0)
		status++;
	return status;
}

void cell_status(struct values *values, enum status status)
{
	char word[64];

	snprintf(word, sizeof(word), "status_%s", status_name(status));
	values_text(values, "status", status_name(status));
	values_word(values, "status_word", word);
	values_text(values, "tone", tones[status]);
}

/* One of a few: as the word PREFIX_VALUE. */
static void put_choice(
	struct values *values, const char *name, const char *value, const char *const *known)
{
	char word[64];

	while (*known != NULL && strcmp(*known, value) != 0)
		known++;
	if (*known == NULL) {
		values_text(values, name, value);
		return;
	}
	snprintf(word, sizeof(word), "%s_%s", name, value);
	values_word(values, name, word);
}

void cell_put(const struct visit *visit, struct values *values, struct json_object *record)
{
	const char *delivery = json_string(record, "delivery", "none");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		values_text(values, texts[i], json_string(record, texts[i], ""));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		page_time(visit, values, &times[i], json_string(record, times[i].at, NULL));
	cell_status(values, record_status(record, visit->now));
	put_choice(values, "delivery", delivery, deliveries);
	values_flag(values, "delivery_failed", strcmp(delivery, "failed") == 0);
	put_choice(values, "consent", json_string(record, "consent", "none"), consents);
	values_flag(values, "email_sent", json_flag(record, "email_sent", false));
	values_int(values, "email_sent_count", json_int(record, "email_sent_count", 0));
	values_flag(values, "device_authenticated",
		json_flag(record, "device_authenticated", false));
}

static int require(
	const struct words *words, const char *prefix, const char *value, struct error *error)
{
	char word[64];

	snprintf(word, sizeof(word), "%s_%s", prefix, value);
	return words_require(words, word, error);
}

int cell_require_words(const struct words *words, struct error *error)
{
	for (size_t i = 0; deliveries[i] != NULL; i++)
		if (require(words, "delivery", deliveries[i], error) != 0)
			return -1;
	for (size_t i = 0; consents[i] != NULL; i++)
		if (require(words, "consent", consents[i], error) != 0)
			return -1;
	for (enum status status = 0; status < STATUS_COUNT; status++)
		if (require(words, "status", status_name(status), error) != 0)
			return -1;
	return 0;
}
