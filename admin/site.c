/*
 * Everything that a request needs and that a fault of the operator's could spoil is loaded here, so
 * that -t and a reload find it.
 */
#include "site.h"

#include "action.h"
#include "cell.h"
#include "detail.h"
#include "export.h"
#include "list.h"
#include "new.h"
#include "page.h"

#include "base/log.h"
#include "web/brand.h"
#include "web/names.h"

#include <stdlib.h>

#define STYLE_MAX  (15 * 1024)
#define SCRIPT_MAX (10 * 1024)

static const char *const style_files[] = {"common.css", "admin.css", NULL};
static const char *const script_files[] = {"copy.js", "admin.js", NULL};

static void tell_missing(void *context, const char *text)
{
	(void)context;
	log_warning("%s", text);
}

static int load_pages(const struct settings *settings, struct site *site, struct error *error)
{
	struct words_source words = {.directory = settings->template_directory,
		.family = "operator",
		.values = all_operator_names,
		.missing = tell_missing};
	struct template_source source = {.directory = settings->template_directory,
		.pages = page_files,
		.names = operator_names};

	site->words = words_load(&words, error);
	if (site->words == NULL || page_require_words(site->words, error) != 0 ||
		cell_require_words(site->words, error) != 0 ||
		detail_require_words(site->words, error) != 0 ||
		action_require_words(site->words, error) != 0 ||
		new_require_words(site->words, error) != 0 ||
		list_require_words(site->words, error) != 0 ||
		export_require_words(site->words, error) != 0)
		return -1;
	source.words = site->words;
	site->pages = template_set_load(&source, error);
	if (site->pages == NULL ||
		template_read_all(source.directory, style_files, &site->style, error) != 0 ||
		template_read_all(source.directory, script_files, &site->script, error) != 0)
		return -1;
	brand_style(settings->brand_color, &site->style);
	return 0;
}

/* Also what -t says of a certificate that ends soon. */
static int load_tls(const struct settings *settings, struct site *site, struct error *error)
{
	const struct web_tls_files files = {
		.cert = {"admin_tls_cert_file", settings->admin_tls_cert_file},
		.key = {"admin_tls_key_file", settings->admin_tls_key_file},
		.client_ca = {"admin_ca_file", settings->admin_ca_file},
		.part = HEALTH_ADMIN_CERTIFICATE,
	};
	char warning[HEALTH_TEXT_SIZE];

	if (web_tls_load(&files, &site->tls, warning, error) != 0)
		return -1;
	if (warning[0] != '\0')
		log_warning("%s", warning);
	return 0;
}

int site_new(const struct settings *settings, void **site_r, struct error *error)
{
	struct site *site = calloc(1, sizeof(*site));
	int result;

	if (site == NULL)
		return error_memory(error);
	buf_init(&site->style, STYLE_MAX);
	buf_init(&site->script, SCRIPT_MAX);
	result = load_pages(settings, site, error);
	if (result != 0)
		error_prefix(error, "template_directory");
	else
		result = load_tls(settings, site, error);
	if (result != 0)
		site_free(site);
	else
		*site_r = site;
	return result;
}

void site_free(void *derived)
{
	struct site *site = derived;

	template_set_free(&site->pages);
	words_free(&site->words);
	buf_free(&site->style);
	buf_free(&site->script);
	web_tls_free(&site->tls);
	free(site);
}
