/*
 * What the wizard derives from one generation of settings: keys, pages, what goes into every
 * answer. Immutable.
 */
#ifndef POSTINVITE_WIZARD_SITE_H
#define POSTINVITE_WIZARD_SITE_H

#include "base/buf.h"
#include "base/keyfile.h"
#include "base/settings.h"
#include "web/client.h"
#include "web/template.h"
#include "web/tls.h"

struct site {
	struct keyfile *keys;
	struct words *words;
	struct template_set *pages;
	struct buf logo; /* empty: none */
	const char *logo_type;
	char *support_uri; /* "" without a support_address */
	struct buf style;
	struct buf script;
	char *base_path; /* of wizard_url, without a trailing slash: "" as a rule */
	char *policy;	 /* Content-Security-Policy */
	char *sign_out;	 /* where Microsoft's sign-ins of a browser end */
	struct proxies proxies;
	bool secure; /* customers come by https: cookies say Secure */
	struct web_tls tls;
};

/* 0, or -1 with error set; the shape that base/daemon.h wants. */
int site_new(const struct settings *settings, void **site_r, struct error *error);
void site_free(void *site);

/* A keyed mark under the current key, and whether it is one under any key of the file. */
void site_mark(const struct site *site, const char *purpose, const char *text, char *mark_r);
bool site_mark_check(
	const struct site *site, const char *purpose, const char *text, const char *mark);

#endif
