/*
 * DKIM, signed here and looked up at a name server here; and that look-up.
 */
#include "mail/dkim.h"

#include "base/clock.h"
#include "base/encode.h"
#include "mail/dns_txt.h"
#include "support.h"
#include "support_dns.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <opendkim/dkim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DOMAIN	 "microsoft.example"
#define SELECTOR "s1024-meo"

static const char *const domains[] = {"other.example", DOMAIN, NULL};

static struct fixture {
	struct support_dns *dns;
	const char *servers[2];
	struct dkim_verifier *verifier;
	char *private_key;	    /* PEM */
	char *public_text;	    /* "v=DKIM1; k=rsa; p=..." */
	char *test_text;	    /* the same with t=y */
	char *weak_key, *weak_text; /* of 512 bits */
} fixture;

static const char *const fields[] = {"From: Microsoft <noreply@" DOMAIN ">",
	"Subject: Request for access to\r\n Provider Voice approved",
	"To: service@customer.example", "Date: Sat, 8 Jun 2024 12:00:00 +0000",
	"Message-ID: <1@az.example>"};
static const char body[] = "Access request approved.\r\n\r\n";

struct signature {
	const char *domain;
	const char *const *skipped; /* fields that are not signed; or NULL */
	ssize_t length;		    /* l=; -1: the whole body */
	const char *key;	    /* PEM; NULL: the usual one */
	bool sha1;		    /* instead of sha256 */
	uint64_t at, lives;	    /* t= and what x= is later; 0: now, without x= */
};

static char *sign(const struct signature *how)
{
	DKIM_LIB *library = dkim_init(NULL, NULL);
	unsigned int any = 512; /* bits of a key */
	unsigned char *header;
	char *line = NULL, *lf;
	DKIM_STAT status;
	size_t len;
	DKIM *dkim;

	if (how->skipped != NULL)
		dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_SKIPHDRS,
			(void *)(uintptr_t)how->skipped, sizeof(u_char **));
	dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &any, sizeof(any));
	if (how->at != 0)
		dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME,
			(void *)(uintptr_t)&how->at, sizeof(how->at));
	if (how->lives != 0)
		dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_SIGNATURETTL,
			(void *)(uintptr_t)&how->lives, sizeof(how->lives));
	dkim = dkim_sign(library, (const unsigned char *)"x", NULL,
		(dkim_sigkey_t)(how->key == NULL ? fixture.private_key : how->key),
		(const unsigned char *)SELECTOR, (const unsigned char *)how->domain,
		DKIM_CANON_RELAXED, DKIM_CANON_RELAXED,
		how->sha1 ? DKIM_SIGN_RSASHA1 : DKIM_SIGN_RSASHA256, how->length, &status);
	assert_non_null(dkim);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		assert_int_equal(dkim_header(dkim, (unsigned char *)(uintptr_t)fields[i],
					 strlen(fields[i])),
			DKIM_STAT_OK);
	assert_int_equal(dkim_eoh(dkim), DKIM_STAT_OK);
	assert_int_equal(
		dkim_body(dkim, (unsigned char *)(uintptr_t)body, strlen(body)), DKIM_STAT_OK);
	assert_int_equal(dkim_eom(dkim, NULL), DKIM_STAT_OK);
	assert_int_equal(dkim_getsighdr_d(dkim, 16, &header, &len), DKIM_STAT_OK);
	assert_true(asprintf(&line, " %s", (char *)header) > 0);
	while ((lf = strstr(line, "\r\n")) != NULL) /* as the milter protocol has it */
		memmove(lf, lf + 1, strlen(lf));
	dkim_free(dkim);
	dkim_close(library);
	return line;
}

static void add_fields(struct headers *headers)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char *name = strdup(fields[i]), *colon = strchr(name, ':'),
		     *cr = strchr(name, '\r');

		*colon = '\0';
		if (cr != NULL)
			memmove(cr, cr + 1, strlen(cr));
		headers_add(headers, name, colon + 1);
		free(name);
	}
}

static void verify(struct headers *headers, const char *text, struct authentication *result_r)
{
	dkim_check(fixture.verifier, headers, text, strlen(text), result_r);
}

