/*
 * OpenSSL's CMS makes the signature; the MIME around it is put together here, since OpenSSL
 * would copy the entity, and change it.
 */
#include "mail/smime.h"

#include "base/encode.h"
#include "mail/address.h"
#include "mail/encoding.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUNDARY_BYTES 18
#define SIGN_FLAGS     (CMS_DETACHED | CMS_BINARY | CMS_PARTIAL)
#define SIGNATURE_MAX  ((size_t)1024 * 1024)

struct smime_signer {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * chain; /* the others of the file */
};

/* OpenSSL's own reason, for what only it knows. */
static const char *reason(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());

	return words == NULL ? "unknown reason" : words;
}

static int load_certificates(struct smime_signer *signer, const char *path, struct error *error)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *next;
	bool whole;

	if (file == NULL)
		return error_open(error, errno, path, "");
	signer->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
	signer->chain = sk_X509_new_null();
	while (signer->chain != NULL &&
		(next = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(signer->chain, next) <= 0)
			X509_free(next);
	BIO_free(file);
	whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (signer->certificate == NULL || signer->chain == NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: holds no certificate in PEM form", path);
	if (!whole)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: certificate %d in it is damaged", path,
			sk_X509_num(signer->chain) + 2);
	if (X509_check_purpose(signer->certificate, X509_PURPOSE_SMIME_SIGN, 0) != 1)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: the first certificate is not one for signing mail (its key usage or "
			"extended key usage says so)",
			path);
	return 0;
}

/* A passphrase is asked of nobody. */
static int no_passphrase(char *buf, int size, int writing, void *context)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static int load_key(struct smime_signer *signer, const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	BIO *file;

	if (fd < 0)
		return error_open(error, errno, path, "");
	if (fstat(fd, &status) < 0 || (status.st_mode & 07) != 0) {
		close(fd);
		return error_set(error, ERROR_CONFIGURATION,
			"%s: is accessible by others; chmod it to 640 or less", path);
	}
	file = BIO_new_fd(fd, BIO_CLOSE);
	if (file != NULL)
		signer->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
	BIO_free(file);
	if (signer->key == NULL) {
		error_set(error, ERROR_CONFIGURATION,
			"%s: holds no private key in PEM form without a passphrase (%s)", path,
			reason());
		ERR_clear_error();
		return -1;
	}
	return 0;
}

/* The signature in DER; NULL: error. */
static CMS_ContentInfo *make_signature(
	const struct smime_signer *signer, const struct buf *entity, struct error *error)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, signer->chain, NULL, SIGN_FLAGS);
	BIO *bytes = BIO_new_mem_buf(entity->data, (int)entity->len);

	if (cms == NULL || bytes == NULL ||
		CMS_add1_signer(cms, signer->certificate, signer->key, EVP_sha256(),
			SIGN_FLAGS) == NULL ||
		CMS_final(cms, bytes, NULL, SIGN_FLAGS) != 1) {
		error_set(error, ERROR_TEMPORARY, "the mail cannot be signed: %s", reason());
		ERR_clear_error();
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	BIO_free(bytes);
	return cms;
}

/* The kinds that mail programs know. OpenSSL 3.5 signs with an Edwards curve's, too. */
static bool is_known(const EVP_PKEY *key)
{
	int kind = EVP_PKEY_get_base_id(key);

	return kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS || kind == EVP_PKEY_EC;
}

/* Some kinds of key are good for other things alone, or not known to who is to verify. */
static int try_key(const struct smime_signer *signer, const char *path, struct error *error)
{
	const struct buf nothing = {.data = (char *)(uintptr_t) ""};
	CMS_ContentInfo *cms = make_signature(signer, &nothing, error);
	bool good = cms != NULL && is_known(signer->key);

	CMS_ContentInfo_free(cms);
	if (good)
		return 0;
	return error_set(error, ERROR_CONFIGURATION,
		"%s: is of a kind that cannot sign mail with SHA-256: take an RSA or an EC key",
		path);
}

struct smime_signer *smime_signer_load(
	const char *certificates, const char *key, struct error *error)
{
	struct smime_signer *signer = calloc(1, sizeof(*signer));
	int result;

	if (signer == NULL) {
		error_memory(error);
		return NULL;
	}
	result = load_certificates(signer, certificates, error);
	if (result == 0)
		result = load_key(signer, key, error);
	if (result == 0 && X509_check_private_key(signer->certificate, signer->key) != 1) {
		ERR_clear_error();
		result = error_set(error, ERROR_CONFIGURATION,
			"%s: is not the key of the first certificate in %s", key, certificates);
	}
	if (result == 0)
		result = try_key(signer, key, error);
	if (result < 0)
		smime_signer_free(&signer);
	return signer;
}

