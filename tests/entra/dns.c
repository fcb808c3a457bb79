/*
 * A name server for one TXT record: Microsoft's DKIM key (and the same key under the
 * look-alike domain). Everything else does not exist. UDP only; RFC 1035.
 */
#include "keys.h"
#include "mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_TXT       16
#define TYPE_OPT       41
#define RCODE_SERVFAIL 2
#define RCODE_NXDOMAIN 3

static int sock = -1;
static pthread_t thread;
static char *record;

/* The question's name in dots; the offset after the question, 0 when malformed. */
static size_t parse_question(
	const unsigned char *packet, size_t len, char *name, size_t size, int *type)
{
	size_t at = 12, out = 0;

	while (at < len && packet[at]) {
		size_t label = packet[at];

		if (label > 63 || at + 1 + label >= len || out + label + 2 > size)
			return 0;
		if (out)
			name[out++] = '.';
		memcpy(name + out, packet + at + 1, label);
		out += label;
		at += 1 + label;
	}
	name[out] = '\0';
	if (at + 5 > len)
		return 0;
	*type = packet[at + 1] << 8 | packet[at + 2];
	return at + 5;
}

static bool known(const char *name)
{
	char other[300];

	snprintf(
		other, sizeof other, DKIM_SELECTOR "._domainkey.%s", sim.set.dkim_other_domain);
	return !strcasecmp(name, DKIM_SELECTOR "._domainkey." DKIM_DOMAIN) ||
	       !strcasecmp(name, other);
}

static void put16(struct buf *out, unsigned value)
{
	unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};

	buf_add(out, bytes, 2);
}

/* A record longer than 255 bytes is several strings. */
static void put_txt(struct buf *out, const char *text)
{
	size_t len = strlen(text), strings = (len + 254) / 255;

	put16(out, 0xc00c); /* the question's name */
	put16(out, TYPE_TXT);
	put16(out, 1);
	put16(out, 0);
	put16(out, 60);
	put16(out, (unsigned)(len + strings));
	for (size_t i = 0; i < len; i += 255) {
		size_t part = len - i < 255 ? len - i : 255;
		unsigned char count = (unsigned char)part;

		buf_add(out, &count, 1);
		buf_add(out, text + i, part);
	}
}

static void put_opt(struct buf *out)
{
	buf_add(out, "", 1);
	put16(out, TYPE_OPT);
	put16(out, 1232);
	put16(out, 0);
	put16(out, 0);
	put16(out, 0);
}

static struct buf reply(const unsigned char *query, size_t question_end, int rcode, bool answer,
	const char *text)
{
	struct buf out = {0};
	bool opt = query[10] || query[11];

	buf_add(&out, query, 2);
	put16(&out, 0x8480u | (query[2] & 1u) << 8 | (unsigned)rcode); /* QR AA RA, their RD */
	put16(&out, 1);
	put16(&out, answer);
	put16(&out, 0);
	put16(&out, opt);
	buf_add(&out, query + 12, question_end - 12);
	if (answer)
		put_txt(&out, text);
	if (opt)
		put_opt(&out);
	return out;
}

/* Empty: no answer at all. */
static struct buf answer_query(const unsigned char *query, size_t len, long *delay_ms)
{
	char name[256] = "";
	int type = 0, rcode;
	size_t end = len >= 17 ? parse_question(query, len, name, sizeof name, &type) : 0;
	struct json_object *fault;
	const char *wanted, *text;
	struct buf out = {0};

	if (!end)
		return out;
	pthread_mutex_lock(&sim.lock);
	fault = fault_take("dns", NULL, NULL);
	wanted = json_str(fault, "rcode");
	text = json_str(fault, "txt");
	*delay_ms = json_object_get_int(json_member(fault, "delay_ms"));
	rcode = known(name) ? 0 : RCODE_NXDOMAIN;
	if (wanted)
		rcode = strcmp(wanted, "SERVFAIL") ? RCODE_NXDOMAIN : RCODE_SERVFAIL;
	if (!json_flag(fault, "silent"))
		out = reply(
			query, end, rcode, !rcode && type == TYPE_TXT, text ? text : record);
	log_dns(name, !out.len ? "silent"
			       : (rcode ? (rcode == RCODE_SERVFAIL ? "SERVFAIL" : "NXDOMAIN")
					: "NOERROR"));
	json_object_put(fault);
	pthread_mutex_unlock(&sim.lock);
	return out;
}

static void *run(void *unused)
{
	unsigned char query[1500];

	(void)unused;
	for (;;) {
		struct sockaddr_in peer;
		socklen_t peer_len = sizeof peer;
		ssize_t len = recvfrom(
			sock, query, sizeof query, 0, (struct sockaddr *)&peer, &peer_len);
		long delay_ms = 0;
		struct buf out;

		if (len <= 0)
			break; /* shut down */
		out = answer_query(query, (size_t)len, &delay_ms);
		if (delay_ms > 0)
			usleep((useconds_t)delay_ms * 1000);
		if (out.len)
			sendto(sock, out.data, out.len, 0, (struct sockaddr *)&peer, peer_len);
		buf_free(&out);
	}
	return NULL;
}

bool dns_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char host[64];
	int port;

	if (!sim.dns_listen)
		return true;
	if (!split_address(sim.dns_listen, host, sizeof host, &port) ||
		inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return false;
	address.sin_port = htons((uint16_t)port);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof address))
		return false;
	record = keys_dkim_record();
	return pthread_create(&thread, NULL, run, NULL) == 0;
}

void dns_stop(void)
{
	if (!record)
		return;
	shutdown(sock, SHUT_RD); /* wakes recvfrom */
	pthread_join(thread, NULL);
	close(sock);
	free(record);
}
