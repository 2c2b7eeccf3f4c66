#include "matrix/difference_states.h"

#include <stdlib.h>
#include <string.h>

#define PORTS_ALL 65535

static const struct matrix_row *row_of(
	const struct difference_case *compared, int side, size_t index)
{
	return &compared->matrices[side]->rows[compared->rows[side][index]];
}

/* A row as written, of which this one is a pair of ends. */
static uint32_t declared(const struct matrix *matrix, uint32_t row)
{
	while (matrix->rows[row].is_continued) { /* the first never is */
		row--;
	}
	return row;
}

/* A list of words that grows; what is put together is numbered whole (matrix/interning). */
struct words {
	uint32_t *list;
	size_t count;
};

static void add_word(struct words *words, uint32_t word)
{
	words->list = list_room(words->list, words->count, sizeof(*words->list));
	words->list[words->count++] = word;
}

static bool has_word(const struct words *words, size_t from, uint32_t word)
{
	for (; from < words->count; from++) {
		if (words->list[from] == word) {
			return true;
		}
	}
	return false;
}

static bool is_covered(
	const struct difference_permission *row, const struct difference_permission *by)
{
	if ((row->allowed & ~by->allowed) != 0) {
		return false;
	}
	for (uint64_t left = row->allowed; left; left &= left - 1) {
		const int state = __builtin_ctzll(left);
		if (by->until_s[state] < row->until_s[state]) {
			return false;
		}
	}
	return true;
}

/* It allows something, and no other row all of that; of two alike the first. */
static bool is_needed(
	const struct difference_permission *each, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++) {
		if (i != index && is_covered(&each[index], &each[i]) &&
			(i < index || !is_covered(&each[i], &each[index]))) {
			return false;
		}
	}
	return each[index].allowed != 0;
}

/* What may be asked, and what both matrices say. */
struct subject {
	struct difference_subject asked;
	struct difference_permission may[2];
};

