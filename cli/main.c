/*
 * postinvite(1). One table of flags is the option parser's, the usage text's, and says which flags exclude
 * each other; a command is the row's function.
 */
#include "lookup.h"
#include "output.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#define COMMANDS "qsdnaeVTfpPk"

static const struct flag {
	char letter;
	const char *argument;	     /* NULL: takes none */
	int (*run)(struct cli *cli); /* NULL: an option, not a command */
	const char *excludes;
	const char *what;
} flags[] = {
	{'q', "key", cli_query, COMMANDS,
		"look up: status, mailbox, expiry; - reads keys from stdin"},
	{'s', NULL, cli_list, COMMANDS, "list: a line a customer"},
	{'d', "key", cli_remove, COMMANDS "j",
		"remove a customer and revoke its invitation, or revoke the\n"
		"invitation of that id; - reads keys from stdin"},
	{'n', "key", cli_invite, COMMANDS,
		"new invitation without mail (or the open one); prints its AuthURL"},
	{'a', "key", cli_auth_url, COMMANDS, "print the AuthURL"},
	{'e', "key", cli_history, COMMANDS, "history of an invitation, oldest first"},
	{'V', "key", cli_validate, COMMANDS,
		"validate the authentication now; prints the outcome"},
	{'T', "key", cli_token, COMMANDS, "print a fresh access token"},
	{'f', NULL, cli_follow, COMMANDS,
		"follow: each event as it happens, until interrupted"},
	{'p', NULL, cli_settings, COMMANDS "j", "settings in force"},
	{'P', NULL, cli_settings, COMMANDS "j", "settings that differ from the defaults"},
	{'k', "link|vault", cli_new_key, COMMANDS "j",
		"new key into the key file; old ones stay readable"},
	{'i', NULL, NULL, COMMANDS,
		"add to the customers table, from stdin when no file is named"},
	{'r', NULL, NULL, COMMANDS "w", "duplicates replace what was there, silently"},
	{'w', NULL, NULL, COMMANDS, "duplicates are ignored silently"},
	{'j', NULL, NULL, "", "results as JSON, one object a line"},
	{'c', "config_dir", NULL, "",
		"directory of postinvite.cf (" SETTINGS_DEFAULT_DIRECTORY ")"},
	{'o', "name=value", NULL, "", "overrides a setting; may be given several times"},
	{'v', NULL, NULL, "", "say more, on stderr"},
	{'h', NULL, NULL, "", "this text"},
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

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

static int open_state(struct cli *cli)
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
		return error_set(&cli->error, ERROR_TEMPORARY, "out of memory");
	result = open_state(cli);
	if (result == 0)
		result = cli->state->functions->ask(cli->state, request, reply_r, &cli->error);
	json_object_put(request);
	return result;
}

static const struct flag *find_flag(int letter)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].letter == letter)
			return &flags[i];
	return NULL;
}

static void print_flags(bool commands)
{
	for (size_t i = 0; i < FLAGS; i++) {
		const char *argument = flags[i].argument != NULL ? flags[i].argument : "";
		const char *what = flags[i].what;
		size_t line = strcspn(what, "\n");

		if ((flags[i].run != NULL) != commands)
			continue;
		printf("  -%c %-12s %.*s\n", flags[i].letter, argument, (int)line, what);
		if (what[line] != '\0')
			printf("  %-15s %s\n", "", what + line + 1);
	}
}

static int usage(void)
{
	puts("usage: postinvite [option ...] file ...    load the customers table\n"
	     "       postinvite [option ...] command\n"
	     "A file - is stdin. A key is an invitation id, a customer id, a mailbox or a tenant.\n"
	     "commands:");
	print_flags(true);
	puts("options:");
	print_flags(false);
	puts("Exit status 0 found or done, 1 not found, above 1 an error; of -V and -T 77: a sign-in\n"
	     "is needed, 75: try later. See postinvite(1).");
	return EX_OK;
}

