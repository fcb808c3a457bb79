/*
 * What notice.c and order.c share; nobody else includes this.
 */
#ifndef POSTINVITE_TOKEND_NOTICE_INTERNAL_H
#define POSTINVITE_TOKEND_NOTICE_INTERNAL_H

#include "notice.h"
#include "sendmail.h"

#include "invite/link.h"
#include "invite/notice.h"

struct order;
LIST_HEAD(notice_list, notice);

struct notice {
	LIST_ENTRY(notice) entry;
	struct tokend *tokend;
	char id[INVITATION_ID_LEN + 1];
	struct json_object *sent; /* invite/notice.h's notes */
	time_t due;		  /* 0: nothing is planned */
	time_t until;		  /* when the invitation ends */
	bool dirty, stored;
	struct event *timer;
	struct ipc_async_call *ask;
	/* while a mail is under way */
	enum notice_kind sending;   /* NOTICE_NONE: none is */
	struct json_object *before; /* the notes as they were */
	int failures;
	time_t not_before;
	struct order *order; /* the mail under way is an operator's wish; or NULL */
};

struct notices {
	void *tree; /* tsearch(3), by id */
	struct notice_list list;
	struct sendmail *sendmail;
};

struct notice *notice_find(struct tokend *tokend, const char *id); /* or NULL */

/* Takes sent over. NULL out of memory. */
struct notice *notice_new(struct tokend *tokend, const char *id, struct json_object *sent);
int notice_put(struct notice *notice, struct error *error); /* into the vault */

/* Until when it has to be remembered; one that needs a sign-in has outlived its expiry. */
void notice_set_end(struct notice *notice, struct json_object *record);

/* Gives the mail to sendmail_command. Returns 0, or -1 with error set. */
int notice_hand_over(struct notice *notice, enum notice_kind kind, struct json_object *record,
	struct error *error);

/* It has not left: the notes are as if it had not been tried. */
void notice_take_back(struct notice *notice);

/* What is due is decided anew. */
void notice_look_again(struct notice *notice);

const char *order_operator(const struct order *order); /* NULL where there is none */

/* The mail has left (error NULL), or may have (uncertain); or it has not. Nothing where there
 * is no order. */
void order_done(struct notice *notice, const struct error *error);
void order_refused(struct notice *notice, const struct error *error);
void order_free(
	struct order **order); /* those who wait are not answered; accepts NULL; nulls */

#endif
