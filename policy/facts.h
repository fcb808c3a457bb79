/*
 * What a request, with the settings, says: the facts to decide from, all but the store's. Pure.
 */
#ifndef POSTINVITE_POLICY_FACTS_H
#define POSTINVITE_POLICY_FACTS_H

#include "config.h"
#include "decide.h"
#include "request.h"

/* A local part, "@", a domain (RFC 5321 section 4.5.3.1), a NUL: no mailbox is longer. */
#define ADDRESS_SIZE 322

void facts_read(const struct request *request, const struct settings *settings,
	const struct config *config, struct facts *facts_r);

#endif
