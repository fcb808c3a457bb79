/*
 * libopendkim verifies; the key comes from our own look-up, so that resolvers, time and
 * temporary failure are ours to decide. Signatures of domains that are not asked for are
 * dropped before any look-up, and of the others only the first few are tried: a mail cannot
 * make us ask DNS for long.
 */
#include "mail/dkim.h"

#include "base/clock.h"
#include "mail/dns_txt.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opendkim/dkim.h>

/* libopendkim compares each field with each name in "h=", and for each takes some hundred bytes
 * for as long as a key is looked up. */
#define HEADERS_LOOKED_AT ((size_t)128 * 1024)
#define FIELDS_LOOKED_AT  1000
#define SIGNATURES_MAX	  3
#define KEY_BITS_MIN	  1024

struct dkim_verifier {
	DKIM_LIB *library;
	string_list domains;
	string_list dns_servers;
};

/* One mail under way: libopendkim's user context. */
struct check {
	const struct dkim_verifier *verifier;
	uint64_t deadline; /* 0 before the first look-up */
	bool temporary;
};

static const char *signature_domain(DKIM_SIGINFO *signature)
{
	const char *domain = (const char *)dkim_sig_getdomain(signature);

	return domain == NULL ? "" : domain;
}

static DKIM_CBSTAT prescreen(DKIM *dkim, DKIM_SIGINFO **signatures, int count)
{
	const struct check *check = dkim_get_user_context(dkim);
	int taken = 0;

	for (int i = 0; i < count; i++) {
		dkim_alg_t algorithm;

		if (taken < SIGNATURES_MAX &&
			domain_listed(
				check->verifier->domains, signature_domain(signatures[i])) &&
			dkim_sig_getsignalg(signatures[i], &algorithm) == DKIM_STAT_OK &&
			algorithm != DKIM_SIGN_RSASHA1)
			taken++;
		else
			dkim_sig_ignore(signatures[i]);
	}
	return DKIM_CBSTAT_CONTINUE;
}

static DKIM_CBSTAT look_up_key(
	DKIM *dkim, DKIM_SIGINFO *signature, unsigned char *buf, size_t size)
{
	struct check *check = dkim_get_user_context(dkim);
	uint64_t now = clock_monotonic_ms();
	struct error error;

	if (check->deadline == 0)
		check->deadline = now + 1000 * DKIM_WAIT_S;
	/* Whole seconds are what a resolver waits; the rest of one is given up. */
	if (now + 1000 <= check->deadline) {
		char name[512];
		const struct dns_question question = {
			.servers = check->verifier->dns_servers,
			.name = name,
			.seconds = (int)((check->deadline - now) / 1000),
		};

		snprintf(name, sizeof(name), "%s._domainkey.%s",
			(const char *)dkim_sig_getselector(signature),
			signature_domain(signature));
		if (dns_txt(&question, (char *)buf, size, &error) == 0)
			return DKIM_CBSTAT_CONTINUE;
		if (error.kind == ERROR_NOT_FOUND)
			return DKIM_CBSTAT_NOTFOUND;
	}
	check->temporary = true;
	return DKIM_CBSTAT_TRYAGAIN;
}

struct dkim_verifier *dkim_verifier_new(
	string_list domains, string_list dns_servers, struct error *error)
{
	struct dkim_verifier *verifier = calloc(1, sizeof(*verifier));
	unsigned int bits = KEY_BITS_MIN;

	if (dns_servers_check(dns_servers, error) < 0) {
		free(verifier);
		return NULL;
	}
	if (verifier != NULL)
		verifier->library = dkim_init(NULL, NULL);
	if (verifier == NULL || verifier->library == NULL) {
		free(verifier);
		error_set(error, ERROR_TEMPORARY, "libopendkim cannot be set up");
		return NULL;
	}
	verifier->domains = domains;
	verifier->dns_servers = dns_servers;
	dkim_options(
		verifier->library, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits, sizeof(bits));
	dkim_set_prescreen(verifier->library, prescreen);
	dkim_set_key_lookup(verifier->library, look_up_key);
	return verifier;
}

