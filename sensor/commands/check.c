#include "commands/command.h"

#include "matrix/matrix.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char HELP[] =
	"usage: mailwarden check [--json] MATRIX...\n"
	"\n"
	"Read a flow matrix, tell every error with its place, or print the matrix "
	"back\n"
	"in words and then what is allowed but doubtful. \"-\" is stdin.\n"
	"\n"
	"  -j, --json    one JSON object: valid, errors, warnings, groups, rows\n"
	"  -q, --quiet   errors and warnings only\n"
	"  -h, --help    this text\n"
	"\n"
	"Examples:\n"
	"  mailwarden check rules/anssi-reference.yaml\n"
	"      Is the file right, and does it say what I meant?\n"
	"  mailwarden check internal.yaml gateway.yaml\n"
	"      Two files are joined into one matrix: rows may name groups of both.\n"
	"  git show HEAD:matrix.yaml | mailwarden check --quiet -\n"
	"      Before a change is merged.\n"
	"\n"
	"Exit: 0 the matrix can be used (warnings or not), 2 it has errors.\n"
	"The format is described in mailwarden-matrix(5).\n";

static void print_json_text(const char *text, FILE *out)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\') {
			(void)fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			(void)fprintf(out, "\\u%04x", c);
		} else {
			(void)fputc(c, out);
		}
	}
	(void)fputc('"', out);
}

static void print_json_problems(
	const char *key, const struct matrix_problems *problems, FILE *out)
{
	(void)fprintf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < problems->count; i++) {
		(void)fputs(i ? "," : "", out);
		print_json_text(problems->list[i].text, out);
	}
	(void)fputs("]", out);
}

static void print_json(const struct matrix *matrix,
	const struct matrix_problems *errors, const struct matrix_problems *warnings)
{
	size_t groups = 0;
	size_t rows = 0;
	if (matrix) {
		(void)matrix_groups(matrix, &groups);
		(void)matrix_rows(matrix, &rows);
	}
	(void)printf("{\"valid\":%s", matrix ? "true" : "false");
	print_json_problems("errors", errors, stdout);
	print_json_problems("warnings", warnings, stdout);
	if (matrix) {
		(void)printf(",\"groups\":%zu,\"rows\":%zu", groups, rows);
	}
	(void)printf("}\n");
}

static void print_problems(const struct matrix_problems *problems, FILE *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		(void)fprintf(out, "%s\n", problems->list[i].text);
	}
}

static void print_count(const struct matrix_problems *errors)
{
	(void)fprintf(stderr, "%zu error%s: the matrix cannot be used\n", errors->count,
		errors->count == 1 ? "" : "s");
}

struct check_options {
	bool is_json;
	bool is_quiet;
};

static int check_files(
	const char *const *files, size_t count, const struct check_options *options)
{
	struct matrix_problems errors = {0};
	struct matrix_problems warnings = {0};
	struct matrix *matrix = matrix_load(files, count, &errors);
	if (matrix) {
		matrix_warnings(matrix, (int64_t)time(NULL), &warnings);
	}
	if (options->is_json) {
		print_json(matrix, &errors, &warnings);
	} else if (!matrix) {
		print_problems(&errors, stderr);
		print_count(&errors);
	} else {
		if (!options->is_quiet) {
			matrix_print(matrix, stdout);
		}
		(void)fputs(warnings.count && !options->is_quiet ? "\n" : "", stdout);
		print_problems(&warnings, stdout);
	}
	const int code = matrix ? COMMAND_OK : COMMAND_USAGE;
	matrix_free(matrix);
	matrix_problems_free(&errors);
	matrix_problems_free(&warnings);
	return code;
}

static int check_usage(const char *what)
{
	(void)fprintf(
		stderr, "mailwarden check: %s\ntry 'mailwarden check --help'\n", what);
	return COMMAND_USAGE;
}

static int check_run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{"json", no_argument, NULL, 'j'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct check_options options = {0};
	char what[120];
	int option;
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "jqh", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.is_json = true;
			break;
		case 'q':
			options.is_quiet = true;
			break;
		case 'h':
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		default:
			(void)snprintf(what, sizeof(what), "unknown option \"%.80s\"",
				argv[optind - 1]);
			return check_usage(what);
		}
	}
	if (optind >= argc) {
		return check_usage("which matrix file?");
	}
	return check_files((const char *const *)(argv + optind),
		(size_t)(argc - optind), &options);
}

const struct command COMMAND_CHECK = {
	"check", "tell whether a flow matrix is right, and read it back", check_run};
