#include "commands/check_settings.h"
#include "commands/expectations.h"
#include "commands/matrices.h"

#include "base/columns.h"
#include "interchange/tree.h"
#include "matrix/architecture.h"
#include "matrix/load.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

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

/* What was found in the files. */
struct check_result {
	struct matrix *matrix;
	const struct yaml_node *tree; /* the same, as it stands in the files */
	struct matrix_problems errors;
	struct matrix_problems warnings;
	struct matrix_problems breaches;
	struct matrix_problems accepted;  /* breaches that the matrix accepts */
	struct expectations expectations; /* of --expect */
};

static void print_json(const struct check_result *result, bool is_expecting)
{
	(void)printf("{\"valid\":%s", result->matrix ? "true" : "false");
	print_json_problems("errors", &result->errors, stdout);
	print_json_problems("warnings", &result->warnings, stdout);
	print_json_problems("breaches", &result->breaches, stdout);
	print_json_problems("accepted", &result->accepted, stdout);
	if (result->matrix) {
		size_t groups = 0;
		(void)matrix_groups(result->matrix, &groups);
		const size_t rows = matrix_declared_rows(result->matrix);
		(void)printf(",\"groups\":%zu,\"rows\":%zu,\"matrix\":", groups, rows);
		tree_write_json(result->tree, stdout);
	}
	if (is_expecting) {
		print_json_problems(
			"expect_errors", &result->expectations.errors, stdout);
		print_json_problems("unexpected", &result->expectations.unmet, stdout);
		(void)printf(",\"expected\":%zu", result->expectations.count);
	}
	(void)printf("}\n");
}

/* One line each for whoever searches them; a person at a terminal has them broken. */
static void print_problems(const struct matrix_problems *problems, FILE *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (isatty(fileno(out)) == 1) {
			columns_say(out, 4, "%s\n", problems->list[i].text);
		} else {
			(void)fprintf(out, "%s\n", problems->list[i].text);
		}
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
	bool is_exit_code_wanted;
	const char *config;
	const char *expect;
};

static void print_text(
	const struct check_result *result, const struct check_options *options)
{
	const size_t breaches = result->breaches.count;
	struct columns columns;
	FILE *out = stdout;
	if (!options->is_quiet) {
		columns_begin(&columns, &out);
		matrix_print(result->matrix, out);
		columns_end(&columns, 4);
		(void)fputs(result->warnings.count ? "\n" : "", stdout);
	}
	print_problems(&result->warnings, stdout);
	if (!options->is_quiet && breaches > 0) {
		(void)printf("\nArchitecture: %zu breach%s\n", breaches,
			breaches == 1 ? "" : "es");
	} else if (!options->is_quiet && result->accepted.count > 0) {
		columns_say(
			stdout, 0, "\nArchitecture: no breach that is not accepted.\n");
	} else if (!options->is_quiet) {
		columns_say(stdout, 0,
			"\nArchitecture: no breach of R34, R35, R36, R37, R41 or R42, "
			"no user access exposed.\n");
	}
	print_problems(&result->breaches, stdout);
	if (!options->is_quiet && result->accepted.count > 0) {
		(void)printf("\nAccepted: %zu\n", result->accepted.count);
		print_problems(&result->accepted, stdout);
	}
}

static void print_expectations(
	const struct expectations *expectations, const struct check_options *options)
{
	const size_t unmet = expectations->unmet.count;
	if (expectations->errors.count > 0) {
		print_problems(&expectations->errors, stderr);
		return;
	}
	if (!options->is_quiet) {
		(void)printf("\nExpected: %zu of %zu answers\n",
			expectations->count - unmet, expectations->count);
	}
	print_problems(&expectations->unmet, stdout);
}

/* Mistakes in what is expected are as good as mistakes in the matrix. */
static int code_of(
	const struct check_result *result, const struct check_options *options)
{
	const bool is_bad =
		result->breaches.count > 0 || result->expectations.unmet.count > 0;
	if (result->expectations.errors.count > 0) {
		return COMMAND_USAGE;
	}
	return options->is_exit_code_wanted && is_bad ? COMMAND_VIOLATIONS : COMMAND_OK;
}

/* With what was read, for who wants it whole. */
static void load_files(const char *const *files, size_t count, struct arena *arena,
	struct check_result *result)
{
	struct matrix_source *sources = list_new(count, sizeof(*sources));
	const struct yaml_node **roots =
		arena_array(arena, count, sizeof(struct yaml_node *));
	struct yaml_error error = {0};
	struct reason why;
	size_t read = 0;
	while (read < count && matrix_read_file(files[read], &sources[read], &why)) {
		read++;
	}
	result->matrix = read < count
				 ? matrix_load(files, count, &result->errors)
				 : matrix_load_sources(sources, count, &result->errors);
	for (size_t i = 0; result->matrix && i < read; i++) {
		roots[i] = yaml_read(arena, sources[i].bytes, sources[i].len, &error);
	}
	if (result->matrix) {
		result->tree = tree_join(arena, roots, read);
	}
	for (size_t i = 0; i < read; i++) {
		matrix_source_free(&sources[i]);
	}
	list_free(sources);
}

