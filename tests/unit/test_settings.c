/*
 * Settings: each fault with its place, expansion, types, printing; key files; endpoints.
 */
#include "support.h"

#include "base/endpoint.h"
#include "base/keyfile.h"
#include "base/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUIRED                                                                               \
	"wizard_url = https://invite.example/\n"                                               \
	"application_name = Provider Voice\n"                                                  \
	"client_id = 11111111-2222-3333-4444-555555555555\n"                                   \
	"welcome_senders = platform@provider.example, @other.example\n"                        \
	"welcome_submitters = sasl:platform\n"

static void collect(void *context, const char *text)
{
	buf_printf(context, "%s\n", text);
}

/* Loads a file of that text; faults_r gets the faults with the folder's name cut off. */
static const struct settings *load(
	const char *text, const char *const *overrides, char **faults_r)
{
	char *folder = support_folder();
	char *path = support_write(folder, SETTINGS_FILE, text, 0644);
	const struct settings *settings = NULL;
	struct settings_source source = {.config_directory = folder, .overrides = overrides};
	struct buf faults;

	buf_init(&faults, 65536);
	source.fault = collect;
	source.fault_context = &faults;
	settings_load(&source, &settings);
	*faults_r = buf_take(&faults, NULL);
	for (char *at; (at = strstr(*faults_r, folder)) != NULL;)
		memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder) + 1) + 1);
	free(path);
	support_remove(&folder);
	return settings;
}

