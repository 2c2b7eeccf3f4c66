#include "commands/diff_words.h"

#include "matrix/interning.h"
#include "matrix/network.h"
#include "matrix/sentence.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PORTS_ALL     65535
#define POINTER_WORDS (sizeof(const void *) / sizeof(uint32_t))

const char *const DIFF_KINDS[] = {
	[DIFFERENCE_GAINED] = "gained",
	[DIFFERENCE_LOST] = "lost",
	[DIFFERENCE_CHANGED] = "changed",
	[DIFFERENCE_LOOSENED] = "loosened",
	[DIFFERENCE_TIGHTENED] = "tightened",
};

const char *diff_name(const struct difference_class *class, int side)
{
	return sentence_end_name(&class->ends[side]);
}

bool diff_is_same(const struct difference_class *class)
{
	return strcmp(diff_name(class, DIFFERENCE_OLD),
		       diff_name(class, DIFFERENCE_NEW)) == 0;
}

static void add_more(char *text, size_t count)
{
	if (count > DIFF_ITEMS_SHOWN) {
		sentence_append(text, DIFF_TEXT_BYTES, " and %zu more",
			count - DIFF_ITEMS_SHOWN);
	}
}

/* The zones of many classes, each with how many of them there are in it. */
struct zones {
	struct interning known; /* by the zones of both sides */
	size_t *counts;
};

static uint32_t zone_number(struct zones *zones, const struct difference_class *class)
{
	const struct matrix_zone *const both[] = {
		class->ends[DIFFERENCE_OLD].zone, class->ends[DIFFERENCE_NEW].zone};
	uint32_t words[2 * POINTER_WORDS];
	memcpy(words, both, sizeof(words));
	const size_t known = zones->known.count;
	const uint32_t number =
		interning_number(&zones->known, words, sizeof(words) / sizeof(*words));
	if (number == known) {
		zones->counts = list_room(zones->counts, known, sizeof(*zones->counts));
		zones->counts[known] = 0;
	}
	return number;
}

/* Zones that stayed, and of which all addresses are among the classes, several of them. */
static bool *find_whole_zones(const struct difference *difference,
	const uint32_t *classes, size_t count, struct zones *zones)
{
	struct zones all = {.counts = NULL};
	for (size_t i = 0; i < count; i++) {
		const struct difference_class *class = &difference->classes[classes[i]];
		const uint32_t zone = zone_number(zones, class);
		zones->counts[zone] += class->host == NULL;
		(void)zone_number(&all, class);
	}
	for (size_t i = 0; i < difference->class_count; i++) {
		const struct difference_class *class = &difference->classes[i];
		const uint32_t zone = zone_number(&all, class); /* moves .counts */
		assert(all.counts);
		all.counts[zone] += class->host == NULL;
	}
	bool *is_whole = list_new(zones->known.count + 1, sizeof(*is_whole));
	for (size_t i = 0; i < zones->known.count; i++) {
		is_whole[i] = zones->counts[i] > 1 && zones->counts[i] == all.counts[i];
	}
	interning_free(&all.known);
	list_free(all.counts);
	return is_whole;
}

/* What a list calls a class: its zone where all of that is in it, else its ends. */
struct label {
	const char *all_of; /* or NULL */
	const char *names[2];
};

static struct label label_of(const struct difference_class *class, bool is_whole)
{
	const struct matrix_end *ends = class->ends;
	const char *old_zone = ends[DIFFERENCE_OLD].zone->name;
	const char *new_zone = ends[DIFFERENCE_NEW].zone->name;
	if (is_whole && !class->host && strcmp(old_zone, new_zone) == 0) {
		return (struct label){.all_of = new_zone};
	}
	return (struct label){
		.names = {diff_name(class, 0), diff_name(class, DIFFERENCE_NEW)}};
}

static void add_label(char *text, const struct label *label, bool is_first)
{
	const char *glue = is_first ? "" : ", ";
	if (label->all_of) {
		sentence_append(
			text, DIFF_TEXT_BYTES, "%sall of %s", glue, label->all_of);
		return;
	}
	const char *before = label->names[DIFFERENCE_OLD];
	const char *now = label->names[DIFFERENCE_NEW];
	sentence_append(text, DIFF_TEXT_BYTES, "%s%s", glue, now);
	if (strcmp(before, now) != 0) {
		sentence_append(text, DIFF_TEXT_BYTES, " (before %s)", before);
	}
}