/* What is found of a mail with that signature, and with a field above it where there is one; the
 * name server has that key. */
static void verify_signed(const struct signature *how, const char *name, const char *value,
	const char *key, struct authentication *result_r)
{
	struct headers headers;
	char *line = sign(how);

	headers_init(&headers);
	headers_add(&headers, "DKIM-Signature", line);
	if (name != NULL)
		headers_add(&headers, name, value);
	add_fields(&headers);
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, key);
	verify(&headers, body, result_r);
	headers_free(&headers);
	free(line);
}

static void takes_what_is_genuine(void **state)
{
	static const struct signature whole = {DOMAIN, NULL, -1};
	struct authentication result;
	struct headers headers;
	char *line = sign(&whole), name[256];

	(void)state;
	headers_init(&headers);
	headers_add(&headers, "DKIM-Signature", line);
	add_fields(&headers);
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, fixture.public_text);
	verify(&headers, body, &result);
	assert_number("outcome", result.outcome, AUTHENTICATION_PASS);
	assert_text("domain", result.domain, DOMAIN);
	assert_number("fields", result.fields, SIGNED_ALL);
	assert_false(result.length_limited);
	assert_number("questions", support_dns_questions(fixture.dns), 1);
	support_dns_last(fixture.dns, name, sizeof(name));
	assert_text("question", name, SELECTOR "._domainkey." DOMAIN);

	verify(&headers, "Access request approved. \r\n", &result);
	assert_number("relaxed", result.outcome, AUTHENTICATION_PASS);
	verify(&headers, "Access request denied.\r\n", &result);
	assert_number("other body", result.outcome, AUTHENTICATION_FAIL);
	headers_free(&headers);
	free(line);
}

