#include "commands/complete.h"

#include "audit/server.h"
#include "base/clock.h"
#include "commands/audit_servers.h"
#include "commands/options.h"
#include "control/settings.h"
#include "matrix/matrix.h"
#include "status/status.h"

#include <assert.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WORDS_MAX  256
#define TEXT_BYTES 16384 /* of all words */
#define NAME_BYTES 128

/* The line as far as it is typed. */
struct line {
	const char *words[WORDS_MAX];
	size_t count;
	size_t cut; /* so much of the last word stands before what bash completes */
	char text[TEXT_BYTES];
	size_t used;
	const struct command *command;
	struct option_table table;
	/* what it says so far */
	struct option_list matrices;
	const char *config;
	const char *state_dir;
	bool has_observed; /* --observed without a value: its words are files */
	const char *start; /* of the value or word wanted */
};

static bool is_cut_mark(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "=:")] == '\0';
}

static bool append(struct line *line, const char *word)
{
	const size_t len = strlen(word);
	if (line->used + len >= TEXT_BYTES) {
		return false;
	}
	memcpy(line->text + line->used, word, len + 1);
	line->used += len;
	return true;
}

/* Put together what bash has cut; false when the line is too long. */
static bool join(struct line *line, int word_count, char **words)
{
	bool is_open = false; /* the next word belongs to the last one */
	for (int i = 0; i < word_count; i++) {
		const bool is_mark = is_cut_mark(words[i]);
		if (line->count > 0 && (is_mark || is_open)) {
			line->cut = strlen(line->words[line->count - 1]);
			line->cut += is_mark ? strlen(words[i]) : 0;
		} else if (line->count < WORDS_MAX) {
			line->used += line->count > 0 ? 1 : 0; /* its NUL */
			line->words[line->count++] = line->text + line->used;
			line->cut = 0;
		} else {
			return false;
		}
		if (!append(line, words[i])) {
			return false;
		}
		is_open = is_mark;
	}
	return line->count > 0;
}

/* The text begins where start does: print it from where bash goes on. */
static void offer(const struct line *line, const char *text)
{
	const char *last = line->words[line->count - 1];
	const size_t before = (size_t)(line->start - last);
	if (strncmp(text, line->start, strlen(line->start)) != 0) {
		return;
	}
	if (line->cut > before) {
		(void)puts(text + (line->cut - before));
	} else {
		(void)printf(
			"%.*s%s\n", (int)(before - line->cut), last + line->cut, text);
	}
}

static void offer_files(const struct line *line)
{
	(void)line;
	(void)puts(":file");
}

static void offer_folders(const struct line *line)
{
	(void)line;
	(void)puts(":dir");
}

static void offer_users(const struct line *line)
{
	(void)line;
	(void)puts(":user");
}

static void offer_interfaces(const struct line *line)
{
	struct if_nameindex *list = if_nameindex();
	for (size_t i = 0; list && list[i].if_index != 0; i++) {
		offer(line, list[i].if_name);
	}
	if_freenameindex(list);
}

static void offer_findings(const struct line *line)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		offer(line, finding_row((enum finding)i)->id);
	}
}

static void offer_findings_up_to(const struct line *line, int count)
{
	char text[NAME_BYTES];
	for (int i = 0; i < count; i++) {
		(void)snprintf(
			text, sizeof(text), "%s=", finding_row((enum finding)i)->id);
		offer(line, text);
	}
}

static void offer_rates(const struct line *line)
{
	offer_findings_up_to(line, FINDING_COUNT);
}

static void offer_actions(const struct line *line)
{
	const char *equals = strchr(line->start, '=');
	char text[NAME_BYTES];
	if (!equals) {
		offer_findings_up_to(line, FINDING_FLOW_COUNT);
		return;
	}
	for (int i = 0; i < ACTION_COUNT; i++) {
		(void)snprintf(text, sizeof(text), "%.*s=%s",
			(int)(equals - line->start), line->start,
			action_name((enum action)i));
		offer(line, text);
	}
}

static void offer_protocols(const struct line *line)
{
	for (int i = 0; i < PROTOCOL_COUNT; i++) {
		if (protocol_row((enum protocol)i)->is_mail) {
			offer(line, protocol_name((enum protocol)i));
		}
	}
}

