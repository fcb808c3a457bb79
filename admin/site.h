/*
 * What the operator's pages derive from one generation of settings. Immutable.
 */
#ifndef POSTINVITE_ADMIN_SITE_H
#define POSTINVITE_ADMIN_SITE_H

#include "base/buf.h"
#include "base/settings.h"
#include "web/template.h"
#include "web/tls.h"

struct site {
	struct words *words; /* operator.LANGUAGE */
	struct template_set *pages;
	struct buf style;
	struct buf script;
	struct web_tls tls;
};

/* 0, or -1 with error set; the shape that base/daemon.h wants. */
int site_new(const struct settings *settings, void **site_r, struct error *error);
void site_free(void *site);

#endif
