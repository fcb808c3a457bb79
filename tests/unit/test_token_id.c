/*
 * Signing keys and id_tokens. Keys and tokens are made here with OpenSSL's signing half, so
 * that what is checked does not check itself.
 */
#include "support.h"

#include "base/buf.h"
#include "base/encode.h"
#include "base/json.h"
#include "token/id_token.h"
#include "token/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT "11111111-2222-3333-4444-555555555555"
#define OID    "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee"
#define CLIENT "99999999-8888-7777-6666-555555555555"
#define NOW    1700000000

static EVP_PKEY *rsa, *other_rsa, *ec;
static char *document; /* the JWKS */
static struct jwks *keys;

static void put_number(struct buf *out, const char *name, EVP_PKEY *key, const char *param)
{
	BIGNUM *number = NULL;
	unsigned char bytes[512];
	char text[BASE64URL_SIZE(512)];
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &number), 1);
	len = BN_bn2bin(number, bytes);
	if (EVP_PKEY_base_id(key) == EVP_PKEY_EC)
		len = BN_bn2binpad(number, bytes, 32);
	BN_free(number);
	base64url_encode(bytes, (size_t)len, text);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_rsa(struct buf *out, const char *head, EVP_PKEY *key)
{
	buf_printf(out, "{\"kty\":\"RSA\",%s", head);
	put_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N);
	put_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E);
	buf_string(out, "},");
}

static int make_keys(void **state)
{
	struct error error;
	struct buf out;

	(void)state;
	rsa = EVP_RSA_gen(2048);
	other_rsa = EVP_RSA_gen(2048);
	ec = EVP_EC_gen("P-256");
	buf_init(&out, 65536);
	buf_string(&out, "{\"keys\":[");
	put_rsa(&out, "\"kid\":\"rsa\",\"use\":\"sig\",\"x5c\":[\"AAAA\"]", rsa);
	put_rsa(&out, "\"kid\":\"other\"", other_rsa);
	put_rsa(&out,
		"\"kid\":\"elsewhere\",\"issuer\":\"https://login.example/" PERSONAL_TENANT
		"/v2.0\"",
		rsa);
	put_rsa(&out,
		"\"kid\":\"anywhere\",\"issuer\":\"https://login.example/{tenantid}/v2.0\"",
		rsa);
	buf_string(&out, "{\"kty\":\"EC\",\"kid\":\"ec\",\"crv\":\"P-256\"");
	put_number(&out, "x", ec, OSSL_PKEY_PARAM_EC_PUB_X);
	put_number(&out, "y", ec, OSSL_PKEY_PARAM_EC_PUB_Y);
	buf_string(&out, "},{\"kty\":\"oct\",\"kid\":\"hmac\",\"k\":\"AAAA\"}]}");
	document = buf_take(&out, NULL);
	keys = jwks_parse(document, strlen(document), &error);
	assert_non_null(keys);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other_rsa);
	EVP_PKEY_free(ec);
	free(document);
	jwks_free(&keys);
	jwks_free(&keys);
	return 0;
}

static size_t sign(EVP_PKEY *key, bool pss, const char *text, unsigned char *signature_r)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	size_t len = 512;

	assert_int_equal(EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL, key), 1);
	if (pss) {
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(md, signature_r, &len, (const unsigned char *)text,
				 strlen(text)),
		1);
	EVP_MD_CTX_free(md);
	if (EVP_PKEY_base_id(key) == EVP_PKEY_EC) {
		const unsigned char *der = signature_r;
		ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
		unsigned char raw[64];

		BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
		ECDSA_SIG_free(sig);
		memcpy(signature_r, raw, 64);
		len = 64;
	}
	return len;
}

static void put_part(struct buf *out, const void *bytes, size_t len)
{
	char *text = malloc(BASE64URL_SIZE(len));

	base64url_encode(bytes, len, text);
	buf_string(out, text);
	free(text);
}

