/*
 * S/MIME: what is signed survives the way, and OpenSSL takes the signature; whose DKIM
 * signatures go.
 */
#include "mail/smime.h"

#include "mail/broken_dkim.h"
#include "mail/mime.h"
#include "mail/seven_bit.h"
#include "support.h"
#include "support_mail.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PART(head, body)                                                                       \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n" head "\n\n" body "\n--b--\n"
#define AAA_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_100                                                                               \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define LONG                                                                                   \
	LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100       \
		LONG_100

#define LONG_98                                                                                \
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
#define LONGEST                                                                                \
	LONG_98 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

static void check_seven_bit(const char *label, const char *in, const char *want)
{
	char *given = support_crlf(in), *wanted = want == NULL ? NULL : support_crlf(want);
	struct error error = {0};
	struct buf entity;

	buf_init(&entity, 100000);
	buf_string(&entity, given);
	assert_number(label, seven_bit_possible(&entity, &error), want == NULL ? -1 : 0);
	assert_text(label, entity.data, given);
	assert_number(label, seven_bit(&entity, &error), want == NULL ? -1 : 0);
	if (want != NULL)
		assert_text(label, entity.data, wanted);
	else
		assert_number(label, error.kind, ERROR_PERMANENT);
	buf_free(&entity);
	free(given);
	free(wanted);
}

