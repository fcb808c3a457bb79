/*
 * An @domain entry of welcome_senders says only what may be a Welcome mail: it protects
 * nobody's mail, so the policy service does not see it.
 */
#include "config.h"

#include <stdlib.h>

static int take_senders(struct config *config, string_list all)
{
	size_t n = 0;

	while (all[n] != NULL)
		n++;
	config->senders = calloc(n + 1, sizeof(*config->senders));
	if (config->senders == NULL)
		return -1;
	for (n = 0; *all != NULL; all++)
		if (**all != '@')
			config->senders[n++] = *all;
	return 0;
}

int config_new(const struct settings *settings, void **config_r, struct error *error)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL || take_senders(config, settings->welcome_senders) != 0) {
		free(config);
		return error_memory(error);
	}
	config->submitters = submitters_new(settings->welcome_submitters, error);
	if (config->submitters == NULL) {
		config_free(config);
		return -1;
	}
	*config_r = config;
	return 0;
}

void config_free(void *derived)
{
	struct config *config = derived;

	submitters_free(&config->submitters);
	free(config->senders);
	free(config);
}
