#include "matrix/members.h"

#include "matrix/compiled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the prefixes that one range became, which have one place. */
struct piece {
	const struct lookup_prefix *prefix;
	uint32_t index;
};

static int piece_order(const void *left, const void *right)
{
	const struct lookup_prefix *a = ((const struct piece *)left)->prefix;
	const struct lookup_prefix *b = ((const struct piece *)right)->prefix;
	if (a->file != b->file) {
		return a->file < b->file ? -1 : 1;
	}
	if (a->line != b->line) {
		return a->line < b->line ? -1 : 1;
	}
	if (a->column != b->column) {
		return a->column < b->column ? -1 : 1;
	}
	return memcmp(a->network.base.bytes, b->network.base.bytes,
		sizeof(a->network.base.bytes));
}

static bool is_of(const struct matrix_member *member, const struct matrix *matrix,
	const struct lookup_prefix *prefix)
{
	return member->place.file == matrix->files[prefix->file] &&
	       member->place.line == prefix->line && member->column == prefix->column;
}

static void add(struct matrix_members *members, const struct piece *piece)
{
	const struct matrix *matrix = members->matrix;
	const struct lookup_prefix *prefix = piece->prefix;
	struct matrix_member *last =
		members->count > 0 ? &members->list[members->count - 1] : NULL;
	if (!last || !is_of(last, matrix, prefix)) {
		last = &members->list[members->count++];
		*last = (struct matrix_member){.group = &matrix->groups[prefix->owner],
			.first = prefix->network.base,
			.place = {matrix->files[prefix->file], prefix->line},
			.column = prefix->column};
	}
	last->last = network_last(&prefix->network);
	members->of_prefix[piece->index] = (uint32_t)(members->count - 1);
}

bool matrix_members_make(struct matrix_members *members, const struct matrix *matrix)
{
	const struct lookup *lookup = &matrix->group_prefixes;
	const size_t count = lookup->prefix_count;
	*members = (struct matrix_members){.matrix = matrix};
	members->list = calloc(count + 1, sizeof(*members->list));
	members->of_prefix = calloc(count + 1, sizeof(*members->of_prefix));
	struct piece *pieces = calloc(count + 1, sizeof(*pieces));
	const bool has_memory = members->list && members->of_prefix && pieces;
	for (size_t i = 0; has_memory && i < count; i++) {
		pieces[i] = (struct piece){&lookup->prefixes[i], (uint32_t)i};
	}
	if (has_memory) {
		qsort(pieces, count, sizeof(*pieces), piece_order);
	}
	for (size_t i = 0; has_memory && i < count; i++) {
		add(members, &pieces[i]);
	}
	free(pieces);
	if (!has_memory) {
		matrix_members_free(members);
	}
	return has_memory;
}

void matrix_members_free(struct matrix_members *members)
{
	free(members->list);
	free(members->of_prefix);
	*members = (struct matrix_members){.count = 0};
}

const struct matrix_member *matrix_member_of(
	const struct matrix_members *members, const struct address *address)
{
	const struct lookup *lookup = &members->matrix->group_prefixes;
	const struct lookup_prefix *prefix = lookup_find(lookup, address);
	return prefix ? &members->list[members->of_prefix[prefix - lookup->prefixes]]
		      : NULL;
}

/* From the first address of a network to its last: they differ in all bits behind its length. */
static bool is_network(const struct matrix_member *member, struct network *network)
{
	for (int bits = 128; bits >= 0; bits--) {
		const struct network all = {.bits = (uint8_t)bits};
		const struct address behind = network_last(&all);
		size_t at = 0;
		while (at < sizeof(behind.bytes) &&
			(member->first.bytes[at] ^ member->last.bytes[at]) ==
				behind.bytes[at] &&
			(member->first.bytes[at] & behind.bytes[at]) == 0) {
			at++;
		}
		if (at == sizeof(behind.bytes)) {
			*network = (struct network){member->first, (uint8_t)bits};
			return true;
		}
	}
	return false;
}

const char *matrix_member_text(const struct matrix_member *member, char *text)
{
	char one[NETWORK_TEXT_BYTES];
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	struct network network;
	if (is_network(member, &network)) {
		(void)snprintf(
			text, MATRIX_MEMBER_BYTES, "%s", network_text(&network, one));
	} else {
		(void)snprintf(text, MATRIX_MEMBER_BYTES, "%s-%s",
			address_text(&member->first, first),
			address_text(&member->last, last));
	}
	return text;
}

static double number_of(const struct address *address)
{
	double number = 0;
	for (size_t i = 0; i < sizeof(address->bytes); i++) {
		number = number * 256 + address->bytes[i];
	}
	return number;
}

/* In the intervals that this owner's prefixes hold, whatever others are nested in them. */
static double addresses_held(const struct lookup *lookup, uint32_t owner)
{
	static const double ALL = 0x1p128;
	double sum = 0;
	for (size_t i = 0; i < lookup->interval_count; i++) {
		const uint32_t holder = lookup->holders[i];
		if (holder != LOOKUP_NONE && lookup->prefixes[holder].owner == owner) {
			const double end = i + 1 < lookup->interval_count
						   ? number_of(&lookup->starts[i + 1])
						   : ALL;
			sum += end - number_of(&lookup->starts[i]);
		}
	}
	return sum;
}

double matrix_end_addresses(
	const struct matrix_members *members, const struct matrix_end *end)
{
	const struct matrix *matrix = members->matrix;
	if (end->group) {
		return addresses_held(&matrix->group_prefixes,
			(uint32_t)(end->group - matrix->groups));
	}
	const uint32_t zone = (uint32_t)(end->zone - matrix->zones);
	return zone == 0 ? INFINITY : addresses_held(&matrix->zone_prefixes, zone);
}