const char *diff_ends(const struct difference *difference, const uint32_t *classes,
	size_t count, char *text)
{
	struct zones zones = {.counts = NULL};
	struct interning labels = {.count = 0};
	bool *is_whole = find_whole_zones(difference, classes, count, &zones);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct difference_class *class = &difference->classes[classes[i]];
		const struct label label =
			label_of(class, is_whole[zone_number(&zones, class)]);
		uint32_t words[3 * POINTER_WORDS];
		memcpy(words, &label, sizeof(words));
		const size_t known = labels.count;
		const bool is_new = interning_number(&labels, words,
					    sizeof(words) / sizeof(*words)) == known;
		if (is_new && known < DIFF_ITEMS_SHOWN) {
			add_label(text, &label, known == 0);
		}
	}
	add_more(text, labels.count);
	interning_free(&labels);
	interning_free(&zones.known);
	list_free(zones.counts);
	list_free(is_whole);
	return text;
}

/* The prefix that begins and ends like the span; false where none does. */
static bool span_network(const struct difference_span *span, struct network *network)
{
	unsigned free_bits = 0; /* in a prefix: 0 in the first, 1 in the last address */
	for (size_t i = 0; i < sizeof(span->first.bytes); i++) {
		free_bits += (unsigned)__builtin_popcount(
			(unsigned)(span->first.bytes[i] ^ span->last.bytes[i]));
	}
	*network = (struct network){span->first, (uint8_t)(128 - free_bits)};
	const struct address last = network_last(network);
	return address_equal(&last, &span->last);
}

const char *diff_span(const struct difference_span *span, char *text)
{
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	struct network network;
	if (span_network(span, &network)) {
		return network_text(&network, text);
	}
	(void)snprintf(text, DIFF_TEXT_BYTES, "%s-%s",
		address_text(&span->first, first), address_text(&span->last, last));
	return text;
}

const char *diff_members(
	const struct difference *difference, uint32_t class, char *text)
{
	char span[DIFF_TEXT_BYTES];
	size_t count = 0;
	text[0] = '\0';
	if (difference->classes[class].host) {
		sentence_append(
			text, DIFF_TEXT_BYTES, "%s", difference->classes[class].host);
		return text;
	}
	for (size_t i = 0; i < difference->span_count; i++) {
		if (difference->spans[i].class == class && count++ < DIFF_ITEMS_SHOWN) {
			sentence_append(text, DIFF_TEXT_BYTES, "%s%s",
				count > 1 ? ", " : "",
				diff_span(&difference->spans[i], span));
		}
	}
	add_more(text, count);
	return text;
}

static void add_port(char *text, const struct difference_ports *ports)
{
	sentence_append(text, DIFF_TEXT_BYTES, "%u", ports->first);
	if (ports->last != ports->first) {
		sentence_append(text, DIFF_TEXT_BYTES, "-%u", ports->last);
	}
}

/* Nearly all of them: what is between the ranges is shorter to say. */
static const char *all_ports_but(const struct difference_line *line, char *text)
{
	unsigned next = 1;
	size_t count = 0;
	(void)snprintf(text, DIFF_TEXT_BYTES, "any port");
	for (size_t i = 0; i <= line->port_count; i++) {
		const unsigned first =
			i < line->port_count ? line->ports[i].first : PORTS_ALL + 1U;
		if (first > next && count++ < DIFF_ITEMS_SHOWN) {
			const struct difference_ports gap = {
				(uint16_t)next, (uint16_t)(first - 1)};
			sentence_append(text, DIFF_TEXT_BYTES, "%s",
				count > 1 ? ", " : " but ");
			add_port(text, &gap);
		}
		next = i < line->port_count ? line->ports[i].last + 1U : next;
	}
	add_more(text, count);
	return text;
}

