/*
 * Every setting, once. The order is that of the sample file and the manual page.
 */
#include "base/settings_table.h"

#include "base/color.h"
#include "base/endpoint.h"
#include "base/network.h"
#include "base/settings.h"
#include "base/settings_convert.h"

#include <ctype.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24L * 3600)

/* Of a local part's 64 characters a "+" and the longest tag (invite/tag.h) leave these. */
#define TAGGED_MAX 29

static int check_state_store(const char *value, struct error *error)
{
	if (strncmp(value, "bdb:/", 5) != 0)
		return error_set(error, ERROR_CONFIGURATION,
			"is not bdb: and the absolute path of a directory");
	return 0;
}

/* RFC 4122 text form, as Entra shows application ids. */
static int check_client_id(const char *value, struct error *error)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? value[i] != '-' : !isxdigit((unsigned char)value[i]))
			return error_set(error, ERROR_CONFIGURATION,
				"is not an application (client) id such as "
				"11111111-2222-3333-4444-555555555555");
	}
	return value[36] == '\0' ? 0 : error_set(error, ERROR_CONFIGURATION, "is too long");
}

static int check_not_empty(const char *value, struct error *error)
{
	if (value[0] == '\0')
		return error_set(error, ERROR_CONFIGURATION, "must not be empty");
	return 0;
}

static int check_scope(
	const char *value, const char *scope, const char *without, struct error *error)
{
	static const char separators[] = ", \t\r\n";

	for (const char *p = value + strspn(value, separators); *p != '\0';
		p += strspn(p, separators)) {
		size_t len = strcspn(p, separators);

		if (len == strlen(scope) && memcmp(p, scope, len) == 0)
			return 0;
		p += len;
	}
	return error_set(error, ERROR_CONFIGURATION, "holds no %s, without which Microsoft %s",
		scope, without);
}

static int check_openid(const char *value, struct error *error)
{
	return value[0] == '\0'
		       ? 0
		       : check_scope(value, "openid", "does not say who signed in", error);
}

static int check_scopes(const char *value, struct error *error)
{
	return check_not_empty(value, error) != 0 || check_openid(value, error) != 0
		       ? -1
		       : check_scope(value, "offline_access", "gives no refresh token", error);
}

/* endpoint.h says the rest. */
static int check_unix(const char *value, struct error *error)
{
	if (strncmp(value, "inet:", 5) == 0)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is not unix:PATH: who asks is known by a Unix socket only",
			value);
	return 0;
}

static int check_endpoint(const char *value, struct error *error)
{
	return value[0] != '\0' ? endpoint_check(value, error) : 0;
}

static int check_group(const char *value, struct error *error)
{
	if (value[0] != '\0' && getgrnam(value) == NULL)
		return error_set(
			error, ERROR_CONFIGURATION, "there is no group \"%.60s\"", value);
	return 0;
}

/* A mailbox for our own mails: no list, no display name, nothing that a command line could
 * mistake for an option. */
static int check_mailbox(const char *value, struct error *error)
{
	const char *at = strrchr(value, '@');

	if (at == NULL || at == value || at[1] == '\0' || value[0] == '-' ||
		strpbrk(value, " \t\r\n,;<>()\"\\") != NULL || strlen(value) > 254)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%.254s\" is not an address such as postinvite@relay.provider.example",
			value);
	return 0;
}

/* A mailbox that tags are put into. */
static int check_tagged(const char *value, struct error *error)
{
	const char *at = strrchr(value, '@');

	if (value[0] == '\0')
		return 0;
	if (check_mailbox(value, error) < 0)
		return -1;
	if (memchr(value, '+', (size_t)(at - value)) != NULL || at - value > TAGGED_MAX)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%.254s\": what stands before the @ has no \"+\" and at most %d "
			"characters, because a tag is put behind it",
			value, TAGGED_MAX);
	return 0;
}

static int check_webhook_url(const char *value, struct error *error)
{
	return value[0] != '\0' ? setting_check_url(value, error) : 0;
}

static int check_command(const char *value, struct error *error)
{
	if (value[0] != '/')
		return error_set(error, ERROR_CONFIGURATION,
			"does not begin with the absolute path of a program");
	if (strpbrk(value, "\"'\\|&;<>`$") != NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"is run without a shell: words separated by blanks, nothing quoted");
	return 0;
}