static void test_seven_bit(void **state)
{
	static const struct {
		const char *label, *in, *want; /* NULL: refused */
	} cases[] = {
		{"no header", "\nplain\n", "\nplain\n"},
		{"as it stands", "Content-Type: text/plain\n\nplain\n.\n From here\nFrom\n",
			"Content-Type: text/plain\n\nplain\n.\n From here\nFrom\n"},
		{"what mbox has a mark for", "Content-Type: text/plain\n\nplain\nFrom here\n",
			"Content-Type: text/plain\nContent-Transfer-Encoding: "
			"quoted-printable\n\nplain\n=46rom here\n"},
		{"blanks at a line's end",
			"Content-Transfer-Encoding: 7bit\nContent-Type: text/plain; "
			"format=flowed\n\nplain \n\t\n-- \nme\n",
			"Content-Type: text/plain; format=flowed\nContent-Transfer-Encoding: "
			"quoted-printable\n\nplain=20\n=09\n--=20\nme\n"},
		{"both in what is encoded already",
			"Content-Transfer-Encoding: quoted-printable\n\nFrom a=20 \t\n=C3=A4 = \nFrom "
			"b\nTo From c",
			"Content-Transfer-Encoding: quoted-printable\n\n=46rom a=20\n=C3=A4 =\n=46rom "
			"b\nTo From c"},
		{"blanks in base64", "Content-Transfer-Encoding: base64\n\nYWJj \n YWJj\t\n",
			"Content-Transfer-Encoding: base64\n\nYWJjYWJj"},
		{"words behind base64",
			"Content-Transfer-Encoding: base64\n\nSGVsbG8=\n-- \nfooter of a list\n",
			"Content-Transfer-Encoding: base64\n\nSGVsbG8=\n-- \nfooter of a list\n"},
		{"\"From \" where a line is broken", "\n\u00e9" AAA_60 "aaaaaaaaaFrom here\n",
			"Content-Transfer-Encoding: quoted-printable\n\n=C3=A9" AAA_60
			"aaaaaaaaa=\n=46rom here\n"},
		{"8bit in what is encoded already",
			"Content-Transfer-Encoding: quoted-printable\n\nGr\u00fc=C3=9F =\u00e9=\n!",
			"Content-Transfer-Encoding: quoted-printable\n\n"
			"Gr=C3=BC=C3=9F =3D=C3=A9=\n!"},
		{"a boundary where a line is broken",
			PART("Content-Transfer-Encoding: quoted-printable",
				"x \n" AAA_60 "aaaaaaaaaaaaaaa--b--\nmore"),
			PART("Content-Transfer-Encoding: quoted-printable",
				"x\n" AAA_60 "aaaaaaaaaaaaaaa=\n=2D-b--\nmore")},
		{"8bit",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ncaf\u00e9=\n",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
			"quoted-printable\n\ncaf=C3=A9=3D\n"},
		{"8bit, not said so", "Content-Type: text/html; charset=utf-8\n\n<p>\u00e9\n",
			"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: "
			"quoted-printable\n\n<p>=C3=A9\n"},
		{"8bit without any header", "\n\u00e9\n",
			"Content-Transfer-Encoding: quoted-printable\n\n=C3=A9\n"},
		{"said to be 8bit, but is not", "Content-Transfer-Encoding: 8bit\n\nplain\n",
			"Content-Transfer-Encoding: 7bit\n\nplain\n"},
		{"parts",
			PART("Content-Type: text/plain\nContent-Transfer-Encoding: 8BIT",
				"\u00e9"),
			PART("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable",
				"=C3=A9")},
		{"no text", PART("Content-Type: application/x\nX: y", "\u00e9\u00e9"),
			PART("Content-Type: application/x\nX: y\nContent-Transfer-Encoding: base64",
				"w6nDqQ==")},
		{"encoded already",
			PART("Content-Type: text/plain\nContent-Transfer-Encoding: base64",
				"w6nDqQ=="),
			PART("Content-Type: text/plain\nContent-Transfer-Encoding: base64",
				"w6nDqQ==")},
		{"what parts stand in",
			"Content-Transfer-Encoding: binary\n" PART(
				"Content-Type: text/plain", "a"),
			"Content-Transfer-Encoding: 7bit\n" PART(
				"Content-Type: text/plain", "a")},
		{"an attached message",
			PART("Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit",
				"Subject: x\nContent-Type: text/plain; charset=utf-8\n"
				"Content-Transfer-Encoding: 8bit\n\n\u00e9"),
			PART("Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit",
				"Subject: x\nContent-Type: text/plain; charset=utf-8\n"
				"Content-Transfer-Encoding: quoted-printable\n\n=C3=A9")},
		{"an attached message without more",
			PART("Content-Type: message/rfc822", "Subject: x\n\n\u00e9"),
			PART("Content-Type: message/rfc822",
				"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9")},
		{"8bit in a header and between parts",
			"Content-Type: multipart/mixed; boundary=b\n\n\u00e9\n--b\nX: \u00e9\n\na\n--b--\n",
			"Content-Type: multipart/mixed; boundary=b\n\n\u00e9\n--b\nX: \u00e9\n\na\n--b--\n"},
		{"the longest line between parts",
			"Content-Type: multipart/mixed; boundary=b\n\n" LONGEST
			"\n--b\n\na\n--b--\n",
			"Content-Type: multipart/mixed; boundary=b\n\n" LONGEST
			"\n--b\n\na\n--b--\n"},
		{"a line that is longer by one",
			"Content-Type: multipart/mixed; boundary=b\n\n" LONGEST
			"x\n--b\n\na\n--b--\n",
			NULL},
		{"a long line between parts",
			"Content-Type: multipart/mixed; boundary=b\n\n" LONG
			"\n--b\n\na\n--b--\n",
			NULL},
		{"behind the parts", PART("Content-Type: text/plain", LONG) LONG "\n", NULL},
		{"in a field", PART("X-Long: " LONG, "a"), NULL},
		{"in a field of an attached message",
			PART("Content-Type: message/rfc822", "X: " LONG "\n\na"), NULL},
		{"in an unknown encoding", PART("Content-Transfer-Encoding: x-uuencode", LONG),
			NULL},
		{"in base64 that is none",
			PART("Content-Transfer-Encoding: base64", "two words\n" LONG), NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_seven_bit(cases[i].label, cases[i].in, cases[i].want);
}

static void test_line_ends(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b--",
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b--"},
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\u00e9\r\n--b--",
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n--b--"},
		{"\r\na\rb\r\n",
			"Content-Transfer-Encoding: quoted-printable\r\n\r\na=0Db\r\n"},
		{"Content-Transfer-Encoding: quoted-printable\r\n\r\na\rb=\nc\nd=\r\n",
			"Content-Transfer-Encoding: quoted-printable\r\n\r\na=0Db=\r\nc\r\n"
			"d=\r\n"},
		{"\r\n\0", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=00"},
		{"Content-Type: image/x\r\n\r\na\rb",
			"Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ1i"},
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf entity;

		buf_init(&entity, 1000);
		buf_append(
			&entity, cases[i].in, cases[i].in[2] == '\0' ? 3 : strlen(cases[i].in));
		assert_int_equal(seven_bit(&entity, &error), 0);
		assert_text(cases[i].in, entity.data, cases[i].want);
		buf_free(&entity);
	}
}

static void test_long_lines(void **state)
{
	struct buf entity;
	struct error error;

	static const struct {
		const char *head, *body;
		size_t len; /* of the body when all is put together again */
	} cases[] = {
		{"\r\n", LONG "\r\nshort\r\n", 1009},
		{"Content-Transfer-Encoding: base64\r\n\r\n", LONG "\r\n", 1000},
		{"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
			LONG_100 LONG "=3D=C3=A9" LONG "=\r\n=\r\na=3D\r\nb=", 2117},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t together = 0;
		const char *body;

		buf_init(&entity, 100000);
		buf_string(&entity, cases[i].head);
		buf_string(&entity, cases[i].body);
		assert_int_equal(seven_bit_possible(&entity, &error), 0);
		assert_int_equal(seven_bit(&entity, &error), 0);
		body = strstr(entity.data, "\r\n\r\n") + 4;
		for (const char *line = body; *line != '\0';) {
			size_t len = strcspn(line, "\r");

			assert_true(len <= 76);
			if (strncmp(line + len - 1, "=\r\n", 3) == 0)
				together += len - 1;
			else
				together += len + (i == 1 ? 0 : 2 * (line[len] == '\r'));
			line += len + 2 * (line[len] == '\r');
		}
		assert_number(cases[i].head, (long long)together, (long long)cases[i].len);
		buf_free(&entity);
	}
}

struct certificate {
	const char *email;
	const char *usage; /* extendedKeyUsage */
	int days;
};

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* Writes PEM files of that name into the folder; signed by itself. */
static void make(const char *folder, const char *name, const struct certificate *wanted)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	char path[512], san[200];
	FILE *file;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), rand());
	X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L * 400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * wanted->days);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	snprintf(san, sizeof(san), "email:%s", wanted->email);
	add_extension(certificate, NID_subject_alt_name, san);
	add_extension(certificate, NID_ext_key_usage, wanted->usage);
	X509_sign(certificate, key, EVP_sha256());
	snprintf(path, sizeof(path), "%s/%s.pem", folder, name);
	file = fopen(path, "w");
	PEM_write_X509(file, certificate);
	fclose(file);
	snprintf(path, sizeof(path), "%s/%s.key", folder, name);
	file = fopen(path, "w");
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static struct smime_signer *load(
	const char *folder, const char *certificate, const char *key, struct error *error)
{
	char certificates[512], keys[512];

	snprintf(certificates, sizeof(certificates), "%s/%s", folder, certificate);
	snprintf(keys, sizeof(keys), "%s/%s", folder, key);
	return smime_signer_load(certificates, keys, error);
}

