/*
 * Settings: one immutable generation, read from postinvite.cf in main.cf syntax.
 *
 * One table (settings_table.c) gives each setting its name, type, default, range, group and
 * one-line meaning; the file's parser, `postinvite -p`, the sample file and the manual page
 * derive from it. A generation never changes once loaded, and a reload makes a new one (who
 * still uses the old one is base/daemon.h's to know). Strings and lists live as long as the
 * generation.
 *
 * Threads: a generation may be read from any thread.
 */
#ifndef POSTINVITE_BASE_SETTINGS_H
#define POSTINVITE_BASE_SETTINGS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SETTINGS_FILE		   "postinvite.cf"
#define SETTINGS_DEFAULT_DIRECTORY "/etc/postinvite"

enum link_fallback { LINK_FALLBACK_PASS, LINK_FALLBACK_APPEND, LINK_FALLBACK_REJECT };
enum yes { NO, YES };
enum unsignable_action { UNSIGNABLE_REJECT, UNSIGNABLE_PASS };

enum wizard_mode { WIZARD_BUILTIN, WIZARD_REDIRECT };
enum sign_in_method { SIGN_IN_DEVICE, SIGN_IN_CODE };

/* NULL-terminated; an empty list has its NULL first. */
typedef const char *const *string_list;

struct settings {
	const char *config_directory;

	const char *wizard_url; /* without a trailing slash */
	const char *application_name;
	const char *client_id;
	string_list welcome_senders;
	string_list welcome_submitters;
	const char *myhostname;
	const char *daemon_user;

	const char *state_store; /* "bdb:DIRECTORY" */
	long state_cache;	 /* MB, 0: by the state's size */
	const char *vault_store; /* directory; never empty once loaded */
	const char *store_listen;
	const char *tokend_listen;
	const char *milter_listen;
	const char *policy_listen;
	const char *lookup_listen;
	const char *socket_group; /* "" or a group */
	const char *wizard_listen;
	string_list wizard_proxies;	  /* networks, base/network.h */
	const char *wizard_tls_cert_file; /* "" or path */
	const char *wizard_tls_key_file;
	const char *admin_listen;
	const char *admin_user_header; /* "" or a header's name */
	string_list admin_subjects;    /* NAME:view, NAME:operate */
	const char *admin_ca_file;     /* "" or path, not empty where admin_listen is inet: */
	const char *admin_tls_cert_file;
	const char *admin_tls_key_file;
	const char *metrics_listen; /* "" or an endpoint */
	const char *link_key_file;
	const char *vault_key_file;

	const struct pattern *welcome_subject; /* NULL when not set */
	enum yes welcome_require_tls;
	const struct pattern *customer_id_pattern; /* NULL when not set */
	const char *link_placeholder;
	const char *platform_url; /* "" or without a trailing slash */
	enum link_fallback link_fallback;
	enum unsignable_action unsignable_action;
	const char *bounce_address;  /* "" or mailbox */
	const char *smime_cert_file; /* "" or path */
	const char *smime_key_file;
	enum yes strip_broken_dkim;
	time_t invitation_lifetime;
	enum wizard_mode wizard_mode;
	time_t resend_interval;	    /* 0: not paced */
	long recipient_daily_limit; /* 0: none */
	enum yes require_known_customer;

	const char *consent_address; /* "" or mailbox */
	string_list consent_senders;
	string_list consent_dkim_domains;
	const char *consent_authentication; /* "dkim" or "authserv:ID" */
	const char *consent_patterns;
	string_list dns_servers;

	const char *authority_url;
	const char *graph_url;
	string_list scopes;
	enum sign_in_method sign_in_method;
	string_list confirmation_scopes;
	time_t refresh_interval;
	string_list token_readers; /* users and @groups */

	const char *webhook_url;      /* "" or as it is requested */
	const char *webhook_key_file; /* "" only where webhook_url is */
	time_t webhook_lifetime;
	enum yes auto_reinvite;
	const time_t *reminder_intervals; /* seconds, ascending; 0 behind the last */
	const char *notify_sender;
	const char *sendmail_command;

	const char *template_directory;
	const char *default_language; /* a language tag */
	const char *brand_name;	      /* never empty once loaded */
	const char *brand_logo_file;  /* "" or path */
	const char *brand_color;      /* #rrggbb, readable on white */
	const char *support_address;  /* "", mailbox or URL */

	time_t history_retention;
};

/* One fault of the configuration: text is "file:line: what" or, for -o and settings
 * that are missing, "name: what". */
typedef void settings_fault_fn(void *context, const char *text);

struct settings_source {
	const char *config_directory; /* holds SETTINGS_FILE */
	const char *const *overrides; /* "name=value" of -o, NULL-terminated; or NULL */
	settings_fault_fn *fault;     /* told every fault, not only the first */
	void *fault_context;
};

/* Loads a generation, the caller's (settings_free). Returns 0, or -1 when there was a fault. */
int settings_load(const struct settings_source *source, const struct settings **settings_r);

/* One setting's value with $name expanded, whether or not the others are in order: for a key
 * file that is made while the configuration is still being written. Returns 0 with value
 * appended, or -1 (configuration). */
int settings_value(const struct settings_source *source, const char *name, struct buf *value,
	struct error *error);

void settings_free(const struct settings **settings); /* accepts NULL; nulls */

/* The settings in force as "name = value" lines, in the table's order, values as written
 * with $name expanded; only_changed leaves out those that stand at their default. */
void settings_print(const struct settings *settings, bool only_changed, struct buf *out);

/* The sample file and the mdoc list of settings, made from the table. */
void settings_print_sample(struct buf *out);
void settings_print_manual(struct buf *out);

#endif
