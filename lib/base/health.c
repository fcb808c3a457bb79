/*
 * The checks, and the names that reports use.
 */
#include "base/health.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY (24L * 3600)

const char *const health_programs[] = {
	"store", "milter", "policy", "wizard", "tokend", "admin", NULL};

const char *const health_names[HEALTH_PARTS + 1] = {
	[HEALTH_STORE] = "store",
	[HEALTH_DISK] = "disk",
	[HEALTH_MILTER] = "milter",
	[HEALTH_POLICY] = "policy",
	[HEALTH_WIZARD] = "wizard",
	[HEALTH_TOKEND] = "tokend",
	[HEALTH_MICROSOFT] = "microsoft",
	[HEALTH_QUEUE] = "queue",
	[HEALTH_WEBHOOK] = "webhook",
	[HEALTH_CLOCK] = "clock",
	[HEALTH_WIZARD_CERTIFICATE] = "wizard_certificate",
	[HEALTH_ADMIN_CERTIFICATE] = "admin_certificate",
	[HEALTH_SMIME_CERTIFICATE] = "smime_certificate",
	[HEALTH_LINK_KEY] = "link_key",
	[HEALTH_VAULT_KEY] = "vault_key",
};

const char *const health_meanings[HEALTH_PARTS + 1] = {
	[HEALTH_STORE] = "the store answers, its disk takes what it is told, and the customers "
			 "table can be read",
	[HEALTH_DISK] = "room for the state: warn below 10 per cent, fail below 32 MiB",
	[HEALTH_MILTER] = "the milter was heard of within a minute",
	[HEALTH_POLICY] = "the policy service likewise, once it was heard of",
	[HEALTH_WIZARD] = "the wizard likewise",
	[HEALTH_TOKEND] = "tokend likewise",
	[HEALTH_MICROSOFT] = "Microsoft answers, and accepts the app registration",
	[HEALTH_QUEUE] = ("refreshes and polls happen when they are due: warn when one is 5 "
			  "minutes late, fail at an hour"),
	[HEALTH_WEBHOOK] = "the platform takes its events: the same times; dead letters warn",
	[HEALTH_CLOCK] =
		"this machine's clock beside Microsoft's: warn from 30 s, fail from 300 s",
	[HEALTH_WIZARD_CERTIFICATE] =
		"wizard_tls_cert_file: warn 30 days before it ends, fail then",
	[HEALTH_ADMIN_CERTIFICATE] = "admin_tls_cert_file likewise",
	[HEALTH_SMIME_CERTIFICATE] = "smime_cert_file likewise, fail also before it begins",
	[HEALTH_LINK_KEY] =
		"link_key_file: warn when it is two years old or holds more than 8 keys",
	[HEALTH_VAULT_KEY] = "vault_key_file likewise",
};