/* How many rows allow it, and which. */
static void add_rows(const struct subject *subject, int side, struct words *words)
{
	const struct difference_case *compared = subject->asked.compared;
	const size_t count = compared->row_counts[side];
	struct difference_permission *each = list_new(count + 1, sizeof(*each));
	const size_t counter = words->count;
	add_word(words, 0);
	for (size_t i = 0; i < count; i++) {
		difference_permit_row(
			&subject->asked, side, row_of(compared, side, i), &each[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const uint32_t row =
			declared(compared->matrices[side], compared->rows[side][i]);
		if (is_needed(each, count, i) && !has_word(words, counter + 1, row)) {
			add_word(words, row);
		}
	}
	words->list[counter] = (uint32_t)(words->count - counter - 1);
	list_free(each);
}

static bool is_wider(const struct difference_permission *than,
	const struct difference_permission *permission)
{
	uint64_t both = permission->allowed & than->allowed;
	for (; both; both &= both - 1) {
		const int state = __builtin_ctzll(both);
		if (permission->until_s[state] > than->until_s[state]) {
			return true;
		}
	}
	return (permission->allowed & ~than->allowed) != 0;
}

/* The first word of a line's key. */
#define KEY_KIND     0x0fU
#define KEY_WIDER    0x10U
#define KEY_NARROWER 0x20U
#define KEY_PROFILE  0x40U /* of the old matrix; twice that of the new one */

/* A line that is put together; those of one key and the same ports are one. */
struct draft {
	uint32_t key;
	uint32_t protocols;
	struct words ports; /* first and last of each range */
};

struct drafts {
	struct draft *list;
	size_t count;
};

static void drafts_free(struct drafts *drafts)
{
	for (size_t i = 0; i < drafts->count; i++) {
		list_free(drafts->list[i].ports.list);
	}
	list_free(drafts->list);
	*drafts = (struct drafts){0};
}

static struct draft *draft_of(struct drafts *drafts, uint32_t key)
{
	for (size_t i = 0; i < drafts->count; i++) {
		if (drafts->list[i].key == key) {
			return &drafts->list[i];
		}
	}
	drafts->list = list_room(drafts->list, drafts->count, sizeof(*drafts->list));
	drafts->list[drafts->count] = (struct draft){.key = key};
	return &drafts->list[drafts->count++];
}

static void draft_ports(struct draft *draft, const struct difference_ports *ports)
{
	struct words *words = &draft->ports;
	if (words->count > 0 && words->list[words->count - 1] + 1 == ports->first) {
		words->list[words->count - 1] = ports->last;
		return;
	}
	add_word(words, ports->first);
	add_word(words, ports->last);
}

static uint32_t profile_flags(const struct subject *subject)
{
	uint32_t flags = 0;
	for (uint32_t side = 0; side < 2; side++) {
		flags |= subject->may[side].by_profile ? KEY_PROFILE << side : 0;
	}
	return flags;
}

static void draft_permission(struct difference_deltas *deltas,
	const struct subject *subject, struct drafts *drafts)
{
	const struct difference_permission *may = subject->may;
	const bool has_more = is_wider(&may[DIFFERENCE_OLD], &may[DIFFERENCE_NEW]);
	const bool has_less = is_wider(&may[DIFFERENCE_NEW], &may[DIFFERENCE_OLD]);
	if (!has_more && !has_less) {
		return;
	}
	struct words words = {.count = 0};
	const enum difference_kind kind =
		!may[DIFFERENCE_OLD].allowed   ? DIFFERENCE_GAINED
		: !may[DIFFERENCE_NEW].allowed ? DIFFERENCE_LOST
					       : DIFFERENCE_CHANGED;
	add_word(&words, (uint32_t)kind | (has_more ? KEY_WIDER : 0) |
				 (has_less ? KEY_NARROWER : 0) |
				 profile_flags(subject));
	add_rows(subject, DIFFERENCE_OLD, &words);
	add_rows(subject, DIFFERENCE_NEW, &words);
	draft_ports(draft_of(drafts,
			    interning_number(&deltas->keys, words.list, words.count)),
		&subject->asked.ports);
	list_free(words.list);
}

/* Breaches that the row of this side lets by, and the other matrix would block. */
static void draft_mode(struct difference_deltas *deltas, const struct subject *subject,
	int side, struct drafts *drafts)
{
	const struct difference_permission *here = &subject->may[side];
	const struct difference_permission *there = &subject->may[1 - side];
	if ((here->tolerated & ~there->tolerated & ~there->allowed) == 0) {
		return;
	}
	const struct matrix *matrix = subject->asked.compared->matrices[side];
	const uint32_t row =
		declared(matrix, (uint32_t)(here->tolerating - matrix->rows));
	const bool is_loosened = side == DIFFERENCE_NEW;
	const uint32_t words[] = {is_loosened ? DIFFERENCE_LOOSENED | KEY_WIDER
					      : DIFFERENCE_TIGHTENED | KEY_NARROWER,
		is_loosened ? 0 : 1, is_loosened ? 1 : row, is_loosened ? row : 0};
	(void)draft_of(drafts, interning_number(&deltas->keys, words, 4));
}

/* As the rows call it, where some do. */
static uint32_t protocols_called(const struct difference_deltas *deltas,
	const struct difference_case *compared, uint32_t key, enum protocol protocol)
{
	const uint32_t *word = deltas->keys.words + deltas->keys.entries[key].start + 1;
	const uint32_t alike = matrix_protocols_allowed_as(protocol);
	uint32_t protocols = 0;
	for (int side = 0; side < 2; side++) {
		for (uint32_t left = *word++; left > 0; left--) {
			protocols |= compared->matrices[side]->rows[*word++].protocols;
		}
	}
	return (protocols & alike) ? (protocols & alike) : PROTOCOL_BIT(protocol);
}

static bool has_ports(const struct draft *a, const struct draft *b)
{
	return a->ports.count == b->ports.count &&
	       (a->ports.count == 0 ||
		       memcmp(a->ports.list, b->ports.list,
			       a->ports.count * sizeof(*a->ports.list)) == 0);
}

/* Behind the others; takes the ports over. */
static void join(struct drafts *drafts, struct draft *draft)
{
	for (size_t i = 0; i < drafts->count; i++) {
		struct draft *known = &drafts->list[i];
		if (known->key == draft->key && has_ports(known, draft)) {
			known->protocols |= draft->protocols;
			return;
		}
	}
	drafts->list = list_room(drafts->list, drafts->count, sizeof(*drafts->list));
	drafts->list[drafts->count++] = *draft;
	draft->ports = (struct words){0};
}

static void join_all(struct difference_deltas *deltas, const struct subject *subject,
	struct drafts *own, struct drafts *drafts)
{
	for (size_t i = 0; i < own->count; i++) {
		own->list[i].protocols =
			protocols_called(deltas, subject->asked.compared,
				own->list[i].key, subject->asked.protocol);
		join(drafts, &own->list[i]);
	}
	drafts_free(own);
}

/* All that is different of one protocol. */
static void compare_protocol(struct difference_deltas *deltas, struct subject *subject,
	struct drafts *drafts, bool is_allowed[2])
{
	const struct difference_case *compared = subject->asked.compared;
	const struct difference_ranges ranges = difference_part_ports(
		compared, matrix_protocols_allowed_as(subject->asked.protocol));
	struct drafts own = {.count = 0};
	struct drafts modes = {.count = 0};
	subject->asked.states = difference_states_of(compared, subject->asked.protocol);
	for (size_t i = 0; i<ranges.count && * compared->questions> 0; i++) {
		subject->asked.ports = (struct difference_ports){ranges.list[i],
			i + 1 < ranges.count ? (uint16_t)(ranges.list[i + 1] - 1)
					     : PORTS_ALL};
		for (int side = 0; side < 2; side++) {
			difference_permit(&subject->asked, side, &subject->may[side]);
			is_allowed[side] |= subject->may[side].allowed != 0;
		}
		draft_permission(deltas, subject, &own);
		draft_mode(deltas, subject, DIFFERENCE_NEW, &modes);
		draft_mode(deltas, subject, DIFFERENCE_OLD, &modes);
	}
	join_all(deltas, subject, &own, drafts);
	join_all(deltas, subject, &modes, drafts);
	list_free(ranges.list);
}

/* What any of the rows may have to do with; 465 also under profile rfc8314. */
static uint32_t protocols_of(const struct difference_case *compared)
{
	uint32_t protocols = 0;
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < compared->row_counts[side]; i++) {
			protocols |= row_of(compared, side, i)->protocols;
		}
		if (compared->matrices[side]->profile == MATRIX_PROFILE_RFC8314) {
			protocols |= PROTOCOL_BIT(PROTOCOL_SUBMISSIONS);
		}
	}
	return protocols;
}

