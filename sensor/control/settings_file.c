#include "base/hash.h"
#include "base/text.h"
#include "control/settings.h"
#include "www/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)64 * 1024)
#define MIB            UINT64_C(1048576)
#define US_PER_MS      UINT64_C(1000)
#define US_PER_HOUR    UINT64_C(3600000000)

static const char *const SYNC_WORDS[] = {"alerts", "interval", NULL};

static const struct schema_key JOURNAL_KEYS[] = {
	{.name = "size",
		.help = "MiB of all segments; then the oldest go",
		.kind = SCHEMA_NUMBER,
		.standard = "1024",
		.least = 1,
		.most = 16777216},
	{.name = "segment",
		.help = "MiB of one segment",
		.kind = SCHEMA_NUMBER,
		.standard = "64",
		.least = 1,
		.most = 65536},
	{.name = "age",
		.help = "hours that a segment is kept; 0: any",
		.kind = SCHEMA_NUMBER,
		.standard = "0",
		.least = 0,
		.most = 87600},
	{.name = "sync",
		.help = "alerts: each alert on the disk at once; interval: with the "
			"rest",
		.kind = SCHEMA_WORD,
		.words = SYNC_WORDS,
		.standard = "alerts"},
	{.name = "sync_ms",
		.help = "longest time until a record is on the disk",
		.kind = SCHEMA_NUMBER,
		.standard = "1000",
		.least = 10,
		.most = 600000},
	{.name = NULL},
};

const struct schema_key *settings_journal_keys(void)
{
	return JOURNAL_KEYS;
}

static void read_journal(struct settings *settings, const struct yaml_node *value,
	struct problems *problems)
{
	struct schema_values values = {.keys = JOURNAL_KEYS};
	const struct schema_reader reader = {
		.arena = &settings->texts, .problems = problems, .what = "journal"};
	schema_read(&reader, value, &values, NULL);
	settings->journal = (struct journal_limits){
		.segment_bytes = schema_number(&values, "segment") * MIB,
		.total_bytes = schema_number(&values, "size") * MIB,
		.age_us = schema_number(&values, "age") * US_PER_HOUR,
		.sync_us = schema_number(&values, "sync_ms") * US_PER_MS,
		.is_alert_synced = strcmp(schema_text(&values, "sync"), "alerts") == 0};
	if (settings->journal.segment_bytes > settings->journal.total_bytes) {
		problems_add(
			problems, value, "journal: a segment is larger than all of it");
	}
}

static void read_outputs(struct settings *settings, const struct yaml_node *value,
	struct problems *problems)
{
	outputs_read(&settings->outputs, value, &settings->texts, problems);
}

#define METRICS_LISTEN "127.0.0.1:9472"

static const struct schema_key METRICS_KEYS[] = {
	{.name = "listen",
		.help = "ADDRESS:PORT or unix:PATH for HTTP (default " METRICS_LISTEN
			", with textfile none)"},
	{.name = "textfile",
		.help = "file for node_exporter's textfile collector: a name that ends "
			"in .prom"},
	{.name = "interval",
		.help = "seconds between two writes of that file",
		.kind = SCHEMA_NUMBER,
		.standard = "15",
		.least = 1,
		.most = 3600},
	{.name = "names",
		.help = "names that a browser may call this place by, beside "
			"localhost, the host's own and addresses",
		.kind = SCHEMA_LIST},
	{.name = NULL},
};

const struct schema_key *settings_metrics_keys(void)
{
	return METRICS_KEYS;
}

static bool ends_in(const char *text, const char *end)
{
	const size_t text_len = strlen(text);
	const size_t end_len = strlen(end);
	return text_len > end_len && strcmp(text + text_len - end_len, end) == 0;
}

/* What would only show at the start, or, a file that nobody collects, never. */
static void check_metrics(const struct metrics_settings *metrics,
	const struct yaml_node *value, struct problems *problems)
{
	if (metrics->listen && !listener_is_place(metrics->listen)) {
		problems_add(problems, value,
			"metrics: listen takes ADDRESS:PORT or unix:PATH, not "
			"\"%.80s\"",
			metrics->listen);
	}
	if (metrics->textfile && !ends_in(metrics->textfile, ".prom")) {
		problems_add(problems, value,
			"metrics: textfile \"%.80s\" does not end in .prom, so "
			"node_exporter would not read it",
			metrics->textfile);
	}
}

