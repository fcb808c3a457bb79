/*
 * One function a subject.
 */
#include "base/settings_check.h"

#include <string.h>
#include <strings.h>

struct check {
	const struct settings *settings;
	settings_conflict_fn *conflict;
	void *context;
};

static void fault(const struct check *check, const char *name, const char *reason)
{
	check->conflict(check->context, name, reason);
}

static void check_welcome(const struct check *check)
{
	const struct settings *settings = check->settings;

	if (settings->link_fallback != LINK_FALLBACK_PASS && settings->welcome_subject == NULL)
		fault(check, "link_fallback",
			"needs welcome_subject, else every mail of the sender would be a Welcome mail");
}

/* A certificate is of use with its key only. */
static void check_pairs(const struct check *check)
{
	const struct settings *settings = check->settings;
	const struct {
		const char *cert_name, *cert, *key_name, *key, *reason;
	} pairs[] = {
		{"wizard_tls_cert_file", settings->wizard_tls_cert_file, "wizard_tls_key_file",
			settings->wizard_tls_key_file,
			"wizard_tls_cert_file and wizard_tls_key_file go together"},
		{"smime_cert_file", settings->smime_cert_file, "smime_key_file",
			settings->smime_key_file,
			"smime_cert_file and smime_key_file go together"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((pairs[i].cert[0] == '\0') != (pairs[i].key[0] == '\0'))
			fault(check,
				pairs[i].cert[0] != '\0' ? pairs[i].cert_name
							 : pairs[i].key_name,
				pairs[i].reason);
}

static void check_telling(const struct check *check)
{
	const struct settings *settings = check->settings;
	bool url = settings->webhook_url[0] != '\0';

	if (url && settings->webhook_key_file[0] == '\0')
		fault(check, "webhook_url",
			"needs webhook_key_file: the receiver has to know that it is us");
	for (size_t i = 0; settings->welcome_senders[i] != NULL; i++)
		if (strcasecmp(settings->welcome_senders[i], settings->notify_sender) == 0)
			fault(check, "notify_sender",
				"is one of welcome_senders: a reminder would be taken for a Welcome mail");
}

/* What comes to our own addresses is read by us: nobody else's mail can have them for its
 * sender. */
static void check_own_addresses(const struct check *check)
{
	const struct settings *settings = check->settings;
	const struct {
		const char *name, *value;
	} own[] = {
		{"bounce_address", settings->bounce_address},
		{"consent_address", settings->consent_address},
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		bool taken = own[i].value[0] != '\0' &&
			     strcasecmp(own[i].value, settings->notify_sender) == 0;

		for (size_t j = 0; settings->welcome_senders[j] != NULL; j++)
			taken |= strcasecmp(own[i].value, settings->welcome_senders[j]) == 0;
		if (taken)
			fault(check, own[i].name,
				"is one of welcome_senders, or notify_sender: an address of its own is needed");
	}
	if (own[0].value[0] != '\0' && strcasecmp(own[0].value, own[1].value) == 0)
		fault(check, "bounce_address", "is consent_address, too: each needs its own");
}

/* A header can be claimed by whoever reaches a port; and without certificates nobody is known
 * there. */
static void check_admin(const struct check *check)
{
	const struct settings *settings = check->settings;
	const struct {
		const char *name, *value;
	} files[] = {
		{"admin_tls_cert_file", settings->admin_tls_cert_file},
		{"admin_tls_key_file", settings->admin_tls_key_file},
		{"admin_ca_file", settings->admin_ca_file},
	};
	bool inet = strncmp(settings->admin_listen, "inet:", 5) == 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (inet && files[i].value[0] == '\0')
			fault(check, "admin_listen",
				"inet: needs admin_tls_cert_file, admin_tls_key_file and "
				"admin_ca_file: operators are known there by client certificates");
		else if (!inet && files[i].value[0] != '\0')
			fault(check, files[i].name,
				"is of use with admin_listen = inet:HOST:PORT only; on a Unix "
				"socket TLS is the web server's");
		if (inet && files[i].value[0] == '\0')
			break;
	}
	if (inet && settings->admin_user_header[0] != '\0')
		fault(check, "admin_user_header",
			"is believed on a Unix socket only, and admin_listen is none");
	if (inet && settings->admin_subjects[0] == NULL)
		fault(check, "admin_listen", "inet: needs admin_subjects: nobody could use it");
}

void settings_check(
	const struct settings *settings, settings_conflict_fn *conflict, void *context)
{
	const struct check check = {settings, conflict, context};

	check_welcome(&check);
	check_pairs(&check);
	check_telling(&check);
	check_own_addresses(&check);
	check_admin(&check);
}