static void refuses_what_is_not(void **state)
{
	static const char *const no_subject[] = {"subject", NULL};
	static const struct {
		const char *label;
		struct signature signature;
		const char *name, *value; /* a field above the signed ones */
		enum authentication_outcome outcome;
		unsigned int fields;
		bool limited;
		int questions;
	} cases[] = {
		{"other domain", {"attacker.example", NULL, -1}, NULL, NULL,
			AUTHENTICATION_FAIL, 0, false, 0},
		{"below the domain", {"mail." DOMAIN, NULL, -1}, NULL, NULL,
			AUTHENTICATION_FAIL, 0, false, 0},
		{"subject not signed", {DOMAIN, no_subject, -1}, NULL, NULL,
			AUTHENTICATION_PASS, SIGNED_ALL & ~(unsigned int)SIGNED_SUBJECT, false,
			1},
		{"part of the body", {DOMAIN, NULL, 10}, NULL, NULL, AUTHENTICATION_PASS,
			SIGNED_ALL, true, 1},
		{"unsigned field above", {DOMAIN, NULL, -1}, "Subject", " Something else",
			AUTHENTICATION_PASS, SIGNED_ALL, false, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authentication result;

		verify_signed(&cases[i].signature, cases[i].name, cases[i].value,
			fixture.public_text, &result);
		assert_number(cases[i].label, result.outcome, cases[i].outcome);
		assert_number(cases[i].label, result.fields, cases[i].fields);
		assert_number(cases[i].label, result.length_limited, cases[i].limited);
		assert_number(
			cases[i].label, support_dns_questions(fixture.dns), cases[i].questions);
	}
}

static void refuses_what_counts_no_more(void **state)
{
	const uint64_t now = (uint64_t)time(NULL);
	const struct {
		const char *label;
		struct signature signature;
		const char *key;
		enum authentication_outcome outcome;
	} cases[] = {
		{"still valid", {DOMAIN, NULL, -1, NULL, false, now - 3600, 7200},
			fixture.public_text, AUTHENTICATION_PASS},
		{"expired", {DOMAIN, NULL, -1, NULL, false, now - 7200, 3600},
			fixture.public_text, AUTHENTICATION_FAIL},
		{"from the future", {DOMAIN, NULL, -1, NULL, false, now + 7200, 0},
			fixture.public_text, AUTHENTICATION_FAIL},
		{"weak key", {DOMAIN, NULL, -1, fixture.weak_key, false, 0, 0},
			fixture.weak_text, AUTHENTICATION_FAIL},
		{"another key", {DOMAIN, NULL, -1, NULL, false, 0, 0}, fixture.weak_text,
			AUTHENTICATION_FAIL},
		{"sha1", {DOMAIN, NULL, -1, NULL, true, 0, 0}, fixture.public_text,
			AUTHENTICATION_FAIL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authentication result;

		verify_signed(&cases[i].signature, NULL, NULL, cases[i].key, &result);
		assert_number(cases[i].label, result.outcome, cases[i].outcome);
	}
}

/* Of several signatures the one counts that proves most, wherever it stands; and what stands
 * below a signed field is what was signed then. */
static void chooses_among_signatures(void **state)
{
	static const char *const no_subject[] = {"subject", NULL};
	char *whole = sign(&(struct signature){DOMAIN, NULL, -1}),
	     *less = sign(&(struct signature){DOMAIN, no_subject, -1}),
	     *part = sign(&(struct signature){DOMAIN, NULL, 10}),
	     *other = sign(&(struct signature){"attacker.example", NULL, -1}),
	     *broken = strdup(whole);
	const struct {
		const char *label, *lines[6];
		unsigned int fields; /* 0: none passes */
		bool limited;
	} cases[] = {
		{"broken first", {broken, broken, whole}, SIGNED_ALL, false},
		{"broken last", {whole, broken}, SIGNED_ALL, false},
		{"less first", {less, part, whole}, SIGNED_ALL, false},
		{"less last", {whole, part, less}, SIGNED_ALL, false},
		{"a part of the body is worth least", {part, less},
			SIGNED_ALL & ~(unsigned int)SIGNED_SUBJECT, false},
		{"others do not count", {other, other, other, other, whole}, SIGNED_ALL, false},
		{"too many", {broken, broken, broken, whole}, 0, false},
		{"none is whole", {broken, other}, 0, false},
	};

	(void)state;
	memset(strstr(broken, "bh=") + 3, 'A', 8);
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, fixture.public_text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authentication result;
		struct headers headers;

		headers_init(&headers);
		for (size_t n = 0; cases[i].lines[n] != NULL; n++)
			headers_add(&headers, "DKIM-Signature", cases[i].lines[n]);
		add_fields(&headers);
		verify(&headers, body, &result);
		assert_number(cases[i].label, result.outcome,
			cases[i].fields == 0 ? AUTHENTICATION_FAIL : AUTHENTICATION_PASS);
		assert_number(cases[i].label, result.fields, cases[i].fields);
		assert_number(cases[i].label, result.length_limited, cases[i].limited);
		headers_add(&headers, "Subject", " below");
		verify(&headers, body, &result);
		assert_number("below", result.fields & SIGNED_SUBJECT, 0);
		headers_free(&headers);
	}
	free(whole);
	free(less);
	free(part);
	free(other);
	free(broken);
}

static void knows_a_key_that_is_not_to_be_had(void **state)
{
	static const struct {
		const char *label;
		enum support_dns_answer answer;
		enum authentication_outcome outcome;
	} cases[] = {
		{"no such name", DNS_ANSWERS_NO_NAME, AUTHENTICATION_FAIL},
		{"no such record", DNS_ANSWERS_EMPTY, AUTHENTICATION_FAIL},
		{"no such name, late", DNS_ANSWERS_NO_NAME_LATE, AUTHENTICATION_TEMPORARY},
		{"failure", DNS_ANSWERS_FAILURE, AUTHENTICATION_TEMPORARY},
		{"too long", DNS_ANSWERS_TRUNCATED, AUTHENTICATION_TEMPORARY},
		{"silence", DNS_ANSWERS_NOTHING, AUTHENTICATION_TEMPORARY},
	};
	static const struct signature whole = {DOMAIN, NULL, -1};
	char *line = sign(&whole);
	struct authentication result;
	struct headers headers;

	(void)state;
	headers_init(&headers);
	for (int i = 0; i < 5; i++) /* several signatures do not make it wait longer */
		headers_add(&headers, "DKIM-Signature", line);
	add_fields(&headers);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t begin = clock_monotonic_ms();

		support_dns_set(fixture.dns, cases[i].answer, NULL);
		verify(&headers, body, &result);
		assert_number(cases[i].label, result.outcome, cases[i].outcome);
		assert_true(clock_monotonic_ms() - begin < 1000 * DKIM_WAIT_S + 500);
		assert_true(support_dns_questions(fixture.dns) <= 6);
	}
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, "v=DKIM1; p=");
	verify(&headers, body, &result);
	assert_number("revoked", result.outcome, AUTHENTICATION_FAIL);
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, fixture.test_text);
	verify(&headers, body, &result);
	assert_number("a key on trial proves nothing", result.outcome, AUTHENTICATION_FAIL);
	headers_free(&headers);
	free(line);
}