static void test_values(void **state)
{
	static const char *const overrides[] = {"invitation_lifetime=2w", NULL};
	const struct settings *settings;
	char *faults;

	(void)state;
	settings = load(REQUIRED "# comment\n\n"
				 "brand = x\n",
		NULL, &faults);
	assert_null(settings);
	free(faults);
	settings = load(REQUIRED
		"welcome_subject = ^Welcome,\n   friend$\n"
		"link_fallback = append\n"
		"state_store = bdb:/x\n"
		"tokend_listen = unix:$config_directory/t\n"
		"reminder_intervals = 1d, 1h\nmyhostname = mx.example\n"
		"webhook_url = https://platform.example/a/?b=c\nwebhook_key_file = /k\n"
		"link_placeholder = $$x${application_name}\n",
		overrides, &faults);
	assert_text("no faults", faults, "");
	assert_text("url without slash", settings->wizard_url, "https://invite.example");
	assert_text("list 1", settings->welcome_senders[0], "platform@provider.example");
	assert_text("list 2", settings->welcome_senders[1], "@other.example");
	assert_null(settings->welcome_senders[2]);
	assert_text("default list", settings->consent_dkim_domains[0], "microsoft.com");
	assert_number("time of -o", settings->invitation_lifetime, 1209600);
	assert_number("choice", settings->link_fallback, LINK_FALLBACK_APPEND);
	assert_text("brand", settings->brand_name, settings->application_name);
	assert_true(pattern_match(settings->welcome_subject, "Welcome,    friend", 18, NULL));
	assert_null(settings->customer_id_pattern);
	assert_text("derived", settings->vault_store, "/x/vault");
	assert_number("times, in order", settings->reminder_intervals[0], 3600);
	assert_number("times, in order", settings->reminder_intervals[1], 86400);
	assert_number("times, in order", settings->reminder_intervals[2], 0);
	assert_text("host's name", settings->notify_sender, "postinvite@mx.example");
	assert_text("query and slash stay", settings->webhook_url,
		"https://platform.example/a/?b=c");
	assert_text("expanded", settings->link_placeholder, "$xProvider Voice");
	settings_free(&settings);
	assert_null(settings);
	free(faults);
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{REQUIRED "wizzard_url = x\n",
			"postinvite.cf:6: wizzard_url: there is no such setting (postinvite -p lists them)\n"},
		{REQUIRED "nonsense\n",
			"postinvite.cf:6: not of the form \"name = value\": \"nonsense \"\n"},
		{" indented = 1\n",
			"postinvite.cf:1: begins with white space but continues no line\n"},
		{REQUIRED "invitation_lifetime = 5y\n",
			"postinvite.cf:6: invitation_lifetime: \"5y\" is not a time such as 90s, 15m, 12h, "
			"30d or 2w\n"},
		{REQUIRED "invitation_lifetime = 10s\n",
			"postinvite.cf:6: invitation_lifetime: \"10s\" is not between 60s and 3650d\n"},
		{REQUIRED "invitation_lifetime = 0d\n",
			"postinvite.cf:6: invitation_lifetime: \"0d\" is not between 60s and 3650d\n"},
		{REQUIRED "invitation_lifetime = 3651d\n",
			"postinvite.cf:6: invitation_lifetime: \"3651d\" is not between 60s and 3650d\n"},
		{REQUIRED "history_retention = 0w\n",
			"postinvite.cf:6: history_retention: \"0w\" is not between 86400s and 36500d\n"},
		{REQUIRED "history_retention = -1d\n",
			"postinvite.cf:6: history_retention: \"-1d\" is not between 86400s and 36500d\n"},
		{REQUIRED "reminder_intervals = 0d 2d\n",
			"postinvite.cf:6: reminder_intervals: \"0d\" is not between 1s and 365d\n"},
		{REQUIRED "welcome_subject = (\n",
			"postinvite.cf:6: welcome_subject: regular expression \"(\", character 2: missing "
			"closing parenthesis\n"},
		{REQUIRED "brand_color = #ffcc00\n",
			"postinvite.cf:6: brand_color: #ffcc00 is too light: its contrast to white is "
			"1.5:1, and text needs 4.5:1 (WCAG AA); choose a darker colour, such as "
			"#8f7300\n"},
		{REQUIRED "brand_color = blue\n",
			"postinvite.cf:6: brand_color: \"blue\" is not a colour such as #0b57a4\n"},
		{REQUIRED "support_address = javascript:alert@x.example\n",
			"postinvite.cf:6: support_address: \"javascript:alert@x.example\" is neither a "
			"mailbox nor an URL that begins with https://\n"},
		{REQUIRED "reminder_intervals = 2d soon\n",
			"postinvite.cf:6: reminder_intervals: \"soon\" is not a time such as 90s, 15m, 12h, "
			"30d or 2w\n"},
		{REQUIRED "webhook_url = http://platform.example/\n",
			"postinvite.cf:6: webhook_url: \"http://platform.example/\" does not begin with "
			"https:// (http:// is for loopback addresses)\n"},
		{REQUIRED "webhook_url = https://platform.example/\n",
			"postinvite.cf:6: webhook_url: needs webhook_key_file: the receiver has to know that "
			"it is us\n"},
		{REQUIRED "notify_sender = Platform@provider.example\n",
			"postinvite.cf:6: notify_sender: is one of welcome_senders: a reminder would be "
			"taken for a Welcome mail\n"},
		{REQUIRED "notify_sender = -oQ/tmp@x.example\n",
			"postinvite.cf:6: notify_sender: \"-oQ/tmp@x.example\" is not an address such as "
			"postinvite@relay.provider.example\n"},
		{REQUIRED "consent_address = here\n",
			"postinvite.cf:6: consent_address: \"here\" is not an address such as "
			"postinvite@relay.provider.example\n"},
		{REQUIRED "consent_address = consent+x@a.example\n",
			"postinvite.cf:6: consent_address: \"consent+x@a.example\": what stands before "
			"the @ has no \"+\" and at most 29 characters, because a tag is put behind it\n"},
		{REQUIRED "bounce_address = Platform@provider.example\n",
			"postinvite.cf:6: bounce_address: is one of welcome_senders, or notify_sender: "
			"an address of its own is needed\n"},
		{REQUIRED "bounce_address = a@b.example\nconsent_address = A@b.example\n",
			"postinvite.cf:6: bounce_address: is consent_address, too: each needs its own\n"},
		{REQUIRED "sendmail_command = sendmail\n",
			"postinvite.cf:6: sendmail_command: does not begin with the absolute path of a "
			"program\n"},
		{REQUIRED "sendmail_command = /bin/sh -c 'x'\n",
			"postinvite.cf:6: sendmail_command: is run without a shell: words separated by "
			"blanks, nothing quoted\n"},
		{REQUIRED "link_fallback = perhaps\n",
			"postinvite.cf:6: link_fallback: \"perhaps\" is none of: pass, append, reject\n"},
		{REQUIRED "store_listen = inet:127.0.0.1:1\n",
			"postinvite.cf:6: store_listen: \"inet:127.0.0.1:1\" is not unix:PATH: who "
			"asks is known by a Unix socket only\n"},
		{REQUIRED "socket_group = no-such-group\n",
			"postinvite.cf:6: socket_group: there is no group \"no-such-group\"\n"},
		{REQUIRED "link_fallback = append\n",
			"postinvite.cf:6: link_fallback: needs welcome_subject, else every mail of the "
			"sender would be a Welcome mail\n"},
		{REQUIRED "store_listen = here\n",
			"postinvite.cf:6: store_listen: \"here\" is neither unix:PATH nor inet:HOST:PORT\n"},
		{REQUIRED "authority_url = http://login.example\n",
			"postinvite.cf:6: authority_url: \"http://login.example\" does not begin with "
			"https:// (http:// is for loopback addresses)\n"},
		{REQUIRED "graph_url = https://gr\u00e4ph.example\n",
			"postinvite.cf:6: graph_url: \"https://gr\u00e4ph.example\" holds what an URL has "
			"percent-encoded, or in a host's name as xn--...\n"},
		{REQUIRED "client_id = 12\n",
			"postinvite.cf:6: client_id: is not an application (client) id such as "
			"11111111-2222-3333-4444-555555555555\n"},
		{REQUIRED "scopes = User.Read.All, offline_access\n",
			"postinvite.cf:6: scopes: holds no openid, without which Microsoft does not say "
			"who signed in\n"},
		{REQUIRED "scopes = openid User.Read.All offline_access2\n",
			"postinvite.cf:6: scopes: holds no offline_access, without which Microsoft gives "
			"no refresh token\n"},
		{REQUIRED "confirmation_scopes = profile\n",
			"postinvite.cf:6: confirmation_scopes: holds no openid, without which Microsoft "
			"does not say who signed in\n"},
		{REQUIRED "welcome_senders = platform@a.example provider.example\n",
			"postinvite.cf:6: welcome_senders: \"provider.example\" is neither an address "
			"nor an @domain\n"},
		{REQUIRED "welcome_senders = @\n",
			"postinvite.cf:6: welcome_senders: \"@\" is neither an address nor an "
			"@domain\n"},
		{REQUIRED "welcome_senders = ,\n",
			"postinvite.cf:6: welcome_senders: must not be empty\n"},
		{REQUIRED "consent_senders = Microsoft <azure-noreply@microsoft.com>\n",
			"postinvite.cf:6: consent_senders: \"Microsoft\" is not an address such as "
			"azure-noreply@microsoft.com\n"},
		{REQUIRED "consent_senders = <azure-noreply@microsoft.com>\n",
			"postinvite.cf:6: consent_senders: \"<azure-noreply@microsoft.com>\" is not an "
			"address such as azure-noreply@microsoft.com\n"},
		{REQUIRED "consent_senders = @microsoft.com\n",
			"postinvite.cf:6: consent_senders: \"@microsoft.com\" is not an address such as "
			"azure-noreply@microsoft.com\n"},
		{REQUIRED "welcome_submitters = platform\n",
			"postinvite.cf:6: welcome_submitters: \"platform\" is none of sasl:NAME, net:CIDR, "
			"cn:NAME\n"},
		{REQUIRED "application_name = $application_name\n",
			"postinvite.cf:6: application_name: refers to a setting that does not exist, or to "
			"itself\n"},
		{REQUIRED "wizard_tls_cert_file = /x\n",
			"postinvite.cf:6: wizard_tls_cert_file: wizard_tls_cert_file and "
			"wizard_tls_key_file go together\n"},
	};
	char *faults;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(load(rows[i].text, NULL, &faults));
		assert_text(rows[i].text, faults, rows[i].want);
		free(faults);
	}
}