static struct difference_rows rows_of(struct difference_deltas *deltas,
	const struct matrix *matrix, const uint32_t **word)
{
	struct difference_rows rows = {.count = *(*word)++};
	const struct matrix_row **list = arena_array(
		deltas->arena, rows.count, sizeof(const struct matrix_row *));
	for (size_t i = 0; i < rows.count; i++) {
		list[i] = &matrix->rows[*(*word)++];
	}
	rows.list = list;
	return rows;
}

static void line_make(struct difference_deltas *deltas,
	const struct difference_case *compared, const struct draft *draft,
	struct difference_line *line)
{
	const uint32_t *word =
		deltas->keys.words + deltas->keys.entries[draft->key].start;
	const uint32_t flags = *word++;
	const size_t port_count = draft->ports.count / 2;
	struct difference_ports *ports =
		arena_array(deltas->arena, port_count, sizeof(*ports));
	for (size_t i = 0; i < port_count; i++) {
		ports[i].first = (uint16_t)draft->ports.list[2 * i];
		ports[i].last = (uint16_t)draft->ports.list[2 * i + 1];
	}
	*line = (struct difference_line){
		.kind = (enum difference_kind)(flags & KEY_KIND),
		.is_wider = (flags & KEY_WIDER) != 0,
		.is_narrower = (flags & KEY_NARROWER) != 0,
		.protocols = draft->protocols,
		.ports = ports,
		.port_count = port_count,
	};
	for (uint32_t side = 0; side < 2; side++) {
		line->rows[side] = rows_of(deltas, compared->matrices[side], &word);
		line->rows[side].is_profile = (flags & KEY_PROFILE << side) != 0;
	}
}