static void survives_broken_signatures(void **state)
{
	static const char *const values[] = {"", " ", " v=1", " v=1; d=" DOMAIN,
		" ;;;=", " v=1; a=rsa-sha1; d=" DOMAIN "; s=x; h=from; bh=AAAA; b=AAAA",
		" v=1; a=rsa-sha256; c=relaxed/relaxed; d=" DOMAIN
		"; s=x; h=from:subject; bh=AAAA; b=AAAA",
		" v=1; a=rsa-sha256; d=" DOMAIN "; s=" SELECTOR "; h=; bh=; b=",
		" v=2; a=none; d=; s=; h=from; bh=x; b=x"};

	(void)state;
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, fixture.public_text);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct authentication result;
		struct headers headers;

		headers_init(&headers);
		headers_add(&headers, "DKIM-Signature", values[i]);
		add_fields(&headers);
		verify(&headers, body, &result);
		assert_number(values[i], result.outcome, AUTHENTICATION_FAIL);
		headers_free(&headers);
		headers_init(&headers);
		verify(&headers, "", &result);
		assert_number("no field at all", result.outcome, AUTHENTICATION_FAIL);
		headers_free(&headers);
	}
}

/* libopendkim keeps each field, and compares it with each name in "h=". */
static void bounds_its_work(void **state)
{
	static const struct {
		const char *label;
		int count, len; /* of fields above the signature */
		enum authentication_outcome outcome;
	} cases[] = {
		{"many fields", 990, 1, AUTHENTICATION_PASS},
		{"more of them", 1000, 1, AUTHENTICATION_FAIL},
		{"long fields", 100, 1250, AUTHENTICATION_PASS},
		{"longer ones", 100, 1350, AUTHENTICATION_FAIL},
		{"far more", 100000, 2, AUTHENTICATION_FAIL},
	};
	char *line = sign(&(struct signature){DOMAIN, NULL, -1}), value[1400];

	(void)state;
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, fixture.public_text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authentication result;
		struct headers headers;

		headers_init(&headers);
		memset(value, 'x', sizeof(value));
		value[cases[i].len] = '\0';
		for (int n = 0; n < cases[i].count; n++)
			headers_add(&headers, "X", value);
		headers_add(&headers, "DKIM-Signature", line);
		add_fields(&headers);
		verify(&headers, body, &result);
		assert_number(cases[i].label, result.outcome, cases[i].outcome);
		headers_free(&headers);
	}
	free(line);
}