/* A token of that header and payload; key NULL: no signature. */
static char *token_of(const char *header, const char *payload, EVP_PKEY *key, bool pss)
{
	unsigned char signature[512];
	struct buf out;

	buf_init(&out, 200000);
	put_part(&out, header, strlen(header));
	buf_byte(&out, '.');
	put_part(&out, payload, strlen(payload));
	if (key != NULL) {
		size_t len = sign(key, pss, out.data, signature);

		buf_byte(&out, '.');
		put_part(&out, signature, len);
	} else {
		buf_byte(&out, '.');
	}
	return buf_take(&out, NULL);
}

static const struct id_token_expectations common = {
	.client_id = CLIENT,
	.issuer = "https://login.example/{tenantid}/v2.0",
	.nonce = "n0nce",
	.now = NOW,
};

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}"

static int verify(const char *token, const struct id_token_expectations *expected,
	struct id_token_claims *claims_r, struct error *error)
{
	struct secret *secret = secret_from_string(token);
	int result = id_token_verify(keys, secret, expected, claims_r, error);

	secret_free(&secret);
	return result;
}

/* The claims of a good token, one of them replaced (value NULL: left out). */
static char *payload_with(const char *name, const char *value)
{
	static const struct {
		const char *name, *value;
	} claims[] = {
		{"aud", "\"" CLIENT "\""},
		{"iss", "\"https://login.example/" TENANT "/v2.0\""},
		{"tid", "\"" TENANT "\""},
		{"oid", "\"" OID "\""},
		{"iat", "1699999990"},
		{"nbf", "1699999990"},
		{"exp", "1700003600"},
		{"nonce", "\"n0nce\""},
		{"preferred_username", "\"ada@contoso.example\""},
		{"name", "\"Ada\""},
	};
	struct buf out;

	buf_init(&out, 65536);
	buf_string(&out, "{\"ver\":\"2.0\"");
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		bool replaced = name != NULL && strcmp(name, claims[i].name) == 0;

		if (!replaced || value != NULL)
			buf_printf(&out, ",\"%s\":%s", claims[i].name,
				replaced ? value : claims[i].value);
	}
	buf_byte(&out, '}');
	return buf_take(&out, NULL);
}

static void check(const char *label, char *token, const struct id_token_expectations *expected,
	const char *want)
{
	struct id_token_claims claims;
	struct error error = {0};

	verify(token, expected, &claims, &error);
	if (error.kind == ERROR_NONE ? *want != '\0'
				     : *want == '\0' || strstr(error.text, want) == NULL)
		fail_msg("%s: got \"%s\", want \"%s\"", label, error.text, want);
	id_token_claims_free(&claims);
	free(token);
}

