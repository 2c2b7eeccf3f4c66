#include "audit/domain_checks.h"

#include "matrix/domains.h"
#include "matrix/lookup.h"
#include "matrix/reach.h"
#include "matrix/senders.h"

#include <string.h>

static bool is_same(const struct declared_range *range, const struct reach_range *other)
{
	return address_equal(&range->first, &other->first) &&
	       address_equal(&range->last, &other->last);
}

static void add(
	struct declared *declared, const struct reach_range *range, const char *name)
{
	for (size_t i = 0; i < declared->count; i++) {
		if (is_same(&declared->list[i], range)) {
			return;
		}
	}
	declared->list =
		list_room(declared->list, declared->count, sizeof(declared->list[0]));
	declared->list[declared->count++] =
		(struct declared_range){range->first, range->last, name};
}

static void add_end(struct declared *declared, const struct matrix *matrix,
	const struct matrix_end *end)
{
	struct reach reach = {.count = 0};
	reach_of_end(matrix, end, &reach);
	for (size_t i = 0; i < reach.count; i++) {
		add(declared, &reach.list[i],
			end->group ? end->group->name : end->zone->name);
	}
	reach_free(&reach);
}

/* Who may send for the domain though no row of ours leads there: a provider, a shop. */
static void add_sources(struct declared *declared, const struct matrix *matrix,
	const struct matrix_sources *sources)
{
	const size_t count = sources->addresses ? sources->addresses->prefix_count : 0;
	for (size_t i = 0; i < count; i++) {
		const struct network *network =
			&sources->addresses->prefixes[i].network;
		const struct reach_range range = {network->base, network_last(network)};
		add(declared, &range, "a sender of the domain");
	}
	for (size_t i = 0; i < sources->group_count; i++) {
		const struct matrix_end end = {.group = sources->groups[i]};
		add_end(declared, matrix, &end);
	}
}

void declared_senders(
	struct declared *declared, const struct domain_audit *audit, const char *domain)
{
	size_t count = 0;
	const struct matrix *matrix = audit->matrix;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	const struct matrix_domain *entry = matrix_domain_of(matrix, domain);
	*declared = (struct declared){.count = 0};
	for (size_t i = 0; i < count; i++) {
		if (matrix_row_sends_out(matrix, &rows[i], audit->now_s)) {
			add_end(declared, matrix, &rows[i].from);
		}
	}
	if (entry) {
		add_sources(declared, matrix, &entry->senders);
	}
}

void declared_receivers(struct declared *declared, const struct domain_audit *audit)
{
	size_t count = 0;
	const struct matrix *matrix = audit->matrix;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	*declared = (struct declared){.count = 0};
	for (size_t i = 0; i < count; i++) {
		if (matrix_row_takes_in(matrix, &rows[i], audit->now_s)) {
			add_end(declared, matrix, &rows[i].to);
		}
	}
}

void declared_free(struct declared *declared)
{
	list_free(declared->list);
	*declared = (struct declared){.count = 0};
}

bool declared_holds(const struct declared_range *range, const struct address *address)
{
	return memcmp(range->first.bytes, address->bytes, 16) <= 0 &&
	       memcmp(address->bytes, range->last.bytes, 16) <= 0;
}

const struct declared_range *declared_find(
	const struct declared *declared, const struct address *address)
{
	for (size_t i = 0; i < declared->count; i++) {
		if (declared_holds(&declared->list[i], address)) {
			return &declared->list[i];
		}
	}
	return NULL;
}

const char *declared_text(
	const struct declared_range *range, char text[DECLARED_TEXT_BYTES])
{
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	const bool is_one = address_equal(&range->first, &range->last);
	(void)snprintf(text, DECLARED_TEXT_BYTES, "%s%s%s (%s)",
		address_text(&range->first, first), is_one ? "" : "-",
		is_one ? "" : address_text(&range->last, last), range->name);
	return text;
}
