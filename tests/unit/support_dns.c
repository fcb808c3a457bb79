/*
 * A thread with a UDP socket. Questions are taken over into the answer, records are put behind.
 */
#include "support_dns.h"

#include "support.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_SIZE 4096

struct support_dns {
	int fd;
	char name[80];
	pthread_t thread;
	pthread_mutex_t mutex;
	enum support_dns_answer answer;
	const char *text;
	int questions;
	char last[256];
};

static unsigned char *put16(unsigned char *at, unsigned int value)
{
	*at++ = (unsigned char)(value >> 8);
	*at++ = (unsigned char)value;
	return at;
}

/* A record with the question's name, or behind a CNAME with that of "k" below it. */
static unsigned char *put_record(unsigned char *at, unsigned int type, size_t len)
{
	at = put16(at, 0xc000 | NS_HFIXEDSZ);
	at = put16(at, type);
	at = put16(at, ns_c_in);
	at = put16(at, 0);
	at = put16(at, 60);
	return put16(at, (unsigned int)len);
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
	size_t len = strlen(text), strings = (len + 254) / 255;

	at = put_record(at, ns_t_cname, 4);
	memcpy(at, "\1k", 2);
	at = put16(at + 2, 0xc000 | NS_HFIXEDSZ);
	at = put_record(at, ns_t_txt, len + strings);
	while (len > 0) {
		size_t now = len < 255 ? len : 255;

		*at++ = (unsigned char)now;
		memcpy(at, text, now);
		at += now;
		text += now;
		len -= now;
	}
	return at;
}

/* The name of the question, and where the question ends. */
static unsigned char *read_question(struct support_dns *dns, unsigned char *message)
{
	unsigned char *at = message + NS_HFIXEDSZ;
	size_t used = 0;

	while (*at != 0) {
		used += (size_t)snprintf(dns->last + used, sizeof(dns->last) - used, "%s%.*s",
			used > 0 ? "." : "", *at, (char *)at + 1);
		at += *at + 1;
	}
	return at + 1 + NS_QFIXEDSZ;
}

static size_t answer(struct support_dns *dns, unsigned char *message)
{
	static const int codes[] = {[DNS_ANSWERS_NO_NAME] = ns_r_nxdomain,
		[DNS_ANSWERS_NO_NAME_LATE] = ns_r_nxdomain,
		[DNS_ANSWERS_FAILURE] = ns_r_servfail,
		[DNS_ANSWERS_NOTHING] = 0};
	unsigned char *end = read_question(dns, message);
	unsigned int flags = 0x8180 | (unsigned int)codes[dns->answer] |
			     (dns->answer == DNS_ANSWERS_TRUNCATED ? 0x0200 : 0);
	bool text = dns->answer == DNS_ANSWERS_TEXT;
	bool garbage = dns->answer == DNS_ANSWERS_GARBAGE;

	put16(message + 2, flags);
	put16(message + 6, text ? 2 : garbage ? 9 : 0);
	memset(message + 8, 0, 4);
	if (text)
		end = put_text(end, dns->text);
	else if (garbage)
		end = put_record(end, ns_t_txt, 60000);
	return (size_t)(end - message);
}

static void *serve(void *context)
{
	struct support_dns *dns = context;
	unsigned char message[2 * MESSAGE_SIZE];
	struct sockaddr_storage peer;

	for (;;) {
		socklen_t peer_len = sizeof(peer);
		ssize_t len = recvfrom(dns->fd, message, MESSAGE_SIZE, 0,
			(struct sockaddr *)(void *)&peer, &peer_len);
		size_t reply;

		if (len < NS_HFIXEDSZ)
			return NULL;
		pthread_mutex_lock(&dns->mutex);
		dns->questions++;
		reply = answer(dns, message);
		if (dns->answer == DNS_ANSWERS_NO_NAME_LATE)
			usleep(900000);
		if (dns->answer != DNS_ANSWERS_NOTHING)
			sendto(dns->fd, message, reply, 0, (struct sockaddr *)(void *)&peer,
				peer_len);
		pthread_mutex_unlock(&dns->mutex);
	}
}

struct support_dns *support_dns_start(const char *address)
{
	struct support_dns *dns = calloc(1, sizeof(*dns));
	bool v6 = strchr(address, ':') != NULL;
	struct sockaddr_in v4_name = {.sin_family = AF_INET};
	struct sockaddr_in6 v6_name = {.sin6_family = AF_INET6};
	struct sockaddr *name =
		v6 ? (struct sockaddr *)(void *)&v6_name : (struct sockaddr *)(void *)&v4_name;
	socklen_t len = v6 ? sizeof(v6_name) : sizeof(v4_name);

	assert_non_null(dns);
	dns->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(v6 ? AF_INET6 : AF_INET, address,
		v6 ? (void *)&v6_name.sin6_addr : (void *)&v4_name.sin_addr);
	if (dns->fd < 0 || bind(dns->fd, name, len) != 0 ||
		getsockname(dns->fd, name, &len) != 0) {
		close(dns->fd);
		free(dns);
		return NULL;
	}
	snprintf(dns->name, sizeof(dns->name), v6 ? "[%s]:%d" : "%s:%d", address,
		ntohs(v6 ? v6_name.sin6_port : v4_name.sin_port));
	pthread_mutex_init(&dns->mutex, NULL);
	assert_int_equal(pthread_create(&dns->thread, NULL, serve, dns), 0);
	return dns;
}

void support_dns_stop(struct support_dns **dns)
{
	if (*dns == NULL)
		return;
	shutdown((*dns)->fd, SHUT_RDWR);
	pthread_join((*dns)->thread, NULL);
	close((*dns)->fd);
	pthread_mutex_destroy(&(*dns)->mutex);
	free(*dns);
	*dns = NULL;
}

const char *support_dns_name(const struct support_dns *dns)
{
	return dns->name;
}

void support_dns_set(struct support_dns *dns, enum support_dns_answer answer_, const char *text)
{
	pthread_mutex_lock(&dns->mutex);
	dns->answer = answer_;
	dns->text = text;
	dns->questions = 0;
	pthread_mutex_unlock(&dns->mutex);
}

int support_dns_questions(struct support_dns *dns)
{
	int questions;

	pthread_mutex_lock(&dns->mutex);
	questions = dns->questions;
	pthread_mutex_unlock(&dns->mutex);
	return questions;
}

void support_dns_last(struct support_dns *dns, char *name_r, size_t size)
{
	pthread_mutex_lock(&dns->mutex);
	snprintf(name_r, size, "%s", dns->last);
	pthread_mutex_unlock(&dns->mutex);
}
