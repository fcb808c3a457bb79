/*
 * One table of flags is the option parser's and the usage text's, and says which flags exclude
 * each other; a command is the row's function. The help is read by conf/completion, too.
 */
#include "flags.h"

#include "lookup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define COMMANDS "qsdnaeVTfpPk"

static const struct flag {
	char letter;
	const char *argument; /* NULL: takes none */
	cli_command_fn *run;  /* NULL: an option, not a command */
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

static int usage(struct cli *cli)
{
	(void)cli;
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

/* Takes what getopt found. As in postmap the last -c counts, and a second key is refused.
 * Returns 0, or -1 with a message. */
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

/* What getopt does not know, or lacks. Returns NULL. */
static cli_command_fn *say_misuse(int letter)
{
	if (letter == ':')
		cli_say("-%c is given without its %s", optopt, find_flag(optopt)->argument);
	else if (isgraph(optopt))
		cli_say("there is no flag -%c; -h tells which there are", optopt);
	else
		cli_say("there is no such flag; -h tells which there are");
	return NULL;
}

cli_command_fn *flags_parse(struct cli *cli, int argc, char **argv)
{
	const struct flag *command = NULL;
	char options[2 * FLAGS + 2] =
		":"; /* a colon in front: we say ourselves what is missing */
	size_t used = 1;
	int letter;

	for (size_t i = 0; i < FLAGS; i++) {
		options[used++] = flags[i].letter;
		if (flags[i].argument != NULL)
			options[used++] = ':';
	}
	options[used] = '\0';
	while ((letter = getopt(argc, argv, options)) != -1) {
		const struct flag *flag = find_flag(letter);

		if (flag == NULL)
			return say_misuse(letter);
		if (take_flag(cli, flag) != 0)
			return NULL;
		if (flag->run != NULL)
			command = flag;
	}
	cli->files = argv + optind;
	if (cli->given['h'])
		return usage;
	if (check_flags(cli, command, argc - optind) != 0)
		return NULL;
	return command != NULL ? command->run : cli_load;
}
