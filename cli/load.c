/*
 * The customers table: files are read in pieces and go to the state in batches, so that memory
 * stays the same for any number of customers.
 *
 * Files replace the table: rows go into a new one that nobody sees until all of them are there;
 * whatever ends the load before that leaves the old one. With -i rows go into the table in force, a
 * batch at a time.
 *
 * All files are opened before the state is: a name that is wrong changes nothing, and opening the
 * state may make us another user.
 */
#include "cli.h"
#include "output.h"
#include "table.h"

#include "store/customers_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct load {
	struct cli *cli;
	int *files; /* descriptors, in the order of names */
	const char **names;
	size_t files_n;
	struct table *table;
	long long skipped;
};

/* An aliases(5) line is a good one by its form, and yet seldom meant. */
static void warn_alias(struct load *load, const char *name, const struct customers_row *row)
{
	const char *id = row->columns[CUSTOMERS_ID];

	if (id[strlen(id) - 1] != ':')
		return;
	table_clear_line(load->table);
	cli_warn("%s:%lu: record is in \"key: value\" format; is this an alias file?", name,
		row->line);
}

/* Takes all rows that the parser has. */
static int take_rows(struct load *load, struct customers_file *parser, const char *name)
{
	enum customers_item item;
	struct customers_row row;
	struct error fault;

	while ((item = customers_file_next(parser, &row, &fault)) != CUSTOMERS_MORE) {
		if (item == CUSTOMERS_ROW) {
			warn_alias(load, name, &row);
			if (table_row(load->table, name, &row) != 0)
				return -1;
			continue;
		}
		load->skipped++;
		table_clear_line(load->table);
		cli_warn("%s:%lu: skipped: %s", name, row.line, fault.text);
	}
	return 0;
}

static int load_file(struct load *load, int fd, const char *name)
{
	struct customers_file *parser = customers_file_new();
	char bytes[64 * 1024];
	ssize_t got = -1;
	int result = 0;

	if (parser == NULL)
		return error_memory(&load->cli->error);
	while (result == 0 && (got = read(fd, bytes, sizeof(bytes))) > 0) {
		customers_file_feed(parser, bytes, (size_t)got);
		result = take_rows(load, parser, name);
	}
	if (result == 0 && got < 0)
		result = error_errno(&load->cli->error, errno, "read %s", name);
	if (result == 0) {
		customers_file_end(parser);
		result = take_rows(load, parser, name);
	}
	customers_file_free(&parser);
	return result;
}

/* A file of another kind, all of whose lines are wrong, would leave no customer. */
static int check_kind(const struct load *load)
{
	long long rows, duplicates;

	table_totals(load->table, &rows, &duplicates);
	if (rows > 0 || load->skipped == 0 || load->cli->given['i'])
		return 0;
	return error_set(&load->cli->error, ERROR_PERMANENT,
		"no line is a customer's: a customers file has lines \"customer_id mailbox "
		"[name=value ...]\"");
}

static int load_files(struct load *load)
{
	for (size_t i = 0; i < load->files_n; i++)
		if (load_file(load, load->files[i], load->names[i]) != 0)
			return -1;
	return check_kind(load) == 0 ? table_end(load->table) : -1;
}

static int load_all(struct load *load)
{
	load->table = table_begin(load->cli);
	if (load->table == NULL)
		return -1;
	if (load_files(load) == 0)
		return 0;
	table_clear_line(load->table);
	if (table_in_doubt(load->table))
		cli_say("the end of the load was not answered: \"postinvite -s\" tells which table "
			"is in force");
	else if (!load->cli->given['i'])
		cli_say("the load is given up, the customers table is as it was");
	return -1;
}

/* "-" is stdin, and so is no name at all with -i. */
static int open_files(struct load *load)
{
	char **names = load->cli->files;
	size_t n = 0;

	while (names[n] != NULL)
		n++;
	load->files = calloc(n + 1, sizeof(*load->files));
	load->names = calloc(n + 1, sizeof(*load->names));
	if (load->files == NULL || load->names == NULL)
		return error_memory(&load->cli->error);
	if (n == 0)
		load->names[load->files_n++] = "stdin";
	for (size_t i = 0; i < n; i++) {
		bool is_stdin = strcmp(names[i], "-") == 0;
		int fd = is_stdin ? STDIN_FILENO : open(names[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return error_errno(&load->cli->error, errno, "open %s", names[i]);
		load->files[load->files_n] = fd;
		load->names[load->files_n++] = is_stdin ? "stdin" : names[i];
	}
	return 0;
}

static void say_totals(const struct load *load)
{
	struct json_object *totals = json_object_new_object();
	long long rows, duplicates;

	table_totals(load->table, &rows, &duplicates);
	cli_detail(load->cli, "rows read: %lld, duplicates: %lld, lines skipped: %lld", rows,
		duplicates, load->skipped);
	if (load->cli->given['j'] && totals != NULL) {
		json_set_int(totals, "rows", rows);
		json_set_int(totals, "duplicates", duplicates);
		json_set_int(totals, "skipped", load->skipped);
		output_json(totals);
	}
	json_object_put(totals);
}

int cli_load(struct cli *cli)
{
	struct load load = {.cli = cli};
	int status = EX_OK;

	if (open_files(&load) != 0) {
		cli_say("%s", cli->error.text);
		status = EX_NOINPUT;
	} else if (load_all(&load) != 0) {
		table_free(&load.table);
		status = cli_fail(cli);
	} else {
		table_clear_line(load.table);
		say_totals(&load);
	}
	for (size_t i = 0; i < load.files_n; i++)
		close(load.files[i]);
	table_free(&load.table);
	free(load.files);
	free(load.names);
	return status;
}