static const char *const state_names[] = {
	[HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail", NULL};

const char *health_state_name(enum health_state state)
{
	return state_names[state];
}

static bool named(const char *const *names, const char *name, unsigned *place_r)
{
	for (unsigned i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0) {
			*place_r = i;
			return true;
		}
	return false;
}

bool health_state_named(const char *name, enum health_state *state_r)
{
	unsigned place;

	if (!named(state_names, name, &place))
		return false;
	*state_r = (enum health_state)place;
	return true;
}

bool health_part_named(const char *name, enum health_part *part_r)
{
	unsigned place;

	if (!named(health_names, name, &place))
		return false;
	*part_r = (enum health_part)place;
	return true;
}

void health_put(struct json_object *findings, enum health_part part, enum health_state state,
	const char *format, ...)
{
	struct json_object *finding = json_object_new_object();
	char text[HEALTH_TEXT_SIZE];
	struct error line;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Not in the middle of a character. */
	if (len >= (int)sizeof(text))
		for (len = sizeof(text) - 1; len > 0 && (unsigned char)text[len - 1] >= 0x80;
			len--)
			text[len - 1] = '\0';
	error_set(&line, ERROR_NONE, "%s", text);
	if (finding == NULL || json_set_string(finding, "part", health_names[part]) != 0 ||
		json_set_string(finding, "state", state_names[state]) != 0 ||
		json_set_string(finding, "text", line.text) != 0 ||
		json_object_array_add(findings, finding) != 0)
		json_object_put(finding);
}

void health_clock(struct json_object *findings, long ahead)
{
	long off = ahead < 0 ? -ahead : ahead;
	enum health_state state = off >= HEALTH_CLOCK_FAIL   ? HEALTH_FAIL
				  : off >= HEALTH_CLOCK_WARN ? HEALTH_WARN
							     : HEALTH_OK;

	if (state == HEALTH_OK)
		health_put(findings, HEALTH_CLOCK, state,
			"agrees with Microsoft's within %ld s", off < 1 ? 1 : off);
	else
		health_put(findings, HEALTH_CLOCK, state,
			"this machine's clock is %ld s %s Microsoft's: set it (chrony, "
			"systemd-timesyncd); tokens are refused as too old or not yet valid when "
			"it is off",
			off, ahead < 0 ? "behind" : "ahead of");
}

enum health_state health_certificate_text(
	const struct health_certificate *certificate, time_t now, char text_r[HEALTH_TEXT_SIZE])
{
	char at[CLOCK_TEXT_SIZE];
	time_t left = certificate->not_after - now;

	if (now < certificate->not_before) {
		clock_format(certificate->not_before, at);
		snprintf(text_r, HEALTH_TEXT_SIZE,
			"%s %.300s is not valid before %s: use the one before it until then, or "
			"set this machine's clock",
			certificate->setting, certificate->path, at);
		return HEALTH_FAIL;
	}
	clock_format(certificate->not_after, at);
	if (left >= HEALTH_CERTIFICATE_WARN) {
		snprintf(text_r, HEALTH_TEXT_SIZE, "%s is valid until %s", certificate->setting,
			at);
		return HEALTH_OK;
	}
	if (left < 0)
		snprintf(text_r, HEALTH_TEXT_SIZE,
			"%s %.300s has expired at %s: put a new one there and reload",
			certificate->setting, certificate->path, at);
	else
		snprintf(text_r, HEALTH_TEXT_SIZE,
			"%s %.300s expires at %s, in %ld %s: put a new one there and reload",
			certificate->setting, certificate->path, at, (long)(left / DAY),
			left / DAY == 1 ? "day" : "days");
	return left < 0 ? HEALTH_FAIL : HEALTH_WARN;
}

void health_certificate(
	struct json_object *findings, const struct health_certificate *certificate, time_t now)
{
	char text[HEALTH_TEXT_SIZE];
	enum health_state state = health_certificate_text(certificate, now, text);

	health_put(findings, certificate->part, state, "%s", text);
}

void health_key_file(
	struct json_object *findings, const struct health_key_file *file, time_t now)
{
	long days = (long)((now - file->changed) / DAY);

	if (now - file->changed > HEALTH_KEY_AGE)
		health_put(findings, file->part, HEALTH_WARN,
			"%s has had its current key for %ld days: \"postinvite -k %s\" makes a new "
			"one, then reload the programs; what older keys made stays readable",
			file->path, days, file->flag);
	else if (file->keys > HEALTH_KEYS)
		health_put(findings, file->part, HEALTH_WARN,
			"%s holds %zu keys: remove the last lines, whose keys nothing needs any more",
			file->path, file->keys);
	else
		health_put(findings, file->part, HEALTH_OK,
			"%zu %s, the current one %ld days old", file->keys,
			file->keys == 1 ? "key" : "keys", days < 0 ? 0 : days);
}

/* One request that failed long ago, and none behind it, says nothing about now. */
void health_microsoft(
	struct json_object *findings, const struct health_microsoft *facts, time_t now)
{
	bool failing = facts->failing_since != 0 && now - facts->failed < HEALTH_LATE_FAIL;
	char at[CLOCK_TEXT_SIZE];

	clock_format(failing ? facts->failing_since : facts->answered, at);
	if (facts->refused[0] != '\0')
		health_put(findings, HEALTH_MICROSOFT, HEALTH_FAIL,
			"Microsoft refuses the app registration: %.400s", facts->refused);
	else if (failing)
		health_put(findings, HEALTH_MICROSOFT,
			facts->failed - facts->failing_since < HEALTH_LATE_WARN ? HEALTH_WARN
										: HEALTH_FAIL,
			"no answer since %s (%.300s): check this machine's way out by HTTPS, "
			"its DNS and Microsoft's service health; it is tried again by itself",
			at, facts->fault);
	else if (facts->answered == 0)
		health_put(findings, HEALTH_MICROSOFT, HEALTH_OK, "nothing was asked yet");
	else
		health_put(findings, HEALTH_MICROSOFT, HEALTH_OK, "answered at %s", at);
}

void health_webhook(
	struct json_object *findings, const struct health_webhook *facts, time_t now)
{
	char at[CLOCK_TEXT_SIZE];
	time_t failing = now - facts->failing_since;

	clock_format(facts->failing_since, at);
	if (facts->failing_since != 0 && failing >= HEALTH_LATE_WARN)
		health_put(findings, HEALTH_WEBHOOK,
			failing < HEALTH_LATE_FAIL ? HEALTH_WARN : HEALTH_FAIL,
			"the receiver at webhook_url has refused an event since %s: tokend's log "
			"has its answer (webhook_failed); it is tried again by itself",
			at);
	else if (facts->dead_letters > 0)
		health_put(findings, HEALTH_WEBHOOK, HEALTH_WARN,
			"%zu events were given up as dead letters: mend the receiver, then have "
			"them told again (op dead_letters)",
			facts->dead_letters);
	else
		health_put(findings, HEALTH_WEBHOOK, HEALTH_OK, "every event is taken in time");
}

void health_queue(struct json_object *findings, const char *what, long late)
{
	if (late < HEALTH_LATE_WARN)
		health_put(findings, HEALTH_QUEUE, HEALTH_OK, "what is due is done in time");
	else
		health_put(findings, HEALTH_QUEUE,
			late < HEALTH_LATE_FAIL ? HEALTH_WARN : HEALTH_FAIL,
			"the oldest %s that is due waits since %ld min: tokend's log says what "
			"holds it up",
			what, late / 60);
}

void health_disk(struct json_object *findings, const char *directory, uint64_t free_bytes,
	uint64_t all_bytes)
{
	unsigned long mib = (unsigned long)(free_bytes / (1024 * 1024));
	enum health_state state = free_bytes < HEALTH_DISK_FAIL ? HEALTH_FAIL
				  : free_bytes < all_bytes / 100 * HEALTH_DISK_WARN
					  ? HEALTH_WARN
					  : HEALTH_OK;

	if (state == HEALTH_OK)
		health_put(findings, HEALTH_DISK, state, "%lu MiB are left for %s", mib,
			directory);
	else
		health_put(findings, HEALTH_DISK, state,
			"only %lu MiB are left for %s: make room; once the disk is full, Welcome mail "
			"and sign-ins are put off until there is some again",
			mib, directory);
}
