/* Signing keys of id tokens (published as a JWKS, rotated on demand) and of DKIM. */
#ifndef ENTRA_KEYS_H
#define ENTRA_KEYS_H

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdbool.h>

void keys_init(void);
void keys_free(void);
void keys_rotate(bool drop_old);
struct json_object *keys_jwks(const char *issuer);
/* An RS256 JWT of the claims; how: NULL or a fault's "id_token" object. The caller frees it. */
char *keys_id_token(struct json_object *claims, struct json_object *how);

EVP_PKEY *keys_dkim(void);
char *keys_dkim_record(void); /* v=DKIM1; k=rsa; p=...; the caller frees it */
/* RSA with SHA-256 over text; the caller frees *signature. */
void keys_sign(EVP_PKEY *key, const char *text, unsigned char **signature, size_t *len);

#endif
