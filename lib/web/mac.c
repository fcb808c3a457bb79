/*
 * Two HMACs: one over the purpose makes the key of that purpose, one under it makes the mark.
 * The site's key also signs links; a derived key keeps the two uses apart whatever their inputs
 * look like.
 */
#include "web/mac.h"

#include "base/encode.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

#define MAC_LEN 32

static void hmac(const unsigned char *key, size_t key_len, const char *text,
	unsigned char mac_r[MAC_LEN])
{
	unsigned int len = MAC_LEN;

	HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), mac_r,
		&len);
}

void web_mac(const struct secret *key, const char *purpose, const char *text,
	char mac_r[WEB_MAC_SIZE])
{
	unsigned char derived[MAC_LEN] = {0};
	unsigned char mac[MAC_LEN] = {0};

	hmac(secret_bytes(key), secret_len(key), purpose, derived);
	hmac(derived, sizeof(derived), text, mac);
	base64url_encode(mac, sizeof(mac), mac_r);
	secret_wipe(derived, sizeof(derived));
}

bool web_mac_check(
	const struct secret *key, const char *purpose, const char *text, const char *mac)
{
	char wanted[WEB_MAC_SIZE];

	if (mac == NULL || strlen(mac) != WEB_MAC_SIZE - 1)
		return false;
	web_mac(key, purpose, text, wanted);
	return CRYPTO_memcmp(wanted, mac, WEB_MAC_SIZE - 1) == 0;
}

int web_nonce(char nonce_r[WEB_NONCE_SIZE])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	base64url_encode(bytes, sizeof(bytes), nonce_r);
	return 0;
}
