/*
 * Built at start, at each reload and by -t, before a mail depends on it. Nothing is connected here.
 */
#include "config.h"

#include "spool.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AUTHSERV "authserv:"

static int take_authentication(
	const struct settings *settings, struct config *config, struct error *error)
{
	const char *how = settings->consent_authentication;

	if (strncmp(how, AUTHSERV, sizeof(AUTHSERV) - 1) == 0 &&
		how[sizeof(AUTHSERV) - 1] != '\0') {
		config->authserv_id = how + sizeof(AUTHSERV) - 1;
		return 0;
	}
	if (strcmp(how, "dkim") != 0)
		return error_set(error, ERROR_CONFIGURATION,
			"consent_authentication: \"%s\" is not dkim or authserv:ID", how);
	config->verifier =
		dkim_verifier_new(settings->consent_dkim_domains, settings->dns_servers, error);
	return config->verifier == NULL ? -1 : 0;
}

/* What does not keep the mail from leaving, and what its readers would stumble over: also what
 * -t says. */
static void warn_of_certificate(const struct settings *settings, struct config *config)
{
	char text[HEALTH_TEXT_SIZE];

	config->certificate = (struct health_certificate){.part = HEALTH_SMIME_CERTIFICATE,
		.setting = "smime_cert_file",
		.path = settings->smime_cert_file,
		.not_after = smime_signer_end(config->signer),
		.not_before = smime_signer_begin(config->signer)};
	if (health_certificate_text(&config->certificate, time(NULL), text) != HEALTH_OK)
		log_warning("%s", text);
	if (!smime_signer_names(config->signer, settings->welcome_senders))
		log_warning("smime_cert_file %s: names no address of welcome_senders; mail "
			    "programs warn where it is not the From: address",
			settings->smime_cert_file);
}

static int take_signer(
	const struct settings *settings, struct config *config, struct error *error)
{
	if (*settings->smime_cert_file == '\0')
		return 0;
	config->signer =
		smime_signer_load(settings->smime_cert_file, settings->smime_key_file, error);
	if (config->signer == NULL)
		return error_prefix(error, "smime_cert_file, smime_key_file");
	warn_of_certificate(settings, config);
	return 0;
}

/* A large mail that cannot be kept there is put off, again and again. */
static void warn_of_spool(void)
{
	struct error error;
	int fd = spool_open(&error);

	if (fd < 0)
		log_warning("mails of the platform above 128 KB get 451: %s", error.text);
	else
		close(fd);
}

static int take_settings(
	const struct settings *settings, struct config *config, struct error *error)
{
	config->submitters = submitters_new(settings->welcome_submitters, error);
	if (config->submitters == NULL || take_authentication(settings, config, error) < 0 ||
		take_signer(settings, config, error) < 0)
		return -1;
	if (settings->consent_senders[0] != NULL) {
		config->consent_table = consent_table_load(
			settings->consent_patterns, settings->application_name, error);
		if (config->consent_table == NULL)
			return -1;
	}
	if (asprintf(&config->tracked_url, "%s/i/", settings->wizard_url) < 0)
		config->tracked_url = NULL;
	config->store = ipc_client_new(settings->store_listen, "the store", IPC_TIMEOUT_MS);
	if (config->tracked_url == NULL || config->store == NULL)
		return error_memory(error);
	return 0;
}

int config_new(const struct settings *settings, void **config_r, struct error *error)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return error_memory(error);
	if (take_settings(settings, config, error) < 0) {
		config_free(config);
		return -1;
	}
	warn_of_spool();
	*config_r = config;
	return 0;
}

void config_free(void *derived)
{
	struct config *config = derived;

	submitters_free(&config->submitters);
	smime_signer_free(&config->signer);
	consent_table_free(&config->consent_table);
	dkim_verifier_free(&config->verifier);
	ipc_client_free(&config->store);
	free(config->tracked_url);
	free(config);
}