/* The first entry of a list that is no address, nor, where that may be, an @domain. NULL: there
 * is none such; *count_r: how many were good. */
static const char *find_no_address(
	const char *value, bool domains, size_t *len_r, size_t *count_r)
{
	static const char separators[] = ", \t\r\n";

	*count_r = 0;
	for (const char *p = value + strspn(value, separators); *p != '\0'; ++*count_r) {
		size_t len = strcspn(p, separators);
		const char *at = memrchr(p, '@', len);

		*len_r = len;
		if (at == NULL || at + 1 == p + len || (at == p && !domains) ||
			strcspn(p, "<>") < len)
			return p;
		p += len;
		p += strspn(p, separators);
	}
	return NULL;
}

static int check_welcome_senders(const char *value, struct error *error)
{
	size_t len, count;
	const char *bad = find_no_address(value, true, &len, &count);

	if (bad != NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%.*s\" is neither an address nor an @domain", (int)len, bad);
	return check_not_empty(count > 0 ? value : "", error);
}

static int check_consent_senders(const char *value, struct error *error)
{
	size_t len, count;
	const char *bad = find_no_address(value, false, &len, &count);

	if (bad == NULL)
		return 0;
	return error_set(error, ERROR_CONFIGURATION,
		"\"%.*s\" is not an address such as azure-noreply@microsoft.com", (int)len,
		bad);
}

static int check_submitters(const char *value, struct error *error)
{
	static const char separators[] = ", \t\n";

	for (const char *p = value + strspn(value, separators); *p != '\0';) {
		size_t len = strcspn(p, separators);

		if ((strncmp(p, "sasl:", 5) != 0 && strncmp(p, "net:", 4) != 0 &&
			    strncmp(p, "cn:", 3) != 0) ||
			p[strcspn(p, ":") + 1] == '\0' || len <= strcspn(p, ":") + 1)
			return error_set(error, ERROR_CONFIGURATION,
				"\"%.*s\" is none of sasl:NAME, net:CIDR, cn:NAME", (int)len,
				p);
		p += len;
		p += strspn(p, separators);
	}
	return check_not_empty(value, error);
}

static int check_networks(const char *value, struct error *error)
{
	static const char separators[] = ", \t\n";
	struct network network;

	for (const char *p = value + strspn(value, separators); *p != '\0';) {
		size_t len = strcspn(p, separators);
		char *entry = strndup(p, len);
		bool good = entry != NULL && network_parse(entry, &network) == 0;

		free(entry);
		if (!good)
			return error_set(error, ERROR_CONFIGURATION,
				"\"%.*s\" is no network such as 192.0.2.0/24 or 2001:db8::1",
				(int)len, p);
		p += len;
		p += strspn(p, separators);
	}
	return 0;
}

