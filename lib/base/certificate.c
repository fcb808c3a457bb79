/*
 * By OpenSSL, which also takes what stands before and behind a certificate in a PEM file.
 */
#include "base/certificate.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static X509 *first(const char *pem, size_t len)
{
	BIO *bytes = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	X509 *certificate = bytes != NULL ? PEM_read_bio_X509(bytes, NULL, NULL, NULL) : NULL;

	BIO_free(bytes);
	return certificate;
}

int certificate_end(const char *pem, size_t len, time_t *not_after_r, struct error *error)
{
	X509 *certificate = first(pem, len);
	struct tm end;
	int result = -1;

	if (certificate != NULL &&
		ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1) {
		*not_after_r = timegm(&end);
		result = 0;
	}
	X509_free(certificate);
	ERR_clear_error();
	if (result != 0)
		return error_set(
			error, ERROR_CONFIGURATION, "holds no certificate in PEM form");
	return 0;
}

int certificate_watch(const char *pem, size_t len, struct health_certificate *certificate,
	char warning_r[HEALTH_TEXT_SIZE], struct error *error)
{
	if (certificate_end(pem, len, &certificate->not_after, error) != 0)
		return error_prefix(
			error, "%s: %.200s", certificate->setting, certificate->path);
	if (health_certificate_text(certificate, time(NULL), warning_r) == HEALTH_OK)
		warning_r[0] = '\0';
	return 0;
}

/* A daemon cannot ask for one. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

int certificate_fits(
	const char *pem, size_t len, const char *key, size_t key_len, struct error *error)
{
	BIO *bytes = key_len <= INT_MAX ? BIO_new_mem_buf(key, (int)key_len) : NULL;
	EVP_PKEY *private = bytes != NULL
				    ? PEM_read_bio_PrivateKey(bytes, NULL, no_passphrase, NULL)
				    : NULL;
	X509 *certificate = first(pem, len);
	int result = 0;

	if (private == NULL)
		result = error_set(error, ERROR_CONFIGURATION,
			"holds no private key in PEM form without a passphrase");
	else if (certificate == NULL || X509_check_private_key(certificate, private) != 1)
		result = error_set(
			error, ERROR_CONFIGURATION, "is not the key of the first certificate");
	X509_free(certificate);
	EVP_PKEY_free(private);
	BIO_free(bytes);
	ERR_clear_error();
	return result;
}
