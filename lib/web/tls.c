/*
 * The files are read whole when settings are loaded, so that a fault is found by -t and at a
 * reload, and not by a customer; what is served from then on is what was read.
 */
#include "web/tls.h"

#include "base/certificate.h"
#include "base/secret.h"
#include "web/template.h"

#define PEM_MAX (64 * 1024)

static int read_pem(const struct web_tls_file *file, struct buf *out, struct error *error)
{
	if (file->path == NULL || template_read_file(file->path, out, error) == 0)
		return 0;
	return error_prefix(error, "%s", file->setting);
}

int web_tls_load(const struct web_tls_files *files, struct web_tls *tls_r,
	char warning_r[HEALTH_TEXT_SIZE], struct error *error)
{
	*tls_r = (struct web_tls){.certificate = {.part = files->part,
					  .setting = files->cert.setting,
					  .path = files->cert.path}};
	buf_init(&tls_r->cert, PEM_MAX);
	buf_init(&tls_r->key, PEM_MAX);
	buf_init(&tls_r->client_ca, PEM_MAX);
	warning_r[0] = '\0';
	if (files->cert.path[0] == '\0')
		return 0;
	if (read_pem(&files->cert, &tls_r->cert, error) != 0 ||
		read_pem(&files->key, &tls_r->key, error) != 0 ||
		read_pem(&files->client_ca, &tls_r->client_ca, error) != 0)
		return -1;
	if (certificate_watch(tls_r->cert.data, tls_r->cert.len, &tls_r->certificate, warning_r,
		    error) != 0)
		return -1;
	if (certificate_fits(tls_r->cert.data, tls_r->cert.len, tls_r->key.data, tls_r->key.len,
		    error) != 0)
		return error_prefix(error, "%s: %.200s", files->key.setting, files->key.path);
	return 0;
}

void web_tls_free(struct web_tls *tls)
{
	buf_free(&tls->cert);
	secret_wipe(tls->key.data, tls->key.len);
	buf_free(&tls->key);
	buf_free(&tls->client_ca);
}
