/*
 * The HTTPS client against servers on loopback: a raw one in the same loop, which answers as
 * badly as a path asks for, and one with TLS.
 */
#include "support.h"

#include "base/clock.h"
#include "token/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWERS_MAX 16

struct rig {
	struct event_base *base;
	struct evconnlistener *listener;
	struct http *http;
	int port, connections, requests, open, most_open;
	/* what came back */
	int answers;
	struct http_answer last;
	char body[4096];
};

static void answer_path(struct bufferevent *peer, const char *request)
{
	struct evbuffer *out = bufferevent_get_output(peer);
	char path[64] = "";

	sscanf(request, "%*s %63s", path);
	if (strcmp(path, "/silent") == 0)
		return;
	if (strcmp(path, "/drop") == 0)
		shutdown(bufferevent_getfd(peer), SHUT_RDWR);
	else if (strcmp(path, "/truncated") == 0) {
		evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: "
					 "100\r\nConnection: close\r\n\r\nhalf");
		bufferevent_flush(peer, EV_WRITE, BEV_FLUSH);
		bufferevent_set_timeouts(peer, &(struct timeval){0, 50000}, NULL);
	} else if (strcmp(path, "/huge") == 0) {
		evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%*s",
			REPLY_MAX + 1, REPLY_MAX + 1, "x");
	} else if (strcmp(path, "/largest") == 0) {
		evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%*s",
			REPLY_MAX, REPLY_MAX, "x");
	} else if (strcmp(path, "/wait") == 0) {
		evbuffer_add_printf(out,
			"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/wait-long") == 0) {
		evbuffer_add_printf(out, "HTTP/1.1 503 No\r\nRetry-After: Fri, 01 Jan 2100 "
					 "00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/dated") == 0) {
		evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 "
					 "GMT\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/elsewhere") == 0) {
		evbuffer_add_printf(out,
			"HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
	} else {
		evbuffer_add_printf(out, "HTTP/1.1 400 Bad\r\nContent-Length: %zu\r\n\r\n%s",
			strlen(request), request);
	}
}

static void on_request(struct bufferevent *peer, void *context)
{
	struct rig *rig = context;
	struct evbuffer *in = bufferevent_get_input(peer);
	size_t len = evbuffer_get_length(in);
	char request[2048];
	const char *end, *length;

	assert_true(len < sizeof(request));
	evbuffer_copyout(in, request, len);
	request[len] = '\0';
	end = strstr(request, "\r\n\r\n");
	length = strstr(request, "Content-Length: ");
	if (end == NULL || (length != NULL && strlen(end + 4) < (size_t)atoi(length + 16)))
		return;
	evbuffer_drain(in, len);
	rig->requests++;
	answer_path(peer, request);
}

static void on_closed(struct bufferevent *peer, short what, void *context)
{
	struct rig *rig = context;

	(void)what;
	rig->open--;
	bufferevent_free(peer);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *address, int len, void *context)
{
	struct rig *rig = context;
	struct bufferevent *peer = bufferevent_socket_new(rig->base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)address;
	(void)len;
	rig->connections++;
	if (++rig->open > rig->most_open)
		rig->most_open = rig->open;
	bufferevent_setcb(peer, on_request, NULL, on_closed, rig);
	bufferevent_enable(peer, EV_READ | EV_WRITE);
}

static void rig_start(struct rig *rig, int total_ms, int requests)
{
	struct http_limits limits = {
		.connect_ms = 2000, .total_ms = total_ms, .requests = requests};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct error error = {0};

	*rig = (struct rig){.base = event_base_new()};
	rig->listener = evconnlistener_new_bind(rig->base, on_connection, rig,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16, (struct sockaddr *)&address,
		sizeof(address));
	assert_non_null(rig->listener);
	getsockname(evconnlistener_get_fd(rig->listener), (struct sockaddr *)&address, &len);
	rig->port = ntohs(address.sin_port);
	rig->http = http_new(rig->base, &limits, &error);
	assert_text("http_new", error.text, "");
}

static void rig_stop(struct rig *rig)
{
	struct timeval moment = {0, 20000};

	http_free(&rig->http);
	evconnlistener_free(rig->listener);
	event_base_loopexit(
		rig->base, &moment); /* the server's side sees the connections close */
	event_base_dispatch(rig->base);
	assert_number("connections left", rig->open, 0);
	event_base_free(rig->base);
}