static void read_metrics(struct settings *settings, const struct yaml_node *value,
	struct problems *problems)
{
	struct schema_values values = {.keys = METRICS_KEYS};
	const struct schema_reader reader = {
		.arena = &settings->texts, .problems = problems, .what = "metrics"};
	if (!yaml_is_null(value)) {
		schema_read(&reader, value, &values, NULL);
	}
	settings->metrics = (struct metrics_settings){.is_wanted = true,
		.listen = schema_text(&values, "listen"),
		.textfile = schema_text(&values, "textfile"),
		.interval_s = (uint32_t)schema_number(&values, "interval")};
	struct settings_list *names = &settings->metrics.names;
	names->count = schema_count(&values, "names");
	if (names->count > SETTINGS_LIST_MAX) {
		problems_add(problems, value, "metrics: more than %d names",
			SETTINGS_LIST_MAX);
		names->count = 0;
	}
	for (size_t i = 0; i < names->count; i++) {
		names->values[i] = schema_item(&values, "names", i);
	}
	if (!settings->metrics.listen && !settings->metrics.textfile) {
		settings->metrics.listen = METRICS_LISTEN;
	}
	check_metrics(&settings->metrics, value, problems);
}

static const char *const LANGUAGE_WORDS[] = {"en", "fr", NULL};

static const struct schema_key PAGE_KEYS[] = {
	{.name = "write",
		.help = "no: a sensor writes no page",
		.kind = SCHEMA_YES_NO,
		.standard = "yes"},
	{.name = "language",
		.help = "of the page",
		.kind = SCHEMA_WORD,
		.words = LANGUAGE_WORDS,
		.standard = "en"},
	{.name = "interval",
		.help = "seconds from one page to the next, at least",
		.kind = SCHEMA_NUMBER,
		.standard = "60",
		.least = 1,
		.most = 86400},
	{.name = NULL},
};

const struct schema_key *settings_page_keys(void)
{
	return PAGE_KEYS;
}

static void take_page(struct settings *settings, const struct schema_values *values)
{
	const bool is_french = strcmp(schema_text(values, "language"), "fr") == 0;
	settings->page = (struct page_settings){.is_wanted = schema_is(values, "write"),
		.language = is_french ? TEXTS_FRENCH : TEXTS_ENGLISH,
		.interval_s = (uint32_t)schema_number(values, "interval")};
}

static void read_page(struct settings *settings, const struct yaml_node *value,
	struct problems *problems)
{
	struct schema_values values = {.keys = PAGE_KEYS};
	const struct schema_reader reader = {
		.arena = &settings->texts, .problems = problems, .what = "page"};
	schema_read(&reader, value, &values, NULL);
	take_page(settings, &values);
}

void settings_start_page(struct settings *settings)
{
	const struct schema_values values = {.keys = PAGE_KEYS};
	take_page(settings, &values);
}

/* What is no option. */
static const struct section {
	const char *name;
	void (*read)(struct settings *settings, const struct yaml_node *value,
		struct problems *problems);
} SECTIONS[] = {
	{"journal", read_journal},
	{"outputs", read_outputs},
	{"metrics", read_metrics},
	{"page", read_page},
};
#define SECTION_COUNT (sizeof(SECTIONS) / sizeof(SECTIONS[0]))
_Static_assert(SECTION_COUNT == SETTINGS_SECTIONS, "each is compared at a reload");

const char *settings_section_name(size_t index)
{
	return SECTIONS[index].name;
}

static uint64_t hash_text(uint64_t before, const char *text)
{
	static const struct hash_seed SEED;
	const uint64_t words[2] = {before, text_hash(text_from(text))};
	return hash_words(&SEED, words, 2);
}

