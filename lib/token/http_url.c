/*
 * curl's own parser, so that nothing is read differently when the request goes out.
 */
#include "token/http_url.h"

#include "token/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

bool http_host_loopback(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

char *http_url_host(const char *url, struct error *error)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL, *copy = NULL;

	if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		error_set(error, ERROR_PERMANENT, "not the URL of a web server");
	else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
		error_set(error, ERROR_PERMANENT,
			"%s: a URL with a user's name is not accepted", host);
	else if (strcmp(scheme, "https") != 0 &&
		 (strcmp(scheme, "http") != 0 || !http_host_loopback(host)))
		error_set(error, ERROR_PERMANENT, "%s: the URL is not https", host);
	else if ((copy = strdup(host)) == NULL)
		error_memory(error);
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(parts);
	return copy;
}