/* Refuses what does not go together. Returns 0, or -1 with a message. */
static int check_flags(const struct cli *cli, const struct flag *command, int operands)
{
	for (size_t i = 0; i < FLAGS; i++) {
		for (const char *other = flags[i].excludes; *other != '\0'; other++) {
			if (*other == flags[i].letter || !cli->given[(int)flags[i].letter] ||
				!cli->given[(int)*other])
				continue;
			cli_say("-%c and -%c exclude each other", flags[i].letter, *other);
			return -1;
		}
	}
	if (command != NULL && operands > 0) {
		cli_say("-%c takes no file: \"%s\" is too much", command->letter,
			cli->files[0]);
		return -1;
	}
	if (command == NULL && operands == 0 && !cli->given['i']) {
		cli_say("neither a command nor a customers file is given; -h tells them");
		return -1;
	}
	if (command == NULL || cli->argument == NULL || lookup_is_text(cli->argument))
		return 0;
	cli_say("-%c: the key is not UTF-8 text", command->letter);
	return -1;
}

/* Takes what getopt found. As in postmap the last -c counts, and a second key is refused. Returns 0, or -1
 * with a message. */
static int take_flag(struct cli *cli, const struct flag *flag)
{
	bool again = cli->given[(int)flag->letter];

	cli->given[(int)flag->letter] = true;
	if (flag->letter == 'c') {
		cli->config_directory = optarg;
	} else if (flag->letter == 'o') {
		cli->overrides[cli->overrides_n++] = optarg;
	} else if (flag->argument != NULL) {
		if (again) {
			cli_say("-%c is given twice", flag->letter);
			return -1;
		}
		cli->argument = optarg;
	}
	return 0;
}

/* What getopt does not know, or lacks. Returns -1. */
static int say_misuse(int letter)
{
	if (letter == ':')
		cli_say("-%c is given without its %s", optopt, find_flag(optopt)->argument);
	else if (isgraph(optopt))
		cli_say("there is no flag -%c; -h tells which there are", optopt);
	else
		cli_say("there is no such flag; -h tells which there are");
	return -1;
}

/* Fills cli and *command_r (NULL: load). Returns 0, or -1 with a message. */
static int parse_flags(struct cli *cli, int argc, char **argv, const struct flag **command_r)
{
	char options[2 * FLAGS + 2] = ":";
	size_t used = 1;
	int letter;

	for (size_t i = 0; i < FLAGS; i++) {
		options[used++] = flags[i].letter;
		if (flags[i].argument != NULL)
			options[used++] = ':';
	}
	options[used] = '\0';
	*command_r = NULL;
	while ((letter = getopt(argc, argv, options)) != -1) {
		const struct flag *flag = find_flag(letter);

		if (flag == NULL)
			return say_misuse(letter);
		if (take_flag(cli, flag) != 0)
			return -1;
		if (flag->run != NULL)
			*command_r = flag;
	}
	cli->files = argv + optind;
	return cli->given['h'] ? 0 : check_flags(cli, *command_r, argc - optind);
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
	return *value_r != NULL ? 0 : error_set(&cli->error, ERROR_TEMPORARY, "out of memory");
}

static int run(struct cli *cli, const struct flag *command)
{
	struct settings_source source = source_of(cli);
	int status;

	cli_detail(cli, "configuration: %s/%s", cli->config_directory, SETTINGS_FILE);
	if (!cli->given['k'] && settings_load(&source, &cli->settings) != 0)
		return EX_CONFIG;
	status = command != NULL ? command->run(cli) : cli_load(cli);
	if (cli->state != NULL)
		cli->state->functions->close(cli->state);
	settings_release(&cli->settings);
	return status;
}

int main(int argc, char **argv)
{
	struct cli cli = {.config_directory = SETTINGS_DEFAULT_DIRECTORY};
	const struct flag *command;
	int status;

	cli.overrides = calloc((size_t)argc + 1, sizeof(*cli.overrides));
	if (cli.overrides == NULL) {
		cli_say("out of memory");
		return EX_OSERR;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys are in memory */
	signal(SIGPIPE, SIG_IGN); /* a reader who has had enough: the state is closed all the same */
	if (parse_flags(&cli, argc, argv, &command) != 0)
		status = EX_USAGE;
	else
		status = cli.given['h'] ? usage() : run(&cli, command);
	free(cli.overrides);
	if (output_failed() && !output_unwanted()) {
		cli_say("cannot write to stdout");
		return EX_IOERR;
	}
	return status;
}