static void delta_make(struct difference_deltas *deltas,
	const struct difference_case *compared, const struct drafts *drafts,
	struct difference_delta *delta)
{
	delta->line_count = drafts->count;
	delta->lines = arena_array(deltas->arena, drafts->count, sizeof(*delta->lines));
	for (size_t i = 0; i < drafts->count; i++) {
		line_make(deltas, compared, &drafts->list[i], &delta->lines[i]);
	}
}

static uint32_t number_lines(
	struct difference_deltas *deltas, const struct drafts *drafts)
{
	struct words words = {.count = 0};
	for (size_t i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->list[i];
		add_word(&words, draft->key);
		add_word(&words, draft->protocols);
		add_word(&words, (uint32_t)draft->ports.count);
		for (size_t j = 0; j < draft->ports.count; j++) {
			add_word(&words, draft->ports.list[j]);
		}
	}
	const uint32_t found =
		interning_number(&deltas->lines, words.list, words.count);
	list_free(words.list);
	return found;
}

static uint32_t number(struct difference_deltas *deltas,
	const struct difference_case *compared, const struct drafts *drafts,
	const bool is_allowed[2])
{
	const uint32_t lines_number = number_lines(deltas, drafts);
	const size_t known = deltas->known.count;
	const uint32_t words[] = {
		lines_number, is_allowed[DIFFERENCE_OLD], is_allowed[DIFFERENCE_NEW]};
	const uint32_t found = interning_number(&deltas->known, words, 3);
	if (found == known) {
		deltas->list = list_room(deltas->list, known, sizeof(*deltas->list));
		deltas->list[known] =
			(struct difference_delta){.lines_number = lines_number,
				.is_allowed = {is_allowed[0], is_allowed[1]}};
		delta_make(deltas, compared, drafts, &deltas->list[known]);
	}
	return found;
}

uint32_t difference_compare(
	struct difference_deltas *deltas, const struct difference_case *compared)
{
	struct drafts drafts = {.count = 0};
	struct subject subject = {.asked = {.compared = compared}};
	bool is_allowed[2] = {false, false};
	const uint32_t protocols = protocols_of(compared);
	uint32_t done = 0;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		const uint32_t alike = matrix_protocols_allowed_as((enum protocol)i);
		const bool is_done = !protocol_row((enum protocol)i)->is_inside_http &&
				     (done & PROTOCOL_BIT(i)) != 0;
		if ((protocols & alike) != 0 && !is_done) {
			subject.asked.protocol = (enum protocol)i;
			compare_protocol(deltas, &subject, &drafts, is_allowed);
		}
		done |= alike;
	}
	const uint32_t found = drafts.count > 0
				       ? number(deltas, compared, &drafts, is_allowed)
				       : NAME_NONE;
	drafts_free(&drafts);
	return found;
}

void difference_deltas_free(struct difference_deltas *deltas)
{
	interning_free(&deltas->keys);
	interning_free(&deltas->lines);
	interning_free(&deltas->known);
	list_free(deltas->list);
}
