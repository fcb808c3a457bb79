/*
 * Decisions about a message, from facts that somebody else read. Senders and submitters come
 * first because they are known at MAIL and settle nearly all mail; the submitter list is parsed
 * once a generation.
 */
#include "mail/recognise.h"

#include "base/network.h"

#include <stdlib.h>
#include <string.h>

enum submitter_type { SUBMITTER_SASL, SUBMITTER_CERTIFICATE, SUBMITTER_NET };

struct submitter {
	enum submitter_type type;
	const char *name; /* within the settings' entry copy */
	struct network net;
};

struct submitters {
	struct submitter *list;
	char **entries;
	size_t count;
};

static int parse_submitter(const char *entry, struct submitter *submitter, struct error *error)
{
	static const struct {
		const char *prefix;
		enum submitter_type type;
	} types[] = {
		{"sasl:", SUBMITTER_SASL},
		{"cn:", SUBMITTER_CERTIFICATE},
		{"net:", SUBMITTER_NET},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t len = strlen(types[i].prefix);

		if (strncmp(entry, types[i].prefix, len) != 0 || entry[len] == '\0')
			continue;
		submitter->type = types[i].type;
		submitter->name = entry + len;
		if (types[i].type == SUBMITTER_NET &&
			network_parse(entry + len, &submitter->net) != 0)
			return error_set(error, ERROR_CONFIGURATION,
				"welcome_submitters: \"%s\" is no network", entry);
		return 0;
	}
	return error_set(error, ERROR_CONFIGURATION,
		"welcome_submitters: \"%s\" is not sasl:NAME, net:CIDR or cn:NAME", entry);
}

struct submitters *submitters_new(string_list entries, struct error *error)
{
	struct submitters *submitters = calloc(1, sizeof(*submitters));
	size_t count = 0;

	while (entries[count] != NULL)
		count++;
	if (submitters != NULL) {
		submitters->list = calloc(count + 1, sizeof(*submitters->list));
		submitters->entries = calloc(count + 1, sizeof(*submitters->entries));
	}
	if (submitters == NULL || submitters->list == NULL || submitters->entries == NULL) {
		error_memory(error);
		submitters_free(&submitters);
		return NULL;
	}
	for (; submitters->count < count; submitters->count++) {
		size_t i = submitters->count;

		submitters->entries[i] = strdup(entries[i]);
		if (submitters->entries[i] == NULL)
			error_memory(error);
		else if (parse_submitter(submitters->entries[i], &submitters->list[i], error) ==
			 0)
			continue;
		submitters_free(&submitters);
		return NULL;
	}
	return submitters;
}

void submitters_free(struct submitters **submitters)
{
	if (*submitters == NULL)
		return;
	for (size_t i = 0; (*submitters)->entries != NULL && i <= (*submitters)->count; i++)
		free((*submitters)->entries[i]);
	free((*submitters)->entries);
	free((*submitters)->list);
	free(*submitters);
	*submitters = NULL;
}

static bool in_net(const struct submitter *submitter, const struct sockaddr *client)
{
	struct in6_addr address;

	return address_of(client, &address) == 0 && network_contains(&submitter->net, &address);
}

static bool same_name(const char *name, const char *given)
{
	return given != NULL && strcmp(name, given) == 0;
}

bool submitters_have(const struct submitters *submitters, const struct submission *submission)
{
	for (size_t i = 0; i < submitters->count; i++) {
		const struct submitter *submitter = &submitters->list[i];

		if (submitter->type == SUBMITTER_NET
				? in_net(submitter, submission->client)
				: same_name(submitter->name,
					  submitter->type == SUBMITTER_SASL
						  ? submission->sasl_name
						  : submission->certificate_name))
			return true;
	}
	return false;
}

enum mail_kind mail_kind(const struct mail_marks *marks)
{
	if (marks->to_bounce_address)
		return MAIL_TO_BOUNCE_ADDRESS;
	if (marks->to_consent_address)
		return MAIL_TO_CONSENT_ADDRESS;
	if (marks->welcome_sender)
		return MAIL_MAYBE_WELCOME;
	if (marks->consent_sender)
		return MAIL_CLAIMS_CONSENT;
	if (marks->report)
		return MAIL_MAYBE_REPORT;
	return MAIL_UNRELATED;
}

enum welcome_action welcome_action(const struct welcome_facts *facts)
{
	if (!facts->linked && (!facts->subject_fits || facts->tracked))
		return WELCOME_NONE;
	if (facts->is_protected)
		return facts->unsignable == UNSIGNABLE_PASS ? WELCOME_PASS_PROTECTED
							    : WELCOME_REJECT_PROTECTED;
	if (facts->linked)
		return WELCOME_INJECT;
	switch (facts->fallback) {
	case LINK_FALLBACK_APPEND:
		return facts->has_text ? WELCOME_APPEND : WELCOME_PASS_NO_TEXT;
	case LINK_FALLBACK_REJECT:
		return WELCOME_REJECT_UNMARKED;
	default:
		return WELCOME_PASS_UNMARKED;
	}
}
