/*
 * postinvite(1): what its commands share, and one run from the flags to the exit status.
 */
#include "flags.h"
#include "output.h"

#include "base/descriptors.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

__attribute__((format(printf, 2, 0))) static void say(
	const char *kind, const char *format, va_list args)
{
	fprintf(stderr, "postinvite: %s", kind);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void cli_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("warning: ", format, args);
	va_end(args);
}

void cli_detail(const struct cli *cli, const char *format, ...)
{
	va_list args;

	if (!cli->given['v'])
		return;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

int cli_fail(const struct cli *cli)
{
	cli_say("%s", cli->error.text);
	return error_answer(cli->error.kind)->exit_status;
}

int cli_open_state(struct cli *cli)
{
	if (cli->state != NULL)
		return 0;
	if (state_open(cli->settings, &cli->state, &cli->error) != 0)
		return -1;
	cli_detail(cli, "state: %s", cli->state->functions->where);
	return 0;
}

int cli_ask(struct cli *cli, struct json_object *request, struct json_object **reply_r)
{
	int result;

	*reply_r = NULL;
	if (request == NULL)
		return error_memory(&cli->error);
	result = cli_open_state(cli);
	if (result == 0)
		result = cli->state->functions->ask(cli->state, request, reply_r, &cli->error);
	json_object_put(request);
	return result;
}

static void say_fault(void *context, const char *text)
{
	(void)context;
	cli_say("%s", text);
}

static struct settings_source source_of(const struct cli *cli)
{
	return (struct settings_source){
		.config_directory = cli->config_directory,
		.overrides = cli->overrides,
		.fault = say_fault,
	};
}

int cli_setting(struct cli *cli, const char *name, char **value_r)
{
	struct settings_source source = source_of(cli);
	struct buf value;

	buf_init(&value, 64 * 1024);
	*value_r = NULL;
	if (settings_value(&source, name, &value, &cli->error) != 0) {
		buf_free(&value);
		return -1;
	}
	*value_r = buf_take(&value, NULL);
	return *value_r != NULL ? 0 : error_memory(&cli->error);
}

static int run(struct cli *cli, cli_command_fn *command)
{
	struct settings_source source = source_of(cli);
	int status;

	if (cli->given['h'])
		return command(cli);
	cli_detail(cli, "configuration: %s/%s", cli->config_directory, SETTINGS_FILE);
	if (!cli->given['k'] && settings_load(&source, &cli->settings) != 0)
		return EX_CONFIG;
	status = command(cli);
	if (cli->state != NULL)
		cli->state->functions->close(cli->state);
	settings_free(&cli->settings);
	return status;
}

int main(int argc, char **argv)
{
	struct cli cli = {.config_directory = SETTINGS_DEFAULT_DIRECTORY};
	cli_command_fn *command;
	int status = descriptors_take_standard();

	if (status != 0) {
		cli_say("/dev/null: %s", strerror(status));
		return EX_OSFILE;
	}
	cli.overrides = calloc((size_t)argc + 1, sizeof(*cli.overrides));
	if (cli.overrides == NULL) {
		cli_say("out of memory");
		return EX_OSERR;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys are in memory */
	/* a reader who has had enough, or a file that may not grow: the state is closed all the
	 * same */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	command = flags_parse(&cli, argc, argv);
	status = command != NULL ? run(&cli, command) : EX_USAGE;
	free(cli.overrides);
	if (output_failed() && !output_unwanted()) {
		cli_say("cannot write to stdout");
		return EX_IOERR;
	}
	return status;
}