/* The matrix that the line names, or NULL. */
static struct matrix *matrix_of(const struct line *line)
{
	struct matrix_problems problems = {.count = 0};
	struct matrix *matrix = line->matrices.count == 0
					? NULL
					: matrix_load(line->matrices.values,
						  line->matrices.count, &problems);
	matrix_problems_free(&problems);
	return matrix;
}

/* Groups and zones of the matrix; the Internet is a zone. */
static void offer_ends(const struct line *line)
{
	struct matrix *matrix = matrix_of(line);
	if (!matrix) {
		return;
	}
	size_t count;
	const struct matrix_group *groups = matrix_groups(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		offer(line, groups[i].name);
	}
	const struct matrix_zone *zones = matrix_zones(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		offer(line, zones[i].name);
	}
	matrix_free(matrix);
}

static void offer_groups_asked(const struct line *line, const struct matrix *matrix)
{
	struct server_targets targets;
	size_t count;
	const struct matrix_group *groups = matrix_groups(matrix, &count);
	const int64_t now_s = (int64_t)(clock_realtime_us() / 1000000);
	if (!server_targets_make(&targets, matrix, now_s)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		while (at < targets.count && targets.list[at].group != &groups[i]) {
			at++;
		}
		if (at < targets.count) {
			offer(line, groups[i].name);
		}
	}
	server_targets_free(&targets);
}

/* Groups that an audit may ask. */
static void offer_servers(const struct line *line)
{
	struct matrix *matrix = matrix_of(line);
	offer(line, AUDIT_SERVERS_ALL);
	if (matrix) {
		offer_groups_asked(line, matrix);
	}
	matrix_free(matrix);
}

/* Of the settings; fleet asks those of type redis alone, or files. */
static void offer_outputs(const struct line *line)
{
	if (line->has_observed) {
		offer_files(line);
		return;
	}
	static struct settings settings; /* too large for the stack */
	struct problems problems;
	const struct shipper *wanted =
		line->command == &COMMAND_FLEET ? shipper_find("redis") : NULL;
	settings_start(&settings);
	if (line->config) {
		(void)settings_read(&settings, line->config, &problems);
	}
	for (size_t i = 0; i < settings.outputs.count; i++) {
		const struct output *output = &settings.outputs.list[i];
		if (!wanted || output->shipper == wanted) {
			offer(line, output->name);
		}
	}
	settings_free(&settings);
}

static void offer_banned(const struct line *line)
{
	bool is_running = false;
	struct reason why;
	const struct status_page *page =
		status_open(line->state_dir ? line->state_dir : SETTINGS_STATE_DIR,
			&is_running, &why);
	for (size_t i = 0; page && is_running && i < BANS_PLACES; i++) {
		struct address address;
		uint64_t until_us;
		char text[ADDRESS_TEXT_BYTES];
		if (bans_at(&page->bans, i, clock_boottime_us(), &address, &until_us)) {
			(void)address_text(&address, text);
			offer(line, text);
		}
	}
}

/* What an argument is, by its name in the commands' tables. */
static const struct {
	const char *argument;
	void (*offer)(const struct line *line);
} VALUES[] = {
	{"FILE", offer_files},
	{"MATRIX", offer_files},
	{"OLD", offer_files},
	{"NEW", offer_files},
	{"REPORT", offer_files},
	{"DIR", offer_folders},
	{"USER", offer_users},
	{"IFACE", offer_interfaces},
	{"FINDING", offer_findings},
	{"[FINDING=]N", offer_rates},
	{"FINDING=ACTION", offer_actions},
	{"PROTOCOL[:PORT]", offer_protocols},
	{"FROM", offer_ends},
	{"TO", offer_ends},
	{"OUTPUT", offer_outputs},
	{"SERVER", offer_servers},
	{"ADDRESS", offer_banned},
};

static void offer_value(const struct line *line, const char *argument, size_t len)
{
	const char *words = argument;
	const char *word;
	size_t word_len;
	char text[NAME_BYTES];
	while (memchr(argument, '|', len) &&
		option_word_next(&words, &word, &word_len)) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)word_len, word);
		offer(line, text);
	}
	for (size_t i = 0; i < sizeof(VALUES) / sizeof(VALUES[0]); i++) {
		if (strlen(VALUES[i].argument) == len &&
			memcmp(VALUES[i].argument, argument, len) == 0) {
			VALUES[i].offer(line);
		}
	}
}

