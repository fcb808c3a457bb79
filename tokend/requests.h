/*
 * Requests (token/protocol.h), from the frame to the answer.
 */
#ifndef POSTINVITE_TOKEND_REQUESTS_H
#define POSTINVITE_TOKEND_REQUESTS_H

#include "tokend.h"

struct flow;
struct redirect;

struct request {
	TAILQ_ENTRY(request) link; /* in tokend->requests */
	/* in that list, of those who wait for a code; NULL: in none */
	TAILQ_ENTRY(request) waiting;
	struct request_list *list;
	struct tokend *tokend;
	struct ipc_peer *peer; /* NULL: gone, the answer is for nobody */
	uint32_t call;
	struct json_object *body;
	struct json_object *invitation; /* the link's or the key's, where the op has one */
	void (*run)(struct request *request); /* with the invitation */
	/* of those who wait for a refresh: op validate, else op token */
	bool validate;
	/* what is under way */
	struct ipc_async_call *ask;
	struct authority_wait *wait;
	struct http_call *http;
	struct redirect *redirect;
};

/* Takes the listening descriptor over. Returns 0, or -1 out of memory. */
int requests_serve(struct tokend *tokend, int listener);
void requests_free(struct tokend *tokend); /* nobody is answered */

/* Answer and free. */
/* taken over; NULL: out of memory */
void request_reply(struct request *request, struct json_object *reply);
void request_fail(struct request *request, const struct error *error);
void request_refuse(struct request *request, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Into a list of those who wait for a code, out of the one before; NULL: into none. */
void request_wait(struct request *request, struct request_list *list);

/* Which kind of error a refusal of Microsoft's is for the asker. */
enum error_kind refusal_kind(enum outcome outcome);

/* redirect.c, confirm.c and callback.c: ops that send a browser to Microsoft, and what it brings back. */
void sign_in_request(struct request *request);
void confirm_request(struct request *request);
void approve_request(struct request *request);
void callback_request(struct request *request);
void redirect_free(struct redirect **redirect);

/* access.c */
void validate_request(struct request *request);
void access_request(struct request *request);

/* order.c: a mail that an operator wants. */
void resend_request(struct request *request);

/* Answers op callback. */
void callback_reply(struct request *request, const char *outcome, const char *text);

/* Removes what is over: browsers that never came back. */
void redirect_sweep(struct tokend *tokend);

#endif