/* NOLINTNEXTLINE(misc-no-recursion): of all its values, YAML_DEPTH_MAX deep */
static uint64_t hash_node(uint64_t before, const struct yaml_node *node)
{
	uint64_t hash =
		hash_text(before + node->kind + 1, node->text ? node->text : "");
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		hash = hash_node(hash, child);
	}
	return hash;
}

static void set_node(struct settings *settings, size_t index,
	const struct yaml_node *value, struct problems *problems)
{
	struct reason why = {.text = ""};
	if (value->kind != YAML_SCALAR) {
		problems_add(problems, value, "a single value is wanted");
	} else if (!settings_set_of_file(settings, index, value->text, &why)) {
		problems_add(problems, value, "%s", why.text);
	}
}

static void set_key(struct settings *settings, size_t index,
	const struct yaml_node *value, struct problems *problems)
{
	if (!settings_is_repeatable(index) || value->kind != YAML_SEQUENCE) {
		set_node(settings, index, value, problems);
		return;
	}
	for (value = value->first; value; value = value->next) {
		set_node(settings, index, value, problems);
	}
}

static void set_pair(struct settings *settings, const struct yaml_node *name,
	struct problems *problems)
{
	struct name_nearest search = {.wrong = name->text ? name->text : ""};
	const struct settings_key *key;
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		if (strcmp(SECTIONS[i].name, search.wrong) == 0) {
			SECTIONS[i].read(settings, name->next, problems);
			settings->sections[i] = hash_node(1, name->next);
			return;
		}
		name_nearest_offer(&search, SECTIONS[i].name);
	}
	for (size_t i = 0; (key = settings_key(i)) != NULL; i++) {
		if (strcmp(key->name, search.wrong) == 0) {
			set_key(settings, i, name->next, problems);
			return;
		}
		name_nearest_offer(&search, key->name);
	}
	problems_add_unknown(problems, name, "setting", &search);
}

static bool is_given_before(const struct yaml_node *root, const struct yaml_node *name)
{
	for (const struct yaml_node *other = root->first; other != name;
		other = other->next->next) {
		if (name->text && other->text && strcmp(other->text, name->text) == 0) {
			return true;
		}
	}
	return false;
}

static void set_document(struct settings *settings, const struct yaml_node *root,
	struct problems *problems)
{
	if (yaml_is_null(root)) {
		return;
	}
	if (root->kind != YAML_MAPPING) {
		problems_add(problems, root, "settings are lines \"key: value\"");
		return;
	}
	for (const struct yaml_node *name = root->first; name;
		name = name->next->next) {
		if (is_given_before(root, name)) {
			problems_add(
				problems, name, "%.40s is given twice", name->text);
		} else {
			set_pair(settings, name, problems);
		}
	}
}

/* The whole file into memory of the settings; NULL: told. */
static const char *take_file(struct settings *settings, const char *path, size_t *len,
	struct problems *problems)
{
	FILE *in = fopen(path, "re");
	if (!in) {
		problems_add(problems, NULL, "%s", strerror(errno));
		return NULL;
	}
	char *bytes = arena_take(&settings->texts, FILE_BYTES_MAX + 1);
	*len = fread(bytes, 1, FILE_BYTES_MAX + 1, in);
	const bool is_broken = ferror(in) != 0;
	(void)fclose(in);
	if (is_broken) {
		problems_add(problems, NULL, "cannot read: %s", strerror(errno));
		return NULL;
	}
	if (*len > FILE_BYTES_MAX) {
		problems_add(problems, NULL, "larger than 64 KiB");
		return NULL;
	}
	return bytes;
}

bool settings_read(
	struct settings *settings, const char *path, struct problems *problems)
{
	size_t len = 0;
	*problems = (struct problems){.path = path};
	const char *bytes = take_file(settings, path, &len, problems);
	if (!bytes) {
		return false;
	}
	struct yaml_error error = {0};
	const struct yaml_node *root = yaml_read(&settings->texts, bytes, len, &error);
	if (!root) {
		const struct yaml_node at = {
			.line = error.line, .column = error.column};
		problems_add(problems, &at, "%s", error.text);
		return false;
	}
	set_document(settings, root, problems);
	return problems->count == 0;
}