static const struct certificate good = {"platform@provider.example", "emailProtection", 100};

/* A shell's command with the folder in it. */
__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static void test_load(void **state)
{
	static const struct certificate server = {"a@b.example", "serverAuth", 100};
	static const struct certificate ended = {"a@b.example", "emailProtection", -1};
	static const char *const named[] = {"x@y.example", "Platform@provider.example", NULL};
	static const char *const domain[] = {"@provider.example", NULL};
	static const char *const others[] = {"other@provider.example", NULL};
	static const struct {
		const char *certificate, *key, *words; /* NULL: good */
	} cases[] = {
		{"good.pem", "good.key", NULL},
		{"ended.pem", "ended.key", NULL},
		{"good.pem", "ended.key",
			"ended.key: is not the key of the first certificate in "},
		{"server.pem", "server.key", "not one for signing mail"},
		{"good.key", "good.key", "good.key: holds no certificate in PEM form"},
		{"good.pem", "good.pem", "accessible by others; chmod it to 640"},
		{"good.pem", "none.key", "open "},
		{"none.pem", "good.key", "open "},
		{"good.pem", "locked.key",
			"locked.key: holds no private key in PEM form without a "
			"passphrase"},
		{"good.pem", "empty.key", "empty.key: holds no private key"},
		{"damaged.pem", "good.key", "damaged.pem: certificate 2 in it is damaged"},
		{"cut.pem", "good.key", "cut.pem: certificate 3 in it is damaged"},
		{"more.pem", "good.key", NULL},
		{"edwards.pem", "edwards.key",
			"edwards.key: is of a kind that cannot sign mail with SHA-256"},
	};
	char *folder = support_folder();

	(void)state;
	make(folder, "good", &good);
	make(folder, "server", &server);
	make(folder, "ended", &ended);
	free(support_write(folder, "empty.key", "", 0600));
	run("cd %s && openssl ec -in good.key -aes256 -passout pass:secret -out locked.key 2>/dev/null && "
	    "chmod 600 locked.key",
		folder);
	run("cd %s && sed 's/^[A-Za-z0-9].*/x/' server.pem | cat good.pem - >damaged.pem",
		folder);
	run("cd %s && head -3 server.pem | cat good.pem server.pem - >cut.pem", folder);
	run("cd %s && { echo a comment; cat good.pem good.key server.pem; echo; } >more.pem",
		folder);
	run("cd %s && openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -out edwards.pem "
	    "-keyout edwards.key 2>/dev/null && chmod 600 edwards.key",
		folder);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error error = {0};
		struct smime_signer *signer =
			load(folder, cases[i].certificate, cases[i].key, &error);

		assert_number(cases[i].key, signer != NULL, cases[i].words == NULL);
		if (cases[i].words != NULL && strstr(error.text, cases[i].words) == NULL)
			assert_text(cases[i].key, error.text, cases[i].words);
		if (i == 0) {
			assert_true(smime_signer_names(signer, named));
			assert_true(smime_signer_names(signer, domain));
			assert_false(smime_signer_names(signer, others));
			assert_true(llabs((long long)(smime_signer_begin(signer) - time(NULL)) +
					    400 * 86400) < 100);
			assert_true(llabs((long long)(smime_signer_end(signer) - time(NULL)) -
					    100 * 86400) < 100);
		}
		smime_signer_free(&signer);
	}
	support_remove(&folder);
}