void dkim_verifier_free(struct dkim_verifier **verifier)
{
	if (*verifier == NULL)
		return;
	dkim_close((*verifier)->library);
	free(*verifier);
	*verifier = NULL;
}

static bool is_excessive(const struct headers *headers)
{
	struct header_field field;
	size_t offset = 0, count = 0;

	while (headers_next(headers, &offset, &field))
		count++;
	return count > FIELDS_LOOKED_AT || headers->raw.len > HEADERS_LOOKED_AT;
}

/* libopendkim's parameters are not const; it does not write to them. */
static unsigned char *bytes_of(const char *text)
{
	return (unsigned char *)(uintptr_t)text;
}

static bool feed(DKIM *dkim, const struct headers *headers, const char *body, size_t body_len)
{
	struct header_field field;
	size_t offset = 0;
	bool test_key;
	DKIM_STAT status;

	while (headers_next(headers, &offset, &field))
		if (dkim_header(dkim, bytes_of(field.line), field.line_len) != DKIM_STAT_OK)
			return false;
	if (dkim_eoh(dkim) != DKIM_STAT_OK)
		return false;
	if (body_len > 0 && dkim_body(dkim, bytes_of(body), body_len) != DKIM_STAT_OK)
		return false;
	status = dkim_eom(dkim, &test_key);
	return status != DKIM_STAT_INTERNAL && status != DKIM_STAT_INVALID;
}

static int weight(const struct authentication *authentication)
{
	return __builtin_popcount(authentication->fields) +
	       (authentication->length_limited ? 0 : 8);
}

/* Keeps what the signature proves if that is more than what is known. */
static void weigh(DKIM *dkim, DKIM_SIGINFO *signature, struct authentication *best)
{
	struct authentication this = {.outcome = AUTHENTICATION_PASS};
	unsigned int flags = dkim_sig_getflags(signature);
	const char *h, *domain = signature_domain(signature);

	if ((flags & DKIM_SIGFLAG_IGNORE) != 0)
		return;
	if ((flags & DKIM_SIGFLAG_PROCESSED) == 0)
		dkim_sig_process(dkim, signature);
	if (!DKIM_SIG_CHECK(signature) || strlen(domain) >= sizeof(this.domain) ||
		(dkim_sig_getflags(signature) & DKIM_SIGFLAG_TESTKEY) != 0)
		return;
	strcpy(this.domain, domain);
	h = (const char *)dkim_sig_gettagvalue(signature, false, bytes_of("h"));
	this.fields = h == NULL ? 0 : signed_fields(h);
	this.length_limited = dkim_sig_gettagvalue(signature, false, bytes_of("l")) != NULL;
	if (best->outcome != AUTHENTICATION_PASS || weight(&this) > weight(best))
		*best = this;
}

void dkim_check(const struct dkim_verifier *verifier, const struct headers *headers,
	const char *body, size_t body_len, struct authentication *authentication_r)
{
	struct check check = {.verifier = verifier};
	DKIM_SIGINFO **signatures = NULL;
	DKIM_STAT status;
	int count = 0;
	DKIM *dkim;

	*authentication_r = (struct authentication){.outcome = AUTHENTICATION_FAIL};
	if (is_excessive(headers))
		return;
	dkim = dkim_verify(verifier->library, bytes_of("mail"), NULL, &status);
	if (dkim == NULL) {
		authentication_r->outcome = AUTHENTICATION_TEMPORARY;
		return;
	}
	dkim_set_user_context(dkim, &check);
	if (feed(dkim, headers, body, body_len) &&
		dkim_getsiglist(dkim, &signatures, &count) == DKIM_STAT_OK)
		for (int i = 0; i < count; i++)
			weigh(dkim, signatures[i], authentication_r);
	if (authentication_r->outcome != AUTHENTICATION_PASS && check.temporary)
		authentication_r->outcome = AUTHENTICATION_TEMPORARY;
	dkim_free(dkim);
}