/* As some editors write it. */
static void test_mark_and_carriage_returns(void **state)
{
	const struct settings *settings;
	char *faults;

	(void)state;
	settings = load("\xef\xbb\xbf# a comment\r\n\r\n" REQUIRED
			"brand_name = Voice\r\nscopes = openid\r\n  offline_access",
		NULL, &faults);
	assert_text("no faults", faults, "");
	assert_text("value", settings->brand_name, "Voice");
	assert_text("first", settings->scopes[0], "openid");
	assert_text("without its newline", settings->scopes[1], "offline_access");
	settings_free(&settings);
	free(faults);
	settings = load(REQUIRED "\xef\xbb\xbf"
				 "brand_name = Voice\n",
		NULL, &faults);
	assert_null(settings);
	assert_non_null(strstr(faults, "postinvite.cf:6: not of the form"));
	free(faults);
}

static void test_every_fault_is_said(void **state)
{
	char *faults;
	int lines = 0;

	(void)state;
	assert_null(load("unknown = 1\n", NULL, &faults));
	for (char *p = faults; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_number("unknown and five required ones", lines, 6);
	free(faults);
}

static void test_print(void **state)
{
	const struct settings *settings;
	struct buf out;
	char *faults;

	(void)state;
	settings = load(REQUIRED
		"invitation_lifetime = 30d\ngraph_url = https://graph.microsoft.us\n",
		NULL, &faults);
	buf_init(&out, 65536);
	settings_print(settings, true, &out);
	assert_text("only what differs", out.data,
		"wizard_url = https://invite.example/\n"
		"application_name = Provider Voice\n"
		"client_id = 11111111-2222-3333-4444-555555555555\n"
		"welcome_senders = platform@provider.example, @other.example\n"
		"welcome_submitters = sasl:platform\n"
		"graph_url = https://graph.microsoft.us\n");
	buf_reset(&out);
	settings_print(settings, false, &out);
	assert_non_null(strstr(out.data, "\ninvitation_lifetime = 30d\n"));
	buf_free(&out);
	settings_free(&settings);
	free(faults);
}

/* The sample, once the required ones are filled in, is a valid file that changes nothing. */
static void test_sample(void **state)
{
	const struct settings *settings;
	struct buf sample, printed;
	char *faults, *text;

	(void)state;
	buf_init(&sample, 65536);
	settings_print_sample(&sample);
	assert_false(sample.failed);
	assert_true(asprintf(&text, "%s%s", sample.data, REQUIRED) > 0);
	settings = load(text, NULL, &faults);
	assert_text("sample", faults, "");
	buf_init(&printed, 65536);
	settings_print(settings, true, &printed);
	assert_null(strstr(printed.data, "lifetime"));
	settings_free(&settings);
	buf_free(&sample);
	buf_free(&printed);
	free(faults);
	free(text);
}

static void test_keyfile(void **state)
{
	char *folder = support_folder(), *path;
	unsigned char first, second, id;
	struct error error;
	struct keyfile *keys;
	struct stat st;

	(void)state;
	assert_true(asprintf(&path, "%s/link.key", folder) > 0);
	assert_null(keyfile_load(path, &error));
	assert_int_equal(error.kind, ERROR_CONFIGURATION);
	assert_int_equal(keyfile_add(path, &first, &error), 0);
	assert_int_equal(keyfile_add(path, &second, &error), 0);
	assert_int_not_equal(first, second);
	keys = keyfile_load(path, &error);
	assert_non_null(keys);
	assert_non_null(keyfile_current(keys, &id));
	assert_number("the new one is current", id, second);
	assert_non_null(keyfile_find(keys, first));
	assert_null(keyfile_find(keys, 200));
	assert_non_null(keyfile_nth(keys, 1, &id));
	assert_number("the old one is kept", id, first);
	assert_null(keyfile_nth(keys, 2, &id));
	keyfile_free(&keys);
	assert_int_equal(stat(path, &st), 0);
	assert_number("mode", st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0604), 0);
	assert_null(keyfile_load(path, &error));
	assert_non_null(strstr(error.text, "mode 0604 lets others in"));
	free(path);
	support_remove(&folder);
}