static void test_good(void **state)
{
	static const struct {
		const char *header;
		EVP_PKEY **key;
		bool pss;
	} rows[] = {
		{RS256, &rsa, false},
		{"{\"alg\":\"PS256\",\"kid\":\"rsa\"}", &rsa, true},
		{"{\"alg\":\"ES256\",\"kid\":\"ec\"}", &ec, false},
		{"{\"alg\":\"RS256\",\"kid\":\"other\"}", &other_rsa, false},
		{"{\"alg\":\"RS256\",\"kid\":\"anywhere\"}", &rsa, false},
	};
	char *payload = payload_with(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *token = token_of(rows[i].header, payload, *rows[i].key, rows[i].pss);
		struct id_token_claims claims;
		struct error error = {0};

		if (verify(token, &common, &claims, &error) != 0)
			fail_msg("%s: %s", rows[i].header, error.text);
		assert_text("tid", claims.tid, TENANT);
		assert_text("oid", claims.oid, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
		assert_text("name", claims.name, "Ada");
		assert_text(
			"preferred_username", claims.preferred_username, "ada@contoso.example");
		id_token_claims_free(&claims);
		id_token_claims_free(&claims);
		free(token);
	}
	free(payload);
}

static void test_claims(void **state)
{
	static const struct {
		const char *label, *name, *value, *want;
	} rows[] = {
		{"aud of another", "aud", "\"x\"", "another application"},
		{"aud a list", "aud", "[\"" CLIENT "\"]", "another application"},
		{"no aud", "aud", NULL, "another application"},
		{"iss of another authority", "iss", "\"https://evil.example/" TENANT "/v2.0\"",
			"another issuer"},
		{"iss of another tenant", "iss",
			"\"https://login.example/11111111-2222-3333-4444-555555555556/v2.0\"",
			"another issuer"},
		{"iss with more behind", "iss", "\"https://login.example/" TENANT "/v2.0/x\"",
			"another issuer"},
		{"iss cut", "iss", "\"https://login.example/" TENANT "\"", "another issuer"},
		{"iss with the hole itself", "iss", "\"https://login.example/{tenantid}/v2.0\"",
			"another issuer"},
		{"no iss", "iss", NULL, "another issuer"},
		{"tid of another tenant", "tid", "\"11111111-2222-3333-4444-555555555556\"",
			"another issuer"},
		{"tid no GUID", "tid", "\"contoso\"", "no tenant"},
		{"tid empty", "tid", "\"\"", "no tenant"},
		{"no tid", "tid", NULL, "no tenant"},
		{"oid no GUID", "oid", "\"ada\"", "no tenant"},
		{"no oid", "oid", NULL, "no tenant"},
		{"expired", "exp", "1699999700", "has expired"},
		{"just not expired", "exp", "1699999701", ""},
		{"no exp", "exp", NULL, "no exp"},
		{"exp a text", "exp", "\"1700003600\"", "no exp"},
		{"exp negative", "exp", "-1", "no exp"},
		{"exp endless", "exp", "9223372036854775807", ""},
		{"no iat", "iat", NULL, "no exp or iat"},
		{"iat of the future", "iat", "1700000301", "of the future"},
		{"iat within leeway", "iat", "1700000300", ""},
		{"nbf of the future", "nbf", "1700000301", "of the future"},
		{"nbf within leeway", "nbf", "1700000300", ""},
		{"no nbf", "nbf", NULL, ""},
		{"nonce of another", "nonce", "\"other\"", "another request"},
		{"no nonce", "nonce", NULL, "another request"},
		{"name too long", "name",
			"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxx\"",
			""},
		{"no name", "preferred_username", NULL, ""},
		{"name no text", "preferred_username", "{}", ""},
	};
	struct id_token_expectations expected = common;
	char *payload;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		payload = payload_with(rows[i].name, rows[i].value);
		check(rows[i].label, token_of(RS256, payload, rsa, false), &common,
			rows[i].want);
		free(payload);
	}
	payload = payload_with(NULL, NULL);
	expected.nonce = NULL;
	check("nonce not asked", token_of(RS256, payload, rsa, false), &expected, "");
	expected.issuer = "https://login.example/" TENANT "/v2.0";
	check("a fixed issuer", token_of(RS256, payload, rsa, false), &expected, "");
	expected.issuer = "https://login.example/11111111-2222-3333-4444-555555555556/v2.0";
	check("another fixed issuer", token_of(RS256, payload, rsa, false), &expected,
		"another issuer");
	free(payload);
}

static void test_personal_account(void **state)
{
	struct id_token_claims claims;
	struct error error;
	char *token = token_of(RS256,
		"{\"aud\":\"" CLIENT "\",\"iss\":\"https://login.example/" PERSONAL_TENANT
		"/v2.0\","
		"\"tid\":\"" PERSONAL_TENANT "\",\"oid\":\"" OID "\",\"iat\":1700000000,"
		"\"exp\":1700003600,\"nonce\":\"n0nce\"}",
		rsa, false);

	(void)state;
	assert_number("refused", verify(token, &common, &claims, &error), -1);
	assert_text("by policy", error_answer(error.kind)->name, "policy");
	free(token);
}

/* HS256 with the public key as its secret: the classic confusion. */
static char *hs256_token(const char *payload)
{
	unsigned char digest[32];
	unsigned len;
	char *text = token_of("{\"alg\":\"HS256\",\"kid\":\"rsa\"}", payload, NULL, false);
	struct buf out;

	HMAC(EVP_sha256(), document, (int)strlen(document), (const unsigned char *)text,
		strlen(text) - 1, digest, &len);
	buf_init(&out, 65536);
	buf_string(&out, text);
	put_part(&out, digest, len);
	free(text);
	return buf_take(&out, NULL);
}

