/*
 * What the files of the view share: rows, their texts, and the orders.
 *
 * A row is a number, which stays while the invitation is known and is used again afterwards.
 * Its texts, folded, stand together in one arena:
 *
 *	0, the row's number (8 bytes, 4 bits in each), then for each field its text and an END
 *
 * No folded text has a byte below 0x20, so that what is searched for is never found across two
 * fields or in a number, fields compare by their bytes up to the first that differs, and from
 * any place in the arena the 0 before it leads to the row. Texts that were replaced stay until
 * they are many (texts_compact).
 */
#ifndef POSTINVITE_ADMIN_VIEW_INTERNAL_H
#define POSTINVITE_ADMIN_VIEW_INTERNAL_H

#include "view.h"

#include "base/buf.h"

#define NO_ROW	  UINT32_MAX
#define FIELD_END '\001'

/* The texts in the arena; the first SORTED_FIELDS are kept sorted. */
enum field {
	FIELD_ID,
	FIELD_CUSTOMER_ID,
	FIELD_FULL_NAME,
	FIELD_INVITATION_EMAIL,
	FIELD_ADMIN_EMAIL,
	SORTED_FIELDS,
	FIELD_TENANT = SORTED_FIELDS,
	FIELDS
};

/* Times are seconds since the epoch, 0: has not happened. */
struct row {
	uint32_t text;	   /* its place in the arena; 0: the row is free */
	uint32_t next;	   /* in its bucket, or among the free ones */
	uint32_t capitals; /* bit n: the id's nth character is a capital */
	uint32_t created, expires, revoked, sent, opened, authenticated, completed;
	uint32_t used;	  /* when the token was last known to work */
	uint32_t changed; /* the version it was put with, its lower half */
	uint16_t count;
	unsigned char before, after; /* status until it expires, and from then on */
	unsigned char delivery, consent;
	unsigned char token; /* enum token */
	uint64_t tenant;     /* hash of who signed in, 0: nobody */
};

enum token { TOKEN_NONE, TOKEN_VALID, TOKEN_NEEDS_SIGN_IN };

/* A sorted list of rows in blocks, each a small array: putting one in moves a block's rest. */
#define ORDER_BLOCK 1024
struct order_block {
	uint32_t n;
	uint32_t rows[ORDER_BLOCK];
};
struct order {
	struct order_block **blocks; /* none is empty */
	size_t n, cap;
};

struct view {
	struct row *rows;
	size_t rows_n, rows_cap; /* in use, free ones among them */
	size_t size;		 /* invitations */
	uint32_t free;		 /* the first free row or NO_ROW */
	uint32_t *buckets;	 /* the first row of each hash of an id */
	size_t buckets_n;	 /* a power of two */
	struct buf texts;
	size_t texts_dead; /* bytes of texts that are no row's any more */
	enum field sorted; /* those before it have their order */
	struct order orders[SORTED_FIELDS];
	uint64_t version;
};

enum status row_status(const struct row *row, time_t now);
void row_id(const struct view *view, uint32_t row, char id_r[INVITATION_ID_LEN + 1]);

/* Appends text as it is searched and sorted: lower case, without accents and control characters. */
void text_fold(const char *text, struct buf *out);

/* Where the row's field begins; it ends at FIELD_END. */
const char *row_field(const struct view *view, uint32_t row, enum field field);

/* Appends the row's texts to the arena and sets its place. Returns 0 or -1 (out of memory). */
int texts_put(struct view *view, uint32_t row, const struct buf *fields);
void texts_drop(struct view *view, uint32_t row);
bool texts_same(const struct view *view, uint32_t row, const struct buf *fields);

/* Calls found for each row that has it (folded, not empty) in a field. */
typedef void row_found_fn(void *context, uint32_t row);
void texts_search(
	const struct view *view, const struct buf *what, row_found_fn *found, void *context);

int orders_build_next(struct view *view); /* one more. 0 or -1 */
void orders_clear(struct view *view);
int orders_put(struct view *view, uint32_t row); /* 0, or -1: it is in none */
void orders_remove(struct view *view, uint32_t row);

struct pick {
	uint64_t key;
	uint32_t row;
};

/* How many of `total` stand on the page. */
size_t page_of(size_t total, size_t offset, size_t limit);

/* Puts those that stand from offset on in order of key and row, limit of them, at their places. */
void pick_page(struct pick *picks, size_t n, size_t offset, size_t limit);

#endif