static int check_files(
	const char *const *files, size_t count, const struct check_options *options)
{
	struct check_result result = {0};
	struct arena arena = {.newest = NULL};
	int code = COMMAND_USAGE;
	load_files(files, count, &arena, &result);
	if (result.matrix) {
		const int64_t now_s = (int64_t)time(NULL);
		matrix_warnings(result.matrix, now_s, &result.warnings);
		architecture_breaches(
			result.matrix, now_s, &result.breaches, &result.accepted);
		if (options->expect) {
			expectations_hold(&result.expectations, options->expect,
				result.matrix, now_s);
		}
		code = code_of(&result, options);
		struct lists *lists;
		if (!matrices_read_lists(result.matrix, &lists)) {
			code = COMMAND_USAGE;
		}
		lists_free(lists);
	}
	if (options->is_json) {
		print_json(&result, result.matrix && options->expect);
	} else if (!result.matrix) {
		print_problems(&result.errors, stderr);
		print_count(&result.errors);
	} else {
		print_text(&result, options);
		if (options->expect) {
			print_expectations(&result.expectations, options);
		}
	}
	matrix_free(result.matrix);
	arena_free(&arena);
	matrix_problems_free(&result.errors);
	matrix_problems_free(&result.warnings);
	matrix_problems_free(&result.breaches);
	matrix_problems_free(&result.accepted);
	expectations_free(&result.expectations);
	return code;
}

static int check_run(int argc, char **argv)
{
	struct check_options options = {.config = NULL};
	struct option_words files;
	const int code = options_read(&COMMAND_CHECK, argc, argv, &options, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (options.config && files.count > 0) {
		return command_misused(
			&COMMAND_CHECK, "either --config or matrix files");
	}
	if (options.config && options.expect) {
		return command_misused(
			&COMMAND_CHECK, "--expect is for matrix files, not --config");
	}
	if (options.config && options.is_json) {
		return command_misused(
			&COMMAND_CHECK, "--json is for matrix files, not --config");
	}
	if (options.config) {
		return check_settings(options.config, options.is_quiet);
	}
	if (files.count == 0) {
		return command_misused(&COMMAND_CHECK, "no MATRIX given");
	}
	return check_files(files.list, files.count, &options);
}

static const char ABOUT[] =
	"Read a flow matrix, report every error with its place, or print the matrix\n"
	"back in words, then what is allowed but doubtful, then where it breaches\n"
	"ANSSI's recommendations (R34 R35 R36 R37 R41 R42, users' access from the\n"
	"Internet) with its rows, and which breaches rows and groups accept. \"-\" is\n"
	"stdin.\n";

static const char EXAMPLES[] =
	"  mailwarden check matrix.yaml\n"
	"      Is the file right, and does it say what I meant?\n"
	"  mailwarden check internal.yaml gateway.yaml\n"
	"      Two files are joined into one matrix: rows may name groups of both.\n"
	"  git show HEAD:matrix.yaml | mailwarden check --quiet --exit-code -\n"
	"      Before a change is merged.\n"
	"  mailwarden check --expect answers.txt --exit-code matrix.yaml\n"
	"      Does it still answer as it should?\n";

static const char EXITS[] =
	"0 the matrix can be used (warnings or not), 1 it has breaches or answers\n"
	"otherwise than expected and --exit-code was given, 2 it or the file of\n"
	"--expect has errors. The formats are described in mailwarden-matrix(5) and\n"
	"mailwarden-check(8).\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: valid, errors, warnings, breaches,\n"
			"accepted, groups, rows, matrix (all of it)",
		.set = option_set_flag,
		.field = offsetof(struct check_options, is_json)},
	{.name = "quiet",
		.letter = 'q',
		.help = "errors, warnings and breaches only",
		.set = option_set_flag,
		.field = offsetof(struct check_options, is_quiet)},
	{.name = "exit-code",
		.help = "exit 1 when there is a breach that is not accepted, or\n"
			"an answer that is not as expected",
		.set = option_set_flag,
		.field = offsetof(struct check_options, is_exit_code_wanted)},
	{.name = "expect",
		.argument = "FILE",
		.help = "answers that it is to give, a line each:\n"
			"FROM TO PROTOCOL[:PORT] [TLS] -> ANSWER",
		.set = option_set_text,
		.field = offsetof(struct check_options, expect)},
	{.name = "config",
		.letter = 'c',
		.argument = "FILE",
		.help = "check settings (mailwarden.yaml) and their outputs\n"
			"instead",
		.set = option_set_text,
		.field = offsetof(struct check_options, config)},
	{.name = NULL},
};

const struct command COMMAND_CHECK = {
	.name = "check",
	.summary = "check a flow matrix or settings, and read them back",
	.usage = "[OPTION...] MATRIX...\n"
		 "--config FILE [--quiet]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = EXITS,
	.options = OPTIONS,
	.words = "MATRIX",
	.words_most = COMMAND_WORDS_ANY,
	.run = check_run,
};
