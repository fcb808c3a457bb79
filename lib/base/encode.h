/*
 * base64 and base64url (RFC 4648 sections 4 and 5) and lower-case base32 (section 6, without
 * padding). Decoders are strict: unknown characters, wrong padding and stray bits
 * are errors, so that one value has one spelling.
 */
#ifndef POSTINVITE_BASE_ENCODE_H
#define POSTINVITE_BASE_ENCODE_H

#include <stddef.h>

/* Bytes that the encoders write, with the closing NUL. */
#define BASE64_SIZE(n)	  (((n) + 2) / 3 * 4 + 1)
#define BASE64URL_SIZE(n) ((8 * (n) + 5) / 6 + 1)

void base64_encode(const void *bytes, size_t len, char *text_r);
void base64url_encode(const void *bytes, size_t len, char *text_r); /* no padding */
void base32_encode(const void *bytes, size_t len, char *text_r);

/* Decode text_len characters into at most size bytes. Return the number of bytes, or -1
 * when the text is malformed or longer than size allows. */
int base64_decode(const char *text, size_t text_len, void *bytes_r, size_t size);
int base64url_decode(const char *text, size_t text_len, void *bytes_r, size_t size);
int base32_decode(const char *text, size_t text_len, void *bytes_r, size_t size);

#endif