const char *diff_ports(const struct difference_line *line, char *text)
{
	const size_t count = line->port_count;
	unsigned covered = 0;
	for (size_t i = 0; i < count; i++) {
		covered += line->ports[i].last - line->ports[i].first + 1U;
	}
	if (covered > PORTS_ALL / 2) {
		return all_ports_but(line, text);
	}
	(void)snprintf(text, DIFF_TEXT_BYTES, "port%s ", covered == 1 ? "" : "s");
	for (size_t i = 0; i < count && i < DIFF_ITEMS_SHOWN; i++) {
		const bool is_last = i + 1 == count;
		sentence_append(text, DIFF_TEXT_BYTES, "%s",
			i == 0    ? ""
			: is_last ? " and "
				  : ", ");
		add_port(text, &line->ports[i]);
	}
	add_more(text, count);
	return text;
}

const char *diff_condition(const struct difference_rows *rows, char *text)
{
	char condition[SENTENCE_LIST_BYTES];
	char day[SENTENCE_DAY_BYTES];
	text[0] = '\0';
	for (size_t i = 0; i < rows->count && i < DIFF_ITEMS_SHOWN; i++) {
		const struct matrix_row *row = rows->list[i];
		sentence_append(text, DIFF_TEXT_BYTES, "%s%s%s", i > 0 ? " or " : "",
			row->is_probe ? "as a probe " : "",
			sentence_condition(row, condition));
		if (row->expires_s != 0) {
			sentence_append(text, DIFF_TEXT_BYTES, " until %s",
				sentence_last_day(row->expires_s, day));
		}
		sentence_append(text, DIFF_TEXT_BYTES, " (row %s)", row->id);
	}
	add_more(text, rows->count);
	if (rows->is_profile) {
		sentence_append(text, DIFF_TEXT_BYTES,
			"%sunder TLS from the first byte (profile rfc8314)",
			rows->count > 0 ? " or " : "");
	}
	return text;
}

const char *diff_line(const struct difference_line *line, char *text)
{
	char protocols[SENTENCE_LIST_BYTES];
	char ports[DIFF_TEXT_BYTES];
	char may[DIFF_TEXT_BYTES];
	const bool is_lost = line->kind == DIFFERENCE_LOST;
	(void)sentence_protocols(line->protocols, "and", protocols);
	if (line->kind == DIFFERENCE_LOOSENED || line->kind == DIFFERENCE_TIGHTENED) {
		const bool is_loosened = line->kind == DIFFERENCE_LOOSENED;
		(void)snprintf(text, DIFF_TEXT_BYTES, "%s: breaches of row %s are %s",
			protocols, line->rows[is_loosened].list[0]->id,
			is_loosened ? "reported and no more blocked (mode: audit)"
				    : "no more let by (mode: audit, before)");
		return text;
	}
	(void)snprintf(text, DIFF_TEXT_BYTES, "%s on %s, %s", protocols,
		diff_ports(line, ports), diff_condition(&line->rows[!is_lost], may));
	if (line->kind == DIFFERENCE_CHANGED) {
		sentence_append(text, DIFF_TEXT_BYTES, "; before %s",
			diff_condition(&line->rows[DIFFERENCE_OLD], may));
	}
	return text;
}

const char *diff_way(const struct difference_entry *entry)
{
	if (entry->is_wider && entry->is_narrower) {
		return "wider and narrower";
	}
	return entry->is_wider ? "wider" : "narrower";
}

const char *diff_term(const struct difference_term *term, char *text)
{
	char span[DIFF_TEXT_BYTES];
	size_t count = 0;
	(void)snprintf(text, DIFF_TEXT_BYTES, "%s%s%s: %s", term->key,
		term->name[0] != '\0' ? " " : "", term->name, term->text);
	for (size_t i = 0; i < term->span_count; i++) {
		if (count++ < DIFF_ITEMS_SHOWN) {
			sentence_append(text, DIFF_TEXT_BYTES, "%s%s",
				count > 1 ? ", " : " ",
				diff_span(&term->spans[i], span));
		}
	}
	for (size_t i = 0; i < term->host_count; i++) {
		if (count++ < DIFF_ITEMS_SHOWN) {
			sentence_append(text, DIFF_TEXT_BYTES, "%s%s",
				count > 1 ? ", " : " ", term->hosts[i]);
		}
	}
	add_more(text, count);
	return text;
}

void diff_put_escaped(const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_[]<>|#&!~", *text)) {
			(void)putchar('\\');
		}
		(void)putchar(*text);
	}
}