/* The name of a header field (RFC 9110 section 5.1). */
static int check_header(const char *value, struct error *error)
{
	if (value[strspn(value,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] !=
		'\0')
		return error_set(error, ERROR_CONFIGURATION,
			"\"%.60s\" is not the name of a header such as X-Remote-User", value);
	return 0;
}

/* NAME:view or NAME:operate, each. */
static int check_subjects(const char *value, struct error *error)
{
	static const char separators[] = ", \t\n";

	for (const char *p = value + strspn(value, separators); *p != '\0';) {
		size_t len = strcspn(p, separators);
		const char *colon = memrchr(p, ':', len);
		size_t role_len = colon != NULL ? (size_t)(p + len - colon - 1) : 0;

		if (colon == NULL || colon == p ||
			!((role_len == 4 && memcmp(colon + 1, "view", 4) == 0) ||
				(role_len == 7 && memcmp(colon + 1, "operate", 7) == 0)))
			return error_set(error, ERROR_CONFIGURATION,
				"\"%.*s\" is neither NAME:view nor NAME:operate", (int)len, p);
		p += len;
		p += strspn(p, separators);
	}
	return 0;
}

static int check_authentication(const char *value, struct error *error)
{
	if (strcmp(value, "dkim") != 0 &&
		(strncmp(value, "authserv:", 9) != 0 || value[9] == '\0'))
		return error_set(error, ERROR_CONFIGURATION, "is neither dkim nor authserv:ID");
	return 0;
}

static int check_brand_color(const char *value, struct error *error)
{
	char better[COLOR_TEXT_SIZE];

	if (!color_valid(value))
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is not a colour such as #0b57a4", value);
	if (color_contrast(value, COLOR_WHITE) >= COLOR_CONTRAST)
		return 0;
	color_readable(value, COLOR_WHITE, better);
	return error_set(error, ERROR_CONFIGURATION,
		"%s is too light: its contrast to white is %.1f:1, and text needs 4.5:1 (WCAG AA); "
		"choose a darker colour, such as %s",
		value, color_contrast(value, COLOR_WHITE), better);
}

/* A mailbox as an address bar takes it, or an URL. */
static int check_support_address(const char *value, struct error *error)
{
	const char *at = strchr(value, '@');
	bool url = strncmp(value, "https://", 8) == 0 && value[8] != '\0';
	bool mailbox = at != NULL && at != value && strchr(at + 1, '.') != NULL &&
		       strchr(at + 1, '@') == NULL && strpbrk(value, "/:?&%#,;()") == NULL;

	if (value[0] == '\0' || ((url || mailbox) && strpbrk(value, " \t\"'<>\\") == NULL))
		return 0;
	return error_set(error, ERROR_CONFIGURATION,
		"\"%s\" is neither a mailbox nor an URL that begins with https://", value);
}

static const char *const link_fallback_choices[] = {"pass", "append", "reject", NULL};
static const char *const wizard_mode_choices[] = {"builtin", "redirect", NULL};
static const char *const sign_in_method_choices[] = {"device", "code", NULL};
static const char *const yes_choices[] = {"no", "yes", NULL};
static const char *const unsignable_action_choices[] = {"reject", "pass", NULL};

#define AT(member) offsetof(struct settings, member)

const struct setting settings_table[] = {
	{"wizard_url", SETTING_URL, NULL, AT(wizard_url),
		"public base of the links that customers open, such as "
		"https://invite.provider.example",
		.heading = "The site", .check = check_not_empty},
	{"application_name", SETTING_TEXT, NULL, AT(application_name),
		"name of the app registration, as customers and Microsoft's mails show it",
		.check = check_not_empty},
	{"client_id", SETTING_TEXT, NULL, AT(client_id),
		"application (client) id of the app registration, a public client",
		.check = check_client_id},
	{"welcome_senders", SETTING_LIST, NULL, AT(welcome_senders),
		"addresses or @domain whose mail may be a Welcome mail (envelope sender)",
		.check = check_welcome_senders},
	{"welcome_submitters", SETTING_LIST, NULL, AT(welcome_submitters),
		"who may send it: sasl:NAME (as Postfix logs it: sasl_username=), net:CIDR, cn:NAME (client "
		"certificate that Postfix trusts)",
		.check = check_submitters},
	{"myhostname", SETTING_TEXT, "", AT(myhostname),
		"name of this machine in what it sends; empty: as the system says"},
	{"daemon_user", SETTING_TEXT, "postinvite", AT(daemon_user),
		"user to become when started as root; a program becomes daemon_user-PROGRAM "
		"(postinvite-wizard) where that user exists, and the store then lets it do its own "
		"part only",
		.check = check_not_empty},

	{"state_store", SETTING_TEXT, "bdb:/var/lib/postinvite", AT(state_store),
		"bdb: and the directory of the Berkeley DB environment",
		.heading = "State and sockets", .check = check_state_store},
	{"state_cache", SETTING_NUMBER, "0", AT(state_cache),
		"memory of the store for pages of the state, in MB; 0: as much as the state takes when the store "
		"starts, at least 64, at most an eighth of the machine's and 1024",
		.min = 0, .max = 65536},
	{"vault_store", SETTING_TEXT, "", AT(vault_store),
		"directory of tokend's sealed tokens; empty: vault below that of state_store"},
	{"store_listen", SETTING_ENDPOINT, "unix:/run/postinvite/store", AT(store_listen),
		"socket of postinvite-store", .check = check_unix},
	{"tokend_listen", SETTING_ENDPOINT, "unix:/run/postinvite/tokend", AT(tokend_listen),
		"socket of postinvite-tokend", .check = check_unix},
	{"milter_listen", SETTING_ENDPOINT, "unix:/var/spool/postfix/postinvite/milter",
		AT(milter_listen), "socket that Postfix's smtpd_milters names"},
	{"policy_listen", SETTING_ENDPOINT, "unix:/var/spool/postfix/postinvite/policy",
		AT(policy_listen), "socket that Postfix's check_policy_service names"},
	{"lookup_listen", SETTING_ENDPOINT, "unix:/var/spool/postfix/postinvite/lookup",
		AT(lookup_listen),
		"socket of Postfix's look-ups of an invitation's status, "
		"socketmap:unix:postinvite/lookup:invitations"},
	{"socket_group", SETTING_TEXT, "", AT(socket_group),
		"group of Postfix's sockets (mode 0660); empty: that of a set-group-ID folder, else "
		"the process's own",
		.check = check_group},
	{"wizard_listen", SETTING_ENDPOINT, "inet:127.0.0.1:8480", AT(wizard_listen),
		"where the wizard serves HTTP, or HTTPS with the two files below"},
	{"wizard_proxies", SETTING_LIST, "127.0.0.0/8, ::1", AT(wizard_proxies),
		"networks of the site's own web servers: their X-Forwarded-For says who the client is",
		.check = check_networks},
	{"wizard_tls_cert_file", SETTING_TEXT, "", AT(wizard_tls_cert_file),
		"PEM certificate chain; empty: plain HTTP behind the site's web server"},
	{"wizard_tls_key_file", SETTING_TEXT, "", AT(wizard_tls_key_file),
		"its PEM private key"},
	{"admin_listen", SETTING_ENDPOINT, "unix:/run/postinvite/admin", AT(admin_listen),
		"where the operator's pages are served: a Unix socket for the site's web server, or "
		"inet: with TLS and client certificates (the three files below)"},
	{"admin_user_header", SETTING_TEXT, "", AT(admin_user_header),
		"request header in which the site's web server gives the operator's name, such as "
		"X-Remote-User; believed on a Unix socket only; empty: whoever connects to the socket "
		"is known by the system user",
		.check = check_header},
	{"admin_subjects", SETTING_LIST, "", AT(admin_subjects),
		"who may use the operator's pages: NAME:view, NAME:operate; NAME is the operator's or "
		"the common name of a client certificate, * stands for any other; root may everything",
		.check = check_subjects},
	{"admin_ca_file", SETTING_TEXT, "", AT(admin_ca_file),
		"PEM certificates of those who issue the operators' client certificates"},
	{"admin_tls_cert_file", SETTING_TEXT, "", AT(admin_tls_cert_file),
		"PEM certificate chain of the operator's pages on inet:"},
	{"admin_tls_key_file", SETTING_TEXT, "", AT(admin_tls_key_file), "its PEM private key"},
	{"metrics_listen", SETTING_TEXT, "", AT(metrics_listen),
		"where /healthz and /metrics alone are served by plain HTTP, for a monitor, such as "
		"inet:127.0.0.1:9480; empty: with the operator's pages only",
		.check = check_endpoint},
	{"link_key_file", SETTING_TEXT, "$config_directory/link.key", AT(link_key_file),
		"keys of the links, lines keyid:base64, the first is current (postinvite -k link)"},
	{"vault_key_file", SETTING_TEXT, "$config_directory/vault.key", AT(vault_key_file),
		"keys of the vault, likewise (postinvite -k vault)"},
	{"history_retention", SETTING_TIME, "400d", AT(history_retention),
		"how long ended invitations and their history are kept", .min = DAY,
		.max = 36500 * DAY},

	{"welcome_subject", SETTING_PATTERN, "", AT(welcome_subject),
		"regular expression; mail with such a subject is a Welcome mail even without a link",
		.heading = "Welcome mail"},
	{"welcome_require_tls", SETTING_CHOICE, "no", AT(welcome_require_tls),
		"yes: the policy service refuses mail of an address in welcome_senders that came without "
		"TLS",
		.choices = yes_choices},
	{"customer_id_pattern", SETTING_PATTERN, "", AT(customer_id_pattern),
		"regular expression over subject, then text; group 1 is the customer id"},
	{"link_placeholder", SETTING_TEXT, "{{InvitationLink}}", AT(link_placeholder),
		"replaced by the tracked link", .check = check_not_empty},
	{"platform_url", SETTING_URL, "", AT(platform_url),
		"links platform_url/ID in the mail are replaced by the tracked link, ID is kept"},
	{"link_fallback", SETTING_CHOICE, "pass", AT(link_fallback),
		"welcome_subject fits but the mail has neither placeholder nor platform link: pass "
		"untouched, append a paragraph with the link, or reject",
		.choices = link_fallback_choices},
	{"unsignable_action", SETTING_CHOICE, "reject", AT(unsignable_action),
		"Welcome mail that is itself S/MIME or PGP signed or encrypted: reject or pass",
		.choices = unsignable_action_choices},
	{"strip_broken_dkim", SETTING_CHOICE, "yes", AT(strip_broken_dkim),
		"yes: remove a DKIM signature of the From: domain from a Welcome mail, which the link "
		"breaks; those of other domains stay",
		.choices = yes_choices},
	{"smime_cert_file", SETTING_TEXT, "", AT(smime_cert_file),
		"PEM: the certificate that signs Welcome mails with S/MIME once the link is in, then "
		"those that lead to its root; empty: they are not signed"},
	{"smime_key_file", SETTING_TEXT, "", AT(smime_key_file),
		"its PEM private key (RSA or EC), without a passphrase, not accessible by others"},
	{"bounce_address", SETTING_TEXT, "", AT(bounce_address),
		"bounce@invite.provider.example, say: then a Welcome mail leaves with "
		"bounce+TAG@... as its envelope sender, and a delivery report that comes back there is "
		"recorded and goes on to the original sender; empty: the envelope sender stays",
		.check = check_tagged},
	{"invitation_lifetime", SETTING_TIME, "30d", AT(invitation_lifetime),
		"how long a link works after its last Welcome mail", .min = 60,
		.max = 3650 * DAY},
	{"wizard_mode", SETTING_CHOICE, "builtin", AT(wizard_mode),
		"what a link opens: builtin, our own pages; redirect, one button that leads on to "
		"platform_url and the invitation's id there (a mail without such a link: our own pages)",
		.choices = wizard_mode_choices},
	{"resend_interval", SETTING_TIME, "1m", AT(resend_interval),
		"the policy service lets the next mail to a mailbox wait that long behind a Welcome mail "
		"that the milter recorded; 0s: not",
		.min = 0, .max = DAY},
	{"recipient_daily_limit", SETTING_NUMBER, "20", AT(recipient_daily_limit),
		"so many Welcome mails a mailbox gets in 24 hours, the next one waits; at most 100; 0: as "
		"many as come",
		.min = 0, .max = 100},
	{"require_known_customer", SETTING_CHOICE, "no", AT(require_known_customer),
		"yes: mail of an address in welcome_senders goes to mailboxes of the customers table only",
		.choices = yes_choices},

	{"consent_address", SETTING_TEXT, "", AT(consent_address),
		"consent@invite.provider.example, say: then each customer has an address "
		"consent+TAG@... of its own, to which its administrator sends Microsoft's consent mails; "
		"empty: none",
		.heading = "Consent mail", .check = check_tagged},
	{"consent_senders", SETTING_LIST,
		"azure-noreply@microsoft.com, MSSecurity-noreply@microsoft.com",
		AT(consent_senders), "From: addresses of Microsoft's consent mails",
		.check = check_consent_senders},
	{"consent_dkim_domains", SETTING_LIST, "microsoft.com", AT(consent_dkim_domains),
		"domains whose valid DKIM signature proves such a mail"},
	{"consent_authentication", SETTING_TEXT, "dkim", AT(consent_authentication),
		"dkim: verify DKIM ourselves; authserv:ID: trust the topmost Authentication-Results of "
		"that name with a result on DKIM",
		.check = check_authentication},
	{"consent_patterns", SETTING_TEXT, "$config_directory/consent_patterns",
		AT(consent_patterns),
		"table of subject patterns, regexp syntax of header_checks(5)"},
	{"dns_servers", SETTING_LIST, "", AT(dns_servers),
		"resolvers for DKIM keys, address[:port]; empty: the system's"},

	{"authority_url", SETTING_URL, "https://login.microsoftonline.com", AT(authority_url),
		"Microsoft Entra, or its national cloud", .heading = "Microsoft",
		.check = check_not_empty},
	{"graph_url", SETTING_URL, "https://graph.microsoft.com", AT(graph_url),
		"Microsoft Graph of the same cloud", .check = check_not_empty},
	{"scopes", SETTING_LIST,
		"https://graph.microsoft.com/Group.ReadWrite.All "
		"https://graph.microsoft.com/Directory.AccessAsUser.All "
		"https://graph.microsoft.com/User.Read.All "
		"https://graph.microsoft.com/AppCatalog.ReadWrite.All "
		"offline_access openid profile",
		AT(scopes), "permissions asked for", .check = check_scopes},
	{"sign_in_method", SETTING_CHOICE, "device", AT(sign_in_method),
		"the Welcome page's first button: device, a code to be entered at Microsoft's page; code, "
		"Microsoft's page in the same browser (authorization code with PKCE); the other one is "
		"offered below it",
		.choices = sign_in_method_choices},
	{"confirmation_scopes", SETTING_LIST, "openid profile", AT(confirmation_scopes),
		"permissions of the first connection's second sign-in; empty: no such step",
		.check = check_openid},
	{"refresh_interval", SETTING_TIME, "1d", AT(refresh_interval),
		"each refresh token is used, and replaced by a new one, at least this often",
		.min = 60, .max = 60 * DAY},
	{"token_readers", SETTING_LIST, "", AT(token_readers),
		"users and @groups that may ask tokend for access tokens and validations, besides root "
		"and tokend's own user"},

	{"webhook_url", SETTING_TEXT, "", AT(webhook_url),
		"where every event is told as JSON, by POST; empty: nowhere",
		.heading = "Telling people", .check = check_webhook_url},
	{"webhook_key_file", SETTING_TEXT, "", AT(webhook_key_file),
		"keys that sign what is told there, lines keyid:base64, the first is current"},
	{"webhook_lifetime", SETTING_TIME, "3d", AT(webhook_lifetime),
		"how long an invitation's events are tried while the receiver refuses them; what is given "
		"up then is kept as a dead letter",
		.min = 1, .max = 365 * DAY},
	{"auto_reinvite", SETTING_CHOICE, "no", AT(auto_reinvite),
		"yes: when a token needs a new sign-in, the Service account gets a mail with the link",
		.choices = yes_choices},
	{"reminder_intervals", SETTING_TIMES, "2d 5d", AT(reminder_intervals),
		"how long behind the Welcome mail the Service account is reminded while nobody has "
		"begun to sign in; empty: never",
		.min = 1, .max = 365 * DAY},
	{"notify_sender", SETTING_TEXT, "postinvite@$myhostname", AT(notify_sender),
		"sender of the mails that tokend sends: reminders and \"please continue\"",
		.check = check_mailbox},
	{"sendmail_command", SETTING_TEXT, "/usr/sbin/sendmail", AT(sendmail_command),
		"program that takes such a mail, as sendmail(1) does: called with -i -f SENDER -- "
		"RECIPIENT, without a shell",
		.check = check_command},

	{"template_directory", SETTING_TEXT, "$config_directory/templates",
		AT(template_directory),
		"pages, mails and their words, see postinvite.templates(5)",
		.heading = "Pages and mails"},
	{"default_language", SETTING_TEXT, "en", AT(default_language),
		"language of mails, and of pages for a browser that asks for none of those there are: a "
		"catalog words.LANGUAGE of template_directory"},
	{"brand_name", SETTING_TEXT, "", AT(brand_name),
		"who invites, as customers know it; empty: application_name"},
	{"brand_logo_file", SETTING_TEXT, "", AT(brand_logo_file),
		"logo of the pages: PNG, JPEG or SVG of at most 256 KiB; empty: the name alone"},
	{"brand_color", SETTING_TEXT, "#0b57a4", AT(brand_color),
		"accent colour of buttons and links, #rrggbb, with a contrast of 4.5:1 to white "
		"(WCAG AA); dark mode uses a lighter one of that hue",
		.check = check_brand_color},
	{"support_address", SETTING_TEXT, "", AT(support_address),
		"whom customers may ask, shown on every page and mail: a mailbox or an https:// URL",
		.check = check_support_address},
};

const size_t settings_table_rows = sizeof(settings_table) / sizeof(settings_table[0]);
