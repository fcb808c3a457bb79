/*
 * libmicrohttpd asks for a certificate and takes any, or none: who shows none gets a page that
 * says so. What it is worth is found here, at each request, since a certificate may expire
 * while the connection lives.
 */
#include "web/internal.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool web_request_peer_user(const struct web_request *request, uid_t *uid_r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage address;
	struct ucred peer;
	socklen_t address_len = sizeof(address), len = sizeof(peer);

	if (info == NULL ||
		getsockname(info->connect_fd, (struct sockaddr *)&address, &address_len) != 0 ||
		address.ss_family != AF_UNIX ||
		getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid_r = peer.uid;
	return true;
}

/* Returns 0, or -1 with what is wrong in words. */
static int verify(gnutls_session_t session, char text_r[WEB_NAME_MAX])
{
	gnutls_typed_vdata_st purpose = {
		GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
	unsigned status = 0;
	gnutls_datum_t words;

	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) !=
		GNUTLS_E_SUCCESS) {
		snprintf(text_r, WEB_NAME_MAX, "The certificate cannot be verified.");
		return -1;
	}
	if (status == 0)
		return 0;
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0) ==
		GNUTLS_E_SUCCESS) {
		snprintf(text_r, WEB_NAME_MAX, "%s", (const char *)words.data);
		gnutls_free(words.data);
	} else {
		snprintf(text_r, WEB_NAME_MAX, "The certificate is not trusted.");
	}
	return -1;
}

/* The one common name of the leaf. */
static int common_name(const gnutls_datum_t *leaf, char name_r[WEB_NAME_MAX])
{
	gnutls_x509_crt_t certificate;
	char second[WEB_NAME_MAX];
	size_t len = WEB_NAME_MAX, second_len = sizeof(second);
	int result = -1;

	if (gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
		return -1;
	if (gnutls_x509_crt_import(certificate, leaf, GNUTLS_X509_FMT_DER) ==
			GNUTLS_E_SUCCESS &&
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
			name_r, &len) == GNUTLS_E_SUCCESS &&
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0,
			second, &second_len) == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE &&
		len > 0 && strlen(name_r) == len && form_text_valid(name_r, len))
		result = 0;
	gnutls_x509_crt_deinit(certificate);
	return result;
}

enum web_certificate web_request_certificate(
	const struct web_request *request, char text_r[WEB_NAME_MAX])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info != NULL ? info->tls_session : NULL;
	const gnutls_datum_t *chain;
	unsigned n = 0;

	text_r[0] = '\0';
	if (session == NULL)
		return WEB_CERTIFICATE_NONE;
	chain = gnutls_certificate_get_peers(session, &n);
	if (chain == NULL || n == 0)
		return WEB_CERTIFICATE_NONE;
	if (verify(session, text_r) != 0)
		return WEB_CERTIFICATE_BAD;
	if (common_name(&chain[0], text_r) == 0)
		return WEB_CERTIFICATE_GOOD;
	snprintf(text_r, WEB_NAME_MAX, "Its subject has no common name, or several.");
	return WEB_CERTIFICATE_BAD;
}