static void test_signatures(void **state)
{
	static const struct {
		const char *label, *header;
		EVP_PKEY **key;
		bool pss;
		const char *want;
	} rows[] = {
		{"other key", RS256, &other_rsa, false, "signature is wrong"},
		{"PSS as PKCS #1", RS256, &rsa, true, "signature is wrong"},
		{"PKCS #1 as PSS", "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", &rsa, false,
			"signature is wrong"},
		{"EC key for RS256", "{\"alg\":\"RS256\",\"kid\":\"ec\"}", &ec, false,
			"not one for RS256"},
		{"RSA key for ES256", "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", &rsa, false,
			"not one for ES256"},
		{"long ES256", "{\"alg\":\"ES256\",\"kid\":\"ec\"}", &rsa, false,
			"signature is wrong"},
		{"none", "{\"alg\":\"none\",\"kid\":\"rsa\"}", &rsa, false, "not accepted"},
		{"None", "{\"alg\":\"None\",\"kid\":\"rsa\"}", &rsa, false, "not accepted"},
		{"RS512", "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", &rsa, false, "not accepted"},
		{"no alg", "{\"kid\":\"rsa\"}", &rsa, false, "not accepted"},
		{"alg no text", "{\"alg\":5,\"kid\":\"rsa\"}", &rsa, false, "not accepted"},
		{"crit", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"x\"]}", &rsa, false,
			"extensions"},
		{"key of another issuer", "{\"alg\":\"RS256\",\"kid\":\"elsewhere\"}", &rsa,
			false, "another issuer"},
		{"unknown key", "{\"alg\":\"RS256\",\"kid\":\"new\"}", &rsa, false,
			"not among the authority's"},
		{"no kid", "{\"alg\":\"RS256\"}", &rsa, false, "not among the authority's"},
		{"symmetric key", "{\"alg\":\"HS256\",\"kid\":\"hmac\"}", &rsa, false,
			"not accepted"},
	};
	char *payload = payload_with(NULL, NULL);
	struct id_token_claims claims;
	struct error error;
	char *token;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(rows[i].label,
			token_of(rows[i].header, payload, *rows[i].key, rows[i].pss), &common,
			rows[i].want);
	check("unsigned", token_of("{\"alg\":\"none\",\"kid\":\"rsa\"}", payload, NULL, false),
		&common, "not a signed token");
	check("HS256", hs256_token(payload), &common, "not accepted");
	token = token_of("{\"alg\":\"RS256\",\"kid\":\"new\"}", payload, rsa, false);
	verify(token, &common, &claims, &error);
	assert_number("unknown key", error.kind, ERROR_NOT_FOUND);
	free(token);
	free(payload);
}

static void test_every_byte_counts(void **state)
{
	char *payload = payload_with(NULL, NULL);
	char *token = token_of(RS256, payload, rsa, false);
	struct id_token_claims claims;
	struct error error;

	(void)state;
	for (size_t i = 0; token[i] != '\0'; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		assert_number("changed", verify(token, &common, &claims, &error), -1);
		token[i] = '!';
		assert_number("not base64url", verify(token, &common, &claims, &error), -1);
		token[i] = '\0';
		assert_number("cut", verify(token, &common, &claims, &error), -1);
		token[i] = was;
	}
	assert_number("as it was", verify(token, &common, &claims, &error), 0);
	id_token_claims_free(&claims);
	free(token);
	free(payload);
}

