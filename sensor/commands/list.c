#include "commands/matrices.h"
#include "commands/options.h"

#include "control/settings.h"
#include "lists/build.h"
#include "lists/reading.h"
#include "lists/request.h"
#include "report/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define WAIT_US    50000
#define WAITS_MOST 600 /* of them, until a change is in force */

struct list_options {
	const char *directory;
	const char *reason;
	const char *expires;
	struct option_list matrices; /* none: of the running sensor */
	bool is_never_hit;
	bool is_json;
};

/* The words behind the subcommand. */
struct list_case {
	const struct list_options *options;
	const struct option_words *words;
	struct lists *lists;
};

static const char *day_of(int64_t time_s, char text[32])
{
	struct tm parts;
	const time_t time = (time_t)time_s;
	text[0] = '\0';
	if (gmtime_r(&time, &parts)) {
		(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
	}
	return text;
}

static void write_time(struct json_writer *json, const char *key, int64_t time_s)
{
	if (time_s > 0) {
		json_time(json, key, (uint64_t)time_s * 1000000);
	}
}

/* An object a line; asked: what it is the answer to, or NULL. */
static void write_entry(const struct lists_entry *entry, const char *asked)
{
	struct json_writer json = {.out = stdout};
	json_object_open(&json, NULL);
	if (asked) {
		json_text(&json, "asked", asked);
	}
	if (entry) {
		json_text(&json, "list", entry->list->name);
		json_text(&json, "kind",
			matrix_list_kind_name(
				(enum matrix_list_kind)entry->list->kind));
		json_text(&json, "entry", entry->text);
		json_number(&json, "hits", entry->hits);
		write_time(&json, "added", entry->added_s);
		write_time(&json, "expires", entry->expires_s);
		json_text(&json, "reason",
			entry->reason[0] != '\0' ? entry->reason : NULL);
	} else {
		json_text(&json, "list", NULL);
	}
	json_object_close(&json);
	json_line_end(&json);
}

/* Tabs between: for people, cut and awk. */
static void print_entry(
	const struct list_case *asked, uint32_t number, const char *word)
{
	struct lists_entry entry;
	char text[32];
	lists_describe(asked->lists, number, &entry);
	if (asked->options->is_json) {
		write_entry(&entry, word);
		return;
	}
	if (word) {
		(void)printf("%s\t", word);
	}
	(void)printf("%s\t%s\t%s\thits=%u", entry.list->name,
		matrix_list_kind_name((enum matrix_list_kind)entry.list->kind),
		entry.text, entry.hits);
	if (entry.added_s > 0) {
		(void)printf("\tadded=%s", day_of(entry.added_s, text));
	}
	if (entry.expires_s > 0) {
		(void)printf("\texpires=%s", day_of(entry.expires_s, text));
	}
	if (entry.reason[0] != '\0') {
		(void)printf("\t%s", entry.reason);
	}
	(void)fputc('\n', stdout);
}

static int lookup(const struct list_case *asked)
{
	const int64_t now_s = (int64_t)time(NULL);
	int code = COMMAND_OK;
	for (size_t i = 1; i < asked->words->count; i++) {
		const char *text = asked->words->list[i];
		struct address address;
		const struct lists_match match =
			address_parse(text, &address)
				? lists_find_address(asked->lists, &address, now_s)
				: lists_find_domain(asked->lists, text, now_s);
		if (match.entry != LISTS_NONE) {
			print_entry(asked, match.entry, text);
			continue;
		}
		code = COMMAND_VIOLATIONS;
		if (asked->options->is_json) {
			write_entry(NULL, text);
		} else {
			(void)printf("%s\ton no list\n", text);
		}
	}
	return code;
}

static bool is_wanted(const struct list_case *asked, const char *list)
{
	bool is_any = asked->words->count == 1;
	for (size_t i = 1; i < asked->words->count; i++) {
		is_any = is_any || strcmp(asked->words->list[i], list) == 0;
	}
	return is_any;
}

/* False, and it is said: one of the lists that were named does not exist. */
static bool has_lists(const struct list_case *asked)
{
	size_t count;
	const struct lists_list *all = lists_all(asked->lists, &count);
	for (size_t i = 1; i < asked->words->count; i++) {
		const char *name = asked->words->list[i];
		size_t at = 0;
		while (at < count && strcmp(all[at].name, name) != 0) {
			at++;
		}
		if (at == count) {
			(void)command_misused(
				&COMMAND_LIST, "there is no list \"%.40s\"", name);
			return false;
		}
	}
	return true;
}

static int dump(const struct list_case *asked)
{
	if (!has_lists(asked)) {
		return COMMAND_USAGE;
	}
	const uint32_t count = lists_entry_count(asked->lists);
	for (uint32_t i = 0; i < count; i++) {
		struct lists_entry entry;
		lists_describe(asked->lists, i, &entry);
		if (is_wanted(asked, entry.list->name) &&
			!(asked->options->is_never_hit && entry.hits > 0)) {
			print_entry(asked, i, NULL);
		}
	}
	return COMMAND_OK;
}

struct list_sum {
	uint64_t hits;
	uint32_t hit; /* entries that were */
};

static void write_list(const struct lists_list *list, const struct list_sum *sum)
{
	struct json_writer json = {.out = stdout};
	json_object_open(&json, NULL);
	json_text(&json, "list", list->name);
	json_text(&json, "kind",
		matrix_list_kind_name((enum matrix_list_kind)list->kind));
	json_text(&json, "file", list->file[0] != '\0' ? list->file : NULL);
	json_number(&json, "entries", list->entries);
	json_number(&json, "entries_hit", sum->hit);
	json_number(&json, "hits", sum->hits);
	write_time(&json, "read", list->read_s);
	json_bool(&json, "kept", list->is_kept != 0);
	json_number(&json, "duplicates", list->duplicates);
	json_number(&json, "bad_lines", list->bad_lines);
	json_text(&json, "problem",
		list->problem.text[0] != '\0' ? list->problem.text : NULL);
	json_object_close(&json);
	json_line_end(&json);
}

static void print_list(const struct lists_list *list, const struct list_sum *sum)
{
	char text[32];
	(void)printf("%s: %s, %u entries, %u hit, %" PRIu64 " hits", list->name,
		matrix_list_kind_name((enum matrix_list_kind)list->kind), list->entries,
		sum->hit, sum->hits);
	if (list->read_s > 0) {
		(void)printf(", read %s", day_of(list->read_s, text));
	}
	(void)printf(list->file[0] != '\0' ? " from %s\n" : " (by hand)\n", list->file);
	if (list->duplicates > 0) {
		(void)printf("  %u lines say what others say\n", list->duplicates);
	}
	if (list->problem.text[0] != '\0') {
		(void)printf("  %s: %s\n",
			list->is_kept ? "not taken over" : "lines left out",
			list->problem.text);
	}
}

static int stats(const struct list_case *asked)
{
	if (!has_lists(asked)) {
		return COMMAND_USAGE;
	}
	struct list_sum sums[LISTS_MAX] = {{0}};
	size_t list_count = 0;
	const struct lists_list *all = lists_all(asked->lists, &list_count);
	const uint32_t count = lists_entry_count(asked->lists);
	for (uint32_t i = 0; i < count; i++) {
		struct lists_entry entry;
		lists_describe(asked->lists, i, &entry);
		struct list_sum *sum = &sums[entry.list - all];
		sum->hits += entry.hits;
		sum->hit += entry.hits > 0;
	}
	for (size_t i = 0; i < list_count; i++) {
		if (is_wanted(asked, all[i].name) && asked->options->is_json) {
			write_list(&all[i], &sums[i]);
		} else if (is_wanted(asked, all[i].name)) {
			print_list(&all[i], &sums[i]);
		}
	}
	if (!asked->options->is_json) {
		(void)printf("%u entries in %zu KiB\n", count,
			lists_bytes(asked->lists) / 1024);
	}
	return COMMAND_OK;
}

/* False: not within half a minute. */
static bool is_in_force(
	const struct list_options *options, const struct lists_request *change)
{
	struct reason why;
	const bool is_added = change->operation == LISTS_ADD;
	for (unsigned i = 0; i < WAITS_MOST; i++) {
		struct lists *lists = lists_request_copy(options->directory, &why);
		const bool has = lists && lists_find_entry(lists, change->list,
						  change->entry) != LISTS_NONE;
		const bool is_done = lists && has == is_added;
		lists_free(lists);
		if (is_done) {
			return true;
		}
		(void)usleep(WAIT_US);
	}
	return false;
}

static int change(const struct list_case *asked, enum lists_operation operation)
{
	const struct list_options *options = asked->options;
	struct lists_request request = {.operation = operation};
	struct lists_answer answer;
	struct reason why;
	int file;
	if (options->expires &&
		(request.expires_s = reading_end(options->expires)) == 0) {
		return command_misused(&COMMAND_LIST,
			"--expires %.40s is no day such as 2026-12-31",
			options->expires);
	}
	if (!build_entry_text(asked->words->list[2], request.entry, &why)) {
		return command_misused(&COMMAND_LIST, "%s", why.text);
	}
	(void)snprintf(request.list, sizeof(request.list), "%s", asked->words->list[1]);
	(void)snprintf(request.reason, sizeof(request.reason), "%s",
		options->reason ? options->reason : "");
	if (!lists_request_send(options->directory, &request, &answer, &file, &why)) {
		return command_failed(&COMMAND_LIST, "%s", why.text);
	}
	if (!is_in_force(options, &request)) {
		return command_failed(
			&COMMAND_LIST, "written down, and not in force yet");
	}
	if (options->is_json) {
		struct json_writer json = {.out = stdout};
		json_object_open(&json, NULL);
		json_text(&json, "list", request.list);
		json_text(&json, "entry", request.entry);
		json_bool(&json, "listed", operation == LISTS_ADD);
		json_object_close(&json);
		json_line_end(&json);
		return COMMAND_OK;
	}
	(void)printf("%s %s list %s\n", request.entry,
		operation == LISTS_ADD ? "is on" : "is off", request.list);
	return COMMAND_OK;
}

static int add(const struct list_case *asked)
{
	return change(asked, LISTS_ADD);
}

static int remove_entry(const struct list_case *asked)
{
	return change(asked, LISTS_REMOVE);
}

static const struct list_verb {
	const char *name;
	int (*run)(const struct list_case *asked);
	size_t least; /* words, with its own */
	size_t most;
	bool is_reading;
} VERBS[] = {
	{"lookup", lookup, 2, COMMAND_WORDS_ANY, true},
	{"dump", dump, 1, COMMAND_WORDS_ANY, true},
	{"stats", stats, 1, COMMAND_WORDS_ANY, true},
	{"add", add, 3, 3, false},
	{"remove", remove_entry, 3, 3, false},
	{NULL, NULL, 0, 0, false},
};

static int run_reading(struct list_case *asked, const struct list_verb *verb)
{
	const struct list_options *options = asked->options;
	struct reason why;
	if (options->matrices.count > 0) {
		struct matrix *matrix = matrices_load(&options->matrices);
		const bool is_read =
			matrix && matrices_read_lists(matrix, &asked->lists);
		matrix_free(matrix);
		if (!is_read || !asked->lists) {
			lists_free(asked->lists);
			return is_read ? command_misused(&COMMAND_LIST,
						 "the matrix declares no lists")
				       : COMMAND_USAGE;
		}
	} else {
		asked->lists = lists_request_copy(options->directory, &why);
	}
	if (!asked->lists) {
		return command_failed(&COMMAND_LIST, "%s", why.text);
	}
	const int code = verb->run(asked);
	lists_free(asked->lists);
	return code;
}

static int list_run(int argc, char **argv)
{
	struct list_options options = {.directory = SETTINGS_STATE_DIR};
	struct option_words words;
	const int code = options_read(&COMMAND_LIST, argc, argv, &options, &words);
	const struct list_verb *verb = VERBS;
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	while (verb->name && strcmp(verb->name, words.list[0]) != 0) {
		verb++;
	}
	if (!verb->name) {
		return command_misused(&COMMAND_LIST,
			"\"%.40s\" is none of add, remove, lookup, dump, stats",
			words.list[0]);
	}
	if (words.count < verb->least || words.count > verb->most) {
		return command_misused(&COMMAND_LIST, "%s takes %s", verb->name,
			verb->is_reading ? "an ADDRESS or a DOMAIN" : "LIST ENTRY");
	}
	if (!verb->is_reading && options.matrices.count > 0) {
		return command_misused(&COMMAND_LIST,
			"--matrix is for lookup, dump and stats; a change is for a "
			"running sensor");
	}
	struct list_case asked = {&options, &words, NULL};
	return verb->is_reading ? run_reading(&asked, verb) : verb->run(&asked);
}

static const char ABOUT[] =
	"Look into the lists that the matrix declares, as a running sensor has them, "
	"or\n"
	"change one by hand. What is added or removed is kept in the state directory,\n"
	"outlives restarts and new files of the list, and is written to the journal.\n"
	"  lookup ADDRESS|DOMAIN...  which entry counts\n"
	"  dump [LIST...]            all entries with their hits\n"
	"  stats [LIST...]           of each list: entries, hits, what is wrong with "
	"it\n"
	"  add LIST ENTRY            an address, a prefix or a domain\n"
	"  remove LIST ENTRY         it stays off, whatever the list's file says\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.help = "one JSON object per line: an entry, or of stats a list",
		.set = option_set_flag,
		.field = offsetof(struct list_options, is_json)},
	{.name = "state-dir",
		.argument = "DIR",
		.help = "of the sensor (default: " SETTINGS_STATE_DIR ")",
		.set = option_set_text,
		.field = offsetof(struct list_options, directory)},
	{OPTION_MATRICES(struct list_options,
		"read the lists of this matrix, and ask no sensor")},
	{.name = "never-hit",
		.help = "dump: only entries that no flow met",
		.set = option_set_flag,
		.field = offsetof(struct list_options, is_never_hit)},
	{.name = "reason",
		.argument = "TEXT",
		.help = "add, remove: why; alerts name it",
		.set = option_set_text,
		.field = offsetof(struct list_options, reason)},
	{.name = "expires",
		.argument = "DAY",
		.help = "add: its last day, or 2026-12-31T12:00:00Z",
		.set = option_set_text,
		.field = offsetof(struct list_options, expires)},
	{.name = NULL},
};

const struct command COMMAND_LIST = {
	.name = "list",
	.summary = "look into the lists of a running sensor, and change them",
	.usage = "add|remove [OPTION...] LIST ENTRY\n"
		 "lookup|dump|stats [OPTION...] [WORD...]",
	.about = ABOUT,
	.examples = "  mailwarden list lookup 203.0.113.9 mail.example.net\n"
		    "  mailwarden list dump --never-hit drop\n"
		    "  mailwarden list add waiting 203.0.113.9 --expires 2026-12-31\n",
	.exits = "0 done, 1 one that was looked up is on no list, 2 usage, 3 no sensor "
		 "can\n"
		 "be asked.\n",
	.options = OPTIONS,
	.words = "VERB WORD",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = list_run,
};