static void on_answer(void *context, const struct http_answer *answer)
{
	struct rig *rig = context;

	rig->answers++;
	rig->last = *answer;
	snprintf(rig->body, sizeof(rig->body), "%s",
		answer->reply.body != NULL ? answer->reply.body : "");
}

/* Runs the loop until that many answers came, at most 5 s. */
static void rig_wait(struct rig *rig, int answers)
{
	uint64_t end = clock_monotonic_ms() + 5000;

	while (rig->answers < answers && clock_monotonic_ms() < end)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_number("answers", rig->answers, answers);
}

static struct http_call *rig_send(
	struct rig *rig, const char *path, struct http_request request)
{
	struct http_call *call;
	char url[256];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", rig->port, path);
	request.url = strchr(path, ':') != NULL ? path : url;
	call = http_send(rig->http, &request, on_answer, rig);
	assert_non_null(call);
	return call;
}

static void rig_ask(struct rig *rig, const char *path, struct http_request request)
{
	rig_send(rig, path, request);
	rig_wait(rig, rig->answers + 1);
}

static void test_request(void **state)
{
	struct secret *token = secret_from_string("t0ken");
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 4);
	rig_ask(&rig, "/echo", (struct http_request){.form = secret_from_string("a=b&c=d")});
	assert_number("status", rig.last.reply.status, 400);
	assert_number("outcome", rig.last.outcome, HTTP_ANSWERED);
	assert_number("length", (long long)rig.last.reply.len, (long long)strlen(rig.body));
	assert_non_null(strstr(rig.body, "POST /echo HTTP/1.1\r\n"));
	assert_non_null(
		strstr(rig.body, "Content-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(rig.body, "\r\n\r\na=b&c=d"));
	assert_null(strstr(rig.body, "Authorization"));
	rig_ask(&rig, "/echo", (struct http_request){.bearer = token});
	assert_non_null(strstr(rig.body, "GET /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(rig.body, "Authorization: Bearer t0ken\r\n"));
	rig_ask(&rig, "/echo", (struct http_request){0});
	assert_null(strstr(rig.body, "t0ken"));
	assert_number("pending", (long long)http_pending(rig.http), 0);
	secret_free(&token);
	rig_stop(&rig);
}

static void test_json(void **state)
{
	static const char *const headers[] = {"X-One: 1", "X-Two: 2", NULL};
	struct http_request request = {.headers = headers};
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 4);
	request.json = secret_from_string("{\"a\":1}");
	rig_ask(&rig, "/echo", request);
	assert_non_null(strstr(rig.body, "POST /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(rig.body, "Content-Type: application/json\r\n"));
	assert_null(strstr(rig.body, "urlencoded"));
	assert_non_null(strstr(rig.body, "X-One: 1\r\nX-Two: 2\r\n"));
	assert_non_null(strstr(rig.body, "\r\n\r\n{\"a\":1}"));
	rig_stop(&rig);
}

/* Who wants the status alone has it, whatever becomes of the body. */
static void test_status_only(void **state)
{
	static const struct {
		const char *path;
		enum http_outcome outcome;
		int status;
	} rows[] = {
		{"/largest", HTTP_ANSWERED, 200},
		{"/huge", HTTP_ANSWERED, 200},
		{"/truncated", HTTP_ANSWERED, 200},
		{"/elsewhere", HTTP_ANSWERED, 302},
		{"/echo", HTTP_ANSWERED, 400},
		{"/drop", HTTP_UNCERTAIN, 0},
		{"/silent", HTTP_UNCERTAIN, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_request request = {.status_only = true};
		struct rig rig;

		rig_start(&rig, 300, 4);
		request.json = secret_from_string("{}");
		rig_ask(&rig, rows[i].path, request);
		assert_number(rows[i].path, rig.last.outcome, rows[i].outcome);
		assert_number(rows[i].path, rig.last.reply.status, rows[i].status);
		assert_text(rows[i].path, rig.body, "");
		rig_stop(&rig);
	}
}

static void test_outcomes(void **state)
{
	static const struct {
		const char *path;
		enum http_outcome outcome;
		int status, retry_after;
		const char *fault, *text;
	} rows[] = {
		{"/largest", HTTP_ANSWERED, 200, 0, NULL, ""},
		{"/elsewhere", HTTP_ANSWERED, 302, 0, NULL, ""},
		{"/wait", HTTP_ANSWERED, 429, 7, NULL, ""},
		{"/wait-long", HTTP_ANSWERED, 503, RETRY_AFTER_MAX, NULL, ""},
		{"/huge", HTTP_UNCERTAIN, 0, 0, "too_large",
			"127.0.0.1: the answer is larger than 256 KiB"},
		{"/truncated", HTTP_UNCERTAIN, 0, 0, "broken_answer", NULL},
		{"/drop", HTTP_UNCERTAIN, 0, 0, "broken_answer", NULL},
		{"/silent", HTTP_UNCERTAIN, 0, 0, "timeout", NULL},
		{"http://127.0.0.1:1/", HTTP_UNSENT, 0, 0, "unreachable", NULL},
		{"http://192.0.2.1/", HTTP_UNSENT, 0, 0, "unreachable",
			"192.0.2.1: the URL is not https"},
		{"http://127.0.0.1.example/", HTTP_UNSENT, 0, 0, "unreachable",
			"127.0.0.1.example: the URL is not https"},
		{"ftp://127.0.0.1/", HTTP_UNSENT, 0, 0, "unreachable",
			"127.0.0.1: the URL is not https"},
		{"https://user:word@127.0.0.1/", HTTP_UNSENT, 0, 0, "unreachable",
			"127.0.0.1: a URL with a user's name is not accepted"},
		{"file:///etc/passwd", HTTP_UNSENT, 0, 0, "unreachable", NULL},
		{"https:// /", HTTP_UNSENT, 0, 0, "unreachable", "not the URL of a web server"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *label = rows[i].path;
		struct rig rig;

		rig_start(&rig, 300, 4);
		rig_ask(&rig, rows[i].path,
			(struct http_request){.form = secret_from_string("a=b")});
		assert_number(label, rig.last.outcome, rows[i].outcome);
		assert_number(label, rig.last.reply.status, rows[i].status);
		assert_number(label, rig.last.reply.retry_after, rows[i].retry_after);
		assert_text(label, rig.last.fault, rows[i].fault);
		if (rows[i].text != NULL)
			assert_text(label, rig.last.error.text, rows[i].text);
		if (rows[i].outcome != HTTP_ANSWERED)
			assert_number(label, rig.last.error.text[0] != '\0', 1);
		assert_number(label, rig.requests, rows[i].outcome != HTTP_UNSENT ? 1 : 0);
		rig_stop(&rig);
	}
}

static void test_connections(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 4);
	rig_ask(&rig, "/echo", (struct http_request){0});
	rig_ask(&rig, "/echo", (struct http_request){0});
	assert_number("kept", rig.connections, 1);
	rig_ask(&rig, "/echo", (struct http_request){.fresh = true});
	assert_number("fresh", rig.connections, 2);
	rig_ask(&rig, "/echo", (struct http_request){.fresh = true});
	assert_number("fresh again", rig.connections, 3);
	rig_ask(&rig, "/echo", (struct http_request){0});
	assert_number("the kept one still", rig.connections, 3);
	rig_stop(&rig);
}

/* A server that closes a kept connection just as the next request comes. */
static void test_no_repeat(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 4);
	rig_ask(&rig, "/echo", (struct http_request){.form = secret_from_string("a=b")});
	assert_number("answered", rig.last.outcome, HTTP_ANSWERED);
	rig_ask(&rig, "/drop", (struct http_request){.form = secret_from_string("a=b")});
	assert_number("outcome", rig.last.outcome, HTTP_UNCERTAIN);
	assert_text("text", rig.last.error.text,
		"127.0.0.1: the connection was closed without an answer");
	assert_number("requests", rig.requests, 2);
	for (int i = 0; i < 2; i++) {
		rig_ask(&rig, "/echo",
			(struct http_request){.form = secret_from_string("a=b")});
		assert_number("behind it", rig.last.outcome, HTTP_ANSWERED);
	}
	rig_stop(&rig);
}

static void test_queue(void **state)
{
	struct http_call *calls[8];
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 2);
	for (int i = 0; i < 8; i++)
		calls[i] = rig_send(&rig, "/echo", (struct http_request){0});
	assert_number("none from within", rig.answers, 0);
	assert_number("pending", (long long)http_pending(rig.http), 8);
	http_cancel(&calls[7]); /* waits */
	http_cancel(&calls[7]);
	rig_wait(&rig, 7);
	assert_number("at most two connections", rig.most_open, 2);
	rig.answers = 0;
	calls[0] = rig_send(&rig, "/silent", (struct http_request){0});
	calls[1] = rig_send(&rig, "/silent", (struct http_request){0});
	calls[2] = rig_send(&rig, "/echo", (struct http_request){0});
	while (rig.requests < 9)
		event_base_loop(rig.base, EVLOOP_ONCE);
	http_cancel(&calls[0]); /* runs: its place is free for the third */
	rig_wait(&rig, 1);
	assert_number("the third", rig.last.outcome, HTTP_ANSWERED);
	rig_stop(&rig); /* the second is still under way */
}

static char *pem_text(BIO *bio)
{
	char *bytes, *text;
	long len = BIO_get_mem_data(bio, &bytes);

	text = strndup(bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

/* A certificate for 127.0.0.1 that nobody has signed but itself. */
static void make_certificate(char **cert_r, char **key_r)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
	X509_EXTENSION *name;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	X509_add_ext(cert, name, -1);
	X509_EXTENSION_free(name);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(cert_bio, cert);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	*cert_r = pem_text(cert_bio);
	*key_r = pem_text(key_bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static enum MHD_Result tls_answer(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *size, void **own)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		2, (void *)(uintptr_t) "{}", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	(void)context, (void)url, (void)method, (void)version, (void)upload, (void)size,
		(void)own;
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static void test_certificates(void **state)
{
	static const struct {
		const char *label, *host;
		bool trusted;
		enum http_outcome outcome;
		const char *fault;
	} rows[] = {
		{"unknown authority", "127.0.0.1", false, HTTP_UNSENT, "untrusted"},
		{"known", "127.0.0.1", true, HTTP_ANSWERED, NULL},
		{"another name", "localhost", true, HTTP_UNSENT, "untrusted"},
	};
	char *cert, *key, *folder = support_folder(), *path;
	struct MHD_Daemon *server;
	char url[64];

	(void)state;
	make_certificate(&cert, &key);
	path = support_write(folder, "ca.pem", cert, 0600);
	server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL,
		tls_answer, NULL, MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY,
		key, MHD_OPTION_END);
	assert_non_null(server);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;

		if (rows[i].trusted)
			setenv("SSL_CERT_FILE", path, 1);
		else
			unsetenv("SSL_CERT_FILE");
		rig_start(&rig, 3000, 2);
		snprintf(url, sizeof(url), "https://%s:%d/", rows[i].host,
			MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
		rig_ask(&rig, url, (struct http_request){.fresh = true});
		assert_number(rows[i].label, rig.last.outcome, rows[i].outcome);
		assert_text(rows[i].label, rig.last.fault, rows[i].fault);
		rig_stop(&rig);
	}
	unsetenv("SSL_CERT_FILE");
	MHD_stop_daemon(server);
	free(cert);
	free(key);
	free(path);
	support_remove(&folder);
}

/* Who counts is told of each answer, whatever it is. */
static void on_seen(void *context, int kind, const struct http_answer *answer, uint64_t us)
{
	char *seen = context;
	size_t len = strlen(seen);

	snprintf(seen + len, 128 - len, "%d %d %ld%s, ", kind, (int)answer->outcome,
		(long)answer->date, us < 5000000 ? "" : " slow");
}

static void test_observed(void **state)
{
	char seen[128] = "";
	struct rig rig;

	(void)state;
	rig_start(&rig, 2000, 1);
	http_observe(rig.http, on_seen, seen);
	rig_ask(&rig, "/dated", (struct http_request){.kind = 7});
	rig_ask(&rig, "/echo", (struct http_request){.kind = 8});
	rig_ask(&rig, "/drop", (struct http_request){.kind = 9});
	rig_ask(&rig, "http://192.0.2.1:9/", (struct http_request){.kind = 10});
	assert_text("seen", seen, "7 0 1800000000, 8 0 0, 9 2 0, 10 1 0, ");
	assert_number("nobody waits", (long long)http_waits_us(rig.http), 0);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_observed),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_status_only),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_no_repeat),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