static void test_malformed(void **state)
{
	static const char *const tokens[] = {"", ".", "..", "...", "a.b", "a.b.c",
		"e30.e30.e30", "e30.e30.", "W10.W10.AAAA", ".e30.AAAA",
		"eyJhbGciOiJSUzI1NiJ9.e30.AAAA.AAAA", "eyJhbGciOiJSUzI1NiJ9=.e30.AAAA"};
	struct id_token_claims claims;
	struct error error;
	char *huge = calloc(1, ID_TOKEN_MAX + 2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		assert_number(tokens[i], verify(tokens[i], &common, &claims, &error), -1);
		assert_null(claims.name);
	}
	memset(huge, 'A', ID_TOKEN_MAX + 1);
	assert_number("huge", verify(huge, &common, &claims, &error), -1);
	free(huge);
	check("payload no object", token_of(RS256, "[]", rsa, false), &common,
		"not a signed token");
	check("payload no JSON", token_of(RS256, "{\"aud\":", rsa, false), &common,
		"not a signed token");
}

static void test_key_sets(void **state)
{
	static const struct {
		const char *label, *text, *want;
	} rows[] = {
		{"empty", "", "malformed JSON"},
		{"HTML", "<html>", "malformed JSON"},
		{"no keys", "{}", "no key"},
		{"keys no list", "{\"keys\":{}}", "no key"},
		{"no usable key", "{\"keys\":[]}", "no key"},
		{"odd members",
			"{\"keys\":[1,null,[],{},{\"kid\":1},{\"kid\":\"a\",\"kty\":\"RSA\"}]}",
			"no key"},
		{"small modulus",
			"{\"keys\":[{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":"
			"\"AQAB\"}]}",
			"no key"},
		{"modulus of 1024 bits",
			"{\"keys\":[{\"kid\":\"a\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""
			"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
			"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
			"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwE"
			"\"}]}",
			"no key"},
		{"no exponent",
			"{\"keys\":[{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"\"}]"
			"}",
			"no key"},
		{"a point not on the curve",
			"{\"keys\":[{\"kid\":\"a\",\"kty\":\"EC\",\"crv\":\"P-256\","
			"\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
			"\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
			"no key"},
		{"another curve",
			"{\"keys\":[{\"kid\":\"a\",\"kty\":\"EC\",\"crv\":\"P-384\"}]}",
			"no key"},
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		error = (struct error){0};
		assert_null(jwks_parse(rows[i].text, strlen(rows[i].text), &error));
		if (strstr(error.text, rows[i].want) == NULL)
			fail_msg("%s: %s", rows[i].label, error.text);
	}
	for (size_t len = 0; len < strlen(document); len += 7)
		assert_null(jwks_parse(document, len, &error));
}

/* Keys for encryption are passed over, and there is an end to how many are taken. */
static void test_key_set_limits(void **state)
{
	struct jws jws = {.alg = "RS256",
		.signed_bytes = "x",
		.signed_len = 1,
		.signature = (const unsigned char *)"x",
		.signature_len = 1};
	const char *issuer;
	struct jwks *many;
	struct error error;
	struct buf out;

	(void)state;
	buf_init(&out, 1000000);
	buf_string(&out, "{\"keys\":[");
	put_rsa(&out, "\"kid\":\"enc\",\"use\":\"enc\"", rsa);
	for (int i = 0; i < JWKS_MAX_KEYS + 5; i++) {
		char head[32];

		snprintf(head, sizeof(head), "\"kid\":\"k%d\"", i);
		put_rsa(&out, head, rsa);
	}
	out.data[out.len - 1] = ']';
	buf_byte(&out, '}');
	many = jwks_parse(out.data, out.len, &error);
	assert_non_null(many);
	buf_free(&out);
	jws.kid = "enc";
	jwks_verify(many, &jws, &issuer, &error);
	assert_number("a key for encryption", error.kind, ERROR_NOT_FOUND);
	jws.kid = "k63";
	jwks_verify(many, &jws, &issuer, &error);
	assert_number("the last one", error.kind, ERROR_PERMANENT);
	jws.kid = "k64";
	jwks_verify(many, &jws, &issuer, &error);
	assert_number("one too many", error.kind, ERROR_NOT_FOUND);
	jwks_free(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_personal_account),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_key_sets),
		cmocka_unit_test(test_key_set_limits),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