static void test_keyfile_lines(void **state)
{
#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", ": holds no key: put it back from your copy, or make one: \"postinvite -k link\" for "
		     "link_key_file, \"postinvite -k vault\" for vault_key_file"},
		{"# c\n1:" KEY "\n1:" KEY "\n", ":3: key id 1 is there already"},
		{"0:" KEY "\n", ":1: key id is not a number from 1 to 255"},
		{"256:" KEY "\n", ":1: key id is not a number from 1 to 255"},
		{"x:" KEY "\n", ":1: key id is not a number from 1 to 255"},
		{"1:AAAA\n", ":1: key 1 is not 32 bytes in base64"},
		{"what\n", ":1: not of the form keyid:base64"},
	};
	char *folder = support_folder();
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = support_write(folder, "k", rows[i].text, 0600);

		assert_null(keyfile_load(path, &error));
		assert_text(rows[i].text, error.text + strlen(path), rows[i].want);
		free(path);
	}
	support_remove(&folder);
}

static void test_endpoints(void **state)
{
	char *folder = support_folder(), *endpoint;
	struct error error;
	struct stat st;
	int listener, second, client;

	(void)state;
	assert_true(asprintf(&endpoint, "unix:%s/socket", folder) > 0);
	assert_int_equal(endpoint_connect(endpoint, &error), -1);
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	listener = endpoint_listen(endpoint, 0660, (gid_t)-1, &error);
	assert_true(listener >= 0);
	assert_int_equal(stat(endpoint + 5, &st), 0);
	assert_number("mode", st.st_mode & 0777, 0660);
	if (geteuid() == 0) {
		assert_int_equal(seteuid(65534), 0);
		assert_int_equal(endpoint_connect(endpoint, &error), -1);
		assert_int_equal(seteuid(0), 0);
		assert_number("not let in", error.kind, ERROR_POLICY);
	}
	client = endpoint_connect(endpoint, &error);
	assert_true(client >= 0);
	assert_int_equal(endpoint_listen(endpoint, 0660, (gid_t)-1, &error), -1);
	assert_non_null(strstr(error.text, "another process listens"));
	close(listener);
	close(client);
	second = endpoint_listen(
		endpoint, 0660, (gid_t)-1, &error); /* a stale one is replaced */
	assert_true(second >= 0);
	close(second);
	endpoint_unlink(endpoint);
	assert_int_equal(access(endpoint + 5, F_OK), -1);
	free(support_write(folder, "socket", "somebody's", 0600));
	assert_int_equal(endpoint_listen(endpoint, 0660, (gid_t)-1, &error), -1);
	assert_number("a file of that name", error.kind, ERROR_CONFIGURATION);
	assert_int_equal(endpoint_listen("unix:/nowhere/socket", 0660, (gid_t)-1, &error), -1);
	assert_text("no folder", error.text,
		"listen on unix:/nowhere/socket: No such file or directory: make its folder "
		"(systemd-tmpfiles --create makes postinvite's)");
	endpoint_listen_fault("inet:127.0.0.1:443", EACCES, &error);
	assert_non_null(strstr(error.text, ":443: Permission denied: a port below 1024"));
	assert_number("a low port", error.kind, ERROR_CONFIGURATION);
	assert_int_equal(access(endpoint + 5, F_OK), 0);
	assert_int_equal(endpoint_check("inet:[::1]:80", &error), 0);
	assert_int_equal(endpoint_check("inet:80", &error), -1);
	assert_int_equal(endpoint_check("unix:relative", &error), -1);
	free(endpoint);
	support_remove(&folder);
}

