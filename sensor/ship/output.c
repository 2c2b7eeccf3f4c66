#include "ship/output.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const SEVERITY_WORDS[] = {"critical", "high", "medium", "low", NULL};
static const char *const EVENT_WORDS[] = {
	"alert", "mail", "stats", "matrix", "all", NULL};

static const struct schema_key COMMON[] = {
	{.name = "type", .help = "kind of output", .is_required = true},
	{.name = "name", .help = "in log lines and for its place; default: its type"},
	{.name = "events",
		.help = "what is sent: alert, mail, stats, matrix, all",
		.kind = SCHEMA_LIST,
		.words = EVENT_WORDS},
	{.name = "severity",
		.help = "least severity of alerts sent",
		.kind = SCHEMA_WORD,
		.words = SEVERITY_WORDS,
		.standard = "low"},
	{.name = NULL},
};

const struct schema_key *output_common_keys(void)
{
	return COMMON;
}

static const struct yaml_node *find_value(
	const struct yaml_node *mapping, const char *wanted)
{
	for (const struct yaml_node *name = mapping->first; name;
		name = name->next->next) {
		if (name->text && strcmp(name->text, wanted) == 0) {
			return name->next;
		}
	}
	return NULL;
}

/* The shipper of an output; told when there is none. */
static const struct shipper *find_type(
	const struct yaml_node *node, struct problems *problems)
{
	const struct yaml_node *type =
		node->kind == YAML_MAPPING ? find_value(node, "type") : NULL;
	if (!type || !type->text) {
		problems_add(problems, node, "an output lacks its \"type\"");
		return NULL;
	}
	struct name_nearest search = {.wrong = type->text};
	const struct shipper *shipper;
	for (size_t i = 0; (shipper = shipper_at(i)) != NULL; i++) {
		if (strcmp(shipper->name, type->text) == 0) {
			return shipper;
		}
		name_nearest_offer(&search, shipper->name);
	}
	problems_add_unknown(problems, type, "type of output", &search);
	return NULL;
}

static unsigned events_of(
	const struct schema_values *common, const struct shipper *shipper)
{
	unsigned events = 0;
	for (size_t i = 0; i < schema_count(common, "events"); i++) {
		const char *name = schema_item(common, "events", i);
		events |= strcmp(name, "all") == 0 ? EVENT_ALL : event_kind_of(name);
	}
	return events ? events : shipper->events;
}

static enum severity severity_of(const char *word)
{
	enum severity severity = SEVERITY_CRITICAL;
	while (severity < SEVERITY_LOW && strcmp(severity_name(severity), word) != 0) {
		severity++;
	}
	return severity;
}

static bool is_name(const char *text)
{
	size_t len = 0;
	for (; text[len] != '\0'; len++) {
		if (!isalnum((unsigned char)text[len]) && !strchr("-_", text[len])) {
			return false;
		}
	}
	return len > 0 && len < OUTPUT_NAME_BYTES;
}

static void read_output(struct outputs *outputs, const struct yaml_node *node,
	struct arena *arena, struct problems *problems)
{
	struct schema_values common = {.keys = COMMON};
	struct output *output = &outputs->list[outputs->count];
	const size_t mistakes = problems->count;
	char what[OUTPUT_NAME_BYTES + 16];
	*output = (struct output){.shipper = find_type(node, problems)};
	if (!output->shipper) {
		return;
	}
	const struct yaml_node *name = find_value(node, "name");
	output->name = name && name->text ? name->text : output->shipper->name;
	if (!is_name(output->name)) {
		problems_add(problems, name,
			"name of an output takes 1 to %d letters, digits, - and _",
			OUTPUT_NAME_BYTES - 1);
		return;
	}
	if (outputs_find(outputs, output->name)) {
		problems_add(problems, name ? name : node,
			"two outputs are named \"%s\"", output->name);
	}
	(void)snprintf(what, sizeof(what), "output %s", output->name);
	const struct schema_reader reader = {
		.arena = arena, .problems = problems, .what = what};
	output->values.keys = output->shipper->keys;
	schema_read(&reader, node, &common, &output->values);
	struct reason why;
	if (problems->count == mistakes && output->shipper->check &&
		!output->shipper->check(&output->values, &why)) {
		problems_add(problems, node, "%s: %s", what, why.text);
	}
	output->events = events_of(&common, output->shipper);
	output->least = severity_of(schema_text(&common, "severity"));
	outputs->count += problems->count == mistakes ? 1 : 0;
}

void outputs_read(struct outputs *outputs, const struct yaml_node *list,
	struct arena *arena, struct problems *problems)
{
	outputs->count = 0;
	if (yaml_is_null(list)) {
		return;
	}
	if (list->kind != YAML_SEQUENCE) {
		problems_add(problems, list, "outputs takes a list, not %s",
			yaml_kind_name(list->kind));
		return;
	}
	for (const struct yaml_node *node = list->first; node; node = node->next) {
		if (outputs->count == OUTPUTS_MAX) {
			problems_add(
				problems, node, "more outputs than %d", OUTPUTS_MAX);
			return;
		}
		read_output(outputs, node, arena, problems);
	}
}

const struct output *outputs_find(const struct outputs *outputs, const char *name)
{
	for (size_t i = 0; i < outputs->count; i++) {
		if (strcmp(outputs->list[i].name, name) == 0) {
			return &outputs->list[i];
		}
	}
	return NULL;
}

bool outputs_take_secrets(const struct outputs *outputs, struct reason *why)
{
	bool is_taken = true;
	for (size_t i = 0; i < outputs->count && is_taken; i++) {
		is_taken = schema_take_secrets(&outputs->list[i].values, why);
	}
	return is_taken;
}

bool output_would_open(const struct output *output, struct reason *why)
{
	const struct shipper *shipper = output->shipper;
	const struct shipper_context context = {
		.output = output, .host = "localhost", .journal = "none"};
	if (shipper->probe) {
		return shipper->probe(&output->values, why);
	}
	void *state = shipper->open(&context, why);
	if (state) {
		shipper->close(state);
	}
	return state != NULL;
}

bool output_wants(const struct output *output, const struct event *event)
{
	return (output->events & event->kind) != 0 &&
	       (event->kind != EVENT_ALERT || event->severity <= output->least);
}
