/*
 * Nearly all mail is settled by its sender; who submits it is looked at only then.
 */
#include "facts.h"

#include "base/network.h"
#include "mail/address.h"

#include <netinet/in.h>

/* Is it asked where the recipient is not known? VRFY has no sender and is nobody's fault. */
static bool read_too_early(const struct request *request)
{
	static const char *const stages[] = {"CONNECT", "EHLO", "HELO", "MAIL", "ETRN"};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (text_is(request->values[ATTRIBUTE_PROTOCOL_STATE], stages[i]))
			return true;
	return false;
}

static bool read_sender(const struct config *config, const struct request *request)
{
	char sender[ADDRESS_SIZE];

	return text_copy(request->values[ATTRIBUTE_SENDER], sender, sizeof(sender)) &&
	       address_listed(config->senders, sender);
}

/* Is it one of welcome_submitters who asks? */
static bool read_submitter(const struct config *config, const struct request *request)
{
	char client[64], sasl[ADDRESS_SIZE], certificate[ADDRESS_SIZE];
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	struct submission submission = {0};
	bool known =
		text_copy(request->values[ATTRIBUTE_CLIENT_ADDRESS], client, sizeof(client)) &&
		address_parse(client, strlen(client), &address.sin6_addr) == 0;

	text_copy(request->values[ATTRIBUTE_SASL_USERNAME], sasl, sizeof(sasl));
	request_certificate(request, certificate, sizeof(certificate));
	submission.sasl_name = sasl[0] != '\0' ? sasl : NULL;
	submission.certificate_name = certificate[0] != '\0' ? certificate : NULL;
	submission.client = known ? (const struct sockaddr *)&address : NULL;
	return submitters_have(config->submitters, &submission);
}

void facts_read(const struct request *request, const struct settings *settings,
	const struct config *config, struct facts *facts_r)
{
	*facts_r = (struct facts){
		.too_early = read_too_early(request),
		.welcome_sender = read_sender(config, request),
		.encrypted = request->values[ATTRIBUTE_ENCRYPTION_PROTOCOL].len > 0,
		.recipient = request->values[ATTRIBUTE_RECIPIENT].len > 0,
		.require_tls = settings->welcome_require_tls == YES,
		.require_known = settings->require_known_customer == YES,
		.resend_interval = settings->resend_interval,
		.daily_limit = (size_t)settings->recipient_daily_limit,
	};
	if (facts_r->welcome_sender)
		facts_r->submitter = read_submitter(config, request);
}