void smime_signer_free(struct smime_signer **signer)
{
	if (*signer == NULL)
		return;
	X509_free((*signer)->certificate);
	EVP_PKEY_free((*signer)->key);
	sk_X509_pop_free((*signer)->chain, X509_free);
	free(*signer);
	*signer = NULL;
}

static time_t time_of(const ASN1_TIME *asn1)
{
	struct tm parts;

	return ASN1_TIME_to_tm(asn1, &parts) == 1 ? timegm(&parts) : 0;
}

time_t smime_signer_begin(const struct smime_signer *signer)
{
	time_t last = time_of(X509_get0_notBefore(signer->certificate));

	for (int i = 0; i < sk_X509_num(signer->chain); i++) {
		time_t begin = time_of(X509_get0_notBefore(sk_X509_value(signer->chain, i)));

		last = begin > last ? begin : last;
	}
	return last;
}

time_t smime_signer_end(const struct smime_signer *signer)
{
	time_t first = time_of(X509_get0_notAfter(signer->certificate));

	for (int i = 0; i < sk_X509_num(signer->chain); i++) {
		time_t end = time_of(X509_get0_notAfter(sk_X509_value(signer->chain, i)));

		first = end < first ? end : first;
	}
	return first;
}

bool smime_signer_names(const struct smime_signer *signer, string_list senders)
{
	STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(signer->certificate);
	bool named = false;

	for (int i = 0; i < sk_OPENSSL_STRING_num(addresses) && !named; i++)
		named = address_listed(senders, sk_OPENSSL_STRING_value(addresses, i));
	X509_email_free(addresses);
	return named;
}

static int put_behind(struct buf *out, const char *boundary, CMS_ContentInfo *cms)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);

	if (len <= 0)
		return -1;
	buf_printf(out,
		"\r\n--%s\r\n"
		"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
		"Content-Description: S/MIME Cryptographic Signature\r\n\r\n",
		boundary);
	base64_put(out, (const char *)der, (size_t)len, &base64_full_lines);
	buf_printf(out, "\r\n--%s--\r\n", boundary);
	OPENSSL_free(der);
	return out->failed ? -1 : 0;
}

static int put_around(CMS_ContentInfo *cms, struct smime_signature *signature_r)
{
	unsigned char random[BOUNDARY_BYTES];
	char boundary[BASE64URL_SIZE(BOUNDARY_BYTES) + 8] = "signed=_";
	struct buf behind;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return -1;
	base64url_encode(random, sizeof(random), boundary + strlen(boundary));
	buf_init(&behind, SIGNATURE_MAX);
	if (put_behind(&behind, boundary, cms) == 0)
		signature_r->behind = buf_take(&behind, NULL);
	buf_free(&behind);
	if (asprintf(&signature_r->content_type,
		    " multipart/signed; protocol=\"application/pkcs7-signature\";\n"
		    "\tmicalg=sha-256; boundary=\"%s\"",
		    boundary) < 0)
		signature_r->content_type = NULL;
	if (asprintf(&signature_r->before,
		    "This is a message with an S/MIME signature (RFC 8551).\r\n\r\n--%s\r\n",
		    boundary) < 0)
		signature_r->before = NULL;
	return signature_r->behind != NULL && signature_r->content_type != NULL &&
			       signature_r->before != NULL
		       ? 0
		       : -1;
}

int smime_sign(const struct smime_signer *signer, const struct buf *entity,
	struct smime_signature *signature_r, struct error *error)
{
	CMS_ContentInfo *cms;
	int result = 0;

	*signature_r = (struct smime_signature){0};
	if (entity->failed || entity->len > INT32_MAX)
		return error_set(
			error, ERROR_TEMPORARY, "out of memory for a mail to be signed");
	cms = make_signature(signer, entity, error);
	if (cms == NULL)
		return -1;
	if (put_around(cms, signature_r) < 0) {
		smime_signature_free(signature_r);
		result = error_memory(error);
	}
	CMS_ContentInfo_free(cms);
	return result;
}

void smime_signature_free(struct smime_signature *signature)
{
	free(signature->content_type);
	free(signature->before);
	free(signature->behind);
	*signature = (struct smime_signature){0};
}
