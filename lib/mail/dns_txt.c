/*
 * libresolv does the asking. Its state is filled with our servers where some are named. EDNS
 * makes room for any key that is in use; TCP is not tried, because libresolv sets no time limit
 * there. The answer is walked here, it is short work.
 */
#include "mail/dns_txt.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_SIZE 4096
#define TRUNCATED   0x02 /* TC, in the header's third byte (RFC 1035 section 4.1.1) */

union server {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_port(const char *text, in_port_t *port_r)
{
	char *end = NULL;
	unsigned long port = *text == '\0' ? 53 : strtoul(text + 1, &end, 10);

	if (*text != '\0' &&
		(*text != ':' || end == text + 1 || *end != '\0' || port == 0 || port > 65535))
		return -1;
	*port_r = htons((in_port_t)port);
	return 0;
}

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353". */
static int parse_server(const char *text, union server *server_r)
{
	char address[INET6_ADDRSTRLEN];
	const char *colon = strchr(text, ':'), *rest;
	bool bracketed = *text == '[';
	bool v6 = bracketed || (colon != NULL && strchr(colon + 1, ':') != NULL);
	size_t len = bracketed ? strcspn(++text, "]") : v6 ? strlen(text) : strcspn(text, ":");

	if (len >= sizeof(address) || (bracketed && text[len] != ']'))
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	rest = text + len + bracketed;
	memset(server_r, 0, sizeof(*server_r));
	if (v6) {
		server_r->v6.sin6_family = AF_INET6;
		if (inet_pton(AF_INET6, address, &server_r->v6.sin6_addr) != 1)
			return -1;
		return parse_port(rest, &server_r->v6.sin6_port);
	}
	server_r->v4.sin_family = AF_INET;
	if (inet_pton(AF_INET, address, &server_r->v4.sin_addr) != 1)
		return -1;
	return parse_port(rest, &server_r->v4.sin_port);
}

int dns_servers_check(string_list servers, struct error *error)
{
	union server server;

	for (; *servers != NULL; servers++)
		if (parse_server(*servers, &server) < 0)
			return error_set(error, ERROR_CONFIGURATION,
				"dns_servers: \"%s\" is not address[:port]", *servers);
	return 0;
}

/* res_nclose frees the v6 addresses that were put in. */
static void use_servers(struct __res_state *state, string_list servers)
{
	int count = 0;

	for (; *servers != NULL && count < DNS_SERVERS_MAX; servers++) {
		union server server;

		if (parse_server(*servers, &server) < 0)
			continue;
		if (server.v4.sin_family == AF_INET) {
			state->nsaddr_list[count] = server.v4;
		} else {
			struct sockaddr_in6 *v6 = malloc(sizeof(*v6));

			if (v6 == NULL)
				continue;
			*v6 = server.v6;
			free(state->_u._ext.nsaddrs[count]);
			state->_u._ext.nsaddrs[count] = v6;
			state->nsaddr_list[count].sin_family = 0;
		}
		count++;
	}
	state->nscount = count;
}

static void bound_time(struct __res_state *state, int seconds)
{
	if (state->nscount > DNS_SERVERS_MAX)
		state->nscount = DNS_SERVERS_MAX;
	if (state->nscount > seconds)
		state->nscount = seconds;
	state->retrans = 1;
	state->retry = seconds / (state->nscount > 0 ? state->nscount : 1);
	state->options |= RES_USE_EDNS0 | RES_IGNTC;
}

/* The character-strings of one TXT record's data (RFC 1035 section 3.3.14). */
static void join_strings(const unsigned char *data, size_t len, char *text_r, size_t size)
{
	size_t used = 0;

	while (len > 0) {
		size_t now = *data < len - 1 ? *data : len - 1, fits = now;

		if (used + fits >= size)
			fits = size - 1 - used;
		memcpy(text_r + used, data + 1, fits);
		used += fits;
		data += now + 1;
		len -= now + 1;
	}
	text_r[used] = '\0';
}

/* Big endian, as all of DNS (ns_get16 would need libresolv for this alone). */
static unsigned int get16(const unsigned char *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

int dns_txt_read(const unsigned char *answer, size_t len, char *text_r, size_t size)
{
	const unsigned char *at = answer + NS_HFIXEDSZ, *end = answer + len;
	unsigned int questions, answers;
	int skip;

	if (len < NS_HFIXEDSZ)
		return -1;
	questions = get16(answer + 4);
	answers = get16(answer + 6);
	for (; questions > 0; questions--) {
		if ((skip = dn_skipname(at, end)) < 0 || end - at < skip + NS_QFIXEDSZ)
			return -1;
		at += skip + NS_QFIXEDSZ;
	}
	for (; answers > 0; answers--) {
		unsigned int type, data_len;

		if ((skip = dn_skipname(at, end)) < 0 || end - at < skip + NS_RRFIXEDSZ)
			return -1;
		at += skip;
		type = get16(at);
		data_len = get16(at + 8);
		at += NS_RRFIXEDSZ;
		if (end - at < (ptrdiff_t)data_len)
			return -1;
		if (type == ns_t_txt) {
			join_strings(at, data_len, text_r, size);
			return 0;
		}
		at += data_len;
	}
	return -1;
}

int dns_txt(const struct dns_question *question, char *text_r, size_t size, struct error *error)
{
	struct __res_state state = {0};
	unsigned char answer[ANSWER_SIZE] = {0};
	int len, why;

	if (res_ninit(&state) < 0)
		return error_set(error, ERROR_TEMPORARY, "resolver cannot be set up");
	if (*question->servers != NULL)
		use_servers(&state, question->servers);
	bound_time(&state, question->seconds);
	len = res_nquery(&state, question->name, ns_c_in, ns_t_txt, answer, sizeof(answer));
	why = state.res_h_errno;
	res_nclose(&state);
	if (len > (int)sizeof(answer))
		len = sizeof(answer);
	if (len >= 0 && dns_txt_read(answer, (size_t)len, text_r, size) == 0)
		return 0;
	if ((answer[2] & TRUNCATED) != 0)
		return error_set(error, ERROR_TEMPORARY, "answer of DNS for %s is too long",
			question->name);
	if (len < 0 && why != HOST_NOT_FOUND && why != NO_DATA)
		return error_set(
			error, ERROR_TEMPORARY, "no answer from DNS for %s", question->name);
	return error_set(error, ERROR_NOT_FOUND, "%s has no TXT record", question->name);
}
