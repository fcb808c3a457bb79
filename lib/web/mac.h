/*
 * Keyed marks in cookies and forms: HMAC-SHA-256 under a key derived for one purpose from the
 * site's key, so that a mark made for one purpose is worth nothing for another, and all outlive
 * a restart.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_MAC_H
#define POSTINVITE_WEB_MAC_H

#include "base/secret.h"

#include <stdbool.h>

#define WEB_MAC_SIZE   44 /* base64url of 32 bytes, with NUL */
#define WEB_NONCE_SIZE 23 /* base64url of 16 bytes, with NUL */

/* The mark of text for that purpose. */
void web_mac(const struct secret *key, const char *purpose, const char *text,
	char mac_r[WEB_MAC_SIZE]);

/* Is it the mark? Constant time; a NULL mac is none. */
bool web_mac_check(
	const struct secret *key, const char *purpose, const char *text, const char *mac);

/* 16 random bytes as text. Returns 0, or -1 without randomness. */
int web_nonce(char nonce_r[WEB_NONCE_SIZE]);

#endif
