#include "commands/options.h"

#include <stdio.h>
#include <string.h>

#define ROW_BYTES  96
#define BESIDE_MAX 32 /* help texts begin at this column at the latest */

static void print_usage(const struct command *command)
{
	const char *line = command->usage ? command->usage : "[OPTION...]";
	const char *label = "Usage:";
	while (*line != '\0') {
		const size_t len = strcspn(line, "\n");
		(void)printf("%-6s mailwarden %s %.*s\n", label, command->name,
			(int)len, line);
		label = "";
		line += len + (line[len] == '\n' ? 1 : 0);
	}
}

static size_t write_row(const struct option_row *row, char text[ROW_BYTES])
{
	char letter[4] = "   ";
	if (row->letter) {
		(void)snprintf(letter, sizeof(letter), "-%c,", row->letter);
	}
	const int len = snprintf(text, ROW_BYTES, "  %s --%s%s%s", letter, row->name,
		row->argument ? " " : "", row->argument ? row->argument : "");
	return (size_t)len;
}

static void print_row(const struct option_row *row, size_t column)
{
	char text[ROW_BYTES];
	const char *line = row->help;
	if (write_row(row, text) + 2 > column) { /* the help stands below */
		(void)puts(text);
		text[0] = '\0';
	}
	while (*line != '\0') {
		const size_t len = strcspn(line, "\n");
		(void)printf("%-*s%.*s\n", (int)column, text, (int)len, line);
		text[0] = '\0';
		line += len + (line[len] == '\n' ? 1 : 0);
	}
}

static void print_options(const struct command *command)
{
	struct option_table table;
	char text[ROW_BYTES];
	size_t column = 0;
	option_table_make(&table, command);
	for (size_t i = 0; i < table.count; i++) {
		const size_t wanted = write_row(&table.rows[i], text) + 2;
		column = wanted > column && wanted <= BESIDE_MAX ? wanted : column;
	}
	for (size_t i = 0; i < table.count; i++) {
		print_row(&table.rows[i], column);
	}
}

static void print_part(const char *title, const char *lines)
{
	if (lines) {
		(void)printf("\n%s%s", title, lines);
	}
}

void options_help(const struct command *command)
{
	print_usage(command);
	print_part("", command->about);
	(void)putchar('\n');
	print_options(command);
	print_part("", command->notes);
	print_part("Examples:\n", command->examples);
	print_part("Exit: ", command->exits);
}