static void offer_options(const struct line *line)
{
	char text[NAME_BYTES];
	for (size_t i = 0; i < line->table.count; i++) {
		(void)snprintf(text, sizeof(text), "--%s", line->table.rows[i].name);
		offer(line, text);
	}
}

/*
 * The row of an option with a value, or NULL. *value: where it is in this word, NULL
 * when it is the next one.
 */
static const struct option_row *row_with_value(
	const struct line *line, const char *word, const char **value)
{
	const size_t len = strcspn(word, "=");
	for (size_t i = 0; i < line->table.count; i++) {
		const struct option_row *row = &line->table.rows[i];
		const bool is_long = strncmp(word, "--", 2) == 0 &&
				     len - 2 == strlen(row->name) &&
				     memcmp(word + 2, row->name, len - 2) == 0;
		const bool is_short =
			row->letter && word[0] == '-' && word[1] == row->letter;
		if (row->argument && (is_long || is_short)) {
			const char *rest = is_long ? word + len : word + 2;
			*value = *rest == '\0' ? NULL : rest + (is_long ? 1 : 0);
			return row;
		}
	}
	return NULL;
}

/* Nobody waits at a prompt for a pipe, a device or standard input. */
static bool is_at_hand(const char *path)
{
	struct stat status;
	return strcmp(path, "-") != 0 && stat(path, &status) == 0 &&
	       S_ISREG(status.st_mode);
}

/* Keep what names of the site are looked up with. */
static void take_value(
	struct line *line, const struct option_row *row, const char *value)
{
	if (strcmp(row->name, "matrix") == 0) {
		if (is_at_hand(value) && line->matrices.count < OPTIONS_LIST_MAX) {
			line->matrices.values[line->matrices.count++] = value;
		}
	} else if (strcmp(row->name, "config") == 0 && is_at_hand(value)) {
		line->config = value;
	} else if (strcmp(row->name, "state-dir") == 0) {
		line->state_dir = value;
	}
}

/* The name of the index-th word that is no option; NULL: none is wanted. */
static const char *word_name(const struct command *command, size_t index, size_t *len)
{
	const char *name = command->words;
	if (!name || index >= command->words_most) {
		return NULL;
	}
	for (; index > 0 && strchr(name, ' '); index--) {
		name = strchr(name, ' ') + 1;
	}
	*len = strcspn(name, " ");
	return name;
}

static void offer_word(struct line *line, size_t index)
{
	size_t len = 0;
	const char *name = word_name(line->command, index, &len);
	if (line->start[0] == '-' || !name) {
		offer_options(line);
	} else {
		offer_value(line, name, len);
	}
}

static void complete(struct line *line)
{
	size_t others = 0;
	const size_t last = line->count - 1;
	option_table_make(&line->table, line->command);
	for (size_t i = 1; i <= last; i++) {
		const char *word = line->words[i];
		const char *value = NULL;
		assert(word);
		const struct option_row *row = row_with_value(line, word, &value);
		if (!row) {
			others += word[0] != '-' && i < last ? 1 : 0;
			line->has_observed =
				line->has_observed || strcmp(word, "--observed") == 0;
			continue;
		}
		if (!value && i < last) {
			value = line->words[++i];
		}
		if (value && i == last) {
			line->start = value;
			offer_value(line, row->argument, strlen(row->argument));
			return;
		}
		if (value) {
			take_value(line, row, value);
		}
	}
	offer_word(line, others);
}

int complete_run(const struct command *const *commands, size_t command_count,
	int word_count, char **words)
{
	struct line line = {.count = 0};
	if (!join(&line, word_count, words)) {
		return COMMAND_OK;
	}
	line.start = line.words[line.count - 1];
	for (size_t i = 0; i < command_count; i++) {
		if (line.count == 1) {
			offer(&line, commands[i]->name);
		} else if (strcmp(line.words[0], commands[i]->name) == 0) {
			line.command = commands[i];
		}
	}
	if (line.count == 1) {
		offer(&line, "--help");
		offer(&line, "--version");
	}
	if (line.command) {
		complete(&line);
	}
	return COMMAND_OK;
}
