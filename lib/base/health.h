/*
 * What /healthz says, part by part. Each program judges what it alone can see and puts its
 * findings into its report to the store (store/report.h); admin adds who was heard of. The
 * checks here are pure: facts in, a state and a text out. A text says what is wrong and what to
 * do.
 *
 * Findings are a JSON array of {"part", "state": "ok"|"warn"|"fail", "text"}. Of several about
 * one part the worst counts.
 */
#ifndef POSTINVITE_BASE_HEALTH_H
#define POSTINVITE_BASE_HEALTH_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define HEALTH_TEXT_SIZE 512

enum health_state { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

enum health_part {
	HEALTH_STORE,
	HEALTH_DISK,
	HEALTH_MILTER,
	HEALTH_POLICY,
	HEALTH_WIZARD,
	HEALTH_TOKEND,
	HEALTH_MICROSOFT,
	HEALTH_QUEUE,
	HEALTH_WEBHOOK,
	HEALTH_CLOCK,
	HEALTH_WIZARD_CERTIFICATE,
	HEALTH_ADMIN_CERTIFICATE,
	HEALTH_SMIME_CERTIFICATE,
	HEALTH_LINK_KEY,
	HEALTH_VAULT_KEY,
	HEALTH_PARTS
};

/* "store", "disk", ..., with what each is about (for the manual); both end with NULL. */
extern const char *const health_names[HEALTH_PARTS + 1];
extern const char *const health_meanings[HEALTH_PARTS + 1];

/* The programs that report, and that are listed. Ends with NULL. */
extern const char *const health_programs[];

const char *health_state_name(enum health_state state);
/* false: no such name */
bool health_state_named(const char *name, enum health_state *state_r);
bool health_part_named(const char *name, enum health_part *part_r);

/* Appends a finding. The text is cut to that of an error and stays one line. Out of memory it
 * is left out. */
void health_put(struct json_object *findings, enum health_part part, enum health_state state,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#define HEALTH_CLOCK_WARN	30 /* seconds */
#define HEALTH_CLOCK_FAIL	300
#define HEALTH_CERTIFICATE_WARN (30L * 24 * 3600)
#define HEALTH_KEY_AGE		(2L * 365 * 24 * 3600)
#define HEALTH_KEYS		8   /* so many keys in a file are left over from somewhere */
#define HEALTH_LATE_WARN	300 /* seconds */
#define HEALTH_LATE_FAIL	3600
#define HEALTH_DISK_WARN	10 /* per cent that are left */
#define HEALTH_DISK_FAIL	((uint64_t)32 * 1024 * 1024)

/* ours minus Microsoft's, seconds. */
void health_clock(struct json_object *findings, long ahead);

/* setting: that names the file. */
struct health_certificate {
	enum health_part part;
	const char *setting, *path;
	time_t not_after;
	time_t not_before; /* 0: it is not asked about */
};
void health_certificate(
	struct json_object *findings, const struct health_certificate *certificate, time_t now);

/* The same for who is told otherwise (-t, a log). */
enum health_state health_certificate_text(const struct health_certificate *certificate,
	time_t now, char text_r[HEALTH_TEXT_SIZE]);

struct health_key_file {
	enum health_part part;
	const char *path, *flag; /* "link": of postinvite -k */
	time_t changed;		 /* when its first line was made: the file's modification */
	size_t keys;
};
void health_key_file(
	struct json_object *findings, const struct health_key_file *file, time_t now);

/* Times of the last answer that said yes or no; of the first and the last request since then
 * that got none; 0: there is no such thing. refused: Microsoft's words about the app
 * registration, or "". */
struct health_microsoft {
	time_t answered, failing_since, failed;
	const char *fault;
	const char *refused;
};
void health_microsoft(
	struct json_object *findings, const struct health_microsoft *facts, time_t now);

/* The oldest event that the receiver refuses is refused since then (0: none is), and how many
 * were given up. */
struct health_webhook {
	time_t failing_since;
	size_t dead_letters;
};
void health_webhook(
	struct json_object *findings, const struct health_webhook *facts, time_t now);

/* what: "token refresh"; late: seconds, at most 0 for nothing. */
void health_queue(struct json_object *findings, const char *what, long late);

void health_disk(struct json_object *findings, const char *directory, uint64_t free_bytes,
	uint64_t all_bytes);

#endif