/* One value is there before the configuration is complete. */
static void test_one_value(void **state)
{
	static const struct {
		const char *label, *text, *name, *want; /* NULL: a fault */
	} rows[] = {
		{"a default", "no_such = 1\n", "tokend_listen", "unix:/run/postinvite/tokend"},
		{"as set", "link_key_file = /keys/$daemon_user\n", "link_key_file",
			"/keys/postinvite"},
		{"missing", "", "wizard_url", NULL},
		{"a circle", "link_key_file = $link_key_file\n", "link_key_file", NULL},
		{"no line", "nonsense\n", "link_key_file", NULL},
	};
	char *folder = support_folder();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = support_write(folder, SETTINGS_FILE, rows[i].text, 0644);
		struct settings_source source = {.config_directory = folder};
		struct error error;
		struct buf value;
		int result;

		buf_init(&value, 4096);
		result = settings_value(&source, rows[i].name, &value, &error);
		assert_text(rows[i].label, result == 0 ? value.data : NULL, rows[i].want);
		if (result != 0)
			assert_number(rows[i].label, error.kind, ERROR_CONFIGURATION);
		buf_free(&value);
		free(path);
	}
	support_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_mark_and_carriage_returns),
		cmocka_unit_test(test_every_fault_is_said),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_keyfile),
		cmocka_unit_test(test_keyfile_lines),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