static void checks_servers(void **state)
{
	static const struct {
		const char *server;
		bool valid;
	} cases[] = {
		{"192.0.2.1", true},
		{"192.0.2.1:5353", true},
		{"2001:db8::1", true},
		{"[2001:db8::1]", true},
		{"[::1]:53", true},
		{"192.0.2.1:", false},
		{"192.0.2.1:0", false},
		{"192.0.2.1:65536", false},
		{"192.0.2.1:5x", false},
		{"dns.example", false},
		{"[::1", false},
		{"[::1]53", false},
		{"", false},
		{"192.0.2", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const list[] = {"192.0.2.53", cases[i].server, NULL};
		struct error error;

		assert_number(cases[i].server, dns_servers_check(list, &error),
			cases[i].valid ? 0 : -1);
		if (!cases[i].valid)
			assert_number(cases[i].server, error.kind, ERROR_CONFIGURATION);
	}
	assert_null(dkim_verifier_new(
		domains, (const char *const[]){"dns.example", NULL}, &(struct error){0}));
}

static int ask(const char *const *servers, char *text_r, size_t size, struct error *error)
{
	const struct dns_question question = {servers, "a.example", 2};

	return dns_txt(&question, text_r, size, error);
}

static void looks_up(void **state)
{
	char long_text[601], text[1000], small[10];
	struct error error;

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, long_text);
	assert_number("long", ask(fixture.servers, text, sizeof(text), &error), 0);
	assert_text("long", text, long_text);
	assert_number("cut", ask(fixture.servers, small, sizeof(small), &error), 0);
	assert_text("cut", small, "aaaaaaaaa");
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, "");
	assert_number("empty", ask(fixture.servers, text, sizeof(text), &error), 0);
	assert_text("empty", text, "");
	support_dns_set(fixture.dns, DNS_ANSWERS_GARBAGE, NULL);
	assert_number("garbage", ask(fixture.servers, text, sizeof(text), &error), -1);
}

static void asks_the_second_server(void **state)
{
	struct support_dns *silent = support_dns_start("127.0.0.1");
	struct support_dns *v6 = support_dns_start("::1");
	char text[100];
	struct error error;

	(void)state;
	assert_non_null(silent);
	support_dns_set(silent, DNS_ANSWERS_NOTHING, NULL);
	support_dns_set(fixture.dns, DNS_ANSWERS_TEXT, "second");
	assert_number("second",
		ask((const char *const[]){support_dns_name(silent), fixture.servers[0], NULL},
			text, sizeof(text), &error),
		0);
	assert_text("second", text, "second");
	if (v6 != NULL) {
		support_dns_set(v6, DNS_ANSWERS_TEXT, "six");
		assert_number("v6",
			ask((const char *const[]){support_dns_name(v6), NULL}, text,
				sizeof(text), &error),
			0);
		assert_text("v6", text, "six");
	}
	support_dns_stop(&v6);
	support_dns_stop(&silent);
}

static char *public_text(EVP_PKEY *key, const char *tags)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	char *base64 = malloc(BASE64_SIZE((size_t)len)), *text = NULL;

	base64_encode(der, (size_t)len, base64);
	assert_true(asprintf(&text, "v=DKIM1; k=rsa;%s p=%s", tags, base64) > 0);
	free(base64);
	OPENSSL_free(der);
	return text;
}

static char *private_key(EVP_PKEY *key)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *bytes, *text;
	long len;

	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(pem, &bytes);
	text = strndup(bytes, (size_t)len);
	BIO_free(pem);
	return text;
}

static int init(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(1024), *weak = EVP_RSA_gen(512);
	struct error error;

	(void)state;
	fixture.private_key = private_key(key);
	fixture.public_text = public_text(key, "");
	fixture.test_text = public_text(key, " t=y;");
	fixture.weak_key = private_key(weak);
	fixture.weak_text = public_text(weak, "");
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
	fixture.dns = support_dns_start("127.0.0.1");
	fixture.servers[0] = support_dns_name(fixture.dns);
	fixture.verifier = dkim_verifier_new(domains, fixture.servers, &error);
	return fixture.verifier == NULL;
}

static int leave(void **state)
{
	(void)state;
	dkim_verifier_free(&fixture.verifier);
	dkim_verifier_free(&fixture.verifier);
	support_dns_stop(&fixture.dns);
	free(fixture.private_key);
	free(fixture.public_text);
	free(fixture.test_text);
	free(fixture.weak_key);
	free(fixture.weak_text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_genuine),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(refuses_what_counts_no_more),
		cmocka_unit_test(chooses_among_signatures),
		cmocka_unit_test(knows_a_key_that_is_not_to_be_had),
		cmocka_unit_test(survives_broken_signatures),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(checks_servers),
		cmocka_unit_test(looks_up),
		cmocka_unit_test(asks_the_second_server),
	};

	return cmocka_run_group_tests(tests, init, leave);
}