/* The chain of two: both stand in the signature, and the first to end is the one that counts. */
static void test_sign(void **state)
{
	static const struct certificate root = {"ca@provider.example", "emailProtection", 50};
	static const char text[] = "Content-Type: text/plain\r\n\r\nhello\r\n";
	char *folder = support_folder();
	struct smime_signature signature;
	struct smime_signer *signer;
	struct error error;
	struct buf entity;
	CMS_ContentInfo *cms;
	BIO *whole, *content = NULL, *out = BIO_new(BIO_s_mem());
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) * certificates;
	X509_ALGOR *digest;

	(void)state;
	make(folder, "good", &good);
	make(folder, "root", &root);
	run("cd %s && cat good.pem root.pem >chain.pem", folder);
	signer = load(folder, "chain.pem", "good.key", &error);
	assert_non_null(signer);
	assert_true(
		llabs((long long)(smime_signer_end(signer) - time(NULL)) - 50 * 86400) < 100);
	buf_init(&entity, 1000);
	buf_string(&entity, text);
	assert_int_equal(smime_sign(signer, &entity, &signature, &error), 0);
	assert_text("untouched", entity.data, text);

	whole = BIO_new(BIO_s_mem());
	BIO_printf(whole, "MIME-Version: 1.0\r\nContent-Type:%s\r\n\r\n%s%s%s",
		signature.content_type, signature.before, entity.data, signature.behind);
	cms = SMIME_read_CMS(whole, &content);
	assert_non_null(cms);
	assert_non_null(content);
	assert_int_equal(CMS_verify(cms, NULL, store, content, out,
				 CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
		1);
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0), NULL,
		NULL, &digest, NULL);
	assert_number("digest", OBJ_obj2nid(digest->algorithm), NID_sha256);
	certificates = CMS_get1_certs(cms);
	assert_number("chain", sk_X509_num(certificates), 2);
	assert_non_null(strstr(signature.content_type, "micalg=sha-256"));

	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	BIO_free(whole);
	BIO_free(content);
	BIO_free(out);
	X509_STORE_free(store);
	smime_signature_free(&signature);
	smime_signer_free(&signer);
	buf_free(&entity);
	support_remove(&folder);
}

static void test_broken_dkim(void **state)
{
	static const struct {
		const char *from, *signature;
		bool broken;
	} cases[] = {
		{" a@provider.example", " v=1; d=provider.example; s=x; b=", true},
		{" A <a@Provider.Example>", " v=1;\n\td = PROVIDER.example\n\t; s=x", true},
		{" a@mail.provider.example", " v=1; d=provider.example", true},
		{" x@there.example, a@provider.example", " d=provider.example", true},
		{" a@provider.example", " d=mail.provider.example", false},
		{" a@provider.example", " d=esp.example", false},
		{" a@myprovider.example", " d=provider.example", false},
		{" a@provider.example", " v=1; s=provider.example; bd=provider.example", false},
		{" a@provider.example", " d=", false},
		{" a@provider.example", "", false},
		{" nobody", " d=provider.example", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct headers headers;

		headers_init(&headers);
		headers_add(&headers, "dkim-signature", " d=other.example");
		headers_add(&headers, "From", cases[i].from);
		headers_add(&headers, DKIM_SIGNATURE, cases[i].signature);
		assert_false(broken_dkim(&headers, 1));
		assert_number(cases[i].signature, broken_dkim(&headers, 2), cases[i].broken);
		assert_false(broken_dkim(&headers, 3));
		headers_free(&headers);
	}
}

static void test_many_dkim(void **state)
{
	struct headers headers;

	(void)state;
	headers_init(&headers);
	for (int i = 0; i < 101; i++)
		headers_add(&headers, DKIM_SIGNATURE, " d=provider.example");
	headers_add(&headers, "From", " a@provider.example");
	assert_false(broken_dkim(&headers, 0));
	assert_true(broken_dkim(&headers, 1));
	assert_true(broken_dkim(&headers, 100));
	assert_false(broken_dkim(&headers, 101));
	headers_free(&headers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seven_bit),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_broken_dkim),
		cmocka_unit_test(test_many_dkim),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
