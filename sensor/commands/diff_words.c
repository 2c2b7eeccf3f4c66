#include "commands/diff_words.h"

#include "matrix/network.h"
#include "matrix/sentence.h"

#include <stdio.h>
#include <string.h>

#define PORTS_ALL 65535

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

/* Several classes may be called the same. */
static bool is_repeated(
	const struct difference *difference, const uint32_t *classes, size_t index)
{
	const struct difference_class *class = &difference->classes[classes[index]];
	for (size_t i = 0; i < index; i++) {
		const struct difference_class *earlier =
			&difference->classes[classes[i]];
		if (strcmp(diff_name(earlier, 0), diff_name(class, 0)) == 0 &&
			strcmp(diff_name(earlier, 1), diff_name(class, 1)) == 0) {
			return true;
		}
	}
	return false;
}

static void add_more(char *text, size_t count)
{
	if (count > DIFF_ITEMS_SHOWN) {
		sentence_append(text, DIFF_TEXT_BYTES, " and %zu more",
			count - DIFF_ITEMS_SHOWN);
	}
}

const char *diff_ends(const struct difference *difference, const uint32_t *classes,
	size_t count, char *text)
{
	size_t named = 0;
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct difference_class *class = &difference->classes[classes[i]];
		if (is_repeated(difference, classes, i)) {
			continue;
		}
		if (named++ >= DIFF_ITEMS_SHOWN) {
			continue;
		}
		sentence_append(text, DIFF_TEXT_BYTES, "%s%s", named > 1 ? ", " : "",
			diff_name(class, DIFFERENCE_NEW));
		if (!diff_is_same(class)) {
			sentence_append(text, DIFF_TEXT_BYTES, " (before %s)",
				diff_name(class, DIFFERENCE_OLD));
		}
	}
	add_more(text, named);
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
			is_loosened ? "told and no more blocked (mode: audit)"
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

void diff_put_escaped(const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_[]<>|#&!~", *text)) {
			(void)putchar('\\');
		}
		(void)putchar(*text);
	}
}
