/*
 * Everything that a request needs and that a fault of the operator's could spoil is loaded
 * here, so that -t and a reload find it, and no request meets a missing file.
 */
#include "site.h"

#include "offer.h"
#include "page.h"
#include "permission.h"
#include "step.h"

#include "base/log.h"
#include "web/brand.h"
#include "web/mac.h"
#include "web/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STYLE_MAX  (15 * 1024)
#define SCRIPT_MAX (10 * 1024)

static const char *const style_files[] = {"common.css", "style.css", NULL};
static const char *const script_files[] = {"copy.js", "wizard.js", NULL};

/* Where the path begins behind scheme://host, or the end. */
static const char *url_path(const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return host + strcspn(host, "/?#");
}

static int derive(const struct settings *settings, struct site *site, struct error *error)
{
	const char *authority = settings->authority_url;
	const char *platform =
		settings->wizard_mode == WIZARD_REDIRECT ? settings->platform_url : "";

	if (settings->wizard_mode == WIZARD_REDIRECT && platform[0] == '\0')
		return error_set(error, ERROR_CONFIGURATION,
			"wizard_mode: redirect needs platform_url, the base of the links that "
			"it leads to");
	site->base_path = strdup(url_path(settings->wizard_url));
	site->secure = strncmp(settings->wizard_url, "https:", 6) == 0;
	if (site->base_path == NULL ||
		asprintf(&site->sign_out, "%s/common/oauth2/v2.0/logout", authority) < 0) {
		site->sign_out = NULL;
		return error_memory(error);
	}
	/* Browsers hold a form's redirects to form-action too, all of them: some forms end at
	 * Microsoft, which may pass on at once to the sign-in page of whatever organisation, or
	 * at the platform. Where a form begins to go to is written in the templates alone. */
	if (asprintf(&site->policy,
		    "default-src 'none'; style-src 'self'; script-src 'self'; "
		    "img-src 'self'; connect-src 'self'; form-action 'self' https: %.*s%s%.*s; "
		    "frame-ancestors 'none'; base-uri 'none'",
		    (int)(url_path(authority) - authority), authority,
		    platform[0] != '\0' ? " " : "", (int)(url_path(platform) - platform),
		    platform) < 0) {
		site->policy = NULL;
		return error_memory(error);
	}
	return 0;
}

static int load_proxies(const struct settings *settings, struct site *site, struct error *error)
{
	string_list list = settings->wizard_proxies;
	struct network *networks;
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	networks = calloc(n + 1, sizeof(*networks));
	site->proxies = (struct proxies){networks, n};
	if (networks == NULL)
		return error_memory(error);
	for (size_t i = 0; i < n; i++)
		if (network_parse(list[i], &networks[i]) != 0)
			return error_set(error, ERROR_CONFIGURATION,
				"wizard_proxies: \"%s\" is no network", list[i]);
	return 0;
}

/* Also what -t says of a certificate that ends soon. */
static int load_tls(const struct settings *settings, struct site *site, struct error *error)
{
	const struct web_tls_files files = {
		.cert = {"wizard_tls_cert_file", settings->wizard_tls_cert_file},
		.key = {"wizard_tls_key_file", settings->wizard_tls_key_file},
		.part = HEALTH_WIZARD_CERTIFICATE,
	};
	char warning[HEALTH_TEXT_SIZE];

	if (web_tls_load(&files, &site->tls, warning, error) != 0)
		return -1;
	if (warning[0] != '\0')
		log_warning("%s", warning);
	return 0;
}

static void tell_missing(void *context, const char *text)
{
	(void)context;
	log_warning("%s", text);
}

static int load_words(const struct settings *settings, struct site *site, struct error *error)
{
	struct words_source source = {.directory = settings->template_directory,
		.values = all_names,
		.missing = tell_missing};

	site->words = words_load(&source, error);
	if (site->words == NULL)
		return error_prefix(error, "template_directory");
	if (step_require_words(site->words, error) != 0 ||
		page_require_words(site->words, error) != 0 ||
		offer_require_words(site->words, error) != 0 ||
		words_require(site->words, PERMISSION_OTHER, error) != 0)
		return error_prefix(error, "%s", settings->template_directory);
	if (!words_has_language(site->words, settings->default_language))
		return error_set(error, ERROR_CONFIGURATION,
			"default_language: there is no %s/words.%s",
			settings->template_directory, settings->default_language);
	return 0;
}

static int load_brand(const struct settings *settings, struct site *site, struct error *error)
{
	struct buf uri;

	if (settings->brand_logo_file[0] != '\0' &&
		brand_read_logo(
			settings->brand_logo_file, &site->logo, &site->logo_type, error) != 0)
		return error_prefix(error, "brand_logo_file");
	brand_style(settings->brand_color, &site->style);
	buf_init(&uri, 4096);
	brand_support_uri(settings->support_address, &uri);
	site->support_uri = buf_take(&uri, NULL);
	buf_free(&uri);
	if (site->support_uri == NULL)
		return error_set(error, ERROR_CONFIGURATION, "support_address: is too long");
	return 0;
}

static int load(const struct settings *settings, struct site *site, struct error *error)
{
	struct template_source source = {.directory = settings->template_directory,
		.pages = page_files,
		.names = page_names};

	site->keys = keyfile_load(settings->link_key_file, error);
	if (site->keys == NULL)
		return error_prefix(error, "link_key_file");
	if (load_words(settings, site, error) != 0)
		return -1;
	source.words = site->words;
	site->pages = template_set_load(&source, error);
	if (site->pages == NULL ||
		template_read_all(source.directory, style_files, &site->style, error) != 0 ||
		template_read_all(source.directory, script_files, &site->script, error) != 0)
		return error_prefix(error, "template_directory");
	if (load_brand(settings, site, error) != 0 || load_proxies(settings, site, error) != 0)
		return -1;
	return load_tls(settings, site, error) != 0 ? -1 : derive(settings, site, error);
}

int site_new(const struct settings *settings, void **site_r, struct error *error)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site == NULL)
		return error_memory(error);
	buf_init(&site->logo, BRAND_LOGO_MAX);
	buf_init(&site->style, STYLE_MAX);
	buf_init(&site->script, SCRIPT_MAX);
	if (load(settings, site, error) != 0) {
		site_free(site);
		return -1;
	}
	*site_r = site;
	return 0;
}

void site_free(void *derived)
{
	struct site *site = derived;

	keyfile_free(&site->keys);
	template_set_free(&site->pages);
	words_free(&site->words);
	buf_free(&site->logo);
	free(site->support_uri);
	buf_free(&site->style);
	buf_free(&site->script);
	web_tls_free(&site->tls);
	free(site->proxies.networks);
	free(site->base_path);
	free(site->policy);
	free(site->sign_out);
	free(site);
}

void site_mark(const struct site *site, const char *purpose, const char *text, char *mark_r)
{
	unsigned char id;

	web_mac(keyfile_current(site->keys, &id), purpose, text, mark_r);
}

bool site_mark_check(
	const struct site *site, const char *purpose, const char *text, const char *mark)
{
	const struct secret *key;
	unsigned char id;
	bool good = false;

	for (size_t n = 0; (key = keyfile_nth(site->keys, n, &id)) != NULL; n++)
		good = web_mac_check(key, purpose, text, mark) || good;
	return good;
}
